/* SPDX-License-Identifier: MIT */
/* The messages as text; what Home Assistant makes of them is tests/e2e's. */
#include "publish/discovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "publish/payload.h"
#include "unit/cmocka_test.h"

#define MACHINE "0123456789abcdef0123456789abcdef"

static char prefix[] = "ha", status_topic[] = "ha/status";
static char gateway[] = "greenhouse", base[] = "b", name[] = "Green \"House\"";
static char porch[] = "porch", attic[] = "attic-2";
static struct config_sensor sensors[] = {
	{ .id = porch, .name = porch, .stale_after_ms = 90000 },
	{ .id = attic, .name = name, .stale_after_ms = 1500 },
};
static const struct discovery_sensor facts[] = {
	{
		.driver = "dht22",
		.model = "DHT22",
		.values = { { .quantity = QUANTITY_TEMPERATURE, .digits = 1 },
			    { .quantity = QUANTITY_HUMIDITY, .digits = 0 } },
		.num_values = 2,
	},
	{
		.driver = "ds",
		.model = "DS",
		.values = { { .quantity = QUANTITY_TEMPERATURE, .digits = 2 } },
		.num_values = 1,
	},
};

static struct config example(void)
{
	return (struct config){
		.gateway = { .id = gateway, .name = name },
		.mqtt = { .topic = base, .qos = 1 },
		.homeassistant = { .is_enabled = true,
				   .prefix = prefix,
				   .status_topic = status_topic },
		.sensors = sensors,
		.num_sensors = 2,
	};
}

static struct discovery make(const struct config *config, const char *machine_id)
{
	struct discovery discovery = { .config = config,
				       .version = "1.2.3",
				       .sensors = facts };

	discovery_init(&discovery, machine_id);
	return discovery;
}

static char *document_after(const struct discovery *discovery, size_t device,
			    uint32_t announced)
{
	static char data[DISCOVERY_MAX_DOCUMENT];
	struct text text;

	text_init(&text, data, sizeof(data));
	discovery_document(&text, discovery, device, announced);
	assert_false(text.is_cut);
	return data;
}

static char *document_of(const struct discovery *discovery, size_t device)
{
	return document_after(discovery, device, 0);
}

static void assert_has(const char *document, const char *part)
{
	if (!strstr(document, part))
		fail_msg("no %s in %s", part, document);
}

static void a_node_is_the_machines_and_the_gateways_but_no_names(void **state)
{
	struct config config = example();
	struct discovery first = make(&config, MACHINE);
	char other[] = "other";

	(void)state;
	assert_int_equal(strlen(first.node), strlen("pin2mqtt_") + 16);
	assert_null(strstr(first.node, MACHINE));
	config.gateway.name = other;
	assert_string_equal(make(&config, MACHINE).node, first.node);
	assert_string_not_equal(make(&config, "1" MACHINE).node, first.node);
	config.gateway.id = other;
	assert_string_not_equal(make(&config, MACHINE).node, first.node);
}

static void a_host_name_is_in_a_node_only_where_nothing_else_is(void **state)
{
	struct config config = example(), renamed = example();
	char other[] = "other";

	(void)state;
	config.gateway.is_id_derived = renamed.gateway.is_id_derived = true;
	renamed.gateway.id = other;
	assert_string_equal(make(&config, MACHINE).node, make(&renamed, MACHINE).node);
	assert_string_not_equal(make(&config, "").node, make(&renamed, "").node);
}

static void each_device_has_a_topic_of_its_own(void **state)
{
	struct config config = example();
	struct discovery discovery = make(&config, MACHINE);
	char data[PAYLOAD_MAX_TOPIC], expected[PAYLOAD_MAX_TOPIC];
	struct text topic;

	(void)state;
	assert_int_equal(discovery_num_devices(&discovery), 3);
	text_init(&topic, data, sizeof(data));
	discovery_topic(&topic, &discovery, 0);
	snprintf(expected, sizeof(expected), "ha/device/%s/config", discovery.node);
	assert_string_equal(data, expected);
	text_init(&topic, data, sizeof(data));
	discovery_topic(&topic, &discovery, 2);
	snprintf(expected, sizeof(expected), "ha/device/%s_attic-2/config",
		 discovery.node);
	assert_string_equal(data, expected);
}

