/* SPDX-License-Identifier: MIT */
/* One GPIO line that we drive: what gives start pulses beside a sensor's own line, or feeds
 * sensors. Found by line_find(), as the lines of gpio/line.h.
 *
 * Threads: an output belongs to one thread at a time.
 * RT-safe: output_set().
 */
#ifndef GPIO_OUTPUT_H
#define GPIO_OUTPUT_H

#include <stdbool.h>

#include "base/attributes.h"
#include "gpio/line.h"

struct output;

enum output_drive {
	OUTPUT_OPEN_DRAIN, /* high: let go */
	OUTPUT_PUSH_PULL,
};

/* Takes the line and makes it high.
 *
 * Returns 0 or a negative errno with a sentence in `reason`, as line_open(). A recording has
 * no outputs: -EINVAL.
 */
must_check int output_open(const struct line_place *place, enum output_drive drive,
			   struct output **out, char reason[LINE_MAX_REASON]);

/* Makes it high once more, and lets the line go as it is. NULL is allowed. */
void output_close(struct output *output);

/* Returns 0 or a negative errno: -ENODEV the chip has gone. */
must_check int output_set(struct output *output, bool is_high);

#endif
