/* SPDX-License-Identifier: MIT */
#include "store/series.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "unit/cmocka_test.h"

enum {
	MAX_SUMMARIES = 100,
	MAX_BYTES = SERIES_MAX_HEAD + MAX_SUMMARIES * SERIES_MAX_RECORD
};

static void check_same(const struct summary *a, const struct summary *b)
{
	assert_int_equal(a->wall_ms, b->wall_ms);
	assert_int_equal(a->num_readings, b->num_readings);
	assert_int_equal(a->num_values, b->num_values);
	for (uint8_t i = 0; i < a->num_values; i++) {
		assert_int_equal(a->values[i].quantity, b->values[i].quantity);
		assert_int_equal(a->values[i].digits, b->values[i].digits);
		assert_int_equal(a->values[i].mean_milli, b->values[i].mean_milli);
		assert_int_equal(a->values[i].least_milli, b->values[i].least_milli);
		assert_int_equal(a->values[i].most_milli, b->values[i].most_milli);
	}
}

/* Writes all, reads them again, and returns how many bytes they took. */
static size_t check_round(enum series_level level, const struct summary *summaries,
			  size_t num)
{
	uint8_t bytes[MAX_BYTES];
	struct series series;
	struct series_source source = { bytes, 0 };
	struct summary summary;
	size_t num_bytes;

	source.num_bytes = series_begin(&series, level, &summaries[0], bytes);
	for (size_t i = 0; i < num; i++) {
		assert_true(series_takes(&series, &summaries[i]));
		source.num_bytes +=
			series_put(&series, &summaries[i], bytes + source.num_bytes);
	}
	num_bytes = source.num_bytes;
	assert_true(series_open(&series, summaries[0].wall_ms, &source));
	for (size_t i = 0; i < num; i++) {
		assert_true(series_get(&series, &source, &summary));
		check_same(&summary, &summaries[i]);
	}
	assert_false(series_get(&series, &source, &summary));
	return num_bytes;
}

static struct summary dht22(int64_t wall_ms, int32_t temperature_milli)
{
	struct reading reading = { .wall_ms = wall_ms };
	struct summary summary;

	reading_add(&reading, QUANTITY_TEMPERATURE, temperature_milli, 1);
	reading_add(&reading, QUANTITY_HUMIDITY, 48200, 1);
	summary_of_reading(&reading, &summary);
	return summary;
}

static void a_regular_reading_takes_five_bytes(void **state)
{
	struct summary summaries[MAX_SUMMARIES];

	(void)state;
	for (int i = 0; i < MAX_SUMMARIES; i++)
		summaries[i] = dht22(INT64_C(1795327200123) + i * 30000 + i * 7 % 40,
				     21500 + i % 7 * 100);
	assert_true(check_round(SERIES_READINGS, summaries, MAX_SUMMARIES) <
		    SERIES_MAX_HEAD + 5 * MAX_SUMMARIES);
}

static void extremes_of_all_numbers_come_back(void **state)
{
	static const int32_t millis[] = { INT32_MIN, INT32_MAX, 0, -1, 1, INT32_MIN };
	struct summary summaries[6];

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct summary_value value = {
			.mean_milli = millis[i],
			.least_milli = INT32_MIN,
			.most_milli = INT32_MAX,
			.quantity = QUANTITY_HUMIDITY,
			.digits = 3,
		};

		summaries[i] = (struct summary){
			.wall_ms = i % 2 ? INT64_C(1) << 60 : -(INT64_C(1) << 60),
			.num_readings = i % 2 ? SUMMARY_MAX_READINGS : 1,
			.num_values = READING_MAX_VALUES,
		};
		for (int j = 0; j < READING_MAX_VALUES; j++)
			summaries[i].values[j] = value;
	}
	check_round(SERIES_SUMMARIES, summaries, 6);
}

static void values_are_kept_as_they_are_posted(void **state)
{
	uint8_t bytes[MAX_BYTES];
	struct series series;
	struct series_source source = { bytes, 0 };
	struct summary given = dht22(1000, -21456), summary;

	(void)state;
	source.num_bytes = series_begin(&series, SERIES_READINGS, &given, bytes);
	source.num_bytes += series_put(&series, &given, bytes + source.num_bytes);
	assert_true(series_open(&series, 1000, &source));
	assert_true(series_get(&series, &source, &summary));
	assert_int_equal(summary.values[0].mean_milli, -21500);
	assert_int_equal(summary.values[0].least_milli, -21500);
}

static void other_quantities_want_another_block(void **state)
{
	uint8_t bytes[SERIES_MAX_HEAD];
	struct series series;
	struct summary both = dht22(1000, 21500), one = both, finer = both;

	(void)state;
	one.num_values = 1;
	finer.values[1].digits = 2;
	(void)series_begin(&series, SERIES_READINGS, &both, bytes);
	assert_true(series_takes(&series, &both));
	assert_false(series_takes(&series, &one));
	assert_false(series_takes(&series, &finer));
}

/* Whatever the bytes are: no more summaries than bytes, and each with values of its own range. */
static void any_bytes_can_be_read(void **state)
{
	const char *given = getenv("SEED");
	unsigned seed = given ? (unsigned)atoi(given) : (unsigned)time(NULL);

	(void)state;
	printf("SEED=%u\n", seed);
	srand(seed);
	for (int i = 0; i < 100000; i++) {
		uint8_t bytes[64];
		struct series_source source = { bytes, (size_t)(rand() % 65) };
		size_t num = 0;
		struct series series;
		struct summary summary;

		for (size_t j = 0; j < sizeof(bytes); j++)
			bytes[j] = (uint8_t)rand();
		if (rand() % 4) {
			bytes[0] = (uint8_t)(rand() % 2);
			bytes[1] = bytes[2] = bytes[3] = 1;
		}
		if (!series_open(&series, (int64_t)rand() << rand() % 33, &source))
			continue;
		while (series_get(&series, &source, &summary)) {
			num++;
			assert_true(summary.num_readings > 0);
			for (uint8_t j = 0; j < summary.num_values; j++)
				assert_true(summary.values[j].least_milli <=
					    summary.values[j].most_milli);
		}
		assert_true(num <= sizeof(bytes));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_regular_reading_takes_five_bytes),
		cmocka_unit_test(extremes_of_all_numbers_come_back),
		cmocka_unit_test(values_are_kept_as_they_are_posted),
		cmocka_unit_test(other_quantities_want_another_block),
		cmocka_unit_test(any_bytes_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
