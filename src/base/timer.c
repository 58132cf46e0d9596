/* SPDX-License-Identifier: MIT */
#include "base/timer.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

int timer_open(struct timer *timer)
{
	timer->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	return timer->fd < 0 ? -errno : 0;
}

void timer_close(struct timer *timer)
{
	if (timer->fd >= 0)
		close(timer->fd);
	timer->fd = -1;
}

void timer_set(const struct timer *timer, uint64_t at_ns)
{
	struct itimerspec at = { 0 };

	/* All zeros would switch it off. */
	if (at_ns == 0)
		at_ns = 1;
	if (at_ns != TIMER_NEVER) {
		at.it_value.tv_sec = (time_t)(at_ns / CLOCK_NS_PER_S);
		at.it_value.tv_nsec = (long)(at_ns % CLOCK_NS_PER_S);
	}
	(void)timerfd_settime(timer->fd, TFD_TIMER_ABSTIME, &at, NULL);
}

void timer_wait(const struct timer *timer)
{
	uint64_t count;

	while (read(timer->fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}
