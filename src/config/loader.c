/* SPDX-License-Identifier: MIT */
#include "config/loader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/item.h"
#include "config/keys.h"
#include "config/shape.h"
#include "config/suggest.h"
#include "config/value.h"

enum { MAX_KEYS_A_SECTION = 2048 };

/* A section of the file while it is loaded. */
struct section {
	const char *parent; /* in the table: "sensors[]" */
	char path[KEY_MAX_PATH]; /* in messages: "sensors[2]" */
	const struct node *node; /* NULL: the file has it not */
	struct config_place place; /* where missing keys are reported */
	void *record; /* that the keys' fields are in */
};

static void join_path(char *out, const char *parent, const char *name)
{
	snprintf(out, KEY_MAX_PATH, "%.*s%s%.64s", KEY_MAX_PATH - 80, parent,
		 *parent ? "." : "", name);
}

static void element_path(char *out, const char *parent, size_t index)
{
	snprintf(out, KEY_MAX_PATH, "%.*s[%zu]", KEY_MAX_PATH - 32, parent, index);
}

/* Whether a list has as many elements as it may have; reports where it has not. */
static bool is_of_length(const struct loader *loader, const struct item *item)
{
	size_t num_elements = item->node->num_children;
	char limits_data[64];
	struct text limits;

	if (num_elements <= item->key->max && num_elements >= item->key->min)
		return true;
	text_init(&limits, limits_data, sizeof(limits_data));
	key_describe_limits(item->key, &limits);
	config_errors_add(loader->errors, item->node->place, item->path,
			  "%zu entries, but it must have %s", num_elements, limits_data);
	return false;
}

/* Room for a list of as many elements; NULL in *out where it was reported or is empty. */
static int make_list(const struct loader *loader, const struct item *item,
		     size_t element_bytes, void **out)
{
	size_t num_elements = item->node->num_children;
	const struct key *key = item->key;

	*out = NULL;
	if (!is_of_length(loader, item))
		return -EINVAL;
	if (num_elements == 0)
		return 0;
	*out = calloc(num_elements, element_bytes);
	if (!*out)
		return -ENOMEM;
	*value_list(key, item->record) = *out;
	return 0;
}

static int load_texts(const struct loader *loader, const struct item *item)
{
	size_t *count = value_count(item->key, item->record);
	void *list;
	int result = make_list(loader, item, sizeof(char *), &list);
	size_t index = 0;

	for (const struct node *node = item->node->first; list && node;
	     node = node->next) {
		struct item element = { item->key, "", node, item->record };

		element_path(element.path, item->path, index++);
		result = item_load_text(loader, &element, (char **)list + *count);
		if (result == -ENOMEM)
			return result;
		*count += result == 0 ? 1 : 0;
	}
	return result;
}

static void report_twice(const struct loader *loader, const char *path,
			 const struct node *again, const struct node *first)
{
	config_errors_add(loader->errors, again->key_place, path,
			  "is there twice; the other one is in line %u",
			  first->key_place.line);
}

static int load_pin(const struct loader *loader, const struct item *item,
		    struct config_pin *out)
{
	char data[VALUE_MAX_COMPLAINT];
	struct value_text name = { .text = item->node->key };
	struct key name_key = { .type = KEY_TEXT, .is_good = shape_is_pin_name };
	struct text complaint;

	text_init(&complaint, data, sizeof(data));

	int result = value_check_element(&name_key, &name, &complaint);

	if (result == -EINVAL)
		config_errors_add(loader->errors, item->node->key_place, item->path, "%s",
				  data);
	if (result == 0)
		result = item_load_text(loader, item, &out->pin);
	if (result < 0)
		return result;
	out->name = strdup(item->node->key);
	if (out->name)
		return 0;
	free(out->pin);
	return -ENOMEM;
}

static int load_pins(const struct loader *loader, const struct item *item)
{
	/* A pin is a line of text. */
	struct key pin_key = { .type = KEY_TEXT, .is_good = shape_is_line };
	size_t *count = value_count(item->key, item->record);
	void *list;
	int result = make_list(loader, item, sizeof(struct config_pin), &list);

	for (const struct node *node = item->node->first; list && node;
	     node = node->next) {
		struct item element = { &pin_key, "", node, item->record };
		const struct node *first = tree_find(item->node, node->key);

		join_path(element.path, item->path, node->key);
		if (first != node) {
			report_twice(loader, element.path, node, first);
			continue;
		}
		result = load_pin(loader, &element, (struct config_pin *)list + *count);
		if (result == -ENOMEM)
			return result;
		*count += result == 0 ? 1 : 0;
	}
	return result;
}

