/* SPDX-License-Identifier: MIT */
/* What a service manager is told: sd_notify(3)'s protocol, one datagram a message.
 *
 * Threads: main's; both read the environment.
 */
#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

#include <stdint.h>

/* Sends assignments, one a line: "READY=1\nSTATUS=reading". Does not wait.
 * Returns 0, also where no manager listens ($NOTIFY_SOCKET), or a negative errno. */
int notify_send(const char *assignments);

/* How often the manager wants to hear WATCHDOG=1 from this process at the least
 * ($WATCHDOG_USEC); 0: never. */
uint64_t notify_watchdog_ns(void);

#endif
