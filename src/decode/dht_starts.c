/* SPDX-License-Identifier: MIT */
#include "decode/dht_starts.h"

#include <stdlib.h>

#include "decode/dht_ways.h"

enum { NS_PER_US = 1000 };

/* What real sensors do between the release and the first bit, see dht_frame.c: the first
 * bit's edge is at the same time in all recordings, give or take so much. */
enum { TYPICAL_RELEASE_NS = 32 * NS_PER_US, PLACE_SLACK_NS = 22 * NS_PER_US };

/* A place beyond that costs for each microsecond; less where it is later and gaps are sure to
 * tell, for the release may be later than its stamp. It costs no more than leaves a doubt: a
 * sensor with short bits sends its first one where others send their second. */
enum {
	PLACE_COST_PER_US = DHT_COST_NAT,
	LAG_COST_PER_US = DHT_COST_NAT / 16,
	MAX_PLACE_COST = 14 * DHT_COST_NAT,
	MAX_PLACE_FAR_US = 30,
	MAX_EARLY_NS = PLACE_SLACK_NS + (MAX_PLACE_FAR_US + 1) * NS_PER_US,
};

enum { RESPONSE_REACH_NS = 19 * NS_PER_US };

enum { ARMING_SLACK_NS = 20 * NS_PER_US };
enum { COST_ARMED_LATE = DHT_COST_NAT / 2 };

static uint16_t clamp_cost(int32_t cost)
{
	return (uint16_t)(cost < DHT_COST_NEVER ? cost : DHT_COST_NEVER);
}

/* What speaks against an edge of the first bits being at this time. */
static int32_t place_cost(const struct dht_cells *cells, int32_t off_ns, int32_t armed_ns)
{
	int32_t far_us = (abs(off_ns) - PLACE_SLACK_NS) / NS_PER_US;

	if (far_us <= 0)
		return 0;
	if (off_ns > 0 && off_ns < armed_ns && cells->min_gap_ns > 0)
		return far_us * LAG_COST_PER_US;
	if (far_us > MAX_PLACE_FAR_US)
		return DHT_COST_NEVER;
	return far_us * PLACE_COST_PER_US < MAX_PLACE_COST ? far_us * PLACE_COST_PER_US
							   : MAX_PLACE_COST;
}

/* An edge of the first bits, which are zeros. */
static int32_t edge_ns(const struct dht_starts *starts, unsigned edge)
{
	return starts->first_ns + (int32_t)edge * starts->cells->zero_ns;
}

/* Events before the first edge that are not the response. */
static int32_t count_strange(const struct dht_starts *starts, size_t event,
			     int32_t off_ns)
{
	int32_t response_ns = starts->response_ns + off_ns;

	for (size_t i = 0; i < event; i++)
		if (abs(starts->falls->t_ns[i] - response_ns) < RESPONSE_REACH_NS)
			return (int32_t)event - 1;
	return (int32_t)event;
}

/* The first edges may have come before they were reported; events before the first one in
 * time are the response, edges stamped late, or nothing of the sensor's. */
static int32_t start_cost(const struct dht_starts *starts, size_t event, unsigned edge)
{
	int32_t armed_ns = starts->falls->armed_ns;
	int32_t off_ns = starts->falls->t_ns[event] - edge_ns(starts, edge);
	int32_t cost = place_cost(starts->cells, off_ns, armed_ns);
	int32_t num_strange;

	if (cost >= DHT_COST_NEVER)
		return cost;
	num_strange = count_strange(starts, event, off_ns);
	for (unsigned i = 0; i < edge; i++) {
		if (armed_ns + ARMING_SLACK_NS > edge_ns(starts, i)) {
			cost += COST_ARMED_LATE;
		} else if (num_strange > 0) {
			cost += DHT_COST_LATE;
			num_strange--;
		} else {
			cost += DHT_COST_MISS;
		}
	}
	return cost + num_strange * DHT_COST_SPURIOUS;
}

