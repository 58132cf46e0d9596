/* SPDX-License-Identifier: MIT */
#include "config/pattern.h"

#include <regex.h>
#include <stdio.h>

#include "unit/cmocka_test.h"

static void compile(regex_t *out, uint64_t min, uint64_t max)
{
	char data[4096];
	struct text text;

	text_init(&text, data, sizeof(data));
	text_add(&text, "^(");
	pattern_add_range(min, max, &text);
	text_add(&text, ")$");
	assert_false(text.is_cut);
	assert_int_equal(regcomp(out, data, REG_EXTENDED | REG_NOSUB), 0);
}

static bool matches(const regex_t *pattern, uint64_t number)
{
	char data[32];

	snprintf(data, sizeof(data), "%llu", (unsigned long long)number);
	return regexec(pattern, data, 0, NULL, 0) == 0;
}

static void a_range_is_exactly_its_numbers(void **state)
{
	(void)state;
	for (uint64_t min = 0; min < 130; min += min < 12 ? 1 : 7) {
		for (uint64_t max = min; max < 1200; max += 1 + max / 5) {
			regex_t pattern;

			compile(&pattern, min, max);
			for (uint64_t number = 0; number < 1500; number++)
				assert_int_equal(matches(&pattern, number),
						 number >= min && number <= max);
			regfree(&pattern);
		}
	}
}

static void a_range_ends_at_its_large_limits(void **state)
{
	static const struct {
		uint64_t min, max;
	} rows[] = { { 500, 86400000 }, { 16 << 10, 1 << 30 }, { 99999, 100000000001 } };

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		regex_t pattern;

		compile(&pattern, rows[i].min, rows[i].max);
		assert_false(matches(&pattern, rows[i].min - 1));
		assert_true(matches(&pattern, rows[i].min));
		assert_true(matches(&pattern, rows[i].min + 1));
		assert_true(matches(&pattern, rows[i].max - 1));
		assert_true(matches(&pattern, rows[i].max));
		assert_false(matches(&pattern, rows[i].max + 1));
		assert_false(matches(&pattern, rows[i].max * 10));
		regfree(&pattern);
	}
}

static void a_quantity_leaves_out_units_that_are_too_large(void **state)
{
	static const struct unit units[] = { { "km", 1000, true }, { "m", 1, true } };
	char data[512];
	struct text text;

	(void)state;
	text_init(&text, data, sizeof(data));
	pattern_add_quantity(units, array_length(units), 5, 20, &text);
	assert_string_equal(data, "0*(?:[5-9]|1[0-9]|20) *m|[0-9]+\\.[0-9]+ *(?:km|m)|"
				  "(?:[0-9]+(?:\\.[0-9]+)? *(?:km|m)){2,}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_is_exactly_its_numbers),
		cmocka_unit_test(a_range_ends_at_its_large_limits),
		cmocka_unit_test(a_quantity_leaves_out_units_that_are_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
