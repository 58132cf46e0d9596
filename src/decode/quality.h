/* SPDX-License-Identifier: MIT */
/* How well a sensor's frames come through, and what a person can do about it.
 *
 * Of each frame its signal is taken: how near the worst bit was to being the other one, and
 * what became of the edges. The quality is what the newest frames have in common.
 *
 * Pure.
 */
#ifndef DECODE_QUALITY_H
#define DECODE_QUALITY_H

#include <stdbool.h>
#include <stdint.h>

#include "decode/advice.h"
#include "decode/decode.h"

/* One frame's. */
struct signal {
	/* what is left of the way to the other bit, for the worst one; -1: not known */
	int8_t margin_percent;
	uint8_t num_lost; /* edges that were not reported, though the line was armed */
	uint8_t num_late; /* edges stamped late */
	uint8_t num_strange; /* edges that the sensor did not send */
	bool lacks_short_pulses; /* not one 0 among many edges */
	bool has_rise; /* the next one is known: both kinds of edges were seen */
	int32_t rise_ns; /* how much longer lows are than the model's */
};

/* Of each attempt one thing may be said, beside that it was read. */
enum quality_trouble {
	QUALITY_SILENT,
	QUALITY_SHORT_PULSES,
	QUALITY_ARMED_LATE,
	QUALITY_MERGED,
	QUALITY_NOISE,
	QUALITY_LATE_STAMPS,
	QUALITY_BAD_VALUES,
	QUALITY_HUNG,
};
enum { NUM_QUALITY_TROUBLES = QUALITY_HUNG + 1 };

/* Zeroed: nothing is known. */
struct quality {
	uint8_t num_frames; /* attempts taken; stays at 255 */
	uint8_t num_margins; /* clean frames taken; the same */
	uint8_t num_rises; /* frames whose rise is known; the same */
	int32_t margin_ppm; /* of the newest clean frames; with num_margins */
	int32_t rise_ns; /* of the newest frames; with num_rises */
	/* how many of the newest attempts had it */
	int32_t trouble_ppm[NUM_QUALITY_TROUBLES];
	uint32_t num_lost; /* edges, of all frames */
	uint32_t num_late;
	uint32_t num_strange;
};

void signal_take(struct signal *out, const struct driver *driver,
		 const struct frame *frame, enum verdict verdict,
		 const struct decode_evidence *evidence);

void quality_take(struct quality *quality, const struct signal *signal,
		  enum verdict verdict);

/* In percent, or -1 where no clean frame came yet. */
int quality_margin(const struct quality *quality);

/* So many attempts are enough for advice, where the sensor is read all the time. */
enum { QUALITY_MIN_FRAMES = 8 };

/* min_frames: so many attempts say something; before, ADVICE_NONE */
enum advice quality_advice(const struct quality *quality, unsigned min_frames);

#endif
