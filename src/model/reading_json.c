/* SPDX-License-Identifier: MIT */
#include "model/reading_json.h"

#include "model/quantity.h"

void reading_json_values(struct text *out, const struct reading *reading)
{
	for (unsigned i = 0; i < reading->num_values; i++) {
		const struct value *value = &reading->values[i];

		text_add_string(out, i ? ",\"" : "\"");
		text_add_string(out, quantity_row((enum quantity)value->quantity)->name);
		text_add_string(out, "\":");
		text_add_milli(out, value->milli, value->digits);
	}
}

void reading_json_members(struct text *out, const struct reading *reading)
{
	text_add_string(out, "\"ts\":\"");
	text_add_time(out, reading->wall_ms);
	text_add_string(out, "\",\"seq\":");
	text_add_number(out, reading->seq);
	if (reading->num_values > 0)
		text_add_string(out, ",");
	reading_json_values(out, reading);
	if (reading->flags & READING_REPAIRED)
		text_add_string(out, ",\"repaired\":true");
	if (reading->flags & READING_CLOCK_UNSYNCED)
		text_add_string(out, ",\"clock\":\"unsynced\"");
}
