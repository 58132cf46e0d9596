/* SPDX-License-Identifier: MIT */
#include "decode/dht_paths.h"

#include <string.h>

enum { NS_PER_US = 1000 };

/* Events between two that were in time. */
enum { MAX_BETWEEN = 2 };

/* How far the number of an edge may be behind that of its event, and ahead of it: by as many
 * as are missing, and some to come that are not of the sensor. */
enum { MAX_BEHIND = 4, MAX_MORE_AHEAD = 2 };

/* An edge is late by this at most: interrupts off. */
enum { MAX_LATE_NS = 200 * NS_PER_US };

/* Events so far apart have more than the longest run between them. */
enum { MAX_RUN_NS = DHT_MAX_RUN * 155 * NS_PER_US };

/* How many ones there are in the patterns of a run. */
static const uint8_t num_ones_of[1 << DHT_MAX_RUN] = { 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2,
						       3, 2, 3, 3, 4, 1, 2, 2, 3, 2, 3,
						       3, 4, 2, 3, 3, 4, 3, 4, 4, 5 };

/* Two events in time and what lies between. */
struct leap {
	size_t from; /* event */
	unsigned num_between; /* events */
	unsigned first_cell;
	unsigned num_cells;
	unsigned pattern; /* the cells' bits, the last one lowest */
};

/* The least that a run can cost, whatever the order of its bits. */
static unsigned least_cost(const struct dht_run *run, unsigned num_between)
{
	unsigned num_edges = run->num_cells - 1u;
	unsigned num_late = num_between < num_edges ? num_between : num_edges;
	unsigned cost = run->cost + num_late * DHT_COST_LATE +
			(num_between - num_late) * DHT_COST_SPURIOUS +
			(num_edges - num_late) * DHT_COST_MISS;

	if (num_between == 0 && run->num_ones > 1)
		cost += (run->num_ones - 1u) * DHT_COST_MISS_LONG;
	return cost;
}

