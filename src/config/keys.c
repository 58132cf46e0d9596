/* SPDX-License-Identifier: MIT */
#include "config/keys.h"

#include <inttypes.h>
#include <string.h>

#include "config/config.h"
#include "config/shape.h"
#include "config/units.h"

#define FIELD(member) .offset = offsetof(struct config, member)
#define COUNT(member) .count_offset = offsetof(struct config, member)
#define SENSOR(member) .offset = offsetof(struct config_sensor, member)

/* Choices are stored through an unsigned int. */
_Static_assert(sizeof(enum config_retain) == sizeof(unsigned), "enums are not unsigned");

/* In ms. */
#define SECOND UINT64_C(1000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)

static const char *const versions[] = { "auto", "5", "3.1.1", NULL };
static const char *const retains[] = { "auto", "true", "false", NULL };
static const char *const durabilities[] = { "always", "outage", "none", NULL };
static const char *const edges[] = { "falling", "both", NULL };
static const char *const decodes[] = { "repair", "strict", NULL };
static const char *const biases[] = { "as_is", "pull_up", NULL };
static const char *const derivable[] = { "dew_point", "absolute_humidity", NULL };

/* clang-format off */
static const struct key keys[] = {
	{ "gateway", KEY_SECTION, .help = "who this gateway is" },
	{ "gateway.id", KEY_TEXT, .derived = "the host name, made to fit", FIELD(gateway.id),
	  .min = 1, .max = 64, .is_good = shape_is_id, .example = "greenhouse",
	  .help = "its name in topics" },
	{ "gateway.name", KEY_TEXT, .derived = "the id", FIELD(gateway.name),
	  .min = 1, .max = 128, .is_good = shape_is_line, .example = "Greenhouse",
	  .help = "its name for people" },

	{ "mqtt", KEY_SECTION, .help = "the broker and how to speak to it" },
	{ "mqtt.servers", KEY_TEXTS, .is_required = true, .may_be_secret = true,
	  FIELD(mqtt.servers), COUNT(mqtt.num_servers), .min = 1, .max = 16,
	  .is_good = shape_is_server, .example = "[mqtt://broker.lan:1883]",
	  .help = "brokers, tried in this order" },
	{ "mqtt.version", KEY_CHOICE, .fallback = "auto", FIELD(mqtt.version),
	  .choices = versions, .help = "MQTT version; auto is 5, then 3.1.1" },
	{ "mqtt.client_id", KEY_TEXT, .may_be_secret = true, .derived = "pin2mqtt-ID",
	  FIELD(mqtt.client_id), .min = 1, .max = 256, .is_good = shape_is_line,
	  .example = "pin2mqtt-greenhouse", .help = "how the broker knows this client" },
	{ "mqtt.username", KEY_TEXT, .may_be_secret = true, FIELD(mqtt.username),
	  .min = 1, .max = 65535, .is_good = shape_is_line, .example = "greenhouse",
	  .help = "user to log in as" },
	{ "mqtt.password", KEY_TEXT, .is_secret = true, .may_be_secret = true,
	  FIELD(mqtt.password), .max = 65535, .example = "!secret mqtt_password",
	  .help = "password to log in with" },
	{ "mqtt.password_file", KEY_SECRET_FILE, .is_secret = true, FIELD(mqtt.password),
	  .min = 1, .max = 65535, .example = "/run/secrets/mqtt",
	  .help = "file that holds the password" },
	{ "mqtt.tls", KEY_SECTION, .help = "certificates, for mqtts:// and wss://" },
	{ "mqtt.tls.ca_file", KEY_TEXT, .derived = "the system's authorities",
	  FIELD(mqtt.tls.ca_file), .min = 1, .max = 4095, .is_good = shape_is_line,
	  .example = "ca.pem", .help = "file of the authorities to trust" },
	{ "mqtt.tls.certificate_file", KEY_TEXT, FIELD(mqtt.tls.certificate_file),
	  .min = 1, .max = 4095, .is_good = shape_is_line, .example = "greenhouse.pem",
	  .help = "file of the certificate to show to the broker" },
	{ "mqtt.tls.key_file", KEY_TEXT, FIELD(mqtt.tls.key_file), .min = 1, .max = 4095,
	  .is_good = shape_is_line, .example = "greenhouse.key",
	  .help = "file of that certificate's private key" },
	{ "mqtt.tls.key_password", KEY_TEXT, .is_secret = true, .may_be_secret = true,
	  FIELD(mqtt.tls.key_password), .min = 1, .max = 1023,
	  .example = "!secret key_password", .help = "password of an encrypted key" },
	{ "mqtt.tls.key_password_file", KEY_SECRET_FILE, .is_secret = true,
	  FIELD(mqtt.tls.key_password), .min = 1, .max = 1023,
	  .example = "/run/secrets/key", .help = "file that holds that password" },
	{ "mqtt.tls.verify", KEY_BOOLEAN, .fallback = "true",
	  FIELD(mqtt.tls.is_verified),
	  .help = "whether the broker must prove with its certificate who it is" },
	{ "mqtt.topic", KEY_TEXT, .fallback = "pin2mqtt", FIELD(mqtt.topic),
	  .min = 1, .max = 256, .is_good = shape_is_topic, .example = "home/pin2mqtt",
	  .help = "first level or levels of every topic" },
	{ "mqtt.qos", KEY_NUMBER, .fallback = "1", FIELD(mqtt.qos), .min = 0, .max = 1,
	  .help = "quality of service of states and readings" },
	{ "mqtt.retain", KEY_CHOICE, .fallback = "auto", FIELD(mqtt.retain),
	  .choices = retains,
	  .help = "whether the broker keeps states; auto: where they can expire (MQTT 5)" },
	{ "mqtt.keepalive", KEY_DURATION_MS, .fallback = "20s", FIELD(mqtt.keepalive_ms),
	  .min = 5 * SECOND, .max = 18 * HOUR, .step = SECOND,
	  .help = "longest silence before the broker is asked for a sign of life" },
	{ "mqtt.requests", KEY_BOOLEAN, .fallback = "false", FIELD(mqtt.takes_requests),
	  .help = "whether requests are taken from whoever may post to request/..." },

	{ "homeassistant", KEY_SECTION, .help = "what Home Assistant is told" },
	{ "homeassistant.enabled", KEY_BOOLEAN, .fallback = "true",
	  FIELD(homeassistant.is_enabled),
	  .help = "whether the gateway and its sensors appear there by themselves" },
	{ "homeassistant.prefix", KEY_TEXT, .fallback = "homeassistant",
	  FIELD(homeassistant.prefix), .min = 1, .max = 128, .is_good = shape_is_topic,
	  .example = "homeassistant", .help = "its discovery prefix" },
	{ "homeassistant.status_topic", KEY_TEXT, .fallback = "homeassistant/status",
	  FIELD(homeassistant.status_topic), .min = 1, .max = 256,
	  .is_good = shape_is_topic, .example = "homeassistant/status",
	  .help = "where it says that it is there" },

	{ "store", KEY_SECTION, .help = "readings that wait for the broker" },
	{ "store.path", KEY_TEXT, .fallback = "/var/lib/pin2mqtt/state.db",
	  FIELD(store.path), .min = 1, .max = 1024, .is_good = shape_is_line,
	  .example = "/var/lib/pin2mqtt/state.db",
	  .help = "file for what must outlive the program" },
	{ "store.durability", KEY_CHOICE, .fallback = "outage", FIELD(store.durability),
	  .choices = durabilities, .help = "which readings are written to that file" },
	{ "store.max_size", KEY_SIZE, .fallback = "64MiB", FIELD(store.max_bytes),
	  .min = 16 << 10, .max = 1 << 30, .help = "how much may wait" },
	{ "store.max_age", KEY_DURATION_S, .fallback = "7d", FIELD(store.max_age_s),
	  .min = 60, .max = 3650 * (DAY / SECOND), .help = "how long a reading may wait" },
	{ "store.flush_interval", KEY_DURATION_MS, .fallback = "5s",
	  FIELD(store.flush_interval_ms), .min = 100, .max = HOUR,
	  .help = "longest time that a reading waits in memory alone during an outage" },
	{ "store.history", KEY_DURATION_S, .fallback = "7d", FIELD(store.history_s),
	  .max = 3650 * (DAY / SECOND),
	  .help = "how long readings are kept for charts, where HTTP is on; 0s: not at all" },
	{ "store.history_size", KEY_SIZE, .fallback = "16MiB", FIELD(store.history_bytes),
	  .min = 64 << 10, .max = 1 << 30, .help = "how much of the file they may take" },

	{ "http", KEY_SECTION, .help = "metrics and status for other programs" },
	{ "http.listen", KEY_TEXT, FIELD(http.listen), .min = 1, .max = 64,
	  .is_good = shape_is_listen, .example = "127.0.0.1:9478",
	  .help = "address and port to listen at; without it HTTP is off" },
	{ "http.token", KEY_TEXT, .is_secret = true, .may_be_secret = true,
	  FIELD(http.token), .min = 1, .max = 256, .is_good = shape_is_token,
	  .example = "!secret http_token", .help = "what who asks must show" },
	{ "http.token_file", KEY_SECRET_FILE, .is_secret = true, FIELD(http.token),
	  .min = 1, .max = 256, .example = "/run/secrets/http",
	  .help = "file that holds the token" },
	{ "http.hosts", KEY_TEXTS, FIELD(http.hosts), COUNT(http.num_hosts), .min = 0,
	  .max = 16, .is_good = shape_is_host, .example = "[greenhouse.lan]",
	  .help = "names that it may be asked by, beside the machine's own" },

	{ "pins", KEY_PINS, FIELD(pins), COUNT(num_pins), .max = 1024,
	  .example = "{attic: gpiochip2/17}",
	  .help = "names for pins that the kernel does not name" },

	{ "sensors", KEY_RECORDS, FIELD(sensors), COUNT(num_sensors), .max = 1024,
	  .record_bytes = sizeof(struct config_sensor), .help = "the sensors" },
	{ "sensors[].id", KEY_TEXT, .is_required = true, SENSOR(id), .min = 1, .max = 64,
	  .is_good = shape_is_sensor_id, .example = "porch",
	  .help = "its name in topics; no two are alike" },
	{ "sensors[].name", KEY_TEXT, .derived = "the id", SENSOR(name), .min = 1,
	  .max = 128, .is_good = shape_is_line, .example = "Porch",
	  .help = "its name for people" },
	{ "sensors[].driver", KEY_TEXT, .is_required = true, SENSOR(driver), .min = 1,
	  .max = 64, .is_good = shape_is_line, .example = "dht22",
	  .help = "its model: one that `pin2mqtt drivers` lists" },
	{ "sensors[].pin", KEY_TEXT, .is_required = true, SENSOR(pin_as_written), .min = 1,
	  .max = 1024, .is_good = shape_is_line, .example = "GPIO4",
	  .help = "where its data wire is: a name from pins, a kernel line name or "
		  "CHIP/OFFSET" },
	{ "sensors[].trigger_pin", KEY_TEXT, SENSOR(trigger_pin_as_written), .min = 1,
	  .max = 1024, .is_good = shape_is_line, .example = "GPIO27",
	  .help = "a second pin on the same wire, to give the start pulses" },
	{ "sensors[].quiet_pin", KEY_TEXT, SENSOR(quiet_pin_as_written), .min = 1,
	  .max = 1024, .is_good = shape_is_line, .example = "GPIO26",
	  .help = "a free pin of the same chip, to count the edges that the kernel merges" },
	{ "sensors[].power_pin", KEY_TEXT, SENSOR(power_pin_as_written), .min = 1,
	  .max = 1024, .is_good = shape_is_line, .example = "GPIO22",
	  .help = "the pin that feeds it, to cut its power when it hangs" },
	{ "sensors[].interval", KEY_DURATION_MS, .fallback = "30s", SENSOR(interval_ms),
	  .min = 500, .max = DAY, .help = "time between readings" },
	{ "sensors[].stale_after", KEY_DURATION_MS,
	  .derived = "3 intervals, at least 1m", SENSOR(stale_after_ms), .min = SECOND,
	  .max = 30 * DAY, .step = SECOND, .example = "90s",
	  .help = "silence after which the sensor counts as offline" },
	{ "sensors[].retries", KEY_NUMBER, .fallback = "12", SENSOR(max_retries), .min = 0,
	  .max = 20, .help = "attempts after a refused one, within the interval" },
	{ "sensors[].double_read", KEY_BOOLEAN, .fallback = "false",
	  SENSOR(is_double_read),
	  .help = "whether each reading takes two answers, of which the second counts" },
	{ "sensors[].edges", KEY_CHOICE, .fallback = "falling", SENSOR(edges),
	  .choices = edges, .help = "edges to take from the kernel" },
	{ "sensors[].decode", KEY_CHOICE, .fallback = "repair", SENSOR(decode),
	  .choices = decodes, .help = "whether damaged frames may be repaired" },
	{ "sensors[].bias", KEY_CHOICE, .fallback = "as_is", SENSOR(bias),
	  .choices = biases, .help = "the pin's own resistor" },
	{ "sensors[].filters", KEY_STEPS, .max = 4,
	  .example = "[median: 3, offset: {temperature: -0.4}]",
	  .help = "what is done to readings before they are posted, one after the other" },
	{ "sensors[].filters[].median", KEY_NUMBER, SENSOR(filters.num_median), .min = 1,
	  .max = 31, .step = 2, .example = "3",
	  .help = "takes the middle one of so many readings, for each quantity" },
	{ "sensors[].filters[].offset", KEY_SECTION, .help = "is added to each reading" },
	{ "sensors[].filters[].offset.temperature", KEY_DECIMAL,
	  SENSOR(filters.offset_milli[QUANTITY_TEMPERATURE]), .max = 100000,
	  .is_signed = true, .example = "-0.4", .help = "in degrees Celsius" },
	{ "sensors[].filters[].offset.humidity", KEY_DECIMAL,
	  SENSOR(filters.offset_milli[QUANTITY_HUMIDITY]), .max = 100000,
	  .is_signed = true, .example = "1.5", .help = "in percent" },
	{ "sensors[].filters[].delta", KEY_SECTION,
	  .help = "holds back a reading that differs by less than that from the last "
		  "one posted" },
	{ "sensors[].filters[].delta.temperature", KEY_DECIMAL,
	  SENSOR(filters.delta_milli[QUANTITY_TEMPERATURE]), .min = 1, .max = 100000,
	  .example = "0.1", .help = "in degrees Celsius" },
	{ "sensors[].filters[].delta.humidity", KEY_DECIMAL,
	  SENSOR(filters.delta_milli[QUANTITY_HUMIDITY]), .min = 1, .max = 100000,
	  .example = "0.5", .help = "in percent" },
	{ "sensors[].filters[].heartbeat", KEY_DURATION_MS, SENSOR(filters.heartbeat_ms),
	  .min = SECOND, .max = 30 * DAY, .example = "5m",
	  .help = "how often one is posted at least, whatever delta holds back" },
	{ "sensors[].derive", KEY_SET, SENSOR(derived), .max = 2, .choices = derivable,
	  .example = "[dew_point]",
	  .help = "what is worked out from temperature and humidity, and posted with them" },
};
/* clang-format on */

