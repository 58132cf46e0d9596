/* SPDX-License-Identifier: MIT */
/* Value change dumps, IEEE 1364-2005 section 18, as far as one wire needs it. */
#include "gpio/recording_reader.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "gpio/vcd_levels.h"

#define MAX_STAMP_NS ((UINT64_C(1) << RECORDING_LAST_NS_BITS) - 1)

enum { MAX_SCOPE = 128 };

struct wire {
	char path[MAX_SCOPE + RECORDING_MAX_WORD]; /* "bus.SDA" */
	struct span name;
	struct span id;
	uint64_t num_bits;
};

struct vcd {
	struct recording_reader *reader; /* borrowed */
	const char *wanted; /* the wire asked for, or NULL; borrowed */
	struct span id; /* of the bus; empty: not found yet */
	uint64_t wide_bits; /* of a wire that was asked for but has more than one bit */
	struct text wires; /* the 1-bit wires that there are, for the error */
	struct text scope; /* "top.bus." */
	/* A unit of time is multiplier ns, or 1/divisor ns. */
	uint64_t multiplier;
	uint64_t divisor;
	uint64_t last_units; /* the newest time as the file has it */
	uint64_t t_ns; /* the same in ns */
	struct vcd_levels levels;
};

static bool is_one_of(char letter, const char *letters)
{
	return letter && strchr(letters, letter);
}

/* The next word. False at the end of the file. */
static bool next_word(struct recording_reader *reader, struct span *out)
{
	while (reader->at < reader->end && isspace((unsigned char)*reader->at))
		reader->line += *reader->at++ == '\n';

	const char *from = reader->at;

	while (reader->at < reader->end && !isspace((unsigned char)*reader->at))
		reader->at++;
	*out = (struct span){ from, (size_t)(reader->at - from) };
	return out->length > 0;
}

static int fail_at(struct recording_reader *reader, struct span span, const char *what)
{
	char shown[RECORDING_MAX_WORD];

	span_copy(span, shown, sizeof(shown));
	return reader_fail(reader, -EINVAL, "\"%s\" %s", shown, what);
}

/* Goes past the $end of the section that `keyword` opened. body_out, if not NULL: what stands
 * between the two. */
static int skip_section(struct recording_reader *reader, struct span keyword,
			struct span *body_out)
{
	unsigned line = reader->line;
	const char *from = reader->at;
	struct span word;

	while (next_word(reader, &word)) {
		if (!span_is(word, "$end"))
			continue;
		if (body_out)
			*body_out = (struct span){ from, (size_t)(word.data - from) };
		return 0;
	}
	reader->line = line;
	return fail_at(reader, keyword, "has no $end");
}

/* Takes the next word of a section that goes on: neither $end nor the file's end. */
static int section_word(struct recording_reader *reader, struct span keyword,
			struct span *out)
{
	if (next_word(reader, out) && !span_is(*out, "$end"))
		return 0;
	return fail_at(reader, keyword, "is cut short");
}

static int read_comment(struct vcd *vcd, struct span keyword)
{
	struct span body = { 0 };
	int error = skip_section(vcd->reader, keyword, &body);

	if (!error)
		reader_take_comment(vcd->reader, body);
	return error;
}

static int read_timescale(struct vcd *vcd, struct span keyword)
{
	static const struct {
		const char *name;
		uint64_t multiplier;
		uint64_t divisor;
	} units[] = {
		{ "s", 1000000000, 1 }, { "ms", 1000000, 1 }, { "us", 1000, 1 },
		{ "ns", 1, 1 },         { "ps", 1, 1000 },    { "fs", 1, 1000000 },
	};
	struct span number = { 0 }, unit;
	uint64_t count = 0;
	int error = section_word(vcd->reader, keyword, &number);

	if (error)
		return error;
	unit = number;
	while (unit.length && isdigit((unsigned char)*unit.data))
		unit = (struct span){ unit.data + 1, unit.length - 1 };
	number.length -= unit.length;
	if (!unit.length)
		error = section_word(vcd->reader, keyword, &unit);
	if (error)
		return error;
	if (!span_number(number, 100, &count) ||
	    (count != 1 && count != 10 && count != 100))
		return fail_at(vcd->reader, number, "is no timescale: 1, 10 or 100");
	for (size_t i = 0; i < array_length(units); i++) {
		if (!span_is(unit, units[i].name))
			continue;
		vcd->multiplier = units[i].multiplier * count;
		vcd->divisor = units[i].divisor;
		return skip_section(vcd->reader, keyword, NULL);
	}
	return fail_at(vcd->reader, unit, "is no unit of time: s, ms, us, ns, ps or fs");
}

