/* SPDX-License-Identifier: MIT */
#include "config/value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/suggest.h"
#include "config/units.h"

enum { MAX_SHOWN = 60 };

static void *field_of(const struct key *key, void *record)
{
	return (char *)record + key->offset;
}

void **value_list(const struct key *key, void *record)
{
	return field_of(key, record);
}

size_t *value_count(const struct key *key, void *record)
{
	return (size_t *)(void *)((char *)record + key->count_offset);
}

void value_show(const struct value_text *value, struct text *out)
{
	size_t length = 0;

	/* What looks like USER:PASSWORD@HOST is not repeated either. */
	if (value->is_hidden || strchr(value->text, '@')) {
		text_add(out, "the value");
		return;
	}
	if (*value->text == '\0') {
		text_add(out, "\"\"");
		return;
	}
	while (length < MAX_SHOWN && value->text[length]) {
		size_t step = text_utf8_length(value->text + length);

		length += step ? step : 1;
	}
	text_add(out, "%.*s%s", (int)length, value->text,
		 value->text[length] ? "..." : "");
}

static int refuse(const struct value_text *value, struct text *complaint,
		  const char *format, ...) printf_like(3, 4);

static int refuse(const struct value_text *value, struct text *complaint,
		  const char *format, ...)
{
	char reason[VALUE_MAX_COMPLAINT];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	value_show(value, complaint);
	text_add(complaint, "%s", reason);
	return -EINVAL;
}

static int check_text(const struct key *key, const struct value_text *value, uint64_t min,
		      uint64_t max, struct text *complaint)
{
	size_t num_bytes = strlen(value->text);
	char reason_data[VALUE_MAX_COMPLAINT];
	struct text reason;

	if (num_bytes < min)
		return refuse(value, complaint, " is empty, but it must not be");
	if (num_bytes > max)
		return refuse(value, complaint,
			      " is %zu bytes long, but it may be %" PRIu64 " at most",
			      num_bytes, max);
	text_init(&reason, reason_data, sizeof(reason_data));
	if (key->is_good && !key->is_good(value->text, &reason))
		return refuse(value, complaint, ", but %s", reason_data);
	return 0;
}

int value_check_element(const struct key *key, const struct value_text *value,
			struct text *complaint)
{
	return check_text(key, value, 1, 1024, complaint);
}

static int store_text(const struct key *key, const struct value_text *value, void *record,
		      struct text *complaint)
{
	int result = check_text(key, value, key->min, key->max, complaint);

	if (result < 0)
		return result;

	char *copy = strdup(value->text);

	if (!copy)
		return -ENOMEM;
	*(char **)field_of(key, record) = copy;
	return 0;
}

/* Limits of all that is counted; `amount` is in the unit of the field. */
static int check_range(const struct key *key, const struct value_text *value,
		       uint64_t amount, struct text *complaint)
{
	char limits_data[64];
	struct text limits;

	if (amount >= key->min && amount <= key->max)
		return 0;
	text_init(&limits, limits_data, sizeof(limits_data));
	key_describe_limits(key, &limits);
	return refuse(value, complaint, ", but it must be %s", limits_data);
}

static int store_number(const struct key *key, const struct value_text *value,
			void *record, struct text *complaint)
{
	const char *text = value->text;
	size_t num_digits = strspn(text, "0123456789");
	bool is_number = num_digits > 0 && text[num_digits] == '\0';

	if (!is_number)
		return refuse(value, complaint, ", but it must be a whole number");
	/* YAML 1.1 would read 010 as eight. */
	if (num_digits > 1 && text[0] == '0')
		return refuse(value, complaint, " begins with 0: write it without");

	/* Ten digits do not fit uint32_t and are more than any limit. */
	uint64_t number = num_digits > 10 ? UINT64_MAX : strtoull(text, NULL, 10);
	int result = check_range(key, value, number, complaint);

	if (result < 0)
		return result;
	if (key->step > 0 && (number - key->min) % key->step != 0)
		return refuse(value, complaint, ", but it must be odd");
	*(uint32_t *)field_of(key, record) = (uint32_t)number;
	return 0;
}

