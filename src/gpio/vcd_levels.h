/* SPDX-License-Identifier: MIT */
/* From a bus's levels to the records of attempts. The rules are in gpio/recording.h.
 *
 * Threads: one owner.
 */
#ifndef GPIO_VCD_LEVELS_H
#define GPIO_VCD_LEVELS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "gpio/recording_reader.h"

struct vcd_levels {
	struct recording_reader *reader; /* borrowed; outlives this; zeroed else */
	uint64_t fall_ns; /* of the low that we are in, or were in last */
	uint64_t change_ns; /* the newest change */
	bool is_low;
	bool has_change; /* the level is known */
	bool has_low; /* a low has ended */
	bool has_answer; /* an edge came since RELEASE */
};

/* Takes the wire's level from t_ns on; the same level again is no change. 0 or a negative
 * errno, with the reader's reason. */
must_check int vcd_levels_set(struct vcd_levels *levels, uint64_t t_ns, bool is_high);

/* The recording ends at t_ns. */
must_check int vcd_levels_end(struct vcd_levels *levels, uint64_t t_ns);

#endif
