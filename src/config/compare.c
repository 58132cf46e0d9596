/* SPDX-License-Identifier: MIT */
#include "config/compare.h"

#include <stdio.h>
#include <string.h>

#include "config/keys.h"

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static const void *field_of(const struct key *key, const void *record)
{
	return (const char *)record + key->offset;
}

static bool is_same_list(const struct key *key, const void *before, const void *after)
{
	char *const *a = *(char *const *const *)field_of(key, before);
	char *const *b = *(char *const *const *)field_of(key, after);
	size_t num_a =
		*(const size_t *)(const void *)((const char *)before + key->count_offset);
	size_t num_b =
		*(const size_t *)(const void *)((const char *)after + key->count_offset);
	bool is_same = num_a == num_b;

	for (size_t i = 0; is_same && i < num_a; i++)
		is_same = is_same_text(a[i], b[i]);
	return is_same;
}

/* What the steps of the list are, whatever the order in which they are written. */
static bool is_same_steps(const struct key *key, const void *before, const void *after)
{
	char parent[KEY_MAX_PATH], data[1];
	struct text ignored;

	text_init(&ignored, data, sizeof(data));
	snprintf(parent, sizeof(parent), "%s[]", key->path);
	return compare_keys(parent, before, after, &ignored);
}

static bool is_same_value(const struct key *key, const void *before, const void *after)
{
	const void *a = field_of(key, before), *b = field_of(key, after);

	switch (key->type) {
	case KEY_TEXT:
	case KEY_SECRET_FILE:
		return is_same_text(*(char *const *)a, *(char *const *)b);
	case KEY_TEXTS:
		return is_same_list(key, before, after);
	case KEY_NUMBER:
	case KEY_DURATION_MS:
	case KEY_DURATION_S:
		return *(const uint32_t *)a == *(const uint32_t *)b;
	case KEY_BOOLEAN:
		return *(const bool *)a == *(const bool *)b;
	case KEY_DECIMAL:
		return *(const int32_t *)a == *(const int32_t *)b;
	case KEY_STEPS:
		return is_same_steps(key, before, after);
	case KEY_SET:
		return *(const uint32_t *)a == *(const uint32_t *)b;
	case KEY_CHOICE:
		return *(const unsigned *)a == *(const unsigned *)b;
	case KEY_SIZE:
		return *(const uint64_t *)a == *(const uint64_t *)b;
	case KEY_SECTION:
	case KEY_RECORDS:
	case KEY_PINS:
		break;
	}
	return true;
}

static void add_item(struct text *out, const char *sign, const char *text)
{
	text_add(out, "%s%s%s", out->length > 0 ? ", " : "", sign, text);
}

bool compare_keys(const char *parent, const void *before, const void *after,
		  struct text *changed)
{
	bool is_of_list = strstr(parent, "[]") != NULL;
	bool is_same = true;
	size_t num_keys;
	const struct key *keys = key_all(&num_keys);

	for (size_t i = 0; i < num_keys; i++) {
		const struct key *key = &keys[i];

		if (!key_is_in(key, parent))
			continue;
		if (key->type == KEY_SECTION) {
			is_same &= compare_keys(key->path, before, after, changed);
		} else if (!is_same_value(key, before, after)) {
			is_same = false;
			/* A secret and its file fill one field: it is named once. */
			if (key->type != KEY_SECRET_FILE)
				add_item(changed, "",
					 is_of_list ? key_name(key) : key->path);
		}
	}
	return is_same;
}

size_t compare_find_sensor(const struct config *config, const char *id)
{
	size_t i = 0;

	while (i < config->num_sensors && strcmp(config->sensors[i].id, id) != 0)
		i++;
	return i;
}

/* A pin may lie elsewhere though its text is the same. */
static bool has_moved(const char *before, const char *after, const char *before_text,
		      const char *after_text)
{
	return is_same_text(before_text, after_text) && !is_same_text(before, after);
}

/* A sensor that both have. */
static bool is_same_sensor(const struct config_sensor *before,
			   const struct config_sensor *after, struct text *changed)
{
	char data[256];
	struct text keys;
	bool is_same;

	text_init(&keys, data, sizeof(data));
	is_same = compare_keys("sensors[]", before, after, &keys);
	if (has_moved(before->pin, after->pin, before->pin_as_written,
		      after->pin_as_written)) {
		add_item(&keys, "", "pin");
		is_same = false;
	}
	if (has_moved(before->trigger_pin, after->trigger_pin,
		      before->trigger_pin_as_written, after->trigger_pin_as_written)) {
		add_item(&keys, "", "trigger_pin");
		is_same = false;
	}
	if (has_moved(before->quiet_pin, after->quiet_pin, before->quiet_pin_as_written,
		      after->quiet_pin_as_written)) {
		add_item(&keys, "", "quiet_pin");
		is_same = false;
	}
	if (has_moved(before->power_pin, after->power_pin, before->power_pin_as_written,
		      after->power_pin_as_written)) {
		add_item(&keys, "", "power_pin");
		is_same = false;
	}
	if (!is_same) {
		add_item(changed, "", after->id);
		text_add(changed, " (%s)", data);
	}
	return is_same;
}

bool compare_configs(const struct config *before, const struct config *after,
		     struct text *changed)
{
	bool is_same = compare_keys("", before, after, changed);

	for (size_t i = 0; i < after->num_sensors; i++) {
		const struct config_sensor *sensor = &after->sensors[i];
		size_t old = compare_find_sensor(before, sensor->id);

		if (old < before->num_sensors) {
			is_same &= is_same_sensor(&before->sensors[old], sensor, changed);
			continue;
		}
		is_same = false;
		add_item(changed, "+", sensor->id);
	}
	for (size_t i = 0; i < before->num_sensors; i++) {
		const char *id = before->sensors[i].id;

		if (compare_find_sensor(after, id) < after->num_sensors)
			continue;
		is_same = false;
		add_item(changed, "-", id);
	}
	return !is_same;
}
