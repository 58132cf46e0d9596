/* SPDX-License-Identifier: MIT */
/* A sensor's readings, one after the other, in few bytes: what a block of the history holds.
 *
 * A block, all numbers in base 128, the low bits first, signed ones zigzag:
 *   level  1 byte   0: of single readings, 1: of summaries
 *   n      1 byte   quantities of each
 *   n x    2 bytes  quantity, decimals
 * then for each reading or summary
 *   time            ms after the one before it, less the same of that one; signed
 *   count           how many readings it is of; level 1
 *   n x             mean, in the last decimal, less the one before it; signed. Level 1: then
 *                   what it is above the least, and the most above it
 * A DHT22 that is asked each 30 s takes 4 or 5 bytes a reading.
 *
 * Threads: one owner.
 * Pure: the calls touch their arguments only. Whatever the bytes are, reading them ends within
 *       them.
 */
#ifndef STORE_SERIES_H
#define STORE_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "model/summary.h"

enum series_level { SERIES_READINGS, SERIES_SUMMARIES };

enum {
	SERIES_MAX_HEAD = 2 + 2 * READING_MAX_VALUES,
	SERIES_MAX_RECORD = 10 + 5 + READING_MAX_VALUES * 15,
};

/* Where writing or reading a block stands. */
struct series {
	enum series_level level;
	uint8_t num_values;
	uint8_t quantities[READING_MAX_VALUES];
	uint8_t digits[READING_MAX_VALUES];
	int64_t wall_ms; /* of the last one */
	int64_t step_ms; /* from the one before it */
	int32_t units[READING_MAX_VALUES]; /* its means, in the last decimal */
};

/* Begins a block at that time for summaries like the first. Returns how many bytes of out it
 * takes. */
size_t series_begin(struct series *series, enum series_level level,
		    const struct summary *first, uint8_t out[SERIES_MAX_HEAD]);

/* Whether a summary has the block's quantities. */
bool series_takes(const struct series *series, const struct summary *summary);

/* Writes a summary that series_takes(). Returns how many bytes of out it takes. */
size_t series_put(struct series *series, const struct summary *summary,
		  uint8_t out[SERIES_MAX_RECORD]);

/* Bytes that are still to be read. */
struct series_source {
	const uint8_t *bytes; /* borrowed */
	size_t num_bytes;
};

/* Reads the beginning of a block; start_ms: the time it was begun at. False: it is none. */
must_check bool series_open(struct series *series, int64_t start_ms,
			    struct series_source *source);

/* Reads the next one. False: there is none, or the rest is damaged. */
must_check bool series_get(struct series *series, struct series_source *source,
			   struct summary *out);

#endif
