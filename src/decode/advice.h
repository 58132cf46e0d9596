/* SPDX-License-Identifier: MIT */
/* What a person can do about a sensor that does not read well.
 *
 * Threads: any; the words are constant. Pure.
 */
#ifndef DECODE_ADVICE_H
#define DECODE_ADVICE_H

#include "model/verdict.h"

enum advice {
	ADVICE_NONE, /* all is well, or too little is known */
	ADVICE_WIRING,
	ADVICE_SHORT_PULSES,
	ADVICE_ARMED_LATE,
	ADVICE_MERGED,
	ADVICE_SLOW_RISE,
	ADVICE_NOISE,
	ADVICE_LATE_STAMPS,
	ADVICE_OTHER_MODEL,
	ADVICE_HUNG,
	ADVICE_UNDECIDED,
	ADVICE_BUSY,
	ADVICE_LINE_LOST,
	ADVICE_MIXED,
};
enum { NUM_ADVICES = ADVICE_MIXED + 1 };

/* A sentence without a full stop, of less than 255 bytes, which is what Home Assistant takes as a
 * state; "good" for ADVICE_NONE. */
const char *advice_words(enum advice advice);

/* What a single refusal suggests. */
enum advice advice_for(enum verdict verdict);

#endif
