/* SPDX-License-Identifier: MIT */
/* Why a frame did or did not become a reading. Dense: it indexes the per-sensor counters
 * and is the "verdict" of `decode` and the reason in `health`.
 */
#ifndef MODEL_VERDICT_H
#define MODEL_VERDICT_H

#include <stdbool.h>

enum verdict {
	VERDICT_CLEAN, /* every edge in its place */
	VERDICT_REPAIRED, /* damaged, and only one value fits the evidence */
	VERDICT_NO_RESPONSE, /* the sensor did not answer the start pulse */
	VERDICT_ARMED_LATE, /* the answer was under way before the kernel reported edges */
	VERDICT_TOO_FEW_EDGES, /* edges are missing */
	VERDICT_TOO_MANY_EDGES, /* more edges than the model sends */
	VERDICT_BAD_TIMING, /* an interval that is neither a 0 nor a 1 */
	VERDICT_SLIPPED, /* the right number of bits at the wrong place */
	VERDICT_DOUBLED, /* the same; it adds up, to twice what the sensor sent */
	VERDICT_HALVED, /* or to half of it */
	VERDICT_BAD_CHECKSUM,
	VERDICT_AMBIGUOUS, /* more than one value fits the evidence */
	VERDICT_ALL_ZERO, /* a dead bus adds up, too */
	VERDICT_HUNG, /* well formed, and what sensors send that hang: 1 degree and 1 % */
	VERDICT_HALF_VALID, /* well formed; the model can measure one of its values only */
	VERDICT_IMPLAUSIBLE, /* well formed, outside what the model can measure */
	VERDICT_STALE, /* a good frame, of a measurement before the power came */
	VERDICT_UNDECIDED, /* a good frame, but the sensor's model is not known yet */
	VERDICT_OVERRUN, /* we were too slow to take the edges */
	VERDICT_LINE_LOST, /* the line or its chip failed meanwhile */
};
enum { NUM_VERDICTS = VERDICT_LINE_LOST + 1 };

/* "clean", "no_response", ...: the names in JSON and metrics. */
const char *verdict_name(enum verdict verdict);

/* Whether values stand with it. */
bool verdict_is_accepted(enum verdict verdict);

#endif
