/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_DIGITS = 20 }; /* of 2^64 */

void text_init(struct text *text, char *data, size_t size_bytes)
{
	*text = (struct text){ .data = data, .size_bytes = size_bytes };
	data[0] = '\0';
}

void text_add(struct text *text, const char *format, ...)
{
	size_t room_bytes = text->size_bytes - text->length;
	va_list arguments;

	va_start(arguments, format);
	int wanted = vsnprintf(text->data + text->length, room_bytes, format, arguments);
	va_end(arguments);
	if (wanted < 0)
		return;
	if ((size_t)wanted >= room_bytes) {
		text->is_cut = true;
		text->length = text->size_bytes - 1;
		return;
	}
	text->length += (size_t)wanted;
}

static void add_bytes(struct text *text, const char *bytes, size_t num_bytes)
{
	size_t room_bytes = text->size_bytes - text->length - 1;

	if (num_bytes > room_bytes) {
		text->is_cut = true;
		num_bytes = room_bytes;
	}
	memcpy(text->data + text->length, bytes, num_bytes);
	text->length += num_bytes;
	text->data[text->length] = '\0';
}

void text_add_string(struct text *text, const char *string)
{
	add_bytes(text, string, strlen(string));
}

/* With zeros before it, so that there are min_digits at the least. */
static void add_digits(struct text *text, uint64_t number, unsigned min_digits)
{
	char digits[MAX_DIGITS];
	unsigned num_digits = 0;

	do {
		digits[MAX_DIGITS - ++num_digits] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0 || num_digits < min_digits);
	add_bytes(text, digits + MAX_DIGITS - num_digits, num_digits);
}

void text_add_number(struct text *text, uint64_t number)
{
	add_digits(text, number, 1);
}

bool text_copy(char *out, size_t size_bytes, const char *string)
{
	size_t length = strnlen(string, size_bytes);
	bool is_whole = length < size_bytes;

	if (!is_whole)
		length = size_bytes - 1;
	memcpy(out, string, length);
	out[length] = '\0';
	return is_whole;
}

/* RFC 3629. */
size_t text_utf8_length(const char *sequence)
{
	const unsigned char *s = (const unsigned char *)sequence;
	size_t length = s[0] < 0x80   ? 1
			: s[0] < 0xc2 ? 0
			: s[0] < 0xe0 ? 2
			: s[0] < 0xf0 ? 3
			: s[0] < 0xf5 ? 4
				      : 0;

	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return length;
}

/* How many bytes from here on are in a JSON string as they are. */
static size_t plain_length(const unsigned char *s)
{
	size_t length = 0;

	while (s[length] >= ' ' && s[length] < 0x7f && s[length] != '"' &&
	       s[length] != '\\')
		length++;
	return length;
}

void text_add_json(struct text *text, const char *string)
{
	const unsigned char *s = (const unsigned char *)string;

	add_bytes(text, "\"", 1);
	while (*s) {
		size_t length = plain_length(s);

		if (length == 0 && *s >= 0x80)
			length = text_utf8_length((const char *)s);
		if (length > 0)
			add_bytes(text, (const char *)s, length);
		else if (*s >= 0x80)
			text_add(text, "\\ufffd");
		else if (*s == '"' || *s == '\\')
			text_add(text, "\\%c", *s);
		else
			text_add(text, "\\u%04x", *s);
		s += length ? length : 1;
	}
	add_bytes(text, "\"", 1);
}

void text_add_milli(struct text *text, int32_t milli, unsigned digits)
{
	static const uint64_t steps[] = { 1000, 100, 10, 1 };
	unsigned num_decimals = digits > 3 ? 3 : digits;
	uint64_t step = steps[num_decimals], per_one = 1000 / step;
	uint64_t units = ((uint64_t)llabs((long long)milli) + step / 2) / step;

	if (milli < 0 && units != 0)
		add_bytes(text, "-", 1);
	add_digits(text, units / per_one, 1);
	if (per_one > 1) {
		add_bytes(text, ".", 1);
		add_digits(text, units % per_one, num_decimals);
	}
}

void text_add_decimal(struct text *text, int32_t milli)
{
	unsigned digits = 3;

	for (int32_t rest = milli; digits > 0 && rest % 10 == 0; rest /= 10)
		digits--;
	text_add_milli(text, milli, digits);
}

void text_add_time(struct text *text, int64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	int milliseconds = (int)(wall_ms % 1000);
	struct tm utc;

	if (milliseconds < 0) {
		milliseconds += 1000;
		seconds--;
	}
	gmtime_r(&seconds, &utc);

	const struct {
		int number;
		unsigned num_digits;
		const char *after;
	} parts[] = {
		{ utc.tm_year + 1900, 4, "-" }, { utc.tm_mon + 1, 2, "-" },
		{ utc.tm_mday, 2, "T" },        { utc.tm_hour, 2, ":" },
		{ utc.tm_min, 2, ":" },         { utc.tm_sec, 2, "." },
		{ milliseconds, 3, "Z" },
	};

	for (size_t i = 0; i < array_length(parts); i++) {
		add_digits(text, (uint64_t)parts[i].number, parts[i].num_digits);
		add_bytes(text, parts[i].after, 1);
	}
}
