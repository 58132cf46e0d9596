/* SPDX-License-Identifier: MIT */
#include "config/rules.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "config/filter_rules.h"
#include "config/keys.h"
#include "config/shape.h"
#include "config/suggest.h"
#include "config/tls_rules.h"
#include "config/units.h"

enum { MIN_STALE_AFTER_MS = 60000, STALE_INTERVALS = 3, MIN_TOKEN_BYTES = 16 };

/* A sensor's keys that name a pin: where the text is in struct config_sensor, as written and
 * as line_find() takes it. */
/* clang-format off */
static const struct pin_key {
	const char *name;
	size_t written_offset;
	size_t pin_offset;
	bool is_shared; /* several sensors may name the same pin in it */
} pin_keys[] = {
#define OFFSETS(key) \
	offsetof(struct config_sensor, key##_as_written), offsetof(struct config_sensor, key)
	{ "pin", OFFSETS(pin), false },
	{ "trigger_pin", OFFSETS(trigger_pin), false },
	{ "quiet_pin", OFFSETS(quiet_pin), false },
	{ "power_pin", OFFSETS(power_pin), true },
#undef OFFSETS
};
/* clang-format on */

struct rules {
	struct config *config;
	const struct node *root;
	const struct node *sensors; /* NULL: none in the file */
	const struct config_driver_facts *drivers;
	struct config_errors *errors;
};

/* What stands under `key`, or the section it would be in. */
static struct config_place place_in(const struct node *section, const char *key)
{
	const struct node *node = tree_find(section, key);

	return node ? node->place : section->place;
}

static int set_default(char **field, const char *prefix, const char *text)
{
	if (*field)
		return 0;
	if (asprintf(field, "%s%s", prefix, text) < 0) {
		*field = NULL;
		return -ENOMEM;
	}
	return 0;
}

/* Whether the value was reported already, so that what follows from it is not. */
static bool is_reported(const struct rules *rules, const struct node *node)
{
	for (size_t i = 0; node && i < rules->errors->num_items; i++) {
		if (rules->errors->items[i].line == node->place.line &&
		    rules->errors->items[i].column == node->place.column)
			return true;
	}
	return false;
}

/* Twelve hexadecimal digits are what Docker and Podman call a container by themselves. */
static bool is_container_name(const char *host)
{
	return strlen(host) == 12 && host[strspn(host, "0123456789abcdef")] == '\0';
}

static int derive_gateway_id(const struct rules *rules)
{
	char **field = &rules->config->gateway.id;
	const struct node *gateway = tree_find(rules->root, "gateway");
	char host[256] = "", id[65];

	if (*field)
		return 0;
	rules->config->gateway.is_id_derived = true;
	if (gethostname(host, sizeof(host) - 1) < 0)
		strcpy(host, "gateway");
	host[strcspn(host, ".")] = '\0';
	if (is_container_name(host) && !is_reported(rules, gateway) &&
	    !is_reported(rules, tree_find(gateway, "id")))
		config_errors_warn(rules->errors, rules->root->place, "gateway.id",
				   "is not set, and the host name %s looks like a "
				   "container's: topics would change with the container",
				   host);
	shape_make_id(host, id, sizeof(id));
	return set_default(field, "", id);
}

static int derive_names(const struct rules *rules)
{
	struct config *config = rules->config;
	int result = derive_gateway_id(rules);

	if (result == 0)
		result = set_default(&config->gateway.name, "", config->gateway.id);
	if (result == 0)
		result = set_default(&config->mqtt.client_id, "pin2mqtt-",
				     config->gateway.id);
	for (size_t i = 0; i < config->num_sensors && result == 0; i++) {
		struct config_sensor *sensor = &config->sensors[i];

		if (sensor->id)
			result = set_default(&sensor->name, "", sensor->id);
	}
	return result;
}

static void check_mqtt(const struct rules *rules)
{
	const struct config *config = rules->config;
	const struct node *mqtt = tree_find(rules->root, "mqtt");

	if (config->mqtt.password && !config->mqtt.username &&
	    !is_reported(rules, tree_find(mqtt, "username")) &&
	    config->mqtt.version != CONFIG_MQTT_5)
		config_errors_add(rules->errors, place_in(mqtt, "password"),
				  "mqtt.password",
				  "needs mqtt.username beside it (only MQTT 5 takes a "
				  "password alone: version: 5)");
	for (size_t i = 1; i < config->mqtt.num_servers; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcmp(config->mqtt.servers[i], config->mqtt.servers[j]) == 0)
				config_errors_warn(rules->errors,
						   place_in(mqtt, "servers"),
						   "mqtt.servers",
						   "the same server is in it twice");
		}
	}
}

