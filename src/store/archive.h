/* SPDX-License-Identifier: MIT */
/* The newest part of the history, in memory: what has been read since the file got it last, or
 * all that fits, where it is not to go to the file. In blocks of series.h, of one sensor each.
 *
 * Threads: the store's lock guards it. The blocks that archive_take() gave are the writer's to
 *          read until archive_settle(), all but the last one's `next`: nobody changes them.
 * Memory:  ARCHIVE_MAX_BYTES; beyond it the oldest block goes.
 */
#ifndef STORE_ARCHIVE_H
#define STORE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/summary.h"
#include "store/series.h"

enum {
	/* With what SQLite keeps beside it a block fills a page and a part of another. */
	ARCHIVE_BLOCK_BYTES = 1000,
	ARCHIVE_MAX_BYTES = 128 * 1024,
};

struct archive_block {
	uint32_t number; /* of the archive's; each has a higher one than those before */
	const char *sensor_id; /* borrowed; outlives the archive */
	int64_t start_ms; /* UTC; of its first reading */
	int64_t least_ms, most_ms; /* all its readings are from then to then */
	uint8_t *bytes; /* owned */
	size_t num_bytes;
	size_t max_bytes; /* that there is room for */
	struct archive_block *next; /* owned */
	struct series series;
};

struct archive {
	struct archive_block *first; /* owned; in the order they were begun */
	struct archive_block *last;
	size_t num_blocks;
	size_t num_taken; /* of the first, by the writer */
	struct archive_block *
		*open; /* owned; by the number of a sensor's name; or NULL */
	size_t num_open;
	size_t num_bytes; /* of all blocks */
	uint32_t last_number; /* of a block */
};

void archive_finish(struct archive *archive);

/* Adds a reading. sensor_name: a number of names.h; sensor_id: its id. What there is no memory
 * for is left out. */
void archive_add(struct archive *archive, uint16_t sensor_name, const char *sensor_id,
		 const struct reading *reading);

/* Gives all blocks to the writer, from archive->first on; what is added from now on begins
 * others. Returns how many. */
size_t archive_take(struct archive *archive);

/* The writer has done with what it took: the file has it, or it is kept for later. */
void archive_settle(struct archive *archive, bool is_stored);

#endif
