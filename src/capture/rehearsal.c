/* SPDX-License-Identifier: MIT */
#include "capture/rehearsal.h"

#include <limits.h>
#include <pthread.h>

#include "base/clock.h"

enum {
	/* After so many without a thread that had to wait the machine is not busy any more. */
	NUM_REHEARSED = 64,
	/* Where every thread is slow, none is waited for. */
	MAX_THREADS = 8, /* at a time */
	/* The quickest is forgotten by a 64th each time: clocks of CPUs change. */
	FORGET_SHIFT = 6,
	SETTLE_NS = 30 * CLOCK_NS_PER_MS,
	STACK_BYTES = 16 * 1024,
	QUICK_NS = 2 * CLOCK_NS_PER_US, /* beyond half as long again */
	HELD_UP_NS = 100 * CLOCK_NS_PER_US, /* beyond twice as long */
};

static void *do_nothing(void *argument)
{
	return argument;
}

/* Makes a thread and waits for its end. False: there can be none. Without what thread_start() adds:
 * it would be measured, too, and a thread that frees memory gets an arena of its own. */
static bool run_thread(void)
{
	size_t smallest = (size_t)PTHREAD_STACK_MIN;
	pthread_attr_t attributes;
	pthread_t thread;
	int error = pthread_attr_init(&attributes);

	if (error)
		return false;
	pthread_attr_setstacksize(&attributes,
				  STACK_BYTES > smallest ? STACK_BYTES : smallest);
	error = pthread_create(&thread, &attributes, do_nothing, NULL);
	pthread_attr_destroy(&attributes);
	if (error)
		return false;
	pthread_join(thread, NULL);
	return true;
}

static uint64_t quicker(uint64_t quickest_ns, uint64_t took_ns)
{
	quickest_ns += quickest_ns >> FORGET_SHIFT;
	return quickest_ns == 0 || took_ns < quickest_ns ? took_ns : quickest_ns;
}

static bool is_held_up(uint64_t quickest_ns, uint64_t took_ns)
{
	return took_ns > 2 * quickest_ns + HELD_UP_NS;
}

/* Whether a new thread ran at once. */
static bool is_quick(struct rehearsal *rehearsal)
{
	uint64_t begin_ns = clock_mono_ns();

	if (!run_thread())
		return true;

	uint64_t took_ns = clock_mono_ns() - begin_ns;

	rehearsal->quickest_ns = quicker(rehearsal->quickest_ns, took_ns);
	if (is_held_up(rehearsal->quickest_ns, took_ns))
		rehearsal->num_left = NUM_REHEARSED;
	return took_ns <= rehearsal->quickest_ns + rehearsal->quickest_ns / 2 + QUICK_NS;
}

bool rehearsal_is_due(const struct rehearsal *rehearsal)
{
	return rehearsal->num_left > 0;
}

void rehearsal_wait(struct rehearsal *rehearsal, uint64_t until_ns)
{
	if (!rehearsal_is_due(rehearsal))
		return;
	for (int i = 0; i < MAX_THREADS && clock_mono_ns() < until_ns; i++) {
		if (is_quick(rehearsal))
			return;
	}
}

void rehearsal_settle(struct rehearsal *rehearsal)
{
	rehearsal_wait(rehearsal, clock_mono_ns() + SETTLE_NS);
}

void rehearsal_learn(struct rehearsal *rehearsal, uint64_t arming_ns)
{
	rehearsal->quickest_arming_ns = quicker(rehearsal->quickest_arming_ns, arming_ns);
	if (is_held_up(rehearsal->quickest_arming_ns, arming_ns))
		rehearsal->num_left = NUM_REHEARSED;
	else if (rehearsal->num_left > 0)
		rehearsal->num_left--;
}
