/* SPDX-License-Identifier: MIT */
/* The levels that a frame had on the wire, as far as they are known: for a value change dump.
 * A kernel reports one kind of edge, or both, and merges some of them; a dump wants both kinds
 * in turns.
 *
 * What was reported stands as stamped. The other edges are put where the model has them; of a
 * frame that was read also those that were lost, and those that came late.
 *
 * Pure.
 */
#ifndef DECODE_LEVELS_H
#define DECODE_LEVELS_H

#include <stddef.h>

#include "decode/decode.h"

/* Two for each reported edge, and for each of the model's with the response; and the marks. */
enum { LEVELS_MAX_RECORDS = 2 * FRAME_MAX_EDGES + 8 };

/* out: LEVELS_MAX_RECORDS records: START, RELEASE (where it is known), FALLING and RISING in
 *      turns, END; in time order
 * Returns how many. */
size_t levels_make(const struct driver *driver, const struct frame *frame,
		   enum verdict verdict, const struct decode_evidence *evidence,
		   struct edge *out);

#endif
