/* SPDX-License-Identifier: MIT */
#include "publish/refusals.h"

#include "base/clock.h"
#include "unit/cmocka_test.h"

enum { FORBIDDEN = 0x87, UNSPECIFIED = 0x83, TOO_LARGE = 0x95, QUOTA = 0x97 };

static struct refusals refusals;
static uint64_t now_ns, dropped[WINDOW_MAX];

static int set_up(void **state)
{
	(void)state;
	now_ns = 1000 * CLOCK_NS_PER_S;
	refusals_init(&refusals, 7);
	refusals_begin(&refusals, now_ns);
	return 0;
}

/* A round of readings 1 to num: those are refused that the reason is for. */
static uint32_t go_round(uint64_t num, unsigned reason, bool (*is_refused)(uint64_t seq))
{
	assert_false(refusals_hold_readings(&refusals));
	for (uint64_t seq = 1; seq <= num; seq++)
		refusals_note_sent(&refusals);
	for (uint64_t seq = 1; seq <= num; seq++) {
		assert_int_equal(refusals_end_round(&refusals, now_ns, dropped), 0);
		if (is_refused(seq))
			(void)refusals_note_refused(&refusals, seq, reason, now_ns);
		else
			refusals_note_taken(&refusals, seq);
	}
	return refusals_end_round(&refusals, now_ns, dropped);
}

/* Returns how long it was. */
static uint64_t pause_ms(void)
{
	uint64_t due_ns = refusals_due_ns(&refusals), began_ns = now_ns;

	assert_true(refusals_hold_readings(&refusals));
	assert_true(due_ns > now_ns && due_ns != UINT64_MAX);
	now_ns = due_ns - 1;
	assert_false(refusals_end_pause(&refusals, now_ns));
	now_ns = due_ns;
	assert_true(refusals_end_pause(&refusals, now_ns));
	assert_int_equal(refusals_due_ns(&refusals), UINT64_MAX);
	return (now_ns - began_ns) / CLOCK_NS_PER_MS;
}

static bool is_each(uint64_t seq)
{
	(void)seq;
	return true;
}

static bool is_none(uint64_t seq)
{
	(void)seq;
	return false;
}

static bool is_third(uint64_t seq)
{
	return seq == 3;
}

static bool is_late(uint64_t seq)
{
	return seq > 4;
}

static void what_nobody_could_take_is_not_kept_and_holds_nothing_up(void **state)
{
	(void)state;
	refusals_note_sent(&refusals);
	assert_false(refusals_note_refused(&refusals, 1, TOO_LARGE, now_ns));
	assert_int_equal(refusals_end_round(&refusals, now_ns, dropped), 0);
	assert_false(refusals_hold_readings(&refusals));
}

static void where_all_is_refused_nothing_is_dropped_and_the_pauses_grow(void **state)
{
	uint64_t longest_ms = 0;

	(void)state;
	for (int round = 0; round < 100; round++) {
		uint64_t ms;

		assert_int_equal(go_round(WINDOW_MAX, FORBIDDEN, is_each), 0);
		assert_false(refusals_hold_states(&refusals));
		ms = pause_ms();
		assert_true(ms >= 1000 && ms <= 60000);
		assert_true(round > 0 || ms == 1000);
		longest_ms = ms > longest_ms ? ms : longest_ms;
	}
	assert_true(longest_ms > 30000);
	assert_int_equal(go_round(1, FORBIDDEN, is_none), 0);
	assert_false(refusals_hold_readings(&refusals));
}

static void one_that_is_refused_while_others_are_taken_is_dropped_in_the_end(void **state)
{
	(void)state;
	for (int round = 0; round < 4; round++) {
		assert_int_equal(go_round(8, UNSPECIFIED, is_third), 0);
		assert_int_equal(pause_ms(), 1000);
		/* Rounds in which nothing is taken prove nothing. */
		assert_int_equal(go_round(3, UNSPECIFIED, is_each), 0);
		pause_ms();
	}
	assert_int_equal(go_round(8, UNSPECIFIED, is_third), 1);
	assert_int_equal(dropped[0], 3);
	pause_ms();
	/* Another is not blamed for it. */
	assert_int_equal(go_round(8, UNSPECIFIED, is_late), 0);
}

static void one_that_is_taken_at_last_is_forgotten(void **state)
{
	(void)state;
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 4; i++) {
			assert_int_equal(go_round(8, FORBIDDEN, is_third), 0);
			pause_ms();
		}
		assert_int_equal(go_round(8, FORBIDDEN, is_none), 0);
	}
}

static void a_quota_blames_no_reading_and_holds_states_too(void **state)
{
	(void)state;
	for (int round = 0; round < 50; round++) {
		assert_int_equal(go_round(8, QUOTA, is_late), 0);
		assert_true(refusals_hold_states(&refusals));
		pause_ms();
	}
}

static void a_broker_that_hangs_up_over_it_is_given_time(void **state)
{
	(void)state;
	refusals_note_sent(&refusals);
	refusals_note_sent(&refusals);
	assert_true(refusals_note_refused(&refusals, 1, FORBIDDEN, now_ns));
	refusals_note_break(&refusals, now_ns);
	refusals_begin(&refusals, now_ns);
	assert_true(refusals_hold_readings(&refusals));
	pause_ms();
	assert_int_equal(go_round(2, FORBIDDEN, is_each), 0);
	/* One that breaks for another reason does not prove that it would do so again. */
	now_ns += 10 * CLOCK_NS_PER_S;
	refusals_note_break(&refusals, now_ns);
	refusals_begin(&refusals, now_ns);
	assert_false(refusals_hold_readings(&refusals));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			what_nobody_could_take_is_not_kept_and_holds_nothing_up, set_up),
		cmocka_unit_test_setup(
			where_all_is_refused_nothing_is_dropped_and_the_pauses_grow,
			set_up),
		cmocka_unit_test_setup(
			one_that_is_refused_while_others_are_taken_is_dropped_in_the_end,
			set_up),
		cmocka_unit_test_setup(one_that_is_taken_at_last_is_forgotten, set_up),
		cmocka_unit_test_setup(a_quota_blames_no_reading_and_holds_states_too,
				       set_up),
		cmocka_unit_test_setup(a_broker_that_hangs_up_over_it_is_given_time,
				       set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
