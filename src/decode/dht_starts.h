/* SPDX-License-Identifier: MIT */
/* The ways in which a damaged frame may begin: what is known of the time between the release and
 * the first bits, which are zeros in all that the model sends.
 *
 * Pure.
 */
#ifndef DECODE_DHT_STARTS_H
#define DECODE_DHT_STARTS_H

#include "decode/dht_cells.h"
#include "decode/dht_trace.h"
#include "decode/driver.h"

enum {
	DHT_MAX_STARTS = 6, /* events before the first edge, and one more */
	DHT_MAX_LEAD = 14, /* edges before the first event, and one more */
};

struct dht_starts {
	const struct dht_cells *cells; /* borrowed */
	const struct dht_trace *falls; /* borrowed */
	int32_t response_ns; /* after the release, as the model has it */
	int32_t first_ns; /* the first bit */
	/* what it costs that this event is this edge and the first one in time */
	uint16_t costs[DHT_MAX_STARTS][DHT_MAX_LEAD];
};

void dht_starts_list(struct dht_starts *starts, const struct dht_wire *wire,
		     const struct dht_cells *cells, const struct dht_trace *falls);

/* Whether all that the frame lacks may be first edges that came before the line was armed, by
 * their number and by its place. first_out: the edge that the first event then is. */
bool dht_starts_lack_front_only(const struct dht_starts *starts, unsigned *first_out);

/* Whether all that the frame lacks are first edges that came before the line was armed, and each
 * interval is one bit: then no bit is a guess. */
bool dht_starts_is_all_else_heard(const struct dht_starts *starts);

/* Whether the events, but for the response, are all the edges from the first one that could be
 * heard to the last. */
bool dht_starts_is_as_long(const struct dht_starts *starts);

/* Reads the bits of a frame of which each interval is one bit, but for the first one, which is
 * left out: it may be the response, and whether its first edge was late no interval before it
 * tells. Returns false where it is no such frame.
 *
 * bits_out: the last one lowest */
bool dht_starts_have_intact_row(const struct dht_starts *starts, uint64_t *bits_out,
				unsigned *num_bits_out);

#endif
