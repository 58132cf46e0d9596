/* SPDX-License-Identifier: MIT */
#include "app/http_source.h"

#include <errno.h>
#include <stdlib.h>

#include "app/frames.h"
#include "app/pipeline_inside.h"
#include "app/version.h"
#include "base/clock.h"
#include "config/compare.h"
#include "decode/advice.h"
#include "store/place.h"

static uint32_t load(const _Atomic uint32_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* From its signal, else, where nothing was accepted for long, from its last refusal. */
static const char *advice(const struct publisher_view *view, bool is_up)
{
	enum advice advice = quality_advice(&view->quality, QUALITY_MIN_FRAMES);

	if (advice == ADVICE_NONE && !is_up && view->has_tried)
		advice = advice_for(view->verdict);
	return advice_words(advice);
}

static void fill_sensor(struct publisher *publisher, size_t index,
			struct snapshot_sensor *out)
{
	const struct config_sensor *config = &publisher->config->sensors[index];
	struct publisher_sensor *sensor = &publisher->sensors[index];
	const struct tally *tally = &sensor->tally;
	struct publisher_view view;

	/* Before the view, so that none of its changes is missed; from 1. */
	out->version = load(&sensor->version) + 1;
	pthread_mutex_lock(&publisher->view_lock);
	view = sensor->view;
	pthread_mutex_unlock(&publisher->view_lock);
	out->id = config->id;
	out->name = config->name;
	out->driver = driver_find(config->driver)->name;
	out->model = view.model ? view.model->name : NULL;
	out->pin = config->pin_as_written;
	out->is_up = atomic_load_explicit(&sensor->is_available, memory_order_relaxed);
	out->advice = advice(&view, out->is_up);
	out->is_faulty = view.is_faulty;
	out->has_tried = view.has_tried;
	out->verdict = view.verdict;
	out->margin_percent = quality_margin(&view.quality);
	out->interval_ms = config->interval_ms;
	out->stale_after_ms = config->stale_after_ms;
	out->reading = view.newest;
	for (size_t i = 0; i < NUM_VERDICTS; i++)
		out->verdicts[i] = load(&tally->verdicts[i]);
	out->retries = load(&tally->retries);
	out->discarded = load(&tally->discarded);
	out->holds_back = sensor->filter_rules.has_delta;
	out->posted = load(&tally->posted);
	out->held_back = load(&tally->held_back);
	out->long_pulses = load(&tally->long_pulses);
	out->power_cycles = load(&tally->power_cycles);
	out->edges_merged = load(&tally->edges_merged);
	out->edges_lost = view.quality.num_lost;
	out->edges_late = view.quality.num_late;
	out->edges_strange = view.quality.num_strange;
	latency_read(&sensor->read, &out->read);
}

static void fill_connection(struct pipeline *pipeline, struct snapshot *out)
{
	struct connection_stat stat;

	connection_stat(pipeline->connection, &stat);
	out->mqtt.is_connected = stat.is_connected;
	out->mqtt.version = stat.version;
	out->mqtt.num_connects = stat.num_connects;
	out->mqtt.num_failures = stat.num_failures;
	out->mqtt.num_acknowledged = stat.num_acknowledged;
	out->mqtt.num_refused = stat.num_refused;
	out->mqtt.puback = stat.puback;
}

static void fill_store(struct pipeline *pipeline, uint64_t now_ns, struct snapshot *out)
{
	struct store_stat stat;

	store_stat(pipeline->store, &stat);
	out->store.num_waiting = stat.num_waiting;
	out->store.num_dropped = stat.num_dropped;
	out->store.is_in_memory = stat.is_in_memory;
	out->store.num_too_many = stat.dropped[STORE_DROP_SIZE];
	out->store.num_too_old = stat.dropped[STORE_DROP_AGE];
	out->store.num_damaged = stat.dropped[STORE_DROP_DAMAGE];
	out->store.file_bytes = place_num_bytes(pipeline->config->store.path);
	out->store.num_syncs = stat.num_syncs;
	out->store.written_bytes = stat.written_bytes;
	if (stat.oldest_t_ns != 0)
		out->store.oldest_wall_ms =
			out->wall_ms -
			(int64_t)((now_ns - stat.oldest_t_ns) / CLOCK_NS_PER_MS);
}

static int hold(void *context, struct snapshot *out)
{
	struct pipeline *pipeline = context;
	struct publisher *publisher = &pipeline->publisher;
	uint64_t now_ns = clock_mono_ns();
	struct snapshot_sensor *sensors;

	pthread_mutex_lock(&pipeline->wiring_lock);
	sensors = calloc(pipeline->config->num_sensors + 1, sizeof(*sensors));
	if (!sensors) {
		pthread_mutex_unlock(&pipeline->wiring_lock);
		return -ENOMEM;
	}
	*out = (struct snapshot){
		.version = version_string(),
		.libraries = pipeline->libraries,
		.gateway_id = pipeline->config->gateway.id,
		.gateway_name = pipeline->config->gateway.name,
		.wall_ms = clock_wall_ms(),
		.generation = pipeline->generation,
		.uptime_s = (now_ns - publisher->started_ns) / CLOCK_NS_PER_S,
		.is_healthy = pipeline_is_healthy(pipeline),
		.sensors = sensors,
		.num_sensors = pipeline->config->num_sensors,
	};
	fill_connection(pipeline, out);
	fill_store(pipeline, now_ns, out);
	out->config.is_refused = pipeline->is_reload_refused;
	out->config.wall_ms = pipeline->loaded_wall_ms;
	for (size_t i = 0; i < pipeline->num_chips; i++)
		out->edges_dropped += ring_num_dropped(&pipeline->chips[i].ring);
	for (size_t i = 0; i < out->num_sensors; i++)
		fill_sensor(publisher, i, &sensors[i]);
	return 0;
}

static void release(void *context, struct snapshot *snapshot)
{
	struct pipeline *pipeline = context;

	free(snapshot->sensors);
	pthread_mutex_unlock(&pipeline->wiring_lock);
}

static ssize_t frames(void *context, const char *sensor_id, char **out)
{
	struct pipeline *pipeline = context;
	struct frames *copy;
	ssize_t result;

	pthread_mutex_lock(&pipeline->wiring_lock);
	result = frames_copy(&pipeline->publisher, sensor_id, &copy);
	pthread_mutex_unlock(&pipeline->wiring_lock);
	if (result < 0)
		return result;
	result = frames_write(copy, sensor_id, out);
	frames_free(copy);
	return result;
}

static void add_to_chart(void *context, const struct summary *summary)
{
	chart_add(context, summary);
}

static int recall(void *context, const char *sensor_id, struct chart *chart)
{
	struct pipeline *pipeline = context;
	const struct store_span span = {
		.sensor_id = sensor_id,
		.since_ms = chart->query.since_ms,
		.until_ms = chart->query.until_ms,
	};
	size_t index;
	bool is_there;

	pthread_mutex_lock(&pipeline->wiring_lock);
	index = compare_find_sensor(pipeline->config, sensor_id);
	is_there = index < pipeline->config->num_sensors;
	if (is_there)
		chart->stale_after_ms = pipeline->config->sensors[index].stale_after_ms;
	pthread_mutex_unlock(&pipeline->wiring_lock);
	return is_there ? store_recall(pipeline->store, &span, add_to_chart, chart)
			: -ENOENT;
}

static void watch(void *context, bool is_watched)
{
	struct pipeline *pipeline = context;

	atomic_store_explicit(&pipeline->publisher.is_watched, is_watched,
			      memory_order_relaxed);
}

static void list_libraries(char out[PIPELINE_MAX_LIBRARIES])
{
	char library[VERSION_MAX_LIBRARY];
	struct text text;

	text_init(&text, out, PIPELINE_MAX_LIBRARIES);
	for (size_t i = 0; version_library(i, library); i++)
		text_add(&text, "%s%s", i ? ", " : "", library);
}

struct source http_source(struct pipeline *pipeline)
{
	list_libraries(pipeline->libraries);
	pipeline->loaded_wall_ms = clock_wall_ms();
	return (struct source){ hold, release, frames, recall, watch, pipeline };
}
