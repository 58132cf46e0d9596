/* SPDX-License-Identifier: MIT */
#include "store/series.h"

#include <string.h>

static const int32_t milli_of_unit[] = { 1000, 100, 10, 1 };

enum { MAX_DIGITS = 3 };

static uint64_t to_zigzag(int64_t number)
{
	return (uint64_t)number << 1 ^ (uint64_t)(number < 0 ? -1 : 0);
}

static int64_t from_zigzag(uint64_t number)
{
	return (int64_t)(number >> 1 ^ (0 - (number & 1)));
}

static size_t put_number(uint64_t number, uint8_t *out)
{
	size_t length = 0;

	for (; number > 0x7f; number >>= 7)
		out[length++] = (uint8_t)(number | 0x80);
	out[length++] = (uint8_t)number;
	return length;
}

static bool get_number(struct series_source *source, uint64_t *out)
{
	unsigned shift = 0;
	uint8_t byte;

	*out = 0;
	do {
		if (source->num_bytes == 0 || shift > 63)
			return false;
		byte = *source->bytes++;
		source->num_bytes--;
		*out |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	return true;
}

/* In the last decimal, half away from zero, as it is posted. */
static int32_t to_units(int32_t milli, uint8_t digits)
{
	int32_t unit = milli_of_unit[digits];
	int64_t half = milli < 0 ? -(unit / 2) : unit / 2;

	return (int32_t)((milli + half) / unit);
}

size_t series_begin(struct series *series, enum series_level level,
		    const struct summary *first, uint8_t out[SERIES_MAX_HEAD])
{
	size_t length = 0;

	*series = (struct series){
		.level = level,
		.num_values = first->num_values,
		.wall_ms = first->wall_ms,
	};
	out[length++] = (uint8_t)level;
	out[length++] = first->num_values;
	for (uint8_t i = 0; i < first->num_values; i++) {
		out[length++] = series->quantities[i] = first->values[i].quantity;
		out[length++] = series->digits[i] = first->values[i].digits;
	}
	return length;
}

bool series_takes(const struct series *series, const struct summary *summary)
{
	if (series->num_values != summary->num_values)
		return false;
	for (uint8_t i = 0; i < summary->num_values; i++) {
		if (series->quantities[i] != summary->values[i].quantity ||
		    series->digits[i] != summary->values[i].digits)
			return false;
	}
	return true;
}

size_t series_put(struct series *series, const struct summary *summary,
		  uint8_t out[SERIES_MAX_RECORD])
{
	int64_t step_ms = summary->wall_ms - series->wall_ms;
	size_t length = put_number(to_zigzag(step_ms - series->step_ms), out);

	series->step_ms = step_ms;
	series->wall_ms = summary->wall_ms;
	if (series->level == SERIES_SUMMARIES)
		length += put_number(summary->num_readings, out + length);
	for (uint8_t i = 0; i < series->num_values; i++) {
		const struct summary_value *value = &summary->values[i];
		int32_t mean = to_units(value->mean_milli, value->digits);
		int32_t least = to_units(value->least_milli, value->digits);
		int32_t most = to_units(value->most_milli, value->digits);

		length += put_number(to_zigzag((int64_t)mean - series->units[i]),
				     out + length);
		series->units[i] = mean;
		if (series->level == SERIES_READINGS)
			continue;
		length += put_number((uint64_t)((int64_t)mean - least), out + length);
		length += put_number((uint64_t)((int64_t)most - mean), out + length);
	}
	return length;
}

bool series_open(struct series *series, int64_t start_ms, struct series_source *source)
{
	const uint8_t *bytes = source->bytes;
	size_t num_head;

	if (source->num_bytes < 2 || bytes[0] > SERIES_SUMMARIES ||
	    bytes[1] > READING_MAX_VALUES)
		return false;
	num_head = 2 + 2 * (size_t)bytes[1];
	if (source->num_bytes < num_head)
		return false;
	*series = (struct series){
		.level = (enum series_level)bytes[0],
		.num_values = bytes[1],
		.wall_ms = start_ms,
	};
	for (uint8_t i = 0; i < series->num_values; i++) {
		series->quantities[i] = bytes[2 + 2 * i];
		series->digits[i] = bytes[3 + 2 * i];
		if (series->quantities[i] >= NUM_QUANTITIES ||
		    series->digits[i] > MAX_DIGITS)
			return false;
	}
	source->bytes += num_head;
	source->num_bytes -= num_head;
	return true;
}

/* What is so many units above another number of them, in thousandths. */
static bool to_milli(int64_t units, int64_t above, int32_t unit, int32_t *out)
{
	int64_t milli;

	return !__builtin_add_overflow(units, above, &units) &&
	       !__builtin_mul_overflow(units, unit, &milli) &&
	       !__builtin_add_overflow(milli, 0, out);
}

static bool get_value(struct series *series, size_t index, struct series_source *source,
		      struct summary_value *out)
{
	int32_t unit = milli_of_unit[series->digits[index]];
	uint64_t change, below = 0, above = 0;
	int64_t mean;

	if (!get_number(source, &change) ||
	    __builtin_add_overflow(series->units[index], from_zigzag(change), &mean))
		return false;
	if (series->level == SERIES_SUMMARIES &&
	    (!get_number(source, &below) || !get_number(source, &above) ||
	     below > UINT32_MAX || above > UINT32_MAX))
		return false;
	out->quantity = series->quantities[index];
	out->digits = series->digits[index];
	if (!to_milli(mean, 0, unit, &out->mean_milli) ||
	    !to_milli(mean, -(int64_t)below, unit, &out->least_milli) ||
	    !to_milli(mean, (int64_t)above, unit, &out->most_milli))
		return false;
	series->units[index] = (int32_t)mean;
	return true;
}

bool series_get(struct series *series, struct series_source *source, struct summary *out)
{
	uint64_t change, num_readings = 1;

	if (!get_number(source, &change) ||
	    __builtin_add_overflow(series->step_ms, from_zigzag(change),
				   &series->step_ms) ||
	    __builtin_add_overflow(series->wall_ms, series->step_ms, &series->wall_ms))
		return false;
	if (series->level == SERIES_SUMMARIES &&
	    (!get_number(source, &num_readings) || num_readings == 0 ||
	     num_readings > SUMMARY_MAX_READINGS))
		return false;
	*out = (struct summary){
		.wall_ms = series->wall_ms,
		.num_readings = (uint32_t)num_readings,
		.num_values = series->num_values,
	};
	for (uint8_t i = 0; i < series->num_values; i++) {
		if (!get_value(series, i, source, &out->values[i]))
			return false;
	}
	return true;
}
