/* SPDX-License-Identifier: MIT */
#include "decode/decoder.h"

void decoder_init(struct decoder *decoder, const struct driver *driver, bool is_strict)
{
	*decoder = (struct decoder){ .driver = driver, .is_strict = is_strict };
}

enum verdict decoder_take(struct decoder *decoder, const struct frame *frame,
			  struct reading *out, struct decode_evidence *evidence_out)
{
	return decode_explain(decoder->driver, frame,
			      decoder->is_strict ? NULL : &decoder->state, out,
			      evidence_out);
}
