/* SPDX-License-Identifier: MIT */
/* How soon to try the broker again.
 *
 * Threads: the connection's only, but for what rival.h says.
 */
#ifndef PUBLISH_RETRY_H
#define PUBLISH_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/backoff.h"
#include "publish/rival.h"

struct retry {
	struct backoff backoff;
	uint32_t num_short; /* connections in a row that were soon cut off */
	struct rival rival; /* who may be why */
};

void retry_init(struct retry *retry, uint32_t seed);

/* A connection broke that had held for up_ms. At once after one that held for as long as we
 * would have waited, soon after one that was of use, as a broker's restart cuts it short. One
 * that was of no use, or after which the broker does not want us, is a failure like others.
 * Returns whether it looks as if another client had our id: two throw each other out, and only
 * MQTT 5 may tell them. True from the fifth short connection in a row on. */
bool retry_judge(struct retry *retry, uint64_t up_ms, bool is_of_use, bool is_unwelcome);

/* There is another broker to try, or another way to it. */
void retry_reset(struct retry *retry);

#endif
