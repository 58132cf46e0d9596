/* SPDX-License-Identifier: MIT */
/* Lines of the kernel through libgpiod 1.6, for kernels from 4.8 and distributions without
 * libgpiod 2. Its requests cannot change from output to edges: each attempt releases the
 * line and requests it anew, twice. The kernel keeps 16 edges and drops the newest. */
#include "gpio/line_backend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <time.h>

#include <gpiod.h>

#include "base/clock.h"
#include "base/text.h"
#include "gpio/chip.h"

enum { MAX_WAITING = 16 }; /* DECLARE_KFIFO(events, ..., 16) in gpiolib-cdev.c */

static const char consumer_name[] = "pin2mqtt";

struct kernel_line {
	struct line base;
	struct gpiod_chip *chip; /* owned */
	struct gpiod_line *line; /* the chip's */
	int bias_flags;
	enum line_edges wanted;
	bool has_wall_stamps; /* the kernel stamps edges with CLOCK_REALTIME */
	bool has_events; /* the line is requested with edges */
	int64_t wall_offset_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC at the release */
	uint64_t release_ns; /* edges before it are not ours */
};

static int open_chip(const char *path, struct chip **out, struct chip_facts *facts_out)
{
	struct gpiod_chip *chip = gpiod_chip_open(path);

	if (!chip)
		return -errno;
	(void)text_copy(facts_out->name, sizeof(facts_out->name), gpiod_chip_name(chip));
	(void)text_copy(facts_out->label, sizeof(facts_out->label),
			gpiod_chip_label(chip));
	facts_out->num_lines = gpiod_chip_num_lines(chip);
	*out = (struct chip *)chip;
	return 0;
}

static void close_chip(struct chip *chip)
{
	gpiod_chip_close((struct gpiod_chip *)chip);
}

static int read_line(struct chip *chip, uint32_t line_offset, struct chip_line *out)
{
	struct gpiod_line *line =
		gpiod_chip_get_line((struct gpiod_chip *)chip, line_offset);
	const char *name, *consumer;

	if (!line)
		return -errno;
	name = gpiod_line_name(line);
	consumer = gpiod_line_consumer(line);
	(void)text_copy(out->name, sizeof(out->name), name ? name : "");
	(void)text_copy(out->consumer, sizeof(out->consumer), consumer ? consumer : "");
	out->is_used = gpiod_line_is_used(line);
	out->is_output = gpiod_line_direction(line) == GPIOD_LINE_DIRECTION_OUTPUT;
	return 0;
}

static const struct chip_ops chip_ops = {
	.open = open_chip,
	.close = close_chip,
	.read_line = read_line,
};

static bool kernel_claims(const char *pin)
{
	(void)pin;
	return true;
}

static int kernel_find(const char *pin, struct line_place *out,
		       char reason[LINE_MAX_REASON])
{
	return chip_find_pin(&chip_ops, "/dev", pin, out, reason);
}

int line_list(const char *chip, line_visit_fn *visit, void *context,
	      char reason[LINE_MAX_REASON])
{
	return chip_list_lines(&chip_ops, "/dev", chip, visit, context, reason);
}

/* Linux 5.7 stamps edges of this interface with CLOCK_MONOTONIC, before it was
 * CLOCK_REALTIME (commit f8850206e160). */
static bool has_wall_stamps(void)
{
	struct utsname kernel;
	unsigned major, minor;

	if (uname(&kernel) != 0 || sscanf(kernel.release, "%u.%u", &major, &minor) != 2)
		return false;
	return major < 5 || (major == 5 && minor < 7);
}

static int64_t wall_offset_ns(void)
{
	struct timespec wall;
	uint64_t mono_ns = clock_mono_ns();

	clock_gettime(CLOCK_REALTIME, &wall);
	return (int64_t)wall.tv_sec * (int64_t)CLOCK_NS_PER_S + wall.tv_nsec -
	       (int64_t)mono_ns;
}

/* Makes a line that is not requested an input, without edges. */
static int request_input(struct kernel_line *line)
{
	line->has_events = false;
	return gpiod_line_request_input_flags(line->line, consumer_name,
					      line->bias_flags) != 0
		       ? -errno
		       : 0;
}

