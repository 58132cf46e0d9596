/* SPDX-License-Identifier: MIT */
#include "config/schema.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "config/keys.h"
#include "config/pattern.h"
#include "config/shape.h"

enum { MAX_TEXT_BYTES = 8192, MAX_ELEMENT_BYTES = 1024 };

/* A value that an environment variable may change is not known before the gateway starts. */
#define VARIABLE "\\$\\{"

/* JSON while it is written, a member a line. */
struct writer {
	FILE *out;
	unsigned depth;
	bool has_members; /* of the object or list that is open */
};

static void begin_member(struct writer *writer, const char *name)
{
	fprintf(writer->out, "%s\n%*s", writer->has_members ? "," : "",
		(int)writer->depth * 2, "");
	if (name)
		fprintf(writer->out, "\"%s\": ", name);
	writer->has_members = true;
}

/* name: NULL in a list. bracket: { or [ */
static void open(struct writer *writer, const char *name, char bracket)
{
	begin_member(writer, name);
	fputc(bracket, writer->out);
	writer->depth++;
	writer->has_members = false;
}

static void close(struct writer *writer, char bracket)
{
	writer->depth--;
	if (writer->has_members)
		fprintf(writer->out, "\n%*s", (int)writer->depth * 2, "");
	fputc(bracket, writer->out);
	writer->has_members = true;
}

static void put(struct writer *writer, const char *name, const char *format, ...)
	printf_like(3, 4);

/* JSON as it stands. */
static void put(struct writer *writer, const char *name, const char *format, ...)
{
	va_list arguments;

	begin_member(writer, name);
	va_start(arguments, format);
	vfprintf(writer->out, format, arguments);
	va_end(arguments);
}

static void put_text(struct writer *writer, const char *name, const char *value)
{
	char data[MAX_TEXT_BYTES];
	struct text text;

	text_init(&text, data, sizeof(data));
	text_add_json(&text, value);
	assert(!text.is_cut);
	put(writer, name, "%s", data);
}

/* alternatives: without anchors; NULL: any text. */
static void put_pattern(struct writer *writer, const char *alternatives)
{
	char data[MAX_TEXT_BYTES];
	struct text text;

	if (!alternatives)
		return;
	text_init(&text, data, sizeof(data));
	text_add(&text, "^(?:%s)$|" VARIABLE, alternatives);
	assert(!text.is_cut);
	put_text(writer, "pattern", data);
}

static void put_reference(struct writer *writer, const char *definition)
{
	open(writer, NULL, '{');
	put(writer, "$ref", "\"#/definitions/%s\"", definition);
	close(writer, '}');
}

/* What a good text looks like; at least all good ones do. NULL: anything. */
static const char *pattern_of(const struct key *key)
{
	static const struct {
		bool (*is_good)(const char *text, struct text *complaint);
		const char *pattern;
	} rows[] = {
		{ shape_is_line, "[^\\x00-\\x1f\\x7f]*" },
		{ shape_is_id, "[a-z0-9_-]+" },
		{ shape_is_sensor_id, "[a-z0-9_-]+" },
		{ shape_is_topic, "[^$+#/][^+#/]*(?:/[^+#/]+)*" },
		/* The last one is the name of a !secret. */
		{ shape_is_server, "mqtts?://[^/?#@]+|wss?://[^?#@]+|\\w+" },
	};

	for (size_t i = 0; key->is_good && i < array_length(rows); i++) {
		if (rows[i].is_good == key->is_good)
			return rows[i].pattern;
	}
	return NULL;
}

/* YAML reads 007 and true as more than a text; the gateway does not. */
static void put_text_type(struct writer *writer, bool is_required)
{
	put(writer, "type", "[\"string\", \"number\", \"boolean\"%s]",
	    is_required ? "" : ", \"null\"");
}

