/* SPDX-License-Identifier: MIT */
#include "decode/dht_trace.h"

/* Times past this are as good as infinite: no frame is so long. */
enum { MAX_T_NS = 1000 * 1000 * 1000 };

static int32_t after_ns(uint64_t t_ns, uint64_t base_ns)
{
	if (t_ns <= base_ns)
		return 0;
	return t_ns - base_ns > MAX_T_NS ? MAX_T_NS : (int32_t)(t_ns - base_ns);
}

void dht_trace_take(struct dht_trace *trace, const struct frame *frame)
{
	uint64_t base_ns = frame->release_ns;
	uint64_t last_ns = 0;
	uint32_t last_seq = 0;
	bool has_falling = false, has_rising = false;

	trace->num_edges = 0;
	trace->has_doubtful_labels = false;
	trace->has_release = frame->release_ns != 0;
	trace->armed_ns =
		trace->has_release ? after_ns(frame->armed_ns, frame->release_ns) : 0;
	trace->has_seq_gap = false;
	trace->is_ordered = true;
	for (size_t i = 0; i < frame->num_edges && i < FRAME_MAX_EDGES; i++) {
		const struct edge *edge = &frame->edges[i];

		/* The host's own, where its line and ours are two on one bus. */
		if (trace->has_release && edge->t_ns < frame->release_ns)
			continue;
		if (base_ns == 0)
			base_ns = edge->t_ns;
		if (edge->t_ns < last_ns)
			trace->is_ordered = false;
		if (last_seq != 0 && edge->seq != 0 && edge->seq != last_seq + 1)
			trace->has_seq_gap = true;
		has_falling |= edge->event == EDGE_FALLING;
		has_rising |= edge->event == EDGE_RISING;
		last_ns = edge->t_ns;
		last_seq = edge->seq;
		trace->is_rising[trace->num_edges] = edge->event == EDGE_RISING;
		trace->t_ns[trace->num_edges++] = after_ns(edge->t_ns, base_ns);
	}
	trace->seen = !has_rising    ? DHT_SEEN_FALLING
		      : !has_falling ? DHT_SEEN_RISING
				     : DHT_SEEN_BOTH;
}

void dht_trace_keep_falls(struct dht_trace *trace)
{
	size_t num_falls = 0;

	for (size_t i = 0; i < trace->num_edges; i++) {
		trace->has_doubtful_labels |=
			i > 0 && trace->is_rising[i] == trace->is_rising[i - 1];
		if (trace->is_rising[i])
			continue;
		trace->is_rising[num_falls] = false;
		trace->t_ns[num_falls++] = trace->t_ns[i];
	}
	trace->num_edges = num_falls;
	trace->seen = DHT_SEEN_FALLING;
}