static void kernel_close(struct line *base)
{
	struct kernel_line *line = (struct kernel_line *)base;

	/* The kernel leaves a released line as it is: not low, that would hold the bus. */
	if (line->line && gpiod_line_is_requested(line->line)) {
		gpiod_line_release(line->line);
		(void)request_input(line);
	}
	if (line->chip)
		gpiod_chip_close(line->chip);
	free(line);
}

static int take_line(struct kernel_line *line, const struct line_place *place)
{
	line->chip = gpiod_chip_open(place->chip);
	if (!line->chip)
		return -errno;
	line->line = gpiod_chip_get_line(line->chip, place->line_offset);
	if (!line->line)
		return errno == EINVAL ? -ENOENT : -errno;
	return request_input(line);
}

static int kernel_open(const struct line_place *place, const struct line_request *request,
		       struct line **out, char reason[LINE_MAX_REASON])
{
	struct kernel_line *line = calloc(1, sizeof(*line));
	int error = -ENOMEM;

	if (line) {
		line->base = (struct line){
			.backend = place->backend,
			.max_waiting = MAX_WAITING,
		};
		line->wanted = request->edges;
		line->has_wall_stamps = has_wall_stamps();
		if (request->bias == LINE_BIAS_PULL_UP)
			line->bias_flags = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP;
		error = take_line(line, place);
	}
	if (error) {
		chip_explain_refusal(&chip_ops, place, error, reason);
		if (line)
			kernel_close(&line->base);
		return error;
	}
	*out = &line->base;
	return 0;
}

static int request_edges(struct kernel_line *line)
{
	int result =
		line->wanted == LINE_EDGES_BOTH
			? gpiod_line_request_both_edges_events_flags(line->line,
								     consumer_name,
								     line->bias_flags)
			: gpiod_line_request_falling_edge_events_flags(line->line,
								       consumer_name,
								       line->bias_flags);

	line->has_events = result == 0;
	if (result != 0)
		return -errno;
	/* Reading must not wait. */
	if (fcntl(gpiod_line_event_get_fd(line->line), F_SETFL, O_NONBLOCK) != 0)
		return -errno;
	return 0;
}

static int request_low(struct kernel_line *line)
{
	/* Low is the only level that a host may drive: several drive this bus. */
	int flags = line->bias_flags | GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN;

	line->has_events = false;
	if (gpiod_line_request_output_flags(line->line, consumer_name, flags, 0) != 0)
		return -errno;
	return 0;
}

static int kernel_drive_low(struct line *base)
{
	struct kernel_line *line = (struct kernel_line *)base;
	int error;

	gpiod_line_release(line->line);
	if (!base->trigger)
		return request_low(line);
	error = request_edges(line);
	return error ? error : output_set(base->trigger, false);
}

static int kernel_listen(struct line *base, uint64_t *release_ns_out,
			 uint64_t *armed_ns_out)
{
	struct kernel_line *line = (struct kernel_line *)base;
	int error;

	if (line->has_wall_stamps)
		line->wall_offset_ns = wall_offset_ns();
	line->release_ns = clock_mono_ns();
	if (base->trigger) {
		error = output_set(base->trigger, true);
	} else {
		gpiod_line_release(line->line);
		error = request_edges(line);
	}
	*release_ns_out = line->release_ns;
	*armed_ns_out = clock_mono_ns();
	return error;
}

static uint64_t stamp_ns(const struct kernel_line *line,
			 const struct gpiod_line_event *event)
{
	uint64_t t_ns =
		(uint64_t)event->ts.tv_sec * CLOCK_NS_PER_S + (uint64_t)event->ts.tv_nsec;

	return t_ns - (uint64_t)line->wall_offset_ns;
}

/* Takes one batch of what waits, MAX_WAITING events at most; those that are ours go to the end
 * of `out`. Returns how many events came, 0 for none, or a negative errno. */
