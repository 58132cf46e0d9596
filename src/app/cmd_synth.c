/* SPDX-License-Identifier: MIT */
#include "app/command.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/record_file.h"
#include "base/clock.h"
#include "decode/waveform.h"

enum { MAX_FRAMES = 10000, MAX_RECORDS = FRAME_MAX_EDGES + 4 };

/* A monotonic clock is past this long before anyone types. */
#define FIRST_NS CLOCK_NS_PER_S

/* What the options say. Decimal numbers as thousandths, in the option's unit. */
struct arguments {
	const struct driver *driver;
	struct record_file output;
	enum encoding encoding;
	enum waveform_edges edges;
	bool has_edges;
	bool has_bytes;
	bool is_silent;
	uint8_t bytes[DRIVER_MAX_BYTES];
	int32_t temperature_milli;
	int32_t humidity_milli;
	int32_t frames_milli;
	int32_t every_milli;
	int32_t seed_milli;
	int32_t scale_milli;
	int32_t jitter_milli;
	int32_t armed_milli;
	int32_t rise_milli;
	int32_t tick_milli;
	int32_t glitches_milli;
	int32_t lost_milli;
};

/* The options that take a number. */
struct number {
	const char *name;
	size_t offset; /* in struct arguments */
	int32_t min;
	int32_t max;
};

static const struct number numbers[] = {
	{ "temperature", offsetof(struct arguments, temperature_milli), -1000, 1000 },
	{ "humidity", offsetof(struct arguments, humidity_milli), -1000, 1000 },
	{ "frames", offsetof(struct arguments, frames_milli), 1, MAX_FRAMES },
	{ "every", offsetof(struct arguments, every_milli), 0, 100000 },
	{ "seed", offsetof(struct arguments, seed_milli), 0, 1000000 },
	{ "scale", offsetof(struct arguments, scale_milli), -20, 20 },
	{ "jitter", offsetof(struct arguments, jitter_milli), 0, 1000 },
	{ "armed", offsetof(struct arguments, armed_milli), 0, 20000 },
	{ "rise", offsetof(struct arguments, rise_milli), 0, 1000 },
	{ "tick", offsetof(struct arguments, tick_milli), 0, 1000 },
	{ "glitches", offsetof(struct arguments, glitches_milli), 0, 100 },
	{ "lost", offsetof(struct arguments, lost_milli), 0, 100 },
};

/* A decimal number with at most three decimals, in thousandths. */
static bool parse_milli(const char *string, int32_t *milli_out)
{
	bool is_negative = *string == '-';
	int32_t value = 0;
	int decimals = -1;
	const char *next = string + is_negative;

	if (!*next)
		return false;
	for (; *next; next++) {
		if (*next == '.' && decimals < 0 && next[1]) {
			decimals = 0;
			continue;
		}
		if (*next < '0' || *next > '9' || decimals == 3 ||
		    value > (INT32_MAX - 9) / 10)
			return false;
		value = value * 10 + (*next - '0');
		decimals += decimals >= 0;
	}
	for (int i = decimals < 0 ? 0 : decimals; i < 3; i++) {
		if (value > INT32_MAX / 10)
			return false;
		value *= 10;
	}
	*milli_out = is_negative ? -value : value;
	return true;
}

static int take_number(struct arguments *arguments, const struct number *number,
		       const char *string)
{
	int32_t milli;

	if (!parse_milli(string, &milli) || milli < number->min * 1000 ||
	    milli > number->max * 1000)
		return command_usage_error(&command_synth,
					   "--%s %s: not a number from %d to %d",
					   number->name, string, number->min,
					   number->max);
	memcpy((char *)arguments + number->offset, &milli, sizeof(milli));
	return EXIT_DONE;
}

/* All bytes of a frame, two digits each. */
static bool parse_bytes(const char *string, uint8_t *bytes_out, size_t *num_out)
{
	static const char digits[] = "0123456789abcdef";
	size_t num_digits = 0;

	for (; string[num_digits]; num_digits++) {
		int lower = string[num_digits] | 0x20;
		const char *digit = lower > ' ' ? strchr(digits, lower) : NULL;

		if (!digit || num_digits / 2 >= DRIVER_MAX_BYTES)
			return false;
		bytes_out[num_digits / 2] =
			(uint8_t)(bytes_out[num_digits / 2] << 4 | (digit - digits));
	}
	*num_out = num_digits / 2;
	return num_digits % 2 == 0;
}

/* The value of an option that has a few words to choose from. */
static bool parse_word(const char *string, const char *const *words, int *index_out)
{
	for (int i = 0; words[i]; i++) {
		if (strcmp(words[i], string) == 0) {
			*index_out = i;
			return true;
		}
	}
	return false;
}

