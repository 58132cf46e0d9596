/* SPDX-License-Identifier: MIT */
/* What is done to the readings of one sensor before they are posted: the median of the newest
 * ones, an offset, and what has not changed enough is held back.
 *
 * A median of an odd number of readings, an offset, rounding and the limits of a quantity
 * may be taken in any order: each of the latter keeps the order of its values. So there is no
 * order here.
 *
 * Threads: one owner.
 * Pure: no I/O, clock, allocation or logging.
 */
#ifndef DECODE_FILTER_H
#define DECODE_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "model/reading.h"

enum { FILTER_MAX_MEDIAN = 31 };

/* What is wanted. Zeroed: nothing. */
struct filter_rules {
	/* Over so many of the newest readings, an odd number; while there are fewer, over the
	 * newest odd number of them; 0: no median. */
	uint32_t num_median;
	int32_t offset_milli[NUM_QUANTITIES];
	/* A reading is held back unless one of these has changed by as much since the one
	 * that was posted last; 0: not judged by that quantity. */
	int32_t delta_milli[NUM_QUANTITIES];
	bool has_delta; /* one of these is not 0 */
	uint64_t heartbeat_ns; /* so often one is posted all the same; 0: no matter */
	uint64_t interval_ns; /* when the next reading is to be expected */
	uint64_t stale_after_ns; /* so long the one posted last stands for now */
};

/* Zeroed: there was no reading yet. */
struct filter {
	int32_t raw_milli[NUM_QUANTITIES][FILTER_MAX_MEDIAN]; /* as measured; rings */
	uint32_t num_raw; /* in each ring */
	uint32_t next_raw; /* index into each ring */
	uint64_t newest_ns; /* CLOCK_MONOTONIC, of the newest reading */
	struct reading posted; /* the last one that was */
	bool has_posted;
	struct reading held; /* the newest, where it was held back */
	bool is_held;
};

/* Makes of what was measured what is to be posted. After a silence of stale_after_ns all begins
 * anew.
 *
 * reading:   changed in place: rounded to its decimals; humidity stays from 0 to 100 %
 * is_wanted: it is not to be held back
 * Returns whether it is to be posted now; else it is held back. */
bool filter_take(struct filter *filter, const struct filter_rules *rules,
		 struct reading *reading, bool is_wanted);

/* The offset alone: what a single answer says. */
void filter_offset(const struct filter_rules *rules, struct reading *reading);

/* When to post what is held back, as no newer reading came: before what was posted last
 * expires. UINT64_MAX: nothing is held back. */
uint64_t filter_release_ns(const struct filter *filter, const struct filter_rules *rules);

/* What was held back is posted. */
void filter_release(struct filter *filter, struct reading *out);

/* The next reading is posted, whatever it says. */
void filter_forget_posted(struct filter *filter);

#endif
