/* SPDX-License-Identifier: MIT */
/* Log lines on stderr, one write each: "warning: porch: no answer pin=GPIO4 tries=3".
 *
 * A line says what happened, then key=value pairs. The level is the process's. Into the
 * journal each line goes with its priority. A warning or an error that comes again within
 * LOG_FOLD_S is counted and not said: "... repeats=12" follows when that time is over. Lines
 * that differ in the numbers of their pairs only (dropped=3) count as the same.
 *
 * Threads: any. Not RT-safe: the capture loop does not log.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#include "base/attributes.h"

enum { LOG_FOLD_S = 60 };

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

/* Says it though it was said before: the answer to what somebody has just done. */
void log_again(enum log_level level, const char *format, ...) printf_like(2, 3);

/* Says how often lines were repeated whose time is over; of all that were, where is_end. */
void log_tell_repeats(bool is_end);

#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_at(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
