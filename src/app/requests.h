/* SPDX-License-Identifier: MIT */
/* What others ask for over MQTT, from the connection's thread to those who do it: readings and
 * recordings to the publisher, which watches the frames come, reloads to main.
 *
 * Threads: requests_hand_over() from the connection's; requests_take_reload() from main;
 *          the rest is the publisher's.
 */
#ifndef APP_REQUESTS_H
#define APP_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/ring.h"
#include "base/wake.h"
#include "model/frame.h"
#include "model/reading.h"
#include "model/verdict.h"
#include "publish/request.h"

struct publisher;

enum { REQUESTS_NUM_SLOTS = 8 }; /* a power of two; the connection lets no more through */

struct requests {
	struct ring to_publisher, to_main; /* the connection's thread pushes */
	struct request publisher_slots[REQUESTS_NUM_SLOTS],
		main_slots[REQUESTS_NUM_SLOTS];
	struct wake *publisher; /* borrowed; outlives this */
	struct wake *main; /* the same */
};

/* A request that a sensor is to fulfil. */
struct request_wait {
	struct request request;
	uint64_t until_ns; /* CLOCK_MONOTONIC; then it is given up */
	uint32_t num_frames; /* of a recording, that have come */
	struct edge *edges; /* owned; of those */
	size_t num_edges;
};

void requests_init(struct requests *requests, struct wake *publisher, struct wake *main);

/* context: struct requests. As connection_obeyer.take. */
void requests_hand_over(void *context, const struct request *request);

/* A reload that is asked for. False: none is. */
must_check bool requests_take_reload(struct requests *requests, struct request *out);

/* Begins what has been asked for, and gives up what has taken too long. Returns when the next
 * will have. */
uint64_t requests_serve(struct publisher *publisher, uint64_t now_ns);

/* What came of a sensor's attempt. on_refusal: there will be no other try. */
void requests_on_frame(struct publisher *publisher, const struct frame *frame);
void requests_on_reading(struct publisher *publisher, const struct reading *reading);
void requests_on_refusal(struct publisher *publisher, uint16_t sensor,
			 enum verdict verdict);

/* Answers all that waits: the sensors are about to change. */
void requests_cancel(struct publisher *publisher);

#endif
