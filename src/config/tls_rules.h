/* SPDX-License-Identifier: MIT */
/* What the keys of mqtt.tls must be beside each other and beside the servers, and what the
 * files must hold that they name. Whether key and certificate fit, and whether the broker
 * takes them, is seen when they are used.
 *
 * Threads: one owner.
 */
#ifndef CONFIG_TLS_RULES_H
#define CONFIG_TLS_RULES_H

#include "base/attributes.h"
#include "config/config.h"
#include "config/errors.h"
#include "config/tree.h"

/* mqtt: the section in the file; NULL: it has none. Fills in the *_path of config->mqtt.tls.
 * Returns 0, also where something was reported, or -ENOMEM. */
must_check int tls_rules_apply(struct config *config, const struct node *mqtt,
			       struct config_errors *errors);

#endif
