/* SPDX-License-Identifier: MIT */
/* A clock that stands until the test moves it: now_ns, wall_ms and is_synced are what it tells. */
#ifndef UNIT_STOPPED_CLOCK_H
#define UNIT_STOPPED_CLOCK_H

#include "base/clock.h"

#define NOON_MS INT64_C(1795327200123)

static uint64_t now_ns = 1000 * CLOCK_NS_PER_S;
static int64_t wall_ms = NOON_MS;
static bool is_synced = true;

static inline uint64_t stopped_mono_ns(void *context)
{
	(void)context;
	return now_ns;
}

static inline int64_t stopped_wall_ms(void *context)
{
	(void)context;
	return wall_ms;
}

static inline bool stopped_is_synced(void *context)
{
	(void)context;
	return is_synced;
}

static inline void stop_clock(void)
{
	static const struct clock_source stopped = {
		.mono_ns = stopped_mono_ns,
		.wall_ms = stopped_wall_ms,
		.is_synced = stopped_is_synced,
	};

	clock_set_source(&stopped);
}

#endif
