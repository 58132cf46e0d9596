/* SPDX-License-Identifier: MIT */
/* Builds text in a buffer of fixed size; what does not fit is cut and remembered.
 *
 * Threads: one owner.
 * Memory:  the buffer is borrowed from the caller; always NUL-terminated.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

struct text {
	char *data; /* borrowed; outlives this */
	size_t size_bytes;
	size_t length; /* without the NUL */
	bool is_cut; /* something did not fit */
};

/* size_bytes: at least 1. */
void text_init(struct text *text, char *data, size_t size_bytes);

void text_add(struct text *text, const char *format, ...) printf_like(2, 3);

/* As "%s" and "%llu" would. What is made of every reading is put together from these: printf
 * takes some ten times as long. */
void text_add_string(struct text *text, const char *string);
void text_add_number(struct text *text, uint64_t number);

/* Copies a string, cut to fit. Returns whether all of it fitted. size_bytes: at least 1. */
bool text_copy(char *out, size_t size_bytes, const char *string);

/* `string` as a JSON string, quotes included; bytes that are not UTF-8 become U+FFFD. */
void text_add_json(struct text *text, const char *string);

/* Thousandths as a decimal number with `digits` (0..3) decimals, rounded half away from
 * zero, never "-0": 21456 with 1 digit is 21.5. */
void text_add_milli(struct text *text, int32_t milli, unsigned digits);

/* The same with as many decimals as it needs: 21000 is 21, 500 is 0.5. */
void text_add_decimal(struct text *text, int32_t milli);

/* Length of the well-formed UTF-8 sequence that begins at `sequence`, 0 where none does.
 * Pure. The NUL is a sequence of length 1. */
size_t text_utf8_length(const char *sequence);

/* UTC as ISO 8601 with milliseconds: 2026-11-22T06:00:00.123Z. */
void text_add_time(struct text *text, int64_t wall_ms);

#endif
