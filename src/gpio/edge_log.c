/* SPDX-License-Identifier: MIT */
#include "gpio/recording_reader.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"

#define MAX_STAMP_NS ((UINT64_C(1) << RECORDING_LAST_NS_BITS) - 1)
/* No frame has a pause of this length, and no two attempts follow faster. */
#define MAX_PAUSE_NS (5 * CLOCK_NS_PER_MS)

static const char format_line[] = "# pin2mqtt edge log ";
static const char *const event_names[NUM_EDGE_EVENTS] = {
	[EDGE_START] = "start",     [EDGE_RELEASE] = "release", [EDGE_ARMED] = "armed",
	[EDGE_FALLING] = "falling", [EDGE_RISING] = "rising",   [EDGE_END] = "end",
};

/* One line of a log. */
struct row {
	uint64_t t_ns;
	uint32_t seq;
	enum edge_event event;
	bool has_stamp;
	bool is_lost; /* of an END */
};

/* The attempt that is being read. */
struct attempt {
	uint64_t last_ns; /* the newest stamp of all; none may be older */
	uint64_t edge_ns; /* the newest edge; 0: none yet */
	uint64_t release_ns;
	bool has_marks; /* START, RELEASE or ARMED */
	bool has_release;
	bool has_armed;
};

static struct span trim(struct span span)
{
	while (span.length && isspace((unsigned char)span.data[0]))
		span = (struct span){ span.data + 1, span.length - 1 };
	while (span.length && isspace((unsigned char)span.data[span.length - 1]))
		span.length--;
	return span;
}

/* Cuts the text up to the next comma off `rest`. */
static struct span take_field(struct span *rest)
{
	const char *comma = memchr(rest->data, ',', rest->length);
	struct span field = *rest;

	if (comma) {
		field.length = (size_t)(comma - rest->data);
		*rest = (struct span){ comma + 1, rest->length - field.length - 1 };
	} else {
		rest->data += rest->length;
		rest->length = 0;
	}
	return trim(field);
}

static bool event_from_name(struct span name, enum edge_event *out)
{
	for (int i = 0; i < NUM_EDGE_EVENTS; i++) {
		if (span_is(name, event_names[i])) {
			*out = (enum edge_event)i;
			return true;
		}
	}
	return false;
}

static int fail_at(struct recording_reader *reader, struct span span, const char *what)
{
	char shown[RECORDING_MAX_WORD];

	span_copy(span, shown, sizeof(shown));
	return reader_fail(reader, -EINVAL, "\"%s\" %s", shown, what);
}

/* The sequence number at the start of the last field; what else is there is a comment. */
static int read_seq(struct recording_reader *reader, struct span field, uint32_t *out)
{
	struct span digits = { field.data, 0 };
	uint64_t number = 0;

	while (digits.length < field.length &&
	       isdigit((unsigned char)field.data[digits.length]))
		digits.length++;
	if (digits.length && !span_number(digits, UINT32_MAX, &number))
		return fail_at(reader, digits, "is no sequence number: 0 to 4294967295");
	*out = (uint32_t)number;
	return 0;
}

static int read_row(struct recording_reader *reader, struct span line, struct row *out)
{
	struct span rest = line;
	struct span stamp = take_field(&rest);
	struct span event = take_field(&rest);

	rest = trim(rest);
	*out = (struct row){ .has_stamp = stamp.length > 0 };
	if (!event_from_name(event, &out->event)) {
		if (reader->out->num_edges == 0 && !event.length)
			return fail_at(reader, line,
				       "is neither a line of an edge log "
				       "(t_ns,event,seq) nor of a value change dump");
		return fail_at(reader, event,
			       "is no event: start, release, armed, falling, rising, "
			       "end");
	}
	if (stamp.length && !span_number(stamp, MAX_STAMP_NS, &out->t_ns))
		return fail_at(reader, stamp,
			       "is no time: nanoseconds from 0 to 9223372036854775807");
	if (out->event == EDGE_FALLING || out->event == EDGE_RISING)
		return read_seq(reader, rest, &out->seq);
	out->is_lost = out->event == EDGE_END && span_is(rest, "lost");
	return 0;
}

static int end_attempt(struct recording_reader *reader, struct attempt *attempt,
		       uint64_t t_ns, bool is_lost)
{
	*attempt = (struct attempt){ .last_ns = attempt->last_ns };
	if (!reader->is_open)
		return 0;
	return reader_add(reader, EDGE_END, t_ns, 0,
			  is_lost ? EDGE_END_LOST : EDGE_END_DONE);
}

/* Ends the attempt at its newest stamp and begins the next; t_ns 0: not known. */
static int begin_attempt(struct recording_reader *reader, struct attempt *attempt,
			 uint64_t t_ns)
{
	int error = end_attempt(reader, attempt, attempt->last_ns, false);

	return error ? error : reader_add(reader, EDGE_START, t_ns, 0, 0);
}

