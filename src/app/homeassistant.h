/* SPDX-License-Identifier: MIT */
/* What Home Assistant is told, put together from the stages that know: the configuration, the
 * drivers and this machine.
 *
 * Threads: homeassistant_new() from any; what it makes is constant.
 */
#ifndef APP_HOMEASSISTANT_H
#define APP_HOMEASSISTANT_H

#include "base/attributes.h"
#include "config/config.h"
#include "publish/discovery.h"

/* Returns 0 or -ENOMEM.
 * Owns: homeassistant_free() frees *out; it borrows config, which outlives it. */
must_check int homeassistant_new(const struct config *config, struct discovery **out);
void homeassistant_free(struct discovery *discovery);

#endif
