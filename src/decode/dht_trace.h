/* SPDX-License-Identifier: MIT */
/* A frame's edges as times after the release.
 *
 * Pure.
 */
#ifndef DECODE_DHT_TRACE_H
#define DECODE_DHT_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/frame.h"

/* Which edges were reported. Else labels are hints: where the kernel merges two edges, the
 * label is the level when its thread ran. */
enum dht_seen { DHT_SEEN_FALLING, DHT_SEEN_RISING, DHT_SEEN_BOTH };

/* The edges of a frame as times after the release, or after the first edge where the release
 * is not known. */
struct dht_trace {
	int32_t t_ns[FRAME_MAX_EDGES];
	bool is_rising[FRAME_MAX_EDGES]; /* as labelled */
	size_t num_edges;
	bool has_doubtful_labels; /* rises were left out, and did not take turns with falls */
	enum dht_seen seen;
	bool has_release;
	int32_t armed_ns; /* after the release; 0 where not known */
	bool has_seq_gap; /* the kernel dropped edges between these */
	bool is_ordered;
};

/* Takes all edges but those before the release, which are the host's own. */
void dht_trace_take(struct dht_trace *trace, const struct frame *frame);

/* Keeps the edges that are labelled as falls. */
void dht_trace_keep_falls(struct dht_trace *trace);

#endif
