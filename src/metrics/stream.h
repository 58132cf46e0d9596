/* SPDX-License-Identifier: MIT */
/* Server-sent events to one listener: always the newest of each sensor. Who listens slowly
 * misses what came in between, and nothing is kept for him.
 *
 * Threads: the HTTP thread's.
 * Memory:  an event, and a number a sensor.
 */
#ifndef METRICS_STREAM_H
#define METRICS_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "metrics/snapshot.h"

/* The longest that a sensor's texts allow fits. */
enum { STREAM_MAX_BYTES = 32 << 10 };

/* Zeroed: nothing was told. */
struct stream {
	uint32_t *seen; /* owned; the version of each sensor that was told; 0: none */
	size_t num_seen;
	uint32_t generation; /* of `seen` */
	uint64_t gateway_due_s; /* uptime when the gateway is told of at the latest */
	uint32_t gateway_seen; /* what of it is told at once */
	bool has_begun;
	size_t length; /* of what is to be sent */
	size_t sent; /* of it */
	char data[STREAM_MAX_BYTES];
};

void stream_finish(struct stream *stream);

/* Writes what is new, as much as there is room for, where all before was sent. Returns whether
 * there is anything to send. */
must_check bool stream_fill(struct stream *stream, const struct snapshot *snapshot);

/* Copies what is to be sent. Returns how much. */
size_t stream_take(struct stream *stream, char *out, size_t max_bytes);

#endif
