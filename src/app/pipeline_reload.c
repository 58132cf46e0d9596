/* SPDX-License-Identifier: MIT */
#include "app/pipeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/filtering.h"
#include "app/pipeline_inside.h"
#include "base/clock.h"
#include "config/compare.h"
#include "publish/payload.h"

/* Whether another connection is wanted: other servers, another name or other topics. */
static bool is_same_link(const struct config *before, const struct config *after)
{
	char data[1]; /* what differs exactly is not asked for */
	struct text ignored;

	text_init(&ignored, data, sizeof(data));
	return compare_keys("mqtt", before, after, &ignored) &&
	       strcmp(before->gateway.id, after->gateway.id) == 0;
}

int pipeline_prepare_reload(struct pipeline *pipeline, const struct config *config)
{
	int error = payload_check_topics(config);

	if (!error)
		connection_pause(pipeline->connection,
				 !is_same_link(pipeline->config, config), pipeline->news);
	return error;
}

bool pipeline_is_ready(const struct pipeline *pipeline)
{
	return connection_is_paused(pipeline->connection);
}

static bool is_same_pin(const char *before, const char *after)
{
	return before && after ? strcmp(before, after) == 0 : before == after;
}

/* Whether a line and the turns of its sensor can go on as they are. */
static bool is_same_wire(const struct config_sensor *before,
			 const struct config_sensor *after)
{
	return is_same_pin(before->pin, after->pin) &&
	       is_same_pin(before->trigger_pin, after->trigger_pin) &&
	       is_same_pin(before->quiet_pin, after->quiet_pin) &&
	       is_same_pin(before->power_pin, after->power_pin) &&
	       driver_find(before->driver) == driver_find(after->driver) &&
	       before->edges == after->edges && before->bias == after->bias;
}

static const struct chip *chip_of(const struct pipeline *pipeline, size_t sensor)
{
	return &pipeline->chips[pipeline->sensors[sensor].source - pipeline->sources];
}

/* The sensor of `before` whose wire this one has; before->num_sensors: none. */
static size_t find_heritage(const struct pipeline *before, const struct pipeline *after,
			    size_t sensor)
{
	size_t num_before = before->config->num_sensors;
	size_t i = 0;

	while (i < num_before &&
	       !(is_same_wire(&before->config->sensors[i],
			      &after->config->sensors[sensor]) &&
		 strcmp(chip_of(before, i)->name, chip_of(after, sensor)->name) == 0))
		i++;
	return i;
}

/* The new sensor gets the line; whoever answers on a simulated one comes with it. */
static void pass_on_lines(struct pipeline *before, struct pipeline *after)
{
	for (size_t i = 0; i < after->config->num_sensors; i++) {
		size_t heritage = find_heritage(before, after, i);

		if (heritage == before->config->num_sensors)
			continue;

		struct wire kept = before->wires[heritage];
		struct capture_sensor *sensor =
			&chip_of(after, i)->sensors[after->sensors[i].capture_index];

		before->wires[heritage] = after->wires[i];
		after->wires[i] = kept;
		sensor->request.simulation = &kept.simulation->answer;
		sensor->heritage = before->sensors[heritage].capture_index;
	}
}

static void swap_histories(struct history *a, struct history *b)
{
	struct history kept = *a;

	*a = *b;
	*b = kept;
}

/* What was measured stays; with other filters the next reading is posted at once. */
static void pass_on_filter(const struct publisher_sensor *known, bool has_changed,
			   struct publisher_sensor *sensor)
{
	if (!known->filter || !sensor->filter)
		return;
	*sensor->filter = *known->filter;
	if (has_changed)
		filter_forget_posted(sensor->filter);
}

