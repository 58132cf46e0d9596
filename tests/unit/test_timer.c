/* SPDX-License-Identifier: MIT */
#include "base/timer.h"

#include <poll.h>

#include "base/clock.h"
#include "unit/cmocka_test.h"

static bool rings_within_ms(const struct timer *timer, int ms)
{
	struct pollfd slot = { .fd = timer->fd, .events = POLLIN };

	return poll(&slot, 1, ms) == 1;
}

static void it_rings_when_it_is_set_to(void **state)
{
	struct timer timer;
	uint64_t at_ns = clock_mono_ns() + 20 * CLOCK_NS_PER_MS;

	(void)state;
	assert_int_equal(timer_open(&timer), 0);
	timer_set(&timer, at_ns);
	timer_wait(&timer);
	assert_true(clock_mono_ns() >= at_ns);
	timer_set(&timer, 0);
	timer_wait(&timer);
	timer_close(&timer);
}

static void the_last_setting_counts(void **state)
{
	struct timer timer;

	(void)state;
	assert_int_equal(timer_open(&timer), 0);
	timer_set(&timer, 0);
	timer_set(&timer, TIMER_NEVER);
	assert_false(rings_within_ms(&timer, 1));
	timer_set(&timer, 1);
	assert_true(rings_within_ms(&timer, 10000));
	timer_close(&timer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_rings_when_it_is_set_to),
		cmocka_unit_test(the_last_setting_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
