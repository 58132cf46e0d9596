/* SPDX-License-Identifier: MIT */
#include "config/filter_rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit/cmocka_test.h"
#include "unit/config_test.h"

#define SENSOR(driver) \
	"mqtt: {servers: [mqtt://a]}\nsensors:\n  - id: a\n    driver: " driver \
	"\n    pin: GPIO4\n"

/* What is told of a sensor with these lines; they begin in line 6. */
static void expect_of(const char *sensor, const char *lines, const char *wanted)
{
	struct fixture f;
	char yaml[1024];
	char *told;
	int result;

	snprintf(yaml, sizeof(yaml), "%s%s", sensor, lines);
	result = fixture_parse(&f, "p.yaml", yaml);
	told = fixture_told(&f);
	assert_string_equal(told, wanted);
	assert_int_equal(result, f.errors.num_errors > 0 ? -EINVAL : 0);
	free(told);
	fixture_finish(&f);
}

static void expect(const char *lines, const char *wanted)
{
	expect_of(SENSOR("dht22"), lines, wanted);
}

static void filters_reach_their_fields(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(
		fixture_parse(&f, "p.yaml",
			      SENSOR("dht22") "    filters: [median: 3, offset: "
					      "{temperature: -0.4}, delta: "
					      "{temperature: 0.1, humidity: 0.5}, "
					      "heartbeat: 5m]\n"
					      "    derive: [absolute_humidity]\n"),
		0);
	assert_int_equal(f.errors.num_items, 0);

	const struct config_filters *filters = &f.config->sensors[0].filters;

	assert_int_equal(filters->num_median, 3);
	assert_int_equal(filters->offset_milli[QUANTITY_TEMPERATURE], -400);
	assert_int_equal(filters->offset_milli[QUANTITY_HUMIDITY], 0);
	assert_int_equal(filters->delta_milli[QUANTITY_TEMPERATURE], 100);
	assert_int_equal(filters->delta_milli[QUANTITY_HUMIDITY], 500);
	assert_int_equal(filters->heartbeat_ms, 300000);
	assert_int_equal(f.config->sensors[0].derived, 2);
	fixture_finish(&f);
}

static void none_at_all_is_right(void **state)
{
	(void)state;
	expect("    filters:\n    derive:\n", "");
	expect("    filters: []\n    derive: []\n", "");
	expect("    filters: [median: 1]\n", "");
	expect("    filters: [offset: {temperature: , humidity: 0}]\n", "");
}

static void a_misspelt_word_is_told_its_place_and_what_was_meant(void **state)
{
	(void)state;
	expect("    filters: [medium: 3]\n",
	       "6:15 sensors[0].filters[0].medium: no such key; did you mean median?\n");
	expect("    filters: [median: 3, offset: {temprature: 1}]\n",
	       "6:35 sensors[0].filters[1].offset.temprature: no such key; did you mean "
	       "temperature?\n");
	expect("    filters: [delta: {pressure: 1}]\n",
	       "6:23 sensors[0].filters[0].delta.pressure: no such key; there are: "
	       "temperature, humidity\n");
	expect("    derive: [dewpoint]\n",
	       "6:14 sensors[0].derive[0]: dewpoint, but it must be dew_point or "
	       "absolute_humidity; did you mean dew_point?\n");
}

static void a_filter_is_an_entry_of_its_own(void **state)
{
	(void)state;
	expect("    filters: {median: 3}\n",
	       "6:14 sensors[0].filters: is a section, but it must be a list (as in "
	       "[a, b], or lines that begin with \"- \")\n");
	expect("    filters:\n      - median: 3\n        delta: {humidity: 1}\n",
	       "7:9 sensors[0].filters[0]: 2 keys, but an entry of this list has one: "
	       "begin each with \"- \"\n");
	expect("    filters: [{}]\n",
	       "6:15 sensors[0].filters[0]: 0 keys, but an entry of this list has one: "
	       "begin each with \"- \"\n");
	expect("    filters: [median]\n",
	       "6:15 sensors[0].filters[0]: is a single value, but it must be a section "
	       "(lines KEY: VALUE)\n");
	expect("    filters: [delta: 0.5]\n",
	       "6:22 sensors[0].filters[0].delta: is a single value, but it must be a "
	       "section (lines KEY: VALUE)\n");
	expect("    filters: [median: 3, median: 3, median: 3, median: 3, median: 3]\n",
	       "6:14 sensors[0].filters: 5 entries, but it must have at most 4\n"
	       "6:26 sensors[0].filters[1]: median is there twice; the other one is in "
	       "line 6\n"
	       "6:37 sensors[0].filters[2]: median is there twice; the other one is in "
	       "line 6\n"
	       "6:48 sensors[0].filters[3]: median is there twice; the other one is in "
	       "line 6\n"
	       "6:59 sensors[0].filters[4]: median is there twice; the other one is in "
	       "line 6\n");
}

