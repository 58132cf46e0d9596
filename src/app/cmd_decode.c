/* SPDX-License-Identifier: MIT */
#include "app/command.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "app/explain.h"
#include "app/record_file.h"
#include "base/clock.h"
#include "base/text.h"
#include "decode/decoder.h"
#include "decode/framer.h"
#include "decode/levels.h"
#include "gpio/recording.h"
#include "model/reading_json.h"

enum { MAX_LINE = 8192, NS_PER_STEP = 100000 };

struct arguments {
	const struct driver *driver; /* NULL: the one that the file names */
	const char *wire; /* NULL: the first */
	bool is_strict; /* no repair of damaged frames */
	const char *vcd; /* where levels go; NULL: nowhere */
	bool is_explained; /* edge by edge */
};

/* What became of the files. */
struct outcome {
	bool is_failed; /* a file could not be read */
	bool has_accepted;
};

/* One file on its way. */
struct input {
	const char *path;
	struct framer framer;
	struct decoder decoder;
	struct record_file *levels; /* borrowed; NULL: none are wanted */
	bool is_explained;
	unsigned num_frames;
};

/* Seconds with four decimals. */
static void add_seconds(struct text *text, uint64_t t_ns)
{
	uint64_t steps = (t_ns + NS_PER_STEP / 2) / NS_PER_STEP;

	text_add(text, "%" PRIu64 ".%04" PRIu64, steps / 10000, steps % 10000);
}

/* False: no memory. */
static bool draw(struct record_file *output, const struct driver *driver,
		 const struct frame *frame, enum verdict verdict,
		 const struct decode_evidence *evidence)
{
	struct edge *room = record_file_room(output, LEVELS_MAX_RECORDS);

	if (room)
		output->num_records +=
			levels_make(driver, frame, verdict, evidence, room);
	return room != NULL;
}

static void print_frame(struct input *input, struct outcome *outcome)
{
	const struct frame *frame = &input->framer.frame;
	const struct driver *driver;
	uint64_t t_ns = frame->start_ns;
	struct reading reading = { 0 };
	struct decode_evidence evidence;
	enum verdict verdict = decoder_take(&input->decoder, frame, &reading, &evidence);
	char data[MAX_LINE];
	struct text text;

	if (t_ns == 0 && frame->num_edges > 0)
		t_ns = frame->edges[0].t_ns;
	text_init(&text, data, sizeof(data));
	text_add(&text, "{\"file\":");
	text_add_json(&text, input->path);
	text_add(&text, ",\"frame\":%u,\"t_s\":", ++input->num_frames);
	add_seconds(&text, t_ns);
	text_add(&text, ",\"verdict\":\"%s\"", verdict_name(verdict));
	if (verdict_is_accepted(verdict)) {
		outcome->has_accepted = true;
		text_add(&text, ",");
		reading_json_values(&text, &reading);
	}
	text_add(&text, "}");
	puts(data);
	driver = input->decoder.model ? input->decoder.model : input->decoder.driver;
	if (input->is_explained)
		explain_frame(stdout, driver, frame, &evidence, verdict);
	if (input->levels && !draw(input->levels, driver, frame, verdict, &evidence))
		outcome->is_failed = true;
}

static void feed(struct input *input, const struct edge *edge, struct outcome *outcome)
{
	bool again = true;

	while (again) {
		if (framer_feed(&input->framer, edge, &again))
			print_frame(input, outcome);
	}
}

/* Which model a recording's sensor is. Returns the driver itself where that was known before,
 * or is not known after. */
static const struct driver *find_model(const struct driver *driver,
				       const struct recording *recording)
{
	struct framer framer;
	struct decoder decoder;

	framer_init(&framer);
	decoder_init(&decoder, driver, true);
	for (size_t i = 0; i < recording->num_edges && !decoder.model; i++) {
		struct decode_evidence evidence;
		struct reading reading = { 0 };
		bool again = true;

		while (again) {
			if (framer_feed(&framer, &recording->edges[i], &again))
				(void)decoder_take(&decoder, &framer.frame, &reading,
						   &evidence);
		}
	}
	return decoder.model ? decoder.model : driver;
}

