/* SPDX-License-Identifier: MIT */
/* Readings on their way to the broker: kept in order from the moment they are accepted until
 * the broker has acknowledged them. In memory, bounded; the oldest is dropped and counted.
 * (A store on disk takes this place later.)
 *
 * The newest reading of each sensor is kept beside the queue, for `state`.
 *
 * Threads: outbox_put() from the publisher; outbox_take(), outbox_take_state(), outbox_ack(),
 *          outbox_rewind() and outbox_repeat_states() from the connection; outbox_stat() from any. One lock guards
 *          all, never held across a call that may block.
 * Memory:  grows by blocks up to its limit, gives them back as the queue drains.
 */
#ifndef PUBLISH_OUTBOX_H
#define PUBLISH_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "config/config.h"
#include "model/reading.h"

struct outbox;

struct outbox_stat {
	uint32_t num_waiting; /* readings not yet acknowledged */
	uint64_t oldest_t_ns; /* when the oldest of them was read; 0: none waits */
	uint64_t next_seq; /* what the next reading will get */
	uint32_t num_dropped; /* by the limits; wraps */
	uint64_t num_bytes; /* of memory that the queue holds at the moment */
};

/* max_bytes: of readings, at least one is kept; max_age_ms: older ones are dropped, 0: never.
 * config: whose sensors put readings; borrowed for the call. Returns 0 or -ENOMEM. */
must_check int outbox_new(uint64_t max_bytes, uint64_t max_age_ms,
			  const struct config *config, struct outbox **out);
void outbox_free(struct outbox *outbox);

/* From now on a reading's sensor is an index into this configuration, borrowed for the call.
 * What waits keeps its sensor's id; the newest readings of sensors that stay are kept, too.
 * Threads: none may be at another call. Returns 0 or -ENOMEM: all is as it was. */
must_check int outbox_set_sensors(struct outbox *outbox, const struct config *config);

/* Gives the reading its seq and queues it. Returns the seq. */
uint64_t outbox_put(struct outbox *outbox, struct reading *reading);

/* The next reading that has not been taken. False: none.
 * sensor_id_out: of its sensor, which may have left the configuration, so that the reading's
 * index means nothing; lives as long as the outbox */
must_check bool outbox_take(struct outbox *outbox, struct reading *out,
			    const char **sensor_id_out);

/* The newest reading of any sensor whose newest has not been taken since it came or since a
 * rewind; each sensor in its turn. False: none. */
must_check bool outbox_take_state(struct outbox *outbox, struct reading *out);

/* The broker has the reading with this seq: it may be forgotten. Any order; a seq that was
 * dropped meanwhile is ignored. */
void outbox_ack(struct outbox *outbox, uint64_t seq);

/* The connection is gone: what was taken but not acknowledged is to be taken again, and so is
 * the newest reading of each sensor. */
void outbox_rewind(struct outbox *outbox);

/* The newest reading of each sensor is to be taken again. */
void outbox_repeat_states(struct outbox *outbox);

void outbox_stat(struct outbox *outbox, struct outbox_stat *out);

#endif
