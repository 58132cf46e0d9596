/* SPDX-License-Identifier: MIT */
#include "app/pipeline.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "app/homeassistant.h"
#include "app/publisher.h"
#include "app/report.h"
#include "app/simulation.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

enum {
	/* A ring holds the edges of eight frames at the least: the publisher may be away for
	 * as long as a slow board needs to schedule it. */
	RING_EDGES = 2048,
	MAX_CHIP_NAME = 2 * LINE_MAX_NAME,
};

/* One chip: its capture thread and the ring between it and the publisher. */
struct chip {
	char name[MAX_CHIP_NAME]; /* path, or the pin's text where it was not found */
	struct ring ring;
	struct edge *edges; /* owned; RING_EDGES of them */
	struct capture *capture; /* owned */
	struct capture_sensor *sensors; /* owned; until the capture has started */
	size_t num_sensors;
	uint32_t num_rounds_seen; /* of the capture, by pipeline_hanging() */
};

struct pipeline {
	const struct config *config; /* borrowed; outlives this */
	struct airtime airtime;
	struct outbox *outbox; /* owned */
	struct discovery *discovery; /* owned; NULL: Home Assistant is told nothing */
	struct connection *connection; /* owned */
	struct publisher publisher;
	struct publisher_source *sources; /* owned; as chips[] */
	struct publisher_sensor *sensors; /* owned; as config->sensors[] */
	struct simulation *simulations; /* owned; as config->sensors[] */
	struct chip *chips; /* owned */
	size_t num_chips;
	uint32_t num_rounds_seen; /* of the publisher, by pipeline_hanging() */
};

/* The chip that a sensor's pin is on; one that cannot be found now is a chip of its own. */
static void chip_name(const struct config_sensor *sensor, char name[MAX_CHIP_NAME])
{
	char reason[LINE_MAX_REASON];
	struct line_place place;
	const char *found =
		line_find(sensor->pin, &place, reason) ? sensor->pin : place.chip;

	strncpy(name, found, MAX_CHIP_NAME - 1);
	name[MAX_CHIP_NAME - 1] = '\0';
}

static struct chip *find_chip(struct pipeline *pipeline, const char name[MAX_CHIP_NAME])
{
	for (size_t i = 0; i < pipeline->num_chips; i++) {
		if (strcmp(pipeline->chips[i].name, name) == 0)
			return &pipeline->chips[i];
	}

	struct chip *chip = &pipeline->chips[pipeline->num_chips++];

	memcpy(chip->name, name, sizeof(chip->name));
	return chip;
}

static void describe_sensor(struct pipeline *pipeline, uint16_t index,
			    struct capture_sensor *out)
{
	const struct config_sensor *config = &pipeline->config->sensors[index];
	const struct driver *driver = driver_find(config->driver);
	struct simulation *simulation = &pipeline->simulations[index];

	simulation_init(simulation, driver, index + 1U);
	*out = (struct capture_sensor){
		.request = {
			.edges = config->edges == CONFIG_EDGES_BOTH ? LINE_EDGES_BOTH :
								      LINE_EDGES_FALLING,
			.bias = config->bias == CONFIG_BIAS_PULL_UP ? LINE_BIAS_PULL_UP :
								      LINE_BIAS_AS_IS,
			.simulation = &simulation->answer,
		},
		.probe = driver->probe,
		.interval_ns = config->interval_ms * CLOCK_NS_PER_MS,
		.sensor = index,
	};
	strncpy(out->pin, config->pin, sizeof(out->pin) - 1);
	if (config->trigger_pin)
		strncpy(out->trigger_pin, config->trigger_pin,
			sizeof(out->trigger_pin) - 1);
}

/* Deals the sensors out to their chips. */
static int build_chips(struct pipeline *pipeline)
{
	size_t num_sensors = pipeline->config->num_sensors;

	for (size_t i = 0; i < num_sensors; i++) {
		const struct config_sensor *config = &pipeline->config->sensors[i];
		char name[MAX_CHIP_NAME];

		chip_name(config, name);

		struct chip *chip = find_chip(pipeline, name);
		struct capture_sensor *more =
			reallocarray(chip->sensors, chip->num_sensors + 1,
				     sizeof(chip->sensors[0]));

		if (!more)
			return -ENOMEM;
		chip->sensors = more;
		decoder_init(&pipeline->sensors[i].decoder, driver_find(config->driver),
			     config->decode == CONFIG_DECODE_STRICT);
		pipeline->sensors[i].source = &pipeline->sources[chip - pipeline->chips];
		pipeline->sensors[i].capture_index = chip->num_sensors;
		describe_sensor(pipeline, (uint16_t)i,
				&chip->sensors[chip->num_sensors++]);
	}
	for (size_t i = 0; i < pipeline->num_chips; i++) {
		struct chip *chip = &pipeline->chips[i];

		chip->edges = calloc(RING_EDGES, sizeof(chip->edges[0]));
		if (!chip->edges)
			return -ENOMEM;
		ring_init(&chip->ring, chip->edges, RING_EDGES, sizeof(chip->edges[0]));
		pipeline->sources[i].ring = &chip->ring;
	}
	return 0;
}

static int allocate(struct pipeline *pipeline)
{
	size_t num_sensors = pipeline->config->num_sensors;

	/* One more of each, so that no sensors at all is no special case. */
	pipeline->chips = calloc(num_sensors + 1, sizeof(pipeline->chips[0]));
	pipeline->sources = calloc(num_sensors + 1, sizeof(pipeline->sources[0]));
	pipeline->sensors = calloc(num_sensors + 1, sizeof(pipeline->sensors[0]));
	pipeline->simulations = calloc(num_sensors + 1, sizeof(pipeline->simulations[0]));
	if (!pipeline->chips || !pipeline->sources || !pipeline->sensors ||
	    !pipeline->simulations)
		return -ENOMEM;
	return 0;
}

