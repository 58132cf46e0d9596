/* SPDX-License-Identifier: MIT */
#include "publish/order.h"

enum { KIND_BITS = 2, KIND_MASK = (1 << KIND_BITS) - 1 };
_Static_assert((int)ORDER_STOP <= (int)KIND_MASK, "a kind fits its bits");

static uint32_t load(const struct order *order)
{
	/* Acquire pairs with the release in order_give(): what was changed in a pause is seen. */
	return atomic_load_explicit(&order->given, memory_order_acquire);
}

enum order_kind order_get(const struct order *order)
{
	return load(order) & KIND_MASK;
}

void order_give(struct order *order, enum order_kind kind, struct wake *wake)
{
	uint32_t before = atomic_load_explicit(&order->given, memory_order_relaxed);
	uint32_t serial = (before >> KIND_BITS) + 1;

	atomic_store_explicit(&order->given, serial << KIND_BITS | (uint32_t)kind,
			      memory_order_release);
	wake_signal(wake);
}

void order_pause(struct order *order, struct wake *wake)
{
	uint32_t given = load(order);
	uint32_t kind = given & KIND_MASK;

	if (kind != ORDER_PAUSE && kind != ORDER_LEAVE)
		return;
	/* Release pairs with the acquire in order_is_paused(): what the owner may change from
	 * then on, we have done with. */
	atomic_store_explicit(&order->paused_at, given, memory_order_release);
	wake_signal(order->ready);
	while (load(order) == given)
		(void)wake_wait(wake, WAKE_FOREVER);
}

bool order_is_paused(const struct order *order)
{
	uint32_t given = load(order);

	return given != 0 &&
	       atomic_load_explicit(&order->paused_at, memory_order_acquire) == given;
}