static void put_lengths(struct writer *writer, uint64_t min, uint64_t max)
{
	/* Of characters, and the limits are of bytes: no character has none. */
	if (min > 0)
		put(writer, "minLength", "%" PRIu64, min);
	put(writer, "maxLength", "%" PRIu64, max);
}

static void put_drivers(struct writer *writer, const struct config_driver_facts *drivers)
{
	const char *name;

	open(writer, "anyOf", '[');
	open(writer, NULL, '{');
	open(writer, "enum", '[');
	for (size_t i = 0; (name = drivers->name(i)) != NULL; i++)
		put_text(writer, NULL, name);
	close(writer, ']');
	close(writer, '}');
	put_reference(writer, "variable");
	close(writer, ']');
}

static void put_texts(struct writer *writer, const struct key *key)
{
	put(writer, "type", "[\"array\"%s]", key->is_required ? "" : ", \"null\"");
	put(writer, "minItems", "%" PRIu64, key->min);
	put(writer, "maxItems", "%" PRIu64, key->max);
	open(writer, "items", '{');
	put_text_type(writer, true);
	put_lengths(writer, 1, MAX_ELEMENT_BYTES);
	put_pattern(writer, pattern_of(key));
	close(writer, '}');
}

static void put_pins(struct writer *writer, const struct key *key)
{
	put(writer, "type", "[\"object\", \"null\"]");
	put(writer, "maxProperties", "%" PRIu64, key->max);
	open(writer, "propertyNames", '{');
	put(writer, "pattern", "\"^[A-Za-z0-9_.-]+$\"");
	close(writer, '}');
	open(writer, "additionalProperties", '{');
	put_text_type(writer, true);
	put_lengths(writer, 1, MAX_ELEMENT_BYTES);
	close(writer, '}');
}

/* What an editor says instead of showing the pattern. */
static void put_limits(struct writer *writer, const struct key *key)
{
	char data[MAX_TEXT_BYTES];
	struct text text;

	text_init(&text, data, sizeof(data));
	text_add(&text, "must be ");
	key_describe_limits(key, &text);
	if (key->type != KEY_NUMBER && key->type != KEY_DECIMAL)
		text_add(&text, ", with its unit");
	put_text(writer, "patternErrorMessage", data);
}

static void put_number(struct writer *writer, const struct key *key)
{
	char data[MAX_TEXT_BYTES];
	struct text text;

	text_init(&text, data, sizeof(data));
	for (uint64_t i = key->min; key->step > 0 && i <= key->max; i += key->step)
		text_add(&text, "%s%" PRIu64, i > key->min ? "|" : "", i);
	if (key->step == 0)
		pattern_add_range(key->min, key->max, &text);
	put(writer, "type", "[\"integer\", \"string\", \"null\"]");
	put(writer, "minimum", "%" PRIu64, key->min);
	put(writer, "maximum", "%" PRIu64, key->max);
	if (key->step == 2)
		put(writer, "not", "{\"type\": \"integer\", \"multipleOf\": 2}");
	put_pattern(writer, data);
	put_limits(writer, key);
}

/* Text, for a variable may be in it. */
static void put_decimal(struct writer *writer, const struct key *key)
{
	char data[MAX_TEXT_BYTES];
	struct text text;

	put(writer, "type", "[\"number\", \"string\", \"null\"]");
	text_init(&text, data, sizeof(data));
	if (key->is_signed) {
		text_add(&text, "-");
		text_add_decimal(&text, (int32_t)key->max);
	} else {
		text_add_decimal(&text, (int32_t)key->min);
	}
	put(writer, "minimum", "%s", data);
	text_init(&text, data, sizeof(data));
	text_add_decimal(&text, (int32_t)key->max);
	put(writer, "maximum", "%s", data);
	put_pattern(writer, "[-+]?[0-9]+(?:\\.[0-9]{1,3})?");
	put_limits(writer, key);
}

