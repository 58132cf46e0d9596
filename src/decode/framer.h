/* SPDX-License-Identifier: MIT */
/* Collects the records of a ring into frames.
 *
 * Threads: one owner, the consumer of the ring.
 */
#ifndef DECODE_FRAMER_H
#define DECODE_FRAMER_H

#include <stdbool.h>

#include "model/edge.h"
#include "model/frame.h"

struct framer {
	struct frame frame;
	bool is_open; /* a START came, its END not yet */
};

void framer_init(struct framer *framer);

/* Takes the next record. True when `framer->frame` is complete; it stands until the next
 * call. Records without a START are dropped; a START inside an open frame completes that
 * one as cut (the ring was full) and must be fed again: then *again is set. */
bool framer_feed(struct framer *framer, const struct edge *edge, bool *again);

#endif
