/* SPDX-License-Identifier: MIT */
/* What differs between two configurations, by the table of keys.
 *
 * Threads: any.
 * Pure.
 */
#ifndef CONFIG_COMPARE_H
#define CONFIG_COMPARE_H

#include <stdbool.h>

#include "base/text.h"
#include "config/config.h"

/* Whether the keys below `parent` ("mqtt", "sensors[]") have the same values in two records:
 * struct config, or elements of the list that `parent` names. What a secret's file holds is
 * compared, not its name. Lists of sections and names of pins are not looked at.
 *
 * changed: the names of the keys that differ are added, ", " between them; no values.
 */
bool compare_keys(const char *parent, const void *before, const void *after,
		  struct text *changed);

/* The index of the sensor with that id; config->num_sensors: there is none. */
size_t compare_find_sensor(const struct config *config, const char *id);

/* All that differs, for the log: "mqtt.keepalive, +attic, -porch, bench (interval, pin)".
 * Returns whether anything does. */
bool compare_configs(const struct config *before, const struct config *after,
		     struct text *changed);

#endif
