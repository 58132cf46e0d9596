/* SPDX-License-Identifier: MIT */
#include "publish/order.h"

enum order_kind order_get(const struct order *order)
{
	/* Acquire pairs with the release in order_give(): what was changed in a pause is seen. */
	return atomic_load_explicit(&order->kind, memory_order_acquire);
}

void order_give(struct order *order, enum order_kind kind, const struct wake *wake)
{
	atomic_store_explicit(&order->is_paused, 0, memory_order_relaxed);
	atomic_store_explicit(&order->kind, kind, memory_order_release);
	wake_signal(wake);
}

void order_pause(struct order *order, const struct wake *wake)
{
	enum order_kind kind;

	/* Release pairs with the acquire in order_is_paused(): what the owner may change from
	 * then on, we have done with. */
	atomic_store_explicit(&order->is_paused, 1, memory_order_release);
	wake_signal(order->ready);
	while ((kind = order_get(order)) == ORDER_PAUSE || kind == ORDER_LEAVE)
		(void)wake_wait(wake, WAKE_FOREVER);
}

bool order_is_paused(const struct order *order)
{
	return atomic_load_explicit(&order->is_paused, memory_order_acquire);
}
