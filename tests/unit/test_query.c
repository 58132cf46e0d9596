/* SPDX-License-Identifier: MIT */
#include "metrics/query.h"

#include <string.h>

#include "base/attributes.h"
#include "unit/cmocka_test.h"

static const int64_t NOW_MS = INT64_C(1795327200123); /* 2026-11-22T06:00:00.123Z */

static const char *parse(const char *since, const char *until, const char *points,
			 struct query *out)
{
	const struct query_text text = { since, until, points };

	return query_parse(&text, NOW_MS, out);
}

static int64_t since(const char *text)
{
	struct query query;

	return parse(text, NULL, NULL, &query) ? -1 : query.since_ms;
}

static void without_arguments_it_is_the_last_day(void **state)
{
	struct query query;

	(void)state;
	assert_null(parse(NULL, NULL, NULL, &query));
	assert_int_equal(query.until_ms, NOW_MS);
	assert_int_equal(query.since_ms, NOW_MS - 24 * 3600 * 1000);
	assert_int_equal(query.max_points, QUERY_POINTS);
	assert_null(parse(NULL, "5000", NULL, &query));
	assert_int_equal(query.since_ms, 0);
}

static void times_are_milliseconds_or_dates(void **state)
{
	(void)state;
	assert_int_equal(since("0"), 0);
	assert_int_equal(since("1795327200123"), NOW_MS);
	assert_int_equal(since("2026-11-22T06:00:00.123Z"), NOW_MS);
	assert_int_equal(since("2026-11-22t06:00:00.1239999z"), NOW_MS);
	assert_int_equal(since("2026-11-22T06:00:00Z"), NOW_MS - 123);
	assert_int_equal(since("2026-11-22T07:30:00.123+01:30"), NOW_MS);
	assert_int_equal(since("2026-11-22T07:30:00.123 01:30"), NOW_MS);
	assert_int_equal(since("2026-11-22T01:00:00.123-05:00"), NOW_MS);
	assert_int_equal(since("1970-01-01T00:00:00Z"), 0);
	assert_int_equal(since("2000-02-29T00:00:00Z"), INT64_C(951782400000));
	assert_int_equal(since("2000-03-01T00:00:00Z"), INT64_C(951868800000));
	assert_int_equal(since("2024-12-31T23:59:59Z"), INT64_C(1735689599000));
	assert_int_equal(since("1999-12-31T00:00:00Z"), INT64_C(946598400000));
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const words[] = {
		"",
		"-1",
		"now",
		"1795327200123x",
		"99999999999999999999999999",
		"2026-11-22",
		"2026-11-22T06:00:00",
		"2026-11-22T06:00Z",
		"2026-11-22T06:00:00.Z",
		"2026-11-22T06:00:00ZZ",
		"2026-11-22T06:00:00+1:30",
		"2026-11-22T24:00:00Z",
		"2026-02-29T00:00:00Z",
		"2100-02-29T00:00:00Z",
		"2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z",
		"2026-11-00T00:00:00Z",
		"1969-12-31T00:00:00Z",
		"1970-01-01T00:00:00+01:00",
		"10000-01-01T00:00:00Z",
	};
	struct query query;

	(void)state;
	for (size_t i = 0; i < array_length(words); i++) {
		const char *complaint = parse(words[i], NULL, NULL, &query);

		assert_non_null(complaint);
		assert_memory_equal(complaint, "since: ", 7);
		complaint = parse(NULL, words[i], NULL, &query);
		assert_non_null(complaint);
		assert_memory_equal(complaint, "until: ", 7);
	}
}

static void since_is_not_after_until(void **state)
{
	struct query query;

	(void)state;
	assert_null(parse("1000", "1000", NULL, &query));
	assert_string_equal(parse("1001", "1000", NULL, &query), "since: after until\n");
}

static void points_are_bounded(void **state)
{
	static const char *const words[] = { "", "0", "5001", "-1", "1.5", "many" };
	struct query query;

	(void)state;
	assert_null(parse(NULL, NULL, "1", &query));
	assert_int_equal(query.max_points, 1);
	assert_null(parse(NULL, NULL, "5000", &query));
	assert_int_equal(query.max_points, QUERY_MAX_POINTS);
	for (size_t i = 0; i < array_length(words); i++)
		assert_non_null(parse(NULL, NULL, words[i], &query));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_arguments_it_is_the_last_day),
		cmocka_unit_test(times_are_milliseconds_or_dates),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(since_is_not_after_until),
		cmocka_unit_test(points_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
