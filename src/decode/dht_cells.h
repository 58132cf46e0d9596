/* SPDX-License-Identifier: MIT */
/* How long the cells of a damaged frame are. A cell is a bit: from one falling edge to the next.
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
#include "decode/dht_trace.h"
#include "decode/driver.h"

enum { DHT_COST_NAT = 16 };

/* What a sensor's clean frames have in common; zeroed: nothing is known. */
struct dht_profile {
	int32_t zero_ns;
	int32_t one_ns;
	int32_t gap_ns; /* what the cells before bytes 2, 3, ... are longer by */
	uint8_t num_frames; /* that it was learnt from; stays at 255 */
	uint8_t num_gaps; /* of these, how many had gaps that stood out */
};

/* What an interval is off by costs the same within a step; it is not off by more than so much,
 * nor does it cost more. */
enum { DHT_OFF_STEP_NS = 250, DHT_NUM_OFF_COSTS = 65 };
enum { DHT_MAX_OFF_COST = 9 * DHT_COST_NAT };

struct dht_cells {
	int32_t zero_ns; /* the cell of a 0 */
	int32_t one_ns; /* the cell of a 1 */
	int32_t min_gap_ns; /* what a byte's first cell is longer by, at least */
	int32_t max_gap_ns; /* and at most */
	int32_t spread_ns; /* one standard deviation of a cell */
	int32_t min_late_ns; /* what an edge is off by that is late */
	uint8_t num_bits;
	uint8_t num_zero_bits; /* the first bits that are 0 in all that the model sends */
	int32_t max_off_ns;
	uint16_t off_costs[DHT_NUM_OFF_COSTS]; /* up to max_off_ns */
};

/* Slowly takes over what a clean frame shows. */
void dht_profile_learn(struct dht_profile *profile, const struct dht_fit *fit);

/* Fits the cells to those intervals that are single ones, with the profile where there is one.
 *
 * Returns false where most of them are not near two lengths that the model can have. */
must_check bool dht_cells_fit(struct dht_cells *cells, const struct driver *driver,
			      const struct dht_profile *profile,
			      const struct dht_trace *trace);

#endif
