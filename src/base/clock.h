/* SPDX-License-Identifier: MIT */
/* The two clocks: CLOCK_MONOTONIC for all that is measured, UTC for what people read.
 *
 * Threads: any; clock_set_source() only before threads start (tests).
 * RT-safe: the two readings are, they go through the vDSO.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_NS_PER_US UINT64_C(1000)
#define CLOCK_NS_PER_MS UINT64_C(1000000)
#define CLOCK_NS_PER_S UINT64_C(1000000000)

struct clock_source {
	uint64_t (*mono_ns)(void *context);
	int64_t (*wall_ms)(void *context);
	bool (*is_synced)(void *context);
	void *context; /* borrowed; outlives its use as source */
};

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t clock_mono_ns(void);

/* Milliseconds of UTC since 1970. */
int64_t clock_wall_ms(void);

/* Whether the kernel holds the wall clock for set (NTP, PTP or a hardware clock's daemon). */
bool clock_is_synced(void);

/* Puts `source` in the kernel's place; NULL gives the kernel's clocks back. For tests. */
void clock_set_source(const struct clock_source *source);

#endif
