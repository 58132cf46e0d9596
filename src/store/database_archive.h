/* SPDX-License-Identifier: MIT */
/* The history in the store's file: blocks of readings, later of summaries, which are dropped
 * when they are too old or too many.
 *
 * Errors, threads: as database.h. What fails leaves the file as it was.
 * Memory:  some 30 KB while it writes, a block while it reads.
 */
#ifndef STORE_DATABASE_ARCHIVE_H
#define STORE_DATABASE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "store/archive.h"
#include "store/database.h"

struct database_archive_job {
	const struct archive_block
		*blocks; /* borrowed; the first of a list; NULL: none */
	size_t num_blocks;
	int64_t now_ms; /* UTC */
	uint64_t max_age_ms; /* what is older is dropped */
	uint64_t max_bytes; /* of all blocks; beyond it the oldest are dropped */
};

/* Adds blocks and drops what is too much; of a few sensors makes summaries of what they read the
 * day before yesterday. */
must_check int database_archive_write(struct database *database,
				      const struct database_archive_job *job,
				      char reason[DATABASE_MAX_REASON]);

/* Drops all that is there. */
must_check int database_archive_clear(struct database *database,
				      char reason[DATABASE_MAX_REASON]);

/* What is asked for, and how far it has been read. */
struct database_archive_cursor {
	char sensor_id[DATABASE_MAX_ID];
	int64_t since_ms, until_ms; /* UTC; the first and the last moment */
	int level; /* of the last block that was read; -1: none yet */
	int64_t start_ms; /* when that begins */
};

/* Reads the next blocks with anything of what is asked for, summaries last. take: gets each;
 * bytes: borrowed for the call. Returns how many, less than max_blocks where there are no more,
 * or a negative errno. */
must_check int database_archive_load(struct database *database,
				     struct database_archive_cursor *cursor,
				     int max_blocks,
				     void (*take)(void *context, int64_t start_ms,
						  const void *bytes, size_t num_bytes),
				     void *context, char reason[DATABASE_MAX_REASON]);

#endif
