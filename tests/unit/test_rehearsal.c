/* SPDX-License-Identifier: MIT */
/* When attempts are rehearsed, and when not. What it is worth shows on the board, under load. */
#include "capture/rehearsal.h"

#include "base/clock.h"
#include "unit/cmocka_test.h"

enum {
	ARMING_NS = 40 * CLOCK_NS_PER_US,
	HELD_UP_NS = 200 * CLOCK_NS_PER_US,
	NUM_REHEARSED = 64,
};

static void learn_often(struct rehearsal *rehearsal, int times)
{
	for (int i = 0; i < times; i++)
		rehearsal_learn(rehearsal, ARMING_NS);
}

static void begins_where_a_line_was_late_and_ends_where_none_is(void **state)
{
	struct rehearsal rehearsal = { 0 };

	(void)state;
	learn_often(&rehearsal, 1000);
	rehearsal_learn(&rehearsal, ARMING_NS * 2);
	assert_false(rehearsal_is_due(&rehearsal));
	rehearsal_learn(&rehearsal, HELD_UP_NS);
	learn_often(&rehearsal, NUM_REHEARSED - 1);
	assert_true(rehearsal_is_due(&rehearsal));
	rehearsal_learn(&rehearsal, HELD_UP_NS);
	learn_often(&rehearsal, NUM_REHEARSED - 1);
	assert_true(rehearsal_is_due(&rehearsal));
	learn_often(&rehearsal, 1);
	assert_false(rehearsal_is_due(&rehearsal));
}

static void a_slower_cpu_is_not_taken_for_a_busy_one(void **state)
{
	struct rehearsal rehearsal = { 0 };

	(void)state;
	learn_often(&rehearsal, 1);
	for (int i = 0; i < 1000; i++)
		rehearsal_learn(&rehearsal, 5 * ARMING_NS);
	assert_false(rehearsal_is_due(&rehearsal));
	rehearsal_learn(&rehearsal, 5 * ARMING_NS + HELD_UP_NS * 2);
	assert_true(rehearsal_is_due(&rehearsal));
}

static void makes_threads_only_where_due_and_in_time(void **state)
{
	struct rehearsal rehearsal = { 0 };

	(void)state;
	rehearsal_settle(&rehearsal);
	rehearsal_wait(&rehearsal, clock_mono_ns() + CLOCK_NS_PER_S);
	assert_true(rehearsal.quickest_ns == 0);
	learn_often(&rehearsal, 1);
	rehearsal_learn(&rehearsal, HELD_UP_NS);
	rehearsal_wait(&rehearsal, clock_mono_ns());
	assert_true(rehearsal.quickest_ns == 0);
	rehearsal_wait(&rehearsal, clock_mono_ns() + CLOCK_NS_PER_S);
	assert_true(rehearsal.quickest_ns > 0);
	rehearsal.quickest_ns = 0;
	rehearsal_settle(&rehearsal);
	assert_true(rehearsal.quickest_ns > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_where_a_line_was_late_and_ends_where_none_is),
		cmocka_unit_test(a_slower_cpu_is_not_taken_for_a_busy_one),
		cmocka_unit_test(makes_threads_only_where_due_and_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
