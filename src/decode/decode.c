/* SPDX-License-Identifier: MIT */
#include "decode/decode.h"

#include <string.h>

#include "decode/bits.h"
#include "decode/check.h"
#include "decode/dht_frame.h"
#include "decode/slip.h"

static struct reading blank_reading(const struct frame *frame, const struct reading *out)
{
	struct reading reading = {
		.t_ns = frame->start_ns,
		.wall_ms = out->wall_ms,
		.seq = out->seq,
		.sensor = frame->sensor,
	};

	if (reading.t_ns == 0 && frame->num_edges > 0)
		reading.t_ns = frame->edges[0].t_ns;
	return reading;
}

static enum verdict decode_clean(const struct driver *driver, const struct frame *frame,
				 const struct continuity *continuity,
				 const struct dht_trace *trace,
				 struct decode_evidence *evidence, struct reading *out)
{
	struct reading reading = blank_reading(frame, out);
	uint8_t *bytes = evidence->bytes;
	enum verdict verdict;

	if (frame->is_lost)
		return VERDICT_LINE_LOST;
	if (frame->is_cut)
		return VERDICT_OVERRUN;
	verdict = dht_frame_read(&driver->wire, trace, &evidence->fit, bytes);
	if (verdict == VERDICT_SLIPPED)
		return slip_judge(driver, bytes, continuity, reading.t_ns);
	if (verdict != VERDICT_CLEAN)
		return verdict;
	if (check_sum8(bytes, BITS_DATA_BYTES) != bytes[BITS_SUM_BYTE])
		return slip_explains(driver, bytes, continuity, reading.t_ns)
			       ? VERDICT_SLIPPED
			       : VERDICT_BAD_CHECKSUM;
	verdict = driver->decode(bytes, &reading);
	if (verdict == VERDICT_CLEAN)
		*out = reading;
	return verdict;
}

static bool may_be_repaired(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_ARMED_LATE:
	case VERDICT_TOO_FEW_EDGES:
	case VERDICT_TOO_MANY_EDGES:
	case VERDICT_BAD_TIMING:
	case VERDICT_SLIPPED:
	case VERDICT_DOUBLED:
	case VERDICT_HALVED:
	case VERDICT_BAD_CHECKSUM:
		return true;
	case VERDICT_CLEAN:
	case VERDICT_REPAIRED:
	case VERDICT_NO_RESPONSE:
	case VERDICT_AMBIGUOUS:
	case VERDICT_ALL_ZERO:
	case VERDICT_HUNG:
	case VERDICT_HALF_VALID:
	case VERDICT_IMPLAUSIBLE:
	case VERDICT_STALE:
	case VERDICT_UNDECIDED:
	case VERDICT_OVERRUN:
	case VERDICT_LINE_LOST:
		break;
	}
	return false;
}

static bool has_slipped(enum verdict verdict)
{
	return verdict == VERDICT_SLIPPED || verdict == VERDICT_DOUBLED ||
	       verdict == VERDICT_HALVED;
}

enum verdict decode_explain(const struct driver *driver, const struct frame *frame,
			    struct decode_state *state, struct reading *out,
			    struct decode_evidence *evidence_out)
{
	struct reading reading = *out;

	*evidence_out = (struct decode_evidence){ .refused = VERDICT_CLEAN };

	struct dht_trace trace;

	dht_trace_take(&trace, frame);

	enum verdict verdict = decode_clean(driver, frame, &state->continuity, &trace,
					    evidence_out, &reading);

	if (verdict == VERDICT_CLEAN &&
	    !negatives_take(&state->negatives, driver, evidence_out->bytes))
		verdict = VERDICT_IMPLAUSIBLE;
	evidence_out->refused = verdict;
	if (verdict == VERDICT_CLEAN) {
		dht_profile_learn(&state->profile, &evidence_out->fit);
		continuity_learn(&state->continuity, &reading);
		*out = reading;
	}
	if (state->is_strict || !may_be_repaired(verdict))
		return verdict;

	struct dht_repaired repaired = { .reading = blank_reading(frame, out) };

	if (trace.seen == DHT_SEEN_BOTH)
		dht_trace_keep_falls(&trace);
	verdict = dht_repair(driver, &trace, state, verdict, &repaired);
	if (verdict == VERDICT_REPAIRED) {
		repaired.reading.flags |= READING_REPAIRED;
		*out = repaired.reading;
		memcpy(evidence_out->bytes, repaired.bytes, sizeof(repaired.bytes));
		evidence_out->fit = repaired.fit;
	}
	/* That there is another value, too, is no news of a frame that slipped. */
	if (verdict == VERDICT_AMBIGUOUS && has_slipped(evidence_out->refused))
		return evidence_out->refused;
	return verdict;
}

enum verdict decode_frame(const struct driver *driver, const struct frame *frame,
			  struct reading *out)
{
	struct decode_state blank = { .is_strict = true };
	struct decode_evidence evidence;

	return decode_explain(driver, frame, &blank, out, &evidence);
}

enum verdict decode_repair(const struct driver *driver, const struct frame *frame,
			   struct decode_state *state, struct reading *out)
{
	struct decode_state blank = { .is_strict = false };
	struct decode_evidence evidence;

	return decode_explain(driver, frame, state ? state : &blank, out, &evidence);
}
