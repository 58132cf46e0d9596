/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "unit/cmocka_test.h"
#include "unit/config_test.h"

#define MQTT "mqtt: {servers: [mqtt://broker.lan]}\n"
#define GOOD "gateway: {id: g}\n" MQTT "sensors: [{id: a, driver: dht22, pin: GPIO4}]\n"

static int parse(struct fixture *fixture, const char *yaml)
{
	return fixture_parse(fixture, "/nowhere/p.yaml", yaml);
}

/* What is told of a text, a line each. */
static void expect(const char *yaml, const char *wanted)
{
	struct fixture fixture;
	int result = parse(&fixture, yaml);
	char *told = fixture_told(&fixture);

	assert_string_equal(told, wanted);
	assert_int_equal(result, fixture.errors.num_errors > 0 ? -EINVAL : 0);
	assert_int_equal(fixture.config != NULL, result == 0);
	free(told);
	fixture_finish(&fixture);
}

static void a_small_file_gets_all_defaults(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(parse(&f, GOOD), 0);
	assert_int_equal(f.errors.num_items, 0);
	assert_string_equal(f.config->path, "/nowhere/p.yaml");
	assert_string_equal(f.config->gateway.id, "g");
	assert_string_equal(f.config->gateway.name, "g");
	assert_int_equal(f.config->mqtt.num_servers, 1);
	assert_string_equal(f.config->mqtt.servers[0], "mqtt://broker.lan");
	assert_int_equal(f.config->mqtt.version, CONFIG_MQTT_AUTO);
	assert_string_equal(f.config->mqtt.client_id, "pin2mqtt-g");
	assert_null(f.config->mqtt.username);
	assert_null(f.config->mqtt.password);
	assert_string_equal(f.config->mqtt.topic, "pin2mqtt");
	assert_int_equal(f.config->mqtt.qos, 1);
	assert_int_equal(f.config->mqtt.retain, CONFIG_RETAIN_AUTO);
	assert_int_equal(f.config->mqtt.keepalive_ms, 20000);
	assert_true(f.config->homeassistant.is_enabled);
	assert_string_equal(f.config->homeassistant.prefix, "homeassistant");
	assert_string_equal(f.config->homeassistant.status_topic, "homeassistant/status");
	assert_int_equal(f.config->store.max_bytes, 64 << 20);
	assert_int_equal(f.config->store.max_age_s, 604800);
	assert_int_equal(f.config->num_sensors, 1);

	const struct config_sensor *sensor = &f.config->sensors[0];

	assert_string_equal(sensor->name, "a");
	assert_string_equal(sensor->pin, "GPIO4");
	assert_int_equal(sensor->interval_ms, 30000);
	assert_int_equal(sensor->stale_after_ms, 90000);
	assert_int_equal(sensor->max_retries, 12);
	assert_int_equal(sensor->edges, CONFIG_EDGES_FALLING);
	assert_int_equal(sensor->decode, CONFIG_DECODE_REPAIR);
	assert_int_equal(sensor->bias, CONFIG_BIAS_AS_IS);
	fixture_finish(&f);
}

