/* SPDX-License-Identifier: MIT */
/* How to deal with a sensor, from what its attempts came to: whether to ask again, by which
 * start pulse, which good answer counts, how long to leave a silent one alone, and when only
 * a power cut is left.
 *
 * A sensor answers with what it measured at the start pulse before. So the first answer after
 * power came counts for nothing, and with double reads the first one of each turn.
 *
 * Threads: one owner.
 * Pure: time is the caller's.
 */
#ifndef CAPTURE_CARE_H
#define CAPTURE_CARE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "model/frame.h"
#include "model/verdict.h"

struct care_rules {
	uint32_t
		max_retries; /* attempts after a refused one, a turn; of silence, 3 at most */
	uint32_t interval_ms; /* between two turns */
	bool is_double_read; /* the second good answer of a turn counts */
	bool has_long_pulse; /* the driver has a second start pulse to try */
};

/* What is known of one sensor; zeroed at first. */
struct care {
	uint32_t num_silent; /* attempts in a row that brought no answer */
	uint8_t num_discards; /* good answers of this turn that do not count yet */
	uint8_t num_discarded; /* good answers of this turn that did not count */
	uint8_t num_backed_off; /* turns in a row after which it was left alone */
	bool is_fed_anew; /* no good answer has come since power came */
};

struct care_advice {
	bool is_taken; /* the answer is a reading */
	bool is_stale; /* it is none, for it was measured before the power came */
	bool asks_again; /* as soon as the sensor has rested, in this turn */
	bool is_long; /* from now on by the long start pulse */
	uint8_t num_turns_skipped; /* leave it alone for so many turns */
};

/* Judges one attempt; in the order that they were made. */
struct care_advice care_judge(struct care *care, const struct care_rules *rules,
			      const struct frame *frame, enum verdict verdict);

/* Advice as one word that a thread can hand to another; it differs from `last`, the word before.
 * is_taken and is_stale are not in it. */
uint32_t care_pack(const struct care_advice *advice, uint32_t last);
struct care_advice care_unpack(uint32_t word);

/* Whether asking has not helped for so long that power should be cut. */
bool care_is_hung(const struct care *care);

/* What is known of one power pin; zeroed at first. */
struct care_feed {
	uint64_t not_before_ns; /* CLOCK_MONOTONIC of the next cut */
	uint32_t wait_s; /* between the last one and that */
};

/* All sensors on the pin are hung: whether to cut now, which then is done. The times between
 * cuts grow from a minute to an hour. */
must_check bool care_feed_cut(struct care_feed *feed, uint64_t now_ns);

/* A sensor on the pin reads. */
void care_feed_reset(struct care_feed *feed);

#endif
