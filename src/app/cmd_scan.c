/* SPDX-License-Identifier: MIT */
#include "app/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/inquiry.h"
#include "app/pin.h"
#include "base/text.h"
#include "gpio/pinmux.h"
#include "model/reading_json.h"
#include "publish/payload.h"

enum {
	MAX_LINES = 1024, /* of all chips; a board has some 60 */
	/* A first frame may be lost, and three of a kind decide on the model. */
	MAX_TRIES = 8,
	REST_S = 2, /* of any model, before the second pass */
};

/* A line that is free, and what was found there. */
struct candidate {
	struct line_place place;
	const struct driver *model; /* NULL: nothing that we know */
	bool wants_pull_up; /* it answers with the pin's own resistor only */
	bool has_answered;
	struct reading reading;
};

struct scan {
	struct candidate *candidates; /* owned; MAX_LINES of them */
	size_t num_candidates;
	size_t num_found;
};

static void leave_alone(const struct line_place *place, const char *owner)
{
	char pin[PIN_MAX_NAME];

	pin_name(place, pin);
	fprintf(stderr, "pin2mqtt scan: %s is left alone: it is wired to %s\n", pin,
		owner);
}

/* Free inputs only: what somebody uses, or what is an output, drives something. */
static void collect(void *context, const struct line_listed *listed)
{
	struct scan *scan = context;
	char owner[PINMUX_MAX_OWNER];

	if (listed->is_used || listed->is_output || scan->num_candidates == MAX_LINES)
		return;
	if (pinmux_has_owner(PINMUX_FOLDER, listed->place.label,
			     listed->place.line_offset, owner)) {
		leave_alone(&listed->place, owner);
		return;
	}
	scan->candidates[scan->num_candidates++].place = listed->place;
}

/* Asks until the model is known and a reading there, or nothing comes of it. */
static void ask(struct candidate *candidate, struct inquiry *inquiry)
{
	for (unsigned tries = 0; tries < MAX_TRIES; tries++) {
		enum verdict verdict;

		if (inquiry_ask(inquiry, tries, &candidate->reading, &verdict) ||
		    (verdict == VERDICT_NO_RESPONSE && !candidate->has_answered))
			return;
		candidate->has_answered = true;
		if (verdict_is_accepted(verdict)) {
			candidate->model = inquiry->decoder.model;
			return;
		}
		inquiry_rest(inquiry);
	}
}

static void try_line(struct scan *scan, struct candidate *candidate, enum line_bias bias)
{
	char pin[PIN_MAX_NAME];
	const struct inquiry_target target = {
		.pin = pin,
		.driver = driver_find("dht"),
		.bias = bias,
	};
	struct inquiry *inquiry;

	snprintf(pin, sizeof(pin), "%s/%u", candidate->place.chip,
		 candidate->place.line_offset);
	if (inquiry_open(&target, &inquiry))
		return; /* somebody was faster, or the pin has no such resistor */
	ask(candidate, inquiry);
	inquiry_close(inquiry);
	if (!candidate->model)
		return;
	candidate->wants_pull_up = bias == LINE_BIAS_PULL_UP;
	scan->num_found++;
	pin_name(&candidate->place, pin);
	fprintf(stderr, "pin2mqtt scan: %s: a %s\n", pin, candidate->model->name);
}

/* Once as the wires are, then with the pin's own resistor where nothing has answered. */
static void try_all(struct scan *scan)
{
	static const enum line_bias biases[] = { LINE_BIAS_AS_IS, LINE_BIAS_PULL_UP };

	for (size_t pass = 0; pass < array_length(biases); pass++) {
		if (pass > 0)
			sleep(REST_S);
		for (size_t i = 0; i < scan->num_candidates; i++) {
			if (!scan->candidates[i].model)
				try_line(scan, &scan->candidates[i], biases[pass]);
		}
	}
}

static void print_json(const struct scan *scan)
{
	const char *comma = "";

	putchar('[');
	for (size_t i = 0; i < scan->num_candidates; i++) {
		const struct candidate *candidate = &scan->candidates[i];
		char pin[PIN_MAX_NAME], data[PAYLOAD_MAX_READING + 8 * PIN_MAX_NAME];
		struct text text;

		if (!candidate->model)
			continue;
		pin_name(&candidate->place, pin);
		text_init(&text, data, sizeof(data));
		text_add(&text, "%s\n{\"pin\":", comma);
		text_add_json(&text, pin);
		text_add(&text, ",\"driver\":\"%s\",\"bias\":\"%s\",",
			 candidate->model->name,
			 candidate->wants_pull_up ? "pull_up" : "as_is");
		reading_json_values(&text, &candidate->reading);
		text_add(&text, "}");
		fputs(data, stdout);
		comma = ",";
	}
	puts("\n]");
}

