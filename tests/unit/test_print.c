/* SPDX-License-Identifier: MIT */
#include "config/print.h"

#include <stdlib.h>
#include <string.h>

#include "unit/cmocka_test.h"
#include "unit/config_test.h"

static void all_defaults_are_printed(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(
		fixture_parse(&f, "p.yaml",
			      "gateway: {id: g}\n"
			      "mqtt: {servers: [mqtt://a], password: x, username: u}\n"
			      "pins: {loft: 'gpiochip2/1'}\n"
			      "sensors: [{id: s, driver: dht22, pin: loft}]\n"),
		0);

	char *printed = fixture_print(&f);

	assert_string_equal(printed, "gateway:\n"
				     "  id: g\n"
				     "  name: g\n"
				     "mqtt:\n"
				     "  servers:\n"
				     "    - mqtt://a\n"
				     "  version: auto\n"
				     "  client_id: pin2mqtt-g\n"
				     "  username: u\n"
				     "  password: \"***\"\n"
				     "  tls:\n"
				     "    verify: true\n"
				     "  topic: pin2mqtt\n"
				     "  qos: 1\n"
				     "  retain: auto\n"
				     "  keepalive: 20s\n"
				     "  requests: false\n"
				     "homeassistant:\n"
				     "  enabled: true\n"
				     "  prefix: homeassistant\n"
				     "  status_topic: homeassistant/status\n"
				     "store:\n"
				     "  path: \"/var/lib/pin2mqtt/state.db\"\n"
				     "  durability: outage\n"
				     "  max_size: 64MiB\n"
				     "  max_age: 7d\n"
				     "  flush_interval: 5s\n"
				     "  history: 7d\n"
				     "  history_size: 16MiB\n"
				     "http:\n"
				     "  hosts: []\n"
				     "pins:\n"
				     "  loft: gpiochip2/1\n"
				     "sensors:\n"
				     "  - id: s\n"
				     "    name: s\n"
				     "    driver: dht22\n"
				     "    pin: loft\n"
				     "    interval: 30s\n"
				     "    stale_after: 90s\n"
				     "    retries: 12\n"
				     "    double_read: false\n"
				     "    edges: falling\n"
				     "    decode: repair\n"
				     "    bias: as_is\n"
				     "    filters: []\n"
				     "    derive: []\n");
	free(printed);
	fixture_finish(&f);
}

static void filters_are_printed_in_the_order_in_which_they_work(void **state)
{
	static const char wanted[] = "    filters:\n"
				     "      - median: 5\n"
				     "      - offset:\n"
				     "          temperature: -0.4\n"
				     "          humidity: 1.25\n"
				     "      - delta:\n"
				     "          humidity: 0.5\n"
				     "      - heartbeat: 5m\n"
				     "    derive: [dew_point, absolute_humidity]\n";
	struct fixture f, again;

	(void)state;
	assert_int_equal(
		fixture_parse(&f, "p.yaml",
			      "mqtt: {servers: [mqtt://a]}\n"
			      "sensors:\n"
			      "  - {id: s, driver: dht22, pin: a/1, filters: "
			      "[offset: {humidity: +1.25, temperature: -0.40}, "
			      "median: 5, delta: {humidity: 0.5}, heartbeat: 300s],\n"
			      "     derive: [absolute_humidity, dew_point]}\n"),
		0);

	char *printed = fixture_print(&f);

	assert_non_null(strstr(printed, wanted));
	assert_int_equal(fixture_parse(&again, "p.yaml", printed), 0);
	assert_memory_equal(&again.config->sensors[0].filters,
			    &f.config->sensors[0].filters,
			    sizeof(f.config->sensors[0].filters));
	assert_int_equal(again.config->sensors[0].derived, 3);
	free(printed);
	fixture_finish(&f);
	fixture_finish(&again);
}

/* A name for people that is hard to write. */
static void check_name(const char *name)
{
	struct fixture first, second;
	char yaml[512];
	char *printed, *again;

	setenv("P2M_NAME", name, 1);
	strcpy(yaml, "gateway: {id: 'on', name: \"${P2M_NAME}\"}\n"
		     "mqtt: {servers: [mqtt://a], retain: no, keepalive: 90s}\n"
		     "sensors: []\n");
	assert_int_equal(fixture_parse(&first, "p.yaml", yaml), 0);
	assert_string_equal(first.config->gateway.name, name);
	printed = fixture_print(&first);
	assert_int_equal(fixture_parse(&second, "p.yaml", printed), 0);
	assert_string_equal(second.config->gateway.name, name);
	assert_string_equal(second.config->gateway.id, "on");
	assert_int_equal(second.config->mqtt.retain, CONFIG_RETAIN_NO);
	again = fixture_print(&second);
	assert_string_equal(again, printed);
	free(printed);
	free(again);
	fixture_finish(&first);
	fixture_finish(&second);
}

static void what_is_printed_loads_again(void **state)
{
	static const char *const hard[] = {
		"a: b",    "a # b",    "- a",
		"'a'",     "\"a\"",    "a\\b",
		"*a",      "&a",       "!a",
		"null",    "~",        "No",
		"1",       "0x1f",     " a ",
		"a:",      "[a]",      "{a}",
		"${HOME}", "$${HOME}", "%a",
		"@a",      "a,b",      "K\303\274che",
		"=",       "<<",       "? a",
		"|",       "> a",      "---",
		"...",     "a  b",     "\xf0\x9f\x8c\xa1",
		"it's",    "$",
	};

	(void)state;
	for (size_t i = 0; i < array_length(hard); i++)
		check_name(hard[i]);
}

static void what_stands_for_a_secret_loads_in_its_place(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(
		fixture_parse(&f, "p.yaml",
			      "gateway: {id: g}\n"
			      "mqtt: {servers: [\"mqtt://***\"], username: \"***\", "
			      "password: \"***\", client_id: \"***\"}\n"),
		0);
	fixture_finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_defaults_are_printed),
		cmocka_unit_test(filters_are_printed_in_the_order_in_which_they_work),
		cmocka_unit_test(what_is_printed_loads_again),
		cmocka_unit_test(what_stands_for_a_secret_loads_in_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
