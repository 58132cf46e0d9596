/* SPDX-License-Identifier: MIT */
#include "unit/decode_test.h"

/* xorshift64*: Vigna, ACM TOMS 42 (4), 2016. */
uint32_t test_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)((*state * UINT64_C(2685821657736338717)) >> 32);
}

int32_t test_random_between(uint64_t *state, int32_t min, int32_t max)
{
	return min + (int32_t)(test_random(state) % (uint32_t)(max - min + 1));
}

struct reading test_values(int32_t temperature_milli, int32_t humidity_milli)
{
	struct reading reading = { 0 };

	reading_add(&reading, QUANTITY_TEMPERATURE, temperature_milli, 1);
	reading_add(&reading, QUANTITY_HUMIDITY, humidity_milli, 1);
	return reading;
}

struct reading test_random_values(uint64_t *state, const struct driver *driver,
				  uint8_t *bytes_out)
{
	for (;;) {
		enum encoding encoding = test_random(state) % 2 ? ENCODING_TWOS_COMPLEMENT
								: ENCODING_SIGN_MAGNITUDE;
		int32_t humidity = test_random_between(state, 0, 1000) * 100;
		int32_t temperature = test_random_between(state, -400, 800) * 100;
		struct reading values = test_values(temperature, humidity);

		if (driver->encode(&values, encoding, bytes_out))
			return values;
	}
}

void test_collect(const struct edge *records, size_t num_records, struct frame *out)
{
	struct framer framer;
	bool again;

	framer_init(&framer);
	for (size_t i = 0; i < num_records; i++)
		if (framer_feed(&framer, &records[i], &again))
			*out = framer.frame;
}

void test_frame(const struct driver *driver, const uint8_t *bytes,
		const struct imperfections *imperfections, enum waveform_edges edges,
		struct frame *out)
{
	static const struct imperfections none;
	struct edge records[FRAME_MAX_EDGES + 4];
	size_t num_records =
		waveform_make(driver, bytes, imperfections ? imperfections : &none, edges,
			      TEST_START_NS, records);

	test_collect(records, num_records, out);
}

bool test_is_same(const struct reading *a, const struct reading *b)
{
	if (a->num_values != b->num_values)
		return false;
	for (unsigned i = 0; i < a->num_values; i++)
		if (a->values[i].quantity != b->values[i].quantity ||
		    a->values[i].milli != b->values[i].milli)
			return false;
	return true;
}
