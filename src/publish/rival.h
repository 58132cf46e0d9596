/* SPDX-License-Identifier: MIT */
/* Another client that has our id: the broker gives our place to whichever came last.
 *
 * Threads: rival_judge() the connection's only, rival_is_there() any.
 */
#ifndef PUBLISH_RIVAL_H
#define PUBLISH_RIVAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct rival {
	_Atomic uint32_t seen_s; /* CLOCK_MONOTONIC; 0: never */
};

/* A connection broke, because of a rival as the broker tells, or as it looks. That is logged
 * once as long as it goes on. */
void rival_judge(struct rival *rival, bool is_told, bool is_suspicious,
		 const char *client_id);

/* Whether that was not long ago. */
bool rival_is_there(const struct rival *rival);

#endif
