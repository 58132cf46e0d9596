/* SPDX-License-Identifier: MIT */
/* What ties values together: defaults made of other values, names that must differ, pins by
 * their names, what a driver needs.
 *
 * Threads: one owner.
 */
#ifndef CONFIG_RULES_H
#define CONFIG_RULES_H

#include "base/attributes.h"
#include "config/config.h"
#include "config/config_yaml.h"

/* config: as loader_fill() left it; fields that were refused are zero and cause no more
 * errors. root: for the places. drivers: NULL takes any.
 *
 * Returns 0, or -ENOMEM.
 */
must_check int rules_apply(struct config *config, const struct node *root,
			   const struct config_driver_facts *drivers,
			   struct config_errors *errors);

#endif
