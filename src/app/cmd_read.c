/* SPDX-License-Identifier: MIT */
#include "app/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "app/simulation.h"
#include "base/clock.h"
#include "base/text.h"
#include "capture/capture.h"
#include "decode/decoder.h"
#include "decode/framer.h"
#include "publish/payload.h"

enum { MAX_TRIES = 5, RING_EDGES = 512, TIMER_SLACK_NS = 1000 };

/* What is to be read, from the options or the configuration. */
struct target {
	const char *id; /* borrowed; NULL: named by driver and pin */
	const char *pin; /* borrowed */
	const char *trigger_pin; /* borrowed; NULL: none */
	const struct driver *driver;
	enum line_edges edges;
	enum line_bias bias;
	int max_tries;
	bool is_strict; /* no repair of damaged frames */
	bool is_json;
};

struct session {
	struct capture_sensor sensor;
	struct simulation simulation;
	struct ring ring;
	struct framer framer;
	struct decoder decoder;
	struct edge edges[RING_EDGES];
};

static enum verdict judge(struct session *session, struct reading *out)
{
	struct decode_evidence evidence;
	struct edge edge;
	bool again;

	while (ring_pop(&session->ring, &edge)) {
		if (framer_feed(&session->framer, &edge, &again))
			return decoder_take(&session->decoder, &session->framer.frame,
					    out, &evidence);
	}
	return VERDICT_OVERRUN;
}

static void rest(const struct driver *driver)
{
	const struct timespec pause = {
		.tv_sec = driver->probe.min_interval_ms / 1000,
		.tv_nsec = driver->probe.min_interval_ms % 1000 * (long)CLOCK_NS_PER_MS,
	};

	nanosleep(&pause, NULL);
}

static void print_reading(const struct target *target, const struct reading *reading)
{
	char data[PAYLOAD_MAX_READING];
	struct text text;

	text_init(&text, data, sizeof(data));
	if (target->is_json) {
		text_add(&text, "{\"ts\":\"");
		text_add_time(&text, reading->wall_ms);
		text_add(&text, "\",");
		payload_values(&text, reading);
		text_add(&text, "}");
	} else {
		for (size_t i = 0; i < reading->num_values; i++) {
			const struct value *value = &reading->values[i];
			const struct quantity_row *row = quantity_row(value->quantity);

			text_add(&text, "%s%s ", i ? "  " : "", row->name);
			text_add_milli(&text, value->milli, value->digits);
			text_add(&text, " %s", row->unit);
		}
	}
	puts(data);
}

/* Asks until the sensor gives a reading, with its rest between the tries. */
static int ask(const struct target *target, struct session *session, struct line *line)
{
	for (int tries = 1;; tries++) {
		struct reading reading = { .wall_ms = clock_wall_ms() };
		int error = capture_attempt(line, &session->sensor, (uint8_t)(tries - 1),
					    &session->ring);

		if (error) {
			fprintf(stderr, "pin2mqtt: %s: %s\n", target->pin,
				strerror(-error));
			return EXIT_UNAVAILABLE;
		}

		const struct driver *model = session->decoder.model;
		enum verdict verdict = judge(session, &reading);

		if (model != session->decoder.model)
			fprintf(stderr, "pin2mqtt: %s: it is a %s\n", target->pin,
				session->decoder.model->name);
		if (verdict_is_accepted(verdict)) {
			print_reading(target, &reading);
			return EXIT_DONE;
		}
		fprintf(stderr, "pin2mqtt: %s: %s, try %d of %d\n", target->pin,
			verdict_name(verdict), tries, target->max_tries);
		if (tries >= target->max_tries)
			return verdict == VERDICT_NO_RESPONSE ? EXIT_UNAVAILABLE
							      : EXIT_FAILED;
		rest(target->driver);
	}
}

static int read_target(const struct target *target)
{
	char reason[LINE_MAX_REASON] = "";
	struct line *line = NULL;
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return EXIT_FAILED;
	simulation_init(&session->simulation, target->driver, 1);
	ring_init(&session->ring, session->edges, RING_EDGES, sizeof(session->edges[0]));
	framer_init(&session->framer);
	decoder_init(&session->decoder, target->driver, target->is_strict);
	session->sensor.probe = target->driver->probe;
	session->sensor.request = (struct line_request){
		.edges = target->edges,
		.bias = target->bias,
		.simulation = &session->simulation.answer,
	};
	strncpy(session->sensor.pin, target->pin, CAPTURE_MAX_PIN - 1);
	if (target->trigger_pin)
		strncpy(session->sensor.trigger_pin, target->trigger_pin,
			CAPTURE_MAX_PIN - 1);
	prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);

	int status = EXIT_UNAVAILABLE;

	if (capture_open_line(&session->sensor, &line, reason))
		fprintf(stderr, "pin2mqtt: %s\n", reason);
	else
		status = ask(target, session, line);
	line_close(line);
	free(session);
	return status;
}