static int load_section(const struct loader *loader, const struct section *section);

static int load_records(const struct loader *loader, const struct item *item)
{
	size_t *count = value_count(item->key, item->record);
	char parent[KEY_MAX_PATH];
	void *list;
	int result = make_list(loader, item, item->key->record_bytes, &list);

	snprintf(parent, sizeof(parent), "%s[]", item->key->path);
	for (const struct node *node = item->node->first; list && node;
	     node = node->next) {
		struct section section = {
			.parent = parent,
			.node = node,
			.place = node->place,
			.record = (char *)list + *count * item->key->record_bytes,
		};

		element_path(section.path, item->path, *count);
		++*count;
		result = load_section(loader, &section);
		if (result == -ENOMEM)
			return result;
	}
	return result;
}

/* Steps are mappings of one key each. */
static int load_steps(const struct loader *loader, const struct item *item)
{
	char parent[KEY_MAX_PATH];
	size_t index = 0;

	if (!is_of_length(loader, item))
		return -EINVAL;
	snprintf(parent, sizeof(parent), "%s[]", item->key->path);
	for (const struct node *node = item->node->first; node; node = node->next) {
		struct section section = {
			.parent = parent,
			.node = node,
			.place = node->place,
			.record = item->record,
		};

		element_path(section.path, item->path, index++);
		if (node->kind == NODE_MAPPING && node->num_children != 1)
			config_errors_add(loader->errors, node->place, section.path,
					  "%zu keys, but an entry of this list has one: "
					  "begin each with \"- \"",
					  node->num_children);
		else if (load_section(loader, &section) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

static int load_set(const struct loader *loader, const struct item *item)
{
	struct key word_key = { .type = KEY_CHOICE, .choices = item->key->choices };
	uint32_t *set = (uint32_t *)(void *)((char *)item->record + item->key->offset);
	size_t index = 0;

	for (const struct node *node = item->node->first; node; node = node->next) {
		unsigned word;
		bool is_null = item_is_null(node);
		struct item element = { &word_key, "", node, &word };
		int result = 0;

		element_path(element.path, item->path, index++);
		if (!is_null)
			result = item_load(loader, &element, &is_null);
		if (result == -ENOMEM)
			return result;
		if (is_null)
			config_errors_add(loader->errors, node->place, element.path,
					  "is empty");
		else if (result == 0 && *set & UINT32_C(1) << word)
			config_errors_add(loader->errors, node->place, element.path,
					  "%s is there twice", item->key->choices[word]);
		else if (result == 0)
			*set |= UINT32_C(1) << word;
	}
	return 0;
}

/* A value that is in the file and not null. */
static int load_item(const struct loader *loader, const struct item *item,
		     bool *is_null_out)
{
	switch (item->key->type) {
	case KEY_SECTION:
		break; /* load_key() */
	case KEY_RECORDS:
		return item_is_kind(loader, item, NODE_LIST) ? load_records(loader, item)
							     : -EINVAL;
	case KEY_STEPS:
		return item_is_kind(loader, item, NODE_LIST) ? load_steps(loader, item)
							     : -EINVAL;
	case KEY_SET:
		return item_is_kind(loader, item, NODE_LIST) ? load_set(loader, item)
							     : -EINVAL;
	case KEY_TEXTS:
		return item_is_kind(loader, item, NODE_LIST) ? load_texts(loader, item)
							     : -EINVAL;
	case KEY_PINS:
		return item_is_kind(loader, item, NODE_MAPPING) ? load_pins(loader, item)
								: -EINVAL;
	case KEY_TEXT:
	case KEY_SECRET_FILE:
	case KEY_NUMBER:
	case KEY_DECIMAL:
	case KEY_BOOLEAN:
	case KEY_CHOICE:
	case KEY_DURATION_MS:
	case KEY_DURATION_S:
	case KEY_SIZE:
		return item_load(loader, item, is_null_out);
	}
	return 0;
}

static int load_default(const struct loader *loader, const struct section *section,
			const struct item *item)
{
	const struct key *key = item->key;

	if (key->fallback) {
		struct value_text fallback = { .text = key->fallback, .is_plain = true };
		char data[VALUE_MAX_COMPLAINT];
		struct text complaint;

		text_init(&complaint, data, sizeof(data));
		return value_store(key, &fallback, item->record, &complaint);
	}
	/* A key that was there and left out for its mistake is not missing. */
	if (key->is_required && !(section->node && section->node->is_incomplete))
		config_errors_add(loader->errors, section->place, item->path,
				  "is missing; for example: %s: %s", key_name(key),
				  key->example);
	return 0;
}

static int load_key(const struct loader *loader, const struct section *section,
		    const struct key *key)
{
	struct item item = {
		.key = key,
		.node = tree_find(section->node, key_name(key)),
		.record = section->record,
	};
	bool is_null = !item.node || item_is_null(item.node);
	int result = 0;

	join_path(item.path, section->path, key_name(key));
	if (key->type == KEY_SECTION) {
		struct section below = {
			.parent = key->path,
			.node = is_null ? NULL : item.node,
			.place = item.node ? item.node->key_place : section->place,
			.record = section->record,
		};

		memcpy(below.path, item.path, sizeof(below.path));
		return load_section(loader, &below);
	}
	if (!is_null)
		result = load_item(loader, &item, &is_null);
	if (result == 0 && is_null)
		result = load_default(loader, section, &item);
	return result;
}

/* The key of that name in another section: one that was put at the wrong place. */
static const struct key *find_elsewhere(const char *name)
{
	size_t num_keys;
	const struct key *keys = key_all(&num_keys);

	for (size_t i = 0; i < num_keys; i++) {
		if (strcmp(key_name(&keys[i]), name) == 0)
			return &keys[i];
	}
	return NULL;
}

static void report_unknown(const struct loader *loader, const struct section *section,
			   const struct node *node)
{
	struct suggestion suggestion = { 0 };
	char path[KEY_MAX_PATH], known_data[320];
	struct text known;
	size_t num_keys;
	const struct key *keys = key_all(&num_keys);
	const struct key *elsewhere = find_elsewhere(node->key);

	text_init(&known, known_data, sizeof(known_data));
	for (size_t i = 0; i < num_keys; i++) {
		if (!key_is_in(&keys[i], section->parent))
			continue;
		suggest_consider(&suggestion, node->key, key_name(&keys[i]));
		text_add(&known, "%s%s", known.length > 0 ? ", " : "",
			 key_name(&keys[i]));
	}
	join_path(path, section->path, node->key);
	if (suggestion.best)
		config_errors_add(loader->errors, node->key_place, path,
				  "no such key; did you mean %s?", suggestion.best);
	else if (elsewhere)
		config_errors_add(loader->errors, node->key_place, path,
				  "no such key here; did you mean %s?", elsewhere->path);
	else
		config_errors_add(loader->errors, node->key_place, path,
				  "no such key; there are: %s", known_data);
}

static void check_names(const struct loader *loader, const struct section *section)
{
	const struct node *mapping = section->node;

	if (mapping->num_children > MAX_KEYS_A_SECTION) {
		config_errors_add(loader->errors, mapping->place, section->path,
				  "more than %d keys", MAX_KEYS_A_SECTION);
		return;
	}
	for (const struct node *node = mapping->first; node; node = node->next) {
		const struct node *first = tree_find(mapping, node->key);

		if (first != node) {
			char path[KEY_MAX_PATH];

			join_path(path, section->path, node->key);
			report_twice(loader, path, node, first);
		} else if (!key_find_in(section->parent, node->key)) {
			report_unknown(loader, section, node);
		}
	}
}

/* Returns 0 also where values were reported; -ENOMEM. */
static int load_section(const struct loader *loader, const struct section *section)
{
	size_t num_keys;
	const struct key *keys = key_all(&num_keys);

	if (section->node) {
		struct item item = { .node = section->node };

		memcpy(item.path, section->path, sizeof(item.path));
		if (!item_is_kind(loader, &item, NODE_MAPPING))
			return 0;
		check_names(loader, section);
	}
	for (size_t i = 0; i < num_keys; i++) {
		if (key_is_in(&keys[i], section->parent) &&
		    load_key(loader, section, &keys[i]) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

int loader_fill(struct config *config, const struct node *root,
		struct config_errors *errors)
{
	struct loader loader = { .config = config, .errors = errors };
	struct section section = {
		.parent = "",
		.node = root,
		.place = root->place,
		.record = config,
	};

	if (item_is_null(root)) {
		config_errors_add(errors, (struct config_place){ 0 }, "",
				  "the file is empty");
		return 0;
	}
	loader.secrets = secrets_new(config->path);
	if (!loader.secrets)
		return -ENOMEM;

	int result = load_section(&loader, &section);
	const char *exposed = secrets_exposed_path(loader.secrets);

	if (exposed)
		config_errors_warn(errors, (struct config_place){ 0 }, "",
				   "other users can read %s: chmod go-r would hide it",
				   exposed);
	secrets_free(loader.secrets);
	return result;
}
