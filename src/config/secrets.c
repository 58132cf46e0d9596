/* SPDX-License-Identifier: MIT */
#include "config/secrets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_yaml.h"
#include "config/file.h"
#include "config/suggest.h"

enum { MAX_SECRET_BYTES = 65536, MAX_SECRETS = 1000 };

struct secrets {
	char *path; /* owned; of secrets.yaml */
	struct tree *tree; /* owned; NULL: not read, or not readable */
	char *reason; /* owned; why it is not readable; NULL: it is, or was not tried */
	bool is_exposed;
};

struct secrets *secrets_new(const char *config_path)
{
	struct secrets *secrets = calloc(1, sizeof(*secrets));

	if (!secrets)
		return NULL;
	secrets->path = file_beside(config_path, "secrets.yaml");
	if (!secrets->path) {
		free(secrets);
		return NULL;
	}
	return secrets;
}

void secrets_free(struct secrets *secrets)
{
	if (!secrets)
		return;
	tree_free(secrets->tree);
	free(secrets->reason);
	free(secrets->path);
	free(secrets);
}

/* The first of what is wrong with secrets.yaml, as the reason of every look-up. */
static void remember_reason(struct secrets *secrets, const struct config_errors *errors)
{
	char data[512];
	struct text text;

	text_init(&text, data, sizeof(data));
	if (errors->num_items > 0 && errors->items[0].line > 0)
		text_add(&text, "%s:%u:%u: %s", secrets->path, errors->items[0].line,
			 errors->items[0].column, errors->items[0].text);
	else
		text_add(&text, "%s: %s", secrets->path,
			 errors->num_items > 0 ? errors->items[0].text
					       : "cannot be read");
	secrets->reason = strdup(data);
}

static void check_names(const struct node *root, struct config_errors *errors)
{
	if (root->kind != NODE_MAPPING) {
		config_errors_add(errors, root->place, "",
				  "it must hold lines NAME: VALUE");
		return;
	}
	if (root->num_children > MAX_SECRETS) {
		config_errors_add(errors, root->place, "", "more than %d secrets",
				  MAX_SECRETS);
		return;
	}
	for (const struct node *node = root->first; node; node = node->next) {
		if (tree_find(root, node->key) != node)
			config_errors_add(errors, node->key_place, "",
					  "%.64s is there twice", node->key);
	}
}

/* Reads secrets.yaml once; what is wrong is kept as the reason. */
static int ensure_read(struct secrets *secrets)
{
	struct config_errors errors = { 0 };
	struct config_place none = { 0 };
	struct file file = { 0 };

	if (secrets->tree || secrets->reason)
		return 0;

	int result = file_read(secrets->path, FILE_REGULAR, CONFIG_MAX_BYTES, &file);

	if (result < 0) {
		config_errors_add(&errors, none, "", "%s", file_error(result));
	} else {
		secrets->is_exposed = file.is_exposed;
		result = config_yaml_parse(file.data, file.num_bytes, &errors,
					   &secrets->tree);
		file_finish(&file);
	}
	if (result == 0)
		check_names(tree_root(secrets->tree), &errors);
	if (result != -ENOMEM && (result < 0 || errors.num_errors > 0))
		remember_reason(secrets, &errors);
	config_errors_finish(&errors);
	return result == -ENOMEM || (result < 0 && !secrets->reason) ? -ENOMEM : 0;
}

static void complain_of_name(const struct secrets *secrets, const char *name,
			     struct text *complaint)
{
	const struct node *root = tree_root(secrets->tree);
	struct suggestion suggestion = { 0 };

	for (const struct node *node = root->first; node; node = node->next)
		suggest_consider(&suggestion, name, node->key);
	text_add(complaint, "%s has no %.64s", secrets->path, name);
	if (suggestion.best)
		text_add(complaint, "; did you mean %s?", suggestion.best);
}

int secrets_find(struct secrets *secrets, const char *name, struct text *complaint,
		 const char **out)
{
	int result = ensure_read(secrets);

	if (result < 0)
		return result;
	if (secrets->reason) {
		text_add(complaint, "%s", secrets->reason);
		return -EINVAL;
	}

	const struct node *node = tree_find(tree_root(secrets->tree), name);

	if (!node) {
		complain_of_name(secrets, name, complaint);
		return -EINVAL;
	}
	if (node->kind != NODE_TEXT || node->is_secret ||
	    (node->is_plain && *node->text == '\0')) {
		text_add(complaint, "%s:%u:%u: %.64s must be a text", secrets->path,
			 node->place.line, node->place.column, name);
		return -EINVAL;
	}
	*out = node->text;
	return 0;
}

const char *secrets_exposed_path(const struct secrets *secrets)
{
	return secrets->is_exposed ? secrets->path : NULL;
}

/* Why the content cannot be a secret; NULL: it can. Strips the newline. */
static const char *judge_content(struct file *file)
{
	if (memchr(file->data, '\0', file->num_bytes))
		return "it holds a NUL byte";
	if (file->num_bytes > 0 && file->data[file->num_bytes - 1] == '\n')
		file->data[--file->num_bytes] = '\0';
	if (file->num_bytes > 0 && file->data[file->num_bytes - 1] == '\r')
		file->data[--file->num_bytes] = '\0';
	return file->num_bytes == 0 ? "it is empty" : NULL;
}

int secrets_read_file(const char *config_path, const char *name, struct text *complaint,
		      bool *is_exposed_out, char **out)
{
	char *path = file_beside(config_path, name);
	struct file file = { 0 };

	if (!path)
		return -ENOMEM;

	int result = file_read(path, FILE_REGULAR, MAX_SECRET_BYTES, &file);
	const char *why = result < 0 ? file_error(result) : judge_content(&file);

	if (why)
		text_add(complaint, "%s: %s", path, why);
	free(path);
	if (why) {
		file_finish(&file);
		return result == -ENOMEM ? -ENOMEM : -EINVAL;
	}
	*is_exposed_out = file.is_exposed;
	*out = file.data;
	return 0;
}
