/* SPDX-License-Identifier: MIT */
/* The pipeline's parts, for the files that build it and change it.
 *
 * What a configuration brings with it (the wiring) is exchanged by a reload; the store, the
 * connection and the publisher's thread with its wake stay.
 *
 * Threads: main's.
 */
#ifndef APP_PIPELINE_INSIDE_H
#define APP_PIPELINE_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "app/pipeline.h"
#include "app/publisher.h"
#include "app/requests.h"
#include "app/simulation.h"
#include "base/attributes.h"
#include "base/ring.h"
#include "capture/airtime.h"
#include "capture/capture.h"
#include "config/config.h"
#include "metrics/http.h"
#include "publish/connection.h"
#include "publish/discovery.h"
#include "store/store.h"

enum { PIPELINE_MAX_CHIP = 2 * LINE_MAX_NAME, PIPELINE_MAX_LIBRARIES = 256 };

/* One chip: its capture thread and the ring between it and the publisher. */
struct chip {
	char name[PIPELINE_MAX_CHIP]; /* path, or the pin's text where it was not found */
	struct ring ring;
	struct edge *edges; /* owned; RING_EDGES of them */
	struct capture *capture; /* owned */
	struct capture_sensor *sensors; /* owned; until the capture has started */
	size_t num_sensors;
	struct capture *predecessor; /* owned; paused, until the capture has started */
	uint32_t num_rounds_seen; /* of the capture, by pipeline_hanging() */
};

/* Who answers on a sensor's line, if that is simulated. */
struct wire {
	struct simulation *simulation; /* owned; the line has it */
};

struct pipeline {
	const struct config *config; /* borrowed; outlives this */
	struct airtime airtime;
	struct store *store; /* owned */
	struct discovery *discovery; /* owned; NULL: Home Assistant is told nothing */
	struct connection *connection; /* owned */
	struct requests requests;
	struct wake *news; /* borrowed; outlives this: what main looks at */
	struct publisher publisher;
	struct publisher_source *sources; /* owned; as chips[] */
	struct publisher_sensor *sensors; /* owned; as config->sensors[] */
	struct wire *wires; /* owned; as config->sensors[] */
	struct chip *chips; /* owned */
	size_t num_chips;
	uint32_t num_rounds_seen; /* of the publisher, by pipeline_hanging() */
	/* Guards the wiring against a reload, for the HTTP thread. */
	pthread_mutex_t wiring_lock;
	uint32_t generation; /* of the wiring; another one after each reload */
	int64_t loaded_wall_ms; /* when its configuration was taken on; as the next */
	bool is_reload_refused; /* a newer one has errors */
	_Atomic uint32_t
		looked_s; /* CLOCK_MONOTONIC of main's last look at the threads */
	_Atomic bool is_hanging; /* what it found; main writes both */
	char libraries[PIPELINE_MAX_LIBRARIES]; /* what it runs with */
	struct wake http_wake; /* of its thread */
	struct http *http; /* owned; NULL: there is none */
};

/* Makes the wiring of pipeline->config: chips with their rings, sensors, and what others are
 * told of them. Nothing is started. info_out: the payload of `info`; the caller frees it.
 * Returns 0 or -ENOMEM. */
must_check int pipeline_wire(struct pipeline *pipeline, char **info_out);

/* Gives the wiring to the publisher, which does not run. */
void pipeline_connect_publisher(struct pipeline *pipeline);

/* Starts the capture of each chip, in the place of its predecessor where it has one. Returns 0
 * or a negative errno. */
must_check int pipeline_start_captures(struct pipeline *pipeline, uint64_t first_ns);

/* What pipeline_set_healthy() said, and whether it was not too long ago. Threads: any. */
bool pipeline_is_healthy(const struct pipeline *pipeline);

/* Frees the wiring; its captures have stopped or are paused. */
void pipeline_free_wiring(struct pipeline *pipeline);

#endif
