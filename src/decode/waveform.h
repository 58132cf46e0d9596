/* SPDX-License-Identifier: MIT */
/* What a sensor puts on the wire: bytes and imperfections in, edges out. The one source of
 * simulated frames: the sim chip, `synth`, golden files, property tests, the board.
 *
 * Pure: the randomness is the seed in the imperfections.
 */
#ifndef DECODE_WAVEFORM_H
#define DECODE_WAVEFORM_H

#include <stddef.h>
#include <stdint.h>

#include "decode/driver.h"
#include "model/frame.h"

/* How far a sensor, its wire and the kernel are from the ideal. Zeroed: not at all. */
struct imperfections {
	uint32_t seed; /* of what is random below */
	int32_t scale_permille; /* the sensor's clock is slow by so much: -200..200 */
	uint32_t jitter_ns; /* each edge moved by up to so much, either way */
	uint32_t armed_ns; /* edges before this time after the release are not reported */
	uint32_t rise_ns; /* slow pull-up: rising edges late by so much */
	uint32_t tick_ns; /* stamps are cut to multiples of this; 0: they are not */
	uint32_t glitch_permille; /* chance of a short spike in an interval */
	uint32_t lost_permille; /* chance of an edge not reported */
};

/* Which edges capture would report. */
enum waveform_edges { WAVEFORM_FALLING, WAVEFORM_RISING, WAVEFORM_BOTH };
enum { NUM_WAVEFORM_EDGES = WAVEFORM_BOTH + 1 };

/* Lays down the whole attempt: START at start_ns, the probe's start pulse, RELEASE, ARMED,
 * the edges, END. The first edge is the wire's own rise when the host lets go.
 *
 * bytes: wire.num_bits / 8; NULL: the sensor is silent
 * out:   at least FRAME_MAX_EDGES + 4 records
 * Returns the number of records.
 */
size_t waveform_make(const struct driver *driver, const uint8_t *bytes,
		     const struct imperfections *imperfections, enum waveform_edges edges,
		     uint64_t start_ns, struct edge *out);

#endif
