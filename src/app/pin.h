/* SPDX-License-Identifier: MIT */
/* A pin as people deal with it: the best name for it, and what to do when it cannot be had.
 *
 * Threads: any.
 */
#ifndef APP_PIN_H
#define APP_PIN_H

#include "app/findings.h"
#include "gpio/line.h"

enum { PIN_MAX_NAME = 2 * LINE_MAX_NAME };

/* The best name that leads there: the line's own, or by the chip's label, which survives
 * renumbering; the chip's path where there is nothing better. */
void pin_name(const struct line_place *place, char name[PIN_MAX_NAME]);

/* Why a line cannot be had, as a kind of finding, and the mend. */
struct pin_trouble {
	struct finding finding;
	const char *mend;
};

/* error, reason: as line_find() or line_open() gave them. Never NULL. */
const struct pin_trouble *pin_trouble(int error, const char *reason);

#endif
