/* SPDX-License-Identifier: MIT */
/* What was announced, and not taken back yet: a topic at a server each, in memory and, as soon
 * as may be, in the store's file.
 *
 * Threads: the store's lock guards it; the texts of a row stay while the writer has a batch of
 *          them, as only announced_settle() frees any.
 * Memory:  grows with each row, up to ANNOUNCED_MAX.
 */
#ifndef STORE_ANNOUNCED_H
#define STORE_ANNOUNCED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/database.h"

enum { ANNOUNCED_MAX = 8192 };

struct announcement;

struct announced {
	struct announcement *rows; /* owned */
	size_t num_rows;
	uint32_t last_id;
	bool is_dirty; /* the file has some of it otherwise */
};

void announced_finish(struct announced *announced);

/* Adds these parts to what was announced there. Returns all, or these where there is no room. */
uint32_t announced_add(struct announced *announced, const char *server, const char *topic,
		       uint32_t parts);

/* As the file has it, unless it is known better. */
void announced_restore(struct announced *announced,
		       const struct database_announcement *row);

/* The same with all rows of `stored`, which is finished. */
void announced_take_over(struct announced *announced, struct announced *stored);

/* Its number, from 1 on and never used again; 0: it was not announced there. */
uint32_t announced_find(const struct announced *announced, const char *server,
			const char *topic);

/* The first at that server with a higher number than `after`. Returns that and the topic, which
 * lives until the next call; 0: none. */
uint32_t announced_next(const struct announced *announced, const char *server,
			uint32_t after, const char **topic_out);

/* It was taken back. */
void announced_remove(struct announced *announced, uint32_t id);

/* All is to be written, as to a new file. */
void announced_rewrite(struct announced *announced);

/* What the file has otherwise. Returns how many. */
size_t announced_batch(const struct announced *announced,
		       struct database_announcement *out, size_t max_rows);

/* These have been written. */
void announced_settle(struct announced *announced,
		      const struct database_announcement *written, size_t num_written);

#endif
