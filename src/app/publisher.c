/* SPDX-License-Identifier: MIT */
#include "app/publisher.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/filtering.h"
#include "app/pin.h"
#include "app/report.h"
#include "base/clock.h"
#include "base/log.h"
#include "decode/derive.h"
#include "gpio/recording.h"

enum {
	HEALTH_INTERVAL_S = 60,
	ASK_CLOCK_INTERVAL_S = 10,
	/* kthreadd must get the CPU before us: each listen waits for a thread of its making. */
	PUBLISHER_NICE = 10,
	COMPLAIN_AFTER = 4, /* refused answers, in one turn or in several */
};

static const char *sensor_id(const struct publisher *publisher, uint16_t sensor)
{
	return publisher->config->sensors[sensor].id;
}

/* What a person can do: what the frames have in common says more than the last one. */
static const char *advise(const struct publisher_sensor *sensor, enum verdict verdict)
{
	enum advice advice = quality_advice(&sensor->decoder.quality, QUALITY_MIN_FRAMES);

	return advice_words(advice == ADVICE_NONE ? advice_for(verdict) : advice);
}

/* There is news of a sensor. */
static void tell_watcher(struct publisher *publisher, uint16_t index)
{
	atomic_fetch_add_explicit(&publisher->sensors[index].version, 1,
				  memory_order_relaxed);
	if (publisher->watcher &&
	    atomic_load_explicit(&publisher->is_watched, memory_order_relaxed))
		wake_signal(publisher->watcher);
}

static void set_available(struct publisher *publisher, uint16_t index, bool is_available)
{
	struct publisher_sensor *sensor = &publisher->sensors[index];

	if (atomic_load_explicit(&sensor->is_available, memory_order_relaxed) ==
	    is_available)
		return;
	atomic_store_explicit(&sensor->is_available, is_available, memory_order_relaxed);
	connection_set_available(publisher->connection, index, is_available);
	tell_watcher(publisher, index);
}

static void note_clock(struct publisher *publisher, bool is_synced)
{
	if (!is_synced && !publisher->is_clock_doubted)
		log_info("the clock is not synchronised, readings say so: sudo "
			 "timedatectl set-ntp true");
	else if (is_synced && publisher->is_clock_doubted)
		log_info("the clock is synchronised");
	publisher->is_clock_doubted = !is_synced;
	publisher->is_clock_synced = is_synced;
}

/* Not asked for each reading: the kernel stirs its random pool with the answer, which takes
 * longer than to decode a frame. */
static bool is_clock_synced(struct publisher *publisher, uint64_t now_ns)
{
	if (now_ns >= publisher->ask_clock_ns) {
		publisher->ask_clock_ns = now_ns + ASK_CLOCK_INTERVAL_S * CLOCK_NS_PER_S;
		note_clock(publisher, clock_is_synced());
	}
	return publisher->is_clock_synced;
}

