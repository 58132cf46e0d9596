/* SPDX-License-Identifier: MIT */
#include "publish/refusals.h"

#include <stddef.h>

#include "base/clock.h"
#include "publish/reason.h"

enum {
	PAUSE_MIN_MS = 1000,
	PAUSE_MAX_MS = 60000,
	MAX_ROUNDS = 5,
	FATAL_WITHIN_MS = 5000,
};

void refusals_init(struct refusals *refusals, uint32_t seed)
{
	*refusals = (struct refusals){ 0 };
	backoff_init(&refusals->backoff, PAUSE_MIN_MS, PAUSE_MAX_MS, seed);
}

static void begin_pause(struct refusals *refusals, uint64_t now_ns)
{
	refusals->pause_until_ns =
		now_ns + backoff_next_ms(&refusals->backoff) * CLOCK_NS_PER_MS;
}

static void begin_round(struct refusals *refusals)
{
	refusals->is_round_over = refusals->is_any_taken = refusals->is_quota = false;
	refusals->pause_until_ns = 0;
	for (uint32_t i = 0; i < refusals->num_suspects; i++)
		refusals->suspects[i].is_refused = false;
}

void refusals_begin(struct refusals *refusals, uint64_t now_ns)
{
	refusals->num_in_flight = 0;
	if (refusals->is_fatal) {
		if (refusals->pause_until_ns == 0)
			begin_pause(refusals, now_ns);
		refusals->is_fatal = false;
		return;
	}
	begin_round(refusals);
	backoff_reset(&refusals->backoff);
}

void refusals_note_break(struct refusals *refusals, uint64_t now_ns)
{
	refusals->is_fatal =
		refusals->is_round_over &&
		now_ns - refusals->refused_ns < FATAL_WITHIN_MS * CLOCK_NS_PER_MS;
}

void refusals_note_sent(struct refusals *refusals)
{
	refusals->num_in_flight++;
}

static struct suspect *find(struct refusals *refusals, uint64_t seq)
{
	for (uint32_t i = 0; i < refusals->num_suspects; i++) {
		if (refusals->suspects[i].seq == seq)
			return &refusals->suspects[i];
	}
	return NULL;
}

static void forget(struct refusals *refusals, struct suspect *suspect)
{
	*suspect = refusals->suspects[--refusals->num_suspects];
}

void refusals_note_taken(struct refusals *refusals, uint64_t seq)
{
	struct suspect *suspect = find(refusals, seq);

	if (suspect)
		forget(refusals, suspect);
	refusals->num_in_flight--;
	refusals->is_any_taken = true;
}

bool refusals_note_refused(struct refusals *refusals, uint64_t seq, unsigned reason,
			   uint64_t now_ns)
{
	struct suspect *suspect = find(refusals, seq);

	refusals->num_in_flight--;
	refusals->refused_ns = now_ns;
	if (reason_is_of_message(reason)) {
		if (suspect)
			forget(refusals, suspect);
		return false;
	}
	refusals->is_round_over = true;
	if (reason_is_quota(reason)) {
		refusals->is_quota = true;
		return true;
	}
	if (!suspect && refusals->num_suspects < WINDOW_MAX) {
		suspect = &refusals->suspects[refusals->num_suspects++];
		*suspect = (struct suspect){ .seq = seq };
	}
	if (suspect)
		suspect->is_refused = true;
	return true;
}

/* Takes those out that were refused too often while others were taken. */
static uint32_t condemn(struct refusals *refusals, uint64_t out[WINDOW_MAX])
{
	uint32_t num = 0;

	for (uint32_t i = refusals->num_suspects; i-- > 0;) {
		struct suspect *suspect = &refusals->suspects[i];

		if (!suspect->is_refused || ++suspect->num_rounds < MAX_ROUNDS)
			continue;
		out[num++] = suspect->seq;
		forget(refusals, suspect);
	}
	return num;
}

uint32_t refusals_end_round(struct refusals *refusals, uint64_t now_ns,
			    uint64_t out[WINDOW_MAX])
{
	if (!refusals->is_round_over || refusals->num_in_flight > 0 ||
	    refusals->pause_until_ns != 0)
		return 0;
	if (refusals->is_any_taken)
		backoff_reset(&refusals->backoff);
	begin_pause(refusals, now_ns);
	return refusals->is_any_taken ? condemn(refusals, out) : 0;
}

bool refusals_end_pause(struct refusals *refusals, uint64_t now_ns)
{
	if (refusals->pause_until_ns == 0 || now_ns < refusals->pause_until_ns)
		return false;
	begin_round(refusals);
	return true;
}

bool refusals_hold_readings(const struct refusals *refusals)
{
	return refusals->is_round_over;
}

bool refusals_hold_states(const struct refusals *refusals)
{
	return refusals->is_round_over && refusals->is_quota;
}

uint64_t refusals_due_ns(const struct refusals *refusals)
{
	return refusals->pause_until_ns != 0 ? refusals->pause_until_ns : UINT64_MAX;
}
