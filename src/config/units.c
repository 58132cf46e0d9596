/* SPDX-License-Identifier: MIT */
#include "config/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct unit durations[] = {
	{ "d", 86400000, true }, { "h", 3600000, true }, { "m", 60000, true },
	{ "s", 1000, true },     { "ms", 1, true },
};

static const struct unit sizes[] = {
	{ "GiB", 1 << 30, true }, { "GB", 1000000000, false }, { "MiB", 1 << 20, true },
	{ "MB", 1000000, false }, { "KiB", 1 << 10, true },    { "kB", 1000, false },
	{ "B", 1, true },
};

const struct unit *units_of_duration(size_t *num_out)
{
	*num_out = array_length(durations);
	return durations;
}

const struct unit *units_of_size(size_t *num_out)
{
	*num_out = array_length(sizes);
	return sizes;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const struct unit *find_unit(const struct unit *units, size_t num_units,
				    const char *name, size_t length)
{
	for (size_t i = 0; i < num_units; i++) {
		if (strlen(units[i].name) == length &&
		    strncmp(units[i].name, name, length) == 0)
			return &units[i];
	}
	return NULL;
}

/* A decimal number at *cursor as digits / scale; moves the cursor behind it. */
static int parse_number(const char **cursor, uint64_t *out_digits, uint64_t *out_scale)
{
	const char *s = *cursor;
	bool is_fraction = false;
	uint64_t digits = 0, scale = 1;

	if (!is_digit(*s))
		return -EINVAL;
	for (;; s++) {
		if (*s == '.' && !is_fraction && is_digit(s[1])) {
			is_fraction = true;
			continue;
		}
		if (!is_digit(*s))
			break;
		if (digits > (UINT64_MAX - 9) / 10 ||
		    (is_fraction && scale >= 1000000000))
			return -ERANGE;
		digits = digits * 10 + (uint64_t)(*s - '0');
		scale *= is_fraction ? 10 : 1;
	}
	*cursor = s;
	*out_digits = digits;
	*out_scale = scale;
	return 0;
}

/* One number and its unit, as "1h" in "1h30m". */
static int parse_part(const char **cursor, const struct unit *units, size_t num_units,
		      const struct unit **unit_out, uint64_t *out)
{
	uint64_t digits, scale, product;
	int result = parse_number(cursor, &digits, &scale);

	if (result < 0)
		return result;

	const char *name = *cursor + strspn(*cursor, " ");
	size_t length = strcspn(name, "0123456789. ");
	const struct unit *unit = find_unit(units, num_units, name, length);

	if (!unit)
		return *name == '\0' ? -EDOM : -EINVAL;
	if (__builtin_mul_overflow(digits, unit->size, &product) || product % scale != 0)
		return -ERANGE;
	*cursor = name + length;
	*unit_out = unit;
	*out = product / scale;
	return 0;
}

static int parse(const char *text, const struct unit *units, size_t num_units,
		 uint64_t *out)
{
	const struct unit *unit, *last = NULL;
	uint64_t sum = 0, part;

	do {
		int result = parse_part(&text, units, num_units, &unit, &part);

		if (result < 0)
			return result;
		/* 1h30m, and neither 30m1h nor 1h1h. */
		if (last && unit->size >= last->size)
			return -EINVAL;
		if (__builtin_add_overflow(sum, part, &sum))
			return -ERANGE;
		last = unit;
	} while (*text);
	*out = sum;
	return 0;
}

static void format(uint64_t value, const struct unit *units, size_t num_units, char *out)
{
	const struct unit *unit = &units[num_units - 1];

	for (size_t i = 0; value != 0 && i < num_units; i++) {
		if (units[i].is_for_output && value % units[i].size == 0) {
			unit = &units[i];
			break;
		}
	}
	snprintf(out, UNITS_MAX_TEXT, "%" PRIu64 "%s", value / unit->size, unit->name);
}

int units_parse_duration(const char *text, uint64_t *out_ms)
{
	return parse(text, durations, array_length(durations), out_ms);
}

int units_parse_size(const char *text, uint64_t *out_bytes)
{
	return parse(text, sizes, array_length(sizes), out_bytes);
}

void units_format_duration(uint64_t duration_ms, char *out)
{
	format(duration_ms, durations, array_length(durations), out);
}

void units_format_size(uint64_t size_bytes, char *out)
{
	format(size_bytes, sizes, array_length(sizes), out);
}
