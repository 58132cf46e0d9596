/* SPDX-License-Identifier: MIT */
/* Written after Home Assistant's components/mqtt: discovery.py, schemas.py and sensor.py (the
 * rules are held by tests/e2e/homeassistant_rules.py). What is peculiar there:
 *
 * - An unknown key at the root loses the whole device; one in a component is dropped without
 *   a word. So keys are written in full, and only those that are known.
 * - A component takes availability, state_topic and command_topic from the root where it has
 *   none itself; nothing else.
 * - An entity without a name is called by its device class, in the user's language.
 */
#include "publish/discovery.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "publish/payload.h"

/* What our messages begin with: discovery_is_leftover() knows them by it, also those of
 * versions to come. */
#define OUR_BEGINNING "{\"origin\":{\"name\":\"pin2mqtt\","

static const uint16_t NO_SENSOR = UINT16_MAX;

/* An entity that tells how well the gateway or a sensor does. */
struct diagnostic {
	const char *key; /* without _, which ends the device's part of a unique id */
	const char *platform;
	const char *name;
	const char *leaf; /* of the topic */
	/* Of the payload; NULL: all of it. On a sensor's, `s` is its part of `health`. */
	const char *value;
	const char *rest; /* further members */
};

#define COUNTER ",\"state_class\":\"total_increasing\""
#define MEASURED ",\"state_class\":\"measurement\""

static const struct diagnostic of_gateway[] = {
	{ "connection", "binary_sensor", "Connection", "status", NULL,
	  ",\"device_class\":\"connectivity\",\"payload_on\":\"online\","
	  "\"payload_off\":\"offline\"" },
	{ "uptime", "sensor", "Uptime", "health", "{{ value_json.uptime_s }}",
	  ",\"device_class\":\"duration\",\"unit_of_measurement\":\"s\"" MEASURED },
	{ "waiting", "sensor", "Readings waiting", "health",
	  "{{ value_json.store.waiting }}",
	  ",\"unit_of_measurement\":\"readings\"" MEASURED },
	{ "dropped", "sensor", "Readings dropped", "health",
	  "{{ value_json.store.dropped }}",
	  ",\"unit_of_measurement\":\"readings\"" COUNTER },
	{ "reconnects", "sensor", "Reconnects", "health",
	  "{{ value_json.mqtt.connects - 1 }}", COUNTER },
	{ "refused", "sensor", "Messages refused by the broker", "health",
	  "{{ value_json.mqtt.refused }}", ",\"enabled_by_default\":false" COUNTER },
	{ "version", "sensor", "Version", "info", "{{ value_json.version }}",
	  ",\"enabled_by_default\":false" },
};

static const struct diagnostic of_sensor[] = {
	{ "last", "sensor", "Last reading", "state", "{{ value_json.ts }}",
	  ",\"device_class\":\"timestamp\"" },
	{ "reads", "sensor", "Answers accepted", "health", "{{ s.reads }}", COUNTER },
	{ "refused", "sensor", "Answers refused", "health",
	  "{{ s.refused.values() | sum }}", COUNTER },
	{ "repaired", "sensor", "Answers repaired", "health", "{{ s.repaired }}",
	  COUNTER },
	{ "margin", "sensor", "Signal margin", "health", "{{ s.signal.margin }}",
	  ",\"unit_of_measurement\":\"%\"" MEASURED },
	{ "lost", "sensor", "Edges lost", "health", "{{ s.signal.edges_lost }}",
	  COUNTER },
	{ "advice", "sensor", "Advice", "health", "{{ s.signal.advice }}", "" },
	{ "quality", "sensor", "Signal quality", "health",
	  "{% set n = s.reads + s.refused.values() | sum %}"
	  "{{ (100 * s.reads / n) | round(1) if n else None }}",
	  ",\"unit_of_measurement\":\"%\",\"suggested_display_precision\":1" MEASURED },
};

