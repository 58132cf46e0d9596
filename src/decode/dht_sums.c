/* SPDX-License-Identifier: MIT */
#include "decode/dht_sums.h"

#include <string.h>

#include "decode/bits.h"

enum { WORDS = DHT_NUM_SUMS / 64, NOT_FOUND = 0, ANY_SUM = 1 };

/* See work_left. */
enum { WORK_A_FORK = 5, WORK_AN_ORDER = 1 };

/* Where the best explanation of a state forks, and the bits from there on. */
struct fork {
	size_t event;
	unsigned state;
	uint64_t bits;
};

static struct fork find_fork(const struct dht_paths *paths, size_t event, unsigned state)
{
	const struct dht_states *states = &paths->states[event];
	struct fork fork = { .event = states->fork_event[1][state],
			     .state = states->fork[1][state] };

	fork.bits = states->bits[state] ^ paths->states[fork.event].bits[fork.state];
	return fork;
}

/* Adds the sums of a set, each with so much more. */
static void add_shifted(struct dht_sums *to, const struct dht_sums *from, unsigned more)
{
	unsigned shift = more % 64, i = more / 64;

	for (unsigned k = 0; k < WORDS; k++) {
		uint64_t word = from->words[k];

		to->words[(k + i) % WORDS] |= word << shift;
		if (shift != 0)
			to->words[(k + i + 1) % WORDS] |= word >> (64 - shift);
	}
}

static unsigned find_sums(struct dht_paths *paths, const struct fork *fork);

/* Adds what comes of a way in each order of its bits. */
static void add_way(struct dht_paths *paths, struct dht_sums *to, size_t from_event,
		    unsigned from_state, const struct dht_way *way, unsigned edge)
{
	unsigned num_bits = paths->lattice->cells->num_bits;
	struct fork fork = find_fork(paths, from_event, from_state);
	unsigned index = find_sums(paths, &fork);

	for (unsigned order = (1u << way->num_ones) - 1; order < 1u << way->num_bits;
	     order = dht_next_order(order)) {
		uint64_t bits = fork.bits | (uint64_t)order << (num_bits - edge);

		paths->work_left -= WORK_AN_ORDER;
		add_shifted(to, &paths->sums[index], bits_sum_off(bits, num_bits));
		if (order == 0)
			return;
	}
}

/* Finds the sums at a fork, once. Returns the index of its set. */
static unsigned find_sums(struct dht_paths *paths, const struct fork *fork)
{
	struct dht_states *states = &paths->states[fork->event];
	unsigned edge = states->first_edge + fork->state;
	unsigned most = states->best[fork->state] + DHT_CHEAP_COST;
	struct dht_sums sums = { .words = { 0 } };

	if (states->sums[fork->state] != NOT_FOUND)
		return states->sums[fork->state];
	paths->work_left -= WORK_A_FORK;
	if (fork->event < DHT_MAX_STARTS && edge < DHT_MAX_LEAD &&
	    paths->starts->costs[fork->event][edge] <= most)
		sums.words[0] = 1;
	for (unsigned left = states->ways[fork->state]; left != 0; left &= left - 1) {
		const struct dht_way *way =
			&paths->ways[fork->event][__builtin_ctz(left)];
		size_t from_event = fork->event - 1 - way->num_between;
		unsigned from_state;

		if (dht_find_state(&paths->states[from_event], edge - way->num_bits,
				   &from_state) &&
		    paths->states[from_event].best[from_state] + way->cost <= most)
			add_way(paths, &sums, from_event, from_state, way, edge);
	}
	if (paths->num_sums == DHT_MAX_SUMS)
		return states->sums[fork->state] = ANY_SUM;
	paths->sums[paths->num_sums] = sums;
	return states->sums[fork->state] = paths->num_sums++;
}

void dht_sums_reset(struct dht_paths *paths)
{
	for (size_t event = 0; event < paths->lattice->num_events; event++)
		memset(paths->states[event].sums, NOT_FOUND,
		       sizeof(paths->states[event].sums));
	memset(&paths->sums[ANY_SUM], 0xff, sizeof(paths->sums[ANY_SUM]));
	paths->num_sums = ANY_SUM + 1;
}

bool dht_sums_allow(struct dht_paths *paths, size_t event, unsigned state, uint64_t bits)
{
	struct fork fork = find_fork(paths, event, state);
	unsigned index = find_sums(paths, &fork);
	unsigned wanted =
		(0u - bits_sum_off(bits | fork.bits, paths->lattice->cells->num_bits)) %
		DHT_NUM_SUMS;

	return paths->sums[index].words[wanted / 64] >> (wanted % 64) & 1;
}
