/* SPDX-License-Identifier: MIT */
#include "app/explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "decode/dht_align.h"

enum { NS_PER_US = 1000, MAX_NOTE = 256 };

/* An interval is what its length is within so much of. */
enum { GUESS_REACH_NS = 14 * NS_PER_US };

static void print_us(FILE *out, const char *before, int64_t ns, const char *after)
{
	int64_t tenths = llabs(ns) * 10 / NS_PER_US;

	fprintf(out, "%s%s%" PRId64 ".%" PRId64 "%s", before, ns < 0 ? "-" : "",
		tenths / 10, tenths % 10, after);
}

static void add_us(struct text *text, int32_t ns)
{
	text_add(text, "%" PRId32 ".%" PRId32 " us", ns / NS_PER_US,
		 abs(ns) % NS_PER_US / 100);
}

static void print_head(FILE *out, const struct frame *frame,
		       const struct dht_trace *trace)
{
	static const char *const seen[] = {
		[DHT_SEEN_FALLING] = "falling",
		[DHT_SEEN_RISING] = "rising",
		[DHT_SEEN_BOTH] = "falling and rising",
	};

	fprintf(out, "  edges: %zu, %s", trace->num_edges, seen[trace->seen]);
	if (!trace->has_release) {
		fputs("; times are from the first edge\n", out);
		return;
	}
	if (frame->start_ns != 0)
		print_us(out, "; start pulse ",
			 (int64_t)(frame->release_ns - frame->start_ns), " us");
	if (frame->armed_ns != 0)
		print_us(out, "; armed ", trace->armed_ns, " us after the release");
	putc('\n', out);
}

static void print_cells(FILE *out, const struct driver *driver, const struct dht_fit *fit)
{
	const struct dht_wire *wire = &driver->wire;
	int32_t wire_zero_ns = (wire->bit_low_us + wire->zero_high_us) * NS_PER_US;

	print_us(out, "  cells: a 0 is ", fit->zero_ns, " us");
	print_us(out, ", a 1 ", fit->one_ns, " us");
	print_us(out, ", before a byte ", fit->gap_ns, " us more");
	print_us(out, "; spread ", fit->spread_ns, " us");
	fprintf(out, "; clock %+" PRId32 " %%\n",
		100 * (fit->zero_ns - wire_zero_ns) / wire_zero_ns);
}

static void print_bytes(FILE *out, const struct driver *driver,
			const struct decode_evidence *evidence)
{
	fprintf(out, "  bytes:");
	for (size_t i = 0; i < driver->wire.num_bits / 8u; i++)
		fprintf(out, " %02x", evidence->bytes[i]);
	putc('\n', out);
}

/* The edge of a bit that it is, or of the low that ends the last bit. */
static void add_edge_name(struct text *text, const struct driver *driver,
			  enum dht_seen seen, size_t edge)
{
	size_t bit = seen == DHT_SEEN_BOTH ? edge / 2 : edge;
	bool is_rise = seen == DHT_SEEN_RISING || (seen == DHT_SEEN_BOTH && edge % 2);

	if (bit == driver->wire.num_bits)
		text_add(text, is_rise ? "the end's rise" : "the end");
	else
		text_add(text, is_rise ? "bit %zu's rise" : "bit %zu begins", bit + 1);
}

/* What the edges between two that were in time had been. */
static void add_missing(struct text *text, const struct dht_alignment *alignment,
			size_t first, size_t end)
{
	size_t num_missing = 0;

	for (size_t edge = first; edge < end; edge++)
		num_missing += !alignment->is_seen[edge];
	if (num_missing > 0)
		text_add(text, "%zu lost before; ", num_missing);
}

/* The bits that an edge is the end of, back to the edge that was seen before. */
static void add_bits(struct text *text, const struct dht_alignment *alignment,
		     const struct decode_evidence *evidence, size_t first, size_t edge)
{
	for (size_t i = first; i < edge; i++) {
		size_t bit = i / alignment->num_each;

		if (alignment->num_each == 2 && i % 2 == 0)
			continue;
		text_add(text, "%d", evidence->bytes[bit / 8] >> (7 - bit % 8) & 1);
	}
}

