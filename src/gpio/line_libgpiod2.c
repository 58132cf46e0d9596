/* SPDX-License-Identifier: MIT */
/* Lines of the kernel through libgpiod 2: one request for the sensor's life, reconfigured
 * from one prepared configuration to the next, so that an attempt allocates nothing. */
#include "gpio/line_backend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include <gpiod.h>

#include "base/clock.h"
#include "base/text.h"
#include "gpio/chip.h"

enum {
	/* The kernel's room for edges: nearly two of the longest frames, an AM2301 has 132
	 * edges. */
	MAX_WAITING = 256,
	/* What one read takes. libgpiod clears its whole buffer (88 bytes an event) each
	 * time; 96 hold any frame of falling edges. */
	MAX_BATCH = 96,
};

struct kernel_line {
	struct line base;
	struct gpiod_line_request *request; /* owned, as the four below */
	struct gpiod_line_config *rest; /* input */
	struct gpiod_line_config *low; /* output, low */
	struct gpiod_line_config *listen; /* input with edges */
	struct gpiod_edge_event_buffer *events;
	uint32_t line_offset;
	uint64_t release_ns; /* edges before it are not ours */
	/* of the last event: its number among the request's interrupts, and the line's events */
	unsigned long last_irq;
	unsigned long last_event;
};

static int open_chip(const char *path, struct chip **out, struct chip_facts *facts_out)
{
	struct gpiod_chip *chip = gpiod_chip_open(path);
	struct gpiod_chip_info *info;

	if (!chip)
		return -errno;
	info = gpiod_chip_get_info(chip);
	if (!info) {
		int error = -errno;

		gpiod_chip_close(chip);
		return error;
	}
	(void)text_copy(facts_out->name, sizeof(facts_out->name),
			gpiod_chip_info_get_name(info));
	(void)text_copy(facts_out->label, sizeof(facts_out->label),
			gpiod_chip_info_get_label(info));
	facts_out->num_lines = (uint32_t)gpiod_chip_info_get_num_lines(info);
	gpiod_chip_info_free(info);
	*out = (struct chip *)chip;
	return 0;
}

static void close_chip(struct chip *chip)
{
	gpiod_chip_close((struct gpiod_chip *)chip);
}

