/* SPDX-License-Identifier: MIT */
#include "base/wake.h"

#include "base/clock.h"
#include "unit/cmocka_test.h"

static void wake_remembers_a_signal_that_came_before_the_wait(void **state)
{
	struct wake wake;

	(void)state;
	assert_int_equal(wake_open(&wake), 0);
	wake_signal(&wake);
	wake_signal(&wake);
	assert_true(wake_wait(&wake, WAKE_FOREVER));
	assert_false(wake_wait(&wake, 0));
	wake_close(&wake);
	wake_close(&wake);
}

static void wake_ends_at_its_time(void **state)
{
	struct wake wake;

	(void)state;
	assert_int_equal(wake_open(&wake), 0);
	uint64_t until_ns = clock_mono_ns() + 2 * CLOCK_NS_PER_MS;

	assert_false(wake_wait(&wake, until_ns));
	assert_true(clock_mono_ns() >= until_ns);
	wake_close(&wake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wake_remembers_a_signal_that_came_before_the_wait),
		cmocka_unit_test(wake_ends_at_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
