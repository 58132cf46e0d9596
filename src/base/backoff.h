/* SPDX-License-Identifier: MIT */
/* How long to wait before the next try: full jitter under a doubling ceiling.
 *
 * Threads: one owner.
 * Pure: the randomness is the caller's seed.
 */
#ifndef BASE_BACKOFF_H
#define BASE_BACKOFF_H

#include <stdint.h>

struct backoff {
	uint32_t min_ms; /* no wait is shorter */
	uint32_t max_ms; /* no wait is longer */
	uint32_t ceiling_ms; /* of the next wait */
	uint32_t random;
};

/* seed: anything that differs between gateways, so that they do not come back in step. */
void backoff_init(struct backoff *backoff, uint32_t min_ms, uint32_t max_ms,
		  uint32_t seed);

/* The next wait, in min_ms..ceiling; the ceiling doubles up to max_ms. */
uint32_t backoff_next_ms(struct backoff *backoff);

/* After a success: the next wait starts at min_ms again. */
void backoff_reset(struct backoff *backoff);

#endif
