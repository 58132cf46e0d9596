/* SPDX-License-Identifier: MIT */
#include "decode/dht_walk.h"

#include "decode/bits.h"
#include "decode/dht_sums.h"

/* See work_left. */
enum { WORK_A_STEP = 3, WORK_A_WAY = 2, WORK_AN_ORDER = 1, WORK_TO_WEIGH = 3 };

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
		 const struct suffix *end);

/* What a way costs with its bits in this order. */
static int32_t order_cost(const struct dht_paths *paths, const struct dht_way *way,
			  size_t event, unsigned edge, unsigned order)
{
	/* all but the first bit, which is the highest, come after an edge between */
	unsigned followers = (1u << (way->num_bits - 1)) - 1;

	return (int32_t)(way->num_between > 0
				 ? dht_way_cost(paths->lattice, way, event, edge, order)
				 : dht_way_cost_of_lost(way,
							num_ones_of[order & followers]));
}

static inline bool is_wanted(const struct dht_paths *paths, uint64_t bits)
{
	return !paths->has_to_add_up ||
	       bits_add_up(bits, paths->lattice->cells->num_bits);
}

/* Takes a way where what comes before can be one thing only: most of the orders do not add up,
 * which is sooner seen than what they cost. */
static void end_way(struct dht_paths *paths, size_t event, unsigned edge,
		    const struct dht_way *way, const struct suffix *suffix)
{
	const struct dht_states *from = &paths->states[event - 1 - way->num_between];
	unsigned i = edge - way->num_bits - from->first_edge;
	unsigned shift = paths->lattice->cells->num_bits - edge;
	uint64_t others = suffix->bits | from->bits[i];
	int32_t least = from->best[i] + suffix->cost;

	for (unsigned order = (1u << way->num_ones) - 1; order < 1u << way->num_bits;
	     order = dht_next_order(order)) {
		uint64_t bits = others | (uint64_t)order << shift;

		paths->work_left -= WORK_AN_ORDER;
		if (is_wanted(paths, bits)) {
			int32_t cost = least + order_cost(paths, way, event, edge, order);

			paths->work_left -= WORK_TO_WEIGH;
			if (cost <= paths->bound)
				paths->take(paths, bits, cost);
		}
		if (order == 0)
			return;
	}
}

/* Goes on before a way, once for each order of its bits. */
static void go_on(struct dht_paths *paths, size_t event, unsigned edge,
		  const struct dht_way *way, const struct suffix *suffix)
{
	const struct dht_cells *cells = paths->lattice->cells;
	size_t from_event = event - 1 - way->num_between;
	/* bits that may be a 1: the last ones */
	unsigned num_free = edge < cells->num_zero_bits
				    ? 0
				    : lower(way->num_bits, edge - cells->num_zero_bits);

	for (unsigned order = (1u << way->num_ones) - 1;
	     order < 1u << num_free && paths->work_left >= 0;
	     order = dht_next_order(order)) {
		struct suffix next = {
			.bits = suffix->bits | (uint64_t)order
						       << (cells->num_bits - edge),
			.cost = suffix->cost + order_cost(paths, way, event, edge, order),
		};

		paths->work_left -= way->num_between > 0
					    ? way->num_between * WORK_TO_WEIGH
					    : WORK_AN_ORDER;
		walk(paths, from_event, edge - way->num_bits, &next);
		if (order == 0)
			return;
	}
}

/* Takes a way where that is within the bound. */
static inline void walk_way(struct dht_paths *paths, size_t event, unsigned edge,
			    const struct dht_way *way, const struct suffix *suffix)
{
	const struct dht_states *from = &paths->states[event - 1 - way->num_between];
	unsigned from_edge = edge - way->num_bits, i;
	int32_t others = suffix->cost + way->cost;

	if (!dht_find_state(from, from_edge, &i) || from->best[i] + others > paths->bound)
		return;
	paths->work_left -= WORK_A_WAY;
	if (from_edge >= paths->lattice->cells->num_zero_bits &&
	    from->second[i] + others > paths->bound)
		end_way(paths, event, edge, way, suffix);
	else
		go_on(paths, event, edge, way, suffix);
}

/* Goes on in all ways. */
static void branch(struct dht_paths *paths, size_t event, unsigned edge,
		   const struct suffix *suffix)
{
	const struct dht_states *states = &paths->states[event];

	if (event < DHT_MAX_STARTS && edge < DHT_MAX_LEAD) {
		int32_t cost = suffix->cost + paths->starts->costs[event][edge];

		if (cost <= paths->bound)
			paths->take(paths, suffix->bits, cost);
	}
	for (unsigned left = states->ways[edge - states->first_edge]; left != 0;
	     left &= left - 1)
		walk_way(paths, event, edge, &paths->ways[event][__builtin_ctz(left)],
			 suffix);
}

static void walk(struct dht_paths *paths, size_t event, unsigned edge,
		 const struct suffix *end)
{
	const struct dht_states *states = &paths->states[event];
	struct suffix suffix = *end;
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
			if (is_wanted(paths, suffix.bits | states->bits[i]))
				paths->take(paths, suffix.bits | states->bits[i],
					    states->best[i] + suffix.cost);
			return;
		}
		if (is_cheap && paths->has_to_add_up &&
		    !dht_sums_allow(paths, event, i, suffix.bits))
			return;
		event = states->fork_event[is_cheap][i];
		fork = &paths->states[event];
		/* The bits from the fork on; none where it is here. */
		suffix.bits |= states->bits[i] ^ fork->bits[fork_index];
		suffix.cost += states->best[i] - fork->best[fork_index];
		states = fork;
		i = fork_index;
		edge = fork->first_edge + i;
		if (states->other[i] + suffix.cost <= paths->bound) {
			branch(paths, event, edge, &suffix);
			return;
		}

		const struct dht_way *way = &paths->ways[event][states->via[i]];

		if (!dht_is_plain(way)) {
			walk_way(paths, event, edge, way, &suffix);
			return;
		}
		suffix.bits |= dht_bits_of(paths->lattice->cells, way, edge);
		suffix.cost += way->cost;
		edge -= way->num_bits;
		states = &paths->states[--event];
		i = edge - states->first_edge;
	}
}

bool dht_walk(struct dht_paths *paths)
{
	if (paths->has_to_add_up)
		dht_sums_reset(paths);
	for (unsigned i = 0; i < paths->num_endings; i++) {
		const struct dht_ending *ending = &paths->endings[i];

		paths->is_whole = ending->is_whole;
		walk(paths, ending->event, ending->edge,
		     &(struct suffix){ ending->bits, ending->cost });
	}
	return paths->work_left >= 0;
}
