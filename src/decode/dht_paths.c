/* SPDX-License-Identifier: MIT */
#include "decode/dht_paths.h"

#include <string.h>

#include "decode/dht_endings.h"

enum { NS_PER_US = 1000 };

/* See work_left. */
enum { WORK_AN_EVENT = 4, WORK_A_LEAP = 8, WORK_A_STATE = 2 };

/* What costs so much more than the best explanation so far will not catch up: just less than
 * an edge lost and another one out of nothing. */
enum { MAX_BEHIND_COST = DHT_COST_MISS + DHT_COST_SPURIOUS - 1 };

/* Events so far apart have more between them than the longest run. */
enum { MAX_LEAP_NS = (DHT_MAX_RUN + 1) * 155 * NS_PER_US };

static unsigned lower(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Whether so many ones have a place in the bits before this edge. */
static bool have_room(const struct dht_cells *cells, const struct dht_way *way,
		      unsigned edge)
{
	return way->num_ones == 0 || way->num_ones + cells->num_zero_bits <= edge;
}

/* Two states, and the way from one to the other. */
struct step {
	const struct dht_states *from;
	struct dht_states *to;
	unsigned from_index, to_index;
	const struct dht_way *way;
	unsigned way_index;
};

static inline void improve(const struct dht_cells *cells, const struct step *step)
{
	const struct dht_way *way = step->way;
	struct dht_states *to = step->to;
	unsigned i = step->to_index;
	unsigned total = step->from->best[step->from_index] + way->cost;

	to->ways[i] |= (uint16_t)(1u << step->way_index);
	if (total >= to->best[i]) {
		to->other[i] = (uint16_t)lower(to->other[i], total);
		to->second[i] = (uint16_t)lower(to->second[i], total);
		return;
	}
	unsigned next = dht_is_plain(way)
				? step->from->second[step->from_index] + way->cost
				: total;

	to->other[i] = to->best[i];
	to->second[i] = (uint16_t)lower(to->best[i], next);
	to->best[i] = (uint16_t)total;
	to->via[i] = (uint8_t)step->way_index;
	to->are_likely |= UINT32_C(1) << i;
	to->bits[i] = step->from->bits[step->from_index] |
		      dht_bits_of(cells, way, to->first_edge + i);
}

static inline void relax(struct dht_paths *paths, const struct dht_leap *leap,
			 unsigned way_index, unsigned most)
{
	const struct dht_cells *cells = paths->lattice->cells;
	const struct dht_way *way = &paths->ways[leap->event][way_index];
	struct step step = {
		.from = &paths->states[leap->event - 1 - leap->num_between],
		.to = &paths->states[leap->event],
		.way = way,
		.way_index = way_index,
	};

	for (uint32_t left = step.from->are_likely; left != 0; left &= left - 1) {
		step.from_index = (unsigned)__builtin_ctz(left);
		paths->work_left -= WORK_A_STATE;
		if (step.from->totals[step.from_index] + way->cost > most + way->credit)
			continue;
		unsigned from_edge = step.from->first_edge + step.from_index;
		unsigned edge = from_edge + way->num_bits;

		if (edge > cells->num_bits ||
		    dht_stretch_of(from_edge, edge) != (enum dht_stretch)way->stretch ||
		    !have_room(cells, way, edge))
			continue;
		if (dht_find_state(step.to, edge, &step.to_index))
			improve(cells, &step);
		else
			paths->is_too_wide = true;
	}
}

/* Takes the ways from each edge to the next one: the commonest thing. */
static void relax_single(struct dht_paths *paths, size_t event, unsigned most)
{
	const struct dht_cells *cells = paths->lattice->cells;
	struct step step = { .from = &paths->states[event - 1],
			     .to = &paths->states[event] };
	uint8_t indices[DHT_NUM_STRETCHES] = { 0 }; /* of the ways, from 1 on */

	for (uint32_t left = step.from->are_likely; left != 0; left &= left - 1) {
		step.from_index = (unsigned)__builtin_ctz(left);
		unsigned from_edge = step.from->first_edge + step.from_index;

		paths->work_left -= WORK_A_STATE;
		if (from_edge == cells->num_bits)
			continue;
		enum dht_stretch stretch = dht_stretch_of(from_edge, from_edge + 1);
		uint8_t *index = &indices[stretch];

		if (*index == 0) {
			dht_way_single(paths->lattice, event, stretch,
				       &paths->ways[event][paths->num_ways[event]]);
			*index = ++paths->num_ways[event];
		}
		step.way_index = *index - 1u;
		step.way = &paths->ways[event][step.way_index];
		if (step.from->totals[step.from_index] + step.way->cost > most ||
		    !have_room(cells, step.way, from_edge + 1))
			continue;
		if (dht_find_state(step.to, from_edge + 1, &step.to_index))
			improve(cells, &step);
		else
			paths->is_too_wide = true;
	}
}

/* Takes ways to an event, and keeps them. */
static void take_ways(struct dht_paths *paths, const struct dht_leap *leap, unsigned most)
{
	unsigned first = paths->num_ways[leap->event];
	unsigned room = DHT_MAX_WAYS - first;
	unsigned count = dht_ways_list(paths->lattice, leap,
				       &paths->ways[leap->event][first], room);

	if (count > room) {
		paths->is_too_wide = true;
		return;
	}
	paths->num_ways[leap->event] = (uint8_t)(first + count);
	paths->work_left -= WORK_A_LEAP;
	for (unsigned i = 0; i < count; i++)
		relax(paths, leap, first + i, most);
}

/* Whether stretches from these states on may have a gap in them. */
static bool may_have_gap(const struct dht_cells *cells, const struct dht_states *from,
			 int32_t ns)
{
	unsigned first = from->first_edge + (unsigned)__builtin_ctz(from->are_likely);
	unsigned last =
		from->first_edge + 31u - (unsigned)__builtin_clz(from->are_likely);
	unsigned num_bits = (unsigned)(ns + cells->max_off_ns) / (unsigned)cells->zero_ns;

	return dht_stretch_of(first, lower(last + num_bits, cells->num_bits)) == DHT_GAP;
}

/* The least that so many events between cost more than is to be paid anyhow. */
static unsigned least_between_cost(const struct dht_paths *paths, size_t event,
				   unsigned num_between)
{
	if (paths->lattice->num_events > paths->lattice->cells->num_bits + 1u)
		return num_between * (DHT_COST_SPURIOUS - DHT_COST_EXTRA);
	return dht_between_cost(paths->lattice, event, num_between);
}

/* Puts in place what the event may be as the first one, and room for the rest. */
static void open_states(struct dht_paths *paths, size_t event)
{
	struct dht_states *states = &paths->states[event];
	unsigned first_edge = paths->lattice->cells->num_bits;

	memset(states->best, DHT_COST_NEVER & 0xff, sizeof(states->best));
	memset(states->other, DHT_COST_NEVER & 0xff, sizeof(states->other));
	memset(states->second, DHT_COST_NEVER & 0xff, sizeof(states->second));
	memset(states->ways, 0, sizeof(states->ways));
	states->are_likely = 0;
	paths->num_ways[event] = 0;
	if (event < DHT_MAX_STARTS) {
		states->first_edge = 0;
		memcpy(states->best, paths->starts->costs[event],
		       sizeof(paths->starts->costs[event]));
		memset(states->bits, 0, DHT_MAX_LEAD * sizeof(states->bits[0]));
		memset(states->via, DHT_VIA_START, DHT_MAX_LEAD);
		for (unsigned i = 0; i < DHT_MAX_LEAD; i++)
			states->are_likely |= (uint32_t)(states->best[i] < DHT_COST_NEVER)
					      << i;
		return;
	}
	for (unsigned u = 0; u <= DHT_MAX_BETWEEN; u++) {
		const struct dht_states *from = &paths->states[event - 1 - u];

		if (from->are_likely)
			first_edge =
				lower(first_edge,
				      from->first_edge + 1u +
					      (unsigned)__builtin_ctz(from->are_likely));
	}
	states->first_edge = (uint8_t)first_edge;
}

/* Finds where the best explanation of a state forks. */
static void set_forks(struct dht_paths *paths, size_t event, unsigned i)
{
	struct dht_states *states = &paths->states[event];
	const struct dht_states *from = states - 1;
	unsigned via = states->via[i], before = 0;
	bool is_end = via == DHT_VIA_START || !dht_is_plain(&paths->ways[event][via]);

	if (!is_end)
		before = states->first_edge + i - paths->ways[event][via].num_bits -
			 from->first_edge;
	for (unsigned is_cheap = 0; is_cheap < 2; is_cheap++) {
		unsigned most =
			is_cheap ? states->best[i] + DHT_CHEAP_COST : DHT_COST_NEVER - 1;
		bool is_fork = is_end || states->other[i] <= most;

		states->fork_event[is_cheap][i] =
			is_fork ? (uint8_t)event : from->fork_event[is_cheap][before];
		states->fork[is_cheap][i] =
			is_fork ? (uint8_t)i : from->fork[is_cheap][before];
	}
}

/* The least that is still to pay, after this edge: where more edges are to come than events,
 * some are lost, and where there are more events, some are nothing. */
static unsigned remaining_cost(const struct dht_paths *paths, size_t event, unsigned edge)
{
	int num_edges = (int)paths->lattice->cells->num_bits - (int)edge;
	int num_lost = num_edges - (int)(paths->lattice->num_events - 1 - event);

	if (num_lost < 0)
		return (unsigned)-num_lost * DHT_COST_EXTRA;
	return (unsigned)num_lost * DHT_COST_MISS;
}

/* Marks what the event may be. */
static void close_states(struct dht_paths *paths, size_t event)
{
	struct dht_states *states = &paths->states[event];
	unsigned least = DHT_COST_NEVER;

	for (uint32_t left = states->are_likely; left != 0; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctz(left);

		unsigned total = states->best[i] +
				 remaining_cost(paths, event, states->first_edge + i);

		states->totals[i] = (uint16_t)lower(total, DHT_COST_NEVER);
		least = lower(least, total);
	}
	states->least = (uint16_t)least;
	for (uint32_t left = states->are_likely; left != 0; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctz(left);

		if (states->totals[i] > least + MAX_BEHIND_COST)
			states->are_likely &= ~(left & -left);
		set_forks(paths, event, i);
	}
}

/* Whether there may be so many events between. */
static inline bool may_leap(const struct dht_paths *paths, size_t event,
			    unsigned num_between, unsigned most)
{
	const struct dht_states *from = &paths->states[event - 1 - num_between];

	return from->are_likely != 0 &&
	       from->least + least_between_cost(paths, event, num_between) <= most;
}

static void relax_all(struct dht_paths *paths, size_t event, unsigned leaps,
		      unsigned most)
{
	const struct dht_lattice *lattice = paths->lattice;
	struct dht_leap leap = { .event = event };
	unsigned u = 0;

	if (event > 0 && dht_is_single(lattice, event)) {
		relax_single(paths, event, most);
		u = 1;
	}
	for (; u <= DHT_MAX_BETWEEN && u < event; u++) {
		const struct dht_states *from = &paths->states[event - 1 - u];
		int32_t ns = lattice->t_ns[event] - lattice->t_ns[event - 1 - u];

		if (ns > MAX_LEAP_NS)
			return;
		if (!(leaps >> u & 1))
			continue;
		leap.num_between = u;
		leap.max_cost = most - from->least;
		leap.stretch = DHT_PLAIN;
		take_ways(paths, &leap, most);
		leap.stretch = DHT_GAP;
		if (may_have_gap(lattice->cells, from, ns))
			take_ways(paths, &leap, most);
	}
}

/* The numbers of events that there may be between: a bit each. */
static unsigned find_leaps(const struct dht_paths *paths, size_t event, unsigned most)
{
	unsigned leaps = 0;

	for (unsigned u = 0; u <= DHT_MAX_BETWEEN && u < event; u++)
		if (may_leap(paths, event, u, most))
			leaps |= 1u << u;
	return leaps;
}

/* Where the event before can be one edge only and this one only the next one. */
static bool is_clear(const struct dht_paths *paths, size_t event, unsigned leaps)
{
	uint32_t are_likely = paths->states[event - 1].are_likely;

	return leaps == 1 && (are_likely & (are_likely - 1)) == 0 &&
	       dht_is_single(paths->lattice, event);
}

/* Goes on from the only state to the next one; false where that is no way. */
static bool go_on(struct dht_paths *paths, size_t event, unsigned most)
{
	const struct dht_cells *cells = paths->lattice->cells;
	struct dht_states *to = &paths->states[event];
	const struct dht_states *from = to - 1;
	struct dht_way *way = &paths->ways[event][0];
	unsigned i = (unsigned)__builtin_ctz(from->are_likely);
	unsigned edge = from->first_edge + i + 1;

	if (edge > cells->num_bits)
		return false;
	dht_way_single(paths->lattice, event, dht_stretch_of(edge - 1, edge), way);
	if (from->totals[i] + way->cost > most || !have_room(cells, way, edge))
		return false;
	paths->num_ways[event] = 1;
	memset(to->best, DHT_COST_NEVER & 0xff, sizeof(to->best));
	to->first_edge = (uint8_t)edge;
	to->are_likely = 1;
	to->best[0] = (uint16_t)(from->best[i] + way->cost);
	to->other[0] = DHT_COST_NEVER;
	to->second[0] = (uint16_t)lower(from->second[i] + way->cost, DHT_COST_NEVER);
	to->via[0] = 0;
	to->ways[0] = 1;
	to->bits[0] = from->bits[i] | dht_bits_of(cells, way, edge);
	for (unsigned is_cheap = 0; is_cheap < 2; is_cheap++) {
		to->fork_event[is_cheap][0] = from->fork_event[is_cheap][i];
		to->fork[is_cheap][0] = from->fork[is_cheap][i];
	}
	to->totals[0] = to->least = (uint16_t)(from->totals[i] + way->cost);
	return true;
}

int32_t dht_paths_find(struct dht_paths *paths)
{
	int32_t least = DHT_COST_NEVER;
	unsigned reference = DHT_COST_NEVER;

	paths->is_too_wide = false;
	for (size_t event = 0; event < paths->lattice->num_events; event++) {
		paths->work_left -= WORK_AN_EVENT;
		if (paths->work_left < 0)
			return DHT_COST_NEVER;

		unsigned most = lower(reference + MAX_BEHIND_COST, DHT_COST_NEVER - 1);

		unsigned leaps = find_leaps(paths, event, most);

		if (event >= DHT_MAX_STARTS && is_clear(paths, event, leaps) &&
		    go_on(paths, event, most)) {
			reference = paths->states[event].least;
			continue;
		}
		open_states(paths, event);
		relax_all(paths, event, leaps, most);
		close_states(paths, event);
		reference = paths->states[event].least;
	}
	dht_endings_list(paths);
	for (unsigned i = 0; i < paths->num_endings; i++) {
		const struct dht_ending *ending = &paths->endings[i];
		int32_t cost = (int32_t)dht_best_at(paths, ending->event, ending->edge) +
			       ending->cost;

		if (cost < least)
			least = cost;
	}
	return least;
}
