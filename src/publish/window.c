/* SPDX-License-Identifier: MIT */
#include "publish/window.h"

#include <assert.h>
#include <string.h>

void window_init(struct window *window, uint32_t max_in_flight)
{
	window->num_slots = 0;
	window->max_slots = max_in_flight < WINDOW_MAX ? max_in_flight : WINDOW_MAX;
}

bool window_is_full(const struct window *window)
{
	return window->num_slots >= window->max_slots;
}

void window_add(struct window *window, const struct in_flight *message)
{
	assert(!window_is_full(window));
	window->slots[window->num_slots++] = *message;
}

bool window_take(struct window *window, int token, struct in_flight *out)
{
	for (uint32_t i = 0; i < window->num_slots; i++) {
		if (window->slots[i].token != token)
			continue;
		*out = window->slots[i];
		window->num_slots--;
		memmove(&window->slots[i], &window->slots[i + 1],
			(window->num_slots - i) * sizeof(window->slots[0]));
		return true;
	}
	return false;
}

uint64_t window_oldest_ns(const struct window *window)
{
	return window->num_slots > 0 ? window->slots[0].sent_ns : UINT64_MAX;
}
