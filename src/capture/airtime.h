/* SPDX-License-Identifier: MIT */
/* Whose turn it is: spans of time that captures reserve so that no two frames overlap.
 *
 * Threads: airtime_reserve() from any capture thread, at the same time.
 * RT-safe: one compare-and-swap loop, no lock.
 */
#ifndef CAPTURE_AIRTIME_H
#define CAPTURE_AIRTIME_H

#include <stdatomic.h>
#include <stdint.h>

/* 32-bit microseconds that wrap: 64-bit atomics may need libatomic on 32-bit boards. */
struct airtime {
	_Atomic uint32_t busy_until_us;
};

void airtime_init(struct airtime *airtime, uint64_t now_ns);

/* Reserves span_ns from now_ns on or as soon as the air is free. Returns the begin of the
 * span, CLOCK_MONOTONIC; span_ns at most 1 s. */
uint64_t airtime_reserve(struct airtime *airtime, uint64_t now_ns, uint64_t span_ns);

#endif
