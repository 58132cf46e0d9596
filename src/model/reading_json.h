/* SPDX-License-Identifier: MIT */
/* A reading as members of a JSON object, without the braces.
 *
 * Pure.
 */
#ifndef MODEL_READING_JSON_H
#define MODEL_READING_JSON_H

#include "base/text.h"
#include "model/reading.h"

/* "ts":"2026-11-22T06:00:00.123Z","seq":4711,"temperature":21.5,"humidity":48.2 */
void reading_json_members(struct text *out, const struct reading *reading);

/* The values alone, as `decode` and `read` print them: "temperature":21.5,"humidity":48.2 */
void reading_json_values(struct text *out, const struct reading *reading);

#endif
