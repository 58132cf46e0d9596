/* SPDX-License-Identifier: MIT */
/* What Home Assistant is told: a retained message for the gateway and one for each sensor,
 * each a device with its entities, on PREFIX/device/ID/config.
 *
 * IDs are NODE for the gateway and NODE_SENSOR for a sensor. NODE is made of the machine's
 * id, and of the gateway's where the configuration sets it: no name is in it, and no two
 * gateways share one, not even on one machine.
 *
 * Threads: any; constant once discovery_init() has returned.
 * Pure.
 */
#ifndef PUBLISH_DISCOVERY_H
#define PUBLISH_DISCOVERY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "config/config.h"
#include "model/reading.h"

enum {
	DISCOVERY_MAX_NODE = 32,
	DISCOVERY_MAX_SENSOR = 72, /* a sensor's id, NUL included */
	DISCOVERY_MAX_DOCUMENT =
		24 * 1024, /* the longest that the configuration allows */
};

/* What the configuration does not say of a sensor. */
struct discovery_sensor {
	const char *driver; /* borrowed, constant: "dht22" */
	const char *model; /* borrowed, constant: for people */
	struct value values[READING_MAX_VALUES]; /* what it measures, how finely */
	unsigned num_values;
};

/* Entities that a sensor's device may have or not, as bits: one that leaves is to be named once
 * more, as leaving it out removes nothing. */
enum {
	DISCOVERY_READ = 1 << 0,
	DISCOVERY_POWER_CYCLE = 1 << 1,
	DISCOVERY_DERIVED =
		1 << 2, /* of QUANTITY_DEW_POINT; then those of the quantities after it */
};

struct discovery {
	const struct config *config; /* borrowed; outlives this */
	const char *version; /* borrowed, constant: ours */
	const struct discovery_sensor *sensors; /* borrowed; as config->sensors[] */
	char node[DISCOVERY_MAX_NODE];
};

/* Sets `node`; the caller sets the rest. machine_id: empty where there is none. */
void discovery_init(struct discovery *discovery, const char *machine_id);

/* Devices are counted: 0 is the gateway, which the others refer to, then each sensor. */
size_t discovery_num_devices(const struct discovery *discovery);
void discovery_topic(struct text *out, const struct discovery *discovery, size_t device);

/* Which of the entities that may be there are. */
uint32_t discovery_parts(const struct discovery *discovery, size_t device);

/* announced: the parts that the device had earlier; what is there no more is removed. */
void discovery_document(struct text *out, const struct discovery *discovery,
			size_t device, uint32_t announced);

/* Whether a device is on that topic. */
bool discovery_has_topic(const struct discovery *discovery, const char *topic);

/* PREFIX/device/NODE_SENSOR/config */
void discovery_sensor_topic(struct text *out, const struct discovery *discovery,
			    const char *sensor_id);

/* PREFIX/device/+/config: where what we and others have announced is found. */
void discovery_topic_filter(struct text *out, const struct discovery *discovery);

/* Whether a retained message is one that this gateway announced, for a sensor that the
 * configuration does not have; its id then. Topic and payload must both say so: messages
 * of others are none of our business. */
bool discovery_is_leftover(const struct discovery *discovery, const char *topic,
			   const char *payload, size_t num_bytes,
			   char sensor_id_out[DISCOVERY_MAX_SENSOR]);

#endif
