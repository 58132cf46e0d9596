/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

void text_add_json(struct text *text, const char *string)
{
	const unsigned char *s = (const unsigned char *)string;

	text_add(text, "\"");
	while (*s) {
		size_t length = text_utf8_length((const char *)s);

		if (length == 0)
			text_add(text, "\\ufffd");
		else if (*s == '"' || *s == '\\')
			text_add(text, "\\%c", *s);
		else if (*s < ' ' || *s == 0x7f)
			text_add(text, "\\u%04x", *s);
		else
			text_add(text, "%.*s", (int)length, (const char *)s);
		s += length ? length : 1;
	}
	text_add(text, "\"");
}

void text_add_milli(struct text *text, int32_t milli, unsigned digits)
{
	static const int64_t steps[] = { 1000, 100, 10, 1 };
	int64_t step = steps[digits > 3 ? 3 : digits];
	int64_t units = (llabs((long long)milli) + step / 2) / step;
	int64_t per_one = 1000 / step;

	if (milli < 0 && units != 0)
		text_add(text, "-");
	text_add(text, "%lld", (long long)(units / per_one));
	if (per_one > 1)
		text_add(text, ".%0*lld", (int)(digits > 3 ? 3 : digits),
			 (long long)(units % per_one));
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
	text_add(text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900,
		 utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
		 milliseconds);
}