static unsigned lower(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* What it costs that the cells have this order: each edge between them is lost, or one of the
 * events between is this edge, stamped late. */
static unsigned order_cost(const struct dht_paths *paths, const struct leap *leap)
{
	const struct dht_cells *cells = paths->cells;
	int32_t t_ns = paths->t_ns[leap->from];
	unsigned costs[MAX_BETWEEN + 1] = { 0, DHT_COST_SPURIOUS, 2 * DHT_COST_SPURIOUS };

	for (unsigned cell = 0; cell + 1 < leap->num_cells; cell++) {
		bool is_one = leap->pattern >> (leap->num_cells - 1 - cell) & 1;
		bool is_next_one = leap->pattern >> (leap->num_cells - 2 - cell) & 1;

		t_ns += is_one ? cells->one_ns : cells->zero_ns;
		if (dht_cells_has_gap(leap->first_cell + cell, 1))
			t_ns += (cells->min_gap_ns + cells->max_gap_ns) / 2;
		for (unsigned x = leap->num_between + 1; x-- > 0;) {
			unsigned cost = costs[x] + DHT_COST_MISS +
					(is_next_one ? DHT_COST_MISS_LONG : 0);

			if (x > 0) {
				int32_t late_ns = paths->t_ns[leap->from + x] - t_ns;

				if (late_ns > cells->spread_ns * 5 / 2 &&
				    late_ns < MAX_LATE_NS)
					cost = lower(cost, costs[x - 1] + DHT_COST_LATE);
			}
			costs[x] = cost;
		}
		for (unsigned x = 1; x <= leap->num_between; x++)
			costs[x] = lower(costs[x], costs[x - 1] + DHT_COST_SPURIOUS);
	}
	return costs[leap->num_between];
}

/* Whether so many ones have a place in these cells. */
static bool have_room(const struct dht_cells *cells, unsigned first_cell,
		      const struct dht_run *run)
{
	unsigned end = first_cell + run->num_cells;
	unsigned num_free = end > cells->num_zero_bits ? end - cells->num_zero_bits : 0;

	return run->num_ones <= num_free;
}

enum { STEP_ONES = 0x80 };

static void relax_edge(struct dht_paths *paths, size_t event, unsigned edge,
		       const struct dht_way *way)
{
	size_t from = event - 1 - way->num_between;
	unsigned from_edge = edge - way->run.num_cells;
	unsigned total = paths->best[from][from_edge] + way->cost;
	uint16_t *best = &paths->best[event][edge];
	uint16_t *second = &paths->second[event][edge];

	if (total >= *second || !have_room(paths->cells, from_edge, &way->run))
		return;
	if (total >= *best) {
		*second = (uint16_t)total;
		return;
	}
	bool is_only = way->num_between == 0 && (way->run.num_ones == 0 ||
						 way->run.num_ones == way->run.num_cells);
	unsigned next = is_only ? paths->second[from][from_edge] + way->cost : total;

	*second = (uint16_t)lower(*best, next);
	*best = (uint16_t)total;
	paths->steps[event][edge] =
		(uint8_t)(way->run.num_cells | (way->run.num_ones ? STEP_ONES : 0));
}

static void relax(struct dht_paths *paths, size_t event, const struct dht_way *way,
		  unsigned most)
{
	unsigned num_cells = way->run.num_cells;
	unsigned first = event > MAX_BEHIND ? (unsigned)event - MAX_BEHIND : 0;
	unsigned last = (unsigned)event + paths->max_ahead;
	const uint16_t *from = paths->best[event - 1 - way->num_between];

	if (first < num_cells)
		first = num_cells;
	if (last > paths->cells->num_bits)
		last = paths->cells->num_bits;
	for (unsigned edge = first; edge <= last; edge++)
		if (from[edge - num_cells] + way->cost <= most &&
		    dht_cells_has_gap(edge - num_cells, num_cells) == way->has_gap)
			relax_edge(paths, event, edge, way);
}

static void list_ways(struct dht_paths *paths, size_t event)
{
	struct dht_run runs[DHT_MAX_RUNS];
	unsigned count = 0;

	for (unsigned u = 0; u <= MAX_BETWEEN && u < event; u++) {
		int32_t ns = paths->t_ns[event] - paths->t_ns[event - 1 - u];

		for (unsigned has_gap = 0; ns <= MAX_RUN_NS && has_gap < 2; has_gap++) {
			unsigned num_runs =
				dht_cells_runs(paths->cells, ns, has_gap, runs);

			for (unsigned i = 0; i < num_runs && count < DHT_MAX_WAYS; i++)
				paths->ways[event][count++] = (struct dht_way){
					.run = runs[i],
					.cost = (uint16_t)least_cost(&runs[i], u),
					.num_between = (uint8_t)u,
					.has_gap = has_gap,
				};
		}
	}
	paths->num_ways[event] = (uint8_t)count;
}

/* What costs so much more than the best explanation so far will not catch up. */
enum { MAX_BEHIND_COST = 24 * DHT_COST_NAT };

static void relax_all(struct dht_paths *paths, size_t event)
{
	const struct dht_way *ways = paths->ways[event];
	const uint16_t *before = paths->best[event - 1];
	unsigned least = DHT_COST_NEVER;

	for (size_t edge = event > MAX_BEHIND ? event - MAX_BEHIND - 1 : 0;
	     edge <= paths->cells->num_bits && edge < event + paths->max_ahead; edge++)
		least = lower(least, before[edge]);
	for (unsigned i = 0; i < paths->num_ways[event]; i++)
		relax(paths, event, &ways[i],
		      lower(least + MAX_BEHIND_COST, DHT_COST_NEVER - 1));
}

static unsigned start_cost(const struct dht_paths *paths, size_t event, unsigned edge)
{
	return event < DHT_MAX_STARTS && edge < DHT_MAX_LEAD
		       ? paths->start_costs[event][edge]
		       : DHT_COST_NEVER;
}

/* The ways in which a frame may end. */
struct ending {
	size_t event;
	unsigned edge;
	uint64_t bits;
	int32_t cost;
	bool is_whole;
};

enum { MAX_EXTRA = 3, MAX_LATE_CELLS = 2, MAX_ENDINGS = MAX_EXTRA + 1 + 2 + 2 + 4 };

/* The last event is the last edge, stamped late, and the edges just before it are lost. */
static unsigned list_late_endings(const struct dht_paths *paths, unsigned num_cells,
				  struct ending *out)
{
	const struct dht_cells *cells = paths->cells;
	const int32_t *last_ns = &paths->t_ns[paths->num_events - 1];
	unsigned count = 0;

	for (unsigned bits = 0; bits < 1u << num_cells; bits++) {
		int32_t num_ones = num_ones_of[bits];
		int32_t late_ns = last_ns[0] - last_ns[-1] - num_ones * cells->one_ns -
				  ((int32_t)num_cells - num_ones) * cells->zero_ns;

		if (late_ns > cells->spread_ns * 5 / 2 && late_ns < MAX_LATE_NS)
			out[count++] = (struct ending){
				.event = paths->num_events - 2,
				.edge = cells->num_bits - num_cells,
				.bits = bits,
				.cost = DHT_COST_LATE +
					((int32_t)num_cells - 1) * DHT_COST_MISS,
				.is_whole = true,
			};
	}
	return count;
}

static unsigned list_endings(const struct dht_paths *paths, struct ending *out)
{
	size_t num_events = paths->num_events;
	unsigned num_bits = paths->cells->num_bits, count = 0;

	for (unsigned extra = 0; extra <= MAX_EXTRA && extra < num_events; extra++)
		out[count++] = (struct ending){ num_events - 1 - extra, num_bits, 0,
						(int32_t)extra * DHT_COST_EXTRA, true };
	for (unsigned bit = 0; bit < 2; bit++)
		out[count++] = (struct ending){ num_events - 1, num_bits - 1, bit,
						DHT_COST_TAIL, false };
	for (unsigned num_cells = 1; num_cells <= MAX_LATE_CELLS && num_events > 1;
	     num_cells++)
		count += list_late_endings(paths, num_cells, &out[count]);
	return count;
}

int32_t dht_paths_find(struct dht_paths *paths)
{
	struct ending endings[MAX_ENDINGS];
	int32_t least = DHT_COST_NEVER;
	size_t num_edges = paths->cells->num_bits + 1u;

	paths->max_ahead = MAX_MORE_AHEAD;
	if (num_edges > paths->num_events)
		paths->max_ahead += (unsigned)(num_edges - paths->num_events);

	for (size_t event = 0; event < paths->num_events; event++) {
		uint16_t *best = paths->best[event];

		for (unsigned edge = 0; edge <= paths->cells->num_bits; edge++)
			best[edge] = paths->second[event][edge] = DHT_COST_NEVER;
		for (unsigned edge = 0; edge < DHT_MAX_LEAD; edge++) {
			best[edge] = (uint16_t)start_cost(paths, event, edge);
			paths->steps[event][edge] = 0;
		}
		list_ways(paths, event);
		if (event > 0)
			relax_all(paths, event);
	}

	unsigned num_endings = list_endings(paths, endings);

	for (unsigned i = 0; i < num_endings; i++) {
		int32_t cost =
			paths->best[endings[i].event][endings[i].edge] + endings[i].cost;

		if (cost < least)
			least = cost;
	}
	return least;
}

/* Goes the only way to the beginning. */
static uint64_t follow(const struct dht_paths *paths, size_t event, unsigned edge,
		       uint64_t bits)
{
	unsigned step;

	for (; (step = paths->steps[event][edge]) != 0; event--) {
		unsigned num_cells = step & ~(unsigned)STEP_ONES;

		if (step & STEP_ONES)
			bits |= ((UINT64_C(1) << num_cells) - 1)
				<< (paths->cells->num_bits - edge);
		edge -= num_cells;
	}
	return bits;
}

static void walk(struct dht_paths *paths, size_t event, unsigned edge, uint64_t bits,
		 int32_t cost, bool is_whole);

/* Goes on before a run, once for each order of its bits. */
static void walk_run(struct dht_paths *paths, const struct leap *at,
		     const struct dht_run *run, uint64_t bits, int32_t cost,
		     bool is_whole)
{
	unsigned zeros = at->first_cell < paths->cells->num_zero_bits
				 ? paths->cells->num_zero_bits - at->first_cell
				 : 0;
	unsigned shift = paths->cells->num_bits - at->first_cell - run->num_cells;
	struct leap leap = *at;

	if (zeros > run->num_cells)
		zeros = run->num_cells;
	for (unsigned pattern = 0; pattern < 1u << (run->num_cells - zeros); pattern++) {
		if (num_ones_of[pattern] != run->num_ones)
			continue;
		leap.pattern = pattern;
		walk(paths, leap.from, leap.first_cell, bits | (uint64_t)pattern << shift,
		     cost + run->cost + (int32_t)order_cost(paths, &leap), is_whole);
	}
}

/* cost: of all that comes after this edge */
static void walk(struct dht_paths *paths, size_t event, unsigned edge, uint64_t bits,
		 int32_t cost, bool is_whole)
{
	if (paths->best[event][edge] + cost > paths->bound || paths->num_steps_left == 0)
		return;
	paths->num_steps_left--;
	if (paths->second[event][edge] + cost > paths->bound) {
		paths->take(paths, follow(paths, event, edge, bits),
			    paths->best[event][edge] + cost, is_whole);
		return;
	}

	int32_t whole_cost = cost + (int32_t)start_cost(paths, event, edge);

	if (whole_cost <= paths->bound)
		paths->take(paths, bits, whole_cost, is_whole);
	for (unsigned i = 0; i < paths->num_ways[event]; i++) {
		const struct dht_way *way = &paths->ways[event][i];
		struct leap leap = { .from = event - 1 - way->num_between,
				     .num_between = way->num_between,
				     .num_cells = way->run.num_cells };

		if (leap.num_cells > edge)
			continue;
		leap.first_cell = edge - leap.num_cells;
		if (paths->best[leap.from][leap.first_cell] + cost + way->cost >
			    paths->bound ||
		    dht_cells_has_gap(leap.first_cell, leap.num_cells) != way->has_gap)
			continue;
		walk_run(paths, &leap, &way->run, bits, cost, is_whole);
	}
}

bool dht_paths_list(struct dht_paths *paths)
{
	struct ending endings[MAX_ENDINGS];
	unsigned num_endings = list_endings(paths, endings);

	for (unsigned i = 0; i < num_endings; i++)
		walk(paths, endings[i].event, endings[i].edge, endings[i].bits,
		     endings[i].cost, endings[i].is_whole);
	return paths->num_steps_left > 0;
}