static void every_key_reaches_its_field(void **state)
{
	struct fixture f;
	static const char yaml[] =
		"gateway: {id: g, name: Green House}\n"
		"mqtt:\n"
		"  servers: [mqtt://a:1, 'mqtt://b:2']\n"
		"  version: 3.1.1\n"
		"  client_id: me\n"
		"  username: user\n"
		"  password: 0123\n"
		"  topic: a/b\n"
		"  qos: 0\n"
		"  retain: no\n"
		"  keepalive: 1m\n"
		"homeassistant: {enabled: off, prefix: ha/x}\n"
		"store: {path: a.db, durability: always, max_size: 2MiB, "
		"max_age: 1h, flush_interval: 2s}\n"
		"pins: {attic: gpiochip2/17}\n"
		"sensors:\n"
		"- id: a\n"
		"  name: Attic\n"
		"  driver: dht11\n"
		"  pin: attic\n"
		"  interval: 1500ms\n"
		"  stale_after: 5s\n"
		"  retries: 0\n"
		"  edges: both\n"
		"  decode: strict\n"
		"  bias: pull_up\n";

	(void)state;
	assert_int_equal(parse(&f, yaml), 0);
	assert_string_equal(f.config->gateway.name, "Green House");
	assert_int_equal(f.config->mqtt.num_servers, 2);
	assert_string_equal(f.config->mqtt.servers[1], "mqtt://b:2");
	assert_int_equal(f.config->mqtt.version, CONFIG_MQTT_3_1_1);
	assert_string_equal(f.config->mqtt.client_id, "me");
	assert_string_equal(f.config->mqtt.username, "user");
	assert_string_equal(f.config->mqtt.password, "0123");
	assert_string_equal(f.config->mqtt.topic, "a/b");
	assert_int_equal(f.config->mqtt.qos, 0);
	assert_int_equal(f.config->mqtt.retain, CONFIG_RETAIN_NO);
	assert_int_equal(f.config->mqtt.keepalive_ms, 60000);
	assert_false(f.config->homeassistant.is_enabled);
	assert_string_equal(f.config->homeassistant.prefix, "ha/x");
	assert_string_equal(f.config->store.path, "a.db");
	assert_int_equal(f.config->store.durability, CONFIG_ALWAYS);
	assert_int_equal(f.config->store.max_bytes, 2 << 20);
	assert_int_equal(f.config->store.max_age_s, 3600);
	assert_int_equal(f.config->store.flush_interval_ms, 2000);
	assert_int_equal(f.config->num_pins, 1);
	assert_string_equal(f.config->pins[0].name, "attic");

	const struct config_sensor *sensor = &f.config->sensors[0];

	assert_string_equal(sensor->name, "Attic");
	assert_string_equal(sensor->driver, "dht11");
	assert_string_equal(sensor->pin, "gpiochip2/17");
	assert_string_equal(sensor->pin_as_written, "attic");
	assert_int_equal(sensor->interval_ms, 1500);
	assert_int_equal(sensor->stale_after_ms, 5000);
	assert_int_equal(sensor->max_retries, 0);
	assert_int_equal(sensor->edges, CONFIG_EDGES_BOTH);
	assert_int_equal(sensor->decode, CONFIG_DECODE_STRICT);
	assert_int_equal(sensor->bias, CONFIG_BIAS_PULL_UP);
	fixture_finish(&f);
}

static void all_that_is_wrong_is_told_in_one_go(void **state)
{
	(void)state;
	expect("gateway: {id: Green House, nme: x}\n"
	       "keepalive: 3s\n"
	       "mqtt:\n"
	       "  servers: [tcp://broker.lan:8883]\n"
	       "  version: 4\n"
	       "  keepalive: 20\n"
	       "  keepalive: 30s\n"
	       "  qos: 2\n"
	       "  retain: flase\n"
	       "sensors:\n"
	       "- {id: a, driver: dht23, pin: GPIO4, intervall: 3s}\n"
	       "- id: a\n"
	       "  driver: dht22\n"
	       "  interval: 1s\n",
	       "1:15 gateway.id: Green House, but it must be made of a-z, 0-9, \"_\" and "
	       "\"-\"; did you mean green-house?\n"
	       "1:28 gateway.nme: no such key; did you mean name?\n"
	       "2:1 keepalive: no such key here; did you mean mqtt.keepalive?\n"
	       "4:13 mqtt.servers[0]: tcp://broker.lan:8883, but that scheme is not "
	       "supported; supported: mqtt, mqtts, ws, wss\n"
	       "5:12 mqtt.version: 4, but it must be auto, 5 or 3.1.1\n"
	       "6:14 mqtt.keepalive: 20 has no unit: write 30s (units: ms, s, m, h, d)\n"
	       "7:3 mqtt.keepalive: is there twice; the other one is in line 6\n"
	       "8:8 mqtt.qos: 2, but it must be 0 or 1\n"
	       "9:11 mqtt.retain: flase, but it must be auto, true or false; did you "
	       "mean "
	       "false?\n"
	       "11:19 sensors[0].driver: dht23 is no driver; did you mean dht22? (there "
	       "are: dht11, dht22)\n"
	       "11:38 sensors[0].intervall: no such key; did you mean interval?\n"
	       "12:3 sensors[1].pin: is missing; for example: pin: GPIO4\n"
	       "12:7 sensors[1].id: a is the id of sensors[0] in line 11, too\n"
	       "14:13 sensors[1].interval: 1s, but a dht22 needs at least 2s\n");
}

