/* SPDX-License-Identifier: MIT */
/* What one accepted frame says: the values of one sensor at one time.
 *
 * Memory: no pointers; queues and stores copy it.
 * Pure: the functions touch their arguments only.
 */
#ifndef MODEL_READING_H
#define MODEL_READING_H

#include <stdint.h>

#include "model/quantity.h"

enum { READING_MAX_VALUES = 4 };

/* Values are thousandths: no floating point between pin and payload. */
struct value {
	int32_t milli; /* thousandths of the quantity's unit */
	uint8_t quantity; /* enum quantity */
	uint8_t digits; /* decimals that the sensor resolves, 0..3 */
};

enum reading_flag {
	READING_REPAIRED = 1 << 0, /* the frame was damaged and mended */
	READING_CLOCK_UNSYNCED = 1 << 1, /* the wall clock was not set when it was read */
};

struct reading {
	uint64_t t_ns; /* CLOCK_MONOTONIC of the start pulse */
	int64_t wall_ms; /* the same moment, UTC */
	uint64_t seq; /* of this gateway; never reused */
	uint16_t sensor; /* index into config.sensors[] */
	uint8_t flags; /* enum reading_flag */
	uint8_t num_values;
	struct value values[READING_MAX_VALUES];
};
_Static_assert(sizeof(struct reading) == 64, "queues budget 64 bytes a reading");

/* Appends a value; does nothing where READING_MAX_VALUES are there. */
void reading_add(struct reading *reading, enum quantity quantity, int32_t milli,
		 unsigned digits);

/* Thousandths rounded to so many decimals (0..3), half away from zero. */
int32_t reading_round(int32_t milli, unsigned digits);

/* The value of that quantity; NULL: the reading has none. */
const struct value *reading_find(const struct reading *reading, enum quantity quantity);

#endif
