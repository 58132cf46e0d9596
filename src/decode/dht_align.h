/* SPDX-License-Identifier: MIT */
/* Which edge of the model each event of a frame was, once the bits are known: for people and
 * for counters. No verdict hangs on it.
 *
 * Pure. Memory: the struct has 4 KiB.
 */
#ifndef DECODE_DHT_ALIGN_H
#define DECODE_DHT_ALIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/dht_fit.h"
#include "decode/dht_trace.h"
#include "decode/driver.h"

/* A fall and a rise for each bit, and those that end the last one. */
enum { DHT_MAX_MODEL_EDGES = 2 * (DHT_MAX_BITS + 1) };

enum dht_role {
	DHT_ROLE_BEFORE, /* of the response, or the host's */
	DHT_ROLE_EDGE, /* an edge of the bits, in its time */
	DHT_ROLE_LATE, /* an edge of the bits, stamped late */
	DHT_ROLE_STRANGE, /* nothing of the sensor's */
};

struct dht_event {
	uint8_t role; /* enum dht_role */
	uint8_t edge; /* of EDGE and LATE: which one, from 0 */
	int32_t off_ns; /* of EDGE and LATE: how much later it is than the model has it */
};

struct dht_alignment {
	struct dht_event events[FRAME_MAX_EDGES]; /* as trace.t_ns[] */
	size_t num_events;
	/* when each edge was, after the release: as stamped where that was in time */
	int32_t edges_ns[DHT_MAX_MODEL_EDGES];
	bool is_seen[DHT_MAX_MODEL_EDGES]; /* in time or late */
	uint8_t num_edges;
	uint8_t num_each; /* edges a bit: 1, or 2 where both kinds are reported */
	uint8_t num_late;
	uint8_t num_strange;
	uint8_t num_unheard; /* they came before the line was armed */
	uint8_t num_lost; /* though the line was armed */
};

/* fit:   the lengths of this frame's cells
 * bytes: of this frame, wire->num_bits / 8 of them */
void dht_align(struct dht_alignment *out, const struct dht_trace *trace,
	       const struct dht_wire *wire, const struct dht_fit *fit,
	       const uint8_t *bytes);

#endif