const struct key *key_all(size_t *num_out)
{
	*num_out = array_length(keys);
	return keys;
}

const struct key *key_find(const char *path)
{
	for (size_t i = 0; i < array_length(keys); i++) {
		if (strcmp(keys[i].path, path) == 0)
			return &keys[i];
	}
	return NULL;
}

/* What follows "PARENT." in the key's path; NULL where it is not below it. */
static const char *rest_of(const struct key *key, const char *parent)
{
	size_t length = strlen(parent);

	if (length == 0)
		return key->path;
	if (strncmp(key->path, parent, length) != 0 || key->path[length] != '.')
		return NULL;
	return key->path + length + 1;
}

bool key_is_in(const struct key *key, const char *parent)
{
	const char *rest = rest_of(key, parent);

	return rest && !strchr(rest, '.');
}

const struct key *key_find_in(const char *parent, const char *name)
{
	for (size_t i = 0; i < array_length(keys); i++) {
		if (key_is_in(&keys[i], parent) && strcmp(key_name(&keys[i]), name) == 0)
			return &keys[i];
	}
	return NULL;
}

const char *key_name(const struct key *key)
{
	const char *dot = strrchr(key->path, '.');

	return dot ? dot + 1 : key->path;
}

const char *key_type_name(const struct key *key)
{
	static const char *const names[NUM_KEY_TYPES] = {
		[KEY_SECTION] = "section",
		[KEY_RECORDS] = "list of sections",
		[KEY_STEPS] = "list of steps",
		[KEY_DECIMAL] = "decimal number",
		[KEY_SET] = "list of words",
		[KEY_PINS] = "names and pins",
		[KEY_TEXT] = "text",
		[KEY_TEXTS] = "list of texts",
		[KEY_SECRET_FILE] = "file name",
		[KEY_NUMBER] = "number",
		[KEY_BOOLEAN] = "boolean",
		[KEY_CHOICE] = "choice",
		[KEY_DURATION_MS] = "duration",
		[KEY_DURATION_S] = "duration",
		[KEY_SIZE] = "size",
	};

	return names[key->type];
}

