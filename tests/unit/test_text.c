/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <string.h>

#include "unit/cmocka_test.h"

static void milli_is_rounded_to_the_resolution_and_never_minus_zero(void **state)
{
	static const struct {
		int32_t milli;
		unsigned digits;
		const char *text;
	} rows[] = {
		{ 21456, 1, "21.5" },
		{ 21449, 1, "21.4" },
		{ -21450, 1, "-21.5" },
		{ -40, 1, "0.0" },
		{ 0, 0, "0" },
		{ 500, 0, "1" },
		{ -1500, 0, "-2" },
		{ 12345, 3, "12.345" },
		{ 12300, 2, "12.30" },
		{ -5, 3, "-0.005" },
		{ INT32_MIN, 3, "-2147483.648" },
		{ INT32_MAX, 0, "2147484" },
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		char data[32];
		struct text text;

		text_init(&text, data, sizeof(data));
		text_add_milli(&text, rows[i].milli, rows[i].digits);
		assert_string_equal(data, rows[i].text);
	}
}

static void json_strings_hold_no_control_quote_or_broken_utf8(void **state)
{
	char data[128];
	struct text text;

	(void)state;
	text_init(&text, data, sizeof(data));
	text_add_json(&text, "a\"b\\c\n\x7f \xc3\xa9 \xff \xe2\x82\xac \xed\xa0\x80");
	assert_string_equal(data,
			    "\"a\\\"b\\\\c\\u000a\\u007f \xc3\xa9 \\ufffd \xe2\x82\xac "
			    "\\ufffd\\ufffd\\ufffd\"");
}

static void a_utf8_length_is_zero_for_what_is_not_well_formed(void **state)
{
	(void)state;
	assert_int_equal(text_utf8_length(""), 1);
	assert_int_equal(text_utf8_length("\xc3\xa9"), 2);
	assert_int_equal(text_utf8_length("\xf0\x9f\x8c\xa1"), 4);
	assert_int_equal(text_utf8_length("\xc3"), 0);
	assert_int_equal(text_utf8_length("\xc0\x80"), 0);
	assert_int_equal(text_utf8_length("\xed\xa0\x80"), 0);
}

static void times_are_utc_with_milliseconds(void **state)
{
	char data[64];
	struct text text;

	(void)state;
	text_init(&text, data, sizeof(data));
	text_add_time(&text, INT64_C(1795327200123));
	assert_string_equal(data, "2026-11-22T06:00:00.123Z");
	text_init(&text, data, sizeof(data));
	text_add_time(&text, -1);
	assert_string_equal(data, "1969-12-31T23:59:59.999Z");
}

static void what_does_not_fit_is_cut_and_said(void **state)
{
	char data[8];
	struct text text;

	(void)state;
	text_init(&text, data, sizeof(data));
	text_add(&text, "%s", "0123456");
	assert_false(text.is_cut);
	text_add(&text, "7");
	assert_true(text.is_cut);
	assert_string_equal(data, "0123456");
}

static void strings_and_numbers_are_as_printf_has_them(void **state)
{
	char data[64];
	struct text text;

	(void)state;
	text_init(&text, data, sizeof(data));
	text_add_string(&text, "a");
	text_add_string(&text, "");
	text_add_number(&text, 0);
	text_add_number(&text, 1795327200123456);
	text_add_string(&text, "b");
	text_add_number(&text, UINT64_MAX);
	assert_string_equal(data, "a01795327200123456b18446744073709551615");
	assert_int_equal(text.length, strlen(data));
	assert_false(text.is_cut);
	text_init(&text, data, 8);
	text_add_string(&text, "12345");
	text_add_number(&text, 67);
	assert_false(text.is_cut);
	text_add_string(&text, "8");
	assert_true(text.is_cut);
	assert_string_equal(data, "1234567");
}

static void a_copy_is_cut_to_its_room(void **state)
{
	char out[4] = "xyz";

	(void)state;
	assert_true(text_copy(out, sizeof(out), "abc"));
	assert_string_equal(out, "abc");
	assert_false(text_copy(out, sizeof(out), "abcd"));
	assert_string_equal(out, "abc");
	assert_true(text_copy(out, 1, ""));
	assert_string_equal(out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(milli_is_rounded_to_the_resolution_and_never_minus_zero),
		cmocka_unit_test(json_strings_hold_no_control_quote_or_broken_utf8),
		cmocka_unit_test(a_utf8_length_is_zero_for_what_is_not_well_formed),
		cmocka_unit_test(times_are_utc_with_milliseconds),
		cmocka_unit_test(what_does_not_fit_is_cut_and_said),
		cmocka_unit_test(strings_and_numbers_are_as_printf_has_them),
		cmocka_unit_test(a_copy_is_cut_to_its_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
