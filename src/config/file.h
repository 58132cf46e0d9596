/* SPDX-License-Identifier: MIT */
/* Reads small files whole, and finds those that lie beside another. */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

enum file_kind {
	FILE_ANY, /* a pipe or a device will do: reading may wait */
	FILE_REGULAR, /* never waits */
};

struct file {
	char *data; /* owned; ends with a NUL beyond num_bytes */
	size_t num_bytes;
	bool is_exposed; /* users can read it that need not */
};

/* Returns 0 or a negative errno: -EFBIG where it is larger than max_bytes, -EINVAL where it is
 * not of the kind. Owns: file_finish() frees out->data.
 */
must_check int file_read(const char *path, enum file_kind kind, size_t max_bytes,
			 struct file *out);

/* Overwrites what it held: it may be a secret. */
void file_finish(struct file *file);

/* What a negative errno of file_read() means, for people. */
const char *file_error(int error);

/* `name` as seen from the folder that `path` lies in. The caller frees it; NULL: no memory. */
char *file_beside(const char *path, const char *name);

#endif
