/* SPDX-License-Identifier: MIT */
#include "config/pattern.h"

#include <inttypes.h>

/* The longest run of numbers from `min` that differ in one digit and in all behind it, as
 * 20 to 49 is [2-4][0-9]. Returns its last number. */
static uint64_t add_run(uint64_t min, uint64_t max, struct text *out)
{
	uint64_t step = 1;
	unsigned num_free = 0;

	while (min > 0 && min % (step * 10) == 0 && min + step * 10 - 1 <= max) {
		step *= 10;
		num_free++;
	}

	uint64_t first = min / step % 10, last = first;

	while (last < 9 && min + (last - first + 2) * step - 1 <= max)
		last++;
	if (min / step >= 10)
		text_add(out, "%" PRIu64, min / step / 10);
	if (first == last)
		text_add(out, "%" PRIu64, first);
	else
		text_add(out, "[%" PRIu64 "-%" PRIu64 "]", first, last);
	if (num_free > 0)
		text_add(out, "[0-9]");
	if (num_free > 1)
		text_add(out, "{%u}", num_free);
	return min + (last - first + 1) * step - 1;
}

void pattern_add_range(uint64_t min, uint64_t max, struct text *out)
{
	for (uint64_t next = min; next <= max;) {
		text_add(out, "%s", next == min ? "" : "|");
		next = add_run(next, max, out) + 1;
	}
}

static void add_names(const struct unit *units, size_t num_units, struct text *out)
{
	text_add(out, "(?:");
	for (size_t i = 0; i < num_units; i++)
		text_add(out, "%s%s", i == 0 ? "" : "|", units[i].name);
	text_add(out, ")");
}

void pattern_add_quantity(const struct unit *units, size_t num_units, uint64_t min,
			  uint64_t max, struct text *out)
{
	for (size_t i = 0; i < num_units; i++) {
		uint64_t size = units[i].size;

		if (max / size < (min + size - 1) / size)
			continue;
		text_add(out, "0*(?:");
		pattern_add_range((min + size - 1) / size, max / size, out);
		text_add(out, ") *%s|", units[i].name);
	}
	text_add(out, "[0-9]+\\.[0-9]+ *");
	add_names(units, num_units, out);
	text_add(out, "|(?:[0-9]+(?:\\.[0-9]+)? *");
	add_names(units, num_units, out);
	text_add(out, "){2,}");
}
