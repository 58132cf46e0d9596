/* SPDX-License-Identifier: MIT */
#include "metrics/answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/attributes.h"
#include "base/clock.h"
#include "base/text.h"
#include "metrics/accept.h"
#include "metrics/chart.h"
#include "metrics/exposition.h"
#include "metrics/process.h"
#include "metrics/status.h"

enum {
	STATUS_OK = 200,
	STATUS_NOT_MODIFIED = 304,
	STATUS_BAD_REQUEST = 400,
	STATUS_UNAUTHORIZED = 401,
	STATUS_NOT_FOUND = 404,
	STATUS_METHOD = 405,
	STATUS_MISDIRECTED = 421,
	STATUS_UNAVAILABLE = 503,
};

/* The first guess at an answer's length. */
enum { GATEWAY_BYTES = 16 << 10, SENSOR_BYTES = 8 << 10 };

/* The id of a sensor, and the name of a file, in a path are no longer; see sensors[].id. */
enum { MAX_ID = 64 };

static const char type_text[] = "text/plain; charset=utf-8";
static const char type_json[] = "application/json";
static const char no_sensor[] = "no such sensor\n";

struct visit {
	struct site *site;
	const struct ask *ask;
	const char *id; /* of the sensor, or the name of the file, that is asked for */
	struct answer *out;
};

static void say(struct answer *out, unsigned status, const char *words)
{
	*out = (struct answer){
		.status = status,
		.type = type_text,
		.words = words,
		.num_bytes = strlen(words),
	};
}

static void say_no_memory(struct answer *out)
{
	say(out, STATUS_UNAVAILABLE, "no memory for the answer\n");
}

/* Writes `content` into a body that grows from num_bytes until all of it fits. */
static void write_body(const struct visit *visit, const char *type, size_t num_bytes,
		       void (*write)(struct text *out, const struct visit *visit,
				     const void *content),
		       const void *content)
{
	say_no_memory(visit->out);
	for (; num_bytes <= ANSWER_MAX_BYTES; num_bytes *= 2) {
		char *body = malloc(num_bytes);
		struct text text;

		if (!body)
			return;
		text_init(&text, body, num_bytes);
		write(&text, visit, content);
		if (!text.is_cut) {
			*visit->out = (struct answer){
				.status = STATUS_OK,
				.type = type,
				.body = body,
				.num_bytes = text.length,
			};
			return;
		}
		free(body);
	}
}

/* Holds a snapshot, or says that there is no memory. */
static bool hold(const struct visit *visit, struct snapshot *out)
{
	const struct source *source = &visit->site->source;

	if (source->hold(source->context, out) == 0)
		return true;
	say_no_memory(visit->out);
	return false;
}

static void release(const struct visit *visit, struct snapshot *snapshot)
{
	const struct source *source = &visit->site->source;

	source->release(source->context, snapshot);
}

static void answer_healthz(const struct visit *visit)
{
	struct snapshot snapshot;

	if (!hold(visit, &snapshot))
		return;
	if (snapshot.is_healthy)
		say(visit->out, STATUS_OK, "healthy\n");
	else
		say(visit->out, STATUS_UNAVAILABLE, "a thread does not move\n");
	release(visit, &snapshot);
}

static void answer_readyz(const struct visit *visit)
{
	struct snapshot snapshot;

	if (!hold(visit, &snapshot))
		return;
	if (snapshot.mqtt.is_connected)
		say(visit->out, STATUS_OK, "connected\n");
	else
		say(visit->out, STATUS_UNAVAILABLE, "no broker\n");
	release(visit, &snapshot);
}

static size_t guess_bytes(const struct snapshot *snapshot)
{
	return GATEWAY_BYTES + snapshot->num_sensors * SENSOR_BYTES;
}

static enum exposition_format format_of(const struct visit *visit)
{
	return accept_prefers(visit->ask->accept, "application/openmetrics-text",
			      "text/plain")
		       ? EXPOSITION_OPENMETRICS
		       : EXPOSITION_PROMETHEUS;
}

static void write_metrics(struct text *out, const struct visit *visit,
			  const void *content)
{
	exposition_write(out, content, format_of(visit));
}

static void answer_metrics(const struct visit *visit)
{
	struct snapshot snapshot;

	if (!hold(visit, &snapshot))
		return;
	process_read(&snapshot.process);
	snapshot.http_answers = visit->site->num_answers;
	snapshot.http_refusals = visit->site->num_refusals;
	write_body(visit, exposition_type(format_of(visit)), guess_bytes(&snapshot),
		   write_metrics, &snapshot);
	release(visit, &snapshot);
}

static void write_status(struct text *out, const struct visit *visit, const void *content)
{
	(void)visit;
	status_write(out, content);
}

static void answer_status(const struct visit *visit)
{
	struct snapshot snapshot;

	if (!hold(visit, &snapshot))
		return;
	write_body(visit, type_json, guess_bytes(&snapshot), write_status, &snapshot);
	release(visit, &snapshot);
}

static void answer_events(const struct visit *visit)
{
	*visit->out = (struct answer){
		.status = STATUS_OK,
		.type = "text/event-stream",
		.is_stream = true,
	};
}

