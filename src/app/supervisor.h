/* SPDX-License-Identifier: MIT */
/* What main does while the gateway runs: waits for the signal that ends it, reloads the
 * configuration at SIGHUP, looks after the threads, tells the service manager, and answers
 * `pin2mqtt health`.
 *
 * The manager's watchdog is fed while every capture and the publisher move, whether or not a
 * broker is there.
 *
 * Threads: main's.
 */
#ifndef APP_SUPERVISOR_H
#define APP_SUPERVISOR_H

#include <signal.h>

#include "app/reload.h"
#include "base/attributes.h"

/* signals: blocked in every thread; any of them but SIGHUP ends this.
 * Returns the signal's number, or a negative errno. */
must_check int supervisor_run(struct reload *reload, const sigset_t *signals);

#endif
