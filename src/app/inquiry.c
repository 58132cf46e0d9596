/* SPDX-License-Identifier: MIT */
#include "app/inquiry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "app/command.h"
#include "base/clock.h"

enum { TIMER_SLACK_NS = 1000 };

void inquiry_describe(const struct config_sensor *sensor, struct inquiry_target *out)
{
	*out = (struct inquiry_target){
		.pin = sensor->pin,
		.trigger_pin = sensor->trigger_pin,
		.power_pin = sensor->power_pin,
		.driver = driver_find(sensor->driver),
		.edges = sensor->edges == CONFIG_EDGES_BOTH ? LINE_EDGES_BOTH
							    : LINE_EDGES_FALLING,
		.bias = sensor->bias == CONFIG_BIAS_PULL_UP ? LINE_BIAS_PULL_UP
							    : LINE_BIAS_AS_IS,
		.is_strict = sensor->decode == CONFIG_DECODE_STRICT,
		.is_double_read = sensor->is_double_read,
		.config = sensor,
	};
}

int inquiry_find_configured(const char *option_path, const char *id,
			    struct config **config_out, struct inquiry_target *out)
{
	const char *path = command_config_path(option_path);
	struct config_errors errors = { 0 };
	struct config *config = NULL;
	int error = config_load(path, command_driver_facts(), &config, &errors);

	*config_out = config;
	if (error)
		command_print_errors(path, &errors);
	config_errors_finish(&errors);
	if (error)
		return EXIT_CONFIG;
	for (size_t i = 0; i < config->num_sensors; i++) {
		if (strcmp(config->sensors[i].id, id) == 0) {
			inquiry_describe(&config->sensors[i], out);
			return EXIT_DONE;
		}
	}
	fprintf(stderr, "pin2mqtt: %s has no sensor \"%s\"\n", path, id);
	return EXIT_USAGE;
}

bool inquiry_edges_from_name(const char *name, enum line_edges *out)
{
	*out = strcmp(name, "both") == 0 ? LINE_EDGES_BOTH : LINE_EDGES_FALLING;
	return *out == LINE_EDGES_BOTH || strcmp(name, "falling") == 0;
}

static void init(struct inquiry *inquiry, const struct inquiry_target *target)
{
	inquiry->target = *target;
	simulation_init(&inquiry->simulation, target->driver, 1);
	ring_init(&inquiry->ring, inquiry->slots, INQUIRY_MAX_RECORDS,
		  sizeof(inquiry->slots[0]));
	framer_init(&inquiry->framer);
	decoder_init(&inquiry->decoder, target->driver, target->is_strict);
	inquiry->sensor.probe = target->driver->probe;
	inquiry->sensor.request = (struct line_request){
		.edges = target->edges,
		.bias = target->bias,
		.simulation = &inquiry->simulation.answer,
	};
	strncpy(inquiry->sensor.pin, target->pin, CAPTURE_MAX_PIN - 1);
	if (target->trigger_pin)
		strncpy(inquiry->sensor.trigger_pin, target->trigger_pin,
			CAPTURE_MAX_PIN - 1);
	inquiry->feed.pin = target->power_pin;
	inquiry->is_fed_anew = target->power_pin != NULL;
}

static void await_awake(const struct inquiry *inquiry)
{
	uint64_t awake_ns = feed_awake_ns(&inquiry->feed, &inquiry->sensor.probe);
	const struct timespec until = {
		.tv_sec = (time_t)(awake_ns / CLOCK_NS_PER_S),
		.tv_nsec = (long)(awake_ns % CLOCK_NS_PER_S),
	};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

void inquiry_close(struct inquiry *inquiry)
{
	if (!inquiry)
		return;
	line_close(inquiry->line);
	feed_close(&inquiry->feed);
	free(inquiry);
}

int inquiry_open(const struct inquiry_target *target, struct inquiry **out)
{
	struct inquiry *inquiry = calloc(1, sizeof(*inquiry));
	char reason[LINE_MAX_REASON] = "out of memory";

	if (!inquiry) {
		fprintf(stderr, "pin2mqtt: %s\n", reason);
		return -ENOMEM;
	}
	init(inquiry, target);
	prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);

	int error = target->power_pin ? feed_open(&inquiry->feed, clock_mono_ns(), reason)
				      : 0;

	capture_ready_thread();
	if (!error)
		error = capture_open_line(&inquiry->sensor, &inquiry->line, reason);
	if (error) {
		fprintf(stderr, "pin2mqtt: %s\n", reason);
		inquiry_close(inquiry);
		return error;
	}
	if (target->power_pin)
		await_awake(inquiry);
	*out = inquiry;
	return 0;
}

static unsigned start_of(const struct inquiry *inquiry, unsigned number)
{
	unsigned start = number < EDGE_START_NUMBER ? number : EDGE_START_NUMBER;

	if (inquiry->advice.is_long)
		start |= EDGE_START_LONG;
	if (inquiry->is_fed_anew)
		start |= EDGE_START_FED;
	return start;
}

static enum verdict judge(struct inquiry *inquiry, struct reading *out)
{
	const struct probe *probe = &inquiry->sensor.probe;
	const struct care_rules rules = {
		.interval_ms = probe->min_interval_ms,
		.is_double_read = inquiry->target.is_double_read,
		.has_long_pulse = probe->long_low_us != 0,
	};
	const struct frame *frame = &inquiry->framer.frame;
	enum verdict verdict =
		decoder_take(&inquiry->decoder, frame, out, &inquiry->evidence);

	inquiry->advice = care_judge(&inquiry->care, &rules, frame, verdict);
	return verdict;
}

int inquiry_ask(struct inquiry *inquiry, unsigned number, struct reading *out,
		enum verdict *verdict_out)
{
	rehearsal_settle(&inquiry->rehearsal);

	int error = capture_attempt(inquiry->line, &inquiry->sensor,
				    start_of(inquiry, number), &inquiry->ring,
				    &inquiry->rehearsal);
	bool again;

	inquiry->is_fed_anew = false;
	inquiry->num_records = 0;
	*verdict_out = VERDICT_OVERRUN;
	while (inquiry->num_records < INQUIRY_MAX_RECORDS &&
	       ring_pop(&inquiry->ring, &inquiry->records[inquiry->num_records])) {
		const struct edge *record = &inquiry->records[inquiry->num_records++];

		if (framer_feed(&inquiry->framer, record, &again))
			*verdict_out = judge(inquiry, out);
	}
	if (error)
		fprintf(stderr, "pin2mqtt: %s: %s\n", inquiry->target.pin,
			strerror(-error));
	return error;
}

uint32_t inquiry_rest_ms(const struct inquiry *inquiry)
{
	return inquiry->sensor.probe.min_interval_ms;
}

void inquiry_rest(const struct inquiry *inquiry)
{
	uint32_t rest_ms = inquiry_rest_ms(inquiry);
	const struct timespec pause = {
		.tv_sec = (time_t)(rest_ms / 1000),
		.tv_nsec = (long)(rest_ms % 1000) * (long)CLOCK_NS_PER_MS,
	};

	nanosleep(&pause, NULL);
}