/* before_ns: the edge before, or negative where there is none */
static void print_edge(FILE *out, size_t index, int32_t t_ns, int32_t before_ns,
		       const char *bits, const char *note)
{
	char interval[16] = "";

	if (before_ns >= 0) {
		int32_t ns = t_ns - before_ns;

		snprintf(interval, sizeof(interval), "%" PRId32 ".%" PRId32,
			 ns / NS_PER_US, abs(ns) % NS_PER_US / 100);
	}
	fprintf(out, "  %3zu %7" PRId32 ".%" PRId32 " %8s  %-5s %s\n", index + 1,
		t_ns / NS_PER_US, t_ns % NS_PER_US / 100, interval, bits, note);
}

/* Each edge of an accepted frame. */
static void print_taken(FILE *out, const struct driver *driver,
			const struct dht_trace *trace,
			const struct decode_evidence *evidence,
			const struct dht_alignment *alignment)
{
	int32_t before_ns = -1;
	size_t next = 0; /* edge after the last one in time */
	bool has_edge = false;

	for (size_t i = 0; i < alignment->num_events; i++) {
		const struct dht_event *event = &alignment->events[i];
		char bits_data[MAX_NOTE], note_data[MAX_NOTE];
		struct text bits, note;

		text_init(&bits, bits_data, sizeof(bits_data));
		text_init(&note, note_data, sizeof(note_data));
		switch ((enum dht_role)event->role) {
		case DHT_ROLE_BEFORE:
			text_add(&note, trace->seen == DHT_SEEN_FALLING
						? "response"
						: "release or response");
			break;
		case DHT_ROLE_STRANGE:
			text_add(&note, "nothing of the sensor's");
			break;
		case DHT_ROLE_LATE:
			add_edge_name(&note, driver, trace->seen, event->edge);
			text_add(&note, ", stamped late by ");
			add_us(&note, event->off_ns);
			break;
		case DHT_ROLE_EDGE:
			if (has_edge)
				add_bits(&bits, alignment, evidence, next - 1,
					 event->edge);
			add_missing(&note, alignment, has_edge ? next : 0, event->edge);
			add_edge_name(&note, driver, trace->seen, event->edge);
			next = event->edge + 1U;
			has_edge = true;
			break;
		}
		print_edge(out, i, trace->t_ns[i], before_ns, bits_data, note_data);
		before_ns = trace->t_ns[i];
	}
}

static void print_accepted(FILE *out, const struct driver *driver,
			   const struct dht_trace *trace,
			   const struct decode_evidence *evidence, enum verdict verdict)
{
	const struct dht_fit *fit = &evidence->fit;
	struct dht_alignment alignment;

	dht_align(&alignment, trace, &driver->wire, fit, evidence->bytes);
	print_cells(out, driver, fit);
	print_bytes(out, driver, evidence);
	if (verdict == VERDICT_CLEAN) {
		int32_t half_ns = (fit->one_ns - fit->zero_ns) / 2;

		print_us(out, "  margin: the worst interval is off by ", fit->max_off_ns,
			 " us");
		print_us(out, " of the ", half_ns,
			 " us that would make it the other bit\n");
	} else {
		fprintf(out,
			"  repaired, for as it came it is %s: %u lost, %u from before "
			"the "
			"line was armed, %u late, %u strange; any other value is less "
			"likely by 10000 to 1\n",
			verdict_name(evidence->refused), alignment.num_lost,
			alignment.num_unheard, alignment.num_late, alignment.num_strange);
	}
	fputs("    #      us interval  bits  taken for\n", out);
	print_taken(out, driver, trace, evidence, &alignment);
}

