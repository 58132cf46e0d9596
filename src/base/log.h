/* SPDX-License-Identifier: MIT */
/* Log lines on stderr, one write each: "warning: porch: no answer pin=GPIO4 tries=3".
 *
 * A line says what happened, then key=value pairs. The level is the process's.
 *
 * Threads: any. Not RT-safe: the capture loop does not log.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#include "base/attributes.h"

enum log_level {
	LOG_LEVEL_ERROR, /* something a person must mend */
	LOG_LEVEL_WARNING, /* something is lost or degraded, and we go on */
	LOG_LEVEL_INFO, /* what an operator wants to see once */
	LOG_LEVEL_DEBUG, /* each frame, each message */
};

void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* The level of that name ("error", "warning", "info", "debug"); false where there is none. */
bool log_level_from_name(const char *name, enum log_level *out);

void log_at(enum log_level level, const char *format, ...) printf_like(2, 3);

#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_at(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
