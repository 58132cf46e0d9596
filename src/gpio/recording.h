/* SPDX-License-Identifier: MIT */
/* Recordings of attempts: edge logs and value change dumps.
 *
 * An edge log is what the kernel told us, nothing added:
 *
 *	# pin2mqtt edge log 1; driver=dht22; pin=GPIO4
 *	t_ns,event,seq
 *	1000000000,start,
 *	1001352000,falling,1
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
 * wire: the VCD wire that is the bus; NULL takes the first 1-bit wire
 * Returns 0 or a negative errno with "FILE:LINE: what is wrong" in `reason`: -EINVAL for
 * bad content, -EFBIG past 64 MiB, else the OS's.
 * Owns: recording_finish() frees what *out holds.
 */
must_check int recording_load(const char *path, const char *wire, struct recording *out,
			      char reason[RECORDING_MAX_REASON]);

/* The same from memory; `name` stands for the file in messages. */
must_check int recording_parse(const char *data, size_t num_bytes, const char *name,
			       const char *wire, struct recording *out,
			       char reason[RECORDING_MAX_REASON]);

void recording_finish(struct recording *recording);

/* Writes records as an edge log. Returns 0 or a negative errno. */
must_check int edge_log_write(FILE *file, const char *driver, const char *pin,
			      const struct edge *edges, size_t num_edges);

/* Writes records as a VCD of one wire SDA, 1 ns timescale, as sigrok-cli reads it: both
 * kinds of edges are wanted, or the levels cannot be told (-EINVAL). */
must_check int vcd_write(FILE *file, const char *driver, const struct edge *edges,
			 size_t num_edges);

#endif
