/* SPDX-License-Identifier: MIT */
#include "decode/decoder.h"

void decoder_init(struct decoder *decoder, const struct driver *driver, bool is_strict)
{
	*decoder = (struct decoder){
		.driver = driver,
		.model = driver->models ? NULL : driver,
		.state = { .is_strict = is_strict },
	};
}

/* The model whose clean frame it is; NULL where it is none, or could be that of two. */
static const struct driver *find_model(const struct driver *driver,
				       const struct frame *frame)
{
	const struct driver *found = NULL;

	for (const struct driver *const *model = driver->models; *model; model++) {
		struct reading reading = { 0 };

		if (decode_frame(*model, frame, &reading) != VERDICT_CLEAN)
			continue;
		if (found)
			return NULL;
		found = *model;
	}
	return found;
}

/* Counts a clean frame of a model that was not decided on. True: now it is. */
static bool count_vote(struct decoder *decoder, const struct driver *found)
{
	unsigned num_wanted =
		decoder->model ? DECODER_CHANGE_FRAMES : DECODER_DECIDE_FRAMES;

	if (found != decoder->candidate)
		decoder->num_candidate_frames = 0;
	decoder->candidate = found;
	if (++decoder->num_candidate_frames < num_wanted)
		return false;
	decoder->model = found;
	decoder->candidate = NULL;
	decoder->num_candidate_frames = 0;
	decoder->state = (struct decode_state){ .is_strict = decoder->state.is_strict };
	return true;
}

/* Why no model explains a frame: the first that does not find it too long. */
static enum verdict judge_of_none(const struct driver *driver, const struct frame *frame)
{
	enum verdict verdict = VERDICT_TOO_MANY_EDGES;

	for (const struct driver *const *model = driver->models;
	     *model && verdict == VERDICT_TOO_MANY_EDGES; model++) {
		struct reading reading = { 0 };

		verdict = decode_frame(*model, frame, &reading);
	}
	return verdict;
}

static enum verdict find_out(struct decoder *decoder, const struct frame *frame,
			     struct reading *out, struct decode_evidence *evidence_out)
{
	const struct driver *found = find_model(decoder->driver, frame);

	*evidence_out = (struct decode_evidence){ .refused = VERDICT_UNDECIDED };
	if (found && count_vote(decoder, found))
		return decode_explain(found, frame, &decoder->state, out, evidence_out);
	if (!found)
		evidence_out->refused = judge_of_none(decoder->driver, frame);
	return evidence_out->refused;
}

/* What the model does not explain may be a frame of another one. */
static bool take_other(struct decoder *decoder, const struct frame *frame)
{
	const struct driver *found = find_model(decoder->driver, frame);

	return found && found != decoder->model && count_vote(decoder, found);
}

static enum verdict judge(struct decoder *decoder, const struct frame *frame,
			  struct reading *out, struct decode_evidence *evidence_out)
{
	enum verdict verdict;

	if (!decoder->model)
		return find_out(decoder, frame, out, evidence_out);
	verdict =
		decode_explain(decoder->model, frame, &decoder->state, out, evidence_out);
	if (verdict_is_accepted(verdict))
		decoder->num_candidate_frames = 0;
	else if (decoder->driver->models && take_other(decoder, frame))
		verdict = decode_explain(decoder->model, frame, &decoder->state, out,
					 evidence_out);
	return verdict;
}

enum verdict decoder_take(struct decoder *decoder, const struct frame *frame,
			  struct reading *out, struct decode_evidence *evidence_out)
{
	enum verdict verdict = judge(decoder, frame, out, evidence_out);
	const struct driver *model =
		decoder->model ? decoder->model : driver_sample(decoder->driver);
	struct signal signal;

	signal_take(&signal, model, frame, verdict, evidence_out);
	quality_take(&decoder->quality, &signal, verdict);
	return verdict;
}
