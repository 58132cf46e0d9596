/* SPDX-License-Identifier: MIT */
/* DHT11 temperature and humidity sensor.
 *
 * On the wire, us: host low >= 18000, high 30 | low 80, high 86 |
 *                  40 x (low 54, high 24 = 0 or 70 = 1) | low 57
 * Bytes, MSB first: HH hh TT tt SS
 *   H   8 bit  relative humidity, whole %
 *   h   8 bit  its tenths; 0 in all units seen
 *   T   8 bit  temperature, whole degree C, magnitude
 *   t   8 bit  its tenths, 0..9; bit 7 is the sign: -(T + t/10). Old units send 0
 *   S   8 bit  low byte of the sum of the four bytes before it
 *
 * Range: old units 20..90 % and 0..50 degree C, since 2018 5..95 % and -20..60.
 *
 * Two things that other units are said to do are refused, as the frame does not tell them
 * apart: decimals of 10..99 (hundredths, in a datasheet of 2022; there a 5 would mean .05),
 * and a negative temperature as -1 - T + t/10.
 *
 * Source: Aosong DHT11 manual, section 5; ASAIR DHT11 V1.3; times are the means of 5 frames
 * (sigrok-dumps, am230x). Tenths and sign: adafruit/DHT-sensor-library#198, #199;
 * hundredths: RIOT-OS#19718.
 */
#include "decode/bits.h"
#include "decode/driver.h"

static const struct bits_range range = {
	.min_temperature_milli = -20000,
	.max_temperature_milli = 60000,
	.min_humidity_milli = 5000,
	.max_humidity_milli = 95000,
};

static enum verdict dht11_decode(const uint8_t *bytes, struct reading *out)
{
	return bits_take_decimals(bytes, &range, out);
}

static bool dht11_encode(const struct reading *values, enum encoding encoding,
			 uint8_t *bytes_out)
{
	return bits_put_decimals(values, &range, encoding, bytes_out);
}

static const char *const aliases[] = { NULL };

const struct driver driver_dht11 = {
	.name = "dht11",
	.title = "Aosong DHT11 temperature and humidity",
	.aliases = aliases,
	.probe = {
		/* ASAIR's later sheets allow 18 to 30 ms */
		.start_low_us = 19000,
		.max_low_us = 30000,
		.long_low_us = 25000,
		/* 25 ones at most fit the range: 4.6 ms, and 15 % for slow clones */
		.frame_us = 6000,
		.min_interval_ms = 1000,
		.power_up_ms = 1000,
	},
	.wire = {
		.release_us = 30,
		.response_low_us = 80,
		.response_high_us = 86,
		.bit_low_us = 54,
		.zero_high_us = 24,
		.one_high_us = 70,
		.end_low_us = 57,
		.num_bits = 40,
	},
	.num_zero_bits = 1,
	.decode = dht11_decode,
	.encode = dht11_encode,
};
