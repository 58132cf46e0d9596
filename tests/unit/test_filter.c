/* SPDX-License-Identifier: MIT */
#include "decode/filter.h"

#include <stdlib.h>

#include "base/attributes.h"
#include "unit/cmocka_test.h"

static const uint64_t S = UINT64_C(1000000000);

/* One sensor with an interval of 30 s, that is read again and again. */
struct trial {
	struct filter filter;
	struct filter_rules rules;
	struct reading reading;
	uint64_t t_ns;
	bool is_wanted;
};

static void init(struct trial *trial)
{
	*trial = (struct trial){
		.rules = { .interval_ns = 30 * S, .stale_after_ns = 600 * S },
		.t_ns = 1000 * S,
	};
}

static void set_delta(struct trial *trial, int32_t temperature_milli,
		      int32_t humidity_milli)
{
	trial->rules.delta_milli[QUANTITY_TEMPERATURE] = temperature_milli;
	trial->rules.delta_milli[QUANTITY_HUMIDITY] = humidity_milli;
	trial->rules.has_delta = true;
}

/* A reading in the next turn. Returns whether it is posted. */
static bool take(struct trial *trial, int32_t temperature_milli, int32_t humidity_milli)
{
	trial->reading = (struct reading){ .t_ns = trial->t_ns };
	reading_add(&trial->reading, QUANTITY_TEMPERATURE, temperature_milli, 1);
	reading_add(&trial->reading, QUANTITY_HUMIDITY, humidity_milli, 1);
	trial->t_ns += trial->rules.interval_ns;
	return filter_take(&trial->filter, &trial->rules, &trial->reading,
			   trial->is_wanted);
}

static int32_t value_of(const struct reading *reading, enum quantity quantity)
{
	return reading_find(reading, quantity)->milli;
}

static int32_t temperature_after(struct trial *trial, int32_t temperature_milli)
{
	assert_true(take(trial, temperature_milli, 50000));
	return value_of(&trial->reading, QUANTITY_TEMPERATURE);
}

static void without_rules_a_reading_stays_as_it_is(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial);
	for (int32_t milli = -40000; milli < 80000; milli += 777) {
		assert_true(take(&trial, milli, milli + 40000));
		assert_int_equal(trial.reading.values[0].milli, milli);
		assert_int_equal(trial.reading.values[1].milli, milli + 40000);
	}
}

static void median_is_of_the_newest_readings(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial);
	trial.rules.num_median = 3;
	assert_int_equal(temperature_after(&trial, 20000), 20000);
	/* Of two there is none in the middle: the newest alone. */
	assert_int_equal(temperature_after(&trial, 21000), 21000);
	assert_int_equal(temperature_after(&trial, 20500), 20500);
	/* A spike is not seen. */
	assert_int_equal(temperature_after(&trial, 85000), 21000);
	assert_int_equal(temperature_after(&trial, 20400), 20500);
	assert_int_equal(temperature_after(&trial, 20300), 20400);
	assert_int_equal(temperature_after(&trial, -5000), 20300);
}

static void median_of_equal_values_is_that_value(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial);
	trial.rules.num_median = 5;
	for (int i = 0; i < 7; i++)
		assert_int_equal(temperature_after(&trial, 20000), 20000);
	/* 20 20 20 30 30 */
	assert_int_equal(temperature_after(&trial, 30000), 20000);
	assert_int_equal(temperature_after(&trial, 30000), 20000);
	assert_int_equal(temperature_after(&trial, 30000), 30000);
}

static int compare_numbers(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

static void median_is_the_middle_of_all_that_are_sorted(void **state)
{
	const uint64_t seed = 20261122;
	uint64_t random = seed;
	int32_t given[200];

	(void)state;
	for (uint32_t num_median = 1; num_median <= FILTER_MAX_MEDIAN; num_median += 2) {
		struct trial trial;

		init(&trial);
		trial.rules.num_median = num_median;
		for (size_t i = 0; i < array_length(given); i++) {
			size_t num = i + 1 < num_median ? (i + 1) - (i % 2) : num_median;
			int32_t sorted[FILTER_MAX_MEDIAN];

			random = random * UINT64_C(6364136223846793005) + 1;
			given[i] = (int32_t)(random >> 33) % 400 * 100;
			for (size_t j = 0; j < num; j++)
				sorted[j] = given[i - j];
			qsort(sorted, num, sizeof(sorted[0]), compare_numbers);
			if (temperature_after(&trial, given[i]) != sorted[num / 2])
				fail_msg("seed=%llu num_median=%u reading=%zu",
					 (unsigned long long)seed, num_median, i);
		}
	}
}

static void median_is_of_each_quantity_by_itself(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial);
	trial.rules.num_median = 3;
	(void)take(&trial, 20000, 50000);
	(void)take(&trial, 22000, 40000);
	(void)take(&trial, 21000, 60000);
	assert_int_equal(value_of(&trial.reading, QUANTITY_TEMPERATURE), 21000);
	assert_int_equal(value_of(&trial.reading, QUANTITY_HUMIDITY), 50000);
}