static void kinds_of_values_are_told_apart(void **state)
{
	(void)state;
	expect("gateway: greenhouse\n"
	       "mqtt: {servers: mqtt://a, topic: [a], qos: {a: b}}\n"
	       "pins: [a]\n"
	       "sensors: {a: b}\n",
	       "1:10 gateway: is a single value, but it must be a section (lines KEY: "
	       "VALUE)\n"
	       "2:17 mqtt.servers: is a single value, but it must be a list (as in [a, "
	       "b], or "
	       "lines that begin with \"- \")\n"
	       "2:34 mqtt.topic: is a list, but it must be a single value\n"
	       "2:44 mqtt.qos: is a section, but it must be a single value\n"
	       "3:7 pins: is a list, but it must be a section (lines KEY: VALUE)\n"
	       "4:10 sensors: is a section, but it must be a list (as in [a, b], or "
	       "lines "
	       "that begin with \"- \")\n");
	expect("- a\n", "1:1 : is a list, but it must be a section (lines KEY: VALUE)\n");
	expect("hello\n",
	       "1:1 : is a single value, but it must be a section (lines KEY: VALUE)\n");
}

static void numbers_and_quantities_keep_their_limits(void **state)
{
	(void)state;
	expect("gateway: {id: g}\n"
	       "mqtt: {servers: [mqtt://a], qos: -1, keepalive: 4s}\n"
	       "store: {max_size: 64, max_age: 30d12x}\n"
	       "sensors:\n"
	       "- {id: a, driver: dht22, pin: a, retries: 21, interval: 25h}\n"
	       "- {id: b, driver: dht22, pin: b, retries: 010, stale_after: 2500ms}\n"
	       "- {id: c, driver: dht22, pin: c, retries: 1.0, stale_after: 29s}\n"
	       "- {id: d, driver: dht22, pin: d, retries: 99999999999999999999999}\n",
	       "2:34 mqtt.qos: -1, but it must be a whole number\n"
	       "2:49 mqtt.keepalive: 4s, but it must be 5s to 18h\n"
	       "3:19 store.max_size: 64 has no unit: write 64MiB (units: B, KiB, MiB, "
	       "GiB, "
	       "kB, MB, GB)\n"
	       "3:32 store.max_age: 30d12x is no duration: write 30s (units: ms, s, m, "
	       "h, "
	       "d)\n"
	       "5:43 sensors[0].retries: 21, but it must be 0 to 20\n"
	       "5:57 sensors[0].interval: 25h, but it must be 500ms to 1d\n"
	       "6:43 sensors[1].retries: 010 begins with 0: write it without\n"
	       "6:61 sensors[1].stale_after: 2500ms, but it must be whole seconds\n"
	       "7:43 sensors[2].retries: 1.0, but it must be a whole number\n"
	       "7:61 sensors[2].stale_after: 29s, but the interval is 30s: it would be "
	       "offline between readings\n"
	       "8:43 sensors[3].retries: 99999999999999999999999, but it must be 0 to "
	       "20\n");
}

static void yaml_words_are_booleans_only_where_one_is_wanted(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(parse(&f,
			       "gateway: {id: on, name: No}\n"
			       "mqtt: {servers: [mqtt://a], retain: On, username: y}\n"
			       "sensors: [{id: off, driver: dht22, pin: 4}]\n"),
			 0);
	assert_string_equal(f.config->gateway.id, "on");
	assert_string_equal(f.config->gateway.name, "No");
	assert_string_equal(f.config->mqtt.username, "y");
	assert_int_equal(f.config->mqtt.retain, CONFIG_RETAIN_YES);
	assert_string_equal(f.config->sensors[0].id, "off");
	assert_string_equal(f.config->sensors[0].pin, "4");
	fixture_finish(&f);
	expect(MQTT "gateway: {id: g}\nsensors: []\n",
	       "warning 3:10 sensors: there are none: nothing will be read\n");
	/* In quotes it is a text, and only the words of the choice are texts of it. */
	expect("gateway: {id: g}\nmqtt: {servers: [mqtt://a], retain: \"yes\"}\n"
	       "sensors: [{id: a, driver: dht22, pin: 4}]\n",
	       "2:37 mqtt.retain: yes, but it must be auto, true or false\n");
	expect("gateway: {id: g}\nmqtt: {servers: [mqtt://a]}\n"
	       "homeassistant: {enabled: \"yes\"}\n"
	       "sensors: [{id: a, driver: dht22, pin: 4}]\n",
	       "3:26 homeassistant.enabled: yes, but it must be true or false\n");
}

