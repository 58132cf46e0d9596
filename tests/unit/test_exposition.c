/* SPDX-License-Identifier: MIT */
#include "metrics/exposition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/cmocka_test.h"
#include "unit/metrics_test.h"

enum { MAX_BYTES = 64 << 10 };

static char data[MAX_BYTES];

static void expose(const struct test_gateway *gateway, enum exposition_format format)
{
	struct text text;

	text_init(&text, data, sizeof(data));
	exposition_write(&text, &gateway->snapshot, format);
	assert_false(text.is_cut);
}

static void assert_has(const char *line)
{
	if (!strstr(data, line))
		fail_msg("%s is not in\n%s", line, data);
}

static void assert_lacks(const char *part)
{
	if (strstr(data, part))
		fail_msg("%s is in\n%s", part, data);
}

static void values_are_in_base_units(void **state)
{
	struct test_gateway gateway;

	(void)state;
	test_gateway_init(&gateway);
	expose(&gateway, EXPOSITION_PROMETHEUS);
	assert_has("\npin2mqtt_sensor_temperature_celsius{sensor=\"porch\"} -0.400\n");
	assert_has("\npin2mqtt_sensor_relative_humidity_ratio{sensor=\"porch\"} "
		   "0.48250\n");
	assert_has("\npin2mqtt_sensor_last_success_timestamp_seconds{sensor=\"porch\"} "
		   "1795327190.123\n");
	assert_has("\npin2mqtt_sensor_signal_margin_ratio{sensor=\"porch\"} 0.89\n");
	assert_has("\npin2mqtt_sensor_interval_seconds{sensor=\"attic\"} 2.500\n");
	assert_has("\npin2mqtt_sensor_edges_total{sensor=\"porch\",trouble=\"lost\"} "
		   "3\n");
}

static void what_delta_holds_back_is_counted_beside_what_is_posted(void **state)
{
	struct test_gateway gateway;

	(void)state;
	test_gateway_init(&gateway);
	gateway.sensors[1].holds_back = true;
	gateway.sensors[1].posted = 3;
	gateway.sensors[1].held_back = 40;
	expose(&gateway, EXPOSITION_PROMETHEUS);
	assert_has("\npin2mqtt_sensor_readings_total{sensor=\"attic\",result=\"posted\"} "
		   "3\n");
	assert_has("\npin2mqtt_sensor_readings_total{sensor=\"attic\",result=\"held_back"
		   "\"} 40\n");
	assert_lacks("_readings_total{sensor=\"porch\"");
}

static void derived_values_have_metrics_where_they_are(void **state)
{
	struct test_gateway gateway;

	(void)state;
	test_gateway_init(&gateway);
	expose(&gateway, EXPOSITION_PROMETHEUS);
	assert_lacks("dew_point_celsius{");
	reading_add(&gateway.sensors[0].reading, QUANTITY_DEW_POINT, -9400, 1);
	reading_add(&gateway.sensors[0].reading, QUANTITY_ABSOLUTE_HUMIDITY, 2250, 2);
	expose(&gateway, EXPOSITION_PROMETHEUS);
	assert_has("\npin2mqtt_sensor_dew_point_celsius{sensor=\"porch\"} -9.400\n");
	assert_has("\npin2mqtt_sensor_absolute_humidity_grams_per_cubic_metre{sensor="
		   "\"porch\"} 2.250\n");
}

static void values_vanish_when_stale_and_the_last_success_stays(void **state)
{
	struct test_gateway gateway;

	(void)state;
	test_gateway_init(&gateway);
	gateway.sensors[0].is_up = false;
	expose(&gateway, EXPOSITION_PROMETHEUS);
	assert_lacks("_celsius{sensor=\"porch\"");
	assert_lacks("_ratio{sensor=\"porch\"} 0.48");
	assert_has("\npin2mqtt_sensor_up{sensor=\"porch\"} 0\n");
	assert_has("\npin2mqtt_sensor_last_success_timestamp_seconds{sensor=\"porch\"} "
		   "1795327190.123\n");
}

static void what_never_was_is_not_zero(void **state)
{
	struct test_gateway gateway;

	(void)state;
	test_gateway_init(&gateway);
	expose(&gateway, EXPOSITION_PROMETHEUS);
	assert_lacks("_success_timestamp_seconds{sensor=\"attic\"");
	assert_lacks("margin_ratio{sensor=\"attic\"");
	assert_lacks("\npin2mqtt_store_oldest_timestamp_seconds ");
}

static void the_store_and_the_configuration_are_told_of(void **state)
{
	struct test_gateway gateway;

	(void)state;
	test_gateway_init(&gateway);
	gateway.snapshot.store.num_too_many = 3;
	gateway.snapshot.store.num_too_old = 2;
	gateway.snapshot.store.num_damaged = 1;
	gateway.snapshot.store.file_bytes = 45056;
	gateway.snapshot.store.written_bytes = UINT64_C(5000000000);
	gateway.snapshot.store.num_syncs = 17;
	gateway.snapshot.store.oldest_wall_ms = 1795327190123;
	gateway.snapshot.config.wall_ms = 1795327200007;
	expose(&gateway, EXPOSITION_PROMETHEUS);
	assert_has("\npin2mqtt_store_dropped_records_total{reason=\"size\"} 3\n");
	assert_has("\npin2mqtt_store_dropped_records_total{reason=\"age\"} 2\n");
	assert_has("\npin2mqtt_store_dropped_records_total{reason=\"damage\"} 1\n");
	assert_has("\npin2mqtt_store_bytes 45056\n");
	assert_has("\npin2mqtt_store_written_bytes_total 5000000000\n");
	assert_has("\npin2mqtt_store_fsyncs_total 17\n");
	assert_has("\npin2mqtt_store_oldest_timestamp_seconds 1795327190.123\n");
	assert_has("\npin2mqtt_config_reload_success 1\n");
	assert_has("\npin2mqtt_config_reload_timestamp_seconds 1795327200.007\n");
	gateway.snapshot.config.is_refused = true;
	expose(&gateway, EXPOSITION_PROMETHEUS);
	assert_has("\npin2mqtt_config_reload_success 0\n");
}

