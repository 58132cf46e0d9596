/* SPDX-License-Identifier: MIT */
/* What the configuration of a sensor asks to be done to its readings.
 *
 * Threads: any.
 * Pure but for the heap.
 */
#ifndef APP_FILTERING_H
#define APP_FILTERING_H

#include <stdbool.h>

#include "base/attributes.h"
#include "config/config.h"
#include "decode/filter.h"
#include "model/reading.h"

/* How the readings of that sensor are filtered. Returns 0 or -ENOMEM.
 * Owns: the caller frees *out; NULL: they are not. */
must_check int filtering_new(const struct config_sensor *sensor,
			     struct filter_rules *rules_out, struct filter **out);

/* A single answer as it is told to who asked for it: with its offset and what is derived from it,
 * but neither with what was read before nor held back. */
void filtering_take_single(const struct config_sensor *sensor, struct reading *reading);

/* Whether other values would come of the same answers, or others be held back. */
bool filtering_has_changed(const struct config_sensor *before,
			   const struct config_sensor *after);

#endif
