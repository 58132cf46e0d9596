/* SPDX-License-Identifier: MIT */
/* A good moment to listen on a busy machine.
 *
 * To listen to a line the kernel makes a thread, after it has let the bus go. Where more wants
 * to run than can, that thread waits for its first turn, for milliseconds, while the sensor
 * speaks. How long is settled by who waits and has had how much, and hardly changes as long as
 * nobody runs: a thread of our own, made just before, tells. While it waits the others get what
 * they wait for, and the next one is through.
 *
 * Threads: one.
 */
#ifndef CAPTURE_REHEARSAL_H
#define CAPTURE_REHEARSAL_H

#include <stdbool.h>
#include <stdint.h>

/* Zeros are a good start: nothing is rehearsed before a line was late. */
struct rehearsal {
	uint64_t quickest_ns; /* of our threads, from first to last; 0: none yet */
	uint64_t quickest_arming_ns; /* 0: none yet */
	/* attempts to come that are rehearsed, since a thread, ours or the kernel's, had to wait */
	uint8_t num_left;
};

/* Whether the next attempt is rehearsed. */
bool rehearsal_is_due(const struct rehearsal *rehearsal);

/* Before the start pulse, where due: lets the others get what they wait for, for some of their
 * turns, so that the pulse need not wait for long. */
void rehearsal_settle(struct rehearsal *rehearsal);

/* In the start pulse, where due: returns as soon as a new thread runs at once. Begins nothing
 * after until_ns (CLOCK_MONOTONIC). */
void rehearsal_wait(struct rehearsal *rehearsal, uint64_t until_ns);

/* How long it took until the line was listened to. */
void rehearsal_learn(struct rehearsal *rehearsal, uint64_t arming_ns);

#endif
