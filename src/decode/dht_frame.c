/* SPDX-License-Identifier: MIT */
#include "decode/dht_frame.h"

#include <stdbool.h>
#include <stdlib.h>

#include "decode/dht_fit.h"
#include "decode/dht_trace.h"

enum { NS_PER_US = 1000 };

/* How the edges of the bits lie in a trace. */
struct layout {
	size_t first; /* index of the edge that the first bit's interval begins with */
	size_t stride; /* edges an interval: 1, or 2 where both kinds are there */
	size_t num_bits;
	unsigned gap_phase; /* see dht_fit.h */
};

/* How far a low may be off, where it is seen: sampled at 10 us, and 3 us of jitter. */
enum { MAX_LOW_OFF_NS = 13 * NS_PER_US };

/* What real sensors do between the release and the first bit. Measured: the response comes
 * 20..50 us after the release, and takes 130..161 us from fall to fall where the datasheet
 * has 160: hosts that drive the line high after the start pulse hide its beginning. The sum
 * of both is 180..190 us in all recordings. */
enum {
	MIN_RELEASE_NS = 20 * NS_PER_US,
	MIN_RESPONSE_PERCENT = 65,
	MAX_RESPONSE_PERCENT = 120,
	MIN_RESPONSE_LOW_PERCENT = 40,
	/* of the model's response on this sensor's clock, which is known from its zeros: two
	 * microseconds more or less in each time make so much */
	MIN_RESPONSE_SUM_PERCENT = 92,
	MAX_RISE_TO_FALL_NS = 100 * NS_PER_US, /* the release's rise to the response */
	MAX_RISE_TO_RISE_NS = 200 * NS_PER_US,
	/* of the place of the first bit: jitter; and sampling at 100 kHz */
	PLACE_MARGIN_NS = 10 * NS_PER_US,
	COARSE_PLACE_NS = 10 * NS_PER_US,
	/* an interval so much longer than a 1 is the response and no bit */
	RESPONSE_LEAD_NS = 8 * NS_PER_US,
	/* A DHT11 was seen to take 6..10 ms. */
	MAX_LATE_RESPONSE_NS = 15 * 1000 * NS_PER_US,
	/* What may lie between the stamp of the release and the release. */
	MAX_RELEASE_LAG_NS = 300 * NS_PER_US,
};

/* Nearly two of the shortest bits: an edge between is missing. */
enum { MERGED_PERCENT = 95 };

/* Of the model's time from the release to the first bit: clones with a fast clock. */
enum { MIN_FIRST_BIT_PERCENT = 85 };

/* So few edges are no answer: the line's own rise, and a spike. */
enum { MAX_STRAY_EDGES = 2 };

static int32_t percent_of(int32_t ns, int percent)
{
	return ns / 100 * percent;
}

/* The model's time, on this sensor's clock. */
static int32_t scaled_ns(const struct dht_wire *wire, const struct dht_fit *fit,
			 int32_t us)
{
	return fit->zero_ns / (wire->bit_low_us + wire->zero_high_us) * us;
}

static bool is_about(int32_t ns, int32_t expected_ns, int min_percent, int max_percent)
{
	return ns >= percent_of(expected_ns, min_percent) &&
	       ns <= percent_of(expected_ns, max_percent);
}

/* Too few edges for the bits: whose fault was it? */
static enum verdict judge_missing(const struct dht_wire *wire,
				  const struct dht_trace *trace)
{
	int32_t zero_us = wire->bit_low_us + wire->zero_high_us;
	int32_t first_bit_us =
		wire->release_us + wire->response_low_us + wire->response_high_us;
	int32_t first_bit_ns = first_bit_us * NS_PER_US;
	int32_t shortest_ns = (first_bit_us + wire->num_bits * zero_us) * NS_PER_US;

	if (trace->has_seq_gap)
		return VERDICT_OVERRUN;
	if (trace->num_edges <= MAX_STRAY_EDGES)
		return trace->armed_ns > shortest_ns ? VERDICT_ARMED_LATE
						     : VERDICT_NO_RESPONSE;
	return trace->armed_ns > percent_of(first_bit_ns, MIN_FIRST_BIT_PERCENT)
		       ? VERDICT_ARMED_LATE
		       : VERDICT_TOO_FEW_EDGES;
}

