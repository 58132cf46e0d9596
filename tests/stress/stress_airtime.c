/* SPDX-License-Identifier: MIT */
/* Several captures reserve at once, across the wrap of the counter: no two spans overlap. */
#include "capture/airtime.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "unit/cmocka_test.h"

enum { NUM_THREADS = 4, NUM_SPANS = 1000, SPAN_US = 900 };

static const uint64_t now_ns = (UINT32_MAX - NUM_SPANS) * CLOCK_NS_PER_US;

struct worker {
	pthread_t id;
	struct airtime *airtime;
	uint64_t begins_ns[NUM_SPANS];
};

static void *reserve(void *argument)
{
	struct worker *worker = argument;

	for (int i = 0; i < NUM_SPANS; i++)
		worker->begins_ns[i] = airtime_reserve(worker->airtime, now_ns,
						       SPAN_US * CLOCK_NS_PER_US);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void no_two_spans_overlap(void **state)
{
	static struct worker workers[NUM_THREADS];
	static uint64_t all_ns[NUM_THREADS * NUM_SPANS];
	struct airtime airtime;

	(void)state;
	airtime_init(&airtime, now_ns);
	for (int i = 0; i < NUM_THREADS; i++) {
		workers[i].airtime = &airtime;
		assert_int_equal(pthread_create(&workers[i].id, NULL, reserve,
						&workers[i]),
				 0);
	}
	for (int i = 0; i < NUM_THREADS; i++) {
		pthread_join(workers[i].id, NULL);
		for (int j = 0; j < NUM_SPANS; j++)
			all_ns[i * NUM_SPANS + j] = workers[i].begins_ns[j];
	}
	qsort(all_ns, NUM_THREADS * NUM_SPANS, sizeof(all_ns[0]), compare);
	for (size_t i = 1; i < NUM_THREADS * NUM_SPANS; i++)
		assert_true(all_ns[i] >= all_ns[i - 1] + SPAN_US * CLOCK_NS_PER_US);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_two_spans_overlap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