void dht_starts_list(struct dht_starts *starts, const struct dht_wire *wire,
		     const struct dht_cells *cells, const struct dht_trace *falls)
{
	int32_t us_ns = cells->zero_ns / (wire->bit_low_us + wire->zero_high_us);

	starts->cells = cells;
	starts->falls = falls;
	starts->response_ns = TYPICAL_RELEASE_NS;
	starts->first_ns = starts->response_ns + us_ns * wire->response_low_us +
			   us_ns * wire->response_high_us;
	for (size_t event = 0; event < DHT_MAX_STARTS; event++)
		for (unsigned edge = 0; edge < DHT_MAX_LEAD; edge++)
			starts->costs[event][edge] = DHT_COST_NEVER;
	for (size_t event = 0; event < DHT_MAX_STARTS && event < falls->num_edges;
	     event++)
		for (unsigned edge = 0;
		     edge <= cells->num_zero_bits &&
		     edge_ns(starts, edge) - falls->t_ns[event] < MAX_EARLY_NS;
		     edge++)
			starts->costs[event][edge] =
				clamp_cost(start_cost(starts, event, edge));
}

/* Whether an interval is one bit, and neither of its ends is late. */
static bool is_bit(const struct dht_cells *cells, int32_t ns, bool has_gap)
{
	int32_t min_gap_ns = has_gap ? cells->min_gap_ns : 0;
	int32_t max_gap_ns = has_gap ? cells->max_gap_ns : 0;
	int32_t middle_ns = (cells->zero_ns + cells->one_ns) / 2;
	int32_t cell_ns = ns - (min_gap_ns + max_gap_ns) / 2 < middle_ns ? cells->zero_ns
									 : cells->one_ns;

	return ns > cell_ns + min_gap_ns - cells->min_late_ns &&
	       ns < cell_ns + max_gap_ns + cells->min_late_ns;
}

bool dht_starts_lack_front_only(const struct dht_starts *starts, unsigned *first_out)
{
	const struct dht_trace *falls = starts->falls;
	unsigned first = starts->cells->num_bits + 1u - (unsigned)falls->num_edges;

	*first_out = first;
	return first > 0 && first <= starts->cells->num_zero_bits &&
	       abs(falls->t_ns[0] - edge_ns(starts, first)) <= PLACE_SLACK_NS &&
	       edge_ns(starts, first - 1) <= falls->armed_ns + ARMING_SLACK_NS;
}

bool dht_starts_is_all_else_heard(const struct dht_starts *starts)
{
	const struct dht_trace *falls = starts->falls;
	unsigned first;

	if (!dht_starts_lack_front_only(starts, &first))
		return false;
	for (unsigned i = 0; i + 1 < falls->num_edges; i++)
		if (!is_bit(starts->cells, falls->t_ns[i + 1] - falls->t_ns[i],
			    dht_stretch_of(first + i, first + i + 1) == DHT_GAP))
			return false;
	return true;
}

bool dht_starts_is_as_long(const struct dht_starts *starts)
{
	size_t num_edges = starts->cells->num_bits + 1u;

	for (size_t event = 0; event < 2; event++) {
		size_t edge = num_edges + event - starts->falls->num_edges;

		if (edge < DHT_MAX_LEAD && starts->costs[event][edge] < DHT_COST_MISS)
			return true;
	}
	return false;
}

/* Reads an interval that is one bit, with a byte's gap or without; false where it is none. */
static bool read_bit(const struct dht_cells *cells, int32_t ns, bool *bit_out)
{
	int32_t zero_off_ns = ns - cells->zero_ns, one_off_ns = ns - cells->one_ns;
	int32_t max_off_ns = cells->max_gap_ns + cells->min_late_ns;

	*bit_out = one_off_ns > -cells->min_late_ns;
	return *bit_out ? one_off_ns < max_off_ns
			: zero_off_ns > -cells->min_late_ns && zero_off_ns < max_off_ns;
}

bool dht_starts_have_intact_row(const struct dht_starts *starts, uint64_t *bits_out,
				unsigned *num_bits_out)
{
	const struct dht_trace *falls = starts->falls;

	*bits_out = 0;
	*num_bits_out = 0;
	/* What is labelled as a fall may be the rise after it. */
	if (falls->has_doubtful_labels)
		return false;
	for (size_t i = 2; i < falls->num_edges; i++) {
		bool bit;

		if (!read_bit(starts->cells, falls->t_ns[i] - falls->t_ns[i - 1], &bit))
			return false;
		*bits_out = *bits_out << 1 | bit;
		++*num_bits_out;
	}
	return true;
}