static void offset_is_rounded_to_the_decimals_of_the_sensor(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial);
	trial.rules.offset_milli[QUANTITY_TEMPERATURE] = -400;
	assert_int_equal(temperature_after(&trial, 21500), 21100);
	assert_int_equal(temperature_after(&trial, 300), -100);
	assert_int_equal(value_of(&trial.reading, QUANTITY_HUMIDITY), 50000);
	trial.rules.offset_milli[QUANTITY_TEMPERATURE] = 250;
	assert_int_equal(temperature_after(&trial, 21500), 21800);
	assert_int_equal(temperature_after(&trial, -21500), -21300);
	trial.rules.offset_milli[QUANTITY_TEMPERATURE] = 49;
	assert_int_equal(temperature_after(&trial, 21500), 21500);
}

static void humidity_stays_from_0_to_100(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial);
	trial.rules.offset_milli[QUANTITY_HUMIDITY] = 5000;
	(void)take(&trial, 20000, 97000);
	assert_int_equal(value_of(&trial.reading, QUANTITY_HUMIDITY), 100000);
	trial.rules.offset_milli[QUANTITY_HUMIDITY] = -5000;
	(void)take(&trial, 20000, 4900);
	assert_int_equal(value_of(&trial.reading, QUANTITY_HUMIDITY), 0);
	/* A temperature has no such limits. */
	trial.rules.offset_milli[QUANTITY_TEMPERATURE] = 30000;
	assert_int_equal(temperature_after(&trial, 80000), 110000);
}

static void delta_posts_at_exactly_that_much(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial);
	set_delta(&trial, 300, 500);
	assert_true(take(&trial, 21500, 50000));
	assert_false(take(&trial, 21500, 50000));
	assert_false(take(&trial, 21700, 50400));
	assert_false(take(&trial, 21300, 49600));
	assert_true(take(&trial, 21800, 50000));
	assert_true(take(&trial, 21500, 50000));
	assert_true(take(&trial, 21500, 49500));
	assert_false(take(&trial, 21500, 49900));
}

static void delta_is_from_what_was_posted_not_from_what_was_read(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial);
	set_delta(&trial, 300, 0);
	assert_true(take(&trial, 20000, 50000));
	assert_false(take(&trial, 20100, 10000));
	assert_false(take(&trial, 20200, 90000));
	assert_true(take(&trial, 20300, 50000));
	assert_false(take(&trial, 20500, 50000));
}

static void delta_judges_what_median_and_offset_make(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial);
	set_delta(&trial, 100, 0);
	trial.rules.num_median = 3;
	trial.rules.offset_milli[QUANTITY_TEMPERATURE] = -400;
	for (int i = 0; i < 3; i++)
		(void)take(&trial, 20000, 50000);
	assert_false(take(&trial, 60000, 50000));
	assert_int_equal(value_of(&trial.reading, QUANTITY_TEMPERATURE), 19600);
	assert_false(take(&trial, 20000, 50000));
	assert_true(take(&trial, 20100, 50000));
	assert_int_equal(value_of(&trial.reading, QUANTITY_TEMPERATURE), 19700);
}

static unsigned num_held_in_a_row(struct trial *trial)
{
	unsigned num_held = 0;

	while (num_held < 100 && !take(trial, 20000, 50000))
		num_held++;
	return num_held;
}

static void heartbeat_posts_at_least_so_often(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial);
	set_delta(&trial, 1000, 0);
	trial.rules.stale_after_ns = 86400 * S;
	trial.rules.heartbeat_ns = 300 * S;
	assert_true(take(&trial, 20000, 50000));
	for (int i = 0; i < 3; i++)
		assert_int_equal(num_held_in_a_row(&trial),
				 9); /* the tenth after 300 s */
	/* One that no turn meets is kept by the turn before. */
	trial.rules.heartbeat_ns = 310 * S;
	assert_int_equal(num_held_in_a_row(&trial), 9);
	trial.rules.heartbeat_ns = 50 * S;
	assert_int_equal(num_held_in_a_row(&trial), 0);
}

static void turns_that_differ_a_little_do_not_shift_the_heartbeat(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial);
	set_delta(&trial, 1000, 0);
	trial.rules.stale_after_ns = 86400 * S;
	trial.rules.heartbeat_ns = 300 * S;
	assert_true(take(&trial, 20000, 50000));
	for (int i = 0; i < 9; i++) {
		trial.t_ns += i % 2 ? S / 10 : -(S / 10);
		assert_false(take(&trial, 20000, 50000));
	}
	trial.t_ns -= S / 10;
	assert_true(take(&trial, 20000, 50000));
}

