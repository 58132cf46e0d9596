/* SPDX-License-Identifier: MIT */
/* Which sensors there are and are fresh, and what of that the broker has been told: retained
 * availability, and empty messages where a sensor has left.
 *
 * Threads: the connection's only, but presence_set() from one other.
 * Memory:  a byte or two a sensor, and the ids of those that have left.
 */
#ifndef PUBLISH_PRESENCE_H
#define PUBLISH_PRESENCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "config/config.h"

struct presence {
	_Atomic uint8_t
		*available; /* owned; as config->sensors[]; another thread writes */
	_Atomic uint32_t is_changed; /* both write */
	uint8_t *told; /* owned; what the broker knows of each sensor */
	size_t next_told; /* sensors before this one are up to date */
	char **gone; /* owned, as what they point to: ids of sensors that have left */
	size_t num_gone;
	size_t next_gone; /* of the topics of these, the next to clear */
};

/* All sensors are offline, and nothing is told. Returns 0 or -ENOMEM. */
must_check int presence_init(struct presence *presence, size_t num_sensors);
void presence_finish(struct presence *presence);

/* A connection stands: all is to be told again. */
void presence_begin(struct presence *presence, size_t num_sensors);

/* The configuration has changed: what is known of sensors that stay is kept.
 * Threads: no other call may be on its way. Returns 0 or -ENOMEM: all is as it was. */
must_check int presence_change(struct presence *presence, const struct config *before,
			       const struct config *after);

/* Whether a sensor is fresh; true where that is news. */
bool presence_set(struct presence *presence, uint16_t sensor, bool is_available);

/* The next message to post, retained. topic: filled; payload_out: constant. False: none. */
must_check bool presence_next(struct presence *presence, const struct config *config,
			      struct text *topic, const char **payload_out);

#endif
