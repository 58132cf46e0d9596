/* SPDX-License-Identifier: MIT */
#include "model/summary.h"

void summary_of_reading(const struct reading *reading, struct summary *out)
{
	*out = (struct summary){
		.wall_ms = reading->wall_ms,
		.num_readings = 1,
		.num_values = reading->num_values,
	};
	for (uint8_t i = 0; i < reading->num_values; i++) {
		const struct value *value = &reading->values[i];

		out->values[i] = (struct summary_value){
			.least_milli = value->milli,
			.mean_milli = value->milli,
			.most_milli = value->milli,
			.quantity = value->quantity,
			.digits = value->digits,
		};
	}
}
