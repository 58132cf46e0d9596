/* SPDX-License-Identifier: MIT */
/* DHT22 / AM2302 family: RHT03, AM2303, AM2305, AM2320, AM2321, AM2322 on the single bus.
 *
 * On the wire, us: host low 800..20000, high 30 | low 80, high 80 |
 *                  40 x (low 54, high 26 = 0 or 73 = 1) | low 47
 *                  the low before bytes 2..5 is 67
 * Bytes, MSB first: HH HH TT TT SS
 *   H  16 bit  relative humidity, 0.1 %
 *   T  16 bit  temperature, 0.1 degree C; bit 15 is the sign; many modules send two's
 *              complement instead, and 0x8000 between 0.0 and -0.1
 *   S   8 bit  low byte of the sum of the four bytes before it
 *
 * The values are those of the measurement before: a sensor asked once a minute tells what
 * was a minute ago, and the first frame after power-up is worthless.
 *
 * Source: Aosong AM2302 and AM2320 product manuals, single-bus communication; times are the
 * means of 151 frames of three sensors (sigrok-dumps, am230x). Negative encodings:
 * Tasmota#14165, DHTNew#52, adafruit/DHT-sensor-library#182.
 */
#include "decode/bits.h"
#include "decode/driver.h"

static const struct bits_range range = {
	.min_temperature_milli = -40000,
	.max_temperature_milli = 80000,
	.min_humidity_milli = 0,
	.max_humidity_milli = 100000,
};

static enum verdict dht22_decode(const uint8_t *bytes, struct reading *out)
{
	return bits_take_tenths(bytes, &range, out);
}

static bool dht22_encode(const struct reading *values, enum encoding encoding,
			 uint8_t *bytes_out)
{
	return bits_put_tenths(values, &range, encoding, bytes_out);
}

static const char *const aliases[] = { "am2302", "rht03",  "am2303", "am2305",
				       "am2320", "am2321", "am2322", NULL };

const struct driver driver_dht22 = {
	.name = "dht22",
	.title = "Aosong DHT22 / AM2302 / AM2320 temperature and humidity",
	.aliases = aliases,
	.probe = {
		/* the sheets say 0.8 to 20 ms, that of the AM2303 18 ms */
		.start_low_us = 1200,
		.max_low_us = 20000,
		.long_low_us = 18000,
		/* 33 ones at most fit the range: 5.1 ms, and 15 % for slow clones */
		.frame_us = 6000,
		.min_interval_ms = 2000,
		.power_up_ms = 2000,
	},
	.wire = {
		.release_us = 30,
		.response_low_us = 80,
		.response_high_us = 80,
		.bit_low_us = 54,
		.zero_high_us = 26,
		.one_high_us = 73,
		.byte_gap_us = 13,
		.end_low_us = 47,
		.num_bits = 40,
	},
	.num_zero_bits = 6,
	.has_encodings = true,
	.decode = dht22_decode,
	.encode = dht22_encode,
};
