/* SPDX-License-Identifier: MIT */
#include "capture/airtime.h"

#include <assert.h>

#include "base/clock.h"

/* A reservation further ahead than this is none, but one of hours ago whose counter wrapped. */
enum { MAX_QUEUE_US = 10 * 1000 * 1000, MAX_SPAN_US = 1000 * 1000 };

void airtime_init(struct airtime *airtime, uint64_t now_ns)
{
	atomic_init(&airtime->busy_until_us, (uint32_t)(now_ns / CLOCK_NS_PER_US));
}

uint64_t airtime_reserve(struct airtime *airtime, uint64_t now_ns, uint64_t span_ns)
{
	uint32_t now_us = (uint32_t)(now_ns / CLOCK_NS_PER_US);
	uint32_t span_us = (uint32_t)(span_ns / CLOCK_NS_PER_US) + 1;
	uint32_t busy_until_us =
		atomic_load_explicit(&airtime->busy_until_us, memory_order_relaxed);
	uint32_t wait_us;

	assert(span_us <= MAX_SPAN_US + 1);
	/* The counter is all that the threads share, so relaxed is enough: who wins the swap
	 * has the span, and no other memory hangs on it. */
	do {
		wait_us = busy_until_us - now_us;
		if (wait_us > MAX_QUEUE_US)
			wait_us = 0;
	} while (!atomic_compare_exchange_weak_explicit(
		&airtime->busy_until_us, &busy_until_us, now_us + wait_us + span_us,
		memory_order_relaxed, memory_order_relaxed));
	return now_ns + wait_us * CLOCK_NS_PER_US;
}