/* FNV-1a. Enough to tell gateways apart, and the machine's id cannot be had back from it. */
static uint64_t add_to_hash(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

void discovery_init(struct discovery *discovery, const char *machine_id)
{
	const struct config *config = discovery->config;
	uint64_t hash = add_to_hash(UINT64_C(0xcbf29ce484222325), "pin2mqtt");

	hash = add_to_hash(hash, machine_id);
	/* A host name may change, and nobody thinks of this then. */
	if (!config->gateway.is_id_derived || !*machine_id)
		hash = add_to_hash(hash, config->gateway.id);
	snprintf(discovery->node, sizeof(discovery->node), "pin2mqtt_%016" PRIx64, hash);
}

size_t discovery_num_devices(const struct discovery *discovery)
{
	return discovery->config->num_sensors + 1;
}

void discovery_sensor_topic(struct text *out, const struct discovery *discovery,
			    const char *sensor_id)
{
	text_add(out, "%s/device/%s_%s/config", discovery->config->homeassistant.prefix,
		 discovery->node, sensor_id);
}

void discovery_topic_filter(struct text *out, const struct discovery *discovery)
{
	text_add(out, "%s/device/+/config", discovery->config->homeassistant.prefix);
}

void discovery_topic(struct text *out, const struct discovery *discovery, size_t device)
{
	if (device > 0)
		discovery_sensor_topic(out, discovery,
				       discovery->config->sensors[device - 1].id);
	else
		text_add(out, "%s/device/%s/config",
			 discovery->config->homeassistant.prefix, discovery->node);
}

static void add_member(struct text *out, const char *key, const char *value)
{
	text_add(out, ",\"%s\":", key);
	text_add_json(out, value);
}

/* sensor: NO_SENSOR: a topic of the gateway. */
static void add_topic(struct text *out, const struct config *config, uint16_t sensor,
		      const char *leaf)
{
	char data[PAYLOAD_MAX_TOPIC];
	struct text topic;

	text_init(&topic, data, sizeof(data));
	if (sensor == NO_SENSOR)
		payload_gateway_topic(&topic, config, leaf);
	else
		payload_sensor_topic(&topic, config, sensor, leaf);
	text_add_json(out, data);
}

/* Alive is what the gateway is, and where a sensor is named, that as well. */
static void add_availability(struct text *out, const struct config *config,
			     uint16_t sensor)
{
	text_add(out, ",\"availability\":[{\"topic\":");
	add_topic(out, config, NO_SENSOR, "status");
	if (sensor != NO_SENSOR) {
		text_add(out, "},{\"topic\":");
		add_topic(out, config, sensor, "availability");
	}
	text_add(out, "}]");
	if (sensor != NO_SENSOR)
		text_add(out, ",\"availability_mode\":\"all\"");
}

static void add_id(struct text *out, const struct discovery *discovery, uint16_t sensor)
{
	text_add(out, "%s", discovery->node);
	if (sensor != NO_SENSOR)
		text_add(out, "_%s", discovery->config->sensors[sensor].id);
}

/* An id as a part of an entity id, which knows no dash. */
static void add_slug(struct text *out, const char *id)
{
	for (; *id; id++)
		text_add(out, "%c", *id == '-' ? '_' : *id);
}

/* The members that each entity has, and what it begins with. */
static void begin_entity(struct text *out, const struct discovery *discovery,
			 uint16_t sensor, const char *key, const char *platform)
{
	const struct config *config = discovery->config;

	text_add(out, "\"%s\":{\"platform\":\"%s\",\"unique_id\":\"", key, platform);
	add_id(out, discovery, sensor);
	/* The _ before a key is the last one in a unique id: no two can be alike. */
	text_add(out, "_");
	for (const char *s = key; *s; s++)
		text_add(out, "%c", *s == '_' ? '-' : *s);
	text_add(out, "\",\"default_entity_id\":\"%s.", platform);
	add_slug(out, config->gateway.id);
	text_add(out, "_");
	if (sensor != NO_SENSOR) {
		add_slug(out, config->sensors[sensor].id);
		text_add(out, "_");
	}
	text_add(out, "%s\"", key);
}

static void add_quantity(struct text *out, const struct discovery *discovery,
			 uint16_t sensor, const struct value *value)
{
	const struct config *config = discovery->config;
	const struct quantity_row *row = quantity_row((enum quantity)value->quantity);
	uint32_t stale_after_ms = config->sensors[sensor].stale_after_ms;

	/* What is derived may have come with a reload, after the newest state. */
	const char *otherwise =
		value->quantity >= QUANTITY_DEW_POINT ? " | default(None)" : "";

	begin_entity(out, discovery, sensor, row->name, "sensor");
	text_add(out, ",\"device_class\":\"%s\",\"state_class\":\"%s\"",
		 row->device_class, row->state_class);
	if (strcmp(row->name, row->device_class) != 0)
		add_member(out, "name", row->title);
	add_member(out, "unit_of_measurement", row->unit);
	text_add(out,
		 ",\"suggested_display_precision\":%u,\"expire_after\":%" PRIu32
		 ",\"qos\":%" PRIu32 ",\"value_template\":\"{{ value_json.%s%s }}\"}",
		 value->digits, (stale_after_ms + 999) / 1000, config->mqtt.qos,
		 row->name, otherwise);
}

static void add_template(struct text *out, const struct config *config, uint16_t sensor,
			 const struct diagnostic *row)
{
	char data[512];
	struct text template;

	text_init(&template, data, sizeof(data));
	if (sensor != NO_SENSOR && strcmp(row->leaf, "health") == 0)
		text_add(&template, "{%% set s = value_json.sensors['%s'] %%}",
			 config->sensors[sensor].id);
	text_add(&template, "%s", row->value);
	add_member(out, "value_template", data);
}

/* A diagnostic entity lives as long as the gateway does: when its sensor falls silent it is
 * of use. The one that tells whether the gateway lives is always there. */
static void add_diagnostic(struct text *out, const struct discovery *discovery,
			   uint16_t sensor, const struct diagnostic *row)
{
	bool is_of_sensor = strcmp(row->leaf, "state") == 0;

	begin_entity(out, discovery, sensor, row->key, row->platform);
	add_member(out, "name", row->name);
	text_add(out, ",\"entity_category\":\"diagnostic\",\"state_topic\":");
	add_topic(out, discovery->config, is_of_sensor ? sensor : NO_SENSOR, row->leaf);
	if (strcmp(row->leaf, "status") != 0)
		add_availability(out, discovery->config, NO_SENSOR);
	if (row->value)
		add_template(out, discovery->config, sensor, row);
	text_add(out, "%s}", row->rest);
}

/* What somebody may ask of a sensor. */
struct button {
	uint32_t part;
	const char *verb;
	const char *name;
};

static const struct button buttons[] = {
	{ DISCOVERY_READ, "read", "Read now" },
	{ DISCOVERY_POWER_CYCLE, "power_cycle", "Power cycle" },
};

static void add_button(struct text *out, const struct discovery *discovery,
		       uint16_t sensor, const char *verb, const char *name)
{
	const struct config *config = discovery->config;
	char data[PAYLOAD_MAX_TOPIC];
	struct text request;

	begin_entity(out, discovery, sensor, verb, "button");
	add_member(out, "name", name);
	text_add(out, ",\"entity_category\":\"diagnostic\",\"qos\":1,\"command_topic\":");
	text_init(&request, data, sizeof(data));
	text_add(&request, "request/%s", verb);
	add_topic(out, config, NO_SENSOR, data);
	text_init(&request, data, sizeof(data));
	text_add(&request, "{\"sensor\":\"%s\"}", config->sensors[sensor].id);
	add_member(out, "payload_press", data);
	add_availability(out, config, NO_SENSOR);
	text_add(out, "}");
}

static void begin_document(struct text *out, const struct discovery *discovery,
			   uint16_t sensor, const char *name)
{
	text_add(out, OUR_BEGINNING "\"sw_version\":");
	text_add_json(out, discovery->version);
	text_add(out, "},\"device\":{\"identifiers\":[\"");
	add_id(out, discovery, sensor);
	text_add(out, "\"]");
	add_member(out, "name", name);
}

static void add_gateway(struct text *out, const struct discovery *discovery)
{
	begin_document(out, discovery, NO_SENSOR, discovery->config->gateway.name);
	add_member(out, "model", "pin2mqtt gateway");
	add_member(out, "sw_version", discovery->version);
	text_add(out, "},\"components\":{");
	for (size_t i = 0; i < array_length(of_gateway); i++) {
		text_add(out, i ? "," : "");
		add_diagnostic(out, discovery, NO_SENSOR, &of_gateway[i]);
	}
	text_add(out, "}}");
}

uint32_t discovery_parts(const struct discovery *discovery, size_t device)
{
	const struct config *config = discovery->config;
	const struct config_sensor *sensor;
	uint32_t parts;

	if (device == 0)
		return 0;
	sensor = &config->sensors[device - 1];
	parts = sensor->derived * DISCOVERY_DERIVED;
	if (config->mqtt.takes_requests)
		parts |= sensor->power_pin ? DISCOVERY_READ | DISCOVERY_POWER_CYCLE
					   : DISCOVERY_READ;
	return parts;
}

static void add_buttons(struct text *out, const struct discovery *discovery,
			uint16_t sensor, uint32_t announced)
{
	uint32_t parts = discovery_parts(discovery, (size_t)sensor + 1);

	for (size_t i = 0; i < array_length(buttons); i++) {
		const struct button *button = &buttons[i];

		if (!((parts | announced) & button->part))
			continue;
		text_add(out, ",");
		if (parts & button->part)
			add_button(out, discovery, sensor, button->verb, button->name);
		else
			text_add(out, "\"%s\":{\"platform\":\"button\"}", button->verb);
	}
}

/* Names what was derived and is no more. */
static void remove_derived(struct text *out, const struct discovery *discovery,
			   uint16_t sensor, uint32_t announced)
{
	uint32_t gone = announced & ~discovery_parts(discovery, (size_t)sensor + 1);

	for (int i = QUANTITY_DEW_POINT; i < NUM_QUANTITIES; i++) {
		if (gone & (uint32_t)DISCOVERY_DERIVED << (i - QUANTITY_DEW_POINT))
			text_add(out, ",\"%s\":{\"platform\":\"sensor\"}",
				 quantity_row((enum quantity)i)->name);
	}
}

static void add_sensor(struct text *out, const struct discovery *discovery,
		       uint16_t sensor, uint32_t announced)
{
	const struct config *config = discovery->config;
	const struct discovery_sensor *facts = &discovery->sensors[sensor];

	begin_document(out, discovery, sensor, config->sensors[sensor].name);
	add_member(out, "model", facts->model);
	add_member(out, "model_id", facts->driver);
	add_member(out, "via_device", discovery->node);
	text_add(out, "},\"state_topic\":");
	add_topic(out, config, sensor, "state");
	add_availability(out, config, sensor);
	text_add(out, ",\"components\":{");
	for (unsigned i = 0; i < facts->num_values; i++) {
		add_quantity(out, discovery, sensor, &facts->values[i]);
		text_add(out, ",");
	}
	for (size_t i = 0; i < array_length(of_sensor); i++) {
		text_add(out, i ? "," : "");
		add_diagnostic(out, discovery, sensor, &of_sensor[i]);
	}
	add_buttons(out, discovery, sensor, announced);
	remove_derived(out, discovery, sensor, announced);
	text_add(out, "}}");
}

void discovery_document(struct text *out, const struct discovery *discovery,
			size_t device, uint32_t announced)
{
	if (device == 0)
		add_gateway(out, discovery);
	else
		add_sensor(out, discovery, (uint16_t)(device - 1), announced);
}

bool discovery_has_topic(const struct discovery *discovery, const char *topic)
{
	char data[PAYLOAD_MAX_TOPIC];

	for (size_t device = 0; device < discovery_num_devices(discovery); device++) {
		struct text own;

		text_init(&own, data, sizeof(data));
		discovery_topic(&own, discovery, device);
		if (strcmp(data, topic) == 0)
			return true;
	}
	return false;
}

/* Takes the sensor's id out of PREFIX/device/NODE_SENSOR/config. False: it is no such. */
static bool take_sensor_id(const struct discovery *discovery, const char *topic,
			   char sensor_id_out[DISCOVERY_MAX_SENSOR])
{
	char data[PAYLOAD_MAX_TOPIC];
	struct text wanted;
	size_t length;

	text_init(&wanted, data, sizeof(data));
	text_add(&wanted, "%s/device/%s_", discovery->config->homeassistant.prefix,
		 discovery->node);
	if (strncmp(topic, data, wanted.length) != 0)
		return false;
	topic += wanted.length;
	length = strcspn(topic, "/");
	if (length == 0 || length >= DISCOVERY_MAX_SENSOR ||
	    strcmp(topic + length, "/config") != 0)
		return false;
	memcpy(sensor_id_out, topic, length);
	sensor_id_out[length] = '\0';
	return true;
}

static bool is_configured(const struct config *config, const char *sensor_id)
{
	for (size_t i = 0; i < config->num_sensors; i++) {
		if (strcmp(config->sensors[i].id, sensor_id) == 0)
			return true;
	}
	return false;
}

bool discovery_is_leftover(const struct discovery *discovery, const char *topic,
			   const char *payload, size_t num_bytes,
			   char sensor_id_out[DISCOVERY_MAX_SENSOR])
{
	static const char beginning[] = OUR_BEGINNING;
	char data[2 * DISCOVERY_MAX_SENSOR + DISCOVERY_MAX_NODE];
	struct text device;

	if (!take_sensor_id(discovery, topic, sensor_id_out))
		return false;
	text_init(&device, data, sizeof(data));
	text_add(&device, "},\"device\":{\"identifiers\":[\"%s_%s\"]", discovery->node,
		 sensor_id_out);
	return num_bytes > strlen(beginning) &&
	       memcmp(payload, beginning, strlen(beginning)) == 0 &&
	       memmem(payload, num_bytes, data, device.length) &&
	       !is_configured(discovery->config, sensor_id_out);
}
