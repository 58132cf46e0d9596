/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/inquiry.h"
#include "app/recall.h"
#include "app/record_file.h"
#include "base/clock.h"
#include "decode/levels.h"
#include "gpio/recording.h"

enum { MAX_FRAMES = 10000 };

struct arguments {
	const char *config;
	const char *driver;
	const char *pin;
	const char *edges;
	const char *frames;
	const char *format;
	bool is_last; /* what the running gateway remembers, and nothing new */
	struct record_file output;
};

/* The records in time order: marks have our clock's time, edges the kernel's, and it may tell
 * of one late. */
static size_t put_in_order(const struct inquiry *inquiry, struct edge *out)
{
	for (size_t i = 0; i < inquiry->num_records; i++) {
		size_t at = i;

		for (; at > 0 && out[at - 1].t_ns > inquiry->records[i].t_ns; at--)
			out[at] = out[at - 1];
		out[at] = inquiry->records[i];
	}
	return inquiry->num_records;
}

/* Returns 0 or a negative errno; answered_out: the sensor said something. */
static int take_frame(struct inquiry *inquiry, struct record_file *output,
		      unsigned number, bool *answered_out)
{
	const struct frame *frame = &inquiry->framer.frame;
	struct edge *room = record_file_room(output, LEVELS_MAX_RECORDS);
	const struct driver *model;
	struct reading reading = { 0 };
	enum verdict verdict;

	if (!room)
		return -ENOMEM;

	int error = inquiry_ask(inquiry, number, &reading, &verdict);

	model = inquiry->decoder.model ? inquiry->decoder.model : inquiry->target.driver;
	output->num_records +=
		output->format == RECORD_FILE_VCD
			? levels_make(model, frame, verdict, &inquiry->evidence, room)
			: put_in_order(inquiry, room);
	*answered_out |= verdict != VERDICT_NO_RESPONSE && frame->num_edges > 0;
	fprintf(stderr, "pin2mqtt: %s: frame %u: %s, %u edges\n", inquiry->target.pin,
		number + 1, verdict_name(verdict), frame->num_edges);
	return error;
}

/* Lets the sensor rest. False: we are to stop. */
static bool rest(const struct inquiry *inquiry, const sigset_t *signals)
{
	uint32_t rest_ms = inquiry_rest_ms(inquiry);
	const struct timespec pause = {
		.tv_sec = (time_t)(rest_ms / 1000),
		.tv_nsec = (long)(rest_ms % 1000) * (long)CLOCK_NS_PER_MS,
	};

	return sigtimedwait(signals, NULL, &pause) < 0;
}

/* Asks so often, or until a signal; what came till then is kept. */
static int fill(struct inquiry *inquiry, struct record_file *output, unsigned num_frames,
		bool *answered_out)
{
	sigset_t signals;
	int error = 0;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	for (unsigned i = 0; i < num_frames && !error; i++) {
		if (i > 0 && !rest(inquiry, &signals))
			break;
		error = take_frame(inquiry, output, i, answered_out);
	}
	return error;
}

static int capture(const struct inquiry_target *target, struct record_file *output,
		   unsigned num_frames)
{
	struct inquiry *inquiry = NULL;
	bool has_answered = false;
	int status = EXIT_FAILED;

	if (inquiry_open(target, &inquiry) < 0)
		return EXIT_UNAVAILABLE;
	if (record_file_open(output) < 0)
		goto close_inquiry;

	int error = fill(inquiry, output, num_frames, &has_answered);
	const struct driver *model = inquiry->decoder.model;

	if (record_file_write(output, model ? model->name : target->driver->name,
			      target->pin) == 0)
		status = error || !has_answered ? EXIT_UNAVAILABLE : EXIT_DONE;
	record_file_finish(output);
close_inquiry:
	inquiry_close(inquiry);
	return status;
}

static int capture_configured(const struct arguments *arguments, const char *id,
			      struct record_file *output, unsigned num_frames)
{
	struct inquiry_target target;
	struct config *config;
	int status = inquiry_find_configured(arguments->config, id, &config, &target);

