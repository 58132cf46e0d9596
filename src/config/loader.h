/* SPDX-License-Identifier: MIT */
/* Fills the configuration from the tree of values, as the table of keys says.
 *
 * Judges each value alone; what ties values together is rules.h.
 *
 * Threads: one owner.
 */
#ifndef CONFIG_LOADER_H
#define CONFIG_LOADER_H

#include "base/attributes.h"
#include "config/config.h"
#include "config/config_yaml.h"

/* config: zeroed but for its path. What is wrong goes to `errors`; such fields stay zero.
 *
 * Returns 0, or -ENOMEM.
 */
must_check int loader_fill(struct config *config, const struct node *root,
			   struct config_errors *errors);

#endif