/* [-+]DIGITS[.DIGITS] as thousandths. Returns 0, -EINVAL or -ERANGE. */
static int parse_decimal(const char *text, int64_t *out_milli)
{
	bool is_negative = *text == '-';
	size_t num_whole, num_decimals = 0;
	int64_t milli = 0;

	text += *text == '-' || *text == '+';
	num_whole = strspn(text, "0123456789");
	if (text[num_whole] == '.')
		num_decimals = strspn(text + num_whole + 1, "0123456789");
	if (num_whole == 0 ||
	    text[num_whole + (num_decimals ? 1 + num_decimals : 0)] != '\0')
		return -EINVAL;
	if (num_whole > 9 || num_decimals > 3)
		return -ERANGE;
	for (size_t i = 0; i < num_whole; i++)
		milli = milli * 10 + (text[i] - '0');
	for (size_t i = 0; i < 3; i++)
		milli = milli * 10 +
			(i < num_decimals ? text[num_whole + 1 + i] - '0' : 0);
	*out_milli = is_negative ? -milli : milli;
	return 0;
}

static int store_decimal(const struct key *key, const struct value_text *value,
			 void *record, struct text *complaint)
{
	int64_t min = key->is_signed ? -(int64_t)key->max : (int64_t)key->min;
	char limits_data[64];
	struct text limits;
	int64_t milli;
	int result = parse_decimal(value->text, &milli);

	text_init(&limits, limits_data, sizeof(limits_data));
	key_describe_limits(key, &limits);
	if (result == -EINVAL)
		return refuse(value, complaint, ", but it must be a number, as %s",
			      key->example);
	if (result == -ERANGE || milli < min || milli > (int64_t)key->max)
		return refuse(value, complaint,
			      ", but it must be %s, with three decimals at most",
			      limits_data);
	*(int32_t *)field_of(key, record) = (int32_t)milli;
	return 0;
}

/* YAML 1.1's words for true and false, where a choice has these; else the word itself. */
static const char *without_boolean(const char *word)
{
	static const char *const yes[] = { "yes", "Yes", "YES", "on",   "On",
					   "ON",  "y",   "Y",   "True", "TRUE" };
	static const char *const no[] = { "no",  "No", "NO", "off",   "Off",
					  "OFF", "n",  "N",  "False", "FALSE" };

	for (size_t i = 0; i < array_length(yes); i++) {
		if (strcmp(word, yes[i]) == 0)
			return "true";
		if (strcmp(word, no[i]) == 0)
			return "false";
	}
	return word;
}

static int store_boolean(const struct key *key, const struct value_text *value,
			 void *record, struct text *complaint)
{
	const char *word = value->is_plain ? without_boolean(value->text) : value->text;
	bool is_true = strcmp(word, "true") == 0;

	if (!is_true && strcmp(word, "false") != 0)
		return refuse(value, complaint, ", but it must be true or false");
	*(bool *)field_of(key, record) = is_true;
	return 0;
}

static int store_choice(const struct key *key, const struct value_text *value,
			void *record, struct text *complaint)
{
	const char *word = value->is_plain ? without_boolean(value->text) : value->text;
	struct suggestion suggestion = { 0 };
	char limits_data[160];
	struct text limits;

	for (unsigned i = 0; key->choices[i]; i++) {
		if (strcmp(word, key->choices[i]) == 0) {
			*(unsigned *)field_of(key, record) = i;
			return 0;
		}
		suggest_consider(&suggestion, value->text, key->choices[i]);
	}
	text_init(&limits, limits_data, sizeof(limits_data));
	key_describe_limits(key, &limits);
	if (suggestion.best)
		return refuse(value, complaint, ", but it must be %s; did you mean %s?",
			      limits_data, suggestion.best);
	return refuse(value, complaint, ", but it must be %s", limits_data);
}

static int refuse_quantity(const struct value_text *value, int reason, const char *what,
			   const char *example, const char *units, struct text *complaint)
{
	switch (reason) {
	case -EDOM:
		return refuse(value, complaint, " has no unit: write %s (units: %s)",
			      example, units);
	case -ERANGE:
		return refuse(value, complaint, " is too large or too fine (units: %s)",
			      units);
	default:
		return refuse(value, complaint, " is no %s: write %s (units: %s)", what,
			      example, units);
	}
}