/* Whether a record cannot belong to the attempt that is open. */
static bool begins_another(const struct attempt *attempt, const struct row *row)
{
	switch (row->event) {
	case EDGE_START:
		return true;
	case EDGE_RELEASE:
		return attempt->has_release || attempt->has_armed || attempt->edge_ns;
	case EDGE_ARMED:
		return attempt->has_armed;
	case EDGE_FALLING:
	case EDGE_RISING:
		return !attempt->has_marks && attempt->edge_ns &&
		       row->t_ns >= attempt->edge_ns + MAX_PAUSE_NS;
	case EDGE_END:
		break;
	}
	return false;
}

/* Edges are reported before line_listen() can say when it began to listen: an edge may be
 * older than the ARMED in front of it, but not than the RELEASE. */
static int check_order(struct recording_reader *reader, const struct attempt *attempt,
		       const struct row *row)
{
	bool is_edge = row->event == EDGE_FALLING || row->event == EDGE_RISING;
	bool is_open = reader->is_open && attempt->has_armed && is_edge;
	uint64_t floor_ns = attempt->last_ns;

	if (is_open)
		floor_ns = attempt->edge_ns ? attempt->edge_ns : attempt->release_ns;
	if (row->t_ns >= floor_ns)
		return 0;
	return reader_fail(reader, -EINVAL,
			   "time goes backwards: %" PRIu64 " after %" PRIu64, row->t_ns,
			   floor_ns);
}

static void remember(struct attempt *attempt, const struct row *row)
{
	if (row->t_ns > attempt->last_ns)
		attempt->last_ns = row->t_ns;
	switch (row->event) {
	case EDGE_RELEASE:
		attempt->has_release = true;
		attempt->release_ns = row->t_ns;
		break;
	case EDGE_ARMED:
		attempt->has_armed = true;
		break;
	case EDGE_FALLING:
	case EDGE_RISING:
		attempt->edge_ns = row->t_ns;
		return;
	case EDGE_START:
	case EDGE_END:
		break;
	}
	attempt->has_marks = true;
}

static int take_row(struct recording_reader *reader, struct attempt *attempt,
		    const struct row *row)
{
	int error = row->has_stamp ? check_order(reader, attempt, row) : 0;

	if (error)
		return error;
	if (row->event == EDGE_END) {
		uint64_t t_ns = row->has_stamp ? row->t_ns : attempt->last_ns;

		attempt->last_ns = t_ns;
		return end_attempt(reader, attempt, t_ns, row->is_lost);
	}
	/* An edge at an unknown time tells nothing, nor does a mark; but START begins an
	 * attempt even so. */
	if (!row->has_stamp && row->event != EDGE_START)
		return 0;
	if (!reader->is_open || begins_another(attempt, row)) {
		error = begin_attempt(reader, attempt,
				      row->event == EDGE_START ? row->t_ns : 0);
		if (error)
			return error;
	}
	remember(attempt, row);
	if (row->event == EDGE_START)
		return 0;
	return reader_add(reader, row->event, row->t_ns, row->seq, 0);
}

static int take_comment(struct recording_reader *reader, struct span line)
{
	size_t length = strlen(format_line);

	reader_take_comment(reader, line);
	if (line.length <= length || memcmp(line.data, format_line, length) != 0)
		return 0;

	struct span version = { line.data + length, 1 };

	if (*version.data == '1' &&
	    (line.length == length + 1 || !isdigit((unsigned char)version.data[1])))
		return 0;
	return reader_fail(reader, -EINVAL, "only edge logs of form 1 are known");
}

static struct span next_line(struct recording_reader *reader)
{
	size_t left = (size_t)(reader->end - reader->at);
	const char *newline = memchr(reader->at, '\n', left);
	struct span line = { reader->at,
			     newline ? (size_t)(newline - reader->at) : left };

	reader->at = newline ? newline + 1 : reader->end;
	return trim(line);
}

int edge_log_read(struct recording_reader *reader)
{
	struct attempt attempt = { 0 };

	for (; reader->at < reader->end; reader->line++) {
		struct span line = next_line(reader);
		struct span rest = line;
		struct row row;
		int error;

		if (!line.length || span_is(take_field(&rest), "t_ns"))
			continue;
		if (line.data[0] == '#') {
			error = take_comment(reader, line);
		} else {
			error = read_row(reader, line, &row);
			if (!error)
				error = take_row(reader, &attempt, &row);
		}
		if (error)
			return error;
	}
	return end_attempt(reader, &attempt, attempt.last_ns, false);
}

int edge_log_write(FILE *file, const char *driver, const char *pin,
		   const struct edge *edges, size_t num_edges)
{
	fprintf(file, "%s1; driver=%s; pin=%s\nt_ns,event,seq\n", format_line, driver,
		pin);
	for (size_t i = 0; i < num_edges; i++) {
		const struct edge *edge = &edges[i];

		if (edge->event >= NUM_EDGE_EVENTS)
			return -EINVAL;
		if (edge->t_ns || edge->event != EDGE_START)
			fprintf(file, "%" PRIu64, edge->t_ns);
		fprintf(file, ",%s,", event_names[edge->event]);
		if (edge->seq)
			fprintf(file, "%" PRIu32, edge->seq);
		if (edge->event == EDGE_END && edge->detail == EDGE_END_LOST)
			fputs("lost", file);
		fputc('\n', file);
	}
	if (fflush(file) != 0)
		return -errno;
	return ferror(file) ? -EIO : 0;
}