static void null_is_as_if_the_key_were_not_there(void **state)
{
	struct fixture f;

	(void)state;
	unsetenv("P2M_NONE");
	assert_int_equal(parse(&f, "gateway:\n"
				   "mqtt:\n"
				   "  servers: [mqtt://a]\n"
				   "  username: ${P2M_NONE:-}\n"
				   "  client_id: ~\n"
				   "  qos:\n"
				   "  topic: null\n"
				   "sensors:\n"
				   "- {id: a, driver: dht22, pin: 4, name: Null}\n"),
			 0);
	assert_null(f.config->mqtt.username);
	assert_int_equal(f.config->mqtt.qos, 1);
	assert_string_equal(f.config->mqtt.topic, "pin2mqtt");
	assert_string_equal(f.config->sensors[0].name, "a");
	assert_true(strncmp(f.config->mqtt.client_id, "pin2mqtt-", 9) == 0);
	fixture_finish(&f);
	expect("gateway: {id: g, name: \"\"}\nmqtt:\nsensors: [{id: ~, driver: dht22, "
	       "pin: "
	       "x}]\n",
	       "1:24 gateway.name: \"\" is empty, but it must not be\n"
	       "2:1 mqtt.servers: is missing; for example: servers: "
	       "[mqtt://broker.lan:1883]\n"
	       "3:11 sensors[0].id: is missing; for example: id: porch\n");
}

static void pins_have_one_sensor_and_one_name(void **state)
{
	(void)state;
	expect("gateway: {id: g}\n" MQTT "pins:\n"
	       "  attic: gpiochip2/17\n"
	       "  loft: attic\n"
	       "  a/b: x\n"
	       "  attic: GPIO2\n"
	       "sensors:\n"
	       "- {id: a, driver: dht22, pin: attic}\n"
	       "- {id: b, driver: dht22, pin: gpiochip2/17}\n"
	       "- {id: c, driver: dht22, pin: 'replay:x.vcd'}\n"
	       "- {id: d, driver: dht22, pin: 'replay:x.vcd'}\n",
	       "5:9 pins.loft: attic is a name in pins, too: give the pin itself, "
	       "gpiochip2/17\n"
	       "6:3 pins.a/b: a/b, but a name for a pin is made of letters, digits, "
	       "\"_\", "
	       "\"-\" and \".\"\n"
	       "7:3 pins.attic: is there twice; the other one is in line 4\n"
	       "10:31 sensors[1].pin: gpiochip2/17 is the pin of sensors[0] (a) in line "
	       "9, "
	       "too\n");
}

static void a_trigger_pin_is_a_pin_of_its_own(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(parse(&f, "gateway: {id: g}\n" MQTT "pins: {second: GPIO27}\n"
				   "sensors: [{id: a, driver: dht22, pin: GPIO4, "
				   "trigger_pin: second}]\n"),
			 0);
	assert_string_equal(f.config->sensors[0].trigger_pin, "GPIO27");
	assert_string_equal(f.config->sensors[0].trigger_pin_as_written, "second");
	fixture_finish(&f);
	expect("gateway: {id: g}\n" MQTT "sensors:\n"
	       "- {id: a, driver: dht22, pin: GPIO4, trigger_pin: GPIO4}\n"
	       "- {id: b, driver: dht22, pin: GPIO5, trigger_pin: GPIO6}\n"
	       "- {id: c, driver: dht22, pin: GPIO6, trigger_pin: GPIO5}\n",
	       "4:51 sensors[0].trigger_pin: GPIO4 is the pin of sensors[0] (a) in line "
	       "4, too\n"
	       "6:31 sensors[2].pin: GPIO6 is the trigger_pin of sensors[1] (b) in line "
	       "5, too\n"
	       "6:51 sensors[2].trigger_pin: GPIO5 is the pin of sensors[1] (b) in line "
	       "5, too\n");
}

