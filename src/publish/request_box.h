/* SPDX-License-Identifier: MIT */
/* Requests on their way from the client library to who obeys them: few, short, not too many at
 * once, and only live ones, as a retained one would be obeyed again on each connection.
 *
 * Threads: request_box_hear() from the library's, one at a time; the rest is the connection's.
 * Memory:  fixed.
 */
#ifndef PUBLISH_REQUEST_BOX_H
#define PUBLISH_REQUEST_BOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/ring.h"
#include "base/text.h"
#include "config/config.h"
#include "publish/payload.h"
#include "publish/request.h"

enum { REQUEST_BOX_NUM_SLOTS = 8 }; /* a power of two */

/* A message as it came. */
struct raw_request {
	uint16_t num_bytes; /* more than REQUEST_MAX_BYTES: too long, and not copied */
	uint8_t verb; /* enum request_verb */
	bool is_retained;
	char data[REQUEST_MAX_BYTES];
};

enum request_fate {
	REQUEST_FATE_NONE, /* none is there */
	REQUEST_FATE_OBEY,
	REQUEST_FATE_REFUSE, /* is to be answered with the error */
};

struct request_box {
	char base[PAYLOAD_MAX_TOPIC]; /* B/G/request/; empty: requests are off */
	struct ring arrived; /* the library's thread pushes */
	struct raw_request slots[REQUEST_BOX_NUM_SLOTS];
	_Atomic uint32_t num_missed; /* the library's thread writes: the box was full */
	uint32_t num_missed_logged;
	uint32_t num_allowed; /* at once, from now on */
	uint64_t counted_ns; /* when that was true; CLOCK_MONOTONIC */
	bool is_refusing; /* one over the limit was answered, later ones are not */
};

void request_box_init(struct request_box *box, const struct config *config);

/* The configuration has changed.
 * Threads: no other call may be on its way. */
void request_box_change(struct request_box *box, const struct config *config);

/* B/G/request/+; false: requests are off. */
bool request_box_filter(const struct request_box *box, struct text *out);

/* A message on any topic. Returns whether there is something to do. */
bool request_box_hear(struct request_box *box, const char *topic, const char *payload,
		      size_t num_bytes, bool is_retained);

/* The next request. error: filled where it is to be refused. What is not even answered is
 * logged. */
enum request_fate request_box_take(struct request_box *box, uint64_t now_ns,
				   struct request *out, char error[REQUEST_MAX_ERROR]);

#endif
