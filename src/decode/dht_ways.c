/* SPDX-License-Identifier: MIT */
#include "decode/dht_ways.h"

enum { NS_PER_US = 1000 };

/* An edge is late by this at most: interrupts off. */
enum { MAX_LATE_NS = 200 * NS_PER_US };

/* Somewhat less than what tells a 1 from a 0: an edge as late as that may just as well be the
 * other order of two bits. */
enum { LONG_LATE_NS = 30 * NS_PER_US };

/* What speaks for an event that was in time, so that jitter of the one before does not make
 * others worth a look. */
enum { COST_IN_TIME = 2 * DHT_COST_NAT };

static unsigned lower(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* An interval without what makes it longer than its bits, but a gap, which has its limits. */
struct interval {
	int32_t ns;
	int32_t min_gap_ns;
	int32_t max_gap_ns;
};

static inline struct interval interval_of(const struct dht_cells *cells, int32_t ns,
					  enum dht_stretch stretch)
{
	if (stretch == DHT_PLAIN)
		return (struct interval){ .ns = ns };
	return (struct interval){ ns, cells->min_gap_ns, cells->max_gap_ns };
}

/* Fits the number of ones; the gap within its limits that leaves least to explain. Returns the
 * cost; more than DHT_MAX_OFF_COST where none fits. */
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
	return off_ns > cells->max_off_ns
		       ? DHT_MAX_OFF_COST + 1
		       : cells->off_costs[(unsigned)off_ns / DHT_OFF_STEP_NS];
}

void dht_way_single(const struct dht_lattice *lattice, size_t event,
		    enum dht_stretch stretch, struct dht_way *out)
{
	const int32_t *t_ns = &lattice->t_ns[event];
	struct interval interval =
		interval_of(lattice->cells, t_ns[0] - t_ns[-1], stretch);
	int32_t num_ones;
	unsigned cost = fit_ones(lattice->cells, &interval, 1, &num_ones);

	*out = (struct dht_way){
		.cost = (uint16_t)(cost > DHT_MAX_OFF_COST ? DHT_COST_NEVER : cost),
		.off_cost = (uint16_t)cost,
		.num_bits = 1,
		.num_ones = (uint8_t)num_ones,
		.stretch = (uint8_t)stretch,
	};
}

unsigned dht_between_cost(const struct dht_lattice *lattice, size_t event,
			  unsigned num_between)
{
	const struct dht_cells *cells = lattice->cells;
	const int32_t *t_ns = &lattice->t_ns[event];
	int32_t play_ns = cells->max_gap_ns - cells->min_gap_ns;
	int32_t ns;

	if (num_between != 1)
		return num_between * DHT_COST_LATE;
	ns = t_ns[0] - t_ns[-2];
	if (ns <= cells->one_ns + cells->max_gap_ns + cells->max_off_ns)
		return DHT_COST_LATE;
	/* Too far apart to be nothing. Late it is not where it comes soon, nor between two ones,
	 * which are longer than three zeros. */
	if (t_ns[-1] - t_ns[-2] <= cells->zero_ns + cells->min_late_ns ||
	    (t_ns[0] - t_ns[-1] > cells->one_ns - cells->min_late_ns &&
	     dht_is_single(lattice, event) && dht_is_single(lattice, event - 1) &&
	     ns > 3 * cells->zero_ns + play_ns + cells->min_late_ns))
		return DHT_COST_MISS + DHT_COST_SPURIOUS + COST_IN_TIME;
	return DHT_COST_LATE;
}

/* Of the edges between, so many as there are events are late at best, and the others lost; the
 * ones after lost edges cost more, but for one that the first edge begins. */
static unsigned least_cost(unsigned num_between, unsigned num_bits, unsigned num_ones)
{
	unsigned num_late = lower(num_between, num_bits - 1);
	unsigned num_free = num_between > 0 ? num_bits : 1;

	return num_late * DHT_COST_LATE + (num_between - num_late) * DHT_COST_SPURIOUS +
	       (num_bits - 1 - num_late) * DHT_COST_MISS +
	       (num_ones > num_free ? (num_ones - num_free) * DHT_COST_MISS_LONG : 0);
}

/* Whether the only event between can be the late end of a bit: of the first one if that is a 0,
 * for it is the shortest. */
static bool may_be_late(const struct dht_lattice *lattice, const struct dht_leap *leap,
			int32_t num_bits, int32_t num_ones)
{
	const struct dht_cells *cells = lattice->cells;
	const int32_t *t_ns = &lattice->t_ns[leap->event];
	int32_t shortest_ns = num_ones == num_bits ? cells->one_ns : cells->zero_ns;

	return leap->num_between != 1 || num_bits == 1 ||
	       t_ns[-1] - t_ns[-2] > shortest_ns + cells->min_late_ns;
}

