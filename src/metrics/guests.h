/* SPDX-License-Identifier: MIT */
/* The connections that stand, and when each is to end: one that is slow on purpose when its time
 * is over, one whose other end has hung up at once.
 *
 * For libmicrohttpd with epoll misses the end of a connection that came together with a part of
 * a request (0.9.75 takes a short read for the last one), and one that is suspended.
 *
 * Threads: one owner.
 */
#ifndef METRICS_GUESTS_H
#define METRICS_GUESTS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

struct guest;

/* Zeroed: there are none. */
struct guests {
	struct guest *first; /* owned */
};

/* fd: the connection's socket; borrowed until guests_remove(). Returns NULL where there is no
 * memory. */
struct guest *guests_add(struct guests *guests, int fd);

/* NULL is allowed. */
void guests_remove(struct guests *guests, struct guest *guest);

/* From now on so many seconds; 0: as long as it likes. guest: NULL is allowed. */
void guest_give_time(struct guest *guest, unsigned seconds);

/* Whether a response is on its way: then it is not ended for having hung up, for he may have
 * closed only his half. guest: NULL is allowed. */
void guest_set_answered(struct guest *guest, bool is_answered);

/* What to poll beside others, so that guests_end() is called in time. Returns how many. */
size_t guests_poll(const struct guests *guests, struct pollfd *out, size_t max_out);

/* Shuts down the sockets of those who have hung up, or whose time is over. Returns whether there
 * were any. */
bool guests_end(struct guests *guests);

#endif
