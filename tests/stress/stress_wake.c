/* SPDX-License-Identifier: MIT */
/* Several threads signal one that sleeps in between: none is slept through, however the
 * signals fall on its waking. */
#include "base/wake.h"

#include <pthread.h>
#include <stdatomic.h>

#include "unit/cmocka_test.h"

enum { NUM_THREADS = 3, NUM_SIGNALS = 20000 };

struct signallers {
	struct wake wake;
	atomic_uint num_given;
};

static void *signal_often(void *argument)
{
	struct signallers *signallers = argument;

	for (int i = 0; i < NUM_SIGNALS; i++) {
		atomic_fetch_add_explicit(&signallers->num_given, 1,
					  memory_order_relaxed);
		wake_signal(&signallers->wake);
	}
	return NULL;
}

static void no_signal_is_slept_through(void **state)
{
	struct signallers signallers = { 0 };
	pthread_t threads[NUM_THREADS];

	(void)state;
	assert_int_equal(wake_open(&signallers.wake), 0);
	for (int i = 0; i < NUM_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, signal_often,
						&signallers),
				 0);
	while (atomic_load_explicit(&signallers.num_given, memory_order_relaxed) <
	       NUM_THREADS * NUM_SIGNALS)
		assert_true(wake_wait(&signallers.wake, WAKE_FOREVER));
	for (int i = 0; i < NUM_THREADS; i++)
		pthread_join(threads[i], NULL);
	wake_close(&signallers.wake);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
		no_signal_is_slept_through) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
