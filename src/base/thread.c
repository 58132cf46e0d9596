/* SPDX-License-Identifier: MIT */
#include "base/thread.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum { RESET_ON_FORK = 1 }; /* SCHED_FLAG_RESET_ON_FORK: our threads are as any other's */

struct start {
	void (*run)(void *context);
	void *context;
	char name[THREAD_MAX_NAME + 1];
};

static void *thread_main(void *argument)
{
	struct start start = *(struct start *)argument;

	free(argument);
	pthread_setname_np(pthread_self(), start.name);
	start.run(start.context);
	return NULL;
}

static int create(struct thread *thread, uint32_t stack_bytes, struct start *start)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int error = pthread_attr_init(&attributes);

	if (error)
		return -error;
	if (stack_bytes != 0) {
		size_t smallest = (size_t)PTHREAD_STACK_MIN;

		pthread_attr_setstacksize(&attributes, stack_bytes > smallest
							       ? stack_bytes
							       : smallest);
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread->id, &attributes, thread_main, start);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return -error;
}

int thread_start(struct thread *thread, const char *name, uint32_t stack_bytes,
		 void (*run)(void *context), void *context)
{
	struct start *start = calloc(1, sizeof(*start));

	if (!start)
		return -ENOMEM;
	start->run = run;
	start->context = context;
	strncpy(start->name, name, THREAD_MAX_NAME);

	int error = create(thread, stack_bytes, start);

	thread->is_started = error == 0;
	if (error)
		free(start);
	/* thread_main() frees it; the analyzer does not follow pthread_create(). */
	return error; /* NOLINT(clang-analyzer-unix.Malloc) */
}

void thread_join(struct thread *thread)
{
	if (thread->is_started)
		pthread_join(thread->id, NULL);
	thread->is_started = false;
}

int thread_join_until(struct thread *thread, uint64_t until_ns)
{
	if (!thread->is_started)
		return 0;

	/* pthread_timedjoin_np() wants the wall clock, which may jump: take what is left. */
	uint64_t now_ns = clock_mono_ns();
	uint64_t left_ns = until_ns > now_ns ? until_ns - now_ns : 0;
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	left_ns += (uint64_t)end.tv_nsec;
	end.tv_sec += (time_t)(left_ns / CLOCK_NS_PER_S);
	end.tv_nsec = (long)(left_ns % CLOCK_NS_PER_S);

	int error = pthread_timedjoin_np(thread->id, NULL, &end);

	if (error == 0)
		thread->is_started = false;
	return -error;
}

/* struct sched_attr as of Linux 3.14, in words that no C library has taken. */
struct scheduling {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns;
	uint64_t deadline_ns;
	uint64_t period_ns;
};

void thread_save_up(uint64_t slice_ns)
{
	const struct scheduling scheduling = {
		.size = sizeof(scheduling),
		.policy = SCHED_OTHER,
		.flags = RESET_ON_FORK,
		.nice = getpriority(PRIO_PROCESS, 0),
		.runtime_ns = slice_ns,
	};

	(void)syscall(SYS_sched_setattr, 0, &scheduling, 0);
}

void thread_yield_to_others(int nice)
{
	/* On Linux 0 means the calling thread, not its process. */
	setpriority(PRIO_PROCESS, 0, nice);
}
