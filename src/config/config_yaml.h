/* SPDX-License-Identifier: MIT */
/* Makes a tree of YAML text; the only file that knows libyaml.
 *
 * Knows nothing of keys: what a value must be is the loader's to judge.
 *
 * Threads: any.
 */
#ifndef CONFIG_CONFIG_YAML_H
#define CONFIG_CONFIG_YAML_H

#include <stddef.h>

#include "base/attributes.h"
#include "config/errors.h"
#include "config/tree.h"

enum {
	CONFIG_MAX_BYTES = 1024 * 1024, /* of the file */
	CONFIG_MAX_DEPTH = 16, /* of lists and mappings in each other */
	CONFIG_MAX_NODES = 100000, /* values, those that aliases repeat included */
	CONFIG_MAX_ANCHORS = 256,
};

/* Returns 0 and the tree; -EINVAL with errors where it is no YAML; -ENOMEM. Where there are
 * errors beside a tree they are of values that were left out of it.
 * Owns: tree_free() frees *out.
 */
must_check int config_yaml_parse(const char *data, size_t num_bytes,
				 struct config_errors *errors, struct tree **out);

/* The library's version: "0.2.5". */
const char *config_yaml_version(void);

#endif
