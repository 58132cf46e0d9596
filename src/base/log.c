/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_LOG_LINE = 1024 };

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

/* The one level of the process; any thread may read or write it. */
static _Atomic uint32_t current_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&current_level, level, memory_order_relaxed);
}

enum log_level log_get_level(void)
{
	return atomic_load_explicit(&current_level, memory_order_relaxed);
}

bool log_level_from_name(const char *name, enum log_level *out)
{
	for (size_t i = 0; i < array_length(level_names); i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

void log_at(enum log_level level, const char *format, ...)
{
	char line[MAX_LOG_LINE];

	if (level > log_get_level())
		return;

	int prefix = snprintf(line, sizeof(line), "%s: ", level_names[level]);
	va_list arguments;

	va_start(arguments, format);
	int text = vsnprintf(line + prefix, sizeof(line) - (size_t)prefix, format,
			     arguments);
	va_end(arguments);

	size_t length = (size_t)prefix + (text > 0 ? (size_t)text : 0);

	if (length > sizeof(line) - 1)
		length = sizeof(line) - 1;
	/* What came from outside may hold anything; a log line stays one line. */
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	}
	line[length++] = '\n';
	/* Nowhere is left to report a stderr that cannot be written. */
	ssize_t ignored = write(STDERR_FILENO, line, length);

	(void)ignored;
}