static void describe_decimals(const struct key *key, struct text *out)
{
	if (key->is_signed) {
		text_add(out, "-");
		text_add_decimal(out, (int32_t)key->max);
	} else {
		text_add_decimal(out, (int32_t)key->min);
	}
	text_add(out, " to ");
	text_add_decimal(out, (int32_t)key->max);
}

static void describe_choices(const struct key *key, struct text *out)
{
	for (size_t i = 0; key->choices[i]; i++) {
		const char *before = i == 0 ? "" : key->choices[i + 1] ? ", " : " or ";

		text_add(out, "%s%s", before, key->choices[i]);
	}
}

static void describe_units(const struct key *key, uint64_t ms_per_unit, struct text *out)
{
	char min[UNITS_MAX_TEXT], max[UNITS_MAX_TEXT];

	if (key->type == KEY_SIZE) {
		units_format_size(key->min, min);
		units_format_size(key->max, max);
	} else {
		units_format_duration(key->min * ms_per_unit, min);
		units_format_duration(key->max * ms_per_unit, max);
	}
	text_add(out, "%s to %s", min, max);
}

void key_describe_limits(const struct key *key, struct text *out)
{
	switch (key->type) {
	case KEY_SECTION:
		break;
	case KEY_RECORDS:
	case KEY_STEPS:
	case KEY_PINS:
		text_add(out, "at most %" PRIu64, key->max);
		break;
	case KEY_TEXT:
	case KEY_SECRET_FILE:
		text_add(out, "%" PRIu64 " to %" PRIu64 " bytes", key->min, key->max);
		break;
	case KEY_TEXTS:
	case KEY_NUMBER:
		text_add(out, "%" PRIu64 " %s %" PRIu64, key->min,
			 key->max == key->min + 1 ? "or" : "to", key->max);
		if (key->type == KEY_NUMBER && key->step == 2)
			text_add(out, ", odd");
		break;
	case KEY_DECIMAL:
		describe_decimals(key, out);
		break;
	case KEY_SET:
		text_add(out, "any of ");
		describe_choices(key, out);
		break;
	case KEY_BOOLEAN:
		text_add(out, "true or false");
		break;
	case KEY_CHOICE:
		describe_choices(key, out);
		break;
	case KEY_DURATION_MS:
	case KEY_SIZE:
		describe_units(key, 1, out);
		break;
	case KEY_DURATION_S:
		describe_units(key, 1000, out);
		break;
	}
}

void key_describe(const struct key *key, struct text *out)
{
	text_add(out, "%s", key_type_name(key));
	if (key->is_required)
		text_add(out, ", required");
	else if (key->fallback)
		text_add(out, ", default %s", key->fallback);
	else if (key->derived)
		text_add(out, ", default: %s", key->derived);
	if (key->type == KEY_SECTION)
		return;
	text_add(out, "; ");
	key_describe_limits(key, out);
}