static void a_power_pin_may_be_shared_and_is_nothing_else(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(parse(&f,
			       "gateway: {id: g}\n" MQTT "pins: {fet: GPIO22}\n"
			       "sensors:\n"
			       "- {id: a, driver: dht22, pin: GPIO4, power_pin: fet}\n"
			       "- {id: b, driver: dht22, pin: GPIO5, power_pin: "
			       "GPIO22}\n"),
			 0);
	assert_string_equal(f.config->sensors[0].power_pin, "GPIO22");
	assert_string_equal(f.config->sensors[1].power_pin, "GPIO22");
	fixture_finish(&f);
	expect("gateway: {id: g}\n" MQTT "sensors:\n"
	       "- {id: a, driver: dht22, pin: GPIO4, power_pin: GPIO5}\n"
	       "- {id: b, driver: dht22, pin: GPIO5, power_pin: GPIO4}\n",
	       "5:31 sensors[1].pin: GPIO5 is the power_pin of sensors[0] (a) in line 4, "
	       "too\n"
	       "5:49 sensors[1].power_pin: GPIO4 is the pin of sensors[0] (a) in line 4, "
	       "too\n");
}

static void a_double_read_needs_two_rests(void **state)
{
	(void)state;
	expect("gateway: {id: g}\n" MQTT "sensors:\n"
	       "- {id: a, driver: dht22, pin: GPIO4, interval: 4s, double_read: true}\n"
	       "- {id: b, driver: dht22, pin: GPIO5, interval: 3s, double_read: true}\n",
	       "5:48 sensors[1].interval: 3s, but a dht22 read twice needs at least "
	       "4s\n");
}

static void a_password_needs_a_user_before_mqtt_5(void **state)
{
	struct fixture f;

	(void)state;
	expect("gateway: {id: g}\nmqtt: {servers: [mqtt://a], password: x}\n"
	       "sensors: [{id: a, driver: dht22, pin: 4}]\n",
	       "2:39 mqtt.password: needs mqtt.username beside it (only MQTT 5 takes a "
	       "password alone: version: 5)\n");
	assert_int_equal(parse(&f,
			       "mqtt: {servers: [mqtt://a], password: x, version: 5}\n"),
			 0);
	fixture_finish(&f);
}

static void variables_are_put_in_after_parsing(void **state)
{
	struct fixture f;

	(void)state;
	setenv("P2M_NAME", "a: b # \"c\"", 1);
	setenv("P2M_INTERVAL", "5s", 1);
	setenv("P2M_LATIN1",
	       "K\xfc"
	       "che",
	       1);
	unsetenv("P2M_NONE");
	assert_int_equal(parse(&f,
			       "gateway: {id: g, name: \"${P2M_NAME}\"}\n" MQTT
			       "sensors: [{id: a, driver: dht22, pin: 4, interval: "
			       "\"${P2M_INTERVAL}\", retries: \"${P2M_NONE:-7}\"}]\n"),
			 0);
	assert_string_equal(f.config->gateway.name, "a: b # \"c\"");
	assert_int_equal(f.config->sensors[0].interval_ms, 5000);
	assert_int_equal(f.config->sensors[0].max_retries, 7);
	fixture_finish(&f);
	expect("gateway: {id: g, name: \"${P2M_NONE}\"}\n"
	       "mqtt: {servers: [\"mqtt://${P2M_NONE:?the broker}\"]}\n"
	       "sensors: [{id: a, driver: dht22, pin: 4, name: \"${P2M_LATIN1}\"}]\n",
	       "1:24 gateway.name: needs the environment variable P2M_NONE, which is not "
	       "set; ${P2M_NONE:-default} would give it a default\n"
	       "2:18 mqtt.servers[0]: needs the environment variable P2M_NONE, which is "
	       "not "
	       "set: the broker\n"
	       "3:48 sensors[0].name: K?che, but it is not UTF-8\n");
}

