/* SPDX-License-Identifier: MIT */
/* How a sensor sends negative temperatures: a unit does it in one way, and once that was seen
 * a frame in the other way is a sign of an error.
 *
 * Pure.
 */
#ifndef DECODE_NEGATIVES_H
#define DECODE_NEGATIVES_H

#include <stdbool.h>
#include <stdint.h>

#include "decode/driver.h"

/* Clean frames in the other encoding, in a row, that say it is another unit. */
enum { NEGATIVES_CHANGE_FRAMES = 3 };

/* Zeroed: none was seen. */
struct negatives {
	bool is_known;
	uint8_t encoding; /* enum encoding */
	uint8_t num_other_frames; /* in the other encoding, in a row */
};

/* Whether these bytes are in the sensor's encoding, or show none. */
bool negatives_allow(const struct negatives *negatives, const struct driver *driver,
		     const uint8_t *bytes);

/* The same of a clean frame, which is learnt from. */
bool negatives_take(struct negatives *negatives, const struct driver *driver,
		    const uint8_t *bytes);

#endif
