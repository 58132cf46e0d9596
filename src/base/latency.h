/* SPDX-License-Identifier: MIT */
/* How long something took, as a histogram: counts between fixed bounds.
 *
 * Threads: latency_add() from one; latency_read() from any. What is read while another thread
 *          adds may lack the newest.
 * RT-safe: latency_add() is.
 */
#ifndef BASE_LATENCY_H
#define BASE_LATENCY_H

#include <stdatomic.h>
#include <stdint.h>

enum { LATENCY_BOUNDS = 12 };

/* 32 bit: they wrap, as counters of a process that starts anew do. */
struct latency {
	/* of each bound, not cumulated; the last: above all bounds */
	_Atomic uint32_t counts[LATENCY_BOUNDS + 1];
	_Atomic uint32_t sum_tenths; /* of a millisecond */
};

struct latency_counts {
	uint32_t counts[LATENCY_BOUNDS + 1];
	uint32_t sum_tenths;
};

/* The upper bounds, in us, rising. */
extern const uint32_t latency_bounds_us[LATENCY_BOUNDS];

void latency_add(struct latency *latency, uint64_t took_ns);

void latency_read(const struct latency *latency, struct latency_counts *out);

#endif