static void print_yaml(const struct scan *scan)
{
	int number = 0;

	puts("sensors:");
	for (size_t i = 0; i < scan->num_candidates; i++) {
		const struct candidate *candidate = &scan->candidates[i];
		char pin[PIN_MAX_NAME], data[PAYLOAD_MAX_READING];
		struct text text;

		if (!candidate->model)
			continue;
		pin_name(&candidate->place, pin);
		text_init(&text, data, sizeof(data));
		reading_json_values(&text, &candidate->reading);
		printf("  - id: sensor%d    # now %s\n    driver: %s\n    pin: '%s'\n",
		       ++number, data, candidate->model->name, pin);
		if (candidate->wants_pull_up)
			puts("    bias: pull_up    # or a resistor of 4.7 to 10 kOhm");
	}
}

static void tell_plan(const struct scan *scan)
{
	fprintf(stderr, "These lines are free, and each will be pulled low for 20 ms "
			"several times:\n");
	for (size_t i = 0; i < scan->num_candidates; i++) {
		char pin[PIN_MAX_NAME];

		pin_name(&scan->candidates[i].place, pin);
		fprintf(stderr, "%s%s", i % 8 ? "  " : "\n  ", pin);
	}
	fputs("\n\n", stderr);
}

static bool is_agreed(void)
{
	char answer[16] = "";

	fprintf(stderr, "That harms no sensor; does anything else hang on them? "
			"Go on? [y/N] ");
	return fgets(answer, sizeof(answer), stdin) &&
	       (strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0);
}

static int scan_lines(struct scan *scan, bool is_asked, bool is_json)
{
	if (scan->num_candidates == 0) {
		fputs("pin2mqtt scan: no line is free\n", stderr);
		return EXIT_UNAVAILABLE;
	}
	tell_plan(scan);
	if (is_asked && !is_agreed())
		return EXIT_FAILED;
	try_all(scan);
	if (is_json)
		print_json(scan);
	else if (scan->num_found > 0)
		print_yaml(scan);
	if (scan->num_found > 0)
		return EXIT_DONE;
	fprintf(stderr,
		"pin2mqtt scan: none of %zu lines answers like a sensor: check its "
		"power, "
		"its ground and its data wire\n",
		scan->num_candidates);
	return EXIT_UNAVAILABLE;
}

static int scan_chips(const char *chip, bool is_asked, bool is_json)
{
	char reason[LINE_MAX_REASON];
	struct scan scan = { .candidates = calloc(MAX_LINES, sizeof(*scan.candidates)) };
	int status = EXIT_UNAVAILABLE;

	if (!scan.candidates)
		return EXIT_FAILED;
	if (line_list(chip, collect, &scan, reason))
		fprintf(stderr, "pin2mqtt scan: %s\n", reason);
	else
		status = scan_lines(&scan, is_asked, is_json);
	free(scan.candidates);
	return status;
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "chip", required_argument, NULL, 'C' },
		{ "yes", no_argument, NULL, 'y' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *chip = NULL;
	bool is_asked = true, is_json = false;
	int option;

	while ((option = getopt_long(argc, argv, "yh", options, NULL)) != -1) {
		if (option == 'h')
			return command_print_help(&command_scan);
		if (option == '?')
			return command_usage_error(&command_scan, NULL);
		if (option == 'C')
			chip = optarg;
		else if (option == 'y')
			is_asked = false;
		else
			is_json = true;
	}
	if (optind < argc)
		return command_usage_error(&command_scan, "unexpected argument: %s",
					   argv[optind]);
	if (is_asked && !isatty(STDIN_FILENO))
		return command_usage_error(&command_scan,
					   "nobody can be asked here: --yes goes on");
	return scan_chips(chip, is_asked, is_json);
}

const struct command command_scan = {
	.name = "scan",
	.synopsis = "[--chip C] [--yes] [--json]",
	.summary = "which pins answer like a sensor, with a configuration to paste",
	.help = "      --chip C  only this chip's lines: its name, label or path\n"
		"  -y, --yes     does not ask before it drives lines\n"
		"      --json    prints a JSON array\n",
	.run = run,
};
