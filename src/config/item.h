/* SPDX-License-Identifier: MIT */
/* One value of the file on its way into its field: variables, secrets, type and limits.
 *
 * What is wrong goes to the loader's errors; functions then return -EINVAL, and -ENOMEM
 * where no memory is left.
 *
 * Threads: one owner.
 */
#ifndef CONFIG_ITEM_H
#define CONFIG_ITEM_H

#include <stdbool.h>

#include "base/attributes.h"
#include "config/config.h"
#include "config/errors.h"
#include "config/keys.h"
#include "config/secrets.h"
#include "config/tree.h"

/* Where values go. */
struct loader {
	struct config *config; /* borrowed; outlives this */
	struct config_errors *errors; /* borrowed; outlives this */
	struct secrets *secrets; /* borrowed; outlives this */
};

struct item {
	const struct key *key;
	char path[KEY_MAX_PATH]; /* in messages: "sensors[2].interval" */
	const struct node *node;
	void *record; /* struct config, or the element of a list, that has the field */
};

/* Whether the node means that there is no value: null, ~ or nothing at all. */
bool item_is_null(const struct node *node);

/* Whether the node is of that kind; reports where it is not. */
bool item_is_kind(const struct loader *loader, const struct item *item,
		  enum node_kind kind);

/* Loads a single value into its field. is_null_out: set where it turned out to be none, as
 * ${VAR:-} may; else left alone. */
must_check int item_load(const struct loader *loader, const struct item *item,
			 bool *is_null_out);

/* Loads a single text that belongs to a list. The caller frees *out. */
must_check int item_load_text(const struct loader *loader, const struct item *item,
			      char **out);

#endif
