/* SPDX-License-Identifier: MIT */
/* Magnus' formula for the pressure at which vapour is saturated over water, t in degree C:
 *
 *   e(t) = 6.112 hPa * exp(17.62 * t / (243.12 + t))               for t from -45 to 60
 *
 * The dew point is where e reaches the pressure that there is, U / 100 * e(t). The absolute
 * humidity is that of an ideal gas, 216.679 g K / (m3 hPa) * U / 100 * e(t) / T, T in kelvin.
 *
 * Over water below 0 degree C, too: so the dew point is defined (over ice it is the frost
 * point), and so sensors of relative humidity are calibrated.
 *
 * Source: WMO-No. 8, Guide to Instruments and Methods of Observation, annex 4.B; Sonntag 1990.
 * The gas constant of water: Vaisala B210973EN, Humidity Conversion Formulas.
 */
#include "decode/derive.h"

/* Numbers of 24 binary places. */
enum { PLACES = 24 };
static const int64_t ONE = INT64_C(1) << PLACES;
static const int64_t LN2 = 11629080; /* * 2^-24 = 0.693147 */

/* In thousandths. */
enum {
	MAGNUS_FACTOR = 17620,
	MAGNUS_OFFSET = 243120,
	KELVIN = 273150,
	SATURATED = 100000
};
static const int64_t GRAMS_KELVIN = 1324342; /* 6.112 * 216.679 */

/* The natural logarithm of a whole number from 1 on. */
static int64_t logarithm(uint32_t number)
{
	int64_t log2 = 0;
	uint64_t mantissa = number; /* from 1 to 2, of 31 binary places */

	while (mantissa < UINT64_C(1) << 31)
		mantissa <<= 1;
	for (uint32_t rest = number; rest > 1; rest >>= 1)
		log2 += ONE;
	for (int64_t bit = ONE / 2; bit > 0; bit /= 2) {
		mantissa = mantissa * mantissa >> 31;
		if (mantissa < UINT64_C(1) << 32)
			continue;
		mantissa >>= 1;
		log2 += bit;
	}
	return log2 * LN2 / ONE;
}

/* e to the power of x, from -15 to 15. */
static int64_t exponential(int64_t x)
{
	int64_t twos = x / LN2 - (x % LN2 < 0);
	int64_t rest = x - twos * LN2;
	int64_t term = ONE, sum = ONE;

	for (int64_t i = 1; term > 0; i++) {
		term = term * rest / ONE / i;
		sum += term;
	}
	return twos < 0 ? sum >> -twos : sum << twos;
}

/* What Magnus' formula raises e to. */
static int64_t exponent_at(int32_t temperature_milli)
{
	return MAGNUS_FACTOR * (temperature_milli * ONE) / 1000 /
	       (MAGNUS_OFFSET + temperature_milli);
}

static int32_t dew_point(int32_t temperature_milli, int32_t humidity_milli)
{
	int64_t exponent = exponent_at(temperature_milli) +
			   logarithm((uint32_t)humidity_milli) - logarithm(SATURATED);

	return (int32_t)(MAGNUS_OFFSET * exponent /
			 (MAGNUS_FACTOR * ONE / 1000 - exponent));
}

static int32_t absolute_humidity(int32_t temperature_milli, int32_t humidity_milli)
{
	int64_t saturated =
		GRAMS_KELVIN * exponential(exponent_at(temperature_milli)) / ONE;

	return (int32_t)(saturated * humidity_milli / 100 / (KELVIN + temperature_milli));
}

static void add(struct reading *reading, enum quantity quantity, int32_t milli,
		unsigned digits)
{
	unsigned most = digits > 3 ? 3 : digits;

	reading_add(reading, quantity, reading_round(milli, most), most);
}

void derive_add(struct reading *reading, uint32_t derived)
{
	const struct value *temperature = reading_find(reading, QUANTITY_TEMPERATURE);
	const struct value *humidity = reading_find(reading, QUANTITY_HUMIDITY);

	if (!temperature || !humidity)
		return;
	if (derived & DERIVED_DEW_POINT && humidity->milli > 0)
		add(reading, QUANTITY_DEW_POINT,
		    dew_point(temperature->milli, humidity->milli), temperature->digits);
	if (derived & DERIVED_ABSOLUTE_HUMIDITY)
		add(reading, QUANTITY_ABSOLUTE_HUMIDITY,
		    absolute_humidity(temperature->milli, humidity->milli),
		    humidity->digits + 1U);
}
