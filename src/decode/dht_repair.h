/* SPDX-License-Identifier: MIT */
/* Reads a damaged frame where the evidence allows one value only.
 *
 * Among all explanations of the edges, the best one that adds up must be cheaper by a margin
 * than the best one that adds up to another value. The sum thus decides between the few
 * orders of bits that lost edges leave open, and what it decides is counted: where too many
 * were in play, chance alone would find one that fits.
 *
 * It takes falling edges, and the time of the release.
 *
 * Pure. Memory: 48 KiB of stack.
 */
#ifndef DECODE_DHT_REPAIR_H
#define DECODE_DHT_REPAIR_H

#include "decode/continuity.h"
#include "decode/dht_cells.h"
#include "decode/dht_trace.h"
#include "decode/driver.h"
#include "decode/negatives.h"

/* What is known of a sensor, zeroed at first, and how its frames are to be judged. */
struct decode_state {
	bool is_strict; /* damaged frames are not to be repaired */
	struct negatives negatives;
	struct dht_profile profile;
	struct continuity continuity;
};

/* What came of a repair. */
struct dht_repaired {
	struct reading reading; /* t_ns is the caller's, values are added */
	uint8_t bytes[DRIVER_MAX_BYTES]; /* wire.num_bits / 8 of them */
	struct dht_fit fit; /* its cells' lengths, gap and spread */
};

/* falls:   of the frame, and nothing else
 * refused: why the frame is not clean
 * out:     stands with VERDICT_REPAIRED only
 * Returns VERDICT_REPAIRED, VERDICT_AMBIGUOUS, or what was refused. */
enum verdict dht_repair(const struct driver *driver, const struct dht_trace *falls,
			const struct decode_state *state, enum verdict refused,
			struct dht_repaired *out);

#endif
