/* SPDX-License-Identifier: MIT */
#include "decode/bits.h"

#include <stddef.h>

#include "decode/check.h"

enum { MILLI_PER_TENTH = 100, RESOLVED_DIGITS = 1 };

enum {
	SIGN_BIT = 0x8000,
	MAGNITUDE_BITS = 0x7fff,
	DECIMALS_SIGN_BIT = 0x80,
	DECIMALS_BITS = 0x7f,
	MAX_DECIMAL = 9,
};

static bool is_in_range(const struct bits_range *range, int32_t temperature_milli,
			int32_t humidity_milli)
{
	return temperature_milli >= range->min_temperature_milli &&
	       temperature_milli <= range->max_temperature_milli &&
	       humidity_milli >= range->min_humidity_milli &&
	       humidity_milli <= range->max_humidity_milli;
}

static enum verdict give(const struct bits_range *range, int32_t temperature_tenths,
			 int32_t humidity_tenths, struct reading *out)
{
	int32_t temperature_milli = temperature_tenths * MILLI_PER_TENTH;
	int32_t humidity_milli = humidity_tenths * MILLI_PER_TENTH;

	if (!is_in_range(range, temperature_milli, humidity_milli))
		return VERDICT_IMPLAUSIBLE;
	reading_add(out, QUANTITY_TEMPERATURE, temperature_milli, RESOLVED_DIGITS);
	reading_add(out, QUANTITY_HUMIDITY, humidity_milli, RESOLVED_DIGITS);
	return VERDICT_CLEAN;
}

static bool find_tenths(const struct reading *values, enum quantity quantity,
			int32_t *tenths_out)
{
	for (size_t i = 0; i < values->num_values && i < READING_MAX_VALUES; i++) {
		if (values->values[i].quantity != quantity)
			continue;
		int32_t milli = values->values[i].milli;
		int32_t half = milli < 0 ? -MILLI_PER_TENTH / 2 : MILLI_PER_TENTH / 2;

		/* Away from the ends of int32_t, where the half would overflow. */
		if (milli < -INT16_MAX * MILLI_PER_TENTH ||
		    milli > INT16_MAX * MILLI_PER_TENTH)
			return false;
		*tenths_out = (milli + half) / MILLI_PER_TENTH;
		return true;
	}
	return false;
}

/* The values to send, rounded to tenths; false where the model does not measure them. */
static bool take_values(const struct reading *values, const struct bits_range *range,
			int32_t *temperature_tenths_out, int32_t *humidity_tenths_out)
{
	return find_tenths(values, QUANTITY_TEMPERATURE, temperature_tenths_out) &&
	       find_tenths(values, QUANTITY_HUMIDITY, humidity_tenths_out) &&
	       is_in_range(range, *temperature_tenths_out * MILLI_PER_TENTH,
			   *humidity_tenths_out * MILLI_PER_TENTH);
}

/* Seen from sensors in trouble, with a good sum: T 0 and RH 1 or 2 %, T 0.1 and RH 1.0. */
static bool is_known_bogus(int32_t temperature_tenths, int32_t humidity_tenths)
{
	return (temperature_tenths == 0 && humidity_tenths <= 20) ||
	       (temperature_tenths == 1 && humidity_tenths == 10);
}

enum verdict bits_take_tenths(const uint8_t *bytes, const struct bits_range *range,
			      struct reading *out)
{
	int32_t humidity_tenths = bytes[0] << 8 | bytes[1];
	int32_t raw = bytes[2] << 8 | bytes[3];
	int32_t temperature_tenths;

	if (check_all_zero(bytes, BITS_FRAME_BYTES))
		return VERDICT_ALL_ZERO;
	switch (bytes[2] >> 4) {
	case 0x0:
		temperature_tenths = raw;
		break;
	case 0x8:
		temperature_tenths = -(raw & MAGNITUDE_BITS);
		break;
	case 0xf:
		temperature_tenths = raw - (1 << 16);
		break;
	default:
		return VERDICT_IMPLAUSIBLE;
	}
	if (is_known_bogus(temperature_tenths, humidity_tenths))
		return VERDICT_IMPLAUSIBLE;
	return give(range, temperature_tenths, humidity_tenths, out);
}

bool bits_find_encoding(const uint8_t *bytes, enum encoding *out)
{
	int32_t raw = bytes[2] << 8 | bytes[3];

	*out = bytes[2] >> 4 == 0xf ? ENCODING_TWOS_COMPLEMENT : ENCODING_SIGN_MAGNITUDE;
	return raw > SIGN_BIT;
}

bool bits_put_tenths(const struct reading *values, const struct bits_range *range,
		     enum encoding encoding, uint8_t *bytes_out)
{
	int32_t temperature_tenths, humidity_tenths;
	int32_t raw;

	if (!take_values(values, range, &temperature_tenths, &humidity_tenths) ||
	    is_known_bogus(temperature_tenths, humidity_tenths))
		return false;
	raw = temperature_tenths;
	if (raw < 0 && encoding == ENCODING_SIGN_MAGNITUDE)
		raw = SIGN_BIT | -raw;
	bytes_out[0] = (uint8_t)(humidity_tenths >> 8);
	bytes_out[1] = (uint8_t)humidity_tenths;
	bytes_out[2] = (uint8_t)((uint32_t)raw >> 8);
	bytes_out[3] = (uint8_t)raw;
	bytes_out[BITS_SUM_BYTE] = check_sum8(bytes_out, BITS_DATA_BYTES);
	return true;
}

enum verdict bits_take_decimals(const uint8_t *bytes, const struct bits_range *range,
				struct reading *out)
{
	int32_t temperature_decimal = bytes[3] & DECIMALS_BITS;
	int32_t temperature_tenths = bytes[2] * 10 + temperature_decimal;

	if (check_all_zero(bytes, BITS_FRAME_BYTES))
		return VERDICT_ALL_ZERO;
	if (bytes[1] > MAX_DECIMAL || temperature_decimal > MAX_DECIMAL)
		return VERDICT_IMPLAUSIBLE;
	if (bytes[3] & DECIMALS_SIGN_BIT)
		temperature_tenths = -temperature_tenths;
	return give(range, temperature_tenths, bytes[0] * 10 + bytes[1], out);
}

bool bits_put_decimals(const struct reading *values, const struct bits_range *range,
		       enum encoding encoding, uint8_t *bytes_out)
{
	int32_t temperature_tenths, humidity_tenths;
	uint8_t sign = 0;

	if (encoding != ENCODING_SIGN_MAGNITUDE ||
	    !take_values(values, range, &temperature_tenths, &humidity_tenths))
		return false;
	if (temperature_tenths < 0) {
		temperature_tenths = -temperature_tenths;
		sign = DECIMALS_SIGN_BIT;
	}
	bytes_out[0] = (uint8_t)(humidity_tenths / 10);
	bytes_out[1] = (uint8_t)(humidity_tenths % 10);
	bytes_out[2] = (uint8_t)(temperature_tenths / 10);
	bytes_out[3] = (uint8_t)(temperature_tenths % 10 | sign);
	bytes_out[BITS_SUM_BYTE] = check_sum8(bytes_out, BITS_DATA_BYTES);
	return true;
}
