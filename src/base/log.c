/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <ctype.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

enum { MAX_LOG_LINE = 1024, NUM_FOLDS = 16 };

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

/* sd-daemon(3), as syslog's. */
static const char *const journal_prefixes[] = {
	[LOG_LEVEL_ERROR] = "<3>",
	[LOG_LEVEL_WARNING] = "<4>",
	[LOG_LEVEL_INFO] = "<6>",
	[LOG_LEVEL_DEBUG] = "<7>",
};

/* A line that was said not long ago. */
struct fold {
	uint64_t key; /* 0: none */
	uint64_t said_ns; /* CLOCK_MONOTONIC */
	uint32_t num_repeats; /* not said since */
	enum log_level level;
	char line[MAX_LOG_LINE]; /* of the newest repeat */
};

/* The one level of the process; any thread may read or write it. */
static _Atomic uint32_t current_level = LOG_LEVEL_INFO;

/* The one memory of the process for what was said. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards folds[] */
static struct fold folds[NUM_FOLDS];

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

/* Whether stderr is the journal: systemd.exec(5), JOURNAL_STREAM. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uint64_t device, inode;
	struct stat file;

	return stream && sscanf(stream, "%" SCNu64 ":%" SCNu64, &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &file) == 0 && file.st_dev == device &&
	       file.st_ino == inode;
}

static void write_line(enum log_level level, const char *line, uint32_t num_repeats)
{
	char data[MAX_LOG_LINE + 64], repeats[24] = "";

	if (num_repeats > 0)
		snprintf(repeats, sizeof(repeats), " repeats=%" PRIu32, num_repeats);

	int length = snprintf(data, sizeof(data), "%s%s: %s%s\n",
			      is_journal() ? journal_prefixes[level] : "",
			      level_names[level], line, repeats);
	/* Nowhere is left to report a stderr that cannot be written. */
	ssize_t ignored = write(STDERR_FILENO, data, (size_t)length);

	(void)ignored;
}

/* What came from outside may hold anything; a log line stays one line. */
printf_like(2, 0) static void format_line(char line[MAX_LOG_LINE], const char *format,
					  va_list arguments)
{
	vsnprintf(line, MAX_LOG_LINE, format, arguments);
	for (char *at = line; *at; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	}
}

/* Of the text without the numbers of its pairs: FNV-1a. */
static uint64_t key_of(const char *line)
{
	uint64_t key = UINT64_C(14695981039346656037);
	char before = ' ';

	for (; *line; line++) {
		if (before == '=' && (isdigit((unsigned char)*line) || *line == '.'))
			continue;
		before = *line;
		key = (key ^ (unsigned char)*line) * UINT64_C(1099511628211);
	}
	return key ? key : 1;
}

static void tell_repeats(struct fold *fold)
{
	if (fold->num_repeats > 0)
		write_line(fold->level, fold->line, fold->num_repeats);
	fold->key = 0;
	fold->num_repeats = 0;
}

static bool is_over(const struct fold *fold, uint64_t now_ns)
{
	return now_ns - fold->said_ns >= LOG_FOLD_S * CLOCK_NS_PER_S;
}

/* The line's place: where it was said, or that of the line that was said first. */
static struct fold *place_of(uint64_t key)
{
	struct fold *place = &folds[0];

	for (size_t i = 0; i < NUM_FOLDS; i++) {
		if (folds[i].key == key)
			return &folds[i];
		if (folds[i].key == 0 ||
		    (place->key != 0 && folds[i].said_ns < place->said_ns))
			place = &folds[i];
	}
	return place;
}

/* Says the line, or counts it. With the lock. */
static void say_or_fold(enum log_level level, const char *line)
{
	uint64_t key = key_of(line), now_ns = clock_mono_ns();
	struct fold *fold = place_of(key);

	if (fold->key == key && !is_over(fold, now_ns)) {
		fold->num_repeats++;
		memcpy(fold->line, line, MAX_LOG_LINE);
		return;
	}

	uint32_t num_repeats = fold->key == key ? fold->num_repeats : 0;

	if (fold->key != key)
		tell_repeats(fold);
	*fold = (struct fold){ .key = key, .said_ns = now_ns, .level = level };
	write_line(level, line, num_repeats);
}

void log_at(enum log_level level, const char *format, ...)
{
	char line[MAX_LOG_LINE];
	va_list arguments;

	if (level > log_get_level())
		return;
	va_start(arguments, format);
	format_line(line, format, arguments);
	va_end(arguments);
	if (level > LOG_LEVEL_WARNING) {
		write_line(level, line, 0);
		return;
	}
	pthread_mutex_lock(&lock);
	say_or_fold(level, line);
	pthread_mutex_unlock(&lock);
}

void log_again(enum log_level level, const char *format, ...)
{
	char line[MAX_LOG_LINE];
	va_list arguments;

	if (level > log_get_level())
		return;
	va_start(arguments, format);
	format_line(line, format, arguments);
	va_end(arguments);
	write_line(level, line, 0);
}

void log_tell_repeats(bool is_end)
{
	uint64_t now_ns = clock_mono_ns();

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < NUM_FOLDS; i++) {
		if (folds[i].key != 0 && (is_end || is_over(&folds[i], now_ns)))
			tell_repeats(&folds[i]);
	}
	pthread_mutex_unlock(&lock);
}
