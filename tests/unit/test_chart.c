/* SPDX-License-Identifier: MIT */
#include "metrics/chart.h"

#include <stdio.h>
#include <string.h>

#include "unit/cmocka_test.h"

enum { MAX_TEXT = 400000 };

static struct chart chart;
static char written[MAX_TEXT];

static void begin(int64_t since_ms, int64_t until_ms, uint32_t max_points)
{
	const struct query query = { since_ms, until_ms, max_points };

	assert_int_equal(chart_init(&chart, &query), 0);
	chart.stale_after_ms = 90000;
}

static void add_value(int64_t wall_ms, enum quantity quantity, int32_t milli,
		      unsigned decimals)
{
	struct reading reading = { .wall_ms = wall_ms };
	struct summary summary;

	reading_add(&reading, quantity, milli, decimals);
	summary_of_reading(&reading, &summary);
	chart_add(&chart, &summary);
}

static void add(int64_t wall_ms, int32_t temperature_milli)
{
	add_value(wall_ms, QUANTITY_TEMPERATURE, temperature_milli, 1);
}

static void add_humidity(int64_t wall_ms, int32_t milli)
{
	add_value(wall_ms, QUANTITY_HUMIDITY, milli, 0);
}

static const char *end(void)
{
	struct text text;

	chart_complete(&chart);
	text_init(&text, written, sizeof(written));
	chart_write(&text, &chart, "porch");
	assert_false(text.is_cut);
	assert_true(text.length < 2 * chart_guess_bytes(&chart));
	chart_finish(&chart);
	return written;
}

static void readings_that_have_room_stand_by_themselves(void **state)
{
	(void)state;
	begin(0, 99999, 100);
	add(31007, -400);
	add(1000, 21456);
	add_humidity(61000, 48200);
	assert_string_equal(end(), "{\"sensor\":\"porch\",\"ts\":[1.000,31.007,61.000],"
				   "\"values\":{\"temperature\":[21.5,-0.4,null],"
				   "\"humidity\":[null,null,48]}}");
}

static void nothing_at_all_is_no_error(void **state)
{
	(void)state;
	begin(5, 5, 1);
	assert_string_equal(end(), "{\"sensor\":\"porch\",\"ts\":[],\"values\":{}}");
}

static void what_is_outside_is_left_out(void **state)
{
	(void)state;
	begin(1000, 2000, 10);
	add(999, 1000);
	add(1000, 2000);
	add(2000, 3000);
	add(2001, 4000);
	add(INT64_MIN, 4000);
	add(INT64_MAX, 4000);
	assert_string_equal(end(), "{\"sensor\":\"porch\",\"ts\":[1.000,2.000],"
				   "\"values\":{\"temperature\":[2.0,3.0]}}");
}

static void several_become_their_mean_and_keep_their_extremes(void **state)
{
	const struct summary hour = {
		.wall_ms = 150000,
		.num_readings = 8,
		.num_values = 1,
		.values = { { .least_milli = -40000,
			      .mean_milli = 20000,
			      .most_milli = 80000,
			      .digits = 1 } },
	};

	(void)state;
	begin(0, 199999, 2);
	add(10000, 21000);
	add(20000, 21500);
	add(150000, 10000);
	add(150000, 10000);
	chart_add(&chart, &hour);
	assert_string_equal(end(), "{\"sensor\":\"porch\",\"ts\":[15.000,150.000],"
				   "\"values\":{\"temperature\":[21.25,18.00]},"
				   "\"min\":{\"temperature\":[21.0,-40.0]},"
				   "\"max\":{\"temperature\":[21.5,80.0]}}");
}

static void a_long_silence_interrupts_the_line(void **state)
{
	(void)state;
	begin(0, 999999, 1000);
	add(0, 1000);
	add(90000, 2000);
	add(180001, 3000);
	assert_string_equal(end(), "{\"sensor\":\"porch\",\"ts\":[0.000,90.000,135.000,"
				   "180.001],\"values\":{\"temperature\":[1.0,2.0,null,"
				   "3.0]}}");
	/* Where points are wide apart, silence is what leaves out more than one. */
	begin(0, 999999, 10);
	add(0, 1000);
	add(200000, 2000);
	add(400003, 3000);
	assert_string_equal(end(), "{\"sensor\":\"porch\",\"ts\":[0.000,200.000,300.001,"
				   "400.003],\"values\":{\"temperature\":[1.0,2.0,null,"
				   "3.0]}}");
}

static void summaries_are_no_silence(void **state)
{
	const struct summary five_minutes = { .num_readings = 10, .num_values = 0 };
	struct summary next = five_minutes;

	(void)state;
	begin(0, 9999999, 1000);
	for (int i = 0; i < 4; i++) {
		chart_add(&chart, &next);
		next.wall_ms += SUMMARY_SPAN_MS;
	}
	next.wall_ms += 2 * SUMMARY_SPAN_MS;
	chart_add(&chart, &next);
	assert_non_null(strstr(end(), "\"ts\":[0.000,300.000,600.000,900.000,1350.000,"
				      "1800.000]"));
}

static void points_never_are_more_than_asked_for(void **state)
{
	size_t num_commas = 0;

	(void)state;
	begin(0, 7 * 86400000, QUERY_MAX_POINTS);
	for (int64_t wall_ms = 0; wall_ms <= 7 * 86400000; wall_ms += 30000)
		add(wall_ms, (int32_t)(wall_ms / 30000 % 500 * 100));
	end();
	for (const char *s = strstr(written, "\"ts\":["); *s != ']'; s++)
		num_commas += *s == ',';
	assert_int_equal(num_commas, QUERY_MAX_POINTS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readings_that_have_room_stand_by_themselves),
		cmocka_unit_test(nothing_at_all_is_no_error),
		cmocka_unit_test(what_is_outside_is_left_out),
		cmocka_unit_test(several_become_their_mean_and_keep_their_extremes),
		cmocka_unit_test(a_long_silence_interrupts_the_line),
		cmocka_unit_test(summaries_are_no_silence),
		cmocka_unit_test(points_never_are_more_than_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
