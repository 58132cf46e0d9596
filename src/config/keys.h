/* SPDX-License-Identifier: MIT */
/* Every key that the configuration file knows: the one place that says its type, limits,
 * default and meaning. The loader, `check --print`, the schema for editors and the test of the
 * documents read it.
 *
 * To add a key: a field in config.h, a row in keys.c, a line in conf/pin2mqtt.yaml, an entry
 * in the man page, and `pin2mqtt check --schema >conf/pin2mqtt.schema.json` (a test insists on
 * the last three).
 *
 * Threads: any; the table is constant.
 */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* What a value is in the file, and the field that holds it. */
enum key_type {
	KEY_SECTION, /* a mapping of keys; no field */
	KEY_RECORDS, /* a list of such mappings; struct * and size_t */
	/* a list of mappings of one key each; no field: theirs are where the list is */
	KEY_STEPS,
	KEY_PINS, /* names to pins; struct config_pin * and size_t */
	KEY_TEXT, /* char * */
	KEY_TEXTS, /* a list; char ** and size_t */
	KEY_SECRET_FILE, /* the path of a file; char *, its content */
	KEY_NUMBER, /* uint32_t */
	KEY_DECIMAL, /* int32_t, thousandths */
	KEY_BOOLEAN, /* bool */
	KEY_CHOICE, /* an enum: the index of the word in `choices` */
	KEY_SET, /* a list of words; uint32_t: a bit for the index of each in `choices` */
	KEY_DURATION_MS, /* uint32_t, milliseconds */
	KEY_DURATION_S, /* uint32_t, seconds */
	KEY_SIZE, /* uint64_t, bytes */
};
enum { NUM_KEY_TYPES = KEY_SIZE + 1, KEY_MAX_PATH = 160 };

struct key {
	/* "sensors[].interval": [] stands for any element of the list before it */
	const char *path;
	enum key_type type;
	bool is_required;
	bool is_secret; /* never shown */
	bool may_be_secret; /* !secret may give it; then it is never shown */
	bool is_signed; /* KEY_DECIMAL: from -max on, whatever min says */
	/* The default as the file would say it; NULL: there is none, or it is derived. */
	const char *fallback;
	/* What the default is made of, in words; NULL: it is `fallback`. */
	const char *derived;
	/* One line for people, without a full stop. */
	const char *help;
	/* What it may look like, for messages where it is missing; NULL: no idea. */
	const char *example;
	/* Bytes of a text, elements of a list, ms, s or bytes: the unit of the field. */
	uint64_t min, max;
	/* KEY_DURATION_MS: only multiples of it; KEY_NUMBER: only min and what follows in
	 * such steps; 0: any */
	uint64_t step;
	const char *const *choices; /* KEY_CHOICE, KEY_SET: NULL-terminated */
	/* Judges a text (or each text of a list): false, and why not in `complaint`, as in
	 * "VALUE, but it ...". Pure. NULL: any text is good. */
	bool (*is_good)(const char *text, struct text *complaint);
	/* Where the field is in struct config, or in the record of the list it is in. */
	size_t offset;
	size_t count_offset; /* of the size_t beside a list */
	size_t record_bytes; /* KEY_RECORDS */
};

const struct key *key_all(size_t *num_out);

/* The row of that path ("sensors[].interval"); NULL where there is none. */
const struct key *key_find(const char *path);

/* The key `name` of the section, or of the records, at `parent` ("" is the whole file). */
const struct key *key_find_in(const char *parent, const char *name);

/* Whether `key` stands directly in `parent`. */
bool key_is_in(const struct key *key, const char *parent);

/* The last part of its path: "interval". */
const char *key_name(const struct key *key);

/* "duration", "list of texts": for people. */
const char *key_type_name(const struct key *key);

/* Type, default and limits in one line: "duration, default 20s, 5s to 18h". */
void key_describe(const struct key *key, struct text *out);

/* Limits alone: "5s to 18h", "auto, 5 or 3.1.1"; nothing where there are none. */
void key_describe_limits(const struct key *key, struct text *out);

#endif