static void decode_recording(struct input *input, const struct recording *recording,
			     struct outcome *outcome)
{
	framer_init(&input->framer);
	for (size_t i = 0; i < recording->num_edges; i++)
		feed(input, &recording->edges[i], outcome);
}

static void decode_file(const struct arguments *arguments, const char *path,
			struct outcome *outcome)
{
	char reason[RECORDING_MAX_REASON];
	struct recording recording = { 0 };
	struct record_file levels = { .path = arguments->vcd, .format = RECORD_FILE_VCD };
	struct input input = {
		.path = path,
		.levels = arguments->vcd ? &levels : NULL,
		.is_explained = arguments->is_explained,
	};
	const struct driver *driver = arguments->driver;

	if (recording_load(path, arguments->wire, &recording, reason) < 0) {
		fprintf(stderr, "pin2mqtt: %s\n", reason);
		outcome->is_failed = true;
		return;
	}
	if (!driver)
		driver = driver_find(recording.driver);
	if (driver) {
		decoder_init(&input.decoder, find_model(driver, &recording),
			     arguments->is_strict);
		decode_recording(&input, &recording, outcome);
		if (arguments->vcd &&
		    (record_file_open(&levels) < 0 ||
		     record_file_write(&levels, input.decoder.driver->name, "") < 0))
			outcome->is_failed = true;
		record_file_finish(&levels);
	} else {
		outcome->is_failed = true;
		if (*recording.driver)
			fprintf(stderr, "pin2mqtt: %s: no such driver: %s\n", path,
				recording.driver);
		else
			fprintf(stderr,
				"pin2mqtt: %s: does not say which sensor it is; "
				"--driver does\n",
				path);
	}
	recording_finish(&recording);
}

static int decode_files(const struct arguments *arguments, char *const *paths)
{
	struct outcome outcome = { .is_failed = false };

	for (; *paths; paths++)
		decode_file(arguments, *paths, &outcome);
	return command_finish_output(
		outcome.has_accepted && !outcome.is_failed ? EXIT_DONE : EXIT_FAILED);
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "driver", required_argument, NULL, 'd' },
		{ "wire", required_argument, NULL, 'w' },
		{ "strict", no_argument, NULL, 's' },
		{ "explain", no_argument, NULL, 'e' },
		{ "vcd", required_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct arguments arguments = { .driver = NULL };
	int option;

	while ((option = getopt_long(argc, argv, "d:h", options, NULL)) != -1) {
		switch (option) {
		case 'd':
			arguments.driver = driver_find(optarg);
			if (!arguments.driver)
				return command_usage_error(&command_decode,
							   "no such driver: %s", optarg);
			break;
		case 'w':
			arguments.wire = optarg;
			break;
		case 's':
			arguments.is_strict = true;
			break;
		case 'e':
			arguments.is_explained = true;
			break;
		case 'v':
			arguments.vcd = optarg;
			break;
		case 'h':
			return command_print_help(&command_decode);
		default:
			return command_usage_error(&command_decode, NULL);
		}
	}
	if (optind >= argc)
		return command_usage_error(&command_decode, "which file?");
	if (arguments.vcd && argc - optind > 1)
		return command_usage_error(&command_decode, "--vcd: one file at a time");
	return decode_files(&arguments, &argv[optind]);
}

const struct command command_decode = {
	.name = "decode",
	.synopsis =
		"[--driver D] [--wire NAME] [--strict] [--explain] [--vcd OUT] FILE...",
	.summary = "recorded edges -> readings, one JSON object a frame",
	.help = "  -d, --driver D   the sensor that was recorded (default: as an edge "
		"log says)\n"
		"      --wire NAME  the wire of a VCD that is the bus (default: the "
		"first of 1 "
		"bit)\n"
		"      --strict     no repair of damaged frames\n"
		"      --explain    after each frame, what each edge was taken for, or "
		"why not\n"
		"      --vcd OUT    writes the levels of all frames for PulseView, lost "
		"edges put\n"
		"                   where they belong\n"
		"  -h, --help       this\n"
		"\n"
		"FILE is an edge log or a VCD. The verdict is clean, repaired, or why "
		"the "
		"frame was refused.\n"
		"Ends with 0 where at least one frame was accepted and all files were "
		"read.\n",
	.run = run,
};
