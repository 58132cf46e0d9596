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

/* What a frame that adds up says, or NOT_A_NUMBER. */
struct tenths {
	int32_t temperature;
	int32_t humidity;
};
enum { NOT_A_NUMBER = INT16_MAX };

static bool is_temperature(const struct bits_range *range, int32_t tenths)
{
	return tenths * MILLI_PER_TENTH >= range->min_temperature_milli &&
	       tenths * MILLI_PER_TENTH <= range->max_temperature_milli;
}

static bool is_humidity(const struct bits_range *range, int32_t tenths)
{
	return tenths * MILLI_PER_TENTH >= range->min_humidity_milli &&
	       tenths * MILLI_PER_TENTH <= range->max_humidity_milli;
}

/* Seen from sensors in trouble, with a good sum: T 0 and RH 1 or 2 %, T 0.1 and RH 1.0; and
 * from a DHT11 T 1 and RH 1 (esphome/issues#397). */
static bool is_known_bogus(const struct tenths *tenths)
{
	return (tenths->temperature == 0 && tenths->humidity <= 20) ||
	       (tenths->temperature == 1 && tenths->humidity == 10) ||
	       (tenths->temperature == 10 && tenths->humidity == 10);
}

static enum verdict give(const struct bits_range *range, const struct tenths *tenths,
			 struct reading *out)
{
	bool has_temperature = is_temperature(range, tenths->temperature);
	bool has_humidity = is_humidity(range, tenths->humidity);

	if (is_known_bogus(tenths))
		return VERDICT_HUNG;
	if (has_temperature != has_humidity)
		return VERDICT_HALF_VALID;
	if (!has_temperature)
		return VERDICT_IMPLAUSIBLE;
	reading_add(out, QUANTITY_TEMPERATURE, tenths->temperature * MILLI_PER_TENTH,
		    RESOLVED_DIGITS);
	reading_add(out, QUANTITY_HUMIDITY, tenths->humidity * MILLI_PER_TENTH,
		    RESOLVED_DIGITS);
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

/* The values to send, rounded to tenths; false where the model does not measure them, or no
 * sensor that works. */
static bool take_values(const struct reading *values, const struct bits_range *range,
			struct tenths *out)
{
	return find_tenths(values, QUANTITY_TEMPERATURE, &out->temperature) &&
	       find_tenths(values, QUANTITY_HUMIDITY, &out->humidity) &&
	       is_temperature(range, out->temperature) &&
	       is_humidity(range, out->humidity) && !is_known_bogus(out);
}

static int32_t temperature_of(const uint8_t *bytes)
{
	int32_t raw = bytes[2] << 8 | bytes[3];

	switch (bytes[2] >> 4) {
	case 0x0:
		return raw;
	case 0x8:
		return -(raw & MAGNITUDE_BITS);
	case 0xf:
		return raw - (1 << 16);
	default:
		return NOT_A_NUMBER;
	}
}

enum verdict bits_take_tenths(const uint8_t *bytes, const struct bits_range *range,
			      struct reading *out)
{
	struct tenths tenths = { .temperature = temperature_of(bytes),
				 .humidity = bytes[0] << 8 | bytes[1] };

	if (check_all_zero(bytes, BITS_FRAME_BYTES))
		return VERDICT_ALL_ZERO;
	return give(range, &tenths, out);
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
	struct tenths tenths;
	int32_t raw;

	if (!take_values(values, range, &tenths))
		return false;
	raw = tenths.temperature;
	if (raw < 0 && encoding == ENCODING_SIGN_MAGNITUDE)
		raw = SIGN_BIT | -raw;
	bytes_out[0] = (uint8_t)(tenths.humidity >> 8);
	bytes_out[1] = (uint8_t)tenths.humidity;
	bytes_out[2] = (uint8_t)((uint32_t)raw >> 8);
	bytes_out[3] = (uint8_t)raw;
	bytes_out[BITS_SUM_BYTE] = check_sum8(bytes_out, BITS_DATA_BYTES);
	return true;
}

static int32_t tenths_of(int32_t units, int32_t decimal)
{
	return decimal > MAX_DECIMAL ? NOT_A_NUMBER : units * 10 + decimal;
}

enum verdict bits_take_decimals(const uint8_t *bytes, const struct bits_range *range,
				struct reading *out)
{
	struct tenths tenths = {
		.temperature = tenths_of(bytes[2], bytes[3] & DECIMALS_BITS),
		.humidity = tenths_of(bytes[0], bytes[1]),
	};

	if (check_all_zero(bytes, BITS_FRAME_BYTES))
		return VERDICT_ALL_ZERO;
	if (bytes[3] & DECIMALS_SIGN_BIT)
		tenths.temperature = -tenths.temperature;
	return give(range, &tenths, out);
}

bool bits_put_decimals(const struct reading *values, const struct bits_range *range,
		       enum encoding encoding, uint8_t *bytes_out)
{
	struct tenths tenths;
	uint8_t sign = 0;

	if (encoding != ENCODING_SIGN_MAGNITUDE || !take_values(values, range, &tenths))
		return false;
	if (tenths.temperature < 0) {
		tenths.temperature = -tenths.temperature;
		sign = DECIMALS_SIGN_BIT;
	}
	bytes_out[0] = (uint8_t)(tenths.humidity / 10);
	bytes_out[1] = (uint8_t)(tenths.humidity % 10);
	bytes_out[2] = (uint8_t)(tenths.temperature / 10);
	bytes_out[3] = (uint8_t)(tenths.temperature % 10 | sign);
	bytes_out[BITS_SUM_BYTE] = check_sum8(bytes_out, BITS_DATA_BYTES);
	return true;
}
