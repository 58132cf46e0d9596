/* SPDX-License-Identifier: MIT */
#include "publish/retry.h"

enum {
	BACKOFF_MIN_MS = 1000,
	BACKOFF_MAX_MS = 60000,
	BACKOFF_AFTER_USE_MS = 4000,
	SHORT_MS = 10000,
	NUM_SHORT_SUSPICIOUS = 5,
};

void retry_init(struct retry *retry, uint32_t seed)
{
	backoff_init(&retry->backoff, BACKOFF_MIN_MS, BACKOFF_MAX_MS, seed);
	retry->num_short = 0;
}

bool retry_judge(struct retry *retry, uint64_t up_ms, bool is_of_use, bool is_unwelcome)
{
	struct backoff *backoff = &retry->backoff;

	if (up_ms >= backoff->ceiling_ms)
		backoff_reset(backoff);
	else if (is_of_use && !is_unwelcome && backoff->ceiling_ms > BACKOFF_AFTER_USE_MS)
		backoff->ceiling_ms = BACKOFF_AFTER_USE_MS;
	retry->num_short = is_of_use && up_ms < SHORT_MS ? retry->num_short + 1 : 0;
	return retry->num_short >= NUM_SHORT_SUSPICIOUS;
}

void retry_reset(struct retry *retry)
{
	backoff_reset(&retry->backoff);
	retry->num_short = 0;
}
