/* SPDX-License-Identifier: MIT */
/* The connections that stand, and when each is to end: one that is slow on purpose when its time
 * is over, one whose other end has hung up at once.
 *
 * libmicrohttpd does not see every end of a connection. It has epoll tell of changes alone
 * (EPOLLET), and after a read that did not fill its buffer does not read again before the next
 * change (recv_param_adapter() in its connection.c): an end that was there together with the
 * last bytes is none. A suspended connection it takes out of epoll altogether, and its manual
 * says so: "MHD will not detect disconnects by the client".
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
