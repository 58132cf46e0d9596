/* SPDX-License-Identifier: MIT */
#include "config/compare.h"

#include <stdlib.h>
#include <string.h>

#include "unit/cmocka_test.h"
#include "unit/config_test.h"

#define HEAD "gateway: {id: g}\nmqtt: {servers: [mqtt://a]"

/* What compare_configs() says of two files; NULL: they are the same. */
static const char *compare(const char *before, const char *after)
{
	static char data[512];
	struct fixture a, b;
	struct text changed;

	assert_int_equal(fixture_parse(&a, "p.yaml", before), 0);
	assert_int_equal(fixture_parse(&b, "p.yaml", after), 0);
	text_init(&changed, data, sizeof(data));

	bool has_changed = compare_configs(a.config, b.config, &changed);

	fixture_finish(&a);
	fixture_finish(&b);
	return has_changed ? data : NULL;
}

static void the_same_said_otherwise_is_no_change(void **state)
{
	(void)state;
	assert_null(compare(HEAD ", keepalive: 20s}\nsensors: [{id: s, driver: dht22, "
				 "pin: a/1, interval: 60s}]\n",
			    HEAD "}\nsensors:\n  - id: s\n    interval: 1m\n"
				 "    driver: dht22\n    pin: a/1\n"));
}

static void filters_are_compared_by_what_they_do(void **state)
{
#define SENSOR "}\nsensors: [{id: s, driver: dht22, pin: a/1, "

	(void)state;
	assert_null(compare(HEAD SENSOR "filters: [median: 3, offset: {humidity: 1}]}]\n",
			    HEAD SENSOR
			    "filters: [offset: {humidity: 1.0}, median: 3]}]\n"));
	assert_string_equal(compare(HEAD SENSOR "filters: [median: 3]}]\n",
				    HEAD SENSOR "filters: [median: 5]}]\n"),
			    "s (filters)");
	assert_string_equal(compare(HEAD SENSOR "filters: [delta: {humidity: 1}], "
						"derive: [dew_point]}]\n",
				    HEAD SENSOR "filters: [delta: {temperature: 1}]}]\n"),
			    "s (filters, derive)");
#undef SENSOR
}

static void keys_are_named_and_secrets_not_shown(void **state)
{
	(void)state;
	assert_string_equal(
		compare(HEAD ", username: u, password: old}\n",
			HEAD ", username: u, password: new, keepalive: 30s, qos: 0, "
			     "retain: false, topic: t}\n"
			     "store: {max_size: 2MiB}\n"),
		"mqtt.password, mqtt.topic, mqtt.qos, mqtt.retain, "
		"mqtt.keepalive, store.max_size");
	assert_string_equal(compare("gateway: {id: g}\nmqtt: {servers: [mqtt://a]}\n",
				    "gateway: {id: g}\n"
				    "mqtt: {servers: [mqtt://a, mqtt://b]}\n"),
			    "mqtt.servers");
}

static void sensors_are_told_apart_by_their_id(void **state)
{
	(void)state;
	assert_string_equal(
		compare(HEAD "}\nsensors:\n"
			     "  - {id: porch, driver: dht22, pin: a/1}\n"
			     "  - {id: attic, driver: dht22, pin: a/2}\n"
			     "  - {id: bench, driver: dht22, pin: a/3}\n",
			HEAD "}\nsensors:\n"
			     "  - {id: bench, driver: dht22, pin: a/4, interval: 1m}\n"
			     "  - {id: loft, driver: dht22, pin: a/2}\n"
			     "  - {id: porch, driver: dht22, pin: a/1}\n"),
		"bench (pin, interval, stale_after), +loft, -attic");
}

static void a_name_that_moved_to_another_pin_moves_its_sensor(void **state)
{
	(void)state;
	assert_string_equal(compare(HEAD "}\npins: {loft: a/1}\n"
					 "sensors: [{id: s, driver: dht22, pin: loft}]\n",
				    HEAD
				    "}\npins: {loft: a/2}\n"
				    "sensors: [{id: s, driver: dht22, pin: loft}]\n"),
			    "s (pin)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_said_otherwise_is_no_change),
		cmocka_unit_test(filters_are_compared_by_what_they_do),
		cmocka_unit_test(keys_are_named_and_secrets_not_shown),
		cmocka_unit_test(sensors_are_told_apart_by_their_id),
		cmocka_unit_test(a_name_that_moved_to_another_pin_moves_its_sensor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