	if (status == EXIT_DONE) {
		if (output->format == RECORD_FILE_VCD)
			target.edges = LINE_EDGES_BOTH;
		if (arguments->edges)
			(void)inquiry_edges_from_name(arguments->edges, &target.edges);
		status = capture(&target, output, num_frames);
	}
	config_free(config);
	return status;
}

/* Levels of the frames in a recording. Returns 0 or a negative errno. */
static int draw(const struct recording *recording, const struct driver *driver,
		struct record_file *output)
{
	struct decode_evidence evidence;
	struct decoder decoder;
	struct framer framer;

	framer_init(&framer);
	decoder_init(&decoder, driver, false);
	for (size_t i = 0; i < recording->num_edges; i++) {
		struct reading reading = { 0 };
		enum verdict verdict;
		struct edge *room;
		bool again;

		if (!framer_feed(&framer, &recording->edges[i], &again))
			continue;
		room = record_file_room(output, LEVELS_MAX_RECORDS);
		if (!room)
			return -ENOMEM;
		verdict = decoder_take(&decoder, &framer.frame, &reading, &evidence);
		output->num_records +=
			levels_make(decoder.model ? decoder.model : driver, &framer.frame,
				    verdict, &evidence, room);
	}
	return 0;
}

/* The same records. Returns 0 or a negative errno. */
static int copy(const struct recording *recording, struct record_file *output)
{
	struct edge *room = record_file_room(output, recording->num_edges);

	if (!room)
		return -ENOMEM;
	memcpy(room, recording->edges, recording->num_edges * sizeof(room[0]));
	output->num_records += recording->num_edges;
	return 0;
}

static int write_recording(const struct recording *recording, struct record_file *output)
{
	const struct driver *driver = driver_find(recording->driver);
	int error = -EINVAL;

	if (driver)
		error = output->format == RECORD_FILE_VCD
				? draw(recording, driver, output)
				: copy(recording, output);
	if (!error)
		error = record_file_open(output);
	if (!error)
		error = record_file_write(output, recording->driver, recording->pin);
	record_file_finish(output);
	return error ? EXIT_FAILED : EXIT_DONE;
}

/* What the running gateway remembers of a sensor. */
static int capture_last(const char *path, const char *id, struct record_file *output)
{
	char reason[RECORDING_MAX_REASON];
	struct recording recording = { 0 };
	char *log;
	int error = recall_ask(path, id, &log);
	int status = EXIT_UNAVAILABLE;

	if (error == -ECONNREFUSED)
		fprintf(stderr, "pin2mqtt: no gateway runs here with %s\n", path);
	else if (error && error != -ENOENT)
		fprintf(stderr, "pin2mqtt: the gateway does not answer: %s\n",
			strerror(-error));
	if (error)
		return status;
	if (recording_parse(log, strlen(log), "the gateway's answer", NULL, &recording,
			    reason) < 0)
		fprintf(stderr, "pin2mqtt: %s\n", reason);
	else if (recording.num_edges == 0)
		fprintf(stderr, "pin2mqtt: %s has not been asked yet\n", id);
	else
		status = write_recording(&recording, output);
	recording_finish(&recording);
	free(log);
	return status;
}

/* False: an option that there is not. */
static bool parse(int argc, char **argv, struct arguments *out, bool *is_help_out)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "driver", required_argument, NULL, 'd' },
		{ "pin", required_argument, NULL, 'p' },
		{ "edges", required_argument, NULL, 'e' },
		{ "frames", required_argument, NULL, 'n' },
		{ "output", required_argument, NULL, 'o' },
		{ "format", required_argument, NULL, 'f' },
		{ "last", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char **const values[] = {
		['c'] = &out->config, ['d'] = &out->driver,      ['p'] = &out->pin,
		['e'] = &out->edges,  ['n'] = &out->frames,      ['f'] = &out->format,
		['h'] = NULL,         ['o'] = &out->output.path,
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:d:p:n:o:h", options, NULL)) != -1) {
		if (option == '?')
			return false;
		*is_help_out |= option == 'h';
		if (option == 'l')
			out->is_last = true;
		else if (values[option])
			*values[option] = optarg;
	}
	return true;
}

