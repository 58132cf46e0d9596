/* SPDX-License-Identifier: MIT */
#include "decode/dht_align.h"

#include <stdlib.h>
#include <string.h>

enum { NS_PER_US = 1000 };

/* Half of the shortest that lies between two edges. */
enum { REACH_NS = 12 * NS_PER_US };

/* Among so many of the last events and of the last edges there are two that belong together. */
enum { MAX_ANCHOR_EVENTS = 4, MAX_ANCHOR_EDGES = 4 };

/* So few events that are not in time, the response's among them, are few enough. */
enum { ENOUGH_BUT = 3 };

/* Interrupts are off for so long at most; past it an event is nobody's. */
enum { MAX_LATE_NS = 250 * NS_PER_US };

/* What is armed a bit after its stamp. */
enum { ARMING_SLACK_NS = 20 * NS_PER_US };

struct model {
	int32_t t_ns[DHT_MAX_MODEL_EDGES]; /* after the first edge */
	size_t num_edges;
};

/* Two that belong together, and how many events are in time then. */
struct anchor {
	size_t event;
	size_t edge;
	size_t num_in_time;
};

static int32_t low_ns(const struct dht_wire *wire, const struct dht_fit *fit)
{
	if (fit->low_ns != 0)
		return fit->low_ns;
	return fit->zero_ns / (wire->bit_low_us + wire->zero_high_us) * wire->bit_low_us;
}

static void make_model(struct model *model, enum dht_seen seen,
		       const struct dht_wire *wire, const struct dht_fit *fit,
		       const uint8_t *bytes)
{
	int32_t t_ns = 0;

	for (size_t bit = 0; bit <= wire->num_bits; bit++) {
		bool has_gap =
			bit % DHT_BITS_PER_BYTE == 0 && bit != 0 && bit != wire->num_bits;
		int32_t gap_ns = has_gap ? fit->gap_ns : 0;

		if (seen != DHT_SEEN_RISING)
			model->t_ns[model->num_edges++] = t_ns;
		if (seen != DHT_SEEN_FALLING)
			model->t_ns[model->num_edges++] =
				t_ns + gap_ns + low_ns(wire, fit);
		if (bit == wire->num_bits)
			break;
		t_ns += gap_ns + (bytes[bit / DHT_BITS_PER_BYTE] >> (7 - bit % 8) & 1
					  ? fit->one_ns
					  : fit->zero_ns);
	}
}

/* Goes back from two that belong together, from each event in time to the one before. matched
 * (may be NULL): gets the edge of each event, and -1 where it is in time with none. */
static size_t walk(const struct dht_trace *trace, const struct model *model,
		   const struct anchor *anchor, int16_t *matched)
{
	size_t event = anchor->event, edge = anchor->edge, num_in_time = 1;
	size_t next = edge;

	if (matched)
		matched[event] = (int16_t)edge;
	for (size_t i = event; i-- > 0 && next > 0;) {
		int32_t before_ns = trace->t_ns[event] - trace->t_ns[i];

		while (next > 1 &&
		       model->t_ns[edge] - model->t_ns[next - 1] < before_ns - REACH_NS)
			next--;
		if (abs(model->t_ns[edge] - model->t_ns[next - 1] - before_ns) > REACH_NS)
			continue;
		event = i;
		edge = --next;
		num_in_time++;
		if (matched)
			matched[i] = (int16_t)edge;
	}
	return num_in_time;
}

static struct anchor find_anchor(const struct dht_trace *trace, const struct model *model)
{
	struct anchor best = { .num_in_time = 0 };

	for (size_t i = 1; i <= MAX_ANCHOR_EVENTS && i <= trace->num_edges; i++)
		for (size_t j = 1; j <= MAX_ANCHOR_EDGES && j <= model->num_edges; j++) {
			struct anchor anchor = { .event = trace->num_edges - i,
						 .edge = model->num_edges - j };

			/* nothing can be much better */
			if (best.num_in_time != 0 &&
			    best.num_in_time + ENOUGH_BUT >= trace->num_edges)
				return best;
			anchor.num_in_time = walk(trace, model, &anchor, NULL);
			if (anchor.num_in_time > best.num_in_time)
				best = anchor;
		}
	return best;
}

/* Where the edges were: those in time as stamped, the others as far from the next one that was
 * in time as the model has it, or from the one before. */