static int store_duration(const struct key *key, const struct value_text *value,
			  void *record, struct text *complaint)
{
	uint32_t ms_per_unit = key->type == KEY_DURATION_S ? 1000 : 1;
	uint64_t step_ms = key->type == KEY_DURATION_S ? 1000 : key->step;
	uint64_t duration_ms;
	int result = units_parse_duration(value->text, &duration_ms);

	if (result < 0)
		return refuse_quantity(value, result, "duration", "30s",
				       UNITS_DURATION_NAMES, complaint);
	/* A millisecond below the least second is below it, too. */
	result = check_range(key, value,
			     duration_ms < key->min * ms_per_unit
				     ? 0
				     : (duration_ms + ms_per_unit - 1) / ms_per_unit,
			     complaint);
	if (result < 0)
		return result;
	if (step_ms > 0 && duration_ms % step_ms != 0)
		return refuse(value, complaint, ", but it must be whole seconds");
	*(uint32_t *)field_of(key, record) = (uint32_t)(duration_ms / ms_per_unit);
	return 0;
}

static int store_size(const struct key *key, const struct value_text *value, void *record,
		      struct text *complaint)
{
	uint64_t size_bytes;
	int result = units_parse_size(value->text, &size_bytes);

	if (result < 0)
		return refuse_quantity(value, result, "size", "64MiB", UNITS_SIZE_NAMES,
				       complaint);
	result = check_range(key, value, size_bytes, complaint);
	if (result < 0)
		return result;
	*(uint64_t *)field_of(key, record) = size_bytes;
	return 0;
}

int value_store(const struct key *key, const struct value_text *value, void *record,
		struct text *complaint)
{
	switch (key->type) {
	case KEY_TEXT:
	case KEY_SECRET_FILE:
		return store_text(key, value, record, complaint);
	case KEY_NUMBER:
		return store_number(key, value, record, complaint);
	case KEY_DECIMAL:
		return store_decimal(key, value, record, complaint);
	case KEY_BOOLEAN:
		return store_boolean(key, value, record, complaint);
	case KEY_CHOICE:
		return store_choice(key, value, record, complaint);
	case KEY_DURATION_MS:
	case KEY_DURATION_S:
		return store_duration(key, value, record, complaint);
	case KEY_SIZE:
		return store_size(key, value, record, complaint);
	case KEY_SECTION:
	case KEY_RECORDS:
	case KEY_STEPS:
	case KEY_PINS:
	case KEY_TEXTS:
	case KEY_SET:
		break;
	}
	return -EINVAL;
}

static void free_list(const struct key *key, void *record)
{
	void **list = value_list(key, record);
	size_t *count = value_count(key, record);

	for (size_t i = 0; *list && i < *count; i++) {
		if (key->type == KEY_TEXTS) {
			free(((char **)*list)[i]);
		} else if (key->type == KEY_PINS) {
			free(((struct config_pin *)*list)[i].name);
			free(((struct config_pin *)*list)[i].pin);
		}
	}
	free(*list);
	*list = NULL;
	*count = 0;
}

void value_free_fields(const char *parent, void *record)
{
	size_t num_keys;
	const struct key *keys = key_all(&num_keys);

	for (size_t i = 0; i < num_keys; i++) {
		const struct key *key = &keys[i];
		char **text;

		if (!key_is_in(key, parent))
			continue;
		switch (key->type) {
		case KEY_SECTION:
			value_free_fields(key->path, record);
			break;
		case KEY_TEXT:
		case KEY_SECRET_FILE:
			/* Two keys may fill one field. */
			text = field_of(key, record);
			free(*text);
			*text = NULL;
			break;
		case KEY_TEXTS:
		case KEY_PINS:
			free_list(key, record);
			break;
		case KEY_RECORDS: /* the caller knows what else they own */
		case KEY_STEPS:
		case KEY_NUMBER:
		case KEY_DECIMAL:
		case KEY_BOOLEAN:
		case KEY_CHOICE:
		case KEY_SET:
		case KEY_DURATION_MS:
		case KEY_DURATION_S:
		case KEY_SIZE:
			break;
		}
	}
}