static void nothing_is_held_back_until_it_expires(void **state)
{
	struct trial trial;

	(void)state;
	for (unsigned num_intervals = 1; num_intervals < 20; num_intervals++) {
		uint64_t posted_ns;

		init(&trial);
		set_delta(&trial, 1000, 0);
		trial.rules.heartbeat_ns = 3600 * S;
		trial.rules.stale_after_ns = num_intervals * trial.rules.interval_ns;
		posted_ns = trial.t_ns;
		assert_true(take(&trial, 20000, 50000));
		for (unsigned i = 0; i < 100; i++) {
			if (!take(&trial, 20000, 50000))
				continue;
			assert_true(trial.reading.t_ns - posted_ns <
					    trial.rules.stale_after_ns ||
				    num_intervals == 1);
			posted_ns = trial.reading.t_ns;
		}
		/* Three intervals are the default. */
		if (num_intervals == 3)
			assert_int_equal(num_held_in_a_row(&trial), 1);
	}
}

static void what_is_held_back_is_released_where_nothing_follows(void **state)
{
	struct trial trial;
	struct reading released;
	uint64_t posted_ns;

	(void)state;
	init(&trial);
	set_delta(&trial, 1000, 0);
	trial.rules.stale_after_ns = 90 * S;
	posted_ns = trial.t_ns;
	assert_true(take(&trial, 20000, 50000));
	assert_true(filter_release_ns(&trial.filter, &trial.rules) == UINT64_MAX);
	assert_false(take(&trial, 20100, 50000));

	uint64_t release_ns = filter_release_ns(&trial.filter, &trial.rules);

	assert_true(release_ns > trial.t_ns);
	assert_true(release_ns < posted_ns + 90 * S);
	filter_release(&trial.filter, &released);
	assert_true(released.t_ns == posted_ns + 30 * S);
	assert_int_equal(value_of(&released, QUANTITY_TEMPERATURE), 20100);
	assert_true(filter_release_ns(&trial.filter, &trial.rules) == UINT64_MAX);
	/* It is the one posted last. */
	assert_false(take(&trial, 21000, 50000));
	assert_true(take(&trial, 21100, 50000));
}

static void one_that_is_wanted_is_not_held_back(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial);
	set_delta(&trial, 1000, 0);
	assert_true(take(&trial, 20000, 50000));
	trial.is_wanted = true;
	assert_true(take(&trial, 20500, 50000));
	trial.is_wanted = false;
	assert_false(take(&trial, 21400, 50000));
	assert_true(take(&trial, 21500, 50000));
}

static void after_a_silence_all_begins_anew(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial);
	set_delta(&trial, 5000, 0);
	trial.rules.num_median = 3;
	for (int i = 0; i < 3; i++)
		(void)take(&trial, 20000, 50000);
	trial.t_ns += 600 * S;
	assert_true(take(&trial, 24000, 50000));
	assert_int_equal(value_of(&trial.reading, QUANTITY_TEMPERATURE), 24000);
}

static void forgotten_is_what_was_posted_but_not_what_was_measured(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial);
	set_delta(&trial, 1000, 0);
	trial.rules.num_median = 3;
	for (int i = 0; i < 3; i++)
		(void)take(&trial, 20000, 50000);
	filter_forget_posted(&trial.filter);
	assert_true(filter_release_ns(&trial.filter, &trial.rules) == UINT64_MAX);
	assert_true(take(&trial, 60000, 50000));
	assert_int_equal(value_of(&trial.reading, QUANTITY_TEMPERATURE), 20000);
}

static void a_single_answer_gets_the_offset_alone(void **state)
{
	struct filter_rules rules = { .num_median = 3, .has_delta = true };
	struct reading reading = { 0 };

	(void)state;
	rules.offset_milli[QUANTITY_HUMIDITY] = 2000;
	reading_add(&reading, QUANTITY_HUMIDITY, 99000, 1);
	filter_offset(&rules, &reading);
	assert_int_equal(reading.values[0].milli, 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_rules_a_reading_stays_as_it_is),
		cmocka_unit_test(median_is_of_the_newest_readings),
		cmocka_unit_test(median_of_equal_values_is_that_value),
		cmocka_unit_test(median_is_the_middle_of_all_that_are_sorted),
		cmocka_unit_test(median_is_of_each_quantity_by_itself),
		cmocka_unit_test(offset_is_rounded_to_the_decimals_of_the_sensor),
		cmocka_unit_test(humidity_stays_from_0_to_100),
		cmocka_unit_test(delta_posts_at_exactly_that_much),
		cmocka_unit_test(delta_is_from_what_was_posted_not_from_what_was_read),
		cmocka_unit_test(delta_judges_what_median_and_offset_make),
		cmocka_unit_test(heartbeat_posts_at_least_so_often),
		cmocka_unit_test(turns_that_differ_a_little_do_not_shift_the_heartbeat),
		cmocka_unit_test(nothing_is_held_back_until_it_expires),
		cmocka_unit_test(what_is_held_back_is_released_where_nothing_follows),
		cmocka_unit_test(one_that_is_wanted_is_not_held_back),
		cmocka_unit_test(after_a_silence_all_begins_anew),
		cmocka_unit_test(forgotten_is_what_was_posted_but_not_what_was_measured),
		cmocka_unit_test(a_single_answer_gets_the_offset_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
