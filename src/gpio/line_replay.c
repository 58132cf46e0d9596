/* SPDX-License-Identifier: MIT */
/* Recorded edges: each attempt plays the next recorded one, moved so that its release falls
 * on ours; after the last comes the first again. */
#include "gpio/line_backend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "gpio/recording.h"

/* From the release to the first falling edge that a falling-only log has, where the log does
 * not tell: 20 to 40 us until the response, and often the response is what came too early. */
#define FIRST_EDGE_NS (150 * CLOCK_NS_PER_US)

static const char prefix[] = "replay:";

struct replay_line {
	struct line base;
	struct recording recording; /* owned */
	enum line_edges wanted;
	size_t start_index; /* of the attempt that is next */
	/* What is being played: records next_index up to end_index. */
	size_t next_index;
	size_t end_index;
	uint64_t shift_ns; /* added to the recorded stamps; wraps */
	bool has_falling;
};

static bool replay_claims(const char *pin)
{
	return strncmp(pin, prefix, strlen(prefix)) == 0;
}

static int replay_find(const char *pin, struct line_place *out,
		       char reason[LINE_MAX_REASON])
{
	const char *path = pin + strlen(prefix);
	struct text text;

	text_init(&text, reason, LINE_MAX_REASON);
	if (!*path) {
		text_add(&text, "replay: wants a file: replay:FILE");
		return -EINVAL;
	}
	if (access(path, R_OK) != 0) {
		int error = -errno;

		text_add(&text, "%s: %s", path, strerror(-error));
		return error;
	}
	(void)text_copy(out->chip, sizeof(out->chip), path);
	(void)text_copy(out->label, sizeof(out->label), "recording");
	return 0;
}

static int replay_open(const struct line_place *place, const struct line_request *request,
		       struct line **out, char reason[LINE_MAX_REASON])
{
	struct replay_line *replay = calloc(1, sizeof(*replay));
	struct text text;
	int error;

	_Static_assert((int)RECORDING_MAX_REASON <= (int)LINE_MAX_REASON,
		       "recording_load() writes into a line's reason");
	text_init(&text, reason, LINE_MAX_REASON);
	if (!replay) {
		text_add(&text, "out of memory");
		return -ENOMEM;
	}
	error = recording_load(place->chip, NULL, &replay->recording, reason);
	if (error)
		goto free_line;
	if (replay->recording.num_edges == 0) {
		text_add(&text, "%s: nothing is recorded in it", place->chip);
		error = -EINVAL;
		goto finish_recording;
	}
	replay->base = (struct line){
		.backend = place->backend,
		.max_waiting = replay->recording.num_edges,
	};
	replay->wanted = request->edges;
	*out = &replay->base;
	return 0;

finish_recording:
	recording_finish(&replay->recording);
free_line:
	free(replay);
	return error;
}

static void replay_close(struct line *line)
{
	struct replay_line *replay = (struct replay_line *)line;

	recording_finish(&replay->recording);
	free(replay);
}

static int replay_drive_low(struct line *line)
{
	struct replay_line *replay = (struct replay_line *)line;

	replay->next_index = replay->end_index;
	return 0;
}

/* Goes to the next attempt. armed_after_ns_out: how long after the release it was armed. */
static void cue(struct replay_line *replay, uint64_t release_ns,
		uint64_t *armed_after_ns_out)
{
	const struct recording *recording = &replay->recording;
	uint64_t origin_ns = 0, armed_ns = 0;
	size_t i = replay->start_index;

	replay->has_falling = false;
	for (; recording->edges[i].event != EDGE_END; i++) {
		const struct edge *edge = &recording->edges[i];

		if (edge->event == EDGE_RELEASE)
			origin_ns = edge->t_ns;
		if (edge->event == EDGE_ARMED)
			armed_ns = edge->t_ns;
		if (edge->event == EDGE_FALLING || edge->event == EDGE_RISING) {
			origin_ns = origin_ns ? origin_ns : edge->t_ns - FIRST_EDGE_NS;
			replay->has_falling |= edge->event == EDGE_FALLING;
		}
	}
	replay->next_index = replay->start_index;
	replay->end_index = i;
	replay->start_index = i + 1 < recording->num_edges ? i + 1 : 0;
	replay->shift_ns = release_ns - origin_ns;
	*armed_after_ns_out = armed_ns > origin_ns ? armed_ns - origin_ns : 0;
}

static int replay_listen(struct line *line, uint64_t *release_ns_out,
			 uint64_t *armed_ns_out)
{
	uint64_t armed_after_ns;

	*release_ns_out = clock_mono_ns();
	cue((struct replay_line *)line, *release_ns_out, &armed_after_ns);
	*armed_ns_out = *release_ns_out + armed_after_ns;
	return 0;
}

/* Whether capture, asking for these edges, would have been told of it. A log of rising edges
 * alone is played as it is. */
static bool is_reported(const struct replay_line *replay, const struct edge *edge)
{
	if (edge->event == EDGE_RISING)
		return replay->wanted == LINE_EDGES_BOTH || !replay->has_falling;
	return edge->event == EDGE_FALLING;
}

static int replay_read(struct line *line, struct edge *out, size_t max_edges)
{
	struct replay_line *replay = (struct replay_line *)line;
	uint64_t now_ns = clock_mono_ns();
	size_t num_edges = 0;

	for (; replay->next_index < replay->end_index; replay->next_index++) {
		struct edge edge = replay->recording.edges[replay->next_index];

		if (!is_reported(replay, &edge))
			continue;
		edge.t_ns += replay->shift_ns;
		if (edge.t_ns > now_ns || num_edges == max_edges)
			break;
		out[num_edges++] = edge;
	}
	return (int)num_edges;
}

const struct line_backend line_backend_replay = {
	.name = "replay",
	.claims = replay_claims,
	.find = replay_find,
	.open = replay_open,
	.close = replay_close,
	.drive_low = replay_drive_low,
	.listen = replay_listen,
	.read = replay_read,
	.rest = replay_drive_low, /* stops what is played */
};
