/* SPDX-License-Identifier: MIT */
/* How other readers of DHT sensors decide, written anew from what is documented of them: for
 * comparison, and for nothing else. None of their code is here.
 *
 * What they have beside the rule (retries, caches, the words of their errors) is left out.
 */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/noise.h"
#include "model/reading.h"

struct peer {
	const char *name;
	/* The events of the character device that its rule could do with, */
	enum noise_view events;
	/* and how it looks at the line itself. */
	enum noise_view own;
	bool knows_twos_complement; /* below zero */
	/* Returns whether it takes the frame for a good one. A value that it leaves out is
	 * not added.
	 *
	 * has_tenths: it is told of a sensor of the DHT22 family, not of a DHT11
	 * out: gets temperature and humidity */
	bool (*read)(const struct frame *frame, bool has_tenths, struct reading *out);
};

const struct peer *peer_all(size_t *num_out);

#endif
