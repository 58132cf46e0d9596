/* SPDX-License-Identifier: MIT */
#include "app/command.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/filtering.h"
#include "app/inquiry.h"
#include "app/report.h"
#include "base/clock.h"
#include "base/text.h"
#include "model/reading_json.h"
#include "publish/payload.h"

enum { MAX_TRIES = 5, MIN_FRAMES = 3 };

/* How the reading is wanted. */
struct wish {
	int max_tries;
	bool is_json;
};

static void print_reading(const struct reading *reading, const struct quality *quality,
			  bool is_json)
{
	char data[PAYLOAD_MAX_READING + REPORT_MAX_SENSOR_HEALTH];
	struct text text;

	text_init(&text, data, sizeof(data));
	if (is_json) {
		text_add(&text, "{\"ts\":\"");
		text_add_time(&text, reading->wall_ms);
		text_add(&text, "\",");
		reading_json_values(&text, reading);
		text_add(&text, ",");
		report_signal(&text, quality, MIN_FRAMES);
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

/* How it came through, for a person who wires. */
static void print_signal(const char *pin, enum verdict verdict,
			 const struct quality *quality)
{
	enum advice advice = quality_advice(quality, MIN_FRAMES);

	fprintf(stderr, "pin2mqtt: %s: %s", pin, verdict_name(verdict));
	if (verdict == VERDICT_CLEAN)
		fprintf(stderr, ", signal margin %d %%", quality_margin(quality));
	if (quality->num_lost + quality->num_late + quality->num_strange > 0)
		fprintf(stderr, ", %u edges lost, %u late, %u strange", quality->num_lost,
			quality->num_late, quality->num_strange);
	if (advice == ADVICE_NONE)
		advice = advice_for(verdict);
	fprintf(stderr, "%s%s\n", advice == ADVICE_NONE ? "" : "; ",
		advice == ADVICE_NONE ? "" : advice_words(advice));
}

/* Asks until the sensor gives a reading, with its rest between the tries. */
static int ask(struct inquiry *inquiry, const struct wish *wish)
{
	const char *pin = inquiry->target.pin;
	int num_refused = 0;

	for (unsigned number = 0;; number++) {
		struct reading reading = { .wall_ms = clock_wall_ms() };
		const struct driver *model = inquiry->decoder.model;
		enum verdict verdict;

		if (inquiry_ask(inquiry, number, &reading, &verdict) < 0)
			return EXIT_UNAVAILABLE;
		if (model != inquiry->decoder.model)
			fprintf(stderr, "pin2mqtt: %s: it is a %s\n", pin,
				inquiry->decoder.model->name);
		if (inquiry->advice.is_taken) {
			print_signal(pin, verdict, &inquiry->decoder.quality);
			if (inquiry->target.config)
				filtering_take_single(inquiry->target.config, &reading);
			print_reading(&reading, &inquiry->decoder.quality, wish->is_json);
			return EXIT_DONE;
		}
		/* An accepted answer that is not taken is older than it looks. */
		if (!verdict_is_accepted(verdict))
			fprintf(stderr, "pin2mqtt: %s: %s, try %d of %d\n", pin,
				verdict_name(verdict), ++num_refused, wish->max_tries);
		if (num_refused >= wish->max_tries) {
			print_signal(pin, verdict, &inquiry->decoder.quality);
			return verdict == VERDICT_NO_RESPONSE ? EXIT_UNAVAILABLE
							      : EXIT_FAILED;
		}
		inquiry_rest(inquiry);
	}
}

static int read_target(const struct inquiry_target *target, const struct wish *wish)
{
	struct inquiry *inquiry = NULL;

	if (inquiry_open(target, &inquiry) < 0)
		return EXIT_UNAVAILABLE;

	int status = ask(inquiry, wish);

	inquiry_close(inquiry);
	return status;
}

static int read_configured(const char *option_path, const char *id,
			   const struct wish *wish)
{
	struct inquiry_target target;
	struct config *config;
	int status = inquiry_find_configured(option_path, id, &config, &target);

	if (status == EXIT_DONE)
		status = read_target(&target, wish);
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
	struct wish wish = { .max_tries = MAX_TRIES };
	struct inquiry_target target = { .edges = LINE_EDGES_FALLING };

	parse(argc, argv, &arguments);
	if (arguments.is_help)
		return command_print_help(&command_read);
	if (arguments.is_wrong)
		return command_usage_error(&command_read, NULL);
	wish.is_json = arguments.is_json;
	if (arguments.tries)
		wish.max_tries = atoi(arguments.tries);
	if (wish.max_tries < 1 || wish.max_tries > 100)
		return command_usage_error(&command_read,
					   "--tries: %s, but 1 to 100 are possible",
					   arguments.tries);
	if (arguments.edges && !inquiry_edges_from_name(arguments.edges, &target.edges))
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
		return read_configured(arguments.config, argv[optind], &wish);
	target.pin = arguments.pin;
	target.driver = driver_find(arguments.driver);
	if (!target.driver)
		return command_usage_error(
			&command_read, "no driver \"%s\"; `pin2mqtt drivers` lists them",
			arguments.driver);
	return read_target(&target, &wish);
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
