/* SPDX-License-Identifier: MIT */
/* The shape of the configuration file as a JSON Schema (draft 7), made from the table of keys:
 * editors complete and check the file with it while it is written.
 *
 * It takes every file that the loader takes. Of what the loader refuses it refuses keys that
 * are not known or missing, wrong types, words that are no choice, texts of the wrong shape
 * and values out of range; what several keys or the machine decide is left to the loader.
 *
 * Threads: any.
 */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include <stdio.h>

#include "config/config.h"

/* drivers: their names are the choices for sensors[].driver. Errors stay in `out`: see
 * ferror(). */
void config_schema_print(const struct config_driver_facts *drivers, FILE *out);

#endif
