/* SPDX-License-Identifier: MIT */
/* The simulated board: chip `sim`, lines 0 to 1023. What a sensor on a line answers is the
 * simulation's affair; here edges come when their time has come, as from a kernel. */
#include "gpio/line_backend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "model/frame.h"

enum { NUM_LINES = 1024 };

static const char prefix[] = "sim/";

struct sim_line {
	struct line base;
	const struct line_simulation *simulation; /* borrowed; outlives this */
	enum line_edges wanted;
	uint64_t low_ns; /* when the start pulse began; 0: it did not */
	size_t num_edges;
	size_t next_index; /* of the first edge that was not read */
	struct edge edges[FRAME_MAX_EDGES];
};

static bool sim_claims(const char *pin)
{
	return strncmp(pin, prefix, strlen(prefix)) == 0 || strcmp(pin, "sim") == 0;
}

static int sim_find(const char *pin, struct line_place *out, char reason[LINE_MAX_REASON])
{
	const char *digits =
		strncmp(pin, prefix, strlen(prefix)) == 0 ? pin + strlen(prefix) : "";
	bool is_number = *digits && strspn(digits, "0123456789") == strlen(digits);
	unsigned long line_offset = is_number ? strtoul(digits, NULL, 10) : NUM_LINES;
	struct text text;

	if (line_offset >= NUM_LINES) {
		text_init(&text, reason, LINE_MAX_REASON);
		text_add(&text, "the simulated board has the lines sim/0 to sim/%d",
			 NUM_LINES - 1);
		return is_number ? -ENOENT : -EINVAL;
	}
	(void)text_copy(out->chip, sizeof(out->chip), "sim");
	(void)text_copy(out->label, sizeof(out->label), "simulated board");
	out->line_offset = (uint32_t)line_offset;
	return 0;
}

static int sim_open(const struct line_place *place, const struct line_request *request,
		    struct line **out, char reason[LINE_MAX_REASON])
{
	struct sim_line *sim;
	struct text text;

	text_init(&text, reason, LINE_MAX_REASON);
	if (!request->simulation) {
		text_add(&text, "nothing is simulated on sim/%u", place->line_offset);
		return -EINVAL;
	}
	sim = calloc(1, sizeof(*sim));
	if (!sim) {
		text_add(&text, "out of memory");
		return -ENOMEM;
	}
	sim->base = (struct line){
		.backend = place->backend,
		.max_waiting = FRAME_MAX_EDGES,
	};
	sim->simulation = request->simulation;
	sim->wanted = request->edges;
	*out = &sim->base;
	return 0;
}

static void sim_close(struct line *line)
{
	free(line);
}

static int sim_drive_low(struct line *line)
{
	struct sim_line *sim = (struct sim_line *)line;

	sim->low_ns = clock_mono_ns();
	sim->num_edges = 0;
	return 0;
}

static int sim_listen(struct line *line, uint64_t *release_ns_out, uint64_t *armed_ns_out)
{
	struct sim_line *sim = (struct sim_line *)line;
	const struct line_simulation *simulation = sim->simulation;
	uint64_t release_ns = clock_mono_ns();

	sim->next_index = 0;
	sim->num_edges = 0;
	if (sim->low_ns)
		sim->num_edges = simulation->answer(simulation->context, release_ns,
						    release_ns - sim->low_ns, sim->wanted,
						    sim->edges, FRAME_MAX_EDGES);
	sim->low_ns = 0;
	*release_ns_out = release_ns;
	*armed_ns_out = release_ns;
	return 0;
}

static int sim_read(struct line *line, struct edge *out, size_t max_edges)
{
	struct sim_line *sim = (struct sim_line *)line;
	uint64_t now_ns = clock_mono_ns();
	size_t num_edges = 0;

	while (num_edges < max_edges && sim->next_index < sim->num_edges &&
	       sim->edges[sim->next_index].t_ns <= now_ns)
		out[num_edges++] = sim->edges[sim->next_index++];
	return (int)num_edges;
}

static int sim_rest(struct line *line)
{
	((struct sim_line *)line)->num_edges = 0;
	return 0;
}

/* The simulated board has its pull-ups. */
static int sim_level(struct line *line)
{
	(void)line;
	return 1;
}

/* What hangs on a driven line is not simulated. */
static int sim_output_open(const struct line_place *place, enum output_drive drive,
			   struct output **out, char reason[LINE_MAX_REASON])
{
	struct output *output = calloc(1, sizeof(*output));
	struct text text;

	(void)drive;
	text_init(&text, reason, LINE_MAX_REASON);
	if (!output) {
		text_add(&text, "out of memory");
		return -ENOMEM;
	}
	output->backend = place->backend;
	*out = output;
	return 0;
}

static void sim_output_close(struct output *output)
{
	free(output);
}

static int sim_output_set(struct output *output, bool is_high)
{
	(void)output;
	(void)is_high;
	return 0;
}

const struct line_backend line_backend_sim = {
	.name = "sim",
	.claims = sim_claims,
	.find = sim_find,
	.open = sim_open,
	.close = sim_close,
	.drive_low = sim_drive_low,
	.listen = sim_listen,
	.read = sim_read,
	.rest = sim_rest,
	.level = sim_level,
	.output_open = sim_output_open,
	.output_close = sim_output_close,
	.output_set = sim_output_set,
};
