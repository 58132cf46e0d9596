/* SPDX-License-Identifier: MIT */
/* Wakes one thread at a time that any thread sets: a timerfd. Setting it wakes nobody before
 * that time, which an eventfd and a time-out could not do.
 *
 * Threads: timer_set() from any; timer_wait() from the owner.
 */
#ifndef BASE_TIMER_H
#define BASE_TIMER_H

#include <stdint.h>

#include "base/attributes.h"

struct timer {
	int fd; /* -1 when closed */
};

#define TIMER_NEVER UINT64_MAX

/* Returns 0 or a negative errno. */
must_check int timer_open(struct timer *timer);
void timer_close(struct timer *timer);

/* at_ns: CLOCK_MONOTONIC; 0: at once. The last one counts. */
void timer_set(const struct timer *timer, uint64_t at_ns);

/* Sleeps until the time that is set. */
void timer_wait(const struct timer *timer);

#endif
