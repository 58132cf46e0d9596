/* SPDX-License-Identifier: MIT */
#include "model/reading.h"

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
