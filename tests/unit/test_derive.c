/* SPDX-License-Identifier: MIT */
#include "decode/derive.h"

#include <math.h>
#include <stdlib.h>

#include "base/attributes.h"
#include "unit/cmocka_test.h"

static const uint32_t ALL = DERIVED_DEW_POINT | DERIVED_ABSOLUTE_HUMIDITY;

static struct reading air(int32_t temperature_milli, int32_t humidity_milli,
			  unsigned digits)
{
	struct reading reading = { 0 };

	reading_add(&reading, QUANTITY_TEMPERATURE, temperature_milli, digits);
	reading_add(&reading, QUANTITY_HUMIDITY, humidity_milli, digits);
	derive_add(&reading, ALL);
	return reading;
}

static int32_t dew_point_of(int32_t temperature_milli, int32_t humidity_milli)
{
	struct reading reading = air(temperature_milli, humidity_milli, 1);

	return reading_find(&reading, QUANTITY_DEW_POINT)->milli;
}

/* DIN 4108-3, table of dew points; it is rounded itself, of another formula. */
static void dew_points_are_those_of_the_table(void **state)
{
	static const struct {
		int32_t temperature_milli;
		int32_t humidity_milli;
		int32_t dew_point_milli;
	} rows[] = {
		{ 30000, 30000, 10500 }, { 30000, 40000, 14900 }, { 30000, 50000, 18400 },
		{ 30000, 60000, 21400 }, { 30000, 70000, 23900 }, { 30000, 80000, 26200 },
		{ 30000, 90000, 28200 }, { 20000, 30000, 1900 },  { 20000, 40000, 6000 },
		{ 20000, 50000, 9300 },  { 20000, 60000, 12000 }, { 20000, 70000, 14400 },
		{ 20000, 80000, 16400 }, { 20000, 90000, 18400 }, { 10000, 50000, 0 },
		{ 10000, 60000, 2500 },  { 10000, 80000, 6800 },  { 10000, 95000, 9300 },
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++)
		assert_true(abs(dew_point_of(rows[i].temperature_milli,
					     rows[i].humidity_milli) -
				rows[i].dew_point_milli) <= 100);
}

/* The mass of water that air can hold, from Goff and Gratch's pressures over water. */
static void absolute_humidities_are_those_of_the_table(void **state)
{
	static const struct {
		int32_t temperature_milli;
		int32_t milli; /* at 100 % */
	} rows[] = {
		{ -20000, 1072 }, { -10000, 2355 }, { 0, 4842 },      { 10000, 9385 },
		{ 15000, 12808 }, { 20000, 17265 }, { 25000, 23003 }, { 30000, 30310 },
		{ 40000, 51022 }, { 50000, 82698 },
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		struct reading reading = air(rows[i].temperature_milli, 100000, 2);
		int32_t milli = reading_find(&reading, QUANTITY_ABSOLUTE_HUMIDITY)->milli;

		/* Within a percent, as the formula itself. */
		assert_in_range(milli, rows[i].milli - rows[i].milli / 100,
				rows[i].milli + rows[i].milli / 100);
	}
}

/* The formula once more, in floating point. */
static void fixed_point_is_the_formula_wherever_a_sensor_measures(void **state)
{
	(void)state;
	for (int32_t t = -40000; t <= 80000; t += 700) {
		for (int32_t u = 100; u <= 100000; u += 900) {
			struct reading reading = air(t, u, 3);
			double exponent = 17.62 * t / (243120.0 + t) + log(u / 1e5);
			double dew = 243.12 * exponent / (17.62 - exponent);
			double grams = 216.679 * 6.112 * exp(17.62 * t / (243120.0 + t)) *
				       u / 1e5 / (273.15 + t / 1e3);

			assert_true(
				fabs(reading_find(&reading, QUANTITY_DEW_POINT)->milli -
				     dew * 1e3) <= 2);
			assert_true(
				fabs(reading_find(&reading, QUANTITY_ABSOLUTE_HUMIDITY)
					     ->milli -
				     grams * 1e3) <= 1 + grams / 10);
		}
	}
}

static void saturated_air_is_at_its_dew_point(void **state)
{
	(void)state;
	for (int32_t t = -40000; t <= 80000; t += 100)
		assert_int_equal(dew_point_of(t, 100000), t);
}

static void dew_point_is_below_the_temperature_and_over_water_in_frost(void **state)
{
	(void)state;
	assert_int_equal(dew_point_of(-10000, 100000), -10000);
	/* The frost point would be -10.1. */
	assert_int_equal(dew_point_of(-10000, 90000), -11300);
	assert_true(dew_point_of(-40000, 100) < -80000);
}

static void decimals_follow_those_of_what_was_measured(void **state)
{
	struct reading reading = air(21500, 48000, 1);

	(void)state;
	assert_int_equal(reading.num_values, 4);
	assert_int_equal(reading.values[2].quantity, QUANTITY_DEW_POINT);
	assert_int_equal(reading.values[2].digits, 1);
	assert_int_equal(reading.values[2].milli, 10000);
	assert_int_equal(reading.values[3].quantity, QUANTITY_ABSOLUTE_HUMIDITY);
	assert_int_equal(reading.values[3].digits, 2);
	assert_int_equal(reading.values[3].milli, 9030);
	reading = air(21000, 48000, 0);
	assert_int_equal(reading.values[2].milli, 10000);
	assert_int_equal(reading.values[3].digits, 1);
}

static void dry_air_has_no_dew_point(void **state)
{
	struct reading reading = air(20000, 0, 1);

	(void)state;
	assert_null(reading_find(&reading, QUANTITY_DEW_POINT));
	assert_int_equal(reading_find(&reading, QUANTITY_ABSOLUTE_HUMIDITY)->milli, 0);
}

static void only_what_is_wanted_is_derived(void **state)
{
	struct reading reading = { 0 };

	(void)state;
	reading_add(&reading, QUANTITY_TEMPERATURE, 20000, 1);
	derive_add(&reading, ALL);
	assert_int_equal(reading.num_values, 1);
	reading_add(&reading, QUANTITY_HUMIDITY, 50000, 1);
	derive_add(&reading, 0);
	assert_int_equal(reading.num_values, 2);
	derive_add(&reading, DERIVED_ABSOLUTE_HUMIDITY);
	assert_int_equal(reading.num_values, 3);
	assert_non_null(reading_find(&reading, QUANTITY_ABSOLUTE_HUMIDITY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dew_points_are_those_of_the_table),
		cmocka_unit_test(absolute_humidities_are_those_of_the_table),
		cmocka_unit_test(fixed_point_is_the_formula_wherever_a_sensor_measures),
		cmocka_unit_test(saturated_air_is_at_its_dew_point),
		cmocka_unit_test(
			dew_point_is_below_the_temperature_and_over_water_in_frost),
		cmocka_unit_test(decimals_follow_those_of_what_was_measured),
		cmocka_unit_test(dry_air_has_no_dew_point),
		cmocka_unit_test(only_what_is_wanted_is_derived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
