/* SPDX-License-Identifier: MIT */
#include "model/reading.h"

#include <stddef.h>

void reading_add(struct reading *reading, enum quantity quantity, int32_t milli,
		 unsigned digits)
{
	if (reading->num_values >= READING_MAX_VALUES)
		return;
	reading->values[reading->num_values++] = (struct value){
		.milli = milli,
		.quantity = (uint8_t)quantity,
		.digits = (uint8_t)digits,
	};
}

const struct value *reading_find(const struct reading *reading, enum quantity quantity)
{
	for (unsigned i = 0; i < reading->num_values; i++) {
		if (reading->values[i].quantity == (uint8_t)quantity)
			return &reading->values[i];
	}
	return NULL;
}

int32_t reading_round(int32_t milli, unsigned digits)
{
	static const int32_t steps[] = { 1000, 100, 10, 1 };
	int32_t step = steps[digits > 3 ? 3 : digits];

	return (milli + (milli < 0 ? -step / 2 : step / 2)) / step * step;
}
