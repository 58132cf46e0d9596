/* SPDX-License-Identifier: MIT */
/* From a captured frame to a reading.
 *
 * The structure decides first (number of bits, response, byte gaps), then the checksum,
 * then the range. Nothing is ever shifted until a checksum fits. Timestamps and order
 * count; the polarity of an edge is a hint.
 *
 * Pure: no I/O, clock, allocation, logging or static state; bounded work for any input.
 */
#ifndef DECODE_DECODE_H
#define DECODE_DECODE_H

#include "decode/dht_repair.h"
#include "decode/driver.h"
#include "model/frame.h"
#include "model/reading.h"
#include "model/verdict.h"

/* What a verdict stands on. */
struct decode_evidence {
	/* why the frame is not clean, also where it could be repaired; VERDICT_CLEAN: it is */
	enum verdict refused;
	/* both with an accepted verdict */
	uint8_t bytes[DRIVER_MAX_BYTES];
	struct dht_fit fit;
};

/* Turns a clean frame into values.
 *
 * frame: falling edges only, rising only or both; any count; borrowed, never modified
 * out:   t_ns, sensor, flags and values are filled where the verdict is an accepted one, else
 *        left alone; wall_ms and seq are the caller's
 */
enum verdict decode_frame(const struct driver *driver, const struct frame *frame,
			  struct reading *out);

/* The same; and a damaged frame, where only one value fits the evidence. Such a reading is
 * marked READING_REPAIRED.
 *
 * state: what earlier frames of this sensor told, zeroed at first, or NULL; clean frames are
 *        learnt from, repaired ones never
 */
enum verdict decode_repair(const struct driver *driver, const struct frame *frame,
			   struct decode_state *state, struct reading *out);

/* The same, and what the verdict stands on. state: not NULL */
enum verdict decode_explain(const struct driver *driver, const struct frame *frame,
			    struct decode_state *state, struct reading *out,
			    struct decode_evidence *evidence_out);

#endif
