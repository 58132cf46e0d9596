/* SPDX-License-Identifier: MIT */
/* What several readings of one sensor say together: of each quantity the least, the mean and
 * the most. A single reading is a summary of one.
 *
 * Memory: no pointers; it crosses stages by value.
 * Pure.
 */
#ifndef MODEL_SUMMARY_H
#define MODEL_SUMMARY_H

#include <stdint.h>

#include "model/reading.h"

enum {
	/* Where several readings are kept as one summary, they are those of so much time. */
	SUMMARY_SPAN_MS = 5 * 60 * 1000,
	SUMMARY_MAX_READINGS = 10000, /* of more only so many count */
};

struct summary_value {
	int32_t least_milli; /* thousandths of the quantity's unit, as the next two */
	int32_t mean_milli;
	int32_t most_milli;
	uint8_t quantity; /* enum quantity */
	uint8_t digits; /* decimals that the sensor resolves, 0..3 */
};

struct summary {
	int64_t wall_ms; /* UTC; of several readings the mean */
	uint32_t num_readings;
	uint8_t num_values;
	struct summary_value values[READING_MAX_VALUES];
};

void summary_of_reading(const struct reading *reading, struct summary *out);

#endif