/* The bits' edges are the last ones, all of them; what comes before is the response. */
static enum verdict lay_out(const struct dht_wire *wire, const struct dht_trace *trace,
			    struct layout *out)
{
	/* before the first bit: fall; both rises; the release's rise, fall, rise */
	static const size_t max_before[] = {
		[DHT_SEEN_FALLING] = 1, [DHT_SEEN_RISING] = 2, [DHT_SEEN_BOTH] = 3
	};
	size_t stride = trace->seen == DHT_SEEN_BOTH ? 2 : 1;
	/* n intervals have n + 1 ends; where both kinds are there, the last end is a fall and
	 * the end's rise follows */
	size_t num_wanted = wire->num_bits * stride + stride;

	if (trace->num_edges < num_wanted)
		return judge_missing(wire, trace);
	if (trace->num_edges > num_wanted + max_before[trace->seen])
		return VERDICT_TOO_MANY_EDGES;
	*out = (struct layout){
		.first = trace->num_edges - num_wanted,
		.stride = stride,
		.num_bits = wire->num_bits,
		.gap_phase = trace->seen == DHT_SEEN_RISING ? DHT_BITS_PER_BYTE - 1 : 0,
	};
	return VERDICT_CLEAN;
}

static const int32_t *edge_of_bit(const struct dht_trace *trace,
				  const struct layout *layout, size_t bit)
{
	return &trace->t_ns[layout->first + layout->stride * bit];
}

static void take_intervals(const struct dht_trace *trace, const struct layout *layout,
			   int32_t *intervals_ns)
{
	for (size_t i = 0; i < layout->num_bits; i++)
		intervals_ns[i] = *edge_of_bit(trace, layout, i + 1) -
				  *edge_of_bit(trace, layout, i);
}

/* With both kinds of edges, the low of each bit must be what it is in the others. */
static bool are_lows_even(const struct dht_wire *wire, const struct dht_trace *trace,
			  const struct layout *layout, struct dht_fit *fit)
{
	int32_t sum_ns = 0, count = 0;

	for (size_t i = 0; i < layout->num_bits; i++) {
		const int32_t *edge = edge_of_bit(trace, layout, i);

		if (dht_fit_is_gap(fit, i, layout->num_bits))
			continue;
		sum_ns += edge[1] - edge[0];
		count++;
	}
	int32_t low_ns = count > 0 ? sum_ns / count : 0;

	fit->low_ns = low_ns;
	/* A slow rise makes lows longer; a 0 keeps a tenth of the bit as its high. */
	if (low_ns < scaled_ns(wire, fit, wire->bit_low_us) * 2 / 3 ||
	    low_ns > fit->zero_ns * 9 / 10)
		return false;
	for (size_t i = 0; i <= layout->num_bits; i++) {
		const int32_t *edge = edge_of_bit(trace, layout, i);
		int32_t off_ns = edge[1] - edge[0] - low_ns;

		if (dht_fit_is_gap(fit, i, layout->num_bits))
			off_ns -= fit->gap_ns;
		if (abs(off_ns) > MAX_LOW_OFF_NS)
			return false;
	}
	return true;
}

/* Whether the edges before the first bit are those of a response. */
static bool is_response(const struct dht_wire *wire, const struct dht_trace *trace,
			const struct layout *layout, const struct dht_fit *fit)
{
	const int32_t *t_ns = trace->t_ns;
	size_t first = layout->first;
	int32_t low_ns = scaled_ns(wire, fit, wire->response_low_us);
	int32_t high_ns = scaled_ns(wire, fit, wire->response_high_us);
	/* the response's last edge to the first bit's */
	int32_t last_ns = high_ns;

	if (first == 0)
		return true;
	if (trace->seen == DHT_SEEN_FALLING)
		last_ns = low_ns + high_ns;
	if (trace->seen == DHT_SEEN_RISING)
		last_ns = high_ns + scaled_ns(wire, fit, wire->bit_low_us);
	if (!is_about(t_ns[first] - t_ns[first - 1], last_ns, MIN_RESPONSE_PERCENT,
		      MAX_RESPONSE_PERCENT))
		return false;
	if (first == 1)
		return true;
	if (trace->seen == DHT_SEEN_RISING)
		return t_ns[1] - t_ns[0] <= MAX_RISE_TO_RISE_NS;
	if (!is_about(t_ns[first - 1] - t_ns[first - 2], low_ns, MIN_RESPONSE_LOW_PERCENT,
		      MAX_RESPONSE_PERCENT))
		return false;
	return first == 2 || t_ns[1] - t_ns[0] <= MAX_RISE_TO_FALL_NS;
}

