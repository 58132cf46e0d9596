/* SPDX-License-Identifier: MIT */
#include "app/frames.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/explain.h"
#include "base/clock.h"
#include "base/text.h"
#include "config/compare.h"
#include "decode/levels.h"
#include "model/reading_json.h"

enum { MAX_LINE = 512 };

struct frames {
	const struct driver *driver; /* as configured, or the model that was found out */
	bool is_strict;
	size_t num_frames;
	enum verdict verdicts[HISTORY_FRAMES];
	size_t num_records[HISTORY_FRAMES];
	struct edge records[HISTORY_FRAMES][HISTORY_MAX_RECORDS];
	struct edge levels[LEVELS_MAX_RECORDS]; /* of one frame */
};

/* One frame on its way into JSON. */
struct account {
	FILE *out;
	const struct driver *driver;
	const struct frame *frame;
	enum verdict verdict; /* what it was taken for when it came */
	enum verdict again; /* and now */
	const struct decode_evidence *evidence;
	const struct reading *reading;
	struct edge *levels; /* room for them */
};

static int copy_frames(struct publisher *publisher, const char *sensor_id,
		       struct frames *out)
{
	const struct config *config = publisher->config;
	size_t index = compare_find_sensor(config, sensor_id);
	struct publisher_sensor *sensor;

	if (index == config->num_sensors)
		return -ENOENT;
	sensor = &publisher->sensors[index];
	out->is_strict = config->sensors[index].decode == CONFIG_DECODE_STRICT;
	pthread_mutex_lock(&publisher->view_lock);
	out->driver = sensor->view.model;
	out->num_frames = sensor->history.num_frames;
	for (size_t i = 0; i < out->num_frames; i++) {
		out->verdicts[i] = history_verdict(&sensor->history, i);
		out->num_records[i] = history_get(&sensor->history, i, out->records[i]);
	}
	pthread_mutex_unlock(&publisher->view_lock);
	if (!out->driver)
		out->driver = driver_find(config->sensors[index].driver);
	return 0;
}

/* Tenths of a microsecond after the frame's first record. */
static void write_us(FILE *out, uint64_t t_ns, uint64_t base_ns)
{
	uint64_t tenths = t_ns > base_ns ? (t_ns - base_ns) / 100 : 0;

	fprintf(out, "%" PRIu64 ".%" PRIu64, tenths / 10, tenths % 10);
}

static void write_mark(FILE *out, const char *name, uint64_t t_ns, uint64_t base_ns)
{
	if (t_ns == 0)
		return;
	fprintf(out, ",\"%s_us\":", name);
	write_us(out, t_ns, base_ns);
}

/* "edges":[[1352.0,0],...]: 0 falling, 1 rising */
static void write_edges(FILE *out, const struct edge *records, size_t num_records,
			uint64_t base_ns)
{
	const char *comma = "";

	for (size_t i = 0; i < num_records; i++) {
		if (records[i].event != EDGE_FALLING && records[i].event != EDGE_RISING)
			continue;
		fprintf(out, "%s[", comma);
		write_us(out, records[i].t_ns, base_ns);
		fprintf(out, ",%d]", records[i].event == EDGE_RISING);
		comma = ",";
	}
}

static void write_levels(const struct account *account, uint64_t base_ns)
{
	size_t num_records = levels_make(account->driver, account->frame, account->again,
					 account->evidence, account->levels);

	fputs("],\"levels\":[", account->out);
	write_edges(account->out, account->levels, num_records, base_ns);
}

static void write_explanation(const struct account *account)
{
	char *told = NULL, *rest;
	const char *line;
	size_t num_bytes;
	FILE *memory = open_memstream(&told, &num_bytes);
	const char *comma = "";

	if (!memory)
		return;
	explain_frame(memory, account->driver, account->frame, account->evidence,
		      account->again);
	if (fclose(memory) != 0) {
		free(told);
		return;
	}
	for (rest = told; (line = strsep(&rest, "\n")) && rest;) {
		char data[MAX_LINE];
		struct text text;

		text_init(&text, data, sizeof(data));
		/* Each begins with two blanks. */
		text_add_json(&text, line + strspn(line, " "));
		fprintf(account->out, "%s%s", comma, data);
		comma = ",";
	}
	free(told);
}

