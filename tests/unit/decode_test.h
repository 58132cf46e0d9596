/* SPDX-License-Identifier: MIT */
/* Frames to try the decoder on. */
#ifndef UNIT_DECODE_TEST_H
#define UNIT_DECODE_TEST_H

#include <stdbool.h>
#include <stdint.h>

#include "decode/decode.h"
#include "decode/framer.h"
#include "decode/waveform.h"

enum { TEST_START_NS = 1000000000 };

/* xorshift64*: Vigna, ACM TOMS 42 (4), 2016. The state is not 0. */
static inline uint32_t test_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)((*state * UINT64_C(2685821657736338717)) >> 32);
}

static inline struct reading test_values(int32_t temperature_milli,
					 int32_t humidity_milli)
{
	struct reading reading = { 0 };

	reading_add(&reading, QUANTITY_TEMPERATURE, temperature_milli, 1);
	reading_add(&reading, QUANTITY_HUMIDITY, humidity_milli, 1);
	return reading;
}

/* Runs a waveform through the framer. */
static inline void test_frame(const struct driver *driver, const uint8_t *bytes,
			      const struct imperfections *imperfections,
			      enum waveform_edges edges, struct frame *out)
{
	static const struct imperfections none;
	struct edge records[FRAME_MAX_EDGES + 4];
	struct framer framer;
	size_t num_records;
	bool again;

	num_records = waveform_make(driver, bytes, imperfections ? imperfections : &none,
				    edges, TEST_START_NS, records);
	framer_init(&framer);
	for (size_t i = 0; i < num_records; i++)
		if (framer_feed(&framer, &records[i], &again))
			*out = framer.frame;
}

static inline bool test_is_same(const struct reading *a, const struct reading *b)
{
	if (a->num_values != b->num_values)
		return false;
	for (unsigned i = 0; i < a->num_values; i++)
		if (a->values[i].quantity != b->values[i].quantity ||
		    a->values[i].milli != b->values[i].milli)
			return false;
	return true;
}

#endif
