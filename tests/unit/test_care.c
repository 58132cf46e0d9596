/* SPDX-License-Identifier: MIT */
#include "capture/care.h"

#include "base/clock.h"
#include "unit/cmocka_test.h"

enum { START_FED = 1, START_LONG = 2 };

static const struct care_rules usual = {
	.max_retries = 3,
	.interval_ms = 30000,
	.has_long_pulse = true,
};

static struct care_advice judge(struct care *care, const struct care_rules *rules,
				unsigned attempt, unsigned flags, enum verdict verdict)
{
	const struct frame frame = {
		.attempt = (uint8_t)attempt,
		.is_fed_anew = (flags & START_FED) != 0,
		.is_long = (flags & START_LONG) != 0,
	};

	return care_judge(care, rules, &frame, verdict);
}

static void a_good_answer_is_taken(void **state)
{
	struct care care = { 0 };

	(void)state;
	for (int turn = 0; turn < 3; turn++) {
		struct care_advice advice = judge(&care, &usual, 0, 0, VERDICT_CLEAN);

		assert_true(advice.is_taken);
		assert_false(advice.asks_again);
		assert_int_equal(advice.num_turns_skipped, 0);
	}
	assert_true(judge(&care, &usual, 0, 0, VERDICT_REPAIRED).is_taken);
}

static void a_refused_answer_is_asked_for_again_as_often_as_configured(void **state)
{
	struct care care = { 0 };

	(void)state;
	for (unsigned attempt = 0; attempt <= 3; attempt++) {
		struct care_advice advice =
			judge(&care, &usual, attempt, 0, VERDICT_BAD_CHECKSUM);

		assert_false(advice.is_taken);
		assert_int_equal(advice.asks_again, attempt < 3);
		assert_false(advice.is_long);
	}
	assert_false(judge(&care, &usual, 0, 0, VERDICT_LINE_LOST).asks_again);
}

static void a_silent_sensor_is_asked_three_times_more_at_most(void **state)
{
	struct care_rules rules = usual;
	struct care care = { 0 };

	(void)state;
	rules.max_retries = 12;
	for (unsigned turn = 0; turn < 2; turn++) {
		for (unsigned attempt = 0; attempt <= 3; attempt++)
			assert_int_equal(judge(&care, &rules, attempt, 0,
					       VERDICT_NO_RESPONSE)
						 .asks_again,
					 attempt < 3);
	}
	/* One that answers badly is not silent. */
	care = (struct care){ 0 };
	for (unsigned attempt = 0; attempt <= 12; attempt++)
		assert_int_equal(judge(&care, &rules, attempt, 0,
				       attempt % 2 ? VERDICT_NO_RESPONSE
						   : VERDICT_BAD_CHECKSUM)
					 .asks_again,
				 attempt < 12);
}

static void the_first_good_answer_after_power_came_is_thrown_away(void **state)
{
	struct care care = { 0 };
	struct care_advice advice;

	(void)state;
	assert_true(judge(&care, &usual, 0, START_FED, VERDICT_BAD_TIMING).asks_again);
	advice = judge(&care, &usual, 1, 0, VERDICT_CLEAN);
	assert_true(!advice.is_taken && advice.is_stale && advice.asks_again);
	/* What was thrown away does not count as a retry. */
	for (unsigned attempt = 2; attempt <= 3; attempt++)
		assert_true(
			judge(&care, &usual, attempt, 0, VERDICT_BAD_TIMING).asks_again);
	assert_false(judge(&care, &usual, 4, 0, VERDICT_BAD_TIMING).asks_again);
	assert_true(judge(&care, &usual, 0, 0, VERDICT_CLEAN).is_taken);
}

static void
the_first_good_answer_counts_for_nothing_in_whatever_turn_it_comes(void **state)
{
	struct care care = { 0 };

	(void)state;
	(void)judge(&care, &usual, 0, START_FED, VERDICT_NO_RESPONSE);
	assert_false(judge(&care, &usual, 0, 0, VERDICT_CLEAN).is_taken);
	assert_true(judge(&care, &usual, 0, 0, VERDICT_CLEAN).is_taken);
}

static void of_a_double_read_the_second_counts(void **state)
{
	struct care_rules rules = usual;
	struct care care = { 0 };

	(void)state;
	rules.is_double_read = true;
	for (int turn = 0; turn < 3; turn++) {
		struct care_advice advice = judge(&care, &rules, 0, 0, VERDICT_CLEAN);

		assert_true(!advice.is_taken && advice.asks_again);
		assert_false(advice.is_stale);
		assert_true(judge(&care, &rules, 1, 0, VERDICT_BAD_TIMING).asks_again);
		advice = judge(&care, &rules, 2, 0, VERDICT_CLEAN);
		assert_true(advice.is_taken && !advice.asks_again);
	}
	/* Power that has just come takes no third one. */
	assert_false(judge(&care, &rules, 0, START_FED, VERDICT_CLEAN).is_taken);
	assert_true(judge(&care, &rules, 1, 0, VERDICT_CLEAN).is_taken);
}

static void a_silent_sensor_is_asked_by_both_pulses_in_turn(void **state)
{
	struct care_rules rules = usual;
	struct care care = { 0 };

	(void)state;
	assert_true(judge(&care, &rules, 0, 0, VERDICT_NO_RESPONSE).is_long);
	assert_false(judge(&care, &rules, 1, START_LONG, VERDICT_NO_RESPONSE).is_long);
	assert_true(judge(&care, &rules, 2, 0, VERDICT_NO_RESPONSE).is_long);
	/* The one that it hears stays. */
	assert_true(judge(&care, &rules, 3, START_LONG, VERDICT_CLEAN).is_long);
	assert_true(judge(&care, &rules, 0, START_LONG, VERDICT_BAD_TIMING).is_long);
	rules.has_long_pulse = false;
	assert_false(judge(&care, &rules, 0, 0, VERDICT_NO_RESPONSE).is_long);
}

