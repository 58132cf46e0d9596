/* SPDX-License-Identifier: MIT */
/* The two byte layouts that the single-bus sensors share, both ways. A driver adds its range.
 *
 * Pure.
 */
#ifndef DECODE_BITS_H
#define DECODE_BITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "decode/driver.h"
#include "model/reading.h"
#include "model/verdict.h"

enum { BITS_DATA_BYTES = 4, BITS_SUM_BYTE = 4, BITS_FRAME_BYTES = 5 };

/* What a model can measure, as its datasheet says, ends included. */
struct bits_range {
	int32_t min_temperature_milli;
	int32_t max_temperature_milli;
	int32_t min_humidity_milli;
	int32_t max_humidity_milli;
};

/* How much the sum of the first four bytes is more than the fifth, modulo 256, in a frame of
 * num_bits, the last one lowest. Each bit adds its part. */
static inline uint8_t bits_sum_off(uint64_t bits, unsigned num_bits)
{
	uint64_t frame = bits >> (num_bits - 8 * BITS_FRAME_BYTES);
	uint32_t pairs =
		(uint32_t)(frame >> 8 & 0xff00ff) + (uint32_t)(frame >> 16 & 0xff00ff);

	return (uint8_t)(pairs + (pairs >> 16) - (uint32_t)frame);
}

static inline bool bits_add_up(uint64_t bits, unsigned num_bits)
{
	return bits_sum_off(bits, num_bits) == 0;
}

/* The bits of a frame's bytes in a number, the last one lowest. */
static inline uint64_t bits_take(const uint8_t *bytes, unsigned num_bytes)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < num_bytes; i++)
		bits = bits << 8 | bytes[i];
	return bits;
}

/* The inverse: a frame's bytes, as they are sent. */
static inline void bits_put(uint64_t bits, unsigned num_bytes, uint8_t *bytes_out)
{
	for (unsigned i = 0; i < num_bytes; i++)
		bytes_out[i] = (uint8_t)(bits >> (8 * (num_bytes - 1 - i)));
}

/* HH HH TT TT SS: humidity and temperature as 16-bit tenths.
 *
 * The temperature's top nibble tells its encoding: 0 positive, 8 sign-magnitude, F two's
 * complement. Within -40..80 degree C the two never meet; 0x8000 is 0.0. Other nibbles are
 * no temperature. What hung sensors send is refused: 0 degree C with at most 2 %, 0.1 or 1
 * degree C with 1.0 %, and nothing but zeros. Returns and fills as driver.decode.
 */
enum verdict bits_take_tenths(const uint8_t *bytes, const struct bits_range *range,
			      struct reading *out);

/* How a negative temperature is sent in this layout. False: it is none, or it is 0x8000, which
 * units of both kinds send. */
bool bits_find_encoding(const uint8_t *bytes, enum encoding *out);

/* The inverse, as driver.encode; bytes_out: BITS_FRAME_BYTES, the sum included. */
must_check bool bits_put_tenths(const struct reading *values,
				const struct bits_range *range, enum encoding encoding,
				uint8_t *bytes_out);

/* HH hh TT tt SS: whole units and tenths (0..9) in a byte each; bit 7 of tt is the sign of
 * the temperature. What hung sensors send is refused as above. Returns and fills as
 * driver.decode. */
enum verdict bits_take_decimals(const uint8_t *bytes, const struct bits_range *range,
				struct reading *out);

/* The inverse, as driver.encode; there is no two's complement in this layout. */
must_check bool bits_put_decimals(const struct reading *values,
				  const struct bits_range *range, enum encoding encoding,
				  uint8_t *bytes_out);

#endif
