/* SPDX-License-Identifier: MIT */
#include "base/ring.h"

#include "unit/cmocka_test.h"

enum { NUM_SLOTS = 8 };

struct fixture {
	struct ring ring;
	uint64_t slots[NUM_SLOTS];
};

static void init(struct fixture *f)
{
	ring_init(&f->ring, f->slots, NUM_SLOTS, sizeof(f->slots[0]));
}

static void ring_gives_back_in_order(void **state)
{
	struct fixture f;
	uint64_t out;

	(void)state;
	init(&f);
	for (uint64_t i = 0; i < NUM_SLOTS; i++)
		assert_true(ring_push(&f.ring, &i));
	for (uint64_t i = 0; i < NUM_SLOTS; i++) {
		assert_true(ring_pop(&f.ring, &out));
		assert_int_equal(out, i);
	}
	assert_false(ring_pop(&f.ring, &out));
}

static void ring_counts_what_does_not_fit_and_keeps_the_old(void **state)
{
	struct fixture f;
	uint64_t out;

	(void)state;
	init(&f);
	for (uint64_t i = 0; i < NUM_SLOTS + 3; i++)
		assert_int_equal(ring_push(&f.ring, &i), i < NUM_SLOTS);
	assert_int_equal(ring_num_dropped(&f.ring), 3);
	assert_true(ring_pop(&f.ring, &out));
	assert_int_equal(out, 0);
}

static void ring_works_across_the_wrap_of_its_counters(void **state)
{
	struct fixture f;
	uint64_t out;

	(void)state;
	init(&f);
	atomic_store(&f.ring.head, UINT32_MAX - 3);
	atomic_store(&f.ring.tail, UINT32_MAX - 3);
	for (uint64_t i = 0; i < 3 * NUM_SLOTS; i++) {
		assert_true(ring_push(&f.ring, &i));
		if (i < NUM_SLOTS - 1)
			continue;
		assert_true(ring_pop(&f.ring, &out));
		assert_int_equal(out, i - (NUM_SLOTS - 1));
	}
	assert_int_equal(ring_num_dropped(&f.ring), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ring_gives_back_in_order),
		cmocka_unit_test(ring_counts_what_does_not_fit_and_keeps_the_old),
		cmocka_unit_test(ring_works_across_the_wrap_of_its_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
