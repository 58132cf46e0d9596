/* SPDX-License-Identifier: MIT */
/* Wakes one thread from any other: an eventfd with a wait on it.
 *
 * Signals before a wait are not lost, several count as one.
 *
 * Threads: wake_signal() from any, also from a signal handler; wake_wait() from the owner.
 * RT-safe: wake_signal() is one write that does not block.
 */
#ifndef BASE_WAKE_H
#define BASE_WAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

struct wake {
	int fd; /* -1 when closed; poll it for reading to wait on more than this */
};

#define WAKE_FOREVER UINT64_MAX

/* Returns 0 or a negative errno. */
must_check int wake_open(struct wake *wake);
void wake_close(struct wake *wake);

void wake_signal(const struct wake *wake);

/* Sleeps until signalled or until CLOCK_MONOTONIC reaches until_ns (WAKE_FOREVER: no end).
 * Returns whether it was signalled; the signal is consumed. */
bool wake_wait(const struct wake *wake, uint64_t until_ns);

/* Consumes a signal without waiting. For owners that poll the fd beside others. */
void wake_clear(const struct wake *wake);

#endif
