/* SPDX-License-Identifier: MIT */
/* One POSIX thread with a name, all signals blocked (main takes them).
 *
 * Threads: the starter joins. A thread that never ends is given up by thread_join_until().
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

struct thread {
	pthread_t id;
	bool is_started;
};

enum { THREAD_MAX_NAME = 15 }; /* what the kernel shows, without the NUL */

/* stack_bytes: 0 takes the C library's default. Returns 0 or a negative errno. */
must_check int thread_start(struct thread *thread, const char *name, uint32_t stack_bytes,
			    void (*run)(void *context), void *context);

/* Waits for the thread's end; nothing where it was never started. */
void thread_join(struct thread *thread);

/* Waits until CLOCK_MONOTONIC reaches until_ns. Returns 0, or -ETIMEDOUT: the thread still
 * runs, and all that it uses must be left alone for the rest of the process. */
must_check int thread_join_until(struct thread *thread, uint64_t until_ns);

/* Lets all other work of the machine go before the calling thread's: a nice value of its own,
 * 0..19. It always may be raised. */
void thread_yield_to_others(int nice);

/* For a thread that sleeps nearly always: asks for longer slices of the CPU for the calling
 * thread, in ns, 100 ms at most. The kernel gives it no more of the CPU for that, but remembers
 * for as long what it was entitled to, so that it, and who works for it, need not wait where it
 * wakes. Linux 6.12 and newer; others, and where it is forbidden, leave all as it is. */
void thread_save_up(uint64_t slice_ns);

#endif
