/* SPDX-License-Identifier: MIT */
#include "app/pipeline.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "app/filtering.h"
#include "app/homeassistant.h"
#include "app/http_source.h"
#include "app/pipeline_inside.h"
#include "app/report.h"
#include "base/clock.h"
#include "base/text.h"

enum {
	/* A ring holds the edges of eight frames at the least: the publisher may be away for
	 * as long as a slow board needs to schedule it. */
	RING_EDGES = 2048,
	/* Main looks after the threads each 5 s. */
	MAX_LOOK_S = 30,
};

/* The chip that a sensor's pin is on; one that cannot be found now is a chip of its own. */
static void chip_name(const struct config_sensor *sensor, char name[PIPELINE_MAX_CHIP])
{
	char reason[LINE_MAX_REASON];
	struct line_place place;
	const char *found =
		line_find(sensor->pin, &place, reason) ? sensor->pin : place.chip;

	strncpy(name, found, PIPELINE_MAX_CHIP - 1);
	name[PIPELINE_MAX_CHIP - 1] = '\0';
}

static struct chip *find_chip(struct pipeline *pipeline,
			      const char name[PIPELINE_MAX_CHIP])
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
	struct simulation *simulation = pipeline->wires[index].simulation;

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
		.heritage = CAPTURE_NO_HERITAGE,
	};
	strncpy(out->pin, config->pin, sizeof(out->pin) - 1);
	if (config->trigger_pin)
		strncpy(out->trigger_pin, config->trigger_pin,
			sizeof(out->trigger_pin) - 1);
	if (config->quiet_pin)
		strncpy(out->quiet_pin, config->quiet_pin, sizeof(out->quiet_pin) - 1);
	if (config->power_pin)
		strncpy(out->power_pin, config->power_pin, sizeof(out->power_pin) - 1);
}

/* The first sensor that shares this one's power pin: itself, where there is none before. */
static uint16_t feed_leader(const struct config *config, uint16_t index)
{
	const char *pin = config->sensors[index].power_pin;

	for (uint16_t i = 0; pin && i < index; i++) {
		const char *other = config->sensors[i].power_pin;

		if (other && strcmp(other, pin) == 0)
			return i;
	}
	return index;
}

static void init_care(struct pipeline *pipeline, uint16_t index)
{
	const struct config_sensor *config = &pipeline->config->sensors[index];
	struct publisher_sensor *sensor = &pipeline->sensors[index];

	sensor->feed_leader = feed_leader(pipeline->config, index);
	sensor->care_rules = (struct care_rules){
		.max_retries = config->max_retries,
		.interval_ms = config->interval_ms,
		.is_double_read = config->is_double_read,
		.has_long_pulse = sensor->decoder.driver->probe.long_low_us != 0,
	};
}

/* The chip that a sensor belongs to; sensors on one power pin belong together. */
static struct chip *chip_of(struct pipeline *pipeline, uint16_t index)
{
	uint16_t leader = feed_leader(pipeline->config, index);
	char name[PIPELINE_MAX_CHIP];

	if (leader != index)
		return &pipeline->chips[pipeline->sensors[leader].source -
					pipeline->sources];
	chip_name(&pipeline->config->sensors[index], name);
	return find_chip(pipeline, name);
}

