/* SPDX-License-Identifier: MIT */
#include "config/units.h"

#include <errno.h>

#include "unit/cmocka_test.h"

static void durations_are_numbers_with_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t duration_ms;
	} rows[] = {
		{ "500ms", 500 },
		{ "30s", 30000 },
		{ "5m", 300000 },
		{ "2h", 7200000 },
		{ "7d", 604800000 },
		{ "1h30m", 5400000 },
		{ "1d2h3m4s5ms", 93784005 },
		{ "1.5s", 1500 },
		{ "0.001s", 1 },
		{ "30 s", 30000 },
		{ "0s", 0 },
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		uint64_t duration_ms;

		assert_int_equal(units_parse_duration(rows[i].text, &duration_ms), 0);
		assert_int_equal(duration_ms, rows[i].duration_ms);
	}
}

static void sizes_are_binary_or_decimal(void **state)
{
	static const struct {
		const char *text;
		uint64_t size_bytes;
	} rows[] = {
		{ "1B", 1 },           { "1KiB", 1024 },     { "1kB", 1000 },
		{ "64MiB", 67108864 }, { "64MB", 64000000 }, { "1GiB", 1073741824 },
		{ "1GB", 1000000000 }, { "0.5MiB", 524288 },
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		uint64_t size_bytes;

		assert_int_equal(units_parse_size(rows[i].text, &size_bytes), 0);
		assert_int_equal(size_bytes, rows[i].size_bytes);
	}
}

static void what_is_wrong_with_a_quantity_is_told_apart(void **state)
{
	static const struct {
		const char *text;
		int result;
	} rows[] = {
		{ "30", -EDOM },
		{ "1h30", -EDOM },
		{ "1.5", -EDOM },
		{ "", -EINVAL },
		{ "s", -EINVAL },
		{ "-5s", -EINVAL },
		{ "5 parsecs", -EINVAL },
		{ "30S", -EINVAL },
		{ "30s ", -EINVAL },
		{ "30m1h", -EINVAL },
		{ "1h1h", -EINVAL },
		{ "1.s", -EINVAL },
		{ ".5s", -EINVAL },
		{ "1e3s", -EINVAL },
		{ "0x10s", -EINVAL },
		{ "0.5ms", -ERANGE },
		{ "1.0000000001s", -ERANGE },
		{ "99999999999999999999s", -ERANGE },
		{ "18446744073709551615d", -ERANGE },
		{ "18446744073709551615ms", -ERANGE },
		{ "213503982334d18446744073709551ms", -ERANGE },
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		uint64_t duration_ms;

		assert_int_equal(units_parse_duration(rows[i].text, &duration_ms),
				 rows[i].result);
	}
}

static void quantities_are_written_in_their_largest_exact_unit(void **state)
{
	char text[UNITS_MAX_TEXT];

	(void)state;
	units_format_duration(90000, text);
	assert_string_equal(text, "90s");
	units_format_duration(60000, text);
	assert_string_equal(text, "1m");
	units_format_duration(604800000, text);
	assert_string_equal(text, "7d");
	units_format_duration(1500, text);
	assert_string_equal(text, "1500ms");
	units_format_duration(0, text);
	assert_string_equal(text, "0ms");
	units_format_duration(UINT64_MAX, text);
	assert_string_equal(text, "18446744073709551615ms");
	units_format_size(1048576, text);
	assert_string_equal(text, "1MiB");
	units_format_size(1000, text);
	assert_string_equal(text, "1000B");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_numbers_with_units),
		cmocka_unit_test(sizes_are_binary_or_decimal),
		cmocka_unit_test(what_is_wrong_with_a_quantity_is_told_apart),
		cmocka_unit_test(quantities_are_written_in_their_largest_exact_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
