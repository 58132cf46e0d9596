/* SPDX-License-Identifier: MIT */
/* Wakes one thread from any other: an eventfd with a wait on it.
 *
 * Signals before a wait are not lost, several count as one.
 *
 * Threads: wake_signal() from any, also from a signal handler; wake_wait() from the owner.
 * RT-safe: wake_signal() is at most one write that does not block.
 */
#ifndef BASE_WAKE_H
#define BASE_WAKE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

struct wake {
	int fd; /* -1 when closed; poll it for reading to wait on more than this */
	atomic_bool is_signalled; /* nobody need do so again */
};

#define WAKE_FOREVER UINT64_MAX

/* Returns 0 or a negative errno. */
must_check int wake_open(struct wake *wake);
void wake_close(struct wake *wake);

void wake_signal(struct wake *wake);

/* Sleeps until signalled or until CLOCK_MONOTONIC reaches until_ns (WAKE_FOREVER: no end).
 * Returns whether it was signalled; the signal is consumed. */
bool wake_wait(struct wake *wake, uint64_t until_ns);

/* Consumes a signal without waiting. For owners that poll the fd beside others. */
void wake_clear(struct wake *wake);

#endif
