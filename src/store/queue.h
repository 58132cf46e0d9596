/* SPDX-License-Identifier: MIT */
/* Readings in memory, in the order they came: a front of bounded length that is handed out
 * and acknowledged one by one, and behind it a rear that only grows and shrinks. What is on
 * disk alone has its place between the two.
 *
 * In both, reading.sensor is an index into the store's names.
 *
 * Threads: one owner.
 * Memory:  the front is fixed; the rear grows by a page and gives it back.
 */
#ifndef STORE_QUEUE_H
#define STORE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "model/reading.h"

enum { QUEUE_FRONT = 256 }; /* a power of two */

struct queue_slot {
	struct reading reading;
	bool is_taken; /* handed out */
	bool is_done; /* acknowledged or dropped */
};

struct block;

struct queue {
	struct queue_slot front[QUEUE_FRONT]; /* a ring; its first is never done */
	uint32_t first; /* index into front[] */
	uint32_t num_front; /* in use, the done ones included */
	uint32_t num_done; /* of these */
	uint32_t
		next; /* the first that may not have been taken, counted from the first */
	struct block *rear_first; /* owned; NULL: the rear is empty */
	struct block *rear_last; /* of that list */
	size_t num_rear;
};

/* Frees the rear. */
void queue_finish(struct queue *queue);

/* How many are not done. */
size_t queue_length(const struct queue *queue);

/* At the end of the rear. Returns 0 or -ENOMEM. */
must_check int queue_add(struct queue *queue, const struct reading *reading);

bool queue_has_room_in_front(const struct queue *queue);

/* Only where there is room. */
void queue_add_in_front(struct queue *queue, const struct reading *reading);

/* Moves the first of the rear to the end of the front. False: none, or no room. */
bool queue_advance(struct queue *queue);

/* The first of the front that is not taken; NULL: none. Valid until the next call. */
const struct reading *queue_next(struct queue *queue);

/* How many of the front are not taken yet, at most. */
uint32_t queue_num_untaken(const struct queue *queue);

/* What queue_next() gave is taken. */
void queue_take(struct queue *queue);

/* Marks one that was taken as done. False: there is none of that seq. */
bool queue_acknowledge(struct queue *queue, uint64_t seq);

/* What is taken but not done is to be taken again. */
void queue_rewind(struct queue *queue);

/* The oldest that is not done; NULL: none. */
const struct reading *queue_oldest(const struct queue *queue);

/* Drops it. Only where there is one. */
void queue_drop_oldest(struct queue *queue);

/* Copies what is not done and has this seq or a higher one. Returns how many. */
size_t queue_copy_from(const struct queue *queue, uint64_t seq, struct reading *out,
		       size_t max_readings);

/* The seq of the first of the rear; UINT64_MAX: it is empty. */
uint64_t queue_rear_seq(const struct queue *queue);

/* Forgets those at the start of the rear that have a lower seq. Returns how many. */
size_t queue_forget_rear_before(struct queue *queue, uint64_t seq);

/* The lowest seq that is not done; UINT64_MAX: none. */
uint64_t queue_lowest_seq(const struct queue *queue);

/* Adds to the numbers of all that have this seq or a higher one. */
void queue_shift_from(struct queue *queue, uint64_t seq, uint64_t offset);

#endif
