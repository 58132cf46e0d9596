/* SPDX-License-Identifier: MIT */
/* Collects what is wrong with a file, so that all of it is told in one go.
 *
 * Texts are made fit for a terminal: no control characters, no broken UTF-8.
 *
 * Threads: one owner.
 */
#ifndef CONFIG_ERRORS_H
#define CONFIG_ERRORS_H

#include "base/attributes.h"
#include "config/config.h"

enum { CONFIG_MAX_ERRORS = 500 }; /* what comes after is counted, not kept */

/* Where something stands in the file. Line 0: the file as a whole. */
struct config_place {
	unsigned line; /* from 1 */
	unsigned column; /* from 1, in characters */
};

/* path: "sensors[2].interval"; empty for what belongs to no key. */
void config_errors_add(struct config_errors *errors, struct config_place place,
		       const char *path, const char *format, ...) printf_like(4, 5);

/* The same for what is allowed and yet probably a mistake. */
void config_errors_warn(struct config_errors *errors, struct config_place place,
			const char *path, const char *format, ...) printf_like(4, 5);

/* Brings them into the order of the file. */
void config_errors_sort(struct config_errors *errors);

#endif