/* Deals the sensors out to their chips. */
static int build_chips(struct pipeline *pipeline)
{
	size_t num_sensors = pipeline->config->num_sensors;

	for (size_t i = 0; i < num_sensors; i++) {
		const struct config_sensor *config = &pipeline->config->sensors[i];
		struct chip *chip = chip_of(pipeline, (uint16_t)i);
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
		init_care(pipeline, (uint16_t)i);
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
	pipeline->wires = calloc(num_sensors + 1, sizeof(pipeline->wires[0]));
	if (!pipeline->chips || !pipeline->sources || !pipeline->sensors ||
	    !pipeline->wires)
		return -ENOMEM;
	for (size_t i = 0; i < num_sensors; i++) {
		pipeline->wires[i].simulation = calloc(1, sizeof(struct simulation));
		if (!pipeline->wires[i].simulation ||
		    filtering_new(&pipeline->config->sensors[i],
				  &pipeline->sensors[i].filter_rules,
				  &pipeline->sensors[i].filter) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* What others are told of us: info_out, which the caller frees, and pipeline->discovery. */
static int describe_gateway(struct pipeline *pipeline, char **info_out)
{
	const struct config *config = pipeline->config;
	struct text text;
	char *info = malloc(REPORT_MAX_INFO);
	int error = !info ? -ENOMEM
		    : config->homeassistant.is_enabled
			    ? homeassistant_new(config, &pipeline->discovery)
			    : 0;

	if (!info || error) {
		free(info);
		return error;
	}
	text_init(&text, info, REPORT_MAX_INFO);
	report_info(&text, config);
	if (text.is_cut) {
		text_init(&text, info, REPORT_MAX_INFO);
		text_add(&text, "{}");
	}
	*info_out = info;
	return 0;
}

/* Room for what is remembered of each sensor. */
static int build_histories(struct pipeline *pipeline)
{
	const struct config *config = pipeline->config;

	for (size_t i = 0; i < config->num_sensors; i++) {
		bool is_both = config->sensors[i].edges == CONFIG_EDGES_BOTH;
		size_t max_edges =
			history_max_edges(driver_find(config->sensors[i].driver),
					  is_both);
		struct history_edge *edges = calloc(max_edges, sizeof(*edges));

		if (!edges)
			return -ENOMEM;
		history_init(&pipeline->sensors[i].history, edges, max_edges);
	}
	return 0;
}

int pipeline_wire(struct pipeline *pipeline, char **info_out)
{
	int error = allocate(pipeline);

	if (!error)
		error = build_chips(pipeline);
	if (!error)
		error = build_histories(pipeline);
	return error ? error : describe_gateway(pipeline, info_out);
}

/* The first readings wait so long: by then the connection to a broker on this machine stands
 * (Paho sleeps for 200 ms on the way) and all that is said on connecting has been said, and
 * does not keep us from listening in time. */
static const uint64_t SETTLE_NS = 400 * CLOCK_NS_PER_MS;

int pipeline_start_captures(struct pipeline *pipeline, uint64_t first_ns)
{
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
			.predecessor = chip->predecessor,
		};
		int error = capture_start(&request, &chip->capture);

		if (error)
			return error;
		pipeline->sources[i].capture = chip->capture;
		capture_free(chip->predecessor);
		chip->predecessor = NULL;
		free(chip->sensors);
		chip->sensors = NULL;
	}
	return 0;
}

void pipeline_connect_publisher(struct pipeline *pipeline)
{
	pipeline->publisher.config = pipeline->config;
	pipeline->publisher.sources = pipeline->sources;
	pipeline->publisher.num_sources = pipeline->num_chips;
	pipeline->publisher.sensors = pipeline->sensors;
}

static int start_store(struct pipeline *pipeline)
{
	const struct config *config = pipeline->config;
	const struct store_options options = {
		.path = config->store.path,
		.durability = config->store.durability,
		.max_bytes = config->store.max_bytes,
		.max_age_ms = config->store.max_age_s * UINT64_C(1000),
		.flush_interval_ms = config->store.flush_interval_ms,
		.history_ms = config->store.history_s * UINT64_C(1000),
		.history_bytes = config->store.history_bytes,
		.is_recalled = config->http.listen != NULL,
	};
	int error = store_new(&options, &pipeline->store);

	if (!error)
		error = store_set_sensors(pipeline->store, config);
	if (!error)
		error = store_start(pipeline->store);
	return error;
}

static int start_connection(struct pipeline *pipeline)
{
	const struct config *config = pipeline->config;
	char *info = NULL;
	int error = pipeline_wire(pipeline, &info);

	if (!error)
		error = start_store(pipeline);
	if (!error) {
		const struct connection_setup setup = {
			.config = config,
			.store = pipeline->store,
			.discovery = pipeline->discovery,
			.info = info,
			.obeyer = { requests_hand_over, &pipeline->requests },
		};

		error = connection_start(&setup, &pipeline->connection);
	}
	free(info);
	return error;
}

static int start_http(struct pipeline *pipeline)
{
	const struct config *config = pipeline->config;
	const struct http_options options = {
		.listen = config->http.listen,
		.token = config->http.token,
		.hosts = (const char *const *)config->http.hosts,
		.num_hosts = config->http.num_hosts,
		.source = http_source(pipeline),
		.wake = &pipeline->http_wake,
	};

	if (!config->http.listen)
		return 0;
	return http_start(&options, &pipeline->http);
}

static int start(struct pipeline *pipeline)
{
	int error = wake_open(&pipeline->publisher.wake);

	if (!error && pipeline->config->http.listen)
		error = wake_open(&pipeline->http_wake);
	if (!error)
		error = start_connection(pipeline);
	if (error)
		return error;
	pipeline->publisher.store = pipeline->store;
	pipeline->publisher.connection = pipeline->connection;
	if (pipeline->config->http.listen)
		pipeline->publisher.watcher = &pipeline->http_wake;
	pipeline_connect_publisher(pipeline);

	uint64_t first_ns = clock_mono_ns() + SETTLE_NS;

	airtime_init(&pipeline->airtime, first_ns);
	error = pipeline_start_captures(pipeline, first_ns);
	if (!error)
		error = publisher_start(&pipeline->publisher);
	if (!error)
		error = start_http(pipeline);
	return error;
}

static uint32_t now_s(void)
{
	return (uint32_t)(clock_mono_ns() / CLOCK_NS_PER_S);
}

int pipeline_start(const struct config *config, struct wake *news, struct pipeline **out)
{
	struct pipeline *pipeline = calloc(1, sizeof(*pipeline));

	if (!pipeline)
		return -ENOMEM;
	pipeline->config = config;
	pipeline->news = news;
	pipeline->looked_s = now_s();
	requests_init(&pipeline->requests, &pipeline->publisher.wake, news);
	pipeline->publisher.requests = &pipeline->requests;
	pipeline->publisher.wake.fd = -1;
	pipeline->http_wake.fd = -1;
	pthread_mutex_init(&pipeline->publisher.view_lock, NULL);
	pthread_mutex_init(&pipeline->wiring_lock, NULL);

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

void pipeline_set_healthy(struct pipeline *pipeline, bool is_healthy)
{
	atomic_store_explicit(&pipeline->is_hanging, !is_healthy, memory_order_relaxed);
	atomic_store_explicit(&pipeline->looked_s, now_s(), memory_order_relaxed);
}

bool pipeline_is_healthy(const struct pipeline *pipeline)
{
	uint32_t looked_s =
		atomic_load_explicit(&pipeline->looked_s, memory_order_relaxed);

	return !atomic_load_explicit(&pipeline->is_hanging, memory_order_relaxed) &&
	       now_s() - looked_s < MAX_LOOK_S;
}

bool pipeline_take_reload(struct pipeline *pipeline, struct request *out)
{
	return requests_take_reload(&pipeline->requests, out);
}

void pipeline_answer(struct pipeline *pipeline, enum request_verb verb,
		     const char *payload)
{
	connection_answer(pipeline->connection, verb, payload);
}

struct publisher *pipeline_publisher(struct pipeline *pipeline)
{
	return &pipeline->publisher;
}

void pipeline_free_wiring(struct pipeline *pipeline)
{
	for (size_t i = 0; i < pipeline->num_chips; i++) {
		capture_free(pipeline->chips[i].capture);
		capture_free(pipeline->chips[i].predecessor);
		free(pipeline->chips[i].edges);
		free(pipeline->chips[i].sensors);
	}
	for (size_t i = 0; pipeline->wires && i < pipeline->config->num_sensors; i++)
		free(pipeline->wires[i].simulation);
	for (size_t i = 0; pipeline->sensors && i < pipeline->config->num_sensors; i++) {
		free(pipeline->sensors[i].history.edges);
		free(pipeline->sensors[i].filter);
	}
	homeassistant_free(pipeline->discovery);
	free(pipeline->chips);
	free(pipeline->sources);
	free(pipeline->sensors);
	free(pipeline->wires);
}

bool pipeline_stop(struct pipeline *pipeline)
{
	http_stop(pipeline->http);
	for (size_t i = 0; i < pipeline->num_chips; i++)
		capture_stop(pipeline->chips[i].capture);
	publisher_stop(&pipeline->publisher);

	bool has_ended = connection_stop(pipeline->connection);

	store_stop(pipeline->store);
	/* What hangs in the library still uses the store: leave all of it to the end of the
	 * process. */
	if (!has_ended)
		return false;
	pipeline_free_wiring(pipeline);
	store_free(pipeline->store);
	wake_close(&pipeline->publisher.wake);
	wake_close(&pipeline->http_wake);
	pthread_mutex_destroy(&pipeline->publisher.view_lock);
	pthread_mutex_destroy(&pipeline->wiring_lock);
	free(pipeline);
	return true;
}
