/* SPDX-License-Identifier: MIT */
/* Makes readings of one sensor's frames, one after the other, and keeps what they told: the
 * model, where the driver leaves it open, and how negative temperatures are sent.
 *
 * A model is decided by clean frames in a row that are frames of no other one; until then no
 * reading is accepted. A decided one is given up only for as many clean frames of another in
 * a row that another sensor must be on the wire.
 *
 * Threads: one owner.
 * Pure: no I/O, clock, allocation or logging.
 */
#ifndef DECODE_DECODER_H
#define DECODE_DECODER_H

#include <stdbool.h>
#include <stdint.h>

#include "decode/decode.h"
#include "decode/quality.h"

/* Clean frames in a row that decide on a model, and that take back what was decided. One that
 * slipped or was damaged and still adds up is refused by its structure; two of them beside
 * each other, for the same wrong model, were never seen. */
enum { DECODER_DECIDE_FRAMES = 3, DECODER_CHANGE_FRAMES = 10 };

struct decoder {
	const struct driver *driver; /* borrowed, constant; as configured */
	/* borrowed, constant; what the sensor is; NULL: not known yet */
	const struct driver *model;
	/* borrowed, constant; whose clean frames come, and are not those of the model */
	const struct driver *candidate;
	uint8_t num_candidate_frames; /* in a row */
	struct decode_state state; /* of the model */
	struct quality quality;
};

void decoder_init(struct decoder *decoder, const struct driver *driver, bool is_strict);

/* Returns and fills as decode_explain(); VERDICT_UNDECIDED while the model is not known. */
enum verdict decoder_take(struct decoder *decoder, const struct frame *frame,
			  struct reading *out, struct decode_evidence *evidence_out);

#endif