/* Everything but which sensor. Returns EXIT_DONE or EXIT_USAGE. */
static int check(struct arguments *arguments, struct inquiry_target *target,
		 unsigned *num_frames_out)
{
	const char *frames = arguments->frames ? arguments->frames : "1";
	char *end;
	unsigned long num_frames = strtoul(frames, &end, 10);

	if (*end || num_frames < 1 || num_frames > MAX_FRAMES)
		return command_usage_error(&command_capture,
					   "-n %s: not a number from 1 to %d", frames,
					   MAX_FRAMES);
	*num_frames_out = (unsigned)num_frames;
	if (arguments->format)
		arguments->output.format =
			record_file_format_from_name(arguments->format);
	if (arguments->format && arguments->output.format == RECORD_FILE_UNKNOWN)
		return command_usage_error(&command_capture,
					   "--format: %s, but csv or vcd",
					   arguments->format);
	if (record_file_settle(&arguments->output, &command_capture) != EXIT_DONE)
		return EXIT_USAGE;
	target->edges = arguments->output.format == RECORD_FILE_VCD ? LINE_EDGES_BOTH
								    : LINE_EDGES_FALLING;
	if (arguments->edges &&
	    !inquiry_edges_from_name(arguments->edges, &target->edges))
		return command_usage_error(&command_capture,
					   "--edges: %s, but falling or both",
					   arguments->edges);
	return EXIT_DONE;
}

static int run(int argc, char **argv)
{
	struct arguments arguments = { .config = NULL };
	struct inquiry_target target = { .pin = NULL };
	unsigned num_frames = 0;
	bool is_help = false;

	if (!parse(argc, argv, &arguments, &is_help))
		return command_usage_error(&command_capture, NULL);
	if (is_help)
		return command_print_help(&command_capture);
	if (check(&arguments, &target, &num_frames) != EXIT_DONE)
		return EXIT_USAGE;
	if (!arguments.driver != !arguments.pin)
		return command_usage_error(&command_capture,
					   "--driver and --pin go together");
	if (arguments.is_last && (arguments.pin || arguments.edges || arguments.frames))
		return command_usage_error(&command_capture,
					   "--last: of a sensor of the configuration, "
					   "as it was asked");
	if (argc - optind != (arguments.pin ? 0 : 1))
		return command_usage_error(&command_capture,
					   "name one sensor, or --driver and --pin");
	if (arguments.is_last)
		return capture_last(command_config_path(arguments.config), argv[optind],
				    &arguments.output);
	if (!arguments.pin)
		return capture_configured(&arguments, argv[optind], &arguments.output,
					  num_frames);
	target.pin = arguments.pin;
	target.driver = driver_find(arguments.driver);
	if (!target.driver)
		return command_usage_error(
			&command_capture,
			"no driver \"%s\"; `pin2mqtt drivers` lists them",
			arguments.driver);
	return capture(&target, &arguments.output, num_frames);
}

const struct command command_capture = {
	.name = "capture",
	.synopsis = "[-c FILE] SENSOR [--last] | --driver D --pin P [-n N] [--edges E] "
		    "-o FILE",
	.summary = "raw edges of a sensor, as an edge log or a VCD",
	.help = "  -c, --config FILE  where SENSOR is declared (default: "
		"$PIN2MQTT_CONFIG, else\n"
		"                     /etc/pin2mqtt/pin2mqtt.yaml)\n"
		"  -d, --driver D     the sensor model; `pin2mqtt drivers` lists them\n"
		"  -p, --pin P        a kernel line name (GPIO4), CHIP/OFFSET "
		"(gpiochip0/4), or sim/4\n"
		"  -n, --frames N     asks so often, with the sensor's rest between "
		"(default: 1)\n"
		"      --edges E      falling (the default of .csv) or both (of .vcd)\n"
		"      --last         the newest answers that the running gateway got, "
		"at "
		"most 16;\n"
		"                     nothing is asked anew\n"
		"  -o, --output FILE  .csv: edge log, what the kernel told; .vcd: "
		"levels, "
		"what it\n"
		"                     did not tell put where the model has it; - with "
		"--format\n"
		"      --format F     csv or vcd, where the file's ending does not say\n"
		"  -h, --help         this\n"
		"\n"
		"Ctrl-C ends it early; what came till then is written. Ends with 0 where "
		"the sensor\n"
		"answered at least once.\n",
	.run = run,
};
