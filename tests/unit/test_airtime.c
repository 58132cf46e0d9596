/* SPDX-License-Identifier: MIT */
#include "capture/airtime.h"

#include "base/clock.h"
#include "unit/cmocka_test.h"

#define MS CLOCK_NS_PER_MS

static void spans_queue_one_behind_the_other(void **state)
{
	struct airtime airtime;
	uint64_t now_ns = 5000 * MS;

	(void)state;
	airtime_init(&airtime, now_ns);
	assert_int_equal(airtime_reserve(&airtime, now_ns, 10 * MS), now_ns);

	uint64_t second_ns = airtime_reserve(&airtime, now_ns + 2 * MS, 10 * MS);

	assert_true(second_ns >= now_ns + 10 * MS);
	assert_true(airtime_reserve(&airtime, now_ns + 3 * MS, 10 * MS) >=
		    second_ns + 10 * MS);
}

static void free_air_is_had_at_once(void **state)
{
	struct airtime airtime;
	uint64_t now_ns = 5000 * MS;

	(void)state;
	airtime_init(&airtime, now_ns);
	(void)airtime_reserve(&airtime, now_ns, 10 * MS);
	assert_int_equal(airtime_reserve(&airtime, now_ns + 30 * MS, 10 * MS),
			 now_ns + 30 * MS);
}

/* The counter wraps after 71 minutes; no pause between two reservations may matter. */
static void no_pause_however_long_makes_a_long_wait(void **state)
{
	uint64_t begin_ns = UINT64_C(3600000) * MS;

	(void)state;
	for (uint64_t pause_s = 1; pause_s < 20000; pause_s += 7) {
		struct airtime airtime;
		uint64_t now_ns = begin_ns + pause_s * CLOCK_NS_PER_S;

		airtime_init(&airtime, begin_ns);
		(void)airtime_reserve(&airtime, begin_ns, 10 * MS);
		assert_true(airtime_reserve(&airtime, now_ns, 10 * MS) <=
			    now_ns + 10000 * MS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans_queue_one_behind_the_other),
		cmocka_unit_test(free_air_is_had_at_once),
		cmocka_unit_test(no_pause_however_long_makes_a_long_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
