/* SPDX-License-Identifier: MIT */
/* What may lie between two events of a damaged frame that were stamped in time.
 *
 * An event is an edge stamped in time, an edge stamped late, or nothing of the sensor's. Of the
 * model's edges, which are the falls that the bits begin with and the one that ends the last
 * of them, some are lost: the kernel merges edges that come before its thread has run into the
 * last of them, so an edge is lost when what follows it is short.
 *
 * Pure.
 */
#ifndef DECODE_DHT_WAYS_H
#define DECODE_DHT_WAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/dht_cells.h"

/* What an accident costs: the rates are those of a busy machine, so that explanations by
 * accidents are not thrown out too soon. */
enum {
	DHT_COST_MISS = 4 * DHT_COST_NAT,
	DHT_COST_MISS_LONG = DHT_COST_NAT * 3 / 2, /* and the cell after it was a 1 */
	DHT_COST_LATE = 8 * DHT_COST_NAT,
	DHT_COST_LATE_LONG = DHT_COST_NAT * 3 / 2, /* and by much */
	DHT_COST_SPURIOUS = 10 * DHT_COST_NAT,
	DHT_COST_NEVER = 0x7f7f,
};

/* Events between two that were in time, and bits: no more than four falls lost. */
enum { DHT_MAX_BETWEEN = 2, DHT_MAX_RUN = 5 };

/* The events of a frame, and the cells that its edges mark off. Edge k begins bit k. */
struct dht_lattice {
	const struct dht_cells *cells; /* borrowed */
	const int32_t *t_ns; /* borrowed; of the events */
	size_t num_events;
	int32_t max_single_ns; /* shorter than any two cells */
};

/* A stretch between two edges has a byte's gap in it, or not. */
enum dht_stretch { DHT_PLAIN, DHT_GAP };
enum { DHT_NUM_STRETCHES = DHT_GAP + 1 };

/* Byte gaps before an edge. */
static inline unsigned dht_num_gaps(unsigned edge)
{
	return (edge - (edge > 0)) / DHT_BITS_PER_BYTE;
}

static inline enum dht_stretch dht_stretch_of(unsigned from_edge, unsigned edge)
{
	return dht_num_gaps(from_edge) != dht_num_gaps(edge) ? DHT_GAP : DHT_PLAIN;
}

/* A way to reach an event from one before. */
struct dht_way {
	uint16_t cost; /* at least */
	uint16_t off_cost; /* of what the interval is off by */
	/* of the cost: what any explanation pays that has as many edges to lose */
	uint16_t credit;
	uint8_t num_bits; /* that it goes ahead */
	uint8_t num_ones;
	uint8_t num_between; /* events */
	uint8_t stretch; /* enum dht_stretch */
};

/* Whether the way has one order of bits only, and no more to it. */
static inline bool dht_is_plain(const struct dht_way *way)
{
	return way->num_between == 0 &&
	       (way->num_ones == 0 || way->num_ones == way->num_bits);
}

/* The bits of such a way that ends at this edge, in their places in the frame. */
static inline uint64_t dht_bits_of(const struct dht_cells *cells,
				   const struct dht_way *way, unsigned edge)
{
	return way->num_ones == 0
		       ? 0
		       : ((UINT64_C(1) << way->num_bits) - 1) << (cells->num_bits - edge);
}

/* Which ways are asked for: over a stretch of a kind. */
struct dht_leap {
	size_t event; /* where they end */
	unsigned num_between;
	enum dht_stretch stretch;
	unsigned max_cost; /* less the credit */
};

/* Returns how many, one of each number of bits; more than max_ways where there are more than
 * these. */
unsigned dht_ways_list(const struct dht_lattice *lattice, const struct dht_leap *leap,
		       struct dht_way *ways_out, unsigned max_ways);

/* Whether the interval before an event is too short for two cells. */
static inline bool dht_is_single(const struct dht_lattice *lattice, size_t event)
{
	const int32_t *t_ns = &lattice->t_ns[event];

	return t_ns[0] - t_ns[-1] < lattice->max_single_ns;
}

/* The way from an edge to the next one. Its cost is DHT_COST_NEVER where the interval does not
 * fit. */
void dht_way_single(const struct dht_lattice *lattice, size_t event,
		    enum dht_stretch stretch, struct dht_way *out);

/* The least that so many events between cost. */
unsigned dht_between_cost(const struct dht_lattice *lattice, size_t event,
			  unsigned num_between);

/* What the way costs where its bits have this order, the last one lowest: each edge between is
 * lost, or one of the events there is this edge, stamped late. */
unsigned dht_way_cost(const struct dht_lattice *lattice, const struct dht_way *way,
		      size_t event, unsigned edge, unsigned pattern);

/* The next higher number with as many ones: another order; Gosper's. */
static inline unsigned dht_next_order(unsigned order)
{
	unsigned lowest = order & -order, ripple = order + lowest;

	return ripple | ((order ^ ripple) >> 2 >> __builtin_ctz(lowest));
}

/* The same without events between, where it hangs on the number of ones after lost edges. */
static inline unsigned dht_way_cost_of_lost(const struct dht_way *way, unsigned num_long)
{
	return way->off_cost + (way->num_bits - 1u) * DHT_COST_MISS +
	       num_long * DHT_COST_MISS_LONG;
}

#endif
