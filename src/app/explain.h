/* SPDX-License-Identifier: MIT */
/* What the decoder made of a frame, for people: each edge, what it was taken for, and why the
 * frame was refused. */
#ifndef APP_EXPLAIN_H
#define APP_EXPLAIN_H

#include <stdio.h>

#include "decode/decode.h"

/* Writes lines that begin with two blanks.
 *
 * driver: the model that the frame was decoded as */
void explain_frame(FILE *out, const struct driver *driver, const struct frame *frame,
		   const struct decode_evidence *evidence, enum verdict verdict);

#endif
