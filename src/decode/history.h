/* SPDX-License-Identifier: MIT */
/* The newest raw frames of a sensor, for who wants to know why it does not read.
 *
 * Threads: one owner, or a lock of the caller's.
 * Memory:  the room for edges is the caller's: HISTORY_FRAMES frames of the usual length fit;
 *          a longer one takes the place of older ones.
 */
#ifndef DECODE_HISTORY_H
#define DECODE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/driver.h"
#include "model/frame.h"
#include "model/verdict.h"

enum { HISTORY_FRAMES = 16 };

/* A frame as records: START, RELEASE, ARMED, the edges and END. */
enum { HISTORY_MAX_RECORDS = FRAME_MAX_EDGES + 4 };

struct history_edge {
	uint32_t after_ns; /* the frame's base */
	uint32_t
		seq_and_kind; /* the kernel's number, 31 bits of it; the lowest: rising */
};

struct history_frame {
	uint64_t base_ns; /* CLOCK_MONOTONIC of its first record */
	uint64_t start_ns; /* as the three below; 0: not known */
	uint64_t release_ns;
	uint64_t armed_ns;
	uint64_t end_ns;
	uint32_t first_edge; /* index into edges[] */
	uint16_t num_edges;
	bool is_lost;
	uint8_t verdict; /* enum verdict */
};

struct history {
	struct history_edge *edges; /* borrowed; outlives this */
	uint32_t max_edges;
	uint32_t next_edge; /* where the next one goes */
	struct history_frame frames[HISTORY_FRAMES];
	uint32_t next_frame; /* where the next one goes */
	uint32_t num_frames;
};

/* How many edges a sensor of this driver wants room for. */
size_t history_max_edges(const struct driver *driver, bool is_both_kinds);

void history_init(struct history *history, struct history_edge *edges, size_t max_edges);

/* verdict: what it was taken for */
void history_put(struct history *history, const struct frame *frame,
		 enum verdict verdict);

/* The frame of this index, the oldest being 0, in time order; sensor is 0.
 *
 * out: HISTORY_MAX_RECORDS records
 * Returns how many. */
size_t history_get(const struct history *history, size_t index, struct edge *out);

/* What the frame of this index was taken for. */
enum verdict history_verdict(const struct history *history, size_t index);

#endif
