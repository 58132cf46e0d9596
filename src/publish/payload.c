/* SPDX-License-Identifier: MIT */
#include "publish/payload.h"

#include <errno.h>

#include "model/reading_json.h"

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

void payload_state(struct text *out, const struct reading *reading)
{
	text_add_string(out, "{");
	reading_json_members(out, reading);
	text_add_string(out, "}");
}

void payload_reading(struct text *out, const char *sensor_id,
		     const struct reading *reading, bool is_replay)
{
	text_add_string(out, "{\"sensor\":");
	text_add_json(out, sensor_id);
	text_add_string(out, ",");
	reading_json_members(out, reading);
	text_add_string(out, is_replay ? ",\"replay\":true}" : "}");
}
