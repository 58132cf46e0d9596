/* SPDX-License-Identifier: MIT */
#include "base/backoff.h"

static uint32_t next_random(uint32_t *state)
{
	/* xorshift32, Marsaglia 2003; its state is never 0. */
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

void backoff_init(struct backoff *backoff, uint32_t min_ms, uint32_t max_ms,
		  uint32_t seed)
{
	backoff->min_ms = min_ms;
	backoff->max_ms = max_ms;
	backoff->ceiling_ms = min_ms;
	backoff->random = seed ? seed : 1;
}

uint32_t backoff_next_ms(struct backoff *backoff)
{
	uint32_t span_ms = backoff->ceiling_ms - backoff->min_ms;
	uint32_t wait_ms =
		backoff->min_ms + next_random(&backoff->random) % (span_ms + 1);

	if (backoff->ceiling_ms > backoff->max_ms / 2)
		backoff->ceiling_ms = backoff->max_ms;
	else
		backoff->ceiling_ms *= 2;
	return wait_ms;
}

void backoff_reset(struct backoff *backoff)
{
	backoff->ceiling_ms = backoff->min_ms;
}