static void as_many_errors_as_help_are_kept(void **state)
{
	struct fixture f;
	char *yaml = malloc(20000), *end = yaml;

	(void)state;
	for (int i = 0; i < 600; i++)
		end += sprintf(end, "nonsense_%d: x\n", i);
	assert_int_equal(parse(&f, yaml), -EINVAL);
	assert_int_equal(f.errors.num_items, 500);
	assert_int_equal(f.errors.num_errors, 601);
	assert_string_equal(f.errors.items[498].path, "nonsense_498");
	free(yaml);
	fixture_finish(&f);
}

static void lists_are_bounded(void **state)
{
	char *yaml = malloc(200000), *end = yaml;

	(void)state;
	end += sprintf(end, "gateway: {id: g}\n" MQTT "sensors:\n");
	for (int i = 0; i < 1025; i++)
		end += sprintf(end, "- {id: s%d, driver: dht22, pin: p%d}\n", i, i);
	expect(yaml, "4:1 sensors: 1025 entries, but it must have at most 1024\n");
	free(yaml);
	expect("gateway: {id: g}\nmqtt: {servers: []}\nsensors: [{id: a, driver: dht22, "
	       "pin: "
	       "p}]\n",
	       "2:17 mqtt.servers: 0 entries, but it must have 1 to 16\n");
}

static void a_file_that_cannot_be_read_says_why(void **state)
{
	struct fixture f = { 0 };
	char *told;

	(void)state;
	assert_int_equal(config_load("/no/such/file.yaml", &test_drivers, &f.config,
				     &f.errors),
			 -ENOENT);
	told = fixture_told(&f);
	assert_string_equal(told, "0:0 : cannot be read: No such file or directory (-c "
				  "FILE names another; examples are in "
				  "/usr/share/doc/pin2mqtt/examples)\n");
	free(told);
	fixture_finish(&f);
	assert_int_equal(config_load("/", &test_drivers, &f.config, &f.errors), -EISDIR);
	told = fixture_told(&f);
	assert_string_equal(told,
			    "0:0 : cannot be read: it is a directory, not a file\n");
	free(told);
	fixture_finish(&f);
	assert_int_equal(config_load("/dev/null", &test_drivers, &f.config, &f.errors),
			 -EINVAL);
	told = fixture_told(&f);
	assert_string_equal(told, "0:0 : the file is empty\n");
	free(told);
	fixture_finish(&f);
}

static void values_from_aliases_are_checked_as_others(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(parse(&f, "gateway: {id: &name g}\n" MQTT
				   "sensors: [{id: *name, driver: dht22, pin: &p 4}, "
				   "{id: b, driver: dht22, pin: 5, name: *p}]\n"),
			 0);
	assert_string_equal(f.config->sensors[0].id, "g");
	assert_string_equal(f.config->sensors[1].name, "4");
	fixture_finish(&f);
	expect("gateway: {id: g}\n" MQTT
	       "sensors: [&s {id: a, driver: dht22, pin: p, qos: 1}, *s]\n",
	       "3:19 sensors[1].id: a is the id of sensors[0] in line 3, too\n"
	       "3:42 sensors[1].pin: p is the pin of sensors[0] (a) in line 3, too\n"
	       "3:45 sensors[0].qos: no such key here; did you mean mqtt.qos?\n"
	       "3:45 sensors[1].qos: no such key here; did you mean mqtt.qos?\n");
}

