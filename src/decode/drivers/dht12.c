/* SPDX-License-Identifier: MIT */
/* DHT12 temperature and humidity sensor on the single bus (SCL low at power-up).
 *
 * On the wire, us: host low >= 18000, high 30 | low 80, high 80 |
 *                  40 x (low 50, high 26 = 0 or 70 = 1) | low 50
 * Bytes, MSB first: HH hh TT tt SS
 *   H   8 bit  relative humidity, whole %
 *   h   8 bit  its tenths, 0..9
 *   T   8 bit  temperature, whole degree C, magnitude
 *   t   8 bit  its tenths, 0..9; bit 7 is the sign
 *   S   8 bit  low byte of the sum of the four bytes before it
 *
 * Source: Aosong DHT12 manual, page 6: as the DHT11, with tenths. Times are the manual's;
 * no unit was recorded.
 */
#include "decode/bits.h"
#include "decode/driver.h"

static const struct bits_range range = {
	.min_temperature_milli = -20000,
	.max_temperature_milli = 60000,
	.min_humidity_milli = 20000,
	.max_humidity_milli = 95000,
};

static enum verdict dht12_decode(const uint8_t *bytes, struct reading *out)
{
	return bits_take_decimals(bytes, &range, out);
}

static bool dht12_encode(const struct reading *values, enum encoding encoding,
			 uint8_t *bytes_out)
{
	return bits_put_decimals(values, &range, encoding, bytes_out);
}

static const char *const aliases[] = { NULL };

const struct driver driver_dht12 = {
	.name = "dht12",
	.title = "Aosong DHT12 temperature and humidity, on the single bus",
	.aliases = aliases,
	.probe = {
		.start_low_us = 19000,
		.max_low_us = 30000, /* as the dht11 */
		.long_low_us = 25000,
		.frame_us = 6000, /* as the dht11 */
		.min_interval_ms = 2000,
		.power_up_ms = 1000,
	},
	.wire = {
		.release_us = 30,
		.response_low_us = 80,
		.response_high_us = 80,
		.bit_low_us = 50,
		.zero_high_us = 26,
		.one_high_us = 70,
		.end_low_us = 50,
		.num_bits = 40,
	},
	.num_zero_bits = 1,
	.decode = dht12_decode,
	.encode = dht12_encode,
};