/* What is known of a sensor goes with its id; what is known of its signal, with its wire. */
static void pass_on_knowledge(const struct pipeline *before, struct pipeline *after)
{
	for (size_t i = 0; i < after->config->num_sensors; i++) {
		const struct config_sensor *config = &after->config->sensors[i];
		size_t old = compare_find_sensor(before->config, config->id);

		if (old == before->config->num_sensors)
			continue;

		const struct config_sensor *old_config = &before->config->sensors[old];
		struct publisher_sensor *known = &before->sensors[old];
		struct publisher_sensor *sensor = &after->sensors[i];

		sensor->is_available = known->is_available;
		sensor->stale_ns = known->stale_ns + ((uint64_t)config->stale_after_ms -
						      old_config->stale_after_ms) *
							     CLOCK_NS_PER_MS;
		sensor->tally = known->tally;
		sensor->read = known->read;
		sensor->view.newest = known->view.newest;
		if (!is_same_wire(old_config, config))
			continue;
		sensor->is_faulty = known->is_faulty;
		sensor->is_refusing = known->is_refusing;
		sensor->num_refused = known->num_refused;
		sensor->care = known->care;
		sensor->feed = before->sensors[known->feed_leader].feed;
		pass_on_filter(known, filtering_has_changed(old_config, config), sensor);
		swap_histories(&known->history, &sensor->history);
		sensor->view = known->view;
		if (old_config->decode == config->decode)
			sensor->decoder = known->decoder;
	}
}

/* Exchanges what a configuration brings with it. */
static void swap_wiring(struct pipeline *a, struct pipeline *b)
{
	const struct pipeline old = {
		.config = a->config,
		.discovery = a->discovery,
		.sources = a->sources,
		.sensors = a->sensors,
		.wires = a->wires,
		.chips = a->chips,
		.num_chips = a->num_chips,
	};

	a->config = b->config;
	a->discovery = b->discovery;
	a->sources = b->sources;
	a->sensors = b->sensors;
	a->wires = b->wires;
	a->chips = b->chips;
	a->num_chips = b->num_chips;
	b->config = old.config;
	b->discovery = old.discovery;
	b->sources = old.sources;
	b->sensors = old.sensors;
	b->wires = old.wires;
	b->chips = old.chips;
	b->num_chips = old.num_chips;
}

/* The paused capture of that name is taken out of `before`; NULL: there is none. */
static struct capture *take_capture(struct pipeline *before, const char *name)
{
	for (size_t i = 0; i < before->num_chips; i++) {
		struct capture *capture = before->chips[i].capture;

		if (strcmp(before->chips[i].name, name) != 0)
			continue;
		before->chips[i].capture = NULL;
		return capture;
	}
	return NULL;
}

static int restart_captures(struct pipeline *pipeline, struct pipeline *before)
{
	for (size_t i = 0; i < pipeline->num_chips; i++) {
		struct chip *chip = &pipeline->chips[i];

		chip->predecessor = take_capture(before, chip->name);
	}
	/* The lines of chips that have left are let go first: they may have come back under
	 * another name. */
	for (size_t i = 0; i < before->num_chips; i++)
		capture_stop(before->chips[i].capture);
	return pipeline_start_captures(pipeline, clock_mono_ns());
}

/* Nothing of ours runs: the captures and the publisher have ended, the connection is paused. */
static int exchange(struct pipeline *pipeline, struct pipeline *next, const char *info)
{
	int error = store_set_sensors(pipeline->store, next->config);

	if (!error)
		error = connection_resume(pipeline->connection, next->config, info,
					  next->discovery);
	if (error)
		return error;
	pass_on_lines(pipeline, next);
	pass_on_knowledge(pipeline, next);
	swap_wiring(pipeline, next);
	pipeline_connect_publisher(pipeline);
	error = restart_captures(pipeline, next);
	return error ? error : publisher_start(&pipeline->publisher);
}

int pipeline_reload(struct pipeline *pipeline, const struct config *config)
{
	struct pipeline next = { .config = config };
	char *info = NULL;
	int error = pipeline_wire(&next, &info);

	if (!error) {
		pthread_mutex_lock(&pipeline->wiring_lock);
		for (size_t i = 0; i < pipeline->num_chips; i++)
			capture_pause(pipeline->chips[i].capture);
		publisher_stop(&pipeline->publisher);
		error = exchange(pipeline, &next, info);
		pipeline->generation++;
		pipeline->loaded_wall_ms = clock_wall_ms();
		pthread_mutex_unlock(&pipeline->wiring_lock);
	}
	free(info);
	pipeline_free_wiring(&next);
	return error;
}

void pipeline_set_reload_refused(struct pipeline *pipeline, bool is_refused)
{
	pthread_mutex_lock(&pipeline->wiring_lock);
	pipeline->is_reload_refused = is_refused;
	pthread_mutex_unlock(&pipeline->wiring_lock);
}
