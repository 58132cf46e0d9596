/* SPDX-License-Identifier: MIT */
/* The publisher thread: drains the rings of all captures, decodes, judges, and hands readings
 * to the store.
 *
 * It never waits for the broker. It asks capture for another try after a refused frame, says
 * which sensors are stale, logs what is wrong with a sensor once, and posts `health`.
 *
 * Threads: publisher_start() and publisher_stop() from one owner.
 */
#ifndef APP_PUBLISHER_H
#define APP_PUBLISHER_H

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

#include "app/requests.h"
#include "base/attributes.h"
#include "base/latency.h"
#include "base/ring.h"
#include "base/thread.h"
#include "base/wake.h"
#include "capture/capture.h"
#include "capture/care.h"
#include "config/config.h"
#include "decode/decoder.h"
#include "decode/filter.h"
#include "decode/framer.h"
#include "decode/history.h"
#include "model/tally.h"
#include "publish/connection.h"
#include "store/store.h"

/* What comes from one capture thread. */
struct publisher_source {
	struct ring *ring; /* borrowed; outlives the publisher */
	struct capture *capture; /* borrowed; outlives the publisher */
	struct framer framer;
	uint32_t num_dropped_seen;
};

/* What others may know of one sensor, beside what is atomic. */
struct publisher_view {
	struct reading newest; /* seq 0: there is none */
	struct quality quality;
	const struct driver *model; /* constant; NULL: not known yet */
	enum verdict verdict; /* of the last attempt */
	bool has_tried; /* there was one */
	bool is_faulty; /* its line cannot be had */
};

/* What the publisher knows of one sensor. */
struct publisher_sensor {
	struct decoder decoder;
	struct publisher_source *source;
	size_t capture_index; /* its place in the source's capture */
	struct filter *filter; /* owned by the pipeline; NULL: nothing is filtered */
	struct filter_rules filter_rules;
	struct care care;
	struct care_rules care_rules;
	uint16_t feed_leader; /* the first sensor on its power pin, or itself */
	struct care_feed feed; /* of a leader's power pin */
	uint64_t stale_ns; /* CLOCK_MONOTONIC from when on it is stale */
	_Atomic bool is_available; /* publisher writes */
	bool is_faulty; /* its line cannot be had */
	bool is_refusing; /* the last turn ended without a reading, and that is logged */
	uint32_t num_refused; /* attempts since the last reading */
	struct tally tally;
	struct latency read; /* publisher writes: from a start pulse to the verdict */
	_Atomic uint32_t version; /* publisher writes: another one where there is news */
	struct request_wait *reading_wait; /* owned; NULL: nobody asked for a reading */
	struct request_wait *frames_wait; /* owned; NULL: nor for a recording */
	struct publisher_view view; /* guarded by view_lock; publisher writes */
	/* guarded by view_lock; its edges owned by the pipeline */
	struct history history;
};

struct publisher {
	const struct config *config; /* borrowed; outlives this */
	struct store *store; /* borrowed; outlives this */
	struct connection *connection; /* borrowed; outlives this */
	struct requests *requests; /* borrowed; outlives this */
	struct wake wake; /* captures signal it */
	struct publisher_source *sources; /* owned by the pipeline */
	size_t num_sources;
	struct publisher_sensor
		*sensors; /* owned by the pipeline; as config->sensors[] */
	uint64_t started_ns;
	uint64_t health_ns; /* when `health` is due */
	uint64_t ask_clock_ns; /* when to ask again whether the clock is set */
	bool is_clock_synced; /* the last answer */
	bool is_clock_doubted; /* it is not, and that is logged */
	_Atomic bool is_stopping; /* owner writes */
	_Atomic uint32_t num_rounds; /* how often the thread has gone round; it writes */
	struct thread thread;
	pthread_mutex_t view_lock; /* guards the sensors' views and histories */
	struct wake *watcher; /* borrowed; outlives the thread; NULL: there is none */
	_Atomic bool is_watched; /* the watcher wants to be woken; it writes */
};

/* Starts the thread, or starts it again over other sources and sensors. */
must_check int publisher_start(struct publisher *publisher);

/* Ends the thread, once all is taken that the captures, which have ended before, left. */
void publisher_stop(struct publisher *publisher);

/* Writes the newest frames of a sensor as an edge log. Returns 0 or a negative errno: -ENOENT no
 * such sensor. Threads: any. */
must_check int publisher_recall(struct publisher *publisher, const char *sensor_id,
				FILE *file);

#endif
