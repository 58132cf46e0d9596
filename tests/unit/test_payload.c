/* SPDX-License-Identifier: MIT */
#include "publish/payload.h"

#include <string.h>

#include "model/reading_json.h"
#include "unit/cmocka_test.h"

static char porch[] = "porch", attic[] = "attic";
static char gateway[] = "greenhouse", base[] = "home/pin2mqtt";
static struct config_sensor sensors[] = { { .id = porch }, { .id = attic } };
static const struct config config = {
	.gateway.id = gateway,
	.mqtt.topic = base,
	.sensors = sensors,
	.num_sensors = 2,
};

static struct reading example(void)
{
	struct reading reading = {
		.wall_ms = INT64_C(1795327200123),
		.seq = 4711,
		.sensor = 0,
	};

	reading_add(&reading, QUANTITY_TEMPERATURE, 21500, 1);
	reading_add(&reading, QUANTITY_HUMIDITY, 48200, 1);
	return reading;
}

static void topics_are_base_gateway_sensor_leaf(void **state)
{
	char data[PAYLOAD_MAX_TOPIC];
	struct text text;

	(void)state;
	text_init(&text, data, sizeof(data));
	payload_gateway_topic(&text, &config, "status");
	assert_string_equal(data, "home/pin2mqtt/greenhouse/status");
	text_init(&text, data, sizeof(data));
	payload_sensor_topic(&text, &config, 1, "state");
	assert_string_equal(data, "home/pin2mqtt/greenhouse/attic/state");
}

static void a_state_is_time_number_and_values(void **state)
{
	struct reading reading = example();
	char data[PAYLOAD_MAX_READING];
	struct text text;

	(void)state;
	text_init(&text, data, sizeof(data));
	payload_state(&text, &reading);
	assert_string_equal(data, "{\"ts\":\"2026-11-22T06:00:00.123Z\",\"seq\":4711,"
				  "\"temperature\":21.5,\"humidity\":48.2}");
}

static void a_reading_names_its_sensor_first(void **state)
{
	struct reading reading = example();
	char data[PAYLOAD_MAX_READING];
	struct text text;

	(void)state;
	text_init(&text, data, sizeof(data));
	payload_reading(&text, "attic", &reading, false);
	assert_string_equal(data, "{\"sensor\":\"attic\","
				  "\"ts\":\"2026-11-22T06:00:00.123Z\",\"seq\":4711,"
				  "\"temperature\":21.5,\"humidity\":48.2}");
}

static void what_is_doubtful_is_marked(void **state)
{
	struct reading reading = example();
	char data[PAYLOAD_MAX_READING];
	struct text text;

	(void)state;
	reading.flags = READING_REPAIRED | READING_CLOCK_UNSYNCED;
	text_init(&text, data, sizeof(data));
	payload_state(&text, &reading);
	assert_string_equal(data, "{\"ts\":\"2026-11-22T06:00:00.123Z\",\"seq\":4711,"
				  "\"temperature\":21.5,\"humidity\":48.2,"
				  "\"repaired\":true,\"clock\":\"unsynced\"}");
	text_init(&text, data, sizeof(data));
	reading.flags = 0;
	payload_reading(&text, "porch", &reading, true);
	assert_string_equal(data, "{\"sensor\":\"porch\","
				  "\"ts\":\"2026-11-22T06:00:00.123Z\",\"seq\":4711,"
				  "\"temperature\":21.5,\"humidity\":48.2,"
				  "\"replay\":true}");
}

static void values_keep_the_resolution_of_the_sensor(void **state)
{
	struct reading reading = { .seq = 1 };
	char data[PAYLOAD_MAX_READING];
	struct text text;

	(void)state;
	reading_add(&reading, QUANTITY_TEMPERATURE, -100, 1);
	reading_add(&reading, QUANTITY_HUMIDITY, 55000, 0);
	text_init(&text, data, sizeof(data));
	reading_json_values(&text, &reading);
	assert_string_equal(data, "\"temperature\":-0.1,\"humidity\":55");
}

static void the_longest_reading_fits(void **state)
{
	struct reading reading = {
		.wall_ms = INT64_MAX / 1000000,
		.seq = UINT64_MAX,
		.flags = READING_REPAIRED | READING_CLOCK_UNSYNCED,
	};
	char data[PAYLOAD_MAX_READING], id[64 + 1] = "";
	struct text text;

	(void)state;
	memset(id, 'i', sizeof(id) - 1);
	for (unsigned i = 0; i < READING_MAX_VALUES; i++)
		reading_add(&reading, QUANTITY_TEMPERATURE, INT32_MIN, 3);
	text_init(&text, data, sizeof(data));
	payload_reading(&text, id, &reading, true);
	assert_false(text.is_cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(topics_are_base_gateway_sensor_leaf),
		cmocka_unit_test(a_state_is_time_number_and_values),
		cmocka_unit_test(a_reading_names_its_sensor_first),
		cmocka_unit_test(what_is_doubtful_is_marked),
		cmocka_unit_test(values_keep_the_resolution_of_the_sensor),
		cmocka_unit_test(the_longest_reading_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