static void attempts_have_a_result_and_a_reason(void **state)
{
	struct test_gateway gateway;

	(void)state;
	test_gateway_init(&gateway);
	expose(&gateway, EXPOSITION_PROMETHEUS);
	assert_has("\npin2mqtt_sensor_reads_total{sensor=\"porch\",result=\"success\","
		   "reason=\"clean\"} 7\n");
	assert_has("\npin2mqtt_sensor_reads_total{sensor=\"porch\",result=\"failure\","
		   "reason=\"bad_checksum\"} 1\n");
	assert_has("\npin2mqtt_sensor_reads_total{sensor=\"attic\",result=\"failure\","
		   "reason=\"no_response\"} 5\n");
}

static void histograms_add_up(void **state)
{
	static const char name[] = "\npin2mqtt_sensor_read_duration_seconds";
	struct test_gateway gateway;
	char line[128];

	(void)state;
	test_gateway_init(&gateway);
	expose(&gateway, EXPOSITION_PROMETHEUS);
	snprintf(line, sizeof(line), "%s_bucket{sensor=\"porch\",le=\"0.0005\"} 1\n",
		 name);
	assert_has(line);
	snprintf(line, sizeof(line), "%s_bucket{sensor=\"porch\",le=\"0.05\"} 3\n", name);
	assert_has(line);
	snprintf(line, sizeof(line), "%s_bucket{sensor=\"porch\",le=\"+Inf\"} 3\n", name);
	assert_has(line);
	snprintf(line, sizeof(line), "%s_sum{sensor=\"porch\"} 0.0512\n", name);
	assert_has(line);
	snprintf(line, sizeof(line), "%s_count{sensor=\"porch\"} 3\n", name);
	assert_has(line);
}

static void labels_are_escaped(void **state)
{
	struct test_gateway gateway;

	(void)state;
	test_gateway_init(&gateway);
	gateway.sensors[1].name = "a\\b\xff";
	expose(&gateway, EXPOSITION_PROMETHEUS);
	assert_has("name=\"Porch \\\"1\\\"\\n\"");
	assert_has("name=\"a\\\\b\xef\xbf\xbd\"");
}

static void openmetrics_ends_and_names_families_without_suffix(void **state)
{
	struct test_gateway gateway;
	size_t length;

	(void)state;
	test_gateway_init(&gateway);
	expose(&gateway, EXPOSITION_OPENMETRICS);
	length = strlen(data);
	assert_string_equal(data + length - 6, "# EOF\n");
	assert_has("\n# TYPE pin2mqtt_sensor_reads counter\n");
	assert_has("\npin2mqtt_sensor_reads_total{");
	assert_has("# TYPE pin2mqtt_build info\n");
	assert_has("\n# UNIT pin2mqtt_sensor_temperature_celsius celsius\n");
	expose(&gateway, EXPOSITION_PROMETHEUS);
	assert_has("\n# TYPE pin2mqtt_sensor_reads_total counter\n");
	assert_has("# TYPE pin2mqtt_build_info gauge\n");
	assert_lacks("# EOF");
	assert_lacks("# UNIT");
}

/* Each line of samples belongs to the family above it, and no family comes twice. */
static void families_are_whole(void **state)
{
	struct test_gateway gateway;
	char family[128] = "", seen_data[MAX_BYTES];
	struct text seen;

	(void)state;
	test_gateway_init(&gateway);
	expose(&gateway, EXPOSITION_PROMETHEUS);
	text_init(&seen, seen_data, sizeof(seen_data));
	for (char *line = strtok(data, "\n"); line; line = strtok(NULL, "\n")) {
		if (sscanf(line, "# HELP %127s", family) == 1) {
			char marked[132];

			snprintf(marked, sizeof(marked), " %s ", family);
			assert_null(strstr(seen_data, marked));
			text_add(&seen, "%s", marked);
		} else if (line[0] != '#') {
			assert_memory_equal(line, family, strlen(family));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_in_base_units),
		cmocka_unit_test(what_delta_holds_back_is_counted_beside_what_is_posted),
		cmocka_unit_test(derived_values_have_metrics_where_they_are),
		cmocka_unit_test(values_vanish_when_stale_and_the_last_success_stays),
		cmocka_unit_test(what_never_was_is_not_zero),
		cmocka_unit_test(the_store_and_the_configuration_are_told_of),
		cmocka_unit_test(attempts_have_a_result_and_a_reason),
		cmocka_unit_test(histograms_add_up),
		cmocka_unit_test(labels_are_escaped),
		cmocka_unit_test(openmetrics_ends_and_names_families_without_suffix),
		cmocka_unit_test(families_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
