/* SPDX-License-Identifier: MIT */
#include "model/verdict.h"

static const char *const names[] = {
	[VERDICT_CLEAN] = "clean",
	[VERDICT_REPAIRED] = "repaired",
	[VERDICT_NO_RESPONSE] = "no_response",
	[VERDICT_ARMED_LATE] = "armed_late",
	[VERDICT_TOO_FEW_EDGES] = "too_few_edges",
	[VERDICT_TOO_MANY_EDGES] = "too_many_edges",
	[VERDICT_BAD_TIMING] = "bad_timing",
	[VERDICT_SLIPPED] = "slipped",
	[VERDICT_DOUBLED] = "doubled",
	[VERDICT_HALVED] = "halved",
	[VERDICT_BAD_CHECKSUM] = "bad_checksum",
	[VERDICT_AMBIGUOUS] = "ambiguous",
	[VERDICT_ALL_ZERO] = "all_zero",
	[VERDICT_HUNG] = "hung",
	[VERDICT_HALF_VALID] = "half_valid",
	[VERDICT_IMPLAUSIBLE] = "implausible",
	[VERDICT_STALE] = "stale",
	[VERDICT_UNDECIDED] = "undecided",
	[VERDICT_OVERRUN] = "overrun",
	[VERDICT_LINE_LOST] = "line_lost",
};
_Static_assert(sizeof(names) / sizeof(names[0]) == NUM_VERDICTS,
	       "a name for each verdict");

const char *verdict_name(enum verdict verdict)
{
	return names[verdict];
}

bool verdict_is_accepted(enum verdict verdict)
{
	return verdict == VERDICT_CLEAN || verdict == VERDICT_REPAIRED;
}