static void put_set(struct writer *writer, const struct key *key)
{
	put(writer, "type", "[\"array\", \"null\"]");
	put(writer, "uniqueItems", "true");
	open(writer, "items", '{');
	open(writer, "anyOf", '[');
	open(writer, NULL, '{');
	open(writer, "enum", '[');
	for (size_t i = 0; key->choices[i]; i++)
		put_text(writer, NULL, key->choices[i]);
	close(writer, ']');
	close(writer, '}');
	put_reference(writer, "variable");
	close(writer, ']');
	close(writer, '}');
}

static void put_quantity(struct writer *writer, const struct key *key)
{
	uint64_t scale = key->type == KEY_DURATION_S ? 1000 : 1;
	char data[MAX_TEXT_BYTES];
	struct text text;
	size_t num_units;
	const struct unit *units = key->type == KEY_SIZE ? units_of_size(&num_units)
							 : units_of_duration(&num_units);

	text_init(&text, data, sizeof(data));
	pattern_add_quantity(units, num_units, key->min * scale, key->max * scale, &text);
	put(writer, "type", "[\"string\", \"null\"]");
	put_pattern(writer, data);
	put_limits(writer, key);
}

/* A word that YAML reads as a number or a boolean is both. */
static void put_word(struct writer *writer, const char *word, bool *is_boolean_out)
{
	bool is_boolean = strcmp(word, "true") == 0 || strcmp(word, "false") == 0;

	put_text(writer, NULL, word);
	if (is_boolean || word[strspn(word, "0123456789")] == '\0')
		put(writer, NULL, "%s", word);
	*is_boolean_out |= is_boolean;
}

static void put_choices(struct writer *writer, const struct key *key)
{
	bool has_booleans = false;

	open(writer, "anyOf", '[');
	open(writer, NULL, '{');
	open(writer, "enum", '[');
	for (size_t i = 0; key->choices[i]; i++)
		put_word(writer, key->choices[i], &has_booleans);
	put(writer, NULL, "null");
	close(writer, ']');
	close(writer, '}');
	if (has_booleans)
		put_reference(writer, "boolean");
	put_reference(writer, "variable");
	close(writer, ']');
}

static void put_default(struct writer *writer, const struct key *key)
{
	if (!key->fallback)
		return;
	if (key->type == KEY_NUMBER || key->type == KEY_BOOLEAN)
		put(writer, "default", "%s", key->fallback);
	else
		put_text(writer, "default", key->fallback);
}

static void put_description(struct writer *writer, const struct key *key)
{
	char data[MAX_TEXT_BYTES];
	struct text text;

	text_init(&text, data, sizeof(data));
	text_add(&text, "%s (", key->help);
	key_describe(key, &text);
	text_add(&text, ")");
	put_text(writer, "description", data);
}

/* Whether the file is wrong without the key: a required one, or a section that has one. */
static bool must_be_there(const struct key *key)
{
	size_t num_keys;
	const struct key *keys = key_all(&num_keys);

	if (key->type != KEY_SECTION)
		return key->is_required;
	for (size_t i = 0; i < num_keys; i++) {
		if (key_is_in(&keys[i], key->path) && must_be_there(&keys[i]))
			return true;
	}
	return false;
}

struct schema {
	struct writer writer;
	const struct config_driver_facts *drivers; /* borrowed; outlives this */
};

static void put_section(struct schema *schema, const char *parent);

