/* SPDX-License-Identifier: MIT */
#include "base/latency.h"

#include <stddef.h>

enum { NS_PER_US = 1000, NS_PER_TENTH = 100000 };

const uint32_t latency_bounds_us[LATENCY_BOUNDS] = {
	500,   1000,   2500,   5000,    10000,   25000,
	50000, 100000, 250000, 1000000, 2500000, 10000000,
};

void latency_add(struct latency *latency, uint64_t took_ns)
{
	size_t i = 0;

	while (i < LATENCY_BOUNDS && took_ns > (uint64_t)latency_bounds_us[i] * NS_PER_US)
		i++;
	atomic_fetch_add_explicit(&latency->counts[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&latency->sum_tenths,
				  (uint32_t)((took_ns + NS_PER_TENTH / 2) / NS_PER_TENTH),
				  memory_order_relaxed);
}

void latency_read(const struct latency *latency, struct latency_counts *out)
{
	for (size_t i = 0; i <= LATENCY_BOUNDS; i++)
		out->counts[i] =
			atomic_load_explicit(&latency->counts[i], memory_order_relaxed);
	out->sum_tenths =
		atomic_load_explicit(&latency->sum_tenths, memory_order_relaxed);
}