static void answer_frames(const struct visit *visit)
{
	const struct source *source = &visit->site->source;
	char *body = NULL;
	ssize_t num_bytes = source->frames(source->context, visit->id, &body);

	if (num_bytes == -ENOENT)
		say(visit->out, STATUS_NOT_FOUND, no_sensor);
	else if (num_bytes < 0)
		say_no_memory(visit->out);
	else
		*visit->out = (struct answer){
			.status = STATUS_OK,
			.type = type_json,
			.body = body,
			.num_bytes = (size_t)num_bytes,
		};
}

static void write_chart(struct text *out, const struct visit *visit, const void *content)
{
	chart_write(out, content, visit->id);
}

static void answer_chart(const struct visit *visit, struct chart *chart)
{
	const struct source *source = &visit->site->source;
	int error = source->recall(source->context, visit->id, chart);

	if (error == -ENOENT) {
		say(visit->out, STATUS_NOT_FOUND, no_sensor);
	} else if (error == -ETIMEDOUT || error == -EBUSY) {
		say(visit->out, STATUS_UNAVAILABLE, "the disk is slow, ask again\n");
	} else if (error || chart->has_no_memory) {
		say_no_memory(visit->out);
	} else {
		chart_complete(chart);
		write_body(visit, type_json, chart_guess_bytes(chart), write_chart,
			   chart);
	}
}

static void answer_history(const struct visit *visit)
{
	struct query query;
	struct chart chart;
	const char *complaint = query_parse(&visit->ask->query, clock_wall_ms(), &query);

	if (complaint) {
		say(visit->out, STATUS_BAD_REQUEST, complaint);
		return;
	}
	say_no_memory(visit->out);
	if (chart_init(&chart, &query) == 0)
		answer_chart(visit, &chart);
	chart_finish(&chart);
}

static void answer_page(const struct visit *visit)
{
	struct page_file file;

	if (!page_find(visit->id, &file)) {
		say(visit->out, STATUS_NOT_FOUND, "there is nothing here\n");
		return;
	}
	*visit->out = (struct answer){
		.status = STATUS_OK,
		.type = file.type,
		.words = file.data,
		.num_bytes = file.num_bytes,
		.is_page = true,
	};
	memcpy(visit->out->tag, file.tag, sizeof(file.tag));
	if (page_is_known(&file, visit->ask->if_none_match)) {
		visit->out->status = STATUS_NOT_MODIFIED;
		visit->out->num_bytes = 0;
	}
}

/* What can be asked. A * stands for the id of a sensor, or the name of a file. */
static const struct place {
	const char *path;
	bool is_open; /* to who shows no token, too: it tells nothing of the gateway */
	void (*answer)(const struct visit *visit);
} places[] = {
	{ "/", true, answer_page },
	{ "/page/*", true, answer_page },
	{ "/healthz", true, answer_healthz },
	{ "/readyz", true, answer_readyz },
	{ "/metrics", false, answer_metrics },
	{ "/api/status", false, answer_status },
	{ "/api/events", false, answer_events },
	{ "/api/sensors/*/frames", false, answer_frames },
	{ "/api/sensors/*/history", false, answer_history },
};

/* Whether the path is that place's; id_out: what stands in the place of its *. */
static bool is_at(const struct place *place, const char *path, char id_out[MAX_ID + 1])
{
	const char *star = strchr(place->path, '*');
	size_t before = star ? (size_t)(star - place->path) : 0;
	size_t length;

	if (!star)
		return strcmp(path, place->path) == 0;
	if (strncmp(path, place->path, before) != 0)
		return false;
	length = strcspn(path + before, "/");
	if (length == 0 || length > MAX_ID ||
	    strcmp(path + before + length, star + 1) != 0)
		return false;
	memcpy(id_out, path + before, length);
	id_out[length] = '\0';
	return true;
}

static void answer(struct site *site, const struct ask *ask, struct answer *out)
{
	char id[MAX_ID + 1] = "";
	const struct visit visit = { site, ask, id, out };
	const struct place *place = NULL;

	if (strcmp(ask->method, "GET") != 0 && strcmp(ask->method, "HEAD") != 0) {
		say(out, STATUS_METHOD,
		    "only GET and HEAD: nothing can be changed here\n");
		return;
	}
	if (!access_is_our_host(&site->rules, ask->host)) {
		say(out, STATUS_MISDIRECTED,
		    "this gateway does not know itself by that name; http.hosts in its "
		    "configuration lists more\n");
		return;
	}
	for (size_t i = 0; i < array_length(places) && !place; i++) {
		if (is_at(&places[i], ask->path, id))
			place = &places[i];
	}
	if (!(place && place->is_open) &&
	    !access_has_token(&site->rules, ask->authorization)) {
		say(out, STATUS_UNAUTHORIZED, "the token is missing, or it is wrong\n");
		return;
	}
	if (place)
		place->answer(&visit);
	else
		say(out, STATUS_NOT_FOUND, "there is nothing here\n");
}

void answer_make(struct site *site, const struct ask *ask, struct answer *out)
{
	site->num_answers++;
	answer(site, ask, out);
	if (out->status >= 400)
		site->num_refusals++;
}
