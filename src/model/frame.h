/* SPDX-License-Identifier: MIT */
/* One attempt to read a sensor, as its edges tell it. Input of the decoder.
 *
 * Memory: 4 KiB, no pointers; the framer owns one for each ring.
 */
#ifndef MODEL_FRAME_H
#define MODEL_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "model/edge.h"

enum {
	FRAME_MAX_EDGES = 256
}; /* an am2301 sends 132 edges, 4 of them before the first bit */

struct frame {
	uint64_t start_ns; /* CLOCK_MONOTONIC, as the three below; 0: not known */
	uint64_t release_ns;
	uint64_t armed_ns;
	uint64_t end_ns;
	uint16_t sensor; /* index into config.sensors[] */
	uint16_t num_edges;
	/* edges that the kernel merged into others, as far as that can be told */
	uint32_t num_merged;
	uint8_t attempt; /* 0: the first try of this reading */
	bool is_long; /* asked by the driver's long start pulse */
	bool is_fed_anew; /* the first attempt since the sensor got its power */
	bool is_cut; /* more edges came than fit, or the ring was full: not to be decoded */
	bool is_lost; /* the line or its chip failed while we listened */
	struct edge edges[FRAME_MAX_EDGES]; /* FALLING and RISING only */
};

#endif
