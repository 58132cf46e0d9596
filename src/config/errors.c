/* SPDX-License-Identifier: MIT */
#include "config/errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static void make_printable(char *text)
{
	for (char *s = text; *s;) {
		size_t length = text_utf8_length(s);
		bool is_control = (unsigned char)*s < ' ' || *s == 0x7f ||
				  (length == 2 && (unsigned char)s[0] == 0xc2 &&
				   (unsigned char)s[1] < 0xa0);

		if (length == 0 || is_control) {
			*s++ = '?';
			continue;
		}
		s += length;
	}
}

static void append(struct config_errors *errors, const struct config_error *error)
{
	struct config_error *items =
		realloc(errors->items, (errors->num_items + 1) * sizeof(*items));

	if (!items)
		return;
	errors->items = items;
	items[errors->num_items++] = *error;
}

static void add(struct config_errors *errors, struct config_error error, const char *path,
		const char *format, va_list arguments) printf_like(4, 0);

/* Without memory the error is counted and not kept: the file is refused all the same. */
static void add(struct config_errors *errors, struct config_error error, const char *path,
		const char *format, va_list arguments)
{
	if (!error.is_warning)
		errors->num_errors++;
	if (errors->num_items >= CONFIG_MAX_ERRORS)
		return;
	if (errors->num_items == CONFIG_MAX_ERRORS - 1) {
		path = "";
		error.text = strdup("there is more than this, which is not shown");
	} else if (vasprintf(&error.text, format, arguments) < 0) {
		error.text = NULL;
	}
	error.path = strdup(path);
	if (!error.path || !error.text) {
		free(error.path);
		free(error.text);
		return;
	}
	make_printable(error.path);
	make_printable(error.text);

	size_t num_before = errors->num_items;

	append(errors, &error);
	if (errors->num_items == num_before) {
		free(error.path);
		free(error.text);
	}
}

void config_errors_add(struct config_errors *errors, struct config_place place,
		       const char *path, const char *format, ...)
{
	struct config_error error = { .line = place.line, .column = place.column };
	va_list arguments;

	va_start(arguments, format);
	add(errors, error, path, format, arguments);
	va_end(arguments);
}

void config_errors_warn(struct config_errors *errors, struct config_place place,
			const char *path, const char *format, ...)
{
	struct config_error error = { .line = place.line,
				      .column = place.column,
				      .is_warning = true };
	va_list arguments;

	va_start(arguments, format);
	add(errors, error, path, format, arguments);
	va_end(arguments);
}

static bool is_after(const struct config_error *a, const struct config_error *b)
{
	return a->line != b->line ? a->line > b->line : a->column > b->column;
}

/* By insertion: few, nearly in order, and what stands at one place keeps its order. */
void config_errors_sort(struct config_errors *errors)
{
	for (size_t i = 1; i < errors->num_items; i++) {
		struct config_error error = errors->items[i];
		size_t at = i;

		while (at > 0 && is_after(&errors->items[at - 1], &error)) {
			errors->items[at] = errors->items[at - 1];
			at--;
		}
		errors->items[at] = error;
	}
}

void config_errors_finish(struct config_errors *errors)
{
	if (!errors)
		return;
	for (size_t i = 0; i < errors->num_items; i++) {
		free(errors->items[i].path);
		free(errors->items[i].text);
	}
	free(errors->items);
	*errors = (struct config_errors){ 0 };
}
