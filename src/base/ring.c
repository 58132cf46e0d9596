/* SPDX-License-Identifier: MIT */
#include "base/ring.h"

#include <assert.h>
#include <string.h>

static unsigned char *slot_at(const struct ring *ring, uint32_t position)
{
	return ring->slots + (size_t)(position & ring->mask) * ring->record_bytes;
}

void ring_init(struct ring *ring, void *slots, uint32_t num_slots, uint32_t record_bytes)
{
	assert(num_slots != 0 && (num_slots & (num_slots - 1)) == 0);
	atomic_init(&ring->head, 0);
	atomic_init(&ring->tail, 0);
	atomic_init(&ring->dropped, 0);
	ring->mask = num_slots - 1;
	ring->record_bytes = record_bytes;
	ring->slots = slots;
}

bool ring_push(struct ring *ring, const void *record)
{
	uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	/* Acquire pairs with the release in ring_pop(): the consumer has finished
	 * reading a slot before we may overwrite it. */
	uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);

	/* The counters run freely and wrap; only their difference means anything. */
	if (head - tail > ring->mask) {
		atomic_fetch_add_explicit(&ring->dropped, 1, memory_order_relaxed);
		return false;
	}
	memcpy(slot_at(ring, head), record, ring->record_bytes);
	/* Release publishes the bytes above before the new head can be seen. */
	atomic_store_explicit(&ring->head, head + 1, memory_order_release);
	return true;
}

bool ring_pop(struct ring *ring, void *out)
{
	uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	/* Acquire pairs with the release in ring_push(): the record's bytes are
	 * whole before we read them. */
	uint32_t head = atomic_load_explicit(&ring->head, memory_order_acquire);

	if (head == tail)
		return false;
	memcpy(out, slot_at(ring, tail), ring->record_bytes);
	/* Release: our reading of the slot is done before the producer may reuse it. */
	atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
	return true;
}

bool ring_is_empty(const struct ring *ring)
{
	return atomic_load_explicit(&ring->head, memory_order_relaxed) ==
	       atomic_load_explicit(&ring->tail, memory_order_relaxed);
}

uint32_t ring_num_dropped(const struct ring *ring)
{
	return atomic_load_explicit(&ring->dropped, memory_order_relaxed);
}
