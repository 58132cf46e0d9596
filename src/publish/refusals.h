/* SPDX-License-Identifier: MIT */
/* What becomes of readings that the broker refuses. One that no broker could take is dropped at
 * once. Any other is kept and posted again after a pause, for rights are mended, quotas have
 * room again and queues come back: the store's limits are the only ones. But where the broker
 * takes others and refuses one again and again, it is that one, and it is dropped, too.
 *
 * So readings go in rounds: what is refused ends a round, and when all that is in flight has
 * its answer the pause begins.
 *
 * Threads: the connection's only.
 * Memory:  fixed.
 */
#ifndef PUBLISH_REFUSALS_H
#define PUBLISH_REFUSALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/backoff.h"
#include "publish/window.h"

/* A reading that was refused, and in how many rounds while others were taken. */
struct suspect {
	uint64_t seq;
	uint32_t num_rounds;
	bool is_refused; /* in this round */
};

struct refusals {
	struct suspect suspects[WINDOW_MAX];
	uint32_t num_suspects;
	uint32_t num_in_flight; /* readings */
	bool is_round_over; /* a reading was refused */
	bool is_any_taken; /* in this round */
	bool is_quota; /* that was the reason for one of them */
	bool is_fatal; /* the last connection broke over it */
	struct backoff backoff;
	uint64_t refused_ns; /* when the last was */
	uint64_t pause_until_ns; /* 0: there is none */
};

void refusals_init(struct refusals *refusals, uint32_t seed);

/* A connection stands: nothing is in flight, and what was refused may be tried at once, but
 * where the broker hangs up over it. */
void refusals_begin(struct refusals *refusals, uint64_t now_ns);

/* The connection broke. */
void refusals_note_break(struct refusals *refusals, uint64_t now_ns);

/* A reading is in flight. */
void refusals_note_sent(struct refusals *refusals);

/* The broker took it. */
void refusals_note_taken(struct refusals *refusals, uint64_t seq);

/* The broker refused it, for that reason. Returns whether it is kept. */
bool refusals_note_refused(struct refusals *refusals, uint64_t seq, unsigned reason,
			   uint64_t now_ns);

/* After each answer: begins the pause where the last of a round has come.
 * out: readings to be dropped. Returns how many. */
uint32_t refusals_end_round(struct refusals *refusals, uint64_t now_ns,
			    uint64_t out[WINDOW_MAX]);

/* Ends a pause whose time is over. True where it did: what is kept is to be posted again. */
bool refusals_end_pause(struct refusals *refusals, uint64_t now_ns);

/* Whether readings wait. States, which are one message each, wait only for a quota. */
bool refusals_hold_readings(const struct refusals *refusals);
bool refusals_hold_states(const struct refusals *refusals);

/* When the pause ends; UINT64_MAX: there is none. */
uint64_t refusals_due_ns(const struct refusals *refusals);

#endif
