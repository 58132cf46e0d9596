/* SPDX-License-Identifier: MIT */
/* Makes readings of one sensor's frames, one after the other, and keeps what they told.
 *
 * Threads: one owner.
 * Pure: no I/O, clock, allocation or logging.
 */
#ifndef DECODE_DECODER_H
#define DECODE_DECODER_H

#include <stdbool.h>

#include "decode/decode.h"

struct decoder {
	const struct driver *driver; /* borrowed, constant */
	bool is_strict; /* damaged frames are not to be repaired */
	struct decode_state state;
};

void decoder_init(struct decoder *decoder, const struct driver *driver, bool is_strict);

/* Returns and fills as decode_explain(). */
enum verdict decoder_take(struct decoder *decoder, const struct frame *frame,
			  struct reading *out, struct decode_evidence *evidence_out);

#endif
