/* SPDX-License-Identifier: MIT */
#include "decode/dht_ways.h"

enum { NS_PER_US = 1000 };

/* An edge is late by this at most: interrupts off. */
enum { MAX_LATE_NS = 200 * NS_PER_US };

static unsigned lower(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned least_miss_cost(bool is_both)
{
	return is_both ? DHT_COST_END_RISE : DHT_COST_MISS;
}

/* The least that is lost, whatever the order of the bits. */
static struct dht_losses find_losses(bool is_both, unsigned from_side, unsigned side,
				     unsigned num_between, unsigned num_bits)
{
	unsigned num_edges = (num_bits << is_both) + side - from_side;
	/* rises of bits, which cost less where these are 0 */
	unsigned num_short = is_both ? num_bits - from_side : 0;
	unsigned num_late = lower(num_between, num_edges - 1);
	unsigned num_lost = num_edges - 1 - num_late;

	if (num_bits == 0 && (from_side != 0 || side != 1))
		return (struct dht_losses){ .num_edges = 0 };
	num_short = lower(num_short, num_lost);
	return (struct dht_losses){
		.cost = (uint16_t)(num_late * DHT_COST_LATE +
				   (num_between - num_late) * DHT_COST_SPURIOUS +
				   num_short * DHT_COST_MISS_SHORT +
				   (num_lost - num_short) * DHT_COST_MISS),
		.credit = (uint16_t)(num_edges - 1 > num_between
					     ? (num_edges - 1 - num_between) *
						       least_miss_cost(is_both)
					     : 0),
		.num_edges = (uint8_t)num_edges,
		.num_free = (uint8_t)(num_between > 0 ? num_bits
				      : is_both       ? from_side
						      : 1),
	};
}

static void set_losses(struct dht_lattice *lattice)
{
	unsigned is_both = lattice->is_both;

	lattice->long_cost =
		is_both ? DHT_COST_MISS + DHT_COST_MISS_LONG - DHT_COST_MISS_SHORT
			: DHT_COST_MISS_LONG;
	lattice->least_miss_cost = least_miss_cost(is_both);
	for (unsigned i = 0; i <= 3 * is_both; i++)
		for (unsigned u = 0; u <= DHT_MAX_BETWEEN; u++)
			for (unsigned m = 0; m <= DHT_MAX_RUN; m++)
				lattice->losses[i & 1][i >> 1][u][m] =
					find_losses(is_both, i & 1, i >> 1, u, m);
}

void dht_lattice_init(struct dht_lattice *lattice, const struct dht_cells *cells,
		      const struct dht_trace *trace)
{
	bool is_both = trace->seen == DHT_SEEN_BOTH;
	unsigned last_edge = is_both ? 2u * cells->num_bits + 1 : cells->num_bits;

	lattice->cells = cells;
	lattice->t_ns = trace->t_ns;
	lattice->is_rising = trace->is_rising;
	lattice->last_edge = (uint8_t)last_edge;
	lattice->is_both = is_both;
	lattice->ends_rising = trace->seen != DHT_SEEN_FALLING;
	/* two cells, or a low and a high */
	lattice->max_single_ns =
		(is_both ? cells->zero_ns : 2 * cells->zero_ns) - DHT_MAX_OFF_NS;
	if (lattice->ends_rising && cells->end_off_ns < 0)
		lattice->max_single_ns += cells->end_off_ns;
	for (unsigned edge = 0; edge <= last_edge; edge++) {
		bool is_rise = is_both ? edge & 1 : trace->seen == DHT_SEEN_RISING;
		/* lows of bits before it; the low after the last bit has no gap */
		unsigned num_lows = (edge >> is_both) + (is_rise && edge != last_edge);

		lattice->num_gaps[edge] =
			(uint8_t)(num_lows > 0 ? (num_lows - 1) / DHT_BITS_PER_BYTE : 0);
	}
	set_losses(lattice);
}

/* An interval without what makes it longer than its bits, but a gap, which has its limits. */
struct interval {
	int32_t ns;
	int32_t min_gap_ns;
	int32_t max_gap_ns;
	/* of the one event between, after the bit that it ends if that is a 0 */
	int32_t late_ns;
};

/* Fits the number of ones; the gap within its limits that leaves least to explain. Returns
 * the cost. */
static inline unsigned fit_ones(const struct dht_cells *cells,
				const struct interval *interval, int32_t num_bits,
				int32_t *num_ones_out)
{
	int32_t step_ns = cells->one_ns - cells->zero_ns;
	int32_t rest_ns = interval->ns - num_bits * cells->zero_ns - interval->min_gap_ns;
	int32_t play_ns = interval->max_gap_ns - interval->min_gap_ns;
	int32_t num_ones = rest_ns - play_ns / 2 + step_ns / 2;
	int32_t off_ns = 0;

	if (num_ones < step_ns)
		num_ones = 0;
	else if (num_bits == 1 || num_ones < 2 * step_ns)
		num_ones = 1;
	else
		num_ones = num_ones / step_ns < num_bits ? num_ones / step_ns : num_bits;
	rest_ns -= num_ones * step_ns;
	if (rest_ns < 0)
		off_ns = -rest_ns;
	else if (rest_ns > play_ns)
		off_ns = rest_ns - play_ns;
	*num_ones_out = num_ones;
	return off_ns > DHT_MAX_OFF_NS
		       ? DHT_MAX_OFF_COST + 1
		       : cells->off_costs[(unsigned)off_ns / DHT_OFF_STEP_NS];
}

/* What a way that fits the interval costs at least; more than any where it does not. */
static inline unsigned fit(const struct dht_lattice *lattice,
			   const struct interval *interval,
			   const struct dht_losses *losses, int32_t num_bits,
			   struct dht_way *way)
{
	const struct dht_cells *cells = lattice->cells;
	int32_t num_ones;
	unsigned cost = fit_ones(cells, interval, num_bits, &num_ones);

	if (cost > DHT_MAX_OFF_COST)
		return DHT_COST_NEVER;
	way->off_cost = (uint16_t)cost;
	way->num_bits = (uint8_t)num_bits;
	way->num_ones = (uint8_t)num_ones;
	way->num_edges = losses->num_edges;
	way->credit = losses->credit;
	cost += losses->cost;
	if (num_ones > losses->num_free)
		cost += ((unsigned)num_ones - losses->num_free) * lattice->long_cost;
	/* the event between cannot be the late end of the first bit, nor of a later one */
	if (num_bits > 1 &&
	    interval->late_ns <=
		    cells->min_late_ns +
			    (num_ones == num_bits ? cells->one_ns - cells->zero_ns : 0))
		cost += DHT_COST_MISS + DHT_COST_SPURIOUS - DHT_COST_LATE;
	return cost;
}

void dht_way_single(const struct dht_lattice *lattice, const struct dht_leap *leap,
		    struct dht_way *out)
{
	const struct dht_cells *cells = lattice->cells;
	const int32_t *t_ns = &lattice->t_ns[leap->event];
	unsigned is_both = lattice->is_both;
	unsigned side = is_both ? 1 - leap->side : 0;
	int32_t num_bits = is_both ? (int32_t)leap->side : 1;
	struct interval interval = { .ns = t_ns[0] - t_ns[-1], .late_ns = INT32_MAX };
	unsigned cost;

	if (is_both)
		interval.ns += leap->side ? cells->low_ns : -cells->low_ns;
	if (leap->stretch == DHT_GAP) {
		interval.min_gap_ns = cells->min_gap_ns;
		interval.max_gap_ns = cells->max_gap_ns;
	} else if (leap->stretch == DHT_END) {
		interval.ns -= cells->end_off_ns;
	}
	cost = fit(lattice, &interval, &lattice->losses[leap->side][side][0][num_bits],
		   num_bits, out);
	if (cost < DHT_COST_NEVER && is_both && lattice->is_rising[leap->event] != side) {
		cost += DHT_COST_LABEL;
		out->off_cost = (uint16_t)(out->off_cost + DHT_COST_LABEL);
	}
	out->cost = (uint16_t)cost;
	out->num_between = 0;
	out->side = (uint8_t)leap->side;
	out->stretch = (uint8_t)leap->stretch;
}

/* Adds the ways that end at edges of one side. */
static inline unsigned list_side(const struct dht_lattice *lattice,
				 const struct dht_leap *leap, unsigned side,
				 struct dht_way *ways_out, unsigned max_ways)
{
	const struct dht_cells *cells = lattice->cells;
	const int32_t *t_ns = &lattice->t_ns[leap->event];
	const struct dht_losses *losses =
		lattice->losses[leap->side][side][leap->num_between];
	struct interval interval = {
		.ns = t_ns[0] - t_ns[-1 - (int)leap->num_between] -
		      ((int32_t)side - (int32_t)leap->side) * cells->low_ns,
		.late_ns = INT32_MAX,
	};
	unsigned label_cost = 0, count = 0;
	int32_t num_bits = 0;

	if (leap->stretch == DHT_GAP) {
		interval.min_gap_ns = cells->min_gap_ns;
		interval.max_gap_ns = cells->max_gap_ns;
	} else if (leap->stretch == DHT_END) {
		interval.ns -= cells->end_off_ns;
	}
	if (lattice->is_both && lattice->is_rising[leap->event] != side)
		label_cost = DHT_COST_LABEL;
	else if (leap->num_between == 1 && !lattice->is_both)
		interval.late_ns = t_ns[-1] - t_ns[-2] - cells->zero_ns;

	int32_t least_ns = interval.ns - interval.max_gap_ns - DHT_MAX_OFF_NS;
	int32_t most_ns = interval.ns - interval.min_gap_ns + DHT_MAX_OFF_NS;

	for (; num_bits * cells->one_ns < least_ns; num_bits++)
		;
	for (; num_bits <= DHT_MAX_RUN && num_bits * cells->zero_ns <= most_ns;
	     num_bits++) {
		struct dht_way *way = &ways_out[count];
		unsigned cost;

		if (losses[num_bits].num_edges == 0)
			continue;
		if (count == max_ways)
			return count + 1;
		cost = fit(lattice, &interval, &losses[num_bits], num_bits, way) +
		       label_cost;
		if (cost > leap->max_cost + way->credit)
			continue;
		way->off_cost = (uint16_t)(way->off_cost + label_cost);
		way->cost = (uint16_t)cost;
		way->num_between = (uint8_t)leap->num_between;
		way->side = (uint8_t)leap->side;
		way->stretch = (uint8_t)leap->stretch;
		count++;
	}
	return count;
}

unsigned dht_ways_list(const struct dht_lattice *lattice, const struct dht_leap *leap,
		       struct dht_way *ways_out, unsigned max_ways)
{
	unsigned count = list_side(lattice, leap, 0, ways_out, max_ways);

	if (lattice->is_both && count <= max_ways)
		count += list_side(lattice, leap, 1, ways_out + count, max_ways - count);
	return count;
}

/* What it costs that this edge is lost, followed by a 1 or not. */
static unsigned miss_cost(const struct dht_lattice *lattice, unsigned edge, bool is_one)
{
	if (!lattice->is_both || edge & 1)
		return (lattice->is_both ? DHT_COST_MISS_SHORT : DHT_COST_MISS) +
		       (is_one ? lattice->long_cost : 0);
	return DHT_COST_MISS;
}

/* From the edge to the next one. */
static int32_t edge_ns(const struct dht_lattice *lattice, unsigned edge, bool is_one)
{
	const struct dht_cells *cells = lattice->cells;
	int32_t ns = is_one ? cells->one_ns : cells->zero_ns;

	if (lattice->is_both)
		ns = edge & 1 ? ns - cells->low_ns : cells->low_ns;
	if (lattice->num_gaps[edge + 1] != lattice->num_gaps[edge])
		ns += (cells->min_gap_ns + cells->max_gap_ns) / 2;
	return ns;
}

/* Whether an event is this edge of the model, which is then late. */
static bool is_late(const struct dht_lattice *lattice, int32_t event_ns,
		    int32_t edge_at_ns)
{
	int32_t late_ns = event_ns - edge_at_ns;

	return late_ns > lattice->cells->min_late_ns && late_ns < MAX_LATE_NS;
}

unsigned dht_way_cost(const struct dht_lattice *lattice, const struct dht_way *way,
		      size_t event, unsigned edge, unsigned pattern)
{
	const int32_t *t_ns = &lattice->t_ns[event - 1 - way->num_between];
	unsigned first_edge = edge - way->num_edges;
	unsigned first_bit = first_edge >> lattice->is_both;
	unsigned costs[DHT_MAX_BETWEEN + 1] = { 0, DHT_COST_SPURIOUS,
						2 * DHT_COST_SPURIOUS };
	int32_t at_ns = t_ns[0];
	/* the first bit is the highest; before the last edge of a way there may be none */
	unsigned bits = pattern << 1;

	/* what there is most: one edge between, lost or late */
	if (way->num_edges == 2 && way->num_between == 1 &&
	    is_late(lattice, t_ns[1],
		    at_ns + edge_ns(lattice, first_edge, bits >> way->num_bits & 1)))
		return way->off_cost + DHT_COST_LATE;
	for (unsigned x = first_edge; x + 1 < edge; x++) {
		unsigned bit = way->num_bits - ((x >> lattice->is_both) - first_bit);
		unsigned next =
			way->num_bits - (((x + 1) >> lattice->is_both) - first_bit);
		unsigned lost_cost = miss_cost(lattice, x + 1, bits >> next & 1);

		at_ns += edge_ns(lattice, x, bits >> bit & 1);
		for (unsigned i = way->num_between; i > 0; i--) {
			costs[i] += lost_cost;
			if (is_late(lattice, t_ns[i], at_ns))
				costs[i] = lower(costs[i], costs[i - 1] + DHT_COST_LATE);
		}
		costs[0] += lost_cost;
		for (unsigned i = 1; i <= way->num_between; i++)
			costs[i] = lower(costs[i], costs[i - 1] + DHT_COST_SPURIOUS);
	}
	return way->off_cost + costs[way->num_between];
}
