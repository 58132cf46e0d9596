/* SPDX-License-Identifier: MIT */
/* What the connection's owner wants of its thread, and whether that stands still.
 *
 * Threads: order_give() and order_is_paused() from the owner; order_get() and order_pause()
 *          from the connection's.
 */
#ifndef PUBLISH_ORDER_H
#define PUBLISH_ORDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/wake.h"

enum order_kind {
	ORDER_SERVE,
	ORDER_PAUSE, /* stand still, connected or not */
	ORDER_LEAVE, /* say goodbye and stand still */
	ORDER_STOP,
};

/* Zeroed: ORDER_SERVE. An order is a kind and a serial number, so that one that is given again
 * is another one. */
struct order {
	_Atomic uint32_t given; /* the owner writes */
	_Atomic uint32_t
		paused_at; /* the connection's thread writes: the order it obeys */
	struct wake *ready; /* borrowed; signalled when paused */
};

enum order_kind order_get(const struct order *order);

/* wake: of the connection's thread. */
void order_give(struct order *order, enum order_kind kind, struct wake *wake);

/* Stands still until there is another order, if this one is ORDER_PAUSE or ORDER_LEAVE. */
void order_pause(struct order *order, struct wake *wake);

/* Whether the newest order is one to stand still, and the thread does. */
bool order_is_paused(const struct order *order);

#endif
