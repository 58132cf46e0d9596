/* SPDX-License-Identifier: MIT */
/* All explanations of a frame's falling edges that cost no more than a bound, found by dynamic
 * programming over (event, edge of the model).
 *
 * An event is an edge stamped in time, an edge stamped late, or nothing of the sensor's. Of the
 * model's edges some are lost: the kernel merges edges that come before its thread has run into
 * the last of them, so an edge is lost when the cell after it is short.
 *
 * Pure. Memory: 30 KiB, of the caller.
 */
#ifndef DECODE_DHT_PATHS_H
#define DECODE_DHT_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/dht_cells.h"

enum {
	DHT_MAX_EVENTS = DHT_MAX_BITS + 8,
	DHT_MAX_STARTS = 4, /* events before the first edge, and one more */
	DHT_MAX_LEAD = 7, /* edges before the first event, and one more */
};

/* What an accident costs: the rates are those of a busy machine, so that explanations by
 * accidents are not thrown out too soon. */
enum {
	DHT_COST_MISS = 4 * DHT_COST_NAT,
	DHT_COST_MISS_LONG = DHT_COST_NAT * 3 / 2, /* and the cell after it was a 1 */
	DHT_COST_LATE = 8 * DHT_COST_NAT,
	DHT_COST_SPURIOUS = 10 * DHT_COST_NAT,
	DHT_COST_EXTRA = 6 * DHT_COST_NAT, /* after the frame */
	DHT_COST_TAIL = 8 * DHT_COST_NAT, /* the last edge is missing */
	DHT_COST_NEVER = UINT16_MAX / 2,
};

/* A way to reach an event from one before. */
struct dht_way {
	struct dht_run run;
	uint16_t cost; /* at least */
	uint8_t num_between; /* events */
	bool has_gap; /* a byte's first cell is among the run's */
};

enum { DHT_MAX_WAYS = 8 };

struct dht_paths {
	const struct dht_cells *cells; /* borrowed */
	const int32_t *t_ns; /* borrowed; of the events */
	size_t num_events; /* at most DHT_MAX_EVENTS */
	/* what it costs that this event is this edge and the first one in time */
	uint16_t start_costs[DHT_MAX_STARTS][DHT_MAX_LEAD];
	/* Called for each explanation. May lower the bound.
	 *
	 * bits: the frame's, the last one lowest
	 * is_whole: the last edge was seen
	 */
	void (*take)(struct dht_paths *paths, uint64_t bits, int32_t cost, bool is_whole);
	void *context; /* of take */
	int32_t bound;
	unsigned num_steps_left;
	unsigned max_ahead; /* edges, of their events */
	struct dht_way ways[DHT_MAX_EVENTS][DHT_MAX_WAYS];
	uint8_t num_ways[DHT_MAX_EVENTS];
	/* For each event and edge: what comes before costs at least this, */
	uint16_t best[DHT_MAX_EVENTS][DHT_MAX_BITS + 2];
	/* in any but the best way at least this, */
	uint16_t second[DHT_MAX_EVENTS][DHT_MAX_BITS + 2];
	/* and the best way comes from the event before by so many cells, all ones or all
	 * zeros; 0: it begins here. Stands where second is more than best. */
	uint8_t steps[DHT_MAX_EVENTS][DHT_MAX_BITS + 2];
};

/* Returns the cost of the cheapest explanation, or DHT_COST_NEVER. The first four fields are
 * the caller's. */
int32_t dht_paths_find(struct dht_paths *paths);

/* Gives the explanations within the bound to take(), after dht_paths_find(). Returns false
 * where num_steps_left did not do. */
must_check bool dht_paths_list(struct dht_paths *paths);

#endif