static void count(_Atomic uint32_t *counter, bool is_one_more)
{
	if (is_one_more)
		atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* Makes of what was measured what is to be known of it, and posts that unless it is held back. */
static void refine(struct publisher *publisher, struct reading *reading)
{
	struct publisher_sensor *sensor = &publisher->sensors[reading->sensor];
	const struct config_sensor *config = &publisher->config->sensors[reading->sensor];
	bool is_wanted = sensor->reading_wait != NULL;
	bool is_posted =
		!sensor->filter ||
		filter_take(sensor->filter, &sensor->filter_rules, reading, is_wanted);

	if (config->derived)
		derive_add(reading, config->derived);
	if (is_posted) {
		store_put(publisher->store, reading);
	} else {
		/* It has no number of its own. */
		reading->seq = sensor->view.newest.seq;
		store_note(publisher->store, reading);
	}
	count(&sensor->tally.posted, sensor->filter && is_posted);
	count(&sensor->tally.held_back, !is_posted);
}

/* Posts what is held back before what was posted last expires. Returns when that will be. */
static uint64_t release_held(struct publisher *publisher, uint16_t index, uint64_t now_ns)
{
	struct publisher_sensor *sensor = &publisher->sensors[index];
	struct reading reading;
	uint64_t release_ns;

	if (!sensor->filter)
		return WAKE_FOREVER;
	release_ns = filter_release_ns(sensor->filter, &sensor->filter_rules);
	if (now_ns < release_ns)
		return release_ns;
	filter_release(sensor->filter, &reading);
	reading.sensor = index;
	derive_add(&reading, publisher->config->sensors[index].derived);
	store_put(publisher->store, &reading);
	count(&sensor->tally.posted, true);
	pthread_mutex_lock(&publisher->view_lock);
	sensor->view.newest.seq = reading.seq;
	pthread_mutex_unlock(&publisher->view_lock);
	tell_watcher(publisher, index);
	return WAKE_FOREVER;
}

/* Tells who asked for a reading what the sensor said just now. */
static void answer(struct publisher *publisher, const struct reading *measured,
		   uint64_t seq)
{
	struct reading reading = *measured;

	filtering_take_single(&publisher->config->sensors[measured->sensor], &reading);
	reading.seq = seq;
	requests_on_reading(publisher, &reading);
}

static void accept(struct publisher *publisher, struct reading *reading)
{
	struct publisher_sensor *sensor = &publisher->sensors[reading->sensor];
	const struct config_sensor *config = &publisher->config->sensors[reading->sensor];
	uint64_t now_ns = clock_mono_ns();
	uint64_t age_ms = (now_ns - reading->t_ns) / CLOCK_NS_PER_MS;

	reading->wall_ms = clock_wall_ms() - (int64_t)age_ms;
	if (!is_clock_synced(publisher, now_ns))
		reading->flags |= READING_CLOCK_UNSYNCED;

	const struct reading measured = *reading;

	refine(publisher, reading);
	pthread_mutex_lock(&publisher->view_lock);
	sensor->view.newest = *reading;
	pthread_mutex_unlock(&publisher->view_lock);
	sensor->stale_ns = reading->t_ns + config->stale_after_ms * CLOCK_NS_PER_MS;
	if (sensor->is_refusing)
		log_info("%s: reads again refused=%u", config->id, sensor->num_refused);
	sensor->is_refusing = false;
	sensor->num_refused = 0;
	care_feed_reset(&publisher->sensors[sensor->feed_leader].feed);
	set_available(publisher, reading->sensor, true);
	if (sensor->reading_wait)
		answer(publisher, &measured, reading->seq);
}

/* Says what is wrong, once until it reads again. */
static void complain(struct publisher *publisher, const struct frame *frame,
		     enum verdict verdict)
{
	struct publisher_sensor *sensor = &publisher->sensors[frame->sensor];
	const struct config_sensor *config = &publisher->config->sensors[frame->sensor];

	if (sensor->is_refusing || verdict == VERDICT_LINE_LOST)
		return;
	sensor->is_refusing = true;
	log_warning("%s: no reading after %u tries verdict=%s pin=%s driver=%s: %s",
		    config->id, sensor->num_refused, verdict_name(verdict),
		    config->pin_as_written, sensor->decoder.driver->name,
		    advise(sensor, verdict));
}

/* Says which model a sensor is, where the configuration leaves that open. */
static void report_model(const struct publisher *publisher, uint16_t index,
			 const struct driver *before)
{
	const struct decoder *decoder = &publisher->sensors[index].decoder;

	if (decoder->model == before)
		return;
	if (before)
		log_warning("%s: another sensor is on the wire model=%s before=%s",
			    sensor_id(publisher, index), decoder->model->name,
			    before->name);
	else
		log_info("%s: model found out model=%s good_frames=%u",
			 sensor_id(publisher, index), decoder->model->name,
			 DECODER_DECIDE_FRAMES);
}

/* Cuts the power of a sensor that is hung, where all on its pin agree. Sensors whose line
 * cannot be had have nothing to lose. */
static void cut_power(struct publisher *publisher, uint16_t index)
{
	const struct publisher_sensor *sensor = &publisher->sensors[index];
	uint16_t leader = sensor->feed_leader;
	size_t num_sensors = publisher->config->num_sensors;

	if (!publisher->config->sensors[index].power_pin)
		return;
	for (size_t i = 0; i < num_sensors; i++) {
		const struct publisher_sensor *other = &publisher->sensors[i];

		if (other->feed_leader == leader && !other->is_faulty &&
		    !care_is_hung(&other->care))
			return;
	}
	if (!care_feed_cut(&publisher->sensors[leader].feed, clock_mono_ns()))
		return;
	for (size_t i = 0; i < num_sensors; i++) {
		if (publisher->sensors[i].feed_leader != leader)
			continue;
		count(&publisher->sensors[i].tally.power_cycles, true);
		log_warning("%s: silent, its power is cut for a moment power_pin=%s",
			    sensor_id(publisher, (uint16_t)i),
			    publisher->config->sensors[i].power_pin_as_written);
	}
	capture_cut_power(sensor->source->capture, sensor->capture_index);
}

static void remember(struct publisher *publisher, const struct frame *frame,
		     enum verdict verdict)
{
	struct publisher_sensor *sensor = &publisher->sensors[frame->sensor];

	if (frame->start_ns != 0)
		latency_add(&sensor->read, clock_mono_ns() - frame->start_ns);
	pthread_mutex_lock(&publisher->view_lock);
	history_put(&sensor->history, frame, verdict);
	sensor->view.quality = sensor->decoder.quality;
	sensor->view.model = sensor->decoder.model;
	sensor->view.verdict = verdict;
	sensor->view.has_tried = true;
	pthread_mutex_unlock(&publisher->view_lock);
}

static void take_frame(struct publisher *publisher, const struct frame *frame)
{
	struct publisher_sensor *sensor = &publisher->sensors[frame->sensor];
	struct reading reading = { .sensor = frame->sensor };
	const struct driver *model = sensor->decoder.model;
	uint32_t max_retries = publisher->config->sensors[frame->sensor].max_retries;
	struct decode_evidence evidence;
	enum verdict verdict = decoder_take(&sensor->decoder, frame, &reading, &evidence);

	report_model(publisher, frame->sensor, model);
	if (sensor->filter && model != sensor->decoder.model)
		*sensor->filter = (struct filter){ 0 };

	struct care_advice care =
		care_judge(&sensor->care, &sensor->care_rules, frame, verdict);
	bool is_accepted = verdict_is_accepted(verdict);

	if (care.is_stale)
		verdict = VERDICT_STALE;
	remember(publisher, frame, verdict);
	count(&sensor->tally.verdicts[verdict], true);
	count(&sensor->tally.retries, !is_accepted && care.asks_again);
	count(&sensor->tally.discarded, is_accepted && !care.is_taken);
	count(&sensor->tally.long_pulses, frame->is_long);
	atomic_fetch_add_explicit(&sensor->tally.edges_merged, frame->num_merged,
				  memory_order_relaxed);
	if (atomic_load_explicit(&publisher->is_stopping, memory_order_relaxed))
		care.asks_again = false;
	capture_advise(sensor->source->capture, sensor->capture_index, &care);
	requests_on_frame(publisher, frame);
	if (care.is_taken) {
		accept(publisher, &reading);
	} else if (!is_accepted) {
		sensor->num_refused++;
		log_debug("%s: refused verdict=%s try=%u edges=%u",
			  sensor_id(publisher, frame->sensor), verdict_name(verdict),
			  frame->attempt + 1U, frame->num_edges);
		if (!care.asks_again)
			requests_on_refusal(publisher, frame->sensor, verdict);
		/* Of a short interval there may be no time for a second try in any turn. */
		if (!care.asks_again || sensor->num_refused > max_retries ||
		    sensor->num_refused >= COMPLAIN_AFTER)
			complain(publisher, frame, verdict);
		if (care_is_hung(&sensor->care))
			cut_power(publisher, frame->sensor);
	}
	tell_watcher(publisher, frame->sensor);
}

static void drain(struct publisher *publisher, struct publisher_source *source)
{
	struct edge edge;

	while (ring_pop(source->ring, &edge)) {
		bool again = true;

		while (again) {
			if (framer_feed(&source->framer, &edge, &again))
				take_frame(publisher, &source->framer.frame);
		}
	}

	uint32_t num_dropped = ring_num_dropped(source->ring);

	if (num_dropped != source->num_dropped_seen)
		log_warning("edges dropped: the machine is too busy dropped=%u",
			    num_dropped - source->num_dropped_seen);
	source->num_dropped_seen = num_dropped;
}

static void take_fault(struct publisher *publisher, uint16_t index)
{
	struct publisher_sensor *sensor = &publisher->sensors[index];
	char reason[LINE_MAX_REASON];
	int error;

	if (!capture_take_fault(sensor->source->capture, sensor->capture_index, &error,
				reason))
		return;
	if (error)
		log_error("%s: line not available, will try again pin=%s finding=%s: %s: "
			  "%s",
			  sensor_id(publisher, index),
			  publisher->config->sensors[index].pin_as_written,
			  pin_trouble(error, reason)->finding.id, reason,
			  pin_trouble(error, reason)->mend);
	else if (sensor->is_faulty)
		log_info("%s: line is there again", sensor_id(publisher, index));
	sensor->is_faulty = error != 0;
	pthread_mutex_lock(&publisher->view_lock);
	sensor->view.is_faulty = sensor->is_faulty;
	pthread_mutex_unlock(&publisher->view_lock);
	tell_watcher(publisher, index);
}

/* Marks what has become stale, and keeps what is posted from expiring. Returns when there is
 * more of it. */
static uint64_t check_stale(struct publisher *publisher, uint64_t now_ns)
{
	uint64_t next_ns = WAKE_FOREVER;

	for (size_t i = 0; i < publisher->config->num_sensors; i++) {
		const struct publisher_sensor *sensor = &publisher->sensors[i];

		if (!atomic_load_explicit(&sensor->is_available, memory_order_relaxed))
			continue;
		if (now_ns >= sensor->stale_ns) {
			log_warning("%s: stale, no reading for %u s",
				    sensor_id(publisher, (uint16_t)i),
				    publisher->config->sensors[i].stale_after_ms / 1000);
			set_available(publisher, (uint16_t)i, false);
			continue;
		}

		uint64_t release_ns = release_held(publisher, (uint16_t)i, now_ns);

		if (sensor->stale_ns < next_ns)
			next_ns = sensor->stale_ns;
		if (release_ns < next_ns)
			next_ns = release_ns;
	}
	return next_ns;
}

static void post_health(struct publisher *publisher, uint64_t now_ns)
{
	size_t max_bytes = REPORT_MAX_HEALTH +
			   publisher->config->num_sensors * REPORT_MAX_SENSOR_HEALTH;
	char *data = malloc(max_bytes);
	struct text text;

	publisher->health_ns = now_ns + HEALTH_INTERVAL_S * CLOCK_NS_PER_S;
	if (!data)
		return;
	text_init(&text, data, max_bytes);
	report_health(&text, publisher, now_ns);
	if (!text.is_cut)
		connection_post_health(publisher->connection, data);
	free(data);
}

static void run(void *context)
{
	struct publisher *publisher = context;

	thread_yield_to_others(PUBLISHER_NICE);
	while (!atomic_load_explicit(&publisher->is_stopping, memory_order_relaxed)) {
		atomic_fetch_add_explicit(&publisher->num_rounds, 1,
					  memory_order_relaxed);
		for (size_t i = 0; i < publisher->num_sources; i++)
			drain(publisher, &publisher->sources[i]);
		for (size_t i = 0; i < publisher->config->num_sensors; i++)
			take_fault(publisher, (uint16_t)i);

		uint64_t now_ns = clock_mono_ns();
		uint64_t next_ns = check_stale(publisher, now_ns);
		uint64_t late_ns = requests_serve(publisher, now_ns);

		if (late_ns < next_ns)
			next_ns = late_ns;

		if (now_ns >= publisher->health_ns)
			post_health(publisher, now_ns);
		if (next_ns > publisher->health_ns)
			next_ns = publisher->health_ns;
		(void)wake_wait(&publisher->wake, next_ns);
	}
}

int publisher_start(struct publisher *publisher)
{
	if (publisher->started_ns == 0) {
		publisher->started_ns = clock_mono_ns();
		publisher->health_ns =
			publisher->started_ns + HEALTH_INTERVAL_S * CLOCK_NS_PER_S;
	}
	atomic_store_explicit(&publisher->is_stopping, false, memory_order_relaxed);
	for (size_t i = 0; i < publisher->num_sources; i++)
		framer_init(&publisher->sources[i].framer);
	return thread_start(&publisher->thread, "publisher", 128 * 1024, run, publisher);
}

void publisher_stop(struct publisher *publisher)
{
	if (!publisher->thread.is_started)
		return;
	atomic_store_explicit(&publisher->is_stopping, true, memory_order_relaxed);
	wake_signal(&publisher->wake);
	thread_join(&publisher->thread);
	/* The captures have stopped before us: what they left in the rings still counts. */
	for (size_t i = 0; i < publisher->num_sources; i++)
		drain(publisher, &publisher->sources[i]);
	requests_cancel(publisher);
}

/* The records of all frames, the oldest first. Returns how many; *out is to be freed. */
static ssize_t copy_history(struct publisher *publisher, const struct history *history,
			    struct edge **out)
{
	ssize_t num_records = 0;

	*out = malloc(sizeof(**out) * HISTORY_FRAMES * HISTORY_MAX_RECORDS);
	if (!*out)
		return -ENOMEM;
	pthread_mutex_lock(&publisher->view_lock);
	for (size_t i = 0; i < history->num_frames; i++)
		num_records += (ssize_t)history_get(history, i, *out + num_records);
	pthread_mutex_unlock(&publisher->view_lock);
	return num_records;
}

int publisher_recall(struct publisher *publisher, const char *sensor_id, FILE *file)
{
	const struct config *config = publisher->config;

	for (size_t i = 0; i < config->num_sensors; i++) {
		struct edge *records;
		ssize_t result;

		if (strcmp(config->sensors[i].id, sensor_id) != 0)
			continue;
		result =
			copy_history(publisher, &publisher->sensors[i].history, &records);
		if (result >= 0)
			result =
				edge_log_write(file,
					       publisher->sensors[i].decoder.driver->name,
					       config->sensors[i].pin_as_written, records,
					       (size_t)result);
		free(records);
		return (int)result;
	}
	return -ENOENT;
}
