/* SPDX-License-Identifier: MIT */
#include "base/wake.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

int wake_open(struct wake *wake)
{
	atomic_init(&wake->is_signalled, false);
	wake->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return wake->fd < 0 ? -errno : 0;
}

void wake_close(struct wake *wake)
{
	if (wake->fd >= 0)
		close(wake->fd);
	wake->fd = -1;
}

void wake_signal(struct wake *wake)
{
	const uint64_t one = 1;
	int saved_errno = errno;

	if (atomic_exchange(&wake->is_signalled, true))
		return;
	/* The counter is never near its end: it can only fail where nobody waits any more. */
	ssize_t ignored = write(wake->fd, &one, sizeof(one));

	(void)ignored;
	errno = saved_errno;
}

void wake_clear(struct wake *wake)
{
	uint64_t count;
	ssize_t ignored = read(wake->fd, &count, sizeof(count));

	(void)ignored;
	/* In this order: a signal that was not written came before this, and what it is about
	 * is seen after it. */
	atomic_exchange(&wake->is_signalled, false);
}

bool wake_wait(struct wake *wake, uint64_t until_ns)
{
	struct pollfd slot = { .fd = wake->fd, .events = POLLIN };

	for (;;) {
		uint64_t now_ns = clock_mono_ns();
		uint64_t left_ns = until_ns > now_ns ? until_ns - now_ns : 0;
		struct timespec left = {
			.tv_sec = (time_t)(left_ns / CLOCK_NS_PER_S),
			.tv_nsec = (long)(left_ns % CLOCK_NS_PER_S),
		};
		int ready =
			ppoll(&slot, 1, until_ns == WAKE_FOREVER ? NULL : &left, NULL);

		if (ready > 0) {
			wake_clear(wake);
			return true;
		}
		if (ready == 0 || errno != EINTR)
			return false;
	}
}
