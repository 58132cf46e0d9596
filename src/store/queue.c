/* SPDX-License-Identifier: MIT */
#include "store/queue.h"

#include <errno.h>
#include <stdlib.h>

enum { READINGS_A_BLOCK = 63 };

struct block {
	struct block *next; /* owned */
	uint32_t first; /* index into readings[] */
	uint32_t end; /* after the last */
	struct reading readings[READINGS_A_BLOCK];
};
_Static_assert(sizeof(struct block) <= 4096 - 2 * sizeof(size_t),
	       "a page each, the allocator's own words included");

void queue_finish(struct queue *queue)
{
	for (struct block *block = queue->rear_first, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	queue->rear_first = queue->rear_last = NULL;
	queue->num_rear = 0;
}

size_t queue_length(const struct queue *queue)
{
	return queue->num_front - queue->num_done + queue->num_rear;
}

/* Where in front[] the n-th of the front is. */
static uint32_t place(const struct queue *queue, uint32_t n)
{
	return (queue->first + n) % QUEUE_FRONT;
}

int queue_add(struct queue *queue, const struct reading *reading)
{
	struct block *block = queue->rear_last;

	if (!block || block->end == READINGS_A_BLOCK) {
		block = malloc(sizeof(*block));
		if (!block)
			return -ENOMEM;
		block->next = NULL;
		block->first = block->end = 0;
		if (queue->rear_last)
			queue->rear_last->next = block;
		else
			queue->rear_first = block;
		queue->rear_last = block;
	}
	block->readings[block->end++] = *reading;
	queue->num_rear++;
	return 0;
}

/* The rear is not empty. The last block stays, so that a queue that is mostly empty does not
 * allocate for each reading. */
static void forget_first_of_rear(struct queue *queue)
{
	struct block *block = queue->rear_first;

	block->first++;
	queue->num_rear--;
	if (block->first < block->end)
		return;
	if (!block->next) {
		block->first = block->end = 0;
		return;
	}
	queue->rear_first = block->next;
	free(block);
}

bool queue_has_room_in_front(const struct queue *queue)
{
	return queue->num_front < QUEUE_FRONT;
}

void queue_add_in_front(struct queue *queue, const struct reading *reading)
{
	queue->front[place(queue, queue->num_front++)] =
		(struct queue_slot){ .reading = *reading };
}

bool queue_advance(struct queue *queue)
{
	if (queue->num_rear == 0 || !queue_has_room_in_front(queue))
		return false;

	const struct block *block = queue->rear_first;

	queue_add_in_front(queue, &block->readings[block->first]);
	forget_first_of_rear(queue);
	return true;
}

const struct reading *queue_next(struct queue *queue)
{
	for (; queue->next < queue->num_front; queue->next++) {
		const struct queue_slot *slot = &queue->front[place(queue, queue->next)];

		if (!slot->is_done && !slot->is_taken)
			return &slot->reading;
	}
	return NULL;
}

uint32_t queue_num_untaken(const struct queue *queue)
{
	return queue->num_front - queue->next;
}

void queue_take(struct queue *queue)
{
	queue->front[place(queue, queue->next)].is_taken = true;
	queue->next++;
}

static void finish_slot(struct queue *queue, struct queue_slot *slot)
{
	slot->is_done = true;
	queue->num_done++;
	while (queue->num_front > 0 && queue->front[place(queue, 0)].is_done) {
		queue->first = (queue->first + 1) % QUEUE_FRONT;
		queue->num_front--;
		queue->num_done--;
		if (queue->next > 0)
			queue->next--;
	}
}

bool queue_acknowledge(struct queue *queue, uint64_t seq)
{
	for (uint32_t i = 0; i < queue->num_front; i++) {
		struct queue_slot *slot = &queue->front[place(queue, i)];

		if (slot->reading.seq != seq)
			continue;
		if (slot->is_done || !slot->is_taken)
			return false;
		finish_slot(queue, slot);
		return true;
	}
	return false;
}

void queue_rewind(struct queue *queue)
{
	for (uint32_t i = 0; i < queue->num_front; i++)
		queue->front[place(queue, i)].is_taken = false;
	queue->next = 0;
}

const struct reading *queue_oldest(const struct queue *queue)
{
	if (queue->num_front > 0)
		return &queue->front[place(queue, 0)].reading;
	if (queue->num_rear > 0)
		return &queue->rear_first->readings[queue->rear_first->first];
	return NULL;
}

void queue_drop_oldest(struct queue *queue)
{
	if (queue->num_front > 0)
		finish_slot(queue, &queue->front[place(queue, 0)]);
	else
		forget_first_of_rear(queue);
}

size_t queue_copy_from(const struct queue *queue, uint64_t seq, struct reading *out,
		       size_t max_readings)
{
	size_t num = 0;

	for (uint32_t i = 0; i < queue->num_front && num < max_readings; i++) {
		const struct queue_slot *slot = &queue->front[place(queue, i)];

		if (!slot->is_done && slot->reading.seq >= seq)
			out[num++] = slot->reading;
	}
	for (const struct block *block = queue->rear_first; block; block = block->next) {
		if (block->end == 0 || block->readings[block->end - 1].seq < seq)
			continue;
		for (uint32_t i = block->first; i < block->end && num < max_readings;
		     i++) {
			if (block->readings[i].seq >= seq)
				out[num++] = block->readings[i];
		}
	}
	return num;
}

uint64_t queue_rear_seq(const struct queue *queue)
{
	const struct block *block = queue->rear_first;

	return queue->num_rear > 0 ? block->readings[block->first].seq : UINT64_MAX;
}

size_t queue_forget_rear_before(struct queue *queue, uint64_t seq)
{
	size_t num = 0;

	while (queue_rear_seq(queue) < seq) {
		forget_first_of_rear(queue);
		num++;
	}
	return num;
}

uint64_t queue_lowest_seq(const struct queue *queue)
{
	uint64_t lowest_seq = UINT64_MAX;

	for (uint32_t i = 0; i < queue->num_front; i++) {
		const struct queue_slot *slot = &queue->front[place(queue, i)];

		if (!slot->is_done && slot->reading.seq < lowest_seq)
			lowest_seq = slot->reading.seq;
	}
	return lowest_seq != UINT64_MAX ? lowest_seq : queue_rear_seq(queue);
}

void queue_shift_from(struct queue *queue, uint64_t seq, uint64_t offset)
{
	for (uint32_t i = 0; i < queue->num_front; i++) {
		struct reading *reading = &queue->front[place(queue, i)].reading;

		if (reading->seq >= seq)
			reading->seq += offset;
	}
	for (struct block *block = queue->rear_first; block; block = block->next) {
		for (uint32_t i = block->first; i < block->end; i++) {
			if (block->readings[i].seq >= seq)
				block->readings[i].seq += offset;
		}
	}
}
