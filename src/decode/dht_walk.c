/* SPDX-License-Identifier: MIT */
#include "decode/dht_walk.h"

/* See work_left. */
enum { WORK_A_STEP = 2, WORK_A_WAY = 2, WORK_A_PATTERN = 1, WORK_BETWEEN = 4 };

/* How many ones there are in the patterns of a run. */
static const uint8_t num_ones_of[1 << DHT_MAX_RUN] = { 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2,
						       3, 2, 3, 3, 4, 1, 2, 2, 3, 2, 3,
						       3, 4, 2, 3, 3, 4, 3, 4, 4, 5 };

static unsigned lower(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* What follows an edge that an event is. */
struct suffix {
	uint64_t bits;
	int32_t cost;
};

static void walk(struct dht_paths *paths, size_t event, unsigned edge,
		 struct suffix suffix);

/* The next higher number with as many ones; Gosper's. */
static unsigned next_pattern(unsigned pattern)
{
	unsigned lowest = pattern & -pattern, ripple = pattern + lowest;

	return ripple | ((pattern ^ ripple) >> 2 >> __builtin_ctz(lowest));
}

/* The same way, where what comes before can be only one thing: most of the orders do not add up,
 * which is sooner seen than what they cost. */
static void end_way(struct dht_paths *paths, size_t event, unsigned edge,
		    const struct dht_way *way, struct suffix suffix)
{
	const struct dht_lattice *lattice = paths->lattice;
	const struct dht_states *from = &paths->states[event - 1 - way->num_between];
	unsigned i = edge - way->num_bits - from->first_edge;
	unsigned shift = lattice->cells->num_bits - edge;
	int32_t before = from->best[i] + suffix.cost;

	for (unsigned pattern = (1u << way->num_ones) - 1; pattern < 1u << way->num_bits;
	     pattern = next_pattern(pattern)) {
		uint64_t bits = suffix.bits | (uint64_t)pattern << shift | from->bits[i];

		paths->work_left -= WORK_A_PATTERN;
		if (paths->is_wanted(paths, bits, before + way->cost)) {
			int32_t cost = before + (int32_t)dht_way_cost(lattice, way, event,
								      edge, pattern);

			paths->work_left -= WORK_BETWEEN;
			if (cost <= paths->bound)
				paths->take(paths, bits, cost);
		}
		if (pattern == 0)
			return;
	}
}

/* Whether any of the way's bits may be a 1, and what comes before can be one thing only. */
static bool is_end(const struct dht_paths *paths, size_t from_event, unsigned edge,
		   const struct dht_way *way, const struct suffix *suffix)
{
	const struct dht_states *from = &paths->states[from_event];
	unsigned from_edge = edge - way->num_bits;

	return from_edge >= paths->lattice->cells->num_zero_bits &&
	       from->second[from_edge - from->first_edge] + suffix->cost + way->cost >
		       paths->bound;
}

/* Goes on before a way, once for each order of its bits. */
static void walk_way(struct dht_paths *paths, size_t event, unsigned edge,
		     const struct dht_way *way, struct suffix suffix)
{
	const struct dht_cells *cells = paths->lattice->cells;
	size_t from_event = event - 1 - way->num_between;
	unsigned from_edge = edge - way->num_bits;
	int32_t best = (int32_t)dht_best_at(paths, from_event, from_edge);

	if (best + suffix.cost + way->cost > paths->bound || paths->work_left < 0)
		return;
	paths->work_left -= WORK_A_WAY;
	if (way->num_between > 0 && is_end(paths, from_event, edge, way, &suffix)) {
		end_way(paths, event, edge, way, suffix);
		return;
	}

	/* bits that may be a 1: the last ones */
	unsigned num_free = edge < cells->num_zero_bits
				    ? 0
				    : lower(way->num_bits, edge - cells->num_zero_bits);
	/* all but the first bit, which is the highest, come after an edge between */
	unsigned followers = (1u << (way->num_bits - 1)) - 1;

	for (unsigned pattern = (1u << way->num_ones) - 1;
	     pattern < 1u << num_free && paths->work_left >= 0;
	     pattern = next_pattern(pattern)) {
		uint64_t bits = (uint64_t)pattern << (cells->num_bits - edge);
		unsigned cost;

		paths->work_left -= WORK_A_PATTERN;
		if (way->num_between > 0) {
			paths->work_left -= WORK_BETWEEN;
			cost = dht_way_cost(paths->lattice, way, event, edge, pattern);
		} else {
			cost = dht_way_cost_of_lost(way,
						    num_ones_of[pattern & followers]);
		}
		if (best + suffix.cost + (int32_t)cost <= paths->bound)
			walk(paths, from_event, from_edge,
			     (struct suffix){ suffix.bits | bits,
					      suffix.cost + (int32_t)cost });
		if (pattern == 0)
			return;
	}
}

/* Goes on in all ways. */
static void branch(struct dht_paths *paths, size_t event, unsigned edge,
		   struct suffix suffix)
{
	const struct dht_states *states = &paths->states[event];
	unsigned via = states->via[edge - states->first_edge];

	if (event < DHT_MAX_STARTS && edge < DHT_MAX_LEAD) {
		int32_t cost = suffix.cost + paths->starts->costs[event][edge];

		if (cost <= paths->bound)
			paths->take(paths, suffix.bits, cost);
	}
	/* the best one first, for it may lower the bound */
	if (via != DHT_VIA_START)
		walk_way(paths, event, edge, &paths->ways[event][via], suffix);
	for (unsigned i = 0; i < paths->num_ways[event]; i++) {
		const struct dht_way *way = &paths->ways[event][i];
		unsigned from_edge = edge - way->num_bits;

		if (i == via || suffix.cost + way->cost > paths->bound ||
		    from_edge > edge)
			continue;
		if (dht_stretch_of(from_edge, edge) == (enum dht_stretch)way->stretch)
			walk_way(paths, event, edge, way, suffix);
	}
}

static void walk(struct dht_paths *paths, size_t event, unsigned edge,
		 struct suffix suffix)
{
	const struct dht_states *states = &paths->states[event];
	unsigned i;

	if (!dht_find_state(states, edge, &i))
		return;
	while (states->best[i] + suffix.cost <= paths->bound && paths->work_left >= 0) {
		bool is_cheap =
			paths->bound - suffix.cost - states->best[i] <= DHT_CHEAP_COST;
		unsigned fork_index = states->fork[is_cheap][i];
		const struct dht_states *fork;

		paths->work_left -= WORK_A_STEP;
		if (states->second[i] + suffix.cost > paths->bound) {
			paths->take(paths, suffix.bits | states->bits[i],
				    states->best[i] + suffix.cost);
			return;
		}
		event = states->fork_event[is_cheap][i];
		fork = &paths->states[event];
		/* The bits from the fork on; none where it is here. */
		suffix.bits |= states->bits[i] ^ fork->bits[fork_index];
		suffix.cost += states->best[i] - fork->best[fork_index];
		states = fork;
		i = fork_index;
		edge = fork->first_edge + i;
		if (states->other[i] + suffix.cost <= paths->bound) {
			branch(paths, event, edge, suffix);
			return;
		}

		const struct dht_way *way = &paths->ways[event][states->via[i]];

		if (!dht_is_plain(way)) {
			walk_way(paths, event, edge, way, suffix);
			return;
		}
		suffix.bits |= dht_bits_of(paths->lattice->cells, way, edge);
		suffix.cost += way->cost;
		edge -= way->num_bits;
		states--;
		i = edge - states->first_edge;
	}
}

bool dht_walk(struct dht_paths *paths)
{
	for (unsigned i = 0; i < paths->num_endings; i++) {
		const struct dht_ending *ending = &paths->endings[i];

		paths->is_whole = ending->is_whole;
		walk(paths, ending->event, ending->edge,
		     (struct suffix){ ending->bits, ending->cost });
	}
	return paths->work_left >= 0;
}
