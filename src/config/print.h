/* SPDX-License-Identifier: MIT */
/* The effective configuration as YAML: every key, defaults put in, secrets as ***.
 *
 * What it writes loads again, to the same configuration but for the secrets.
 *
 * Threads: any.
 */
#ifndef CONFIG_PRINT_H
#define CONFIG_PRINT_H

#include <stdio.h>

#include "config/config.h"

/* Errors stay in `out`: see ferror(). */
void config_print(const struct config *config, FILE *out);

#endif
