/* SPDX-License-Identifier: MIT */
#include "capture/care.h"

#include "base/clock.h"

enum {
	/* Twice by each start pulse: as often a silent sensor is asked in a turn. */
	HUNG_AFTER = 4,
	/* Two turns; then one attempt a turn, and not every turn. */
	BACK_OFF_AFTER = 2 * HUNG_AFTER,
	MAX_DOUBLINGS = 3,
	MAX_BACK_OFF_MS = 300 * 1000,
	MIN_CUT_WAIT_S = 60,
	MAX_CUT_WAIT_S = 3600,
};

/* A word of advice: flags, turns to skip, a counter. */
enum { WORD_AGAIN = 1 << 0, WORD_LONG = 1 << 1, SKIP_SHIFT = 8, COUNT_SHIFT = 16 };

/* Whether a verdict tells of the sensor, and not of us or the line. */
static bool is_of_the_sensor(enum verdict verdict)
{
	return verdict != VERDICT_ARMED_LATE && verdict != VERDICT_OVERRUN &&
	       verdict != VERDICT_LINE_LOST;
}

static uint8_t turns_to_skip(struct care *care, const struct care_rules *rules)
{
	uint32_t max_turns = MAX_BACK_OFF_MS / rules->interval_ms;
	uint32_t num_turns;

	if (care->num_backed_off < MAX_DOUBLINGS)
		care->num_backed_off++;
	num_turns = 1U << care->num_backed_off;
	if (num_turns > max_turns)
		num_turns = max_turns;
	return num_turns > 0 ? (uint8_t)(num_turns - 1) : 0;
}

static void accept(struct care *care, struct care_advice *advice)
{
	care->num_silent = 0;
	care->num_backed_off = 0;
	advice->is_taken = care->num_discards == 0;
	advice->is_stale = care->is_fed_anew;
	care->is_fed_anew = false;
	advice->asks_again = !advice->is_taken;
	if (!advice->is_taken) {
		care->num_discards--;
		care->num_discarded++;
	}
}

static void refuse(struct care *care, const struct care_rules *rules,
		   const struct frame *frame, enum verdict verdict,
		   struct care_advice *advice)
{
	int num_tries = frame->attempt - care->num_discarded;

	/* Some sensors answer when they hang. */
	bool is_silent = verdict == VERDICT_NO_RESPONSE || verdict == VERDICT_ALL_ZERO ||
			 verdict == VERDICT_HUNG;

	if (is_silent)
		care->num_silent++;
	else if (is_of_the_sensor(verdict))
		care->num_silent = 0;
	if (verdict == VERDICT_NO_RESPONSE && rules->has_long_pulse)
		advice->is_long = !frame->is_long;
	if (care->num_silent >= BACK_OFF_AFTER)
		advice->num_turns_skipped = turns_to_skip(care, rules);
	else
		advice->asks_again = verdict != VERDICT_LINE_LOST &&
				     num_tries < (int)rules->max_retries &&
				     (!is_silent || care->num_silent % HUNG_AFTER != 0);
}

struct care_advice care_judge(struct care *care, const struct care_rules *rules,
			      const struct frame *frame, enum verdict verdict)
{
	struct care_advice advice = { .is_long = frame->is_long };

	if (frame->is_fed_anew) {
		*care = (struct care){ .is_fed_anew = true };
	}
	if (frame->attempt == 0 || frame->is_fed_anew) {
		care->num_discards = rules->is_double_read || care->is_fed_anew;
		care->num_discarded = 0;
	}
	if (verdict_is_accepted(verdict))
		accept(care, &advice);
	else
		refuse(care, rules, frame, verdict, &advice);
	return advice;
}

uint32_t care_pack(const struct care_advice *advice, uint32_t last)
{
	uint32_t word = ((last >> COUNT_SHIFT) + 1) << COUNT_SHIFT |
			(uint32_t)advice->num_turns_skipped << SKIP_SHIFT;

	if (advice->asks_again)
		word |= WORD_AGAIN;
	if (advice->is_long)
		word |= WORD_LONG;
	return word;
}

struct care_advice care_unpack(uint32_t word)
{
	return (struct care_advice){
		.asks_again = word & WORD_AGAIN,
		.is_long = word & WORD_LONG,
		.num_turns_skipped = (uint8_t)(word >> SKIP_SHIFT),
	};
}

bool care_is_hung(const struct care *care)
{
	return care->num_silent >= HUNG_AFTER;
}

bool care_feed_cut(struct care_feed *feed, uint64_t now_ns)
{
	if (now_ns < feed->not_before_ns)
		return false;
	feed->wait_s = feed->wait_s ? 2 * feed->wait_s : MIN_CUT_WAIT_S;
	if (feed->wait_s > MAX_CUT_WAIT_S)
		feed->wait_s = MAX_CUT_WAIT_S;
	feed->not_before_ns = now_ns + feed->wait_s * CLOCK_NS_PER_S;
	return true;
}

void care_feed_reset(struct care_feed *feed)
{
	feed->wait_s = 0;
}
