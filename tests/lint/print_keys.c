/* SPDX-License-Identifier: MIT */
/* print_keys - the table of configuration keys, for check_docs: a line each with the path,
 * "required", "default" or "open", the default, and its type and limits in words; tabs
 * between them.
 */
#include <stdio.h>

#include "config/keys.h"

int main(void)
{
	size_t num_keys;
	const struct key *keys = key_all(&num_keys);

	for (size_t i = 0; i < num_keys; i++) {
		const struct key *key = &keys[i];
		const char *kind = key->is_required ? "required"
				   : key->fallback  ? "default"
						    : "open";
		char data[512];
		struct text text;

		text_init(&text, data, sizeof(data));
		key_describe(key, &text);
		printf("%s\t%s\t%s\t%s\n", key->path, kind,
		       key->fallback ? key->fallback : "", data);
	}
	return 0;
}
