/* SPDX-License-Identifier: MIT */
#include "decode/framer.h"

static void open_frame(struct framer *framer, const struct edge *edge)
{
	struct frame *frame = &framer->frame;

	/* The edges stay as they are: num_edges says which count. */
	frame->start_ns = edge->t_ns;
	frame->release_ns = 0;
	frame->armed_ns = 0;
	frame->end_ns = 0;
	frame->sensor = edge->sensor;
	frame->num_edges = 0;
	frame->num_merged = 0;
	frame->attempt = edge->detail & EDGE_START_NUMBER;
	frame->is_long = (edge->detail & EDGE_START_LONG) != 0;
	frame->is_fed_anew = (edge->detail & EDGE_START_FED) != 0;
	frame->is_cut = false;
	frame->is_lost = false;
	framer->is_open = true;
}

static void add_edge(struct frame *frame, const struct edge *edge)
{
	if (frame->num_edges < FRAME_MAX_EDGES)
		frame->edges[frame->num_edges++] = *edge;
	else
		frame->is_cut = true;
}

void framer_init(struct framer *framer)
{
	*framer = (struct framer){ .is_open = false };
}

bool framer_feed(struct framer *framer, const struct edge *edge, bool *again)
{
	struct frame *frame = &framer->frame;

	*again = false;
	if (edge->event == EDGE_START && framer->is_open) {
		frame->is_cut = true;
		framer->is_open = false;
		*again = true;
		return true;
	}
	if (edge->event != EDGE_START && !framer->is_open)
		return false;
	if (edge->event >= NUM_EDGE_EVENTS)
		return false;
	/* Where the ring was full between two attempts, their ends are glued together. */
	if (framer->is_open && edge->sensor != frame->sensor)
		frame->is_cut = true;
	switch ((enum edge_event)edge->event) {
	case EDGE_START:
		open_frame(framer, edge);
		return false;
	case EDGE_RELEASE:
		if (frame->release_ns != 0 || frame->num_edges != 0)
			frame->is_cut = true;
		frame->release_ns = edge->t_ns;
		return false;
	case EDGE_ARMED:
		frame->armed_ns = edge->t_ns;
		return false;
	case EDGE_FALLING:
	case EDGE_RISING:
		add_edge(frame, edge);
		return false;
	case EDGE_END:
		frame->end_ns = edge->t_ns;
		frame->is_lost = edge->detail == EDGE_END_LOST;
		frame->num_merged = edge->seq;
		framer->is_open = false;
		return true;
	}
	return false;
}