static uint32_t number_of(int32_t milli)
{
	return (uint32_t)milli / 1000;
}

/* The frames, one after the other. False: no memory. */
static bool make_records(struct arguments *arguments)
{
	struct imperfections imperfections = {
		.scale_permille = arguments->scale_milli / 100,
		.jitter_ns = (uint32_t)arguments->jitter_milli,
		.armed_ns = (uint32_t)arguments->armed_milli,
		.rise_ns = (uint32_t)arguments->rise_milli,
		.tick_ns = (uint32_t)arguments->tick_milli,
		.glitch_permille = (uint32_t)arguments->glitches_milli / 100,
		.lost_permille = (uint32_t)arguments->lost_milli / 100,
	};
	uint64_t every_ns = (uint64_t)arguments->every_milli * CLOCK_NS_PER_MS;

	if (every_ns == 0)
		every_ns = arguments->driver->probe.min_interval_ms * CLOCK_NS_PER_MS;
	for (uint32_t i = 0; i < number_of(arguments->frames_milli); i++) {
		struct edge *room = record_file_room(&arguments->output, MAX_RECORDS);

		if (!room)
			return false;
		imperfections.seed = number_of(arguments->seed_milli) + i;
		arguments->output.num_records +=
			waveform_make(arguments->driver,
				      arguments->is_silent ? NULL : arguments->bytes,
				      &imperfections, arguments->edges,
				      FIRST_NS + i * every_ns, room);
	}
	return true;
}

static int synthesise(struct arguments *arguments)
{
	struct record_file *output = &arguments->output;
	bool is_done = make_records(arguments) && record_file_open(output) == 0 &&
		       record_file_write(output, arguments->driver->name, "synth") == 0;

	record_file_finish(output);
	return is_done ? EXIT_DONE : EXIT_FAILED;
}

/* What the options say together. */
static int complete(struct arguments *arguments)
{
	const struct driver *driver = arguments->driver;
	struct reading values = { 0 };

	if (!driver)
		return command_usage_error(&command_synth, "which sensor? --driver");
	if (record_file_settle(&arguments->output, &command_synth) != EXIT_DONE)
		return EXIT_USAGE;
	if (!arguments->has_edges)
		arguments->edges = arguments->output.format == RECORD_FILE_VCD
					   ? WAVEFORM_BOTH
					   : WAVEFORM_FALLING;
	if (arguments->output.format == RECORD_FILE_VCD &&
	    arguments->edges != WAVEFORM_BOTH)
		return command_usage_error(&command_synth,
					   "a VCD holds levels: --edges both, or .csv");
	if (arguments->output.format == RECORD_FILE_VCD &&
	    (arguments->armed_milli > 0 || arguments->lost_milli > 0))
		return command_usage_error(&command_synth,
					   "a VCD holds levels, so no edge of it can be "
					   "lost: .csv");
	if (arguments->has_bytes)
		return EXIT_DONE;
	reading_add(&values, QUANTITY_TEMPERATURE, arguments->temperature_milli, 3);
	reading_add(&values, QUANTITY_HUMIDITY, arguments->humidity_milli, 3);
	if (!driver->encode(&values, arguments->encoding, arguments->bytes))
		return command_usage_error(
			&command_synth, "a %s cannot send these values in this encoding",
			driver->name);
	return EXIT_DONE;
}

static int take_bytes(struct arguments *arguments, const char *string)
{
	size_t num_bytes;

	if (!parse_bytes(string, arguments->bytes, &num_bytes) || !arguments->driver ||
	    num_bytes != arguments->driver->wire.num_bits / 8u)
		return command_usage_error(&command_synth,
					   "--bytes %s: not the hexadecimal bytes of a "
					   "frame of the --driver before it",
					   string);
	arguments->has_bytes = true;
	return EXIT_DONE;
}

static int take_word(struct arguments *arguments, int option, const char *string)
{
	static const char *const encodings[] = { "sign-magnitude", "twos-complement",
						 NULL };
	static const char *const kinds[] = { "falling", "rising", "both", NULL };
	int index;

	if (option == 'f') {
		arguments->output.format = record_file_format_from_name(string);
		if (arguments->output.format != RECORD_FILE_UNKNOWN)
			return EXIT_DONE;
	}
	if (option == 'E' && parse_word(string, encodings, &index)) {
		arguments->encoding = (enum encoding)index;
		return EXIT_DONE;
	}
	if (option == 'e' && parse_word(string, kinds, &index)) {
		arguments->edges = (enum waveform_edges)index;
		arguments->has_edges = true;
		return EXIT_DONE;
	}
	return command_usage_error(&command_synth,
				   "%s: not one of the words to choose "
				   "from; see --help",
				   string);
}