static int enter_scope(struct vcd *vcd, struct span keyword)
{
	struct span type, name;
	char shown[RECORDING_MAX_WORD];
	int error = section_word(vcd->reader, keyword, &type);

	if (!error)
		error = section_word(vcd->reader, keyword, &name);
	if (error)
		return error;
	span_copy(name, shown, sizeof(shown));
	text_add(&vcd->scope, "%s.", shown);
	return skip_section(vcd->reader, keyword, NULL);
}

static int leave_scope(struct vcd *vcd, struct span keyword)
{
	struct text *scope = &vcd->scope;

	if (scope->length)
		scope->length--;
	while (scope->length && scope->data[scope->length - 1] != '.')
		scope->length--;
	scope->data[scope->length] = '\0';
	return skip_section(vcd->reader, keyword, NULL);
}

static bool is_wanted(const struct vcd *vcd, const struct wire *wire)
{
	return !vcd->wanted || span_is(wire->name, vcd->wanted) ||
	       span_is(wire->id, vcd->wanted) || strcmp(wire->path, vcd->wanted) == 0;
}

static void take_wire(struct vcd *vcd, const struct wire *wire)
{
	if (wire->num_bits == 1)
		text_add(&vcd->wires, "%s%s", vcd->wires.length ? ", " : "", wire->path);
	if (vcd->id.length || !is_wanted(vcd, wire))
		return;
	if (wire->num_bits == 1)
		vcd->id = wire->id;
	else
		vcd->wide_bits = wire->num_bits;
}

/* $var wire 1 ! SDA $end; a [range] may follow the name. */
static int read_var(struct vcd *vcd, struct span keyword)
{
	struct recording_reader *reader = vcd->reader;
	struct span type, bits;
	struct wire wire;
	struct text path;
	char name[RECORDING_MAX_WORD];
	int error = section_word(reader, keyword, &type);

	if (!error)
		error = section_word(reader, keyword, &bits);
	if (!error)
		error = section_word(reader, keyword, &wire.id);
	if (!error)
		error = section_word(reader, keyword, &wire.name);
	if (error)
		return error;
	if (!span_number(bits, UINT32_MAX, &wire.num_bits))
		return fail_at(reader, bits, "is no number of bits");
	span_copy(wire.name, name, sizeof(name));
	text_init(&path, wire.path, sizeof(wire.path));
	text_add(&path, "%s%s", vcd->scope.data, name);
	/* A real of one bit has no level. */
	if (!span_is(type, "real") && !span_is(type, "realtime"))
		take_wire(vcd, &wire);
	return skip_section(reader, keyword, NULL);
}

static int check_header(const struct vcd *vcd)
{
	if (vcd->id.length)
		return 0;
	if (vcd->wanted && vcd->wide_bits)
		return reader_fail(vcd->reader, -EINVAL,
				   "wire %s has %" PRIu64 " bits, not one", vcd->wanted,
				   vcd->wide_bits);
	if (!vcd->wires.length)
		return reader_fail(vcd->reader, -EINVAL, "there is no 1-bit wire");
	return reader_fail(vcd->reader, -EINVAL, "there is no wire %s; there are: %s",
			   vcd->wanted, vcd->wires.data);
}

