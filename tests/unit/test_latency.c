/* SPDX-License-Identifier: MIT */
#include "base/latency.h"

#include <stddef.h>

#include "unit/cmocka_test.h"

static void a_bound_counts_what_is_as_long_as_itself(void **state)
{
	struct latency latency = { .sum_tenths = 0 };
	struct latency_counts counts;

	(void)state;
	latency_add(&latency, 500 * 1000);
	latency_add(&latency, 500 * 1000 + 1);
	latency_read(&latency, &counts);
	assert_int_equal(counts.counts[0], 1);
	assert_int_equal(counts.counts[1], 1);
	assert_int_equal(counts.sum_tenths, 10);
}

static void what_is_above_all_bounds_counts_last(void **state)
{
	struct latency latency = { .sum_tenths = 0 };
	struct latency_counts counts;

	(void)state;
	latency_add(&latency, UINT64_C(3600) * 1000000000);
	latency_read(&latency, &counts);
	for (size_t i = 0; i < LATENCY_BOUNDS; i++)
		assert_int_equal(counts.counts[i], 0);
	assert_int_equal(counts.counts[LATENCY_BOUNDS], 1);
	assert_int_equal(counts.sum_tenths, 36000000);
}

static void bounds_rise(void **state)
{
	(void)state;
	for (size_t i = 1; i < LATENCY_BOUNDS; i++)
		assert_true(latency_bounds_us[i - 1] < latency_bounds_us[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bound_counts_what_is_as_long_as_itself),
		cmocka_unit_test(what_is_above_all_bounds_counts_last),
		cmocka_unit_test(bounds_rise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
