/* SPDX-License-Identifier: MIT */
/* All explanations of a frame's edges that cost no more than a bound, found by dynamic
 * programming over (event, edge of the model).
 *
 * For each event the edges are kept that it may be without costing much more than the
 * likeliest one; there are few of them, at any number of events. Work is bounded, and where it
 * does not do, that is told.
 *
 * Pure. Memory: 41 KiB, of the caller.
 */
#ifndef DECODE_DHT_PATHS_H
#define DECODE_DHT_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/dht_starts.h"
#include "decode/dht_ways.h"

enum {
	DHT_MAX_EVENTS = DHT_MAX_BITS + 1 + 8,
	DHT_COST_EXTRA = 6 * DHT_COST_NAT, /* an event after the frame */
};

/* What an event may be: neighbouring edges, from first_edge on. */
enum { DHT_NUM_STATES = 16 };

struct dht_states {
	uint8_t first_edge;
	uint16_t least; /* of totals[] */
	uint32_t are_likely; /* a bit an edge */
	/* what comes before costs at least this, */
	uint16_t best[DHT_NUM_STATES];
	/* with what comes after at least this; of the likely ones, */
	uint16_t totals[DHT_NUM_STATES];
	/* in another way from the event before at least this, */
	uint16_t other[DHT_NUM_STATES];
	/* and in any but the best explanation at least this. */
	uint16_t second[DHT_NUM_STATES];
	uint8_t via[DHT_NUM_STATES]; /* the best way, or DHT_VIA_START */
	uint16_t ways[DHT_NUM_STATES]; /* all ways that lead here: a bit each */
	/* The nearest state on the best explanation, this one or before, from where there is more
	 * than one way: its event and state; and the nearest one where another way is cheap. */
	uint8_t fork_event[2][DHT_NUM_STATES];
	uint8_t fork[2][DHT_NUM_STATES];
	uint8_t sums[DHT_NUM_STATES]; /* see dht_sums.h */
	/* The bits of the best explanation; stand where second is more than best. */
	uint64_t bits[DHT_NUM_STATES];
};

enum { DHT_VIA_START = UINT8_MAX };

/* Another order of bits costs less than this, and another event more. */
enum { DHT_CHEAP_COST = 6 * DHT_COST_NAT };

enum { DHT_MAX_WAYS = 12, DHT_MAX_ENDINGS = 80 };

/* Sums modulo 256: a bit each. */
enum { DHT_NUM_SUMS = 256, DHT_MAX_SUMS = 48 };
struct dht_sums {
	uint64_t words[DHT_NUM_SUMS / 64];
};

/* A way in which the frame may end. */
struct dht_ending {
	size_t event;
	unsigned edge;
	uint64_t bits;
	int32_t cost;
	bool is_whole;
};

struct dht_paths {
	const struct dht_lattice *lattice; /* borrowed; at most DHT_MAX_EVENTS */
	const struct dht_starts *starts; /* borrowed */
	/* Called for each explanation. May end the search: work_left = -1.
	 *
	 * bits: the frame's, the last one lowest
	 */
	void (*take)(struct dht_paths *paths, uint64_t bits, int32_t cost);
	void *context; /* of take() */
	bool has_to_add_up; /* or take() does not want it */
	bool is_whole; /* of the explanation that is taken: the last edge was seen */
	int32_t bound;
	int32_t work_left; /* some 50 instructions each; below 0 all ends */
	bool is_too_wide; /* there were more states or ways than have a place */
	struct dht_states states[DHT_MAX_EVENTS];
	struct dht_way ways[DHT_MAX_EVENTS][DHT_MAX_WAYS];
	uint8_t num_ways[DHT_MAX_EVENTS];
	struct dht_ending endings[DHT_MAX_ENDINGS];
	unsigned num_endings;
	struct dht_sums sums[DHT_MAX_SUMS];
	uint8_t num_sums;
};

/* Returns the cost of the cheapest explanation, or DHT_COST_NEVER. The first fields up to
 * context are the caller's, and work_left. */
int32_t dht_paths_find(struct dht_paths *paths);

/* The state of an edge; false where there is none. */
static inline bool dht_find_state(const struct dht_states *states, unsigned edge,
				  unsigned *index_out)
{
	*index_out = edge - states->first_edge;
	return *index_out < DHT_NUM_STATES;
}

/* What comes before the edge costs at least this. */
static inline unsigned dht_best_at(const struct dht_paths *paths, size_t event,
				   unsigned edge)
{
	unsigned index;

	return dht_find_state(&paths->states[event], edge, &index)
		       ? paths->states[event].best[index]
		       : DHT_COST_NEVER;
}

#endif