/* Whether the response was seen from fall to fall, and is longer than any bit. */
static bool has_clear_response(const struct dht_trace *trace, const struct layout *layout,
			       const struct dht_fit *fit)
{
	size_t num_before = trace->seen == DHT_SEEN_BOTH ? 2 : 1;

	if (trace->seen == DHT_SEEN_RISING || layout->first < num_before)
		return false;
	int32_t fall_ns = trace->t_ns[layout->first - num_before];

	return trace->t_ns[layout->first] - fall_ns >
		       fit->one_ns + fit->max_gap_ns + RESPONSE_LEAD_NS &&
	       (!trace->has_release || fall_ns <= MAX_LATE_RESPONSE_NS);
}

/* Whether the first bit is where it seems to be, and not a bit before or after. */
static enum verdict judge_place(const struct dht_wire *wire,
				const struct dht_trace *trace,
				const struct layout *layout, const struct dht_fit *fit)
{
	int32_t first_ns = trace->t_ns[layout->first];
	int32_t response_ns =
		scaled_ns(wire, fit, wire->response_low_us + wire->response_high_us);
	int32_t low_ns = trace->seen == DHT_SEEN_RISING
				 ? scaled_ns(wire, fit, wire->bit_low_us)
				 : 0;
	int32_t soonest_ns = MIN_RELEASE_NS + low_ns +
			     percent_of(response_ns, MIN_RESPONSE_SUM_PERCENT);
	/* the second bit's place, where a frame without its first bit begins */
	int32_t slipped_ns = soonest_ns + fit->zero_ns;
	int32_t latest_ns = slipped_ns - PLACE_MARGIN_NS;

	/* The host may have let go after its stamp, but before it was armed. */
	if (fit->has_gaps)
		latest_ns += trace->armed_ns < MAX_RELEASE_LAG_NS ? trace->armed_ns
								  : MAX_RELEASE_LAG_NS;
	if (fit->is_coarse)
		latest_ns -= COARSE_PLACE_NS;
	if (fit->has_strange_gaps || !is_response(wire, trace, layout, fit))
		return VERDICT_SLIPPED;
	if (has_clear_response(trace, layout, fit))
		return VERDICT_CLEAN;
	if (!trace->has_release)
		return fit->has_gaps ? VERDICT_CLEAN : VERDICT_TOO_FEW_EDGES;
	/* A first edge that came late makes the first bit short. Where it did not come late, it
	 * is spurious. */
	if (first_ns < soonest_ns - PLACE_MARGIN_NS ||
	    first_ns + fit->first_off_ns < soonest_ns - PLACE_MARGIN_NS)
		return VERDICT_SLIPPED;
	if (first_ns <= latest_ns)
		return VERDICT_CLEAN;
	return trace->armed_ns > soonest_ns ? VERDICT_ARMED_LATE : VERDICT_SLIPPED;
}

/* The right number of edges, but no bits: an edge lost after a response that was seen, or
 * edges out of place? */
static enum verdict judge_timing(const struct dht_wire *wire,
				 const struct dht_trace *trace,
				 const int32_t *intervals_ns)
{
	int32_t two_zeros_ns = 2 * (wire->bit_low_us + wire->zero_high_us) * NS_PER_US;
	size_t num_long = 0;

	if (trace->seen != DHT_SEEN_FALLING ||
	    trace->num_edges > (size_t)wire->num_bits + 1)
		return VERDICT_BAD_TIMING;
	for (size_t i = 0; i < wire->num_bits; i++)
		num_long += intervals_ns[i] > percent_of(two_zeros_ns, MERGED_PERCENT);
	return num_long > 0 ? VERDICT_TOO_FEW_EDGES : VERDICT_BAD_TIMING;
}

enum verdict dht_frame_read(const struct dht_wire *wire, const struct dht_trace *trace,
			    struct dht_fit *fit_out, uint8_t *bytes_out)
{
	int32_t intervals_ns[DHT_MAX_BITS];
	struct layout layout;
	enum verdict verdict;

	verdict = lay_out(wire, trace, &layout);
	if (verdict != VERDICT_CLEAN)
		return verdict;
	if (!trace->is_ordered)
		return VERDICT_BAD_TIMING;
	take_intervals(trace, &layout, intervals_ns);
	if (!dht_fit_find(fit_out, wire, intervals_ns, layout.num_bits,
			  layout.gap_phase) ||
	    !dht_fit_read(fit_out, intervals_ns, layout.num_bits, bytes_out))
		return judge_timing(wire, trace, intervals_ns);
	if (trace->seen == DHT_SEEN_BOTH && !are_lows_even(wire, trace, &layout, fit_out))
		return VERDICT_BAD_TIMING;
	return judge_place(wire, trace, &layout, fit_out);
}
