/* SPDX-License-Identifier: MIT */
/* What may lie between two events of a damaged frame that were stamped in time.
 *
 * An event is an edge stamped in time, an edge stamped late, or nothing of the sensor's. Of the
 * model's edges some are lost: the kernel merges edges that come before its thread has run into
 * the last of them, so an edge is lost when what follows it is short.
 *
 * Pure.
 */
#ifndef DECODE_DHT_WAYS_H
#define DECODE_DHT_WAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/dht_cells.h"
#include "decode/dht_trace.h"

/* What an accident costs: the rates are those of a busy machine, so that explanations by
 * accidents are not thrown out too soon. */
enum {
	DHT_COST_MISS = 4 * DHT_COST_NAT,
	DHT_COST_MISS_LONG = DHT_COST_NAT * 3 / 2, /* and the cell after it was a 1 */
	DHT_COST_MISS_SHORT =
		DHT_COST_NAT * 3 / 2, /* the rise of a 0, 26 us before a fall */
	DHT_COST_END_RISE = DHT_COST_NAT, /* the rise after the last bit's end */
	DHT_COST_LATE = 8 * DHT_COST_NAT,
	DHT_COST_SPURIOUS = 10 * DHT_COST_NAT,
	DHT_COST_LABEL = 3 * DHT_COST_NAT, /* a rise told as a fall */
	DHT_COST_NEVER = 0x7f7f,
};

enum { DHT_MAX_EDGES = 2 * (DHT_MAX_BITS + 1) };

/* Events between two that were in time, and bits: no more than four falls lost. */
enum { DHT_MAX_BETWEEN = 2, DHT_MAX_RUN = 5 };

/* What is lost between two events. */
struct dht_losses {
	uint16_t cost; /* at least */
	uint16_t
		credit; /* of that: what any explanation pays that has as many edges to lose */
	uint8_t num_edges; /* from one end to the other; 0: there is no such stretch */
	/* of the bits, the first ones that begin at no lost edge; all with events between */
	uint8_t num_free;
};

/* The edges that a capture of the model reports, in their order from 0 on: falls or rises, or
 * falls and rises in turn. The first fall and the first rise are the first bit's. */
struct dht_lattice {
	const struct dht_cells *cells; /* borrowed */
	const int32_t *t_ns; /* borrowed; of the events */
	const bool
		*is_rising; /* borrowed; as labelled; a hint where both kinds are told */
	uint8_t last_edge;
	/* 0 or 1; also the shift from an edge to its bit, and 1 tells rises from falls */
	uint8_t is_both;
	bool ends_rising;
	uint8_t num_gaps[DHT_MAX_EDGES]; /* byte gaps before the edge */
	/* by the sides of the ends, 1 for a rise among both kinds, and by the events and bits
	 * between them */
	struct dht_losses losses[2][2][DHT_MAX_BETWEEN + 1][DHT_MAX_RUN + 1];
	unsigned long_cost; /* what a lost edge before a 1 costs more */
	unsigned least_miss_cost; /* of any lost edge */
	int32_t max_single_ns; /* less than from an edge to the next but one */
};

void dht_lattice_init(struct dht_lattice *lattice, const struct dht_cells *cells,
		      const struct dht_trace *trace);

/* What makes a stretch between two edges longer than its bits. */
enum dht_stretch { DHT_PLAIN, DHT_GAP, DHT_END };
enum { DHT_NUM_STRETCHES = DHT_END + 1 };

static inline enum dht_stretch dht_stretch_of(const struct dht_lattice *lattice,
					      unsigned from_edge, unsigned edge)
{
	if (lattice->ends_rising && edge == lattice->last_edge)
		return DHT_END;
	return lattice->num_gaps[from_edge] != lattice->num_gaps[edge] ? DHT_GAP
								       : DHT_PLAIN;
}

