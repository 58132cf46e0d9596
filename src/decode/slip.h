/* SPDX-License-Identifier: MIT */
/* What a frame says whose bits may have slipped by one: a bit was lost at one end, and there
 * may be one more at the other. The sum is linear, so that of ten such frames one to three
 * still add up, to twice or to half of what was measured.
 *
 * For people: nothing is accepted on this.
 *
 * Pure.
 */
#ifndef DECODE_SLIP_H
#define DECODE_SLIP_H

#include <stdbool.h>
#include <stdint.h>

#include "decode/continuity.h"
#include "decode/driver.h"
#include "model/verdict.h"

/* Why a frame is refused whose bits are at the wrong place.
 *
 * bytes:      as they came
 * continuity: what the sensor said before
 * t_ns:       of the frame, CLOCK_MONOTONIC
 * Returns VERDICT_DOUBLED or VERDICT_HALVED where the bytes add up, and moved back by a bit
 * they do, too, to values that the sensor may have; else VERDICT_SLIPPED. */
enum verdict slip_judge(const struct driver *driver, const uint8_t *bytes,
			const struct continuity *continuity, uint64_t t_ns);

/* Whether bytes that do not add up would do so moved by a bit, to what the sensor said just
 * before. As slip_judge. */
bool slip_explains(const struct driver *driver, const uint8_t *bytes,
		   const struct continuity *continuity, uint64_t t_ns);

#endif
