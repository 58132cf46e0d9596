/* SPDX-License-Identifier: MIT */
#include "base/thread.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/wake.h"
#include "unit/cmocka_test.h"

struct seen {
	char name[THREAD_MAX_NAME + 1];
	bool is_term_blocked;
	struct wake wake;
};

static void look(void *context)
{
	struct seen *seen = context;
	sigset_t mask;

	pthread_getname_np(pthread_self(), seen->name, sizeof(seen->name));
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	seen->is_term_blocked = sigismember(&mask, SIGTERM) == 1;
	(void)wake_wait(&seen->wake, WAKE_FOREVER);
}

static void a_thread_has_its_name_and_takes_no_signals(void **state)
{
	struct seen seen = { .name = "" };
	struct thread thread;

	(void)state;
	assert_int_equal(wake_open(&seen.wake), 0);
	assert_int_equal(thread_start(&thread, "a-name-that-is-too-long", 65536, look,
				      &seen),
			 0);
	assert_int_equal(thread_join_until(&thread, clock_mono_ns() + CLOCK_NS_PER_MS),
			 -ETIMEDOUT);
	wake_signal(&seen.wake);
	thread_join(&thread);
	thread_join(&thread);
	assert_string_equal(seen.name, "a-name-that-is-");
	assert_true(seen.is_term_blocked);
	wake_close(&seen.wake);
}

struct standing {
	int policy, nice;
};

static void save_up(void *context)
{
	struct standing *standing = context;

	thread_yield_to_others(3);
	thread_save_up(30 * CLOCK_NS_PER_MS);
	standing->policy = sched_getscheduler(0);
	standing->nice = getpriority(PRIO_PROCESS, 0);
}

/* Slices can be read back on newer kernels only; what threads of it inherit, on all. */
static void a_thread_that_saves_up_stays_what_it_is(void **state)
{
	struct standing standing = { 0 };
	struct thread thread;

	(void)state;
	assert_int_equal(thread_start(&thread, "saver", 65536, save_up, &standing), 0);
	thread_join(&thread);
	assert_int_equal(standing.policy, SCHED_OTHER | SCHED_RESET_ON_FORK);
	assert_int_equal(standing.nice, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_has_its_name_and_takes_no_signals),
		cmocka_unit_test(a_thread_that_saves_up_stays_what_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
