/* SPDX-License-Identifier: MIT */
/* Makes summaries of SUMMARY_SPAN_MS each out of a sensor's readings, and blocks of these.
 *
 * Threads: one owner.
 * Memory:  what the struct holds.
 */
#ifndef STORE_THINNING_H
#define STORE_THINNING_H

#include "store/archive.h"

/* A block that is complete. */
struct thinning_block {
	int64_t start_ms; /* what series_open() takes */
	int64_t most_ms; /* none in it is later */
	const uint8_t *bytes; /* borrowed for the call */
	size_t num_bytes;
};

struct thinning {
	/* Takes a block. Returns 0 or a negative errno, after which no more come. */
	int (*put)(void *context, const struct thinning_block *block);
	void *context; /* borrowed */
	/* Its own, zeroed at first. */
	int error; /* what put() returned last */
	struct summary sum; /* of the current span; num_readings 0: there is none */
	int64_t sum_ms; /* of times after the span's beginning, times readings */
	int64_t sums[READING_MAX_VALUES]; /* of means, times readings */
	struct series series;
	int64_t start_ms, most_ms; /* of the block */
	size_t num_bytes; /* of the block; 0: there is none */
	uint8_t bytes[ARCHIVE_BLOCK_BYTES];
};

/* In the order of time, or what is out of it makes summaries of its own. */
void thinning_add(struct thinning *thinning, const struct summary *summary);

/* Hands out what is left. Returns 0 or what put() did. */
must_check int thinning_end(struct thinning *thinning);

#endif
