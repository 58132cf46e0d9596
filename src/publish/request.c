/* SPDX-License-Identifier: MIT */
#include "publish/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

/* Members that a verb takes beside `transaction`. */
enum { TAKES_SENSOR = 1, TAKES_FRAMES = 2, TAKES_LEVEL = 4 };

static const struct {
	const char *name;
	unsigned takes;
} verbs[NUM_REQUEST_VERBS] = {
	[REQUEST_READ] = { "read", TAKES_SENSOR },
	[REQUEST_CAPTURE] = { "capture", TAKES_SENSOR | TAKES_FRAMES },
	[REQUEST_POWER_CYCLE] = { "power_cycle", TAKES_SENSOR },
	[REQUEST_RELOAD] = { "reload", 0 },
	[REQUEST_LOG_LEVEL] = { "log_level", TAKES_LEVEL },
};

const char *request_verb_name(enum request_verb verb)
{
	return verbs[verb].name;
}

bool request_verb_from_name(const char *name, enum request_verb *out)
{
	for (int i = 0; i < NUM_REQUEST_VERBS; i++) {
		if (strcmp(verbs[i].name, name) == 0) {
			*out = (enum request_verb)i;
			return true;
		}
	}
	return false;
}

/* "WHO what": the member's name, cut, and what is wrong with it. */
static int complain(char error[REQUEST_MAX_ERROR], const char *who, const char *what)
{
	snprintf(error, REQUEST_MAX_ERROR, "%.64s%s%s", who, *who ? " " : "", what);
	return -EINVAL;
}

static int take_text(const cJSON *item, char *out, size_t size_bytes,
		     char error[REQUEST_MAX_ERROR])
{
	if (!cJSON_IsString(item) || !text_copy(out, size_bytes, item->valuestring))
		return complain(error, item->string,
				"must be a text of at most 64 bytes");
	return 0;
}

static int take_frames(const cJSON *item, struct request *out,
		       char error[REQUEST_MAX_ERROR])
{
	int number = cJSON_IsNumber(item) ? item->valueint : 0;

	if (number < 1 || number > REQUEST_MAX_FRAMES || number != item->valuedouble)
		return complain(error, item->string, "must be a whole number, 1 to 4");
	out->num_frames = (uint32_t)number;
	return 0;
}

static int take_level(const cJSON *item, struct request *out,
		      char error[REQUEST_MAX_ERROR])
{
	if (!cJSON_IsString(item) || !log_level_from_name(item->valuestring, &out->level))
		return complain(error, item->string,
				"must be error, warning, info or debug");
	return 0;
}

static int take_member(const cJSON *item, struct request *out,
		       char error[REQUEST_MAX_ERROR])
{
	unsigned takes = verbs[out->verb].takes;

	if (strcmp(item->string, "transaction") == 0)
		return take_text(item, out->transaction, sizeof(out->transaction), error);
	if (takes & TAKES_SENSOR && strcmp(item->string, "sensor") == 0)
		return take_text(item, out->sensor_id, sizeof(out->sensor_id), error);
	if (takes & TAKES_FRAMES && strcmp(item->string, "frames") == 0)
		return take_frames(item, out, error);
	if (takes & TAKES_LEVEL && strcmp(item->string, "level") == 0)
		return take_level(item, out, error);
	return complain(error, item->string, "is not known here");
}

static int take_members(const cJSON *root, struct request *out,
			char error[REQUEST_MAX_ERROR])
{
	unsigned takes = verbs[out->verb].takes;
	int result = 0;

	if (!cJSON_IsObject(root))
		return complain(error, "", "a JSON object is wanted");
	/* All are looked at, so that an answer has its transaction. */
	for (const cJSON *item = root->child; item; item = item->next) {
		char later[REQUEST_MAX_ERROR];
		int taken = take_member(item, out, result ? later : error);

		if (taken)
			result = taken;
	}
	if (result)
		return result;
	if (takes & TAKES_SENSOR && !cJSON_GetObjectItemCaseSensitive(root, "sensor"))
		return complain(error, "sensor", "is missing: which one?");
	if (takes & TAKES_LEVEL && !cJSON_GetObjectItemCaseSensitive(root, "level"))
		return complain(error, "level", "is missing: which one?");
	return 0;
}

int request_parse(enum request_verb verb, const char *data, size_t num_bytes,
		  struct request *out, char error[REQUEST_MAX_ERROR])
{
	const char *end = data;

	*out = (struct request){ .verb = verb };
	if (verbs[verb].takes & TAKES_FRAMES)
		out->num_frames = 1;
	if (num_bytes > REQUEST_MAX_BYTES)
		return complain(error, "", "the request is longer than 1024 bytes");
	if (num_bytes == 0) {
		data = "{}";
		num_bytes = 2;
	}

	cJSON *root = cJSON_ParseWithLengthOpts(data, num_bytes, &end, false);
	size_t num_read = root ? (size_t)(end - data) : 0;

	while (root && num_read < num_bytes && strchr(" \t\r\n", data[num_read]) &&
	       data[num_read] != '\0')
		num_read++;

	int result = root && num_read == num_bytes
			     ? take_members(root, out, error)
			     : complain(error, "", "that is no JSON");

	cJSON_Delete(root);
	return result;
}

static void begin(struct text *out, const struct request *request, const char *status)
{
	text_add(out, "{");
	if (*request->transaction) {
		text_add(out, "\"transaction\":");
		text_add_json(out, request->transaction);
		text_add(out, ",");
	}
	text_add(out, "\"status\":\"%s\"", status);
	if (*request->sensor_id) {
		text_add(out, ",\"sensor\":");
		text_add_json(out, request->sensor_id);
	}
}

void request_accept(struct text *out, const struct request *request)
{
	begin(out, request, "ok");
}

void request_refuse(struct text *out, const struct request *request, const char *error)
{
	begin(out, request, "error");
	text_add(out, ",\"error\":");
	text_add_json(out, error);
	text_add(out, "}");
}
