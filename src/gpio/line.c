/* SPDX-License-Identifier: MIT */
#include "gpio/line.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "gpio/line_backend.h"

/* In the order that they are asked; the kernel's claims all. */
static const struct line_backend *const backends[] = {
	&line_backend_sim,
	&line_backend_replay,
	&line_backend_kernel,
};

static int refuse(int error, const char *sentence, char reason[LINE_MAX_REASON])
{
	(void)text_copy(reason, LINE_MAX_REASON, sentence);
	return error;
}

int line_find(const char *pin, struct line_place *out, char reason[LINE_MAX_REASON])
{
	*out = (struct line_place){ 0 };
	reason[0] = '\0';
	if (pin[0] == '\0')
		return refuse(-EINVAL, "no pin is given", reason);
	if (strlen(pin) >= LINE_MAX_NAME)
		return refuse(-ENAMETOOLONG, "the pin's name is too long", reason);
	for (size_t i = 0; i < array_length(backends); i++) {
		if (!backends[i]->claims(pin))
			continue;
		out->backend = backends[i];
		return out->backend->find(pin, out, reason);
	}
	return refuse(-EINVAL, "no backend takes this pin", reason);
}

int line_open(const struct line_place *place, const struct line_request *request,
	      struct line **out, char reason[LINE_MAX_REASON])
{
	struct output *trigger = NULL;
	int error = 0;

	*out = NULL;
	reason[0] = '\0';
	if (request->quiet && (request->quiet->backend != place->backend ||
			       strcmp(request->quiet->chip, place->chip) != 0))
		return refuse(-EINVAL, "the quiet pin is on another chip", reason);
	if (request->trigger)
		error = output_open(request->trigger, OUTPUT_OPEN_DRAIN, &trigger,
				    reason);
	if (!error)
		error = place->backend->open(place, request, out, reason);
	if (error)
		output_close(trigger);
	else
		(*out)->trigger = trigger;
	return error;
}

void line_close(struct line *line)
{
	if (!line)
		return;

	struct output *trigger = line->trigger;

	line->backend->close(line);
	output_close(trigger);
}

int line_drive_low(struct line *line)
{
	return line->backend->drive_low(line);
}

int line_listen(struct line *line, uint64_t *release_ns_out, uint64_t *armed_ns_out)
{
	return line->backend->listen(line, release_ns_out, armed_ns_out);
}

int line_read(struct line *line, struct edge *out, size_t max_edges)
{
	return line->backend->read(line, out, max_edges);
}

int line_rest(struct line *line)
{
	return line->backend->rest ? line->backend->rest(line) : 0;
}

int line_level(struct line *line)
{
	return line->backend->level ? line->backend->level(line) : -ENOSYS;
}

size_t line_max_waiting(const struct line *line)
{
	return line->max_waiting;
}

uint32_t line_num_merged(const struct line *line)
{
	return line->num_merged;
}

int line_fd(const struct line *line)
{
	return line->backend->fd ? line->backend->fd(line) : -1;
}

int output_open(const struct line_place *place, enum output_drive drive,
		struct output **out, char reason[LINE_MAX_REASON])
{
	*out = NULL;
	reason[0] = '\0';
	if (!place->backend->output_open)
		return refuse(-EINVAL, "a recording cannot be driven", reason);
	return place->backend->output_open(place, drive, out, reason);
}

void output_close(struct output *output)
{
	if (output)
		output->backend->output_close(output);
}

int output_set(struct output *output, bool is_high)
{
	return output->backend->output_set(output, is_high);
}

const char *line_library(void)
{
	return GPIOD_LIBRARY;
}