static int read_configured(const char *option_path, const char *id, struct target *target)
{
	const char *path = command_config_path(option_path);
	struct config_errors errors = { 0 };
	struct config *config = NULL;
	int status = EXIT_CONFIG;

	if (config_load(path, command_driver_facts(), &config, &errors) == 0)
		status = EXIT_USAGE;
	else
		command_print_errors(path, &errors);
	for (size_t i = 0; config && i < config->num_sensors; i++) {
		const struct config_sensor *sensor = &config->sensors[i];

		if (strcmp(sensor->id, id) != 0)
			continue;
		target->id = id;
		target->pin = sensor->pin;
		target->trigger_pin = sensor->trigger_pin;
		target->driver = driver_find(sensor->driver);
		target->edges = sensor->edges == CONFIG_EDGES_BOTH ? LINE_EDGES_BOTH
								   : LINE_EDGES_FALLING;
		target->bias = sensor->bias == CONFIG_BIAS_PULL_UP ? LINE_BIAS_PULL_UP
								   : LINE_BIAS_AS_IS;
		target->is_strict = sensor->decode == CONFIG_DECODE_STRICT;
		status = read_target(target);
	}
	if (status == EXIT_USAGE && !target->id)
		fprintf(stderr, "pin2mqtt: %s has no sensor \"%s\"\n", path, id);
	config_errors_finish(&errors);
	config_free(config);
	return status;
}

struct arguments {
	const char *config;
	const char *driver;
	const char *pin;
	const char *edges;
	const char *tries;
	bool is_json;
	bool is_help;
	bool is_wrong;
};

static void parse(int argc, char **argv, struct arguments *out)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "driver", required_argument, NULL, 'd' },
		{ "pin", required_argument, NULL, 'p' },
		{ "edges", required_argument, NULL, 'e' },
		{ "tries", required_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:d:p:h", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			out->config = optarg;
			break;
		case 'd':
			out->driver = optarg;
			break;
		case 'p':
			out->pin = optarg;
			break;
		case 'e':
			out->edges = optarg;
			break;
		case 't':
			out->tries = optarg;
			break;
		case 'j':
			out->is_json = true;
			break;
		case 'h':
			out->is_help = true;
			break;
		default:
			out->is_wrong = true;
		}
	}
}

static int run(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	struct target target = { .max_tries = MAX_TRIES };

	parse(argc, argv, &arguments);
	if (arguments.is_help)
		return command_print_help(&command_read);
	if (arguments.is_wrong)
		return command_usage_error(&command_read, NULL);
	target.is_json = arguments.is_json;
	if (arguments.tries)
		target.max_tries = atoi(arguments.tries);
	if (target.max_tries < 1 || target.max_tries > 100)
		return command_usage_error(&command_read,
					   "--tries: %s, but 1 to 100 are possible",
					   arguments.tries);
	if (arguments.edges && strcmp(arguments.edges, "both") == 0)
		target.edges = LINE_EDGES_BOTH;
	else if (arguments.edges && strcmp(arguments.edges, "falling") != 0)
		return command_usage_error(&command_read,
					   "--edges: %s, but falling or both",
					   arguments.edges);
	if (!arguments.driver != !arguments.pin)
		return command_usage_error(&command_read,
					   "--driver and --pin go together");
	if (argc - optind != (arguments.pin ? 0 : 1))
		return command_usage_error(&command_read,
					   "name one sensor, or --driver and --pin");
	if (!arguments.pin)
		return read_configured(arguments.config, argv[optind], &target);
	target.pin = arguments.pin;
	target.driver = driver_find(arguments.driver);
	if (!target.driver)
		return command_usage_error(
			&command_read, "no driver \"%s\"; `pin2mqtt drivers` lists them",
			arguments.driver);
	return read_target(&target);
}

const struct command command_read = {
	.name = "read",
	.synopsis =
		"[-c FILE] SENSOR | --driver D --pin P [--edges E] [--tries N] [--json]",
	.summary = "one reading, now, to stdout",
	.help = "  -c, --config FILE  where SENSOR is declared (default: "
		"$PIN2MQTT_CONFIG, else\n"
		"                     /etc/pin2mqtt/pin2mqtt.yaml)\n"
		"  -d, --driver D     the sensor model; `pin2mqtt drivers` lists them\n"
		"  -p, --pin P        a kernel line name (GPIO4), CHIP/OFFSET "
		"(gpiochip0/4), or sim/4\n"
		"      --edges E      falling (the default) or both\n"
		"      --tries N      ask so often before giving up (default: 5)\n"
		"      --json         print a JSON object\n",
	.run = run,
};
