/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <stddef.h>
#include <sys/timex.h>
#include <time.h>

static uint64_t kernel_mono_ns(void *context)
{
	struct timespec now;

	(void)context;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * CLOCK_NS_PER_S + (uint64_t)now.tv_nsec;
}

static int64_t kernel_wall_ms(void *context)
{
	struct timespec now;

	(void)context;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / (int64_t)CLOCK_NS_PER_MS;
}

static bool kernel_is_synced(void *context)
{
	struct timex state = { .modes = 0 };

	(void)context;
	return adjtimex(&state) != TIME_ERROR && !(state.status & STA_UNSYNC);
}

static const struct clock_source kernel_source = {
	.mono_ns = kernel_mono_ns,
	.wall_ms = kernel_wall_ms,
	.is_synced = kernel_is_synced,
};

/* Written by tests alone, before they start a thread. */
static const struct clock_source *current = &kernel_source;

uint64_t clock_mono_ns(void)
{
	return current->mono_ns(current->context);
}

int64_t clock_wall_ms(void)
{
	return current->wall_ms(current->context);
}

bool clock_is_synced(void)
{
	return current->is_synced(current->context);
}

void clock_set_source(const struct clock_source *source)
{
	current = source ? source : &kernel_source;
}