static int start_connection(struct pipeline *pipeline)
{
	const struct config *config = pipeline->config;
	int error = config->homeassistant.is_enabled
			    ? homeassistant_new(config, &pipeline->discovery)
			    : 0;
	char *info = malloc(REPORT_MAX_INFO);
	struct text text;

	if (error || !info) {
		free(info);
		return -ENOMEM;
	}
	text_init(&text, info, REPORT_MAX_INFO);
	report_info(&text, config);

	error = connection_start(config, pipeline->outbox, text.is_cut ? "{}" : info,
				 pipeline->discovery, &pipeline->connection);
	free(info);
	return error;
}

/* The first readings wait so long: by then the connection to a broker on this machine stands
 * (Paho sleeps for 200 ms on the way) and all that is said on connecting has been said, and
 * does not keep us from listening in time. */
static const uint64_t SETTLE_NS = 400 * CLOCK_NS_PER_MS;

static int start_captures(struct pipeline *pipeline)
{
	uint64_t first_ns = clock_mono_ns() + SETTLE_NS;

	airtime_init(&pipeline->airtime, first_ns);
	for (size_t i = 0; i < pipeline->num_chips; i++) {
		struct chip *chip = &pipeline->chips[i];
		const struct capture_request request = {
			.name = "capture",
			.sensors = chip->sensors,
			.num_sensors = chip->num_sensors,
			.ring = &chip->ring,
			.consumer = &pipeline->publisher.wake,
			.airtime = &pipeline->airtime,
			.first_ns = first_ns,
		};
		int error = capture_start(&request, &chip->capture);

		if (error)
			return error;
		pipeline->sources[i].capture = chip->capture;
		free(chip->sensors);
		chip->sensors = NULL;
	}
	return 0;
}

static int start(struct pipeline *pipeline)
{
	const struct config *config = pipeline->config;
	int error = allocate(pipeline);

	if (!error)
		error = build_chips(pipeline);
	if (!error)
		error = wake_open(&pipeline->publisher.wake);
	if (!error)
		error = outbox_new(config->store.max_bytes,
				   config->store.max_age_s * UINT64_C(1000), config,
				   &pipeline->outbox);
	if (!error)
		error = start_connection(pipeline);
	if (error)
		return error;
	pipeline->publisher.config = config;
	pipeline->publisher.outbox = pipeline->outbox;
	pipeline->publisher.connection = pipeline->connection;
	pipeline->publisher.sources = pipeline->sources;
	pipeline->publisher.num_sources = pipeline->num_chips;
	pipeline->publisher.sensors = pipeline->sensors;
	error = start_captures(pipeline);
	if (!error)
		error = publisher_start(&pipeline->publisher);
	return error;
}

int pipeline_start(const struct config *config, struct pipeline **out)
{
	struct pipeline *pipeline = calloc(1, sizeof(*pipeline));

	if (!pipeline)
		return -ENOMEM;
	pipeline->config = config;
	pipeline->publisher.wake.fd = -1;

	int error = start(pipeline);

	if (error) {
		(void)pipeline_stop(pipeline);
		return error;
	}
	*out = pipeline;
	return 0;
}

/* Whether a counter differs from what was seen of it last. */
static bool has_moved(uint32_t num_rounds, uint32_t *seen)
{
	bool has = num_rounds != *seen;

	*seen = num_rounds;
	return has;
}

const char *pipeline_hanging(struct pipeline *pipeline)
{
	struct publisher *publisher = &pipeline->publisher;
	uint32_t num_rounds =
		atomic_load_explicit(&publisher->num_rounds, memory_order_relaxed);
	const char *hanging = NULL;

	if (!has_moved(num_rounds, &pipeline->num_rounds_seen))
		hanging = "the publisher";
	wake_signal(&publisher->wake);
	for (size_t i = 0; i < pipeline->num_chips; i++) {
		struct chip *chip = &pipeline->chips[i];

		if (!has_moved(capture_num_rounds(chip->capture), &chip->num_rounds_seen))
			hanging = "a capture";
		capture_nudge(chip->capture);
	}
	return hanging;
}

const struct publisher *pipeline_publisher(const struct pipeline *pipeline)
{
	return &pipeline->publisher;
}

static void free_pipeline(struct pipeline *pipeline)
{
	for (size_t i = 0; i < pipeline->num_chips; i++) {
		capture_free(pipeline->chips[i].capture);
		free(pipeline->chips[i].edges);
		free(pipeline->chips[i].sensors);
	}
	outbox_free(pipeline->outbox);
	homeassistant_free(pipeline->discovery);
	wake_close(&pipeline->publisher.wake);
	free(pipeline->chips);
	free(pipeline->sources);
	free(pipeline->sensors);
	free(pipeline->simulations);
	free(pipeline);
}

bool pipeline_stop(struct pipeline *pipeline)
{
	for (size_t i = 0; i < pipeline->num_chips; i++)
		capture_stop(pipeline->chips[i].capture);
	publisher_stop(&pipeline->publisher);
	/* What hangs in the library still uses the outbox: leave all of it to the end of the
	 * process. */
	if (pipeline->connection && !connection_stop(pipeline->connection))
		return false;
	free_pipeline(pipeline);
	return true;
}