static void a_sensor_is_announced_with_what_it_measures(void **state)
{
	struct config config = example();
	struct discovery discovery = make(&config, MACHINE);
	const char *document = document_of(&discovery, 1);

	(void)state;
	assert_has(document,
		   "{\"origin\":{\"name\":\"pin2mqtt\",\"sw_version\":\"1.2.3\"}");
	assert_has(document, "_porch\"],\"name\":\"porch\",\"model\":\"DHT22\"");
	assert_has(document, "\"via_device\":\"pin2mqtt_");
	assert_has(document, "\"state_topic\":\"b/greenhouse/porch/state\"");
	assert_has(document, "\"availability\":[{\"topic\":\"b/greenhouse/status\"},"
			     "{\"topic\":\"b/greenhouse/porch/availability\"}],"
			     "\"availability_mode\":\"all\"");
	assert_has(document, "\"unit_of_measurement\":\"°C\","
			     "\"suggested_display_precision\":1,\"expire_after\":90,");
	assert_has(document, "\"unit_of_measurement\":\"%\","
			     "\"suggested_display_precision\":0,\"expire_after\":90,");
	document = document_of(&discovery, 2);
	assert_null(strstr(document, "\"humidity\""));
	assert_has(document, "\"name\":\"Green \\\"House\\\"\"");
	assert_has(document,
		   "\"default_entity_id\":\"sensor.greenhouse_attic_2_temperature\"");
	assert_has(document, "\"expire_after\":2,");
	assert_has(document, "value_json.sensors['attic-2']");
}

static void the_longest_document_fits(void **state)
{
	struct config config = example();
	struct config_sensor sensor = { .stale_after_ms = UINT32_MAX };
	char long_id[65], long_name[129], long_topic[257];
	struct discovery discovery;

	(void)state;
	memset(long_id, 'x', sizeof(long_id) - 1);
	memset(long_name, '"', sizeof(long_name) - 1);
	memset(long_topic, '"', sizeof(long_topic) - 1);
	long_id[64] = long_name[128] = long_topic[256] = '\0';
	sensor.id = config.gateway.id = long_id;
	sensor.name = config.gateway.name = long_name;
	config.mqtt.topic = long_topic;
	config.sensors = &sensor;
	config.num_sensors = 1;
	discovery = make(&config, MACHINE);

	struct discovery_sensor most = facts[0];

	for (most.num_values = 0; most.num_values < READING_MAX_VALUES; most.num_values++)
		most.values[most.num_values].quantity = QUANTITY_TEMPERATURE;
	discovery.sensors = &most;
	document_of(&discovery, 0);
	document_of(&discovery, 1);
}

static bool is_leftover(const struct discovery *discovery, const char *topic_id,
			const char *payload)
{
	char topic[PAYLOAD_MAX_TOPIC], id[DISCOVERY_MAX_SENSOR];
	/* Without its NUL, at the end of a heap block: there the sanitizer watches. */
	size_t num_bytes = strlen(payload);
	char *copy = malloc(num_bytes + 1);
	bool is;

	assert_non_null(copy);
	for (size_t i = 0; i < num_bytes; i++)
		copy[i + 1] = payload[i];
	snprintf(topic, sizeof(topic), "ha/device/%s%s/config", discovery->node,
		 topic_id);
	is = discovery_is_leftover(discovery, topic, copy + 1, num_bytes, id);
	free(copy);
	return is;
}

static void only_what_we_announced_is_a_leftover(void **state)
{
	struct config before = example(), now = example();
	struct discovery then = make(&before, MACHINE), discovery;
	char *document, id[DISCOVERY_MAX_SENSOR], topic[PAYLOAD_MAX_TOPIC];

	(void)state;
	now.num_sensors = 1;
	discovery = make(&now, MACHINE);
	document = document_of(&then, 2);
	snprintf(topic, sizeof(topic), "ha/device/%s_attic-2/config", then.node);
	assert_true(
		discovery_is_leftover(&discovery, topic, document, strlen(document), id));
	assert_string_equal(id, "attic-2");
	/* Still configured, another's topic, another's payload, a piece, nothing. */
	assert_false(is_leftover(&then, "_attic-2", document));
	assert_false(is_leftover(&discovery, "_attic-3", document));
	assert_false(is_leftover(&discovery, "", document));
	assert_false(is_leftover(&discovery, "_", document));
	assert_false(is_leftover(&discovery, "_attic-2/x", document));
	assert_false(is_leftover(&discovery, "_attic-2", ""));
	assert_false(is_leftover(&discovery, "_attic-2", "{"));
	assert_false(
		is_leftover(&discovery, "_attic-2", "{\"origin\":{\"name\":\"z2m\"}}"));
	document[40] = '\0';
	assert_false(is_leftover(&discovery, "_attic-2", document));
	document = document_of(&then, 2);
	assert_false(discovery_is_leftover(&discovery, "ha/device/z2m_attic-2/config",
					   document, strlen(document), id));
	discovery = make(&now, "1" MACHINE);
	assert_false(
		discovery_is_leftover(&discovery, topic, document, strlen(document), id));
}