/* Why, in the words of the manual. */
static const char *reason(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_CLEAN:
	case VERDICT_REPAIRED:
		break;
	case VERDICT_NO_RESPONSE:
		return "the sensor did not answer the start pulse";
	case VERDICT_ARMED_LATE:
		return "the answer was under way before edges were reported";
	case VERDICT_TOO_FEW_EDGES:
		return "edges are missing, and more than one value fits, or none";
	case VERDICT_TOO_MANY_EDGES:
		return "there are more edges than the model sends";
	case VERDICT_BAD_TIMING:
		return "an interval is neither a 0 nor a 1";
	case VERDICT_SLIPPED:
		return "the bits are not where they must be after the release";
	case VERDICT_DOUBLED:
		return "the first bit is lost and all others are a place too early: the "
		       "sum holds, for values twice as high as the sensor sent";
	case VERDICT_HALVED:
		return "there is a bit before the first one and all others are a place "
		       "too late: the sum holds, for values half as high as the sensor "
		       "sent";
	case VERDICT_BAD_CHECKSUM:
		return "the sum of the bytes differs";
	case VERDICT_AMBIGUOUS:
		return "more than one value fits";
	case VERDICT_ALL_ZERO:
		return "a dead bus sends nothing but zeros, too";
	case VERDICT_HUNG:
		return "the sum holds, but sensors that hang send such values, and none "
		       "that works";
	case VERDICT_HALF_VALID:
		return "the model can measure one of the two values and not the other: "
		       "neither is to be trusted";
	case VERDICT_IMPLAUSIBLE:
		return "the model cannot measure such values, or this unit does not send "
		       "them so";
	case VERDICT_STALE:
		return "the sensor measured it before its power came";
	case VERDICT_UNDECIDED:
		return "the model is not known yet";
	case VERDICT_OVERRUN:
		return "edges were dropped: the machine was too busy";
	case VERDICT_LINE_LOST:
		return "the line or its chip failed";
	}
	return "";
}

/* What an interval looks like by its length: cells of the model, or its response. */
static void guess(const struct driver *driver, const struct dht_trace *trace,
		  int32_t interval_ns, struct text *bits, struct text *note)
{
	const struct dht_wire *wire = &driver->wire;
	int32_t zero_ns = (wire->bit_low_us + wire->zero_high_us) * NS_PER_US;
	int32_t one_ns = (wire->bit_low_us + wire->one_high_us) * NS_PER_US;
	int32_t response_ns =
		(wire->response_low_us + wire->response_high_us) * NS_PER_US;
	int32_t gap_ns = wire->byte_gap_us * NS_PER_US;

	if (trace->seen == DHT_SEEN_BOTH)
		return;
	if (interval_ns > zero_ns - GUESS_REACH_NS &&
	    interval_ns < zero_ns + gap_ns + GUESS_REACH_NS)
		text_add(bits, "0");
	else if (interval_ns > one_ns - GUESS_REACH_NS &&
		 interval_ns < one_ns + gap_ns + GUESS_REACH_NS)
		text_add(bits, "1");
	else if (abs(interval_ns - response_ns) < GUESS_REACH_NS)
		text_add(note, "as long as the response, or two 0");
	else if (interval_ns < zero_ns)
		text_add(note, "too short for a bit");
	else if (interval_ns < one_ns)
		text_add(note, "neither 0 nor 1");
	else
		text_add(note, "longer than a bit: an edge is missing, or late");
}

static void print_refused(FILE *out, const struct driver *driver,
			  const struct dht_trace *trace, enum verdict verdict)
{
	size_t num_wanted = driver->wire.num_bits + 1U;

	if (trace->seen == DHT_SEEN_BOTH)
		num_wanted *= 2;

	fprintf(out, "  refused: %s\n", reason(verdict));
	fprintf(out, "  the bits of a %s have %zu edges of this kind\n", driver->name,
		num_wanted);
	if (trace->num_edges == 0)
		return;
	fputs("    #      us interval  bits  looks like\n", out);

	int32_t before_ns = -1;

	for (size_t i = 0; i < trace->num_edges; i++) {
		char bits_data[MAX_NOTE], note_data[MAX_NOTE];
		struct text bits, note;

		text_init(&bits, bits_data, sizeof(bits_data));
		text_init(&note, note_data, sizeof(note_data));
		if (before_ns >= 0)
			guess(driver, trace, trace->t_ns[i] - before_ns, &bits, &note);
		print_edge(out, i, trace->t_ns[i], before_ns, bits_data, note_data);
		before_ns = trace->t_ns[i];
	}
}

void explain_frame(FILE *out, const struct driver *driver, const struct frame *frame,
		   const struct decode_evidence *evidence, enum verdict verdict)
{
	struct dht_trace trace;

	dht_trace_take(&trace, frame);
	print_head(out, frame, &trace);
	if (verdict_is_accepted(verdict))
		print_accepted(out, driver, &trace, evidence, verdict);
	else
		print_refused(out, driver_sample(driver), &trace, verdict);
}