static int take_driver(struct arguments *arguments, const char *name)
{
	arguments->driver = driver_find(name);
	if (arguments->driver && arguments->driver->models)
		return command_usage_error(&command_synth, "%s: which model?", name);
	return arguments->driver
		       ? EXIT_DONE
		       : command_usage_error(&command_synth, "no such driver: %s", name);
}

/* The options past the numbers; these are getopt's values from NUMBER_OPTION on. */
enum { NUMBER_OPTION = 256 };

static int take_option(struct arguments *arguments, int option)
{
	if (option >= NUMBER_OPTION)
		return take_number(arguments, &numbers[option - NUMBER_OPTION], optarg);
	switch (option) {
	case 'd':
		return take_driver(arguments, optarg);
	case 'o':
		arguments->output.path = optarg;
		return EXIT_DONE;
	case 'b':
		return take_bytes(arguments, optarg);
	case 's':
		arguments->is_silent = true;
		return EXIT_DONE;
	case 'f':
	case 'E':
	case 'e':
		return take_word(arguments, option, optarg);
	default:
		return command_usage_error(&command_synth, NULL);
	}
}

static int run(int argc, char **argv)
{
	static const struct option words[] = {
		{ "driver", required_argument, NULL, 'd' },
		{ "output", required_argument, NULL, 'o' },
		{ "bytes", required_argument, NULL, 'b' },
		{ "silent", no_argument, NULL, 's' },
		{ "format", required_argument, NULL, 'f' },
		{ "encoding", required_argument, NULL, 'E' },
		{ "edges", required_argument, NULL, 'e' },
		{ "help", no_argument, NULL, 'h' },
	};
	enum { NUM_WORDS = array_length(words), NUM_NUMBERS = array_length(numbers) };
	struct option options[NUM_WORDS + NUM_NUMBERS + 1] = { 0 };
	struct arguments arguments = {
		.temperature_milli = 21500,
		.humidity_milli = 48200,
		.frames_milli = 1000,
	};
	int option;

	memcpy(options, words, sizeof(words));
	for (int i = 0; i < NUM_NUMBERS; i++)
		options[NUM_WORDS + i] =
			(struct option){ numbers[i].name, required_argument, NULL,
					 NUMBER_OPTION + i };
	while ((option = getopt_long(argc, argv, "d:o:h", options, NULL)) != -1) {
		if (option == 'h')
			return command_print_help(&command_synth);

		int status = take_option(&arguments, option);

		if (status != EXIT_DONE)
			return status;
	}
	if (optind < argc)
		return command_usage_error(&command_synth, "%s is too much",
					   argv[optind]);

	int status = complete(&arguments);

	return status == EXIT_DONE ? synthesise(&arguments) : status;
}

const struct command command_synth = {
	.name = "synth",
	.synopsis = "--driver D [--temperature T] [--humidity H] [OPTION]... -o FILE",
	.summary = "what such a sensor would send, as an edge log or a VCD",
	.help = "  -d, --driver D         the sensor\n"
		"  -o, --output FILE      .csv: edge log; .vcd: levels; - with --format\n"
		"      --format F         csv or vcd, where the file's ending does not "
		"say\n"
		"      --temperature T    degree Celsius (default 21.5)\n"
		"      --humidity H       percent (default 48.2)\n"
		"      --encoding E       negative temperatures: sign-magnitude "
		"(default) or\n"
		"                         twos-complement\n"
		"      --bytes HEX        these bytes instead, right or wrong\n"
		"      --silent           no answer\n"
		"      --frames N         so many (default 1)\n"
		"      --every S          seconds from one to the next (default: the "
		"sensor's\n"
		"                         shortest)\n"
		"      --edges E          falling (default of .csv), rising or both (of "
		".vcd)\n"
		"\n"
		"What is not ideal; 0 where not given:\n"
		"      --seed N           of what is random; the next frame has the next "
		"one\n"
		"      --scale P          the sensor's clock is slow by so many percent\n"
		"      --jitter US        each edge is moved by up to so much, either "
		"way\n"
		"      --rise US          rising edges are late by so much\n"
		"      --armed US         edges before this time after the release are "
		"lost\n"
		"      --tick US          stamps are cut to multiples of this\n"
		"      --glitches P       chance of a spike in an interval, percent\n"
		"      --lost P           chance of an edge to be lost, percent\n"
		"  -h, --help             this\n",
	.run = run,
};
