/* SPDX-License-Identifier: MIT */
/* What a sensor's filters and derived quantities must be beside each by itself: their order, and
 * what its driver measures.
 *
 * Pure but for the heap.
 */
#ifndef CONFIG_FILTER_RULES_H
#define CONFIG_FILTER_RULES_H

#include "config/config.h"
#include "config/errors.h"
#include "config/tree.h"

/* Checks sensors[index]; what is wrong is added to `errors`.
 *
 * node:    of that sensor
 * drivers: NULL: what they measure is not looked at
 */
void filter_rules_check(const struct config_sensor *sensor, size_t index,
			const struct node *node,
			const struct config_driver_facts *drivers,
			struct config_errors *errors);

#endif
