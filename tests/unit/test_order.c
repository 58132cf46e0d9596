/* SPDX-License-Identifier: MIT */
#include "publish/order.h"

#include "base/clock.h"
#include "base/thread.h"
#include "unit/cmocka_test.h"

enum { NUM_ROUNDS = 2000, WAIT_S = 60 };

/* A thread that obeys, and a value that its owner changes in each pause. */
struct fixture {
	struct order order;
	struct wake wake, ready;
	unsigned value; /* the owner writes in a pause, the thread otherwise */
	unsigned num_left; /* the thread writes */
};

static void obey(void *context)
{
	struct fixture *f = context;
	enum order_kind kind;

	while ((kind = order_get(&f->order)) != ORDER_STOP) {
		if (kind == ORDER_LEAVE)
			f->num_left++;
		if (kind == ORDER_SERVE)
			f->value++;
		order_pause(&f->order, &f->wake);
	}
}

static void wait_for_pause(struct fixture *f)
{
	uint64_t end_ns = clock_mono_ns() + WAIT_S * CLOCK_NS_PER_S;

	while (!order_is_paused(&f->order)) {
		assert_true(clock_mono_ns() < end_ns);
		(void)wake_wait(&f->ready, end_ns);
	}
}

static void each_pause_is_obeyed_however_soon_it_follows(void **state)
{
	struct fixture f = { 0 };
	struct thread thread = { 0 };

	(void)state;
	assert_int_equal(wake_open(&f.wake), 0);
	assert_int_equal(wake_open(&f.ready), 0);
	f.order.ready = &f.ready;
	assert_false(order_is_paused(&f.order));
	assert_int_equal(thread_start(&thread, "obey", 0, obey, &f), 0);
	for (unsigned i = 0; i < NUM_ROUNDS; i++) {
		enum order_kind kind = i % 3 == 2 ? ORDER_LEAVE : ORDER_PAUSE;

		order_give(&f.order, kind, &f.wake);
		/* One order may overtake another. */
		if (i % 5 == 0)
			order_give(&f.order, ORDER_PAUSE, &f.wake);
		wait_for_pause(&f);
		f.value = 0;
		assert_true(order_is_paused(&f.order));
		assert_int_equal(f.value, 0);
		order_give(&f.order, ORDER_SERVE, &f.wake);
		assert_false(order_is_paused(&f.order));
	}
	order_give(&f.order, ORDER_STOP, &f.wake);
	thread_join(&thread);
	assert_true(f.num_left > 0);
	wake_close(&f.wake);
	wake_close(&f.ready);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_pause_is_obeyed_however_soon_it_follows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
