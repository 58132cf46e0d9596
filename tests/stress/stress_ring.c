/* SPDX-License-Identifier: MIT */
/* Two threads over one small ring, begun just below the wrap of its counters; the thread
 * sanitizer watches the orderings. */
#include "base/ring.h"

#include <pthread.h>
#include <sched.h>

#include "unit/cmocka_test.h"

enum { NUM_SLOTS = 64, NUM_RECORDS = 1000000 };

struct record {
	uint64_t number;
	uint64_t check;
};

static void *produce(void *argument)
{
	struct ring *ring = argument;

	for (uint64_t i = 0; i < NUM_RECORDS; i++) {
		const struct record record = { i, ~i };

		while (!ring_push(ring, &record))
			sched_yield();
	}
	return NULL;
}

static void ring_hands_over_every_record_whole_and_in_order(void **state)
{
	static struct record slots[NUM_SLOTS];
	struct ring ring;
	pthread_t producer;

	(void)state;
	ring_init(&ring, slots, NUM_SLOTS, sizeof(slots[0]));
	atomic_store(&ring.head, UINT32_MAX - NUM_RECORDS / 2);
	atomic_store(&ring.tail, UINT32_MAX - NUM_RECORDS / 2);
	assert_int_equal(pthread_create(&producer, NULL, produce, &ring), 0);
	for (uint64_t i = 0; i < NUM_RECORDS; i++) {
		struct record record;

		while (!ring_pop(&ring, &record))
			sched_yield();
		assert_int_equal(record.number, i);
		assert_int_equal(record.check, ~i);
	}
	pthread_join(producer, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ring_hands_over_every_record_whole_and_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