static void a_button_that_leaves_is_named_once_more(void **state)
{
	static const char gone[] = "\"read\":{\"platform\":\"button\"}";
	struct config config = example();
	struct config_sensor powered[] = { sensors[0], sensors[1] };
	struct discovery discovery = make(&config, MACHINE);
	char *document;

	(void)state;
	config.sensors = powered;
	powered[0].power_pin = name;
	assert_int_equal(discovery_parts(&discovery, 1), 0);
	assert_null(strstr(document_of(&discovery, 1), "button"));
	config.mqtt.takes_requests = true;
	assert_int_equal(discovery_parts(&discovery, 0), 0);
	assert_int_equal(discovery_parts(&discovery, 1),
			 DISCOVERY_READ | DISCOVERY_POWER_CYCLE);
	assert_int_equal(discovery_parts(&discovery, 2), DISCOVERY_READ);
	document = document_after(&discovery, 1, DISCOVERY_READ);
	assert_has(document, "\"payload_press\"");
	assert_null(strstr(document, gone));
	document = document_after(&discovery, 2, DISCOVERY_READ | DISCOVERY_POWER_CYCLE);
	assert_has(document, "\"power_cycle\":{\"platform\":\"button\"}");
	config.mqtt.takes_requests = false;
	document = document_after(&discovery, 1, DISCOVERY_READ);
	assert_has(document, gone);
	assert_null(strstr(document, "power_cycle"));
	assert_null(strstr(document, "payload_press"));
}

static void derived_values_are_entities_and_named_once_more_when_they_leave(void **state)
{
	struct config config = example();
	struct config_sensor derived[] = { sensors[0], sensors[1] };
	struct discovery discovery = make(&config, MACHINE);
	struct discovery_sensor four = facts[0];
	char *document;

	(void)state;
	config.sensors = derived;
	discovery.sensors = &four;
	derived[0].derived = 3;
	four.values[four.num_values++] =
		(struct value){ .quantity = QUANTITY_DEW_POINT, .digits = 1 };
	four.values[four.num_values++] =
		(struct value){ .quantity = QUANTITY_ABSOLUTE_HUMIDITY, .digits = 2 };
	assert_int_equal(discovery_parts(&discovery, 1),
			 DISCOVERY_DERIVED | DISCOVERY_DERIVED << 1);
	document = document_after(&discovery, 1, DISCOVERY_DERIVED);
	assert_has(document, "_dew-point\",\"default_entity_id\":"
			     "\"sensor.greenhouse_porch_dew_point\","
			     "\"device_class\":\"temperature\"");
	assert_has(document, "\"name\":\"Dew point\"");
	assert_has(document, "\"device_class\":\"absolute_humidity\"");
	assert_has(document, "\"unit_of_measurement\":\"g/m³\"");
	assert_has(document, "{{ value_json.dew_point | default(None) }}");
	assert_null(strstr(document, "{\"platform\":\"sensor\"}"));
	derived[0].derived = 2;
	four.num_values = 2;
	document = document_after(&discovery, 1, DISCOVERY_DERIVED | DISCOVERY_READ);
	assert_has(document, ",\"dew_point\":{\"platform\":\"sensor\"}");
	assert_null(strstr(document, "\"absolute_humidity\":{\"platform\":\"sensor\"}"));
	assert_has(document, "\"read\":{\"platform\":\"button\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_is_the_machines_and_the_gateways_but_no_names),
		cmocka_unit_test(a_host_name_is_in_a_node_only_where_nothing_else_is),
		cmocka_unit_test(each_device_has_a_topic_of_its_own),
		cmocka_unit_test(a_sensor_is_announced_with_what_it_measures),
		cmocka_unit_test(
			derived_values_are_entities_and_named_once_more_when_they_leave),
		cmocka_unit_test(a_button_that_leaves_is_named_once_more),
		cmocka_unit_test(the_longest_document_fits),
		cmocka_unit_test(only_what_we_announced_is_a_leftover),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