static void http_is_off_and_this_machines_unless_told(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(parse(&f, "gateway: {id: g}\n" MQTT "sensors: []\n"), 0);
	assert_null(f.config->http.listen);
	fixture_finish(&f);
	assert_int_equal(parse(&f, "gateway: {id: g}\n" MQTT
				   "sensors: [{id: a, driver: dht22, pin: p}]\n"
				   "http: {listen: '9478', hosts: [a.lan]}\n"),
			 0);
	assert_int_equal(f.errors.num_items, 0);
	assert_string_equal(f.config->http.listen, "9478");
	assert_string_equal(f.config->http.hosts[0], "a.lan");
	fixture_finish(&f);
	expect("gateway: {id: g}\n" MQTT "sensors: [{id: a, driver: dht22, pin: p}]\n"
	       "http: {listen: '0.0.0.0:9478'}\n",
	       "warning 4:16 http.listen: 0.0.0.0:9478 can be asked from elsewhere, and "
	       "without "
	       "a "
	       "token by everybody\n");
	expect("gateway: {id: g}\n" MQTT "sensors: [{id: a, driver: dht22, pin: p}]\n"
	       "http: {listen: '0.0.0.0:9478', token: abc}\n",
	       "warning 4:39 http.token: is short: from 16 characters on nobody guesses "
	       "it\n");
	expect("gateway: {id: g}\n" MQTT "sensors: [{id: a, driver: dht22, pin: p}]\n"
	       "http: {hosts: [a.lan]}\n",
	       "warning 4:7 http: is off, as there is no http.listen\n");
	expect("gateway: {id: g}\n" MQTT "sensors: [{id: a, driver: dht22, pin: p}]\n"
	       "http: {listen: broker:80, token: 'a b', hosts: ['a:80']}\n",
	       "4:16 http.listen: broker:80, but it must be a port, or an address of "
	       "this "
	       "machine and a port: 9478, 127.0.0.1:9478 or [::1]:9478\n"
	       "4:34 http.token: the value, but a token is made of ASCII characters "
	       "without blanks\n"
	       "4:49 http.hosts[0]: a:80, but a name of a host is made of letters, "
	       "digits, "
	       "\"-\" and \".\", and has no port\n");
}

/* The keys that stand behind a # in the example are examples of good values. */
static void the_example_is_right_with_all_its_keys(void **state)
{
	FILE *file = fopen(SOURCE_DIR "/conf/pin2mqtt.yaml", "r");
	char line[256], yaml_data[16384];
	struct text yaml;
	struct fixture f;

	(void)state;
	assert_non_null(file);
	text_init(&yaml, yaml_data, sizeof(yaml_data));
	while (fgets(line, sizeof(line), file)) {
		char *mark = line + strspn(line, " ");

		/* The files are not there. */
		if (*mark == '#' && mark[1] != ' ' && !strstr(mark, "password") &&
		    !strstr(mark, "token") && !strstr(mark, "_file"))
			memmove(mark, mark + 1, strlen(mark));
		text_add(&yaml, "%s", line);
	}
	fclose(file);
	assert_int_equal(parse(&f, yaml_data), 0);
	assert_int_equal(f.errors.num_items, 0);
	assert_string_equal(f.config->gateway.id, "greenhouse");
	assert_int_equal(f.config->num_pins, 2);
	fixture_finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_file_gets_all_defaults),
		cmocka_unit_test(every_key_reaches_its_field),
		cmocka_unit_test(all_that_is_wrong_is_told_in_one_go),
		cmocka_unit_test(kinds_of_values_are_told_apart),
		cmocka_unit_test(numbers_and_quantities_keep_their_limits),
		cmocka_unit_test(yaml_words_are_booleans_only_where_one_is_wanted),
		cmocka_unit_test(null_is_as_if_the_key_were_not_there),
		cmocka_unit_test(pins_have_one_sensor_and_one_name),
		cmocka_unit_test(a_trigger_pin_is_a_pin_of_its_own),
		cmocka_unit_test(a_power_pin_may_be_shared_and_is_nothing_else),
		cmocka_unit_test(a_double_read_needs_two_rests),
		cmocka_unit_test(a_password_needs_a_user_before_mqtt_5),
		cmocka_unit_test(variables_are_put_in_after_parsing),
		cmocka_unit_test(as_many_errors_as_help_are_kept),
		cmocka_unit_test(lists_are_bounded),
		cmocka_unit_test(a_file_that_cannot_be_read_says_why),
		cmocka_unit_test(values_from_aliases_are_checked_as_others),
		cmocka_unit_test(http_is_off_and_this_machines_unless_told),
		cmocka_unit_test(the_example_is_right_with_all_its_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
