/* SPDX-License-Identifier: MIT */
/* Recordings of attempts: edge logs and value change dumps, read and written.
 *
 * Read, both are the same: records in attempts. Every attempt begins with START and ends
 * with END; a mark that the file does not tell has t_ns 0 (START) or is not there (RELEASE,
 * ARMED). `sensor` is 0. How attempts are told apart: see recording_parse().
 *
 * Threads: one owner.
 */
#ifndef GPIO_RECORDING_H
#define GPIO_RECORDING_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/attributes.h"
#include "model/edge.h"

enum { RECORDING_MAX_WORD = 64, RECORDING_MAX_REASON = 256 };

/* A recording, read: the records of all its attempts in order. */
struct recording {
	/* as the file says; empty where it says nothing */
	char driver[RECORDING_MAX_WORD];
	char pin[RECORDING_MAX_WORD];
	uint32_t resolution_ns; /* of the stamps, where the file tells; else 1 */
	struct edge *edges; /* owned */
	size_t num_edges;
};

/* Reads an edge log (.csv) or a value change dump (.vcd), told apart by content.
 *
 * wire: the VCD wire that is the bus, by name ("SDA", "bus.SDA") or identifier; NULL takes
 *       the first 1-bit wire. An edge log has no wires.
 * Returns 0 or a negative errno with "FILE:LINE: what is wrong" in `reason`: -EINVAL for
 * bad content, -EFBIG past 64 MiB, else the OS's ("FILE: why").
 * Owns: recording_finish() frees what *out holds.
 */
must_check int recording_load(const char *path, const char *wire, struct recording *out,
			      char reason[RECORDING_MAX_REASON]);

/* The same from memory; `name` stands for the file in messages.
 *
 * Edge log, what the kernel told us, nothing added:
 *
 *	# pin2mqtt edge log 1; driver=dht22; pin=GPIO4
 *	t_ns,event,seq
 *	1000000000,start,
 *	1001200000,release,
 *	1001352000,falling,1
 *	1011000000,end,
 *
 *	Text after the last comma or after seq is a comment; "end,lost" is EDGE_END_LOST. Edges,
 *	seq and marks may be missing, stamps may not go backwards. An attempt goes from `start`
 *	(or its first other record) to `end` or the next `start`; one without marks also ends at
 *	5 ms without an edge.
 *
 * Value change dump: levels. A low is the host's start pulse (START at its falling edge,
 *	RELEASE at its rising one) where it lasts 400 us or more, or where 1 ms of high came
 *	before it; an attempt ends with 1 ms of high. While a sensor has not answered we wait
 *	20 ms for it, but a low of 100 us or more is then a start pulse again. Lows under 20 us
 *	outside of an attempt are noise. z is high (the bus has a pull-up), x changes nothing.
 */
must_check int recording_parse(const char *data, size_t num_bytes, const char *name,
			       const char *wire, struct recording *out,
			       char reason[RECORDING_MAX_REASON]);

void recording_finish(struct recording *recording);

/* Writes records as an edge log. Returns 0 or a negative errno. */
must_check int edge_log_write(FILE *file, const char *driver, const char *pin,
			      const struct edge *edges, size_t num_edges);

/* Writes records as a VCD of one wire SDA, 1 ns timescale, as sigrok-cli and PulseView read
 * it. Its time begins 5 ms before the first record. Both kinds of edges are wanted, in turns,
 * or the levels cannot be told: -EINVAL. Else 0 or the OS's negative errno. */
must_check int vcd_write(FILE *file, const char *driver, const struct edge *edges,
			 size_t num_edges);

#endif
