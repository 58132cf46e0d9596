/* SPDX-License-Identifier: MIT */
#include "decode/slip.h"

#include "decode/bits.h"

/* A frame, and what is known of its sensor. */
struct slip {
	const struct driver *driver;
	const struct continuity *continuity;
	uint64_t t_ns;
	uint64_t bits; /* as they came, the last one lowest */
};

static struct slip take(const struct driver *driver, const uint8_t *bytes,
			const struct continuity *continuity, uint64_t t_ns)
{
	struct slip slip = { .driver = driver, .continuity = continuity, .t_ns = t_ns };

	for (unsigned i = 0; i < driver->wire.num_bits / 8u; i++)
		slip.bits = slip.bits << 8 | bytes[i];
	return slip;
}

/* Turns bits into values; false where they are none. */
static bool read_bits(const struct slip *slip, uint64_t bits, struct reading *out)
{
	unsigned num_bits = slip->driver->wire.num_bits;
	uint8_t bytes[DRIVER_MAX_BYTES];

	*out = (struct reading){ .t_ns = slip->t_ns };
	bits_put(bits, num_bits / 8, bytes);
	return bits_add_up(bits, num_bits) &&
	       slip->driver->decode(bytes, out) == VERDICT_CLEAN;
}

static bool may_be_meant(const struct slip *slip, uint64_t bits)
{
	struct reading reading;

	return read_bits(slip, bits, &reading) &&
	       !continuity_is_broken(slip->continuity, &reading);
}

/* The first bit was lost, which is a 0, and the last one is not the sensor's. */
static bool is_moved_left(const struct slip *slip)
{
	return may_be_meant(slip, slip->bits >> 1);
}

/* The last bit was lost, and the first one is not the sensor's. */
static bool is_moved_right(const struct slip *slip)
{
	uint64_t frame = UINT64_MAX >> (64 - slip->driver->wire.num_bits);
	uint64_t bits = slip->bits << 1 & frame;

	return may_be_meant(slip, bits) || may_be_meant(slip, bits | 1);
}

enum verdict slip_judge(const struct driver *driver, const uint8_t *bytes,
			const struct continuity *continuity, uint64_t t_ns)
{
	struct slip slip = take(driver, bytes, continuity, t_ns);
	struct reading reading;

	if (!read_bits(&slip, slip.bits, &reading))
		return VERDICT_SLIPPED;

	bool is_left = is_moved_left(&slip);

	if (is_left == is_moved_right(&slip))
		return VERDICT_SLIPPED;
	return is_left ? VERDICT_DOUBLED : VERDICT_HALVED;
}

bool slip_explains(const struct driver *driver, const uint8_t *bytes,
		   const struct continuity *continuity, uint64_t t_ns)
{
	struct slip slip = take(driver, bytes, continuity, t_ns);

	return continuity_is_recent(continuity, t_ns) &&
	       (is_moved_left(&slip) || is_moved_right(&slip));
}