static void place_edges(struct dht_alignment *out, const struct dht_trace *trace,
			const struct model *model, const int16_t *matched)
{
	size_t edge = 0, last_edge = 0;
	int32_t last_ns = 0;

	for (size_t i = 0; i < trace->num_edges; i++) {
		if (matched[i] < 0)
			continue;
		last_edge = (size_t)matched[i];
		last_ns = trace->t_ns[i];
		out->is_seen[last_edge] = true;
		for (; edge <= last_edge; edge++)
			out->edges_ns[edge] =
				last_ns - model->t_ns[last_edge] + model->t_ns[edge];
	}
	for (; edge < model->num_edges; edge++)
		out->edges_ns[edge] =
			last_ns - model->t_ns[last_edge] + model->t_ns[edge];
}

/* The last unseen edge before an event, from `first` on up to `end`; `end` where there is none. */
static size_t find_unseen(const struct dht_alignment *alignment, int32_t t_ns,
			  size_t first, size_t end)
{
	for (size_t edge = end; edge-- > first;)
		if (!alignment->is_seen[edge] && alignment->edges_ns[edge] < t_ns)
			return t_ns - alignment->edges_ns[edge] < MAX_LATE_NS ? edge
									      : end;
	return end;
}

/* What an event is that is in time with no edge. Edges keep their order: it lies before
 * next_edge. */
static void take_other(struct dht_alignment *out, const struct dht_trace *trace,
		       size_t event, size_t first_edge, size_t next_edge)
{
	struct dht_event *taken = &out->events[event];
	size_t edge = find_unseen(out, trace->t_ns[event], first_edge, next_edge);

	if (edge < next_edge) {
		*taken = (struct dht_event){
			.role = DHT_ROLE_LATE,
			.edge = (uint8_t)edge,
			.off_ns = trace->t_ns[event] - out->edges_ns[edge],
		};
		out->is_seen[edge] = true;
		out->num_late++;
	} else if (trace->t_ns[event] < out->edges_ns[0]) {
		taken->role = DHT_ROLE_BEFORE;
	} else {
		taken->role = DHT_ROLE_STRANGE;
		out->num_strange++;
	}
}

/* The last event before this one that was in time; the event itself where there is none. */
static size_t find_matched_before(const int16_t *matched, size_t event)
{
	for (size_t i = event; i-- > 0;)
		if (matched[i] >= 0)
			return i;
	return event;
}

static void take_events(struct dht_alignment *out, const struct dht_trace *trace,
			const struct model *model, const int16_t *matched)
{
	size_t next_edge = model->num_edges;

	for (size_t i = trace->num_edges; i-- > 0;) {
		size_t before = find_matched_before(matched, i);
		struct dht_event *taken = &out->events[i];

		if (matched[i] < 0) {
			take_other(out, trace, i,
				   before < i ? (size_t)matched[before] + 1 : 0,
				   next_edge);
			if (taken->role == DHT_ROLE_LATE)
				next_edge = taken->edge;
			continue;
		}
		*taken = (struct dht_event){
			.role = DHT_ROLE_EDGE,
			.edge = (uint8_t)matched[i],
			.off_ns =
				trace->t_ns[i] - trace->t_ns[before] -
				(model->t_ns[matched[i]] - model->t_ns[matched[before]]),
		};
		next_edge = taken->edge;
	}
}

void dht_align(struct dht_alignment *out, const struct dht_trace *trace,
	       const struct dht_wire *wire, const struct dht_fit *fit,
	       const uint8_t *bytes)
{
	struct model model = { .num_edges = 0 };
	int16_t matched[FRAME_MAX_EDGES];

	memset(matched, -1, sizeof(matched));
	*out = (struct dht_alignment){
		.num_events = trace->num_edges,
		.num_each = trace->seen == DHT_SEEN_BOTH ? 2 : 1,
	};
	make_model(&model, trace->seen, wire, fit, bytes);
	out->num_edges = (uint8_t)model.num_edges;

	struct anchor anchor = find_anchor(trace, &model);

	if (anchor.num_in_time == 0)
		return;
	(void)walk(trace, &model, &anchor, matched);
	place_edges(out, trace, &model, matched);
	take_events(out, trace, &model, matched);
	for (size_t edge = 0; edge < model.num_edges; edge++) {
		if (out->is_seen[edge])
			continue;
		if (out->edges_ns[edge] < trace->armed_ns + ARMING_SLACK_NS)
			out->num_unheard++;
		else
			out->num_lost++;
	}
}