static int read_header(struct vcd *vcd)
{
	static const struct {
		const char *keyword;
		int (*read)(struct vcd *vcd, struct span keyword);
	} sections[] = {
		{ "$comment", read_comment }, { "$timescale", read_timescale },
		{ "$scope", enter_scope },    { "$upscope", leave_scope },
		{ "$var", read_var },
	};
	struct span word;

	while (next_word(vcd->reader, &word)) {
		size_t i = 0;

		if (span_is(word, "$enddefinitions")) {
			int error = skip_section(vcd->reader, word, NULL);

			return error ? error : check_header(vcd);
		}
		if (word.data[0] != '$')
			return fail_at(vcd->reader, word,
				       "does not belong in the header of a value change "
				       "dump");
		while (i < array_length(sections) && !span_is(word, sections[i].keyword))
			i++;

		int error = i < array_length(sections)
				    ? sections[i].read(vcd, word)
				    : skip_section(vcd->reader, word, NULL);

		if (error)
			return error;
	}
	return reader_fail(vcd->reader, -EINVAL, "there is no $enddefinitions");
}

static int set_time(struct vcd *vcd, struct span word)
{
	struct span digits = { word.data + 1, word.length - 1 };
	uint64_t units;

	if (!span_number(digits, UINT64_MAX, &units))
		return fail_at(vcd->reader, word, "is no time");
	if (units / vcd->divisor > MAX_STAMP_NS / vcd->multiplier)
		return fail_at(vcd->reader, word, "is later than 2^63 ns");
	if (units < vcd->last_units)
		return reader_fail(vcd->reader, -EINVAL,
				   "time goes backwards: %" PRIu64 " after %" PRIu64,
				   units, vcd->last_units);
	vcd->last_units = units;
	/* 10 and 100 ps or fs: multiplied first, the quotient above leaves room for it. */
	vcd->t_ns = units / vcd->divisor * vcd->multiplier +
		    units % vcd->divisor * vcd->multiplier / vcd->divisor;
	return 0;
}

/* value: one of 01xzXZ, or of VHDL's std_logic. z is a bus let go; an unknown level is none. */
static int set_level(struct vcd *vcd, struct span id, char value)
{
	if (id.length != vcd->id.length || memcmp(id.data, vcd->id.data, id.length) != 0)
		return 0;
	if (is_one_of(value, "0lL"))
		return vcd_levels_set(&vcd->levels, vcd->t_ns, false);
	if (is_one_of(value, "1hHzZ"))
		return vcd_levels_set(&vcd->levels, vcd->t_ns, true);
	return 0;
}

/* Values of more than one letter stand before a blank and the identifier: b0 !, r1.5 !, sA ! */
static int read_vector(struct vcd *vcd, struct span value)
{
	bool has_bits = value.data[0] == 'b' || value.data[0] == 'B';
	struct span id;

	if (!next_word(vcd->reader, &id))
		return fail_at(vcd->reader, value, "has no identifier after it");
	if (!has_bits)
		return 0;
	if (value.length < 2)
		return fail_at(vcd->reader, value, "has no bits");
	return set_level(vcd, id, value.data[value.length - 1]);
}

static int read_change(struct vcd *vcd, struct span word)
{
	struct span id = { word.data + 1, word.length - 1 };

	if (word.data[0] == '#')
		return set_time(vcd, word);
	if (span_is(word, "$comment"))
		return skip_section(vcd->reader, word, NULL);
	/* $dumpvars, $dumpall, $dumpon, $dumpoff and their $end hold plain changes. */
	if (word.data[0] == '$')
		return 0;
	if (is_one_of(word.data[0], "bBrRsS"))
		return read_vector(vcd, word);
	if (!is_one_of(word.data[0], "01xXzZuUwWlLhH-"))
		return fail_at(vcd->reader, word, "is no change of a value");
	if (!id.length)
		return fail_at(vcd->reader, word, "has no identifier after it");
	return set_level(vcd, id, word.data[0]);
}

int vcd_read(struct recording_reader *reader, const char *wire)
{
	char wires[RECORDING_MAX_REASON / 2], scope[MAX_SCOPE];
	struct vcd vcd = {
		.reader = reader,
		.wanted = wire,
		.multiplier = 1,
		.divisor = 1,
		.levels = { .reader = reader },
	};
	struct span word;

	text_init(&vcd.wires, wires, sizeof(wires));
	text_init(&vcd.scope, scope, sizeof(scope));
	int error = read_header(&vcd);

	while (!error && next_word(reader, &word))
		error = read_change(&vcd, word);
	return error ? error : vcd_levels_end(&vcd.levels, vcd.t_ns);
}
