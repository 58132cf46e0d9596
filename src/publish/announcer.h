/* SPDX-License-Identifier: MIT */
/* When Home Assistant is told what: all devices on each connection and each time it has
 * started, with the newest states after them; and the devices of sensors that have left the
 * configuration are taken back.
 *
 * What was announced earlier is found at the broker: for a few seconds of each connection we
 * listen to what it keeps. What is not found there, as it does not let us listen, or another
 * broker took it, the store knows.
 *
 * Threads: announcer_hear() from the library's, one at a time; the rest is the connection's.
 * Memory:  fixed.
 */
#ifndef PUBLISH_ANNOUNCER_H
#define PUBLISH_ANNOUNCER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/ring.h"
#include "base/text.h"
#include "publish/discovery.h"
#include "store/store.h"

enum {
	ANNOUNCER_NUM_LEFTOVERS = 64
}; /* a power of two; more wait for the next connection */

struct leftover {
	char sensor_id[DISCOVERY_MAX_SENSOR];
};

/* What is to be done next. */
enum announcer_step {
	ANNOUNCER_NOTHING,
	ANNOUNCER_SUBSCRIBE, /* to topic */
	ANNOUNCER_UNSUBSCRIBE, /* from topic */
	ANNOUNCER_POST, /* payload on topic, retained */
	ANNOUNCER_TAKE_BACK, /* the device on topic, by an empty payload */
	ANNOUNCER_REPEAT_STATES, /* the newest of every sensor */
};

struct announcer {
	pthread_mutex_t lock; /* guards discovery between a change and announcer_hear() */
	const struct discovery
		*discovery; /* borrowed; outlives this; NULL: there is nothing to say */
	struct store *store; /* borrowed; outlives this */
	const char *server; /* borrowed until the next connection stands */
	struct ring leftovers; /* the library's thread pushes */
	struct leftover slots[ANNOUNCER_NUM_LEFTOVERS];
	_Atomic uint32_t has_started; /* Home Assistant; the library's thread sets */
	unsigned num_subscribed; /* of our two topics, on this connection */
	bool is_looking; /* for leftovers */
	size_t next_device; /* the next to announce */
	uint32_t last_stored; /* of what the store knows, the last that was looked at */
	uint32_t
		taken_back; /* what the store calls the last one; 0: it does not know it */
	uint32_t seed; /* of the jitter */
	/* CLOCK_MONOTONIC; UINT64_MAX: not due */
	uint64_t again_ns; /* when all is announced once more */
	uint64_t states_ns; /* when states follow */
	uint64_t look_until_ns;
	uint64_t announced_ns; /* the last time that was begun */
};

/* discovery and store are set by the caller. */
void announcer_init(struct announcer *announcer, uint32_t seed);
void announcer_finish(struct announcer *announcer);

/* A connection stands, to this server. */
void announcer_begin(struct announcer *announcer, const char *server, uint64_t now_ns);

/* Of this connection nothing is announced before Home Assistant asks for it. */
void announcer_pass_over(struct announcer *announcer);

/* The configuration has changed: what there is now is announced on the standing connection,
 * too, and what has left is taken back. What was borrowed before is not used any more.
 * Threads: no other call but announcer_hear() may be on its way. */
void announcer_change(struct announcer *announcer, const struct discovery *discovery,
		      uint64_t now_ns);

/* What is to be done next; the texts are filled where the step has them. */
enum announcer_step announcer_next(struct announcer *announcer, uint64_t now_ns,
				   struct text *topic, struct text *payload);

/* When announcer_next() is worth a try without anything having happened. */
uint64_t announcer_due_ns(const struct announcer *announcer);

/* A message on a topic that we subscribed to. Returns whether there is something to do. */
bool announcer_hear(struct announcer *announcer, const char *topic, const char *payload,
		    size_t num_bytes, bool is_retained);

#endif