static void only_silence_in_a_row_makes_a_sensor_hung(void **state)
{
	struct care care = { 0 };

	(void)state;
	for (unsigned attempt = 0; attempt < 3; attempt++)
		(void)judge(&care, &usual, attempt, 0, VERDICT_NO_RESPONSE);
	/* It is not the sensor that is slow here. */
	(void)judge(&care, &usual, 3, 0, VERDICT_ARMED_LATE);
	assert_false(care_is_hung(&care));
	(void)judge(&care, &usual, 0, 0, VERDICT_ALL_ZERO);
	assert_true(care_is_hung(&care));
	(void)judge(&care, &usual, 1, 0, VERDICT_TOO_FEW_EDGES);
	assert_false(care_is_hung(&care));
	for (unsigned attempt = 0; attempt < 4; attempt++)
		(void)judge(&care, &usual, attempt, 0, VERDICT_HUNG);
	assert_true(care_is_hung(&care));
	/* With power it begins anew. */
	(void)judge(&care, &usual, 0, START_FED, VERDICT_NO_RESPONSE);
	assert_false(care_is_hung(&care));
}

static uint8_t silent_turn(struct care *care, const struct care_rules *rules)
{
	struct care_advice advice = { .asks_again = true };

	for (unsigned attempt = 0; advice.asks_again; attempt++)
		advice = judge(care, rules, attempt, 0, VERDICT_NO_RESPONSE);
	return advice.num_turns_skipped;
}

static void a_sensor_that_stays_silent_is_left_alone_more_and_more(void **state)
{
	static const struct {
		uint32_t interval_ms;
		uint8_t skipped[6];
	} rows[] = {
		{ 2000, { 0, 1, 3, 7, 7, 7 } },
		{ 30000, { 0, 1, 3, 7, 7, 7 } },
		/* five minutes at most, and never longer than it is asked anyhow */
		{ 100000, { 0, 1, 2, 2, 2, 2 } },
		{ 600000, { 0, 0, 0, 0, 0, 0 } },
	};

	(void)state;
	for (size_t row = 0; row < array_length(rows); row++) {
		struct care_rules rules = usual;
		struct care care = { 0 };

		rules.interval_ms = rows[row].interval_ms;
		for (size_t turn = 0; turn < array_length(rows[row].skipped); turn++)
			assert_int_equal(silent_turn(&care, &rules),
					 rows[row].skipped[turn]);
		assert_false(judge(&care, &rules, 0, 0, VERDICT_NO_RESPONSE).asks_again);
		assert_true(judge(&care, &rules, 0, 0, VERDICT_CLEAN).is_taken);
		assert_true(judge(&care, &rules, 0, 0, VERDICT_NO_RESPONSE).asks_again);
	}
}

static void power_is_cut_at_longer_and_longer_times(void **state)
{
	uint64_t now_ns = 1000 * CLOCK_NS_PER_S;
	uint32_t wanted_s = 60;
	struct care_feed feed = { 0 };

	(void)state;
	for (int i = 0; i < 9; i++) {
		assert_true(care_feed_cut(&feed, now_ns));
		now_ns += wanted_s * CLOCK_NS_PER_S;
		assert_false(care_feed_cut(&feed, now_ns - 1));
		wanted_s = wanted_s < 1800 ? 2 * wanted_s : 3600;
	}
	care_feed_reset(&feed);
	assert_true(care_feed_cut(&feed, now_ns));
	assert_false(care_feed_cut(&feed, now_ns + 60 * CLOCK_NS_PER_S - 1));
	assert_true(care_feed_cut(&feed, now_ns + 60 * CLOCK_NS_PER_S));
}

static void a_word_of_advice_says_the_same_and_is_new_each_time(void **state)
{
	struct care_advice advice = { .asks_again = true, .num_turns_skipped = 7 };
	uint32_t word = UINT32_MAX;

	(void)state;
	for (int i = 0; i < 4; i++) {
		uint32_t next = care_pack(&advice, word);
		struct care_advice back = care_unpack(next);

		assert_int_not_equal(next, word);
		assert_int_equal(back.asks_again, advice.asks_again);
		assert_int_equal(back.is_long, advice.is_long);
		assert_int_equal(back.num_turns_skipped, advice.num_turns_skipped);
		advice.is_long = !advice.is_long;
		advice.asks_again = i < 2;
		word = next;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_answer_is_taken),
		cmocka_unit_test(
			a_refused_answer_is_asked_for_again_as_often_as_configured),
		cmocka_unit_test(a_silent_sensor_is_asked_three_times_more_at_most),
		cmocka_unit_test(the_first_good_answer_after_power_came_is_thrown_away),
		cmocka_unit_test(
			the_first_good_answer_counts_for_nothing_in_whatever_turn_it_comes),
		cmocka_unit_test(of_a_double_read_the_second_counts),
		cmocka_unit_test(a_silent_sensor_is_asked_by_both_pulses_in_turn),
		cmocka_unit_test(only_silence_in_a_row_makes_a_sensor_hung),
		cmocka_unit_test(a_sensor_that_stays_silent_is_left_alone_more_and_more),
		cmocka_unit_test(power_is_cut_at_longer_and_longer_times),
		cmocka_unit_test(a_word_of_advice_says_the_same_and_is_new_each_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
