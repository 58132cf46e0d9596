/* SPDX-License-Identifier: MIT */
#include "base/backoff.h"

#include "unit/cmocka_test.h"

static void backoff_stays_between_its_bounds_and_reaches_the_upper_half(void **state)
{
	uint32_t longest_ms = 0;

	(void)state;
	for (uint32_t seed = 0; seed < 100; seed++) {
		struct backoff backoff;

		backoff_init(&backoff, 1000, 60000, seed);
		for (int i = 0; i < 20; i++) {
			uint32_t wait_ms = backoff_next_ms(&backoff);

			assert_in_range(wait_ms, 1000, 60000);
			longest_ms = wait_ms > longest_ms ? wait_ms : longest_ms;
		}
	}
	assert_true(longest_ms > 30000);
}

static void backoff_starts_short_again_after_a_reset(void **state)
{
	struct backoff backoff;

	(void)state;
	backoff_init(&backoff, 1000, 60000, 7);
	for (int i = 0; i < 10; i++)
		(void)backoff_next_ms(&backoff);
	backoff_reset(&backoff);
	assert_int_equal(backoff_next_ms(&backoff), 1000);
	assert_in_range(backoff_next_ms(&backoff), 1000, 2000);
}

static void backoff_differs_between_seeds(void **state)
{
	struct backoff a, b;
	int num_equal = 0;

	(void)state;
	backoff_init(&a, 1000, 60000, 1);
	backoff_init(&b, 1000, 60000, 2);
	for (int i = 0; i < 20; i++)
		num_equal += backoff_next_ms(&a) == backoff_next_ms(&b);
	assert_true(num_equal < 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			backoff_stays_between_its_bounds_and_reaches_the_upper_half),
		cmocka_unit_test(backoff_starts_short_again_after_a_reset),
		cmocka_unit_test(backoff_differs_between_seeds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
