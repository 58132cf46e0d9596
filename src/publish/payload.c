/* SPDX-License-Identifier: MIT */
#include "publish/payload.h"

#include <errno.h>

#include "model/quantity.h"

void payload_gateway_topic(struct text *out, const struct config *config,
			   const char *leaf)
{
	text_add_string(out, config->mqtt.topic);
	text_add_string(out, "/");
	text_add_string(out, config->gateway.id);
	text_add_string(out, "/");
	text_add_string(out, leaf);
}

void payload_sensor_topic(struct text *out, const struct config *config, uint16_t sensor,
			  const char *leaf)
{
	payload_gateway_topic(out, config, config->sensors[sensor].id);
	text_add_string(out, "/");
	text_add_string(out, leaf);
}

int payload_check_topics(const struct config *config)
{
	char data[PAYLOAD_MAX_TOPIC];
	struct text topic;

	text_init(&topic, data, sizeof(data));
	payload_gateway_topic(&topic, config, "readings");
	for (size_t i = 0; i < config->num_sensors && !topic.is_cut; i++) {
		text_init(&topic, data, sizeof(data));
		payload_sensor_topic(&topic, config, (uint16_t)i, "availability");
	}
	return topic.is_cut ? -ENAMETOOLONG : 0;
}

void payload_values(struct text *out, const struct reading *reading)
{
	for (unsigned i = 0; i < reading->num_values; i++) {
		const struct value *value = &reading->values[i];

		text_add_string(out, i ? ",\"" : "\"");
		text_add_string(out, quantity_row((enum quantity)value->quantity)->name);
		text_add_string(out, "\":");
		text_add_milli(out, value->milli, value->digits);
	}
}

void payload_members(struct text *out, const struct reading *reading)
{
	text_add_string(out, "\"ts\":\"");
	text_add_time(out, reading->wall_ms);
	text_add_string(out, "\",\"seq\":");
	text_add_number(out, reading->seq);
	if (reading->num_values > 0)
		text_add_string(out, ",");
	payload_values(out, reading);
	if (reading->flags & READING_REPAIRED)
		text_add_string(out, ",\"repaired\":true");
	if (reading->flags & READING_CLOCK_UNSYNCED)
		text_add_string(out, ",\"clock\":\"unsynced\"");
}

void payload_state(struct text *out, const struct reading *reading)
{
	text_add_string(out, "{");
	payload_members(out, reading);
	text_add_string(out, "}");
}

void payload_reading(struct text *out, const char *sensor_id,
		     const struct reading *reading, bool is_replay)
{
	text_add_string(out, "{\"sensor\":");
	text_add_json(out, sensor_id);
	text_add_string(out, ",");
	payload_members(out, reading);
	text_add_string(out, is_replay ? ",\"replay\":true}" : "}");
}
