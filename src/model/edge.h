/* SPDX-License-Identifier: MIT */
/* What capture puts on the ring: a level change on a line, or a mark of what the host did.
 *
 * One attempt to read a sensor is START, RELEASE, ARMED, any number of FALLING and RISING,
 * END. A recorded edge log (gpio/recording.h) is the same records as text.
 */
#ifndef MODEL_EDGE_H
#define MODEL_EDGE_H

#include <stdint.h>

enum edge_event {
	EDGE_START, /* the host drives the line low */
	EDGE_RELEASE, /* the host lets go */
	EDGE_ARMED, /* from here on edges are reported */
	EDGE_FALLING,
	EDGE_RISING,
	EDGE_END, /* the attempt is over; detail says how */
};
enum { NUM_EDGE_EVENTS = EDGE_END + 1 };

/* The detail of an EDGE_START: the attempt's number in its turn, from 0, and flags. */
enum edge_start {
	EDGE_START_NUMBER = 0x3f,
	EDGE_START_LONG = 0x40, /* the driver's long start pulse */
	EDGE_START_FED = 0x80, /* the first attempt since the sensor got its power */
};

/* The detail of an EDGE_END. */
enum edge_end {
	EDGE_END_DONE, /* listened for as long as a frame lasts */
	EDGE_END_LOST, /* the line or its chip failed; t_ns is when */
};

/* No pointers: a ring may copy it. */
struct edge {
	/* CLOCK_MONOTONIC: the kernel's stamp of an edge, ours of a mark */
	uint64_t t_ns;
	/* the kernel's line sequence number of an edge; 0 where it gives none. END: how many
	 * edges of the attempt the kernel merged into others, as far as that can be told */
	uint32_t seq;
	uint16_t sensor; /* index into config.sensors[] */
	uint8_t event; /* enum edge_event */
	uint8_t detail; /* START: enum edge_start; END: enum edge_end */
};
_Static_assert(sizeof(struct edge) == 16, "capture budgets its ring for 16-byte edges");

#endif
