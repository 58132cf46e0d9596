/* SPDX-License-Identifier: MIT */
/* What is in flight: QoS 1 messages that the broker has not acknowledged yet.
 *
 * Threads: one owner.
 * Memory:  fixed; nothing is allocated.
 */
#ifndef PUBLISH_WINDOW_H
#define PUBLISH_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

/* Brokers announce a Receive Maximum of 20 (mosquitto) and more; 16 on its way keep a
 * connection as busy as 100 would (measured: from 16 on the rate does not grow). */
enum { WINDOW_MAX = 16 };

struct in_flight {
	int token; /* the library's */
	const char *leaf; /* borrowed, constant: which topic, for the log */
	uint64_t seq; /* of a message on `readings`; 0: of another */
	uint32_t taken_back; /* what the store calls what it takes back; 0: nothing */
	uint64_t sent_ns; /* CLOCK_MONOTONIC */
};

struct window {
	struct in_flight slots[WINDOW_MAX]; /* in the order they were sent */
	uint32_t num_slots; /* in use */
	uint32_t max_slots;
};

/* max_in_flight: what the broker allows, at least 1. */
void window_init(struct window *window, uint32_t max_in_flight);

bool window_is_full(const struct window *window);

/* Only where it is not full. */
void window_add(struct window *window, const struct in_flight *message);

/* Takes the message with that token out. False: there is none. */
must_check bool window_take(struct window *window, int token, struct in_flight *out);

/* When the oldest was sent; UINT64_MAX: nothing is in flight. */
uint64_t window_oldest_ns(const struct window *window);

#endif
