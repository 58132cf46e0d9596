/* SPDX-License-Identifier: MIT */
/* SPSC ring of fixed-size records: one thread pushes, one other thread pops.
 *
 * Threads: ring_push() belongs to the producer and ring_pop() to the consumer;
 *          ring_init() runs before either thread starts.
 * Memory:  the slots are borrowed from the caller and outlive the ring.
 * RT-safe: push and pop never block, lock, allocate, log or enter the kernel.
 */
#ifndef BASE_RING_H
#define BASE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

struct ring {
	_Atomic uint32_t head; /* producer writes; runs freely and wraps */
	_Atomic uint32_t tail; /* consumer writes; runs freely and wraps */
	_Atomic uint32_t dropped; /* producer writes: records that found no room */
	uint32_t mask;
	uint32_t record_bytes;
	unsigned char *slots; /* borrowed; outlives this */
};

/* num_slots: a power of two, at most 2^31; slots: num_slots * record_bytes bytes. */
void ring_init(struct ring *ring, void *slots, uint32_t num_slots, uint32_t record_bytes);

/* Copies one record in. False, and counted as dropped, where the ring is full. */
bool ring_push(struct ring *ring, const void *record);

/* Copies the oldest record out. False where the ring is empty. */
must_check bool ring_pop(struct ring *ring, void *out);

/* Whether there is nothing to pop. Threads: the consumer. */
bool ring_is_empty(const struct ring *ring);

/* How many records were ever dropped; wraps at 2^32, readers take differences. */
uint32_t ring_num_dropped(const struct ring *ring);

#endif
