/* SPDX-License-Identifier: MIT */
#include "decode/levels.h"

#include <stdlib.h>

#include "decode/dht_align.h"

enum { NS_PER_US = 1000, RESPONSE_REACH_NS = 20 * NS_PER_US };

struct levels {
	const struct dht_wire *wire;
	struct edge *out;
	size_t num_out;
	uint64_t base_ns; /* that times in the trace are after */
	uint64_t last_ns; /* of the last record */
	bool is_low;
};

/* Later than the one before, if only by a nanosecond. */
static void put(struct levels *levels, enum edge_event event, uint64_t t_ns)
{
	if (t_ns <= levels->last_ns && levels->last_ns != 0)
		t_ns = levels->last_ns + 1;
	levels->last_ns = t_ns;
	levels->out[levels->num_out++] =
		(struct edge){ .t_ns = t_ns, .event = (uint8_t)event };
}

static void put_level(struct levels *levels, bool is_low, int32_t t_ns)
{
	levels->is_low = is_low;
	put(levels, is_low ? EDGE_FALLING : EDGE_RISING,
	    levels->base_ns + (uint64_t)(t_ns > 0 ? t_ns : 0));
}

/* An event of the response that is near; else where the model has it. */
static int32_t snap_ns(const struct dht_alignment *alignment,
		       const struct dht_trace *trace, int32_t t_ns)
{
	for (size_t i = 0; i < alignment->num_events; i++)
		if (alignment->events[i].role == DHT_ROLE_BEFORE &&
		    abs(trace->t_ns[i] - t_ns) < RESPONSE_REACH_NS)
			return trace->t_ns[i];
	return t_ns;
}

/* The response before the first bit's fall. */
static void put_response(struct levels *levels, const struct dht_alignment *alignment,
			 const struct dht_trace *trace, const struct dht_fit *fit,
			 int32_t first_ns)
{
	const struct dht_wire *wire = levels->wire;
	int32_t us_ns = fit->zero_ns / (wire->bit_low_us + wire->zero_high_us);
	int32_t rise_ns = first_ns - us_ns * wire->response_high_us;
	int32_t fall_ns = rise_ns - us_ns * wire->response_low_us;

	/* Without a release times are after the first edge, which it may be. */
	if (fall_ns < -RESPONSE_REACH_NS)
		return;
	put_level(levels, true, snap_ns(alignment, trace, fall_ns));
	put_level(levels, false, snap_ns(alignment, trace, rise_ns));
}

static int32_t low_ns(const struct levels *levels, const struct dht_fit *fit, size_t bit)
{
	const struct dht_wire *wire = levels->wire;
	bool has_gap = bit != 0 && bit != wire->num_bits && bit % DHT_BITS_PER_BYTE == 0;
	int32_t ns = fit->low_ns;

	if (ns == 0)
		ns = fit->zero_ns / (wire->bit_low_us + wire->zero_high_us) *
		     wire->bit_low_us;
	return has_gap ? ns + fit->gap_ns : ns;
}

/* A frame that was read: all edges of its bits. */
static void put_read(struct levels *levels, const struct dht_trace *trace,
		     const struct decode_evidence *evidence)
{
	const struct dht_fit *fit = &evidence->fit;
	struct dht_alignment alignment;

	dht_align(&alignment, trace, levels->wire, fit, evidence->bytes);
	for (size_t bit = 0; bit <= levels->wire->num_bits; bit++) {
		const int32_t *edge_ns = &alignment.edges_ns[bit * alignment.num_each];
		int32_t fall_ns = edge_ns[0], rise_ns = edge_ns[0];

		if (trace->seen == DHT_SEEN_BOTH)
			rise_ns = edge_ns[1];
		else if (trace->seen == DHT_SEEN_FALLING)
			rise_ns += low_ns(levels, fit, bit);
		else
			fall_ns -= low_ns(levels, fit, bit);
		if (bit == 0)
			put_response(levels, &alignment, trace, fit, fall_ns);
		put_level(levels, true, fall_ns);
		put_level(levels, false, rise_ns);
	}
}

/* One kind of edges: a low of the usual length at each, but never over half of what there is. */
static void put_one_kind(struct levels *levels, const struct dht_trace *trace)
{
	int32_t usual_ns = levels->wire->bit_low_us * NS_PER_US;

	for (size_t i = 0; i < trace->num_edges; i++) {
		bool is_last = i + 1 == trace->num_edges;
		int32_t at_ns = trace->t_ns[i];
		int32_t room_ns = trace->seen == DHT_SEEN_RISING
					  ? at_ns - (i > 0 ? trace->t_ns[i - 1] : 0)
				  : is_last ? 2 * usual_ns
					    : trace->t_ns[i + 1] - at_ns;
		int32_t ns = room_ns / 2 < usual_ns ? room_ns / 2 : usual_ns;

		put_level(levels, true,
			  trace->seen == DHT_SEEN_RISING ? at_ns - ns : at_ns);
		put_level(levels, false,
			  trace->seen == DHT_SEEN_RISING ? at_ns : at_ns + ns);
	}
}

/* Both kinds, as labelled; between two of one kind the other one is missing. */
static void put_both_kinds(struct levels *levels, const struct dht_trace *trace,
			   const struct frame *frame)
{
	size_t skipped = frame->num_edges - trace->num_edges;
	int32_t last_ns = 0;

	for (size_t i = 0; i < trace->num_edges; i++) {
		bool is_fall = frame->edges[skipped + i].event == EDGE_FALLING;
		int32_t at_ns = trace->t_ns[i];

		if (is_fall == levels->is_low) {
			/* the rise of the release itself */
			if (i == 0 && !is_fall)
				continue;
			put_level(levels, !is_fall, last_ns + (at_ns - last_ns) / 2);
		}
		put_level(levels, is_fall, at_ns);
		last_ns = at_ns;
	}
	if (levels->is_low)
		put_level(levels, false, last_ns + levels->wire->bit_low_us * NS_PER_US);
}

size_t levels_make(const struct driver *driver, const struct frame *frame,
		   enum verdict verdict, const struct decode_evidence *evidence,
		   struct edge *out)
{
	struct levels levels = { .wire = &driver_sample(driver)->wire, .out = out };
	struct dht_trace trace;

	dht_trace_take(&trace, frame);
	out[levels.num_out++] =
		(struct edge){ .t_ns = frame->start_ns, .event = EDGE_START };
	levels.last_ns = frame->start_ns;
	levels.base_ns = frame->release_ns;
	if (frame->release_ns != 0)
		put(&levels, EDGE_RELEASE, frame->release_ns);
	else if (frame->num_edges > 0)
		levels.base_ns = frame->edges[0].t_ns;
	if (verdict_is_accepted(verdict))
		put_read(&levels, &trace, evidence);
	else if (trace.seen == DHT_SEEN_BOTH)
		put_both_kinds(&levels, &trace, frame);
	else
		put_one_kind(&levels, &trace);
	put(&levels, EDGE_END, frame->end_ns);
	return levels.num_out;
}
