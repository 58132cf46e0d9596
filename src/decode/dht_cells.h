/* SPDX-License-Identifier: MIT */
/* How long the cells of a damaged frame are, and what an interval between two of its edges may
 * be made of. A cell is a bit: from one falling edge to the next.
 *
 * Costs are negative logarithms of probabilities, in sixteenths of a nat.
 *
 * Pure.
 */
#ifndef DECODE_DHT_CELLS_H
#define DECODE_DHT_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "decode/dht_fit.h"
#include "decode/driver.h"

enum { DHT_COST_NAT = 16 };

/* Cells between two edges that were stamped in time: no more than four edges lost. */
enum { DHT_MAX_RUN = 5, DHT_MAX_RUNS = 4 };

/* What a sensor's clean frames have in common; zeroed: nothing is known. */
struct dht_profile {
	int32_t zero_ns;
	int32_t one_ns;
	int32_t gap_ns; /* what the cells before bytes 2, 3, ... are longer by */
	uint8_t num_frames; /* that it was learnt from; stays at 255 */
	uint8_t num_gaps; /* of these, how many had gaps that stood out */
};

struct dht_cells {
	int32_t zero_ns; /* the cell of a 0 */
	int32_t one_ns; /* the cell of a 1 */
	int32_t min_gap_ns; /* what a byte's first cell is longer by, at least */
	int32_t max_gap_ns; /* and at most */
	int32_t spread_ns; /* one standard deviation of a cell */
	uint8_t num_bits;
	uint8_t num_zero_bits; /* the first bits that are 0 in all that the model sends */
};

/* Cells that fit an interval. */
struct dht_run {
	uint8_t num_cells;
	uint8_t num_ones;
	uint16_t cost; /* of what the interval is off by */
};

/* Slowly takes over what a clean frame shows. */
void dht_profile_learn(struct dht_profile *profile, const struct dht_fit *fit);

/* Fits the cells to those intervals that are single ones, with the profile where there is one.
 *
 * Returns false where most of them are not near two lengths that the model can have. */
must_check bool dht_cells_fit(struct dht_cells *cells, const struct driver *driver,
			      const struct dht_profile *profile, const int32_t *t_ns,
			      size_t num_edges);

/* What an interval may consist of, with one of the longer cells among it or none. Returns how
 * many, at most DHT_MAX_RUNS. */
unsigned dht_cells_runs(const struct dht_cells *cells, int32_t interval_ns, bool has_gap,
			struct dht_run *runs_out);

/* Whether a byte's first cell, but the frame's, is among these. */
static inline bool dht_cells_has_gap(unsigned first_cell, unsigned num_cells)
{
	unsigned byte_cell = (first_cell + num_cells - 1) & ~7u;

	return byte_cell != 0 && byte_cell >= first_cell;
}

#endif