/* A way to reach an event from one before. */
struct dht_way {
	uint16_t cost; /* at least */
	uint16_t off_cost; /* of what the interval is off by, and of the label */
	uint16_t credit; /* see dht_losses */
	uint8_t num_bits;
	uint8_t num_ones;
	uint8_t num_edges; /* that it goes ahead */
	uint8_t num_between; /* events */
	uint8_t side; /* of the edge that it begins at: 1: a rise among both kinds */
	uint8_t stretch; /* enum dht_stretch */
};

/* The bit that an edge begins, or is within. */
static inline unsigned dht_bit_of(const struct dht_lattice *lattice, unsigned edge)
{
	return edge >> lattice->is_both;
}

/* Whether the way has one order of bits only, and no more to it. */
static inline bool dht_is_plain(const struct dht_way *way)
{
	return way->num_between == 0 &&
	       (way->num_ones == 0 || way->num_ones == way->num_bits);
}

/* The bits of such a way that ends at this edge, in their places in the frame. */
static inline uint64_t dht_bits_of(const struct dht_lattice *lattice,
				   const struct dht_way *way, unsigned edge)
{
	return way->num_ones == 0
		       ? 0
		       : ((UINT64_C(1) << way->num_bits) -
			  1) << (lattice->cells->num_bits - dht_bit_of(lattice, edge));
}

/* Which ways are asked for: from the side of an edge over a stretch of a kind. */
struct dht_leap {
	size_t event; /* where they end */
	unsigned num_between;
	unsigned side;
	enum dht_stretch stretch;
	unsigned max_cost; /* less the credit */
};

/* Returns how many, one of each number of bits and side of the end; more than max_ways where
 * there are more than these. */
unsigned dht_ways_list(const struct dht_lattice *lattice, const struct dht_leap *leap,
		       struct dht_way *ways_out, unsigned max_ways);

/* Whether the interval before an event is too short for two edges of the model. */
static inline bool dht_is_single(const struct dht_lattice *lattice, size_t event)
{
	const int32_t *t_ns = &lattice->t_ns[event];

	return t_ns[0] - t_ns[-1] < lattice->max_single_ns;
}

/* The way from an edge to the next one. Its cost is DHT_COST_NEVER where the interval does not
 * fit. */
void dht_way_single(const struct dht_lattice *lattice, const struct dht_leap *leap,
		    struct dht_way *out);

/* What speaks for an event that was in time, so that jitter of the one before does not make
 * others worth a look. */
enum { DHT_COST_IN_TIME = 2 * DHT_COST_NAT };

/* The least that so many events between cost. */
static inline unsigned dht_between_cost(const struct dht_lattice *lattice, size_t event,
					unsigned num_between)
{
	const struct dht_cells *cells = lattice->cells;
	const int32_t *t_ns = &lattice->t_ns[event];
	int32_t play_ns = cells->max_gap_ns - cells->min_gap_ns;
	int32_t ns;

	if (num_between != 1 || lattice->is_both)
		return num_between * DHT_COST_LATE;
	ns = t_ns[0] - t_ns[-2];
	if (ns <= cells->one_ns + cells->max_gap_ns + DHT_MAX_OFF_NS)
		return DHT_COST_LATE;
	/* Too far apart to be nothing. Late it is not where it comes soon, nor between two ones,
	 * which are longer than three zeros. */
	if (t_ns[-1] - t_ns[-2] <= cells->zero_ns + cells->min_late_ns ||
	    (t_ns[0] - t_ns[-1] > cells->one_ns - cells->min_late_ns &&
	     dht_is_single(lattice, event) && dht_is_single(lattice, event - 1) &&
	     ns > 3 * cells->zero_ns + play_ns + cells->min_late_ns))
		return DHT_COST_MISS + DHT_COST_SPURIOUS + DHT_COST_IN_TIME;
	return DHT_COST_LATE;
}

/* What the way costs where its bits have this order, the last one lowest: each edge between is
 * lost, or one of the events there is this edge, stamped late. For ways with events between;
 * else the order tells by losses[] alone. */
unsigned dht_way_cost(const struct dht_lattice *lattice, const struct dht_way *way,
		      size_t event, unsigned edge, unsigned pattern);

#endif
