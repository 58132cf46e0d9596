/* SPDX-License-Identifier: MIT */
#include "gpio/recording.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "gpio/recording_reader.h"

enum {
	MAX_FILE_BYTES = 64 * 1024 * 1024,
	FIRST_FILE_BYTES = 64 * 1024,
	FIRST_EDGES = 256,
	/* Fewer distances than this, or a coarser step, say nothing of the recorder. */
	MIN_STEPS = 16,
	MAX_STEP_NS = 100000,
};

int reader_fail(struct recording_reader *reader, int error, const char *format, ...)
{
	char what[RECORDING_MAX_REASON];
	struct text text;
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	text_init(&text, reader->reason, RECORDING_MAX_REASON);
	text_add(&text, "%s:%u: %s", reader->name, reader->line, what);
	return error;
}

static uint64_t greatest_common_divisor(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static void measure_step(struct recording_reader *reader, uint64_t t_ns)
{
	if (reader->last_edge_ns && t_ns > reader->last_edge_ns) {
		reader->step_ns = greatest_common_divisor(reader->step_ns,
							  t_ns - reader->last_edge_ns);
		reader->num_steps++;
	}
	reader->last_edge_ns = t_ns;
}

int reader_add(struct recording_reader *reader, enum edge_event event, uint64_t t_ns,
	       uint32_t seq, uint8_t detail)
{
	struct recording *out = reader->out;

	if (out->num_edges == reader->max_edges) {
		size_t room = reader->max_edges ? 2 * reader->max_edges : FIRST_EDGES;
		struct edge *edges = realloc(out->edges, room * sizeof(*edges));

		if (!edges)
			return reader_fail(reader, -ENOMEM, "out of memory");
		out->edges = edges;
		reader->max_edges = room;
	}
	if (event == EDGE_FALLING || event == EDGE_RISING)
		measure_step(reader, t_ns);
	reader->is_open = event != EDGE_END;
	out->edges[out->num_edges++] = (struct edge){
		.t_ns = t_ns,
		.seq = seq,
		.event = (uint8_t)event,
		.detail = detail,
	};
	return 0;
}

bool span_is(struct span span, const char *word)
{
	return span.length == strlen(word) && memcmp(span.data, word, span.length) == 0;
}

bool span_number(struct span span, uint64_t max, uint64_t *out)
{
	uint64_t number = 0;

	for (size_t i = 0; i < span.length; i++) {
		if (!isdigit((unsigned char)span.data[i]))
			return false;

		uint64_t digit = (uint64_t)(span.data[i] - '0');

		if (number > (max - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*out = number;
	return span.length > 0;
}

void span_copy(struct span span, char *out, size_t size_bytes)
{
	size_t length = span.length < size_bytes ? span.length : size_bytes - 1;

	for (size_t i = 0; i < length; i++)
		out[i] = span.data[i] >= ' ' && span.data[i] <= '~' ? span.data[i] : '?';
	out[length] = '\0';
}

/* The words after `key` in a comment, up to one of `ends` or the comment's end. */
static void take_words(struct span comment, const char *key, const char *ends,
		       char out[RECORDING_MAX_WORD])
{
	const char *end = comment.data + comment.length;
	const char *from = memmem(comment.data, comment.length, key, strlen(key));

	if (!from || out[0] || (from > comment.data && isalnum((unsigned char)from[-1])))
		return;
	from += strlen(key);

	const char *to = from;

	while (to < end && *to && !strchr(ends, *to))
		to++;
	span_copy((struct span){ from, (size_t)(to - from) }, out, RECORDING_MAX_WORD);
}

void reader_take_comment(struct recording_reader *reader, struct span comment)
{
	take_words(comment, "driver=", "; \t\r\n", reader->out->driver);
	take_words(comment, "pin=", ";\r\n", reader->out->pin);
}

int recording_parse(const char *data, size_t num_bytes, const char *name,
		    const char *wire, struct recording *out,
		    char reason[RECORDING_MAX_REASON])
{
	struct recording_reader reader = {
		.name = name,
		.at = data,
		.end = data + num_bytes,
		.line = 1,
		.out = out,
		.reason = reason,
	};
	const char *first = data;
	int error;

	*out = (struct recording){ .resolution_ns = 1 };
	reason[0] = '\0';
	while (first < reader.end && isspace((unsigned char)*first))
		first++;
	if (num_bytes > MAX_FILE_BYTES)
		error = reader_fail(&reader, -EFBIG, "more than 64 MiB");
	else if (first == reader.end)
		error = reader_fail(&reader, -EINVAL, "the file is empty");
	else if (*first == '$')
		error = vcd_read(&reader, wire);
	else
		error = edge_log_read(&reader);
	if (error) {
		recording_finish(out);
		return error;
	}
	if (reader.num_steps >= MIN_STEPS && reader.step_ns <= MAX_STEP_NS)
		out->resolution_ns = (uint32_t)reader.step_ns;
	return 0;
}

/* Reads to the end of a file that may be a pipe. One byte past the limit is enough to know
 * that it is too big. */
static int read_all(int fd, char **data_out, size_t *num_bytes_out)
{
	size_t room_bytes = 0, num_bytes = 0;
	char *data = NULL;

	for (;;) {
		if (num_bytes == room_bytes) {
			room_bytes = room_bytes ? 2 * room_bytes : FIRST_FILE_BYTES;
			if (room_bytes > MAX_FILE_BYTES)
				room_bytes = MAX_FILE_BYTES + 1;

			char *grown = realloc(data, room_bytes);

			if (!grown) {
				free(data);
				return -ENOMEM;
			}
			data = grown;
		}

		ssize_t got = read(fd, data + num_bytes, room_bytes - num_bytes);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			int error = -errno;

			free(data);
			return error;
		}
		num_bytes += (size_t)got;
		if (got == 0 || num_bytes > MAX_FILE_BYTES)
			break;
	}
	*data_out = data;
	*num_bytes_out = num_bytes;
	return 0;
}

int recording_load(const char *path, const char *wire, struct recording *out,
		   char reason[RECORDING_MAX_REASON])
{
	char *data = NULL;
	size_t num_bytes = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int error = fd < 0 ? -errno : read_all(fd, &data, &num_bytes);

	if (fd >= 0)
		close(fd);
	if (error) {
		struct text text;

		*out = (struct recording){ .resolution_ns = 1 };
		text_init(&text, reason, RECORDING_MAX_REASON);
		text_add(&text, "%s: %s", path, strerror(-error));
		return error;
	}
	error = recording_parse(data, num_bytes, path, wire, out, reason);
	free(data);
	return error;
}

void recording_finish(struct recording *recording)
{
	if (!recording)
		return;
	free(recording->edges);
	*recording = (struct recording){ .resolution_ns = 1 };
}
