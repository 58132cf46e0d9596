/* SPDX-License-Identifier: MIT */
/* What part of a sensor's past is asked for, as it stands behind the ? of a request.
 *
 * Pure.
 */
#ifndef METRICS_QUERY_H
#define METRICS_QUERY_H

#include <stdint.h>

enum { QUERY_POINTS = 500, QUERY_MAX_POINTS = 5000 };

/* The arguments; NULL: it is not there. */
struct query_text {
	const char *since; /* ms since 1970, or as 2026-11-22T06:00:00Z */
	const char *until;
	const char *points;
};

struct query {
	int64_t since_ms, until_ms; /* UTC; the first and the last moment */
	uint32_t max_points;
};

/* now_ms: UTC. What is not said: the last 24 hours, until now, QUERY_POINTS. Returns NULL, or in
 * a line what is wrong. */
const char *query_parse(const struct query_text *text, int64_t now_ms, struct query *out);

#endif
