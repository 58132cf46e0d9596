/* SPDX-License-Identifier: MIT */
/* DHT21 / AM2301: the data of a DHT22 in a frame of 64 bits.
 *
 * On the wire, us: host low 800..20000, high 30 | low 80, high 81 |
 *                  64 x (low 59, high 26 = 0 or 75 = 1) | low 54
 *                  the low before bytes 2..8 is 63
 * Bytes, MSB first: HH HH TT TT SS 00 00 00
 *   H  16 bit  relative humidity, 0.1 %
 *   T  16 bit  temperature, 0.1 degree C; sign as in dht22.c
 *   S   8 bit  low byte of the sum of the four bytes before it
 *   the last three bytes are a pad, the same byte three times
 *
 * The datasheet tells of 40 bits; all recorded frames have 64. A unit that does send 40 is
 * to be read as a dht22, which differs in nothing else.
 *
 * Source: Aosong AM2301 product manual; frame length and times measured on 18 frames
 * (sigrok-dumps, am230x).
 */
#include "decode/bits.h"
#include "decode/driver.h"

enum { PAD_BYTE = BITS_FRAME_BYTES };

static const struct bits_range range = {
	.min_temperature_milli = -40000,
	.max_temperature_milli = 80000,
	.min_humidity_milli = 0,
	.max_humidity_milli = 100000,
};

static enum verdict dht21_decode(const uint8_t *bytes, struct reading *out)
{
	if (bytes[PAD_BYTE] != bytes[PAD_BYTE + 1] ||
	    bytes[PAD_BYTE] != bytes[PAD_BYTE + 2])
		return VERDICT_IMPLAUSIBLE;
	return bits_take_tenths(bytes, &range, out);
}

static bool dht21_encode(const struct reading *values, enum encoding encoding,
			 uint8_t *bytes_out)
{
	bytes_out[PAD_BYTE] = 0;
	bytes_out[PAD_BYTE + 1] = 0;
	bytes_out[PAD_BYTE + 2] = 0;
	return bits_put_tenths(values, &range, encoding, bytes_out);
}

static const char *const aliases[] = { "am2301", NULL };

const struct driver driver_dht21 = {
	.name = "dht21",
	.title = "Aosong DHT21 / AM2301 temperature and humidity",
	.aliases = aliases,
	.probe = {
		/* the sheets say 0.8 to 20 ms */
		.start_low_us = 2000,
		.max_low_us = 20000,
		.long_low_us = 18000,
		/* 33 ones at most before a pad of zeros: 7.4 ms; slow clones, or a pad of
		 * ones */
		.frame_us = 9500,
		.min_interval_ms = 2000,
		.power_up_ms = 2000,
	},
	.wire = {
		.release_us = 30,
		.response_low_us = 80,
		.response_high_us = 81,
		.bit_low_us = 59,
		.zero_high_us = 26,
		.one_high_us = 75,
		.byte_gap_us = 4,
		.end_low_us = 54,
		.num_bits = 64,
	},
	.num_zero_bits = 6,
	.has_encodings = true,
	.decode = dht21_decode,
	.encode = dht21_encode,
};
