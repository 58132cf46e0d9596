/* SPDX-License-Identifier: MIT */
#include "decode/advice.h"

static const char *const words[] = {
	[ADVICE_NONE] = "good",
	[ADVICE_WIRING] = "no answer: check the wiring, the supply and the driver in the "
			  "configuration; a sensor that hangs wants its power cut",
	[ADVICE_SHORT_PULSES] =
		"short pulses do not arrive: the pull-up is too weak or the cable too "
		"long; on an Allwinner board set input-debounce in the device tree",
	[ADVICE_ARMED_LATE] =
		"the kernel listens too late: give the sensor a trigger_pin, or let "
		"kthreadd go first (renice -n -20 -p 2)",
	[ADVICE_MERGED] = "interrupts merge: take edges: falling where it is both, else "
			  "a less busy "
			  "or a faster board",
	[ADVICE_SLOW_RISE] =
		"the line rises slowly: the pull-up is too weak or the cable too long",
	[ADVICE_NOISE] =
		"edges that the sensor did not send: keep the cable short and away "
		"from others, with 100 nF between supply and ground at the sensor",
	[ADVICE_LATE_STAMPS] = "edges are stamped late: something keeps interrupts off; "
			       "a less busy or a "
			       "faster board reads better",
	[ADVICE_OTHER_MODEL] =
		"values that the model cannot measure: check the driver in the "
		"configuration, or the sensor is broken",
	[ADVICE_HUNG] =
		"the sensor hangs: it answers, but with nothing it measured; cut its "
		"power, or give it a power_pin",
	[ADVICE_UNDECIDED] =
		"wait for more answers, or name the model in the configuration",
	[ADVICE_BUSY] = "the machine is too busy",
	[ADVICE_LINE_LOST] = "the chip or the line has gone",
	[ADVICE_MIXED] =
		"check the pull-up, the cable and the driver in the configuration",
};
_Static_assert(sizeof(words) / sizeof(words[0]) == NUM_ADVICES, "words for each advice");

const char *advice_words(enum advice advice)
{
	return words[advice];
}

enum advice advice_for(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_NO_RESPONSE:
		return ADVICE_WIRING;
	case VERDICT_ARMED_LATE:
		return ADVICE_ARMED_LATE;
	case VERDICT_TOO_FEW_EDGES:
	case VERDICT_TOO_MANY_EDGES:
	case VERDICT_BAD_TIMING:
	case VERDICT_SLIPPED:
	case VERDICT_DOUBLED:
	case VERDICT_HALVED:
	case VERDICT_BAD_CHECKSUM:
	case VERDICT_AMBIGUOUS:
		return ADVICE_MIXED;
	case VERDICT_ALL_ZERO:
	case VERDICT_HUNG:
		return ADVICE_HUNG;
	case VERDICT_HALF_VALID:
	case VERDICT_IMPLAUSIBLE:
		return ADVICE_OTHER_MODEL;
	case VERDICT_UNDECIDED:
		return ADVICE_UNDECIDED;
	case VERDICT_OVERRUN:
		return ADVICE_BUSY;
	case VERDICT_LINE_LOST:
		return ADVICE_LINE_LOST;
	case VERDICT_CLEAN:
	case VERDICT_REPAIRED:
	case VERDICT_STALE:
		break;
	}
	return ADVICE_NONE;
}
