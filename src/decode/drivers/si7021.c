/* SPDX-License-Identifier: MIT */
/* Si7021 behind the single-bus controller of Sonoff / iTead probes (THS01, "SI7021 probe").
 * A bare Si7021 chip speaks I2C and is another thing.
 *
 * On the wire, us: host low 440..520, high 25 | low 60, high 80 |
 *                  40 x (low 40, high 25 = 0 or 75 = 1) | low 40
 *                  a longer or shorter start pulse is not answered
 * Bytes, MSB first: HH HH TT TT SS
 *   H  16 bit  relative humidity, 0.1 %
 *   T  16 bit  temperature, 0.1 degree C; sign as in dht22.c
 *   S   8 bit  low byte of the sum of the four bytes before it
 *
 * Source: Tasmota#735 and #17988 (times, start pulse); no unit was recorded.
 */
#include "decode/bits.h"
#include "decode/driver.h"

static const struct bits_range range = {
	.min_temperature_milli = -40000,
	.max_temperature_milli = 80000,
	.min_humidity_milli = 0,
	.max_humidity_milli = 100000,
};

static enum verdict si7021_decode(const uint8_t *bytes, struct reading *out)
{
	return bits_take_tenths(bytes, &range, out);
}

static bool si7021_encode(const struct reading *values, enum encoding encoding,
			  uint8_t *bytes_out)
{
	return bits_put_tenths(values, &range, encoding, bytes_out);
}

static const char *const aliases[] = { "ths01", NULL };

const struct driver driver_si7021 = {
	.name = "si7021",
	.title = "Sonoff / iTead Si7021 probe, THS01: temperature and humidity",
	.aliases = aliases,
	.probe = {
		.start_low_us = 480,
		.frame_us = 6000, /* as the dht22 */
		.min_interval_ms = 2000,
		.power_up_ms = 2000,
	},
	.wire = {
		.release_us = 25,
		.response_low_us = 60,
		.response_high_us = 80,
		.bit_low_us = 40,
		.zero_high_us = 25,
		.one_high_us = 75,
		.end_low_us = 40,
		.num_bits = 40,
	},
	.num_zero_bits = 6,
	.has_encodings = true,
	.decode = si7021_decode,
	.encode = si7021_encode,
};