static int read_batch(struct kernel_line *line, struct edge *out, unsigned max_events,
		      size_t *num_edges)
{
	struct gpiod_line_event events[MAX_WAITING];
	int num_events =
		gpiod_line_event_read_fd_multiple(gpiod_line_event_get_fd(line->line),
						  events, max_events);

	if (num_events < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (int i = 0; i < num_events; i++) {
		uint64_t t_ns = stamp_ns(line, &events[i]);
		bool is_rising = events[i].event_type == GPIOD_LINE_EVENT_RISING_EDGE;

		if (t_ns < line->release_ns)
			continue;
		out[(*num_edges)++] = (struct edge){
			.t_ns = t_ns,
			.event = is_rising ? EDGE_RISING : EDGE_FALLING,
		};
	}
	return num_events;
}

static int kernel_read(struct line *base, struct edge *out, size_t max_edges)
{
	struct kernel_line *line = (struct kernel_line *)base;
	size_t num_edges = 0;
	int num_events = 0;
	bool is_empty = !line->has_events;

	while (!is_empty && num_edges < max_edges) {
		size_t room = max_edges - num_edges;
		unsigned max_events = room < MAX_WAITING ? (unsigned)room : MAX_WAITING;

		num_events = read_batch(line, out, max_events, &num_edges);
		/* Old kernels give one event a read, whatever the room. */
		is_empty = num_events != 1 && num_events < (int)max_events;
	}
	return num_events < 0 ? num_events : (int)num_edges;
}

static int kernel_rest(struct line *base)
{
	struct kernel_line *line = (struct kernel_line *)base;

	gpiod_line_release(line->line);
	return request_input(line);
}

static int kernel_level(struct line *base)
{
	int level = gpiod_line_get_value(((struct kernel_line *)base)->line);

	return level < 0 ? -errno : level;
}

static int kernel_fd(const struct line *base)
{
	const struct kernel_line *line = (const struct kernel_line *)base;

	return line->has_events ? gpiod_line_event_get_fd(line->line) : -1;
}

struct kernel_output {
	struct output base;
	struct gpiod_chip *chip; /* owned */
	struct gpiod_line *line; /* the chip's */
};

static int kernel_output_set(struct output *base, bool is_high)
{
	struct kernel_output *output = (struct kernel_output *)base;

	return gpiod_line_set_value(output->line, is_high) != 0 ? -errno : 0;
}

static void kernel_output_close(struct output *base)
{
	struct kernel_output *output = (struct kernel_output *)base;

	if (output->line && gpiod_line_is_requested(output->line)) {
		(void)kernel_output_set(base, true);
		gpiod_line_release(output->line);
	}
	if (output->chip)
		gpiod_chip_close(output->chip);
	free(output);
}

static int take_output(struct kernel_output *output, const struct line_place *place,
		       enum output_drive drive)
{
	int flags = drive == OUTPUT_OPEN_DRAIN ? GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN : 0;

	output->chip = gpiod_chip_open(place->chip);
	if (!output->chip)
		return -errno;
	output->line = gpiod_chip_get_line(output->chip, place->line_offset);
	if (!output->line)
		return errno == EINVAL ? -ENOENT : -errno;
	return gpiod_line_request_output_flags(output->line, consumer_name, flags, 1) != 0
		       ? -errno
		       : 0;
}

static int kernel_output_open(const struct line_place *place, enum output_drive drive,
			      struct output **out, char reason[LINE_MAX_REASON])
{
	struct kernel_output *output = calloc(1, sizeof(*output));
	int error = output ? take_output(output, place, drive) : -ENOMEM;

	if (!output || error) {
		chip_explain_refusal(&chip_ops, place, error, reason);
		if (output)
			kernel_output_close(&output->base);
		return error;
	}
	output->base.backend = place->backend;
	*out = &output->base;
	return 0;
}

const struct line_backend line_backend_kernel = {
	.name = "libgpiod 1",
	.claims = kernel_claims,
	.find = kernel_find,
	.open = kernel_open,
	.close = kernel_close,
	.drive_low = kernel_drive_low,
	.listen = kernel_listen,
	.read = kernel_read,
	.rest = kernel_rest,
	.level = kernel_level,
	.fd = kernel_fd,
	.output_open = kernel_output_open,
	.output_close = kernel_output_close,
	.output_set = kernel_output_set,
};
