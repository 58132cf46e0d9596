/* SPDX-License-Identifier: MIT */
/* What others may ask of the gateway over MQTT: JSON on request/VERB, answered on
 * response/VERB. Pure, but for the JSON library's heap.
 *
 *	{"transaction":"7","sensor":"porch"}  ->  {"transaction":"7","status":"ok",...}
 *	                                          {"transaction":"7","status":"error","error":"..."}
 */
#ifndef PUBLISH_REQUEST_H
#define PUBLISH_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/log.h"
#include "base/text.h"

enum request_verb {
	REQUEST_READ, /* sensor: one reading, now */
	REQUEST_CAPTURE, /* sensor, frames: its next attempts, as an edge log */
	REQUEST_POWER_CYCLE, /* sensor: cut its power for some seconds */
	REQUEST_RELOAD, /* the configuration */
	REQUEST_LOG_LEVEL, /* level */
};
enum {
	NUM_REQUEST_VERBS = REQUEST_LOG_LEVEL + 1,
	REQUEST_MAX_BYTES = 1024, /* a longer one is refused */
	REQUEST_MAX_TRANSACTION = 64, /* bytes */
	REQUEST_MAX_SENSOR = 64, /* bytes, as of any sensor's id */
	REQUEST_MAX_FRAMES = 4,
	REQUEST_MAX_ERROR = 256,
};

/* No pointers: a ring may copy it. What a verb does not take is zero. */
struct request {
	enum request_verb verb;
	char transaction[REQUEST_MAX_TRANSACTION + 1]; /* empty: none */
	char sensor_id[REQUEST_MAX_SENSOR + 1];
	uint32_t num_frames;
	enum log_level level;
};

const char *request_verb_name(enum request_verb verb);

/* The verb of that name; false: there is none. */
bool request_verb_from_name(const char *name, enum request_verb *out);

/* Reads a request. Nothing at all is as {}.
 *
 * out: verb and, as far as it can be told, transaction are set in any case
 * Returns 0 or -EINVAL, with what is wrong in `error`. */
must_check int request_parse(enum request_verb verb, const char *data, size_t num_bytes,
			     struct request *out, char error[REQUEST_MAX_ERROR]);

/* Begins an answer: {"transaction":"7","status":"ok". The caller adds members and the brace. */
void request_accept(struct text *out, const struct request *request);

/* The whole answer to what is not done, and why. */
void request_refuse(struct text *out, const struct request *request, const char *error);

#endif