static int read_line(struct chip *chip, uint32_t line_offset, struct chip_line *out)
{
	struct gpiod_line_info *info =
		gpiod_chip_get_line_info((struct gpiod_chip *)chip, line_offset);
	const char *name, *consumer;

	if (!info)
		return -errno;
	name = gpiod_line_info_get_name(info);
	consumer = gpiod_line_info_get_consumer(info);
	(void)text_copy(out->name, sizeof(out->name), name ? name : "");
	(void)text_copy(out->consumer, sizeof(out->consumer), consumer ? consumer : "");
	out->is_used = gpiod_line_info_is_used(info);
	out->is_output =
		gpiod_line_info_get_direction(info) == GPIOD_LINE_DIRECTION_OUTPUT;
	gpiod_line_info_free(info);
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

/* The first of libgpiod 2 do not take NULL here. */
static void free_config(struct gpiod_line_config *config)
{
	if (config)
		gpiod_line_config_free(config);
}

/* What a configuration makes of a line; the rest is libgpiod's default. */
struct line_use {
	enum gpiod_line_direction direction;
	enum gpiod_line_edge edges;
	enum gpiod_line_bias bias;
	enum gpiod_line_drive drive;
	enum gpiod_line_value value;
};

static int add_line(struct gpiod_line_config *config, uint32_t line_offset,
		    const struct line_use *use)
{
	struct gpiod_line_settings *settings = gpiod_line_settings_new();
	int result;

	if (!settings)
		return -ENOMEM;
	gpiod_line_settings_set_direction(settings, use->direction);
	gpiod_line_settings_set_edge_detection(settings, use->edges);
	gpiod_line_settings_set_bias(settings, use->bias);
	gpiod_line_settings_set_event_clock(settings, GPIOD_LINE_CLOCK_MONOTONIC);
	gpiod_line_settings_set_drive(settings, use->drive);
	gpiod_line_settings_set_output_value(settings, use->value);
	result = gpiod_line_config_add_line_settings(config, &line_offset, 1, settings);
	gpiod_line_settings_free(settings);
	return result != 0 ? -ENOMEM : 0;
}

/* NULL: out of memory. */
static struct gpiod_line_config *new_config(uint32_t line_offset,
					    const struct line_use *use)
{
	struct gpiod_line_config *config = gpiod_line_config_new();

	if (config && add_line(config, line_offset, use) == 0)
		return config;
	free_config(config);
	return NULL;
}

/* A line beside the first one that does nothing: with it, the kernel numbers the request's
 * interrupts before it merges them into events. */
static int add_quiet_line(struct kernel_line *line, uint32_t line_offset)
{
	const struct line_use use = {
		.direction = GPIOD_LINE_DIRECTION_INPUT,
		.edges = GPIOD_LINE_EDGE_NONE,
		.bias = GPIOD_LINE_BIAS_AS_IS,
		.drive = GPIOD_LINE_DRIVE_PUSH_PULL,
		.value = GPIOD_LINE_VALUE_INACTIVE,
	};
	int error = add_line(line->rest, line_offset, &use);

	if (!error)
		error = add_line(line->low, line_offset, &use);
	return error ? error : add_line(line->listen, line_offset, &use);
}

static int prepare(struct kernel_line *line, uint32_t line_offset,
		   const struct line_request *request)
{
	struct line_use rest = {
		.direction = GPIOD_LINE_DIRECTION_INPUT,
		.edges = GPIOD_LINE_EDGE_NONE,
		.bias = request->bias == LINE_BIAS_PULL_UP ? GPIOD_LINE_BIAS_PULL_UP
							   : GPIOD_LINE_BIAS_AS_IS,
		.drive = GPIOD_LINE_DRIVE_PUSH_PULL,
		.value = GPIOD_LINE_VALUE_INACTIVE,
	};
	struct line_use listen = rest, low = rest;

	listen.edges = request->edges == LINE_EDGES_BOTH ? GPIOD_LINE_EDGE_BOTH
							 : GPIOD_LINE_EDGE_FALLING;
	low.direction = GPIOD_LINE_DIRECTION_OUTPUT;
	/* Low is the only level that a host may drive: several drive this bus. */
	low.drive = GPIOD_LINE_DRIVE_OPEN_DRAIN;
	line->rest = new_config(line_offset, &rest);
	line->low = new_config(line_offset, &low);
	line->listen = new_config(line_offset, &listen);
	line->events = gpiod_edge_event_buffer_new(MAX_BATCH);
	if (!line->rest || !line->low || !line->listen || !line->events)
		return -ENOMEM;
	return request->quiet ? add_quiet_line(line, request->quiet->line_offset) : 0;
}

static int request_line(const char *path, struct gpiod_line_config *line_config,
			struct gpiod_line_request **out)
{
	struct gpiod_request_config *config = gpiod_request_config_new();
	struct gpiod_chip *chip;
	int error = 0;

	if (!config)
		return -ENOMEM;
	gpiod_request_config_set_consumer(config, "pin2mqtt");
	gpiod_request_config_set_event_buffer_size(config, MAX_WAITING);
	chip = gpiod_chip_open(path);
	if (!chip) {
		error = -errno;
		goto free_config;
	}
	*out = gpiod_chip_request_lines(chip, config, line_config);
	if (!*out)
		error = -errno;
	gpiod_chip_close(chip);
free_config:
	gpiod_request_config_free(config);
	return error;
}

static void kernel_close(struct line *base)
{
	struct kernel_line *line = (struct kernel_line *)base;

	/* The kernel leaves a released line as it is: not low, that would hold the bus. */
	if (line->request) {
		(void)gpiod_line_request_reconfigure_lines(line->request, line->rest);
		gpiod_line_request_release(line->request);
	}
	gpiod_edge_event_buffer_free(line->events);
	free_config(line->listen);
	free_config(line->low);
	free_config(line->rest);
	free(line);
}

static int kernel_open(const struct line_place *place, const struct line_request *request,
		       struct line **out, char reason[LINE_MAX_REASON])
{
	struct kernel_line *line = calloc(1, sizeof(*line));
	int error = line ? prepare(line, place->line_offset, request) : -ENOMEM;

	if (!error)
		error = request_line(place->chip, line->rest, &line->request);
	/* Reading must not wait. */
	if (!error &&
	    fcntl(gpiod_line_request_get_fd(line->request), F_SETFL, O_NONBLOCK) != 0)
		error = -errno;
	if (error) {
		chip_explain_refusal(&chip_ops, place, error, reason);
		if (line)
			kernel_close(&line->base);
		return error;
	}
	line->line_offset = place->line_offset;
	line->base = (struct line){
		.backend = place->backend,
		.max_waiting = MAX_WAITING,
	};
	*out = &line->base;
	return 0;
}

static int reconfigure(struct kernel_line *line, struct gpiod_line_config *config)
{
	return gpiod_line_request_reconfigure_lines(line->request, config) != 0 ? -errno
										: 0;
}

/* Returns how many interrupts were merged into this event since the last one. Where a line is
 * alone in its request, the kernel gives both numbers alike. */
static uint32_t count_merged(struct kernel_line *line, struct gpiod_edge_event *event)
{
	unsigned long irq = gpiod_edge_event_get_global_seqno(event);
	unsigned long number = gpiod_edge_event_get_line_seqno(event);
	unsigned long num_merged = (irq - line->last_irq) - (number - line->last_event);

	line->last_irq = irq;
	line->last_event = number;
	return (uint32_t)num_merged;
}

/* Returns how many events are in line->events, 0 where none wait, or a negative errno. */
static int take_events(struct kernel_line *line, size_t max_events)
{
	int num_events = gpiod_line_request_read_edge_events(line->request, line->events,
							     max_events);

	if (num_events >= 0)
		return num_events;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

static int kernel_drive_low(struct line *base)
{
	struct kernel_line *line = (struct kernel_line *)base;
	int error = reconfigure(line, base->trigger ? line->listen : line->low);

	return error || !base->trigger ? error : output_set(base->trigger, false);
}

static int kernel_listen(struct line *base, uint64_t *release_ns_out,
			 uint64_t *armed_ns_out)
{
	struct kernel_line *line = (struct kernel_line *)base;
	int error;

	base->num_merged = 0;
	line->release_ns = clock_mono_ns();
	error = base->trigger ? output_set(base->trigger, true)
			      : reconfigure(line, line->listen);
	*release_ns_out = line->release_ns;
	*armed_ns_out = clock_mono_ns();
	return error;
}

/* Copies those events of the batch that are ours. Returns how many. */
static size_t copy_edges(struct kernel_line *line, int num_events, struct edge *out)
{
	size_t num_edges = 0;

	for (int i = 0; i < num_events; i++) {
		struct gpiod_edge_event *event =
			gpiod_edge_event_buffer_get_event(line->events, (unsigned long)i);
		uint64_t t_ns = gpiod_edge_event_get_timestamp_ns(event);
		bool is_rising = gpiod_edge_event_get_event_type(event) ==
				 GPIOD_EDGE_EVENT_RISING_EDGE;

		uint32_t num_merged = count_merged(line, event);

		if (t_ns < line->release_ns)
			continue;
		line->base.num_merged += num_merged;
		out[num_edges++] = (struct edge){
			.t_ns = t_ns,
			.seq = (uint32_t)gpiod_edge_event_get_line_seqno(event),
			.event = is_rising ? EDGE_RISING : EDGE_FALLING,
		};
	}
	return num_edges;
}

static int kernel_read(struct line *base, struct edge *out, size_t max_edges)
{
	struct kernel_line *line = (struct kernel_line *)base;
	size_t num_edges = 0;
	int num_events;

	do {
		size_t room = max_edges - num_edges;

		num_events = take_events(line, room < MAX_BATCH ? room : MAX_BATCH);
		if (num_events < 0)
			return num_events;
		num_edges += copy_edges(line, num_events, out + num_edges);
	} while (num_events == MAX_BATCH);
	return (int)num_edges;
}

static int kernel_rest(struct line *base)
{
	struct kernel_line *line = (struct kernel_line *)base;

	return reconfigure(line, line->rest);
}

static int kernel_level(struct line *base)
{
	const struct kernel_line *line = (const struct kernel_line *)base;

	switch (gpiod_line_request_get_value(line->request, line->line_offset)) {
	case GPIOD_LINE_VALUE_ERROR:
		return -errno;
	case GPIOD_LINE_VALUE_INACTIVE:
		return 0;
	case GPIOD_LINE_VALUE_ACTIVE:
		return 1;
	}
	return -EIO;
}

static int kernel_fd(const struct line *base)
{
	return gpiod_line_request_get_fd(((const struct kernel_line *)base)->request);
}

struct kernel_output {
	struct output base;
	struct gpiod_line_request *request; /* owned */
	uint32_t line_offset;
};

static int kernel_output_set(struct output *base, bool is_high)
{
	struct kernel_output *output = (struct kernel_output *)base;
	enum gpiod_line_value value =
		is_high ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;

	return gpiod_line_request_set_value(output->request, output->line_offset,
					    value) != 0
		       ? -errno
		       : 0;
}

static void kernel_output_close(struct output *base)
{
	struct kernel_output *output = (struct kernel_output *)base;

	(void)kernel_output_set(base, true);
	gpiod_line_request_release(output->request);
	free(output);
}

static int request_output(const struct line_place *place, enum output_drive drive,
			  struct gpiod_line_request **out)
{
	const struct line_use use = {
		.direction = GPIOD_LINE_DIRECTION_OUTPUT,
		.edges = GPIOD_LINE_EDGE_NONE,
		.bias = GPIOD_LINE_BIAS_AS_IS,
		.drive = drive == OUTPUT_OPEN_DRAIN ? GPIOD_LINE_DRIVE_OPEN_DRAIN
						    : GPIOD_LINE_DRIVE_PUSH_PULL,
		.value = GPIOD_LINE_VALUE_ACTIVE,
	};
	struct gpiod_line_config *config = new_config(place->line_offset, &use);
	int error = config ? request_line(place->chip, config, out) : -ENOMEM;

	free_config(config);
	return error;
}

static int kernel_output_open(const struct line_place *place, enum output_drive drive,
			      struct output **out, char reason[LINE_MAX_REASON])
{
	struct kernel_output *output = calloc(1, sizeof(*output));
	int error = output ? request_output(place, drive, &output->request) : -ENOMEM;

	if (!output || error) {
		chip_explain_refusal(&chip_ops, place, error, reason);
		free(output);
		return error;
	}
	output->base.backend = place->backend;
	output->line_offset = place->line_offset;
	*out = &output->base;
	return 0;
}

const struct line_backend line_backend_kernel = {
	.name = "libgpiod 2",
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
