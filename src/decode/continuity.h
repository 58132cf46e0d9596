/* SPDX-License-Identifier: MIT */
/* What a sensor said last, and how likely it is to say something else now.
 *
 * Pure.
 */
#ifndef DECODE_CONTINUITY_H
#define DECODE_CONTINUITY_H

#include <stdbool.h>
#include <stdint.h>

#include "model/reading.h"

/* The last clean reading; zeroed: there is none. */
struct continuity {
	uint64_t t_ns; /* CLOCK_MONOTONIC */
	uint8_t num_values;
	struct value values[READING_MAX_VALUES];
};

/* Takes over a clean reading. A repaired one is never given. */
void continuity_learn(struct continuity *continuity, const struct reading *clean);

/* What the step to this reading costs, in sixteenths of a nat: nothing for no step, at most
 * CONTINUITY_MAX_COST, and nothing where the last clean reading is old or missing. */
enum { CONTINUITY_MAX_COST = 6 * 16 };
int32_t continuity_cost(const struct continuity *continuity,
			const struct reading *reading);

/* Whether there is a clean reading of not long before this time, CLOCK_MONOTONIC. */
bool continuity_is_recent(const struct continuity *continuity, uint64_t t_ns);

/* Whether a damaged frame is no proof of such a step. */
bool continuity_is_broken(const struct continuity *continuity,
			  const struct reading *reading);

#endif
