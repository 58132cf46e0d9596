/* SPDX-License-Identifier: MIT */
/* One value between its text in the file and its field.
 *
 * Pure but for the heap.
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/text.h"
#include "config/config.h"
#include "config/keys.h"

enum { VALUE_MAX_COMPLAINT = 512 };

/* A value as the file gives it, variables and secrets put in. */
struct value_text {
	const char *text; /* borrowed */
	bool is_plain; /* without quotes: yes may be a boolean */
	bool is_hidden; /* must not be repeated in the complaint */
};

/* Checks a scalar (no section or list) and stores it in its field of `record`.
 *
 * record: struct config, or the element of the list that the key belongs to; its field is
 *         zero, and stays so after an error
 * Returns 0, -EINVAL with a whole sentence in `complaint`, or -ENOMEM.
 */
must_check int value_store(const struct key *key, const struct value_text *value,
			   void *record, struct text *complaint);

/* Checks one element of a KEY_TEXTS as value_store() does. */
must_check int value_check_element(const struct key *key, const struct value_text *value,
				   struct text *complaint);

/* The value cut to what a message can bear; "the value" where it is hidden. */
void value_show(const struct value_text *value, struct text *out);

/* Frees what the fields of `record` own: those of the keys in `parent`. */
void value_free_fields(const char *parent, void *record);

/* The list behind a KEY_RECORDS, KEY_PINS or KEY_TEXTS: its field and its count. */
void **value_list(const struct key *key, void *record);
size_t *value_count(const struct key *key, void *record);

#endif
