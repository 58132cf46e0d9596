/* SPDX-License-Identifier: MIT */
#include "config/item.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/expand.h"
#include "config/value.h"

/* A scalar, ready to be stored. */
struct scalar {
	char *owned;
	struct value_text value;
	bool is_null;
};

bool item_is_null(const struct node *node)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" };

	for (size_t i = 0; i < array_length(words); i++) {
		if (node->kind == NODE_TEXT && node->is_plain &&
		    strcmp(node->text, words[i]) == 0)
			return true;
	}
	return false;
}

bool item_is_kind(const struct loader *loader, const struct item *item,
		  enum node_kind kind)
{
	static const char *const names[NUM_NODE_KINDS] = {
		[NODE_TEXT] = "a single value",
		[NODE_LIST] = "a list",
		[NODE_MAPPING] = "a section",
	};
	static const char *const hints[NUM_NODE_KINDS] = {
		[NODE_TEXT] = "",
		[NODE_LIST] = " (as in [a, b], or lines that begin with \"- \")",
		[NODE_MAPPING] = " (lines KEY: VALUE)",
	};

	if (item->node->kind == kind)
		return true;
	config_errors_add(loader->errors, item->node->place, item->path,
			  "is %s, but it must be %s%s", names[item->node->kind],
			  names[kind], hints[kind]);
	return false;
}

/* A variable's name in a password may be a piece of the password, unless it is all of it. */
static bool may_name_variable(const struct key *key, const char *text)
{
	return !key->is_secret ||
	       (strncmp(text, "${", 2) == 0 && strchr(text, '}') == strrchr(text, '}') &&
		text[strlen(text) - 1] == '}');
}

static int expand_scalar(const struct loader *loader, const struct item *item,
			 struct scalar *out)
{
	char data[VALUE_MAX_COMPLAINT];
	struct text complaint;

	text_init(&complaint, data, sizeof(data));

	int result = expand_text(item->node->text, &complaint, &out->owned);

	if (result == -EINVAL)
		config_errors_add(
			loader->errors, item->node->place, item->path, "%s",
			may_name_variable(item->key, item->node->text)
				? data
				: "has a ${...} that cannot be put in; write $${ for "
				  "a plain ${");
	if (result < 0)
		return result;
	out->value.text = out->owned;
	out->is_null =
		item_is_null(item->node) || (item->node->is_plain && *out->owned == '\0');
	return 0;
}

static int find_secret(const struct loader *loader, const struct item *item,
		       struct scalar *out)
{
	char data[VALUE_MAX_COMPLAINT];
	struct text complaint;

	if (!item->key->may_be_secret) {
		config_errors_add(
			loader->errors, item->node->place, item->path,
			"!secret is not for this key, whose value is no secret: it "
			"is seen in topics, messages or logs");
		return -EINVAL;
	}
	text_init(&complaint, data, sizeof(data));
	out->value.is_hidden = true;

	int result = secrets_find(loader->secrets, item->node->text, &complaint,
				  &out->value.text);

	if (result == -EINVAL)
		config_errors_add(loader->errors, item->node->place, item->path,
				  "!secret: %s", data);
	return result;
}

/* Returns 0, -EINVAL where it was reported, or -ENOMEM. */
static int read_scalar(const struct loader *loader, const struct item *item,
		       struct scalar *out)
{
	*out = (struct scalar){ 0 };
	if (!item_is_kind(loader, item, NODE_TEXT))
		return -EINVAL;
	out->value.is_plain = item->node->is_plain;
	out->value.is_hidden = item->key->is_secret && item->key->type == KEY_TEXT;
	if (item->node->is_secret)
		return find_secret(loader, item, out);
	return expand_scalar(loader, item, out);
}

static int hide(struct config *config, const char *value)
{
	const char **hidden =
		realloc(config->hidden, (config->num_hidden + 1) * sizeof(*hidden));

	if (!hidden)
		return -ENOMEM;
	config->hidden = hidden;
	hidden[config->num_hidden++] = value;
	return 0;
}

/* The secret behind the file whose name the scalar is takes the scalar's place. */
static int read_secret_file(const struct loader *loader, const struct item *item,
			    struct scalar *scalar)
{
	char data[VALUE_MAX_COMPLAINT];
	struct text complaint;
	bool is_exposed;
	char *content;

	text_init(&complaint, data, sizeof(data));

	int result = secrets_read_file(loader->config->path, scalar->value.text,
				       &complaint, &is_exposed, &content);

	if (result == -EINVAL)
		config_errors_add(loader->errors, item->node->place, item->path, "%s",
				  data);
	if (result < 0)
		return result;
	if (is_exposed)
		config_errors_warn(loader->errors, item->node->place, item->path,
				   "other users can read %s: chmod go-r would hide it",
				   scalar->value.text);
	free(scalar->owned);
	*scalar = (struct scalar){ .owned = content,
				   .value = { .text = content, .is_hidden = true } };
	return 0;
}

static bool is_text_field(const struct key *key)
{
	return key->type == KEY_TEXT || key->type == KEY_SECRET_FILE;
}

static int store_scalar(const struct loader *loader, const struct item *item,
			struct scalar *scalar)
{
	char **field = (char **)(void *)((char *)item->record + item->key->offset);
	char data[VALUE_MAX_COMPLAINT];
	struct text complaint;
	int result = 0;

	if (item->key->type == KEY_SECRET_FILE)
		result = read_secret_file(loader, item, scalar);
	if (result < 0)
		return result;
	/* Two keys may fill one field: password and password_file. */
	if (is_text_field(item->key) && *field) {
		config_errors_add(
			loader->errors, item->node->place, item->path,
			"the same secret is given by another key, too: keep one");
		return -EINVAL;
	}
	text_init(&complaint, data, sizeof(data));
	result = value_store(item->key, &scalar->value, item->record, &complaint);
	if (result == -EINVAL)
		config_errors_add(loader->errors, item->node->place, item->path, "%s",
				  data);
	if (result == 0 && is_text_field(item->key) && scalar->value.is_hidden)
		result = hide(loader->config, *field);
	return result;
}

int item_load(const struct loader *loader, const struct item *item, bool *is_null_out)
{
	struct scalar scalar;
	int result = read_scalar(loader, item, &scalar);

	if (result == 0 && scalar.is_null)
		*is_null_out = true;
	else if (result == 0)
		result = store_scalar(loader, item, &scalar);
	free(scalar.owned);
	return result;
}

int item_load_text(const struct loader *loader, const struct item *item, char **out)
{
	char data[VALUE_MAX_COMPLAINT];
	struct text complaint;
	struct scalar scalar;
	int result = read_scalar(loader, item, &scalar);

	text_init(&complaint, data, sizeof(data));
	if (result == 0)
		result = value_check_element(item->key, &scalar.value, &complaint);
	if (result == -EINVAL && complaint.length > 0)
		config_errors_add(loader->errors, item->node->place, item->path, "%s",
				  data);
	if (result == 0) {
		*out = strdup(scalar.value.text);
		if (!*out)
			result = -ENOMEM;
		else if (scalar.value.is_hidden)
			result = hide(loader->config, *out);
	}
	free(scalar.owned);
	return result;
}