static void put_value(struct schema *schema, const struct key *key)
{
	struct writer *writer = &schema->writer;
	char parent[KEY_MAX_PATH];

	switch (key->type) {
	case KEY_SECTION:
		put(writer, "type",
		    must_be_there(key) ? "\"object\"" : "[\"object\", \"null\"]");
		put_section(schema, key->path);
		break;
	case KEY_RECORDS:
		snprintf(parent, sizeof(parent), "%s[]", key->path);
		put(writer, "type", "[\"array\", \"null\"]");
		put(writer, "maxItems", "%" PRIu64, key->max);
		open(writer, "items", '{');
		put(writer, "type", "\"object\"");
		put_section(schema, parent);
		close(writer, '}');
		break;
	case KEY_STEPS:
		snprintf(parent, sizeof(parent), "%s[]", key->path);
		put(writer, "type", "[\"array\", \"null\"]");
		put(writer, "maxItems", "%" PRIu64, key->max);
		open(writer, "items", '{');
		put(writer, "type", "\"object\"");
		put(writer, "minProperties", "1");
		put(writer, "maxProperties", "1");
		put_section(schema, parent);
		close(writer, '}');
		break;
	case KEY_SET:
		put_set(writer, key);
		break;
	case KEY_DECIMAL:
		put_decimal(writer, key);
		break;
	case KEY_PINS:
		put_pins(writer, key);
		break;
	case KEY_TEXTS:
		put_texts(writer, key);
		break;
	case KEY_TEXT:
	case KEY_SECRET_FILE:
		if (strcmp(key->path, "sensors[].driver") == 0) {
			put_drivers(writer, schema->drivers);
			break;
		}
		put_text_type(writer, key->is_required);
		put_lengths(writer, key->min, key->max);
		put_pattern(writer, pattern_of(key));
		break;
	case KEY_NUMBER:
		put_number(writer, key);
		break;
	case KEY_BOOLEAN:
		open(writer, "anyOf", '[');
		put_reference(writer, "boolean");
		put_reference(writer, "variable");
		close(writer, ']');
		break;
	case KEY_CHOICE:
		put_choices(writer, key);
		break;
	case KEY_DURATION_MS:
	case KEY_DURATION_S:
	case KEY_SIZE:
		put_quantity(writer, key);
		break;
	}
}

static void put_section(struct schema *schema, const char *parent)
{
	struct writer *writer = &schema->writer;
	size_t num_keys;
	const struct key *keys = key_all(&num_keys);

	put(writer, "additionalProperties", "false");
	open(writer, "required", '[');
	for (size_t i = 0; i < num_keys; i++) {
		if (key_is_in(&keys[i], parent) && must_be_there(&keys[i]))
			put_text(writer, NULL, key_name(&keys[i]));
	}
	close(writer, ']');
	open(writer, "properties", '{');
	for (size_t i = 0; i < num_keys; i++) {
		if (!key_is_in(&keys[i], parent))
			continue;
		open(writer, key_name(&keys[i]), '{');
		put_description(writer, &keys[i]);
		put_default(writer, &keys[i]);
		put_value(schema, &keys[i]);
		close(writer, '}');
	}
	close(writer, '}');
}

static void put_definitions(struct writer *writer)
{
	open(writer, "definitions", '{');
	open(writer, "variable", '{');
	put(writer, "type", "\"string\"");
	put_text(writer, "pattern", VARIABLE);
	close(writer, '}');
	/* YAML 1.1's words are texts to an editor that reads YAML 1.2. */
	open(writer, "boolean", '{');
	put(writer, "enum",
	    "[true, false, null, \"true\", \"false\", \"yes\", \"no\", \"Yes\", \"No\", "
	    "\"YES\", \"NO\", \"on\", \"off\", \"On\", \"Off\", \"ON\", \"OFF\", \"y\", "
	    "\"n\", \"Y\", \"N\", \"True\", \"False\", \"TRUE\", \"FALSE\"]");
	close(writer, '}');
	close(writer, '}');
}

void config_schema_print(const struct config_driver_facts *drivers, FILE *out)
{
	struct schema schema = { .writer = { .out = out }, .drivers = drivers };
	struct writer *writer = &schema.writer;

	fputc('{', out);
	writer->depth++;
	put(writer, "$schema", "\"http://json-schema.org/draft-07/schema#\"");
	put(writer, "title", "\"configuration of pin2mqtt\"");
	put_definitions(writer);
	put(writer, "type", "\"object\"");
	put_section(&schema, "");
	close(writer, '}');
	fputc('\n', out);
}
