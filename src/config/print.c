/* SPDX-License-Identifier: MIT */
#include "config/print.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "config/keys.h"
#include "config/units.h"

/* Words that some YAML reader takes for more than a text. */
static bool is_special_word(const char *text)
{
	static const char *const words[] = { "null", "true", "false", "yes", "no",
					     "on",   "off",  "y",     "n" };

	for (size_t i = 0; i < array_length(words); i++) {
		if (strcasecmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

static bool needs_quotes(const char *text)
{
	if (!isalpha((unsigned char)text[0]) || is_special_word(text))
		return true;
	for (const char *s = text; *s; s++) {
		bool is_safe =
			isascii((unsigned char)*s) &&
			(isalnum((unsigned char)*s) || strchr("_./-", *s) ||
			 (*s == ':' && s[1] != '\0' && s[1] != ' ') ||
			 (*s == ' ' && s[1] != '\0' && s[1] != ' ' && s[1] != '#'));

		if (!is_safe)
			return true;
	}
	return false;
}

static void print_text(const char *text, FILE *out)
{
	if (!needs_quotes(text)) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (const char *s = text; *s; s++) {
		if (s[0] == '$' && s[1] == '{')
			fputc('$', out);
		if (*s == '"' || *s == '\\')
			fputc('\\', out);
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			fprintf(out, "\\x%02x", (unsigned)*s);
		else
			fputc(*s, out);
	}
	fputc('"', out);
}

static void print_decimal(int32_t milli, FILE *out)
{
	char data[16];
	struct text text;

	text_init(&text, data, sizeof(data));
	text_add_decimal(&text, milli);
	fputs(data, out);
}

static void print_set(const struct key *key, uint32_t set, FILE *out)
{
	const char *comma = "";

	fputc('[', out);
	for (size_t i = 0; key->choices[i]; i++) {
		if (!(set & UINT32_C(1) << i))
			continue;
		fprintf(out, "%s%s", comma, key->choices[i]);
		comma = ", ";
	}
	fputc(']', out);
}

static void print_value(const struct key *key, const void *record, FILE *out)
{
	const void *field = (const char *)record + key->offset;
	char quantity[UNITS_MAX_TEXT];

	switch (key->type) {
	case KEY_TEXT:
	case KEY_SECRET_FILE:
		print_text(*(char *const *)field, out);
		break;
	case KEY_NUMBER:
		fprintf(out, "%" PRIu32, *(const uint32_t *)field);
		break;
	case KEY_DECIMAL:
		print_decimal(*(const int32_t *)field, out);
		break;
	case KEY_SET:
		print_set(key, *(const uint32_t *)field, out);
		break;
	case KEY_BOOLEAN:
		fputs(*(const bool *)field ? "true" : "false", out);
		break;
	case KEY_CHOICE:
		fputs(key->choices[*(const unsigned *)field], out);
		break;
	case KEY_DURATION_MS:
		units_format_duration(*(const uint32_t *)field, quantity);
		fputs(quantity, out);
		break;
	case KEY_DURATION_S:
		units_format_duration(*(const uint32_t *)field * UINT64_C(1000),
				      quantity);
		fputs(quantity, out);
		break;
	case KEY_SIZE:
		units_format_size(*(const uint64_t *)field, quantity);
		fputs(quantity, out);
		break;
	case KEY_SECTION:
	case KEY_RECORDS:
	case KEY_STEPS:
	case KEY_PINS:
	case KEY_TEXTS:
		break;
	}
}

struct printer {
	const struct config *config;
	FILE *out;
	/* a "- " was written, and the next key stands behind it */
	bool is_after_dash;
};

static void print_section(struct printer *printer, const char *parent, const void *record,
			  unsigned indent);

static void indent_by(struct printer *printer, unsigned indent)
{
	if (!printer->is_after_dash)
		fprintf(printer->out, "%*s", (int)indent, "");
	printer->is_after_dash = false;
}

static void print_dash(struct printer *printer, unsigned indent)
{
	indent_by(printer, indent);
	fputs("- ", printer->out);
	printer->is_after_dash = true;
}

/* What stands for a secret, such that it loads where the secret would. */
static void print_hidden(const struct key *key, FILE *out)
{
	fputs(key->type == KEY_TEXTS ? "\"mqtt://***\"" : "\"***\"", out);
}

static void print_texts(struct printer *printer, const struct key *key,
			char *const *texts, size_t num_texts, unsigned indent)
{
	for (size_t i = 0; i < num_texts; i++) {
		fprintf(printer->out, "%*s- ", (int)indent, "");
		if (config_is_hidden(printer->config, texts[i]))
			print_hidden(key, printer->out);
		else
			print_text(texts[i], printer->out);
		fputc('\n', printer->out);
	}
}

static void print_pins(struct printer *printer, const struct config_pin *pins,
		       size_t num_pins, unsigned indent)
{
	for (size_t i = 0; i < num_pins; i++) {
		fprintf(printer->out, "%*s", (int)indent, "");
		print_text(pins[i].name, printer->out);
		fputs(": ", printer->out);
		print_text(pins[i].pin, printer->out);
		fputc('\n', printer->out);
	}
}

static void print_records(struct printer *printer, const struct key *key,
			  const char *records, size_t num_records, unsigned indent)
{
	char parent[KEY_MAX_PATH];

	snprintf(parent, sizeof(parent), "%s[]", key->path);
	for (size_t i = 0; i < num_records; i++) {
		print_dash(printer, indent);
		print_section(printer, parent, records + i * key->record_bytes,
			      indent + 2);
	}
}

static void print_list(struct printer *printer, const struct key *key, const void *record,
		       unsigned indent)
{
	const char *base = record;
	const void *list = *(void *const *)(const void *)(base + key->offset);
	size_t count = *(const size_t *)(const void *)(base + key->count_offset);

	if (count == 0) {
		fputs(key->type == KEY_PINS ? " {}\n" : " []\n", printer->out);
		return;
	}
	fputc('\n', printer->out);
	if (key->type == KEY_TEXTS)
		print_texts(printer, key, list, count, indent + 2);
	else if (key->type == KEY_PINS)
		print_pins(printer, list, count, indent + 2);
	else
		print_records(printer, key, list, count, indent + 2);
}

static void print_scalar(struct printer *printer, const struct key *key,
			 const void *record)
{
	const void *field = (const char *)record + key->offset;

	fputc(' ', printer->out);
	if (key->type == KEY_TEXT &&
	    config_is_hidden(printer->config, *(char *const *)field))
		print_hidden(key, printer->out);
	else
		print_value(key, record, printer->out);
	fputc('\n', printer->out);
}

static bool is_left_out(const struct key *key, const void *record);

static bool is_section_left_out(const char *path, const void *record)
{
	size_t num_keys;
	const struct key *keys = key_all(&num_keys);

	for (size_t i = 0; i < num_keys; i++) {
		if (key_is_in(&keys[i], path) && !is_left_out(&keys[i], record))
			return false;
	}
	return true;
}

/* What the file has not and that has no default; and the file of a secret, since the secret
 * itself stands there already. */
static bool is_left_out(const struct key *key, const void *record)
{
	const void *field = (const char *)record + key->offset;
	bool has_default = key->fallback || key->derived;

	switch (key->type) {
	case KEY_SECRET_FILE:
		return true;
	case KEY_TEXT:
		return !*(char *const *)field;
	case KEY_NUMBER:
	case KEY_DURATION_MS:
		return !has_default && *(const uint32_t *)field == 0;
	case KEY_DECIMAL:
		return !has_default && *(const int32_t *)field == 0;
	case KEY_SECTION:
		return is_section_left_out(key->path, record);
	case KEY_RECORDS:
	case KEY_STEPS:
	case KEY_PINS:
	case KEY_TEXTS:
	case KEY_BOOLEAN:
	case KEY_CHOICE:
	case KEY_SET:
	case KEY_DURATION_S:
	case KEY_SIZE:
		break;
	}
	return false;
}

static void print_key(struct printer *printer, const struct key *key, const void *record,
		      unsigned indent);

/* The steps that there are, in the order of the table, in which they are taken. */
static void print_steps(struct printer *printer, const struct key *list,
			const void *record, unsigned indent)
{
	size_t num_keys;
	const struct key *keys = key_all(&num_keys);
	char parent[KEY_MAX_PATH];
	bool is_empty = true;

	snprintf(parent, sizeof(parent), "%s[]", list->path);
	for (size_t i = 0; i < num_keys; i++) {
		if (!key_is_in(&keys[i], parent) || is_left_out(&keys[i], record))
			continue;
		if (is_empty)
			fputc('\n', printer->out);
		is_empty = false;
		print_dash(printer, indent);
		print_key(printer, &keys[i], record, indent + 2);
	}
	if (is_empty)
		fputs(" []\n", printer->out);
}

static void print_key(struct printer *printer, const struct key *key, const void *record,
		      unsigned indent)
{
	indent_by(printer, indent);
	fprintf(printer->out, "%s:", key_name(key));
	switch (key->type) {
	case KEY_SECTION:
		fputc('\n', printer->out);
		print_section(printer, key->path, record, indent + 2);
		break;
	case KEY_STEPS:
		print_steps(printer, key, record, indent + 2);
		break;
	case KEY_RECORDS:
	case KEY_PINS:
	case KEY_TEXTS:
		print_list(printer, key, record, indent);
		break;
	case KEY_TEXT:
	case KEY_SECRET_FILE:
	case KEY_NUMBER:
	case KEY_DECIMAL:
	case KEY_BOOLEAN:
	case KEY_CHOICE:
	case KEY_SET:
	case KEY_DURATION_MS:
	case KEY_DURATION_S:
	case KEY_SIZE:
		print_scalar(printer, key, record);
		break;
	}
}

static void print_section(struct printer *printer, const char *parent, const void *record,
			  unsigned indent)
{
	size_t num_keys;
	const struct key *keys = key_all(&num_keys);

	for (size_t i = 0; i < num_keys; i++) {
		const struct key *key = &keys[i];

		if (!key_is_in(key, parent) || is_left_out(key, record))
			continue;
		print_key(printer, key, record, indent);
	}
}

void config_print(const struct config *config, FILE *out)
{
	struct printer printer = { .config = config, .out = out };

	print_section(&printer, "", config, 0);
}