static void check_http(const struct rules *rules)
{
	const struct config *config = rules->config;
	const struct node *http = tree_find(rules->root, "http");
	struct address address;

	if (!config->http.listen) {
		if (config->http.token || config->http.num_hosts > 0)
			config_errors_warn(rules->errors, http->place, "http",
					   "is off, as there is no http.listen");
		return;
	}
	if (config->http.token && strlen(config->http.token) < MIN_TOKEN_BYTES)
		config_errors_warn(rules->errors, place_in(http, "token"), "http.token",
				   "is short: from %d characters on nobody guesses it",
				   MIN_TOKEN_BYTES);
	if (!config->http.token && address_parse(config->http.listen, &address) &&
	    !address_is_loopback(&address) &&
	    !is_reported(rules, tree_find(http, "token")))
		config_errors_warn(
			rules->errors, place_in(http, "listen"), "http.listen",
			"%s can be asked from elsewhere, and without a token by "
			"everybody",
			config->http.listen);
}

static const struct config_pin *find_pin(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->num_pins; i++) {
		if (strcmp(config->pins[i].name, name) == 0)
			return &config->pins[i];
	}
	return NULL;
}

static void check_pins(const struct rules *rules)
{
	const struct config *config = rules->config;
	const struct node *pins = tree_find(rules->root, "pins");

	for (size_t i = 0; i < config->num_pins; i++) {
		const struct config_pin *pin = &config->pins[i];
		const struct config_pin *other = find_pin(config, pin->pin);
		char path[KEY_MAX_PATH];

		if (!other || other == pin)
			continue;
		snprintf(path, sizeof(path), "pins.%.64s", pin->name);
		config_errors_add(
			rules->errors, place_in(pins, pin->name), path,
			"%.64s is a name in pins, too: give the pin itself, %.64s",
			pin->pin, other->pin);
	}
}

static char **text_at(struct config_sensor *sensor, size_t offset)
{
	return (char **)((char *)sensor + offset);
}

static int resolve_pins(const struct rules *rules, struct config_sensor *sensor)
{
	for (size_t i = 0; i < array_length(pin_keys); i++) {
		const char *written = *text_at(sensor, pin_keys[i].written_offset);
		char **pin = text_at(sensor, pin_keys[i].pin_offset);

		if (!written)
			continue;

		const struct config_pin *named = find_pin(rules->config, written);

		*pin = strdup(named ? named->pin : written);
		if (!*pin)
			return -ENOMEM;
	}
	return 0;
}

static const struct node *sensor_node(const struct rules *rules, size_t index)
{
	const struct node *node = rules->sensors->first;

	while (index-- > 0)
		node = node->next;
	return node;
}

/* The place of a sensor's key. Only errors ask, so that it may take its time. */
static struct config_place place_in_sensor(const struct rules *rules, size_t index,
					   const char *key)
{
	return place_in(sensor_node(rules, index), key);
}

static void sensor_error(const struct rules *rules, size_t index, const char *key,
			 const char *format, ...) printf_like(4, 5);

static void sensor_error(const struct rules *rules, size_t index, const char *key,
			 const char *format, ...)
{
	char path[KEY_MAX_PATH], text[512];
	va_list arguments;

	snprintf(path, sizeof(path), "sensors[%zu].%s", index, key);
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	config_errors_add(rules->errors, place_in_sensor(rules, index, key), path, "%s",
			  text);
}

static void report_driver(const struct rules *rules, size_t index, const char *driver)
{
	struct suggestion suggestion = { 0 };
	char known_data[320];
	struct text known;
	const char *name;

	text_init(&known, known_data, sizeof(known_data));
	for (size_t i = 0; (name = rules->drivers->name(i)) != NULL; i++) {
		suggest_consider(&suggestion, driver, name);
		text_add(&known, "%s%s", i > 0 ? ", " : "", name);
	}
	if (suggestion.best)
		sensor_error(rules, index, "driver",
			     "%.64s is no driver; did you mean %s? (there are: %s)",
			     driver, suggestion.best, known_data);
	else
		sensor_error(rules, index, "driver", "%.64s is no driver; there are: %s",
			     driver, known_data);
}

static void check_driver(const struct rules *rules, size_t index)
{
	const struct config_sensor *sensor = &rules->config->sensors[index];
	const char *what = sensor->is_double_read ? "read twice needs" : "needs";
	char interval[UNITS_MAX_TEXT], least[UNITS_MAX_TEXT];
	uint32_t min_interval_ms = 0;

	if (!sensor->driver || !rules->drivers)
		return;
	if (!rules->drivers->find(sensor->driver, &min_interval_ms)) {
		report_driver(rules, index, sensor->driver);
		return;
	}
	if (sensor->is_double_read)
		min_interval_ms *= 2;
	if (sensor->interval_ms == 0 || sensor->interval_ms >= min_interval_ms)
		return;
	units_format_duration(sensor->interval_ms, interval);
	units_format_duration(min_interval_ms, least);
	sensor_error(rules, index, "interval", "%s, but a %s %s at least %s", interval,
		     sensor->driver, what, least);
}

