/* SPDX-License-Identifier: MIT */
/* Puts environment variables into a value: ${VAR}, ${VAR:-default}, ${VAR:?message}.
 *
 * $${ stands for a plain ${; any other $ for itself. A default may hold variables in turn.
 *
 * Threads: reads the environment, so none may change it meanwhile.
 */
#ifndef CONFIG_EXPAND_H
#define CONFIG_EXPAND_H

#include <stddef.h>

#include "base/attributes.h"
#include "base/text.h"

enum { EXPAND_MAX_BYTES = 64 * 1024 };

/* Returns 0 and the expanded text, -EINVAL with what is wrong in `complaint` (values never
 * are in it), or -ENOMEM.
 * Owns: the caller frees *out.
 */
must_check int expand_text(const char *text, struct text *complaint, char **out);

#endif
