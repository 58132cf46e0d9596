/* SPDX-License-Identifier: MIT */
/* Topics and payloads, as text. Pure.
 *
 * Values are written to the sensor's resolution (21.5, not 21.499999).
 */
#ifndef PUBLISH_PAYLOAD_H
#define PUBLISH_PAYLOAD_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/text.h"
#include "config/config.h"
#include "model/reading.h"

/* The longest that the configuration allows fit. */
enum { PAYLOAD_MAX_TOPIC = 512, PAYLOAD_MAX_READING = 512 };

/* B/G/leaf */
void payload_gateway_topic(struct text *out, const struct config *config,
			   const char *leaf);

/* B/G/S/leaf */
void payload_sensor_topic(struct text *out, const struct config *config, uint16_t sensor,
			  const char *leaf);

/* Whether the longest topic of each kind fits, so that nothing is ever posted elsewhere:
 * 0 or -ENAMETOOLONG. */
must_check int payload_check_topics(const struct config *config);

/* {"ts":"2026-11-22T06:00:00.123Z","seq":4711,"temperature":21.5,"humidity":48.2} */
void payload_state(struct text *out, const struct reading *reading);

/* The same with "sensor" in front, and "replay":true where it waited for the broker. */
void payload_reading(struct text *out, const char *sensor_id,
		     const struct reading *reading, bool is_replay);

#endif