static void settle_stale_after(const struct rules *rules, size_t index)
{
	struct config_sensor *sensor = &rules->config->sensors[index];
	uint32_t derived_ms = STALE_INTERVALS * sensor->interval_ms;
	char stale_after[UNITS_MAX_TEXT], interval[UNITS_MAX_TEXT];

	/* In whole seconds, which is what MQTT's expiry counts in. */
	derived_ms = (derived_ms + 999) / 1000 * 1000;
	if (sensor->stale_after_ms == 0) {
		sensor->stale_after_ms =
			derived_ms > MIN_STALE_AFTER_MS ? derived_ms : MIN_STALE_AFTER_MS;
		return;
	}
	if (sensor->stale_after_ms >= sensor->interval_ms)
		return;
	units_format_duration(sensor->stale_after_ms, stale_after);
	units_format_duration(sensor->interval_ms, interval);
	sensor_error(rules, index, "stale_after",
		     "%s, but the interval is %s: it would be offline between readings",
		     stale_after, interval);
}

static bool is_same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* A recording is not worn by being played twice. */
static bool is_recording(const char *pin)
{
	return pin && strncmp(pin, "replay:", 7) == 0;
}

static void check_id(const struct rules *rules, size_t index)
{
	const struct config_sensor *sensors = rules->config->sensors;

	for (size_t i = 0; i < index; i++) {
		if (!is_same(sensors[i].id, sensors[index].id))
			continue;
		sensor_error(rules, index, "id",
			     "%s is the id of sensors[%zu] in line %u, too",
			     sensors[i].id, i, place_in_sensor(rules, i, "id").line);
		return;
	}
}

/* A pin's use: a sensor's key that names it. They count up over the sensors' pin keys. */
static const char *pin_of_use(const struct rules *rules, size_t use)
{
	const struct pin_key *key = &pin_keys[use % array_length(pin_keys)];
	size_t index = use / array_length(pin_keys);

	return *text_at(&rules->config->sensors[index], key->pin_offset);
}

static void check_pin(const struct rules *rules, size_t use)
{
	const struct pin_key *key = &pin_keys[use % array_length(pin_keys)];
	size_t index = use / array_length(pin_keys);
	const char *pin = pin_of_use(rules, use);

	if (!pin || is_recording(pin))
		return;
	for (size_t i = 0; i < use; i++) {
		const struct pin_key *earlier = &pin_keys[i % array_length(pin_keys)];
		size_t earlier_index = i / array_length(pin_keys);
		struct config_sensor *sensors = rules->config->sensors;
		const char *id = sensors[earlier_index].id;

		if (!is_same(pin_of_use(rules, i), pin) ||
		    (key->is_shared && earlier == key))
			continue;
		sensor_error(rules, index, key->name,
			     "%.64s is the %s of sensors[%zu] (%s) in line %u, too",
			     *text_at(&sensors[index], key->written_offset),
			     earlier->name, earlier_index, id ? id : "no id",
			     place_in_sensor(rules, earlier_index, earlier->name).line);
		return;
	}
}

static int check_sensors(const struct rules *rules)
{
	struct config *config = rules->config;

	if (config->num_sensors == 0 &&
	    (!rules->sensors || rules->sensors->num_children == 0))
		config_errors_warn(rules->errors, place_in(rules->root, "sensors"),
				   "sensors", "there are none: nothing will be read");
	for (size_t i = 0; i < config->num_sensors; i++) {
		int result = resolve_pins(rules, &config->sensors[i]);

		if (result < 0)
			return result;
		check_driver(rules, i);
		settle_stale_after(rules, i);
		filter_rules_check(&config->sensors[i], i, sensor_node(rules, i),
				   rules->drivers, rules->errors);
		check_id(rules, i);
		for (size_t key = 0; key < array_length(pin_keys); key++)
			check_pin(rules, i * array_length(pin_keys) + key);
	}
	return 0;
}

int rules_apply(struct config *config, const struct node *root,
		const struct config_driver_facts *drivers, struct config_errors *errors)
{
	struct rules rules = {
		.config = config,
		.root = root,
		.sensors = tree_find(root, "sensors"),
		.drivers = drivers,
		.errors = errors,
	};
	int result;

	/* Nothing in it can be relied on. */
	if (root->kind != NODE_MAPPING)
		return 0;
	result = derive_names(&rules);
	if (result < 0)
		return result;
	check_mqtt(&rules);
	check_http(&rules);
	result = tls_rules_apply(config, tree_find(root, "mqtt"), errors);
	if (result < 0)
		return result;
	check_pins(&rules);
	return check_sensors(&rules);
}