unsigned dht_ways_list(const struct dht_lattice *lattice, const struct dht_leap *leap,
		       struct dht_way *ways_out, unsigned max_ways)
{
	const struct dht_cells *cells = lattice->cells;
	const int32_t *t_ns = &lattice->t_ns[leap->event];
	struct interval interval =
		interval_of(cells, t_ns[0] - t_ns[-1 - (int)leap->num_between],
			    leap->stretch);
	int32_t least_ns = interval.ns - interval.max_gap_ns - cells->max_off_ns;
	int32_t most_ns = interval.ns - interval.min_gap_ns + cells->max_off_ns;
	int32_t num_bits = 1;
	unsigned count = 0;

	for (; num_bits * cells->one_ns < least_ns; num_bits++)
		;
	for (; num_bits <= DHT_MAX_RUN && num_bits * cells->zero_ns <= most_ns;
	     num_bits++) {
		unsigned num_lost = (unsigned)num_bits - 1;
		int32_t num_ones;

		if (count == max_ways)
			return count + 1;
		unsigned off_cost = fit_ones(cells, &interval, num_bits, &num_ones);
		unsigned credit = num_lost > leap->num_between
					  ? (num_lost - leap->num_between) * DHT_COST_MISS
					  : 0;
		unsigned cost =
			off_cost + least_cost(leap->num_between, (unsigned)num_bits,
					      (unsigned)num_ones);

		if (!may_be_late(lattice, leap, num_bits, num_ones))
			cost += DHT_COST_MISS + DHT_COST_SPURIOUS - DHT_COST_LATE;
		if (off_cost > DHT_MAX_OFF_COST || cost > leap->max_cost + credit)
			continue;
		ways_out[count++] = (struct dht_way){
			.cost = (uint16_t)cost,
			.off_cost = (uint16_t)off_cost,
			.credit = (uint16_t)credit,
			.num_bits = (uint8_t)num_bits,
			.num_ones = (uint8_t)num_ones,
			.num_between = (uint8_t)leap->num_between,
			.stretch = (uint8_t)leap->stretch,
		};
	}
	return count;
}

/* What it costs that an event is this edge of the model, which is then late. */
static unsigned late_cost(const struct dht_cells *cells, int32_t event_ns,
			  int32_t edge_ns)
{
	int32_t late_ns = event_ns - edge_ns;

	if (late_ns <= cells->min_late_ns || late_ns >= MAX_LATE_NS)
		return DHT_COST_NEVER;
	return late_ns < LONG_LATE_NS ? DHT_COST_LATE
				      : DHT_COST_LATE + DHT_COST_LATE_LONG;
}

/* From the edge to the next one. */
static int32_t cell_ns(const struct dht_cells *cells, unsigned edge, bool is_one)
{
	int32_t ns = is_one ? cells->one_ns : cells->zero_ns;

	if (dht_stretch_of(edge, edge + 1) == DHT_GAP)
		ns += (cells->min_gap_ns + cells->max_gap_ns) / 2;
	return ns;
}

unsigned dht_way_cost(const struct dht_lattice *lattice, const struct dht_way *way,
		      size_t event, unsigned edge, unsigned pattern)
{
	const struct dht_cells *cells = lattice->cells;
	const int32_t *t_ns = &lattice->t_ns[event - 1 - way->num_between];
	unsigned costs[DHT_MAX_BETWEEN + 1] = { 0, DHT_COST_SPURIOUS,
						2 * DHT_COST_SPURIOUS };
	int32_t at_ns = t_ns[0];

	/* what there is most: one edge between, lost or late */
	if (way->num_bits == 2 && way->num_between == 1) {
		unsigned cost = late_cost(cells, t_ns[1],
					  at_ns + cell_ns(cells, edge - 2, pattern >> 1));

		if (cost != DHT_COST_NEVER)
			return way->off_cost + cost;
	}
	for (unsigned left = way->num_bits - 1u; left > 0; left--) {
		bool is_next_one = pattern >> (left - 1) & 1;
		unsigned lost_cost =
			DHT_COST_MISS + (is_next_one ? DHT_COST_MISS_LONG : 0);

		at_ns += cell_ns(cells, edge - left - 1, pattern >> left & 1);
		for (unsigned i = way->num_between; i > 0; i--) {
			costs[i] = lower(costs[i] + lost_cost,
					 costs[i - 1] + late_cost(cells, t_ns[i], at_ns));
		}
		costs[0] += lost_cost;
		for (unsigned i = 1; i <= way->num_between; i++)
			costs[i] = lower(costs[i], costs[i - 1] + DHT_COST_SPURIOUS);
	}
	return way->off_cost + costs[way->num_between];
}