static void values_have_their_limits(void **state)
{
	(void)state;
	expect("    filters: [median: 4]\n",
	       "6:23 sensors[0].filters[0].median: 4, but it must be odd\n");
	expect("    filters: [median: 33]\n",
	       "6:23 sensors[0].filters[0].median: 33, but it must be 1 to 31, odd\n");
	expect("    filters: [offset: {humidity: -100.1}]\n",
	       "6:34 sensors[0].filters[0].offset.humidity: -100.1, but it must be -100 "
	       "to 100, with three decimals at most\n");
	expect("    filters: [delta: {humidity: 0}]\n",
	       "6:33 sensors[0].filters[0].delta.humidity: 0, but it must be 0.001 to "
	       "100, with three decimals at most\n");
	expect("    filters: [delta: {humidity: 1, temperature: warm}]\n",
	       "6:49 sensors[0].filters[0].delta.temperature: warm, but it must be a "
	       "number, as 0.1\n");
	expect("    filters: [delta: {humidity: 1}, heartbeat: 5]\n",
	       "6:48 sensors[0].filters[1].heartbeat: 5 has no unit: write 30s (units: "
	       "ms, s, m, h, d)\n");
	expect("    derive: [dew_point, dew_point, ~]\n",
	       "6:25 sensors[0].derive[1]: dew_point is there twice\n"
	       "6:36 sensors[0].derive[2]: is empty\n");
}

static void filters_stand_in_the_order_in_which_they_work(void **state)
{
	(void)state;
	expect("    filters: [offset: {humidity: 1}, median: 3]\n", "");
	expect("    filters:\n      - delta: {humidity: 1}\n      - median: 3\n",
	       "8:9 sensors[0].filters[1]: median stands behind delta, but it must stand "
	       "before it: median and offset, then delta, then heartbeat\n");
	expect("    filters: [heartbeat: 5m, delta: {humidity: 1}]\n",
	       "6:30 sensors[0].filters[1]: delta stands behind heartbeat, but it must "
	       "stand before it: median and offset, then delta, then heartbeat\n");
	expect("    filters: [median: 3, heartbeat: 5m]\n",
	       "6:26 sensors[0].filters[1].heartbeat: needs delta before it: without one "
	       "each reading is posted\n");
	expect("    filters: [delta: {}]\n",
	       "6:22 sensors[0].filters[0].delta: names no quantity: write as in "
	       "{temperature: 0.1, humidity: 0.5}\n");
}

static void filters_fit_what_the_driver_measures(void **state)
{
	(void)state;
	expect_of(SENSOR("thermometer"), "    filters: [offset: {humidity: 1}]\n",
		  "6:34 sensors[0].filters[0].offset.humidity: a thermometer measures no "
		  "humidity\n");
	expect_of(SENSOR("thermometer"),
		  "    filters: [median: 3, delta: {temperature: 1, humidity: 1}]\n",
		  "6:60 sensors[0].filters[1].delta.humidity: a thermometer measures no "
		  "humidity\n");
	expect_of(SENSOR("thermometer"), "    derive: [dew_point]\n",
		  "6:13 sensors[0].derive: needs temperature and humidity, and a "
		  "thermometer does not measure both\n");
	expect_of(
		SENSOR("dht11"), "    filters: [offset: {temperature: 0.4}]\n",
		"warning 6:37 sensors[0].filters[0].offset.temperature: is lost: values "
		"of a dht11 have 0 decimals\n");
	expect("    filters: [offset: {temperature: 0.05}]\n", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters_reach_their_fields),
		cmocka_unit_test(none_at_all_is_right),
		cmocka_unit_test(a_misspelt_word_is_told_its_place_and_what_was_meant),
		cmocka_unit_test(a_filter_is_an_entry_of_its_own),
		cmocka_unit_test(values_have_their_limits),
		cmocka_unit_test(filters_stand_in_the_order_in_which_they_work),
		cmocka_unit_test(filters_fit_what_the_driver_measures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
