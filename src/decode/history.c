/* SPDX-License-Identifier: MIT */
#include "decode/history.h"

/* The response, the release's own rise, and some that are nobody's. */
enum { OTHER_EDGES = 8 };

size_t history_max_edges(const struct driver *driver, bool is_both_kinds)
{
	size_t num_bits = driver->wire.num_bits;

	for (const struct driver *const *model = driver->models; model && *model; model++)
		if ((*model)->wire.num_bits > num_bits)
			num_bits = (*model)->wire.num_bits;

	size_t num_edges =
		HISTORY_FRAMES * (num_bits + OTHER_EDGES) * (is_both_kinds ? 2 : 1);

	return num_edges > FRAME_MAX_EDGES ? num_edges : FRAME_MAX_EDGES;
}

void history_init(struct history *history, struct history_edge *edges, size_t max_edges)
{
	*history = (struct history){ .edges = edges, .max_edges = (uint32_t)max_edges };
}

static struct history_frame *oldest(struct history *history)
{
	return &history->frames[(history->next_frame + HISTORY_FRAMES -
				 history->num_frames) %
				HISTORY_FRAMES];
}

static uint32_t count_edges(const struct history *history)
{
	uint32_t num_edges = 0;

	for (uint32_t i = 0; i < history->num_frames; i++)
		num_edges +=
			history->frames[(history->next_frame + HISTORY_FRAMES - 1 - i) %
					HISTORY_FRAMES]
				.num_edges;
	return num_edges;
}

static void make_room(struct history *history, uint32_t num_edges)
{
	uint32_t num_kept = count_edges(history);

	while (history->num_frames > 0 && (history->num_frames == HISTORY_FRAMES ||
					   num_kept + num_edges > history->max_edges)) {
		num_kept -= oldest(history)->num_edges;
		history->num_frames--;
	}
}

/* The first moment that the frame tells of. */
static uint64_t find_base_ns(const struct frame *frame)
{
	uint64_t base_ns = frame->start_ns != 0 ? frame->start_ns : frame->release_ns;

	for (size_t i = 0; i < frame->num_edges; i++)
		if (base_ns == 0 || frame->edges[i].t_ns < base_ns)
			base_ns = frame->edges[i].t_ns;
	return base_ns;
}

static uint32_t after_ns(uint64_t t_ns, uint64_t base_ns)
{
	return t_ns - base_ns < UINT32_MAX ? (uint32_t)(t_ns - base_ns) : UINT32_MAX;
}

void history_put(struct history *history, const struct frame *frame, enum verdict verdict)
{
	struct history_frame *kept = &history->frames[history->next_frame];

	make_room(history, frame->num_edges);
	*kept = (struct history_frame){
		.base_ns = find_base_ns(frame),
		.start_ns = frame->start_ns,
		.release_ns = frame->release_ns,
		.armed_ns = frame->armed_ns,
		.end_ns = frame->end_ns,
		.first_edge = history->next_edge,
		.num_edges = frame->num_edges,
		.is_lost = frame->is_lost,
		.verdict = (uint8_t)verdict,
	};
	for (size_t i = 0; i < frame->num_edges; i++) {
		const struct edge *edge = &frame->edges[i];

		history->edges[history->next_edge] = (struct history_edge){
			.after_ns = after_ns(edge->t_ns, kept->base_ns),
			.seq_and_kind = edge->seq << 1 | (edge->event == EDGE_RISING),
		};
		history->next_edge = (history->next_edge + 1) % history->max_edges;
	}
	history->next_frame = (history->next_frame + 1) % HISTORY_FRAMES;
	history->num_frames++;
}

/* Puts a record where its time has it: an edge may be older than the mark before it. */
static size_t insert(struct edge *out, size_t num_out, const struct edge *record)
{
	size_t at = num_out;

	for (; at > 0 && out[at - 1].t_ns > record->t_ns; at--)
		out[at] = out[at - 1];
	out[at] = *record;
	return num_out + 1;
}

static size_t insert_mark(struct edge *out, size_t num_out, enum edge_event event,
			  uint64_t t_ns)
{
	const struct edge mark = { .t_ns = t_ns, .event = (uint8_t)event };

	return t_ns == 0 ? num_out : insert(out, num_out, &mark);
}

static const struct history_frame *frame_at(const struct history *history, size_t index)
{
	return &history->frames[(history->next_frame + HISTORY_FRAMES -
				 history->num_frames + index) %
				HISTORY_FRAMES];
}

enum verdict history_verdict(const struct history *history, size_t index)
{
	return (enum verdict)frame_at(history, index)->verdict;
}

size_t history_get(const struct history *history, size_t index, struct edge *out)
{
	const struct history_frame *kept = frame_at(history, index);
	size_t num_out = 0;

	/* An attempt begins with its START, also where its time is not known. */
	out[num_out++] = (struct edge){ .t_ns = kept->start_ns, .event = EDGE_START };
	num_out = insert_mark(out, num_out, EDGE_RELEASE, kept->release_ns);
	num_out = insert_mark(out, num_out, EDGE_ARMED, kept->armed_ns);
	for (uint32_t i = 0; i < kept->num_edges; i++) {
		const struct history_edge *edge =
			&history->edges[(kept->first_edge + i) % history->max_edges];
		const struct edge record = {
			.t_ns = kept->base_ns + edge->after_ns,
			.seq = edge->seq_and_kind >> 1,
			.event = edge->seq_and_kind & 1 ? EDGE_RISING : EDGE_FALLING,
		};

		num_out = insert(out, num_out, &record);
	}
	out[num_out] = (struct edge){
		.t_ns = kept->end_ns > out[num_out - 1].t_ns ? kept->end_ns
							     : out[num_out - 1].t_ns,
		.event = EDGE_END,
		.detail = kept->is_lost ? EDGE_END_LOST : EDGE_END_DONE,
	};
	return num_out + 1;
}
