/* SPDX-License-Identifier: MIT */
/* What the two readers of recordings share: the text, the place in it, the records so far.
 * Not for callers: they read gpio/recording.h.
 *
 * Threads: one owner.
 */
#ifndef GPIO_RECORDING_READER_H
#define GPIO_RECORDING_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "gpio/recording.h"

/* A stretch of the file's text; no NUL at its end. */
struct span {
	const char *data; /* borrowed; outlives this */
	size_t length;
};

struct recording_reader {
	const char *name; /* borrowed; of the file */
	const char *at; /* the next character */
	const char *end;
	unsigned line; /* of `at`, from 1 */
	struct recording *out; /* borrowed */
	size_t max_edges; /* what out->edges has room for */
	uint64_t last_edge_ns; /* of FALLING and RISING, as the two below */
	uint64_t step_ns; /* greatest common divisor of all distances */
	size_t num_steps;
	bool is_open; /* the last record is not an END */
	char *reason; /* borrowed; RECORDING_MAX_REASON bytes */
};

enum { RECORDING_LAST_NS_BITS = 63 }; /* stamps stay below 2^63 */

/* Adds a record to the recording. Returns 0 or -ENOMEM, with a reason. */
must_check int reader_add(struct recording_reader *reader, enum edge_event event,
			  uint64_t t_ns, uint32_t seq, uint8_t detail);

/* Says what is wrong at the reader's line. Returns `error`, so that callers return it. */
int reader_fail(struct recording_reader *reader, int error, const char *format, ...)
	printf_like(3, 4);

bool span_is(struct span span, const char *word);

/* The span as a decimal number; false where it is none or does not fit into max. */
must_check bool span_number(struct span span, uint64_t max, uint64_t *out);

/* Copies the span, cut to fit; what is not printable ASCII becomes '?'. */
void span_copy(struct span span, char *out, size_t size_bytes);

/* Takes "driver=dht22; pin=GPIO4" out of a comment. */
void reader_take_comment(struct recording_reader *reader, struct span comment);

/* The two forms. 0 or a negative errno, with a reason. */
must_check int edge_log_read(struct recording_reader *reader);
must_check int vcd_read(struct recording_reader *reader, const char *wire);

#endif