static void write_account(const struct account *account)
{
	const struct frame *frame = account->frame;
	uint64_t base_ns = frame->start_ns ? frame->start_ns : frame->release_ns;
	uint64_t age_ms = (clock_mono_ns() - frame->end_ns) / CLOCK_NS_PER_MS;
	char data[MAX_LINE];
	struct text text;

	if (base_ns == 0 || (frame->num_edges > 0 && frame->edges[0].t_ns < base_ns))
		base_ns = frame->num_edges > 0 ? frame->edges[0].t_ns : frame->end_ns;
	text_init(&text, data, sizeof(data));
	text_add(&text, "{\"ts\":\"");
	text_add_time(&text, clock_wall_ms() - (int64_t)age_ms);
	text_add(&text, "\",\"verdict\":\"%s\"", verdict_name(account->verdict));
	if (account->verdict == account->again && verdict_is_accepted(account->again)) {
		text_add(&text, ",");
		reading_json_values(&text, account->reading);
	}
	fputs(data, account->out);
	write_mark(account->out, "release", frame->release_ns, base_ns);
	write_mark(account->out, "armed", frame->armed_ns, base_ns);
	write_mark(account->out, "end", frame->end_ns, base_ns);
	fputs(",\"edges\":[", account->out);
	write_edges(account->out, frame->edges, frame->num_edges, base_ns);
	write_levels(account, base_ns);
	fputs("],\"explanation\":[", account->out);
	write_explanation(account);
	fputs("]}", account->out);
}

/* As the publisher did when they came; what it had learnt before is not known any more. */
static void write_frames(FILE *out, struct frames *frames)
{
	struct decoder decoder;
	struct framer framer;
	const char *comma = "";

	decoder_init(&decoder, frames->driver, frames->is_strict);
	framer_init(&framer);
	for (size_t i = 0; i < frames->num_frames; i++) {
		struct reading reading = { .num_values = 0 };
		struct decode_evidence evidence;
		struct account account = { .out = out,
					   .driver = frames->driver,
					   .levels = frames->levels };
		bool again, is_whole = false;

		for (size_t j = 0; j < frames->num_records[i] && !is_whole; j++)
			is_whole = framer_feed(&framer, &frames->records[i][j], &again);
		if (!is_whole)
			continue;
		account.frame = &framer.frame;
		account.verdict = frames->verdicts[i];
		account.again =
			decoder_take(&decoder, &framer.frame, &reading, &evidence);
		/* A refusal has no evidence, and needs none. */
		if (!verdict_is_accepted(account.verdict))
			account.again = account.verdict;
		account.evidence = &evidence;
		account.reading = &reading;
		fputs(comma, out);
		write_account(&account);
		comma = ",";
	}
}

int frames_copy(struct publisher *publisher, const char *sensor_id, struct frames **out)
{
	struct frames *frames = malloc(sizeof(*frames));
	int error = frames ? copy_frames(publisher, sensor_id, frames) : -ENOMEM;

	if (error)
		free(frames);
	else
		*out = frames;
	return error;
}

void frames_free(struct frames *frames)
{
	free(frames);
}

ssize_t frames_write(struct frames *frames, const char *sensor_id, char **out)
{
	size_t num_bytes = 0;
	FILE *memory = open_memstream(out, &num_bytes);

	if (!memory)
		return -ENOMEM;
	fprintf(memory, "{\"sensor\":\"%s\",\"driver\":\"%s\",\"frames\":[", sensor_id,
		frames->driver->name);
	write_frames(memory, frames);
	fputs("]}", memory);
	if (ferror(memory) | fclose(memory)) {
		free(*out);
		return -ENOMEM;
	}
	return (ssize_t)num_bytes;
}
