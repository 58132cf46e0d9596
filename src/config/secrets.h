/* SPDX-License-Identifier: MIT */
/* Where secrets come from: secrets.yaml beside the configuration (`!secret NAME`), and files
 * that hold one each (`*_file` keys).
 *
 * A complaint names the file and the secret's name, never its value.
 *
 * Threads: one owner.
 */
#ifndef CONFIG_SECRETS_H
#define CONFIG_SECRETS_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/text.h"

struct secrets;

/* config_path: of the configuration; borrowed, outlives this. Nothing is read before the
 * first secrets_find(). NULL: no memory. */
struct secrets *secrets_new(const char *config_path);
void secrets_free(struct secrets *secrets);

/* Looks up a secret of secrets.yaml.
 *
 * Returns 0, -EINVAL with a `complaint`, or -ENOMEM.
 * Owns: *out outlives `secrets` only as a copy.
 */
must_check int secrets_find(struct secrets *secrets, const char *name,
			    struct text *complaint, const char **out);

/* The path of secrets.yaml where it was read and more users can read it than need to, else
 * NULL. */
const char *secrets_exposed_path(const struct secrets *secrets);

/* Reads a file that holds one secret; a newline at its end is not part of it.
 *
 * Returns as secrets_find(); the caller frees *out. is_exposed_out: others can read it.
 */
must_check int secrets_read_file(const char *config_path, const char *name,
				 struct text *complaint, bool *is_exposed_out,
				 char **out);

#endif
