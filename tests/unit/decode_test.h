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

/* A random number; *state is the seed, and not 0. */
uint32_t test_random(uint64_t *state);

/* From min to max, both included. */
int32_t test_random_between(uint64_t *state, int32_t min, int32_t max);

struct reading test_values(int32_t temperature_milli, int32_t humidity_milli);

/* Any values that the driver can send, and their bytes. Returns the values. */
struct reading test_random_values(uint64_t *state, const struct driver *driver,
				  uint8_t *bytes_out);

/* Runs records through the framer; the last frame is the one that counts. */
void test_collect(const struct edge *records, size_t num_records, struct frame *out);

/* Makes a waveform and the frame of it. NULL: no imperfections. */
void test_frame(const struct driver *driver, const uint8_t *bytes,
		const struct imperfections *imperfections, enum waveform_edges edges,
		struct frame *out);

bool test_is_same(const struct reading *a, const struct reading *b);

#endif
