/* SPDX-License-Identifier: MIT */
/* Where the HTTP server gets what it tells: filled in by the wiring, so that metrics/ knows no
 * other stage.
 *
 * Threads: called by the HTTP thread.
 */
#ifndef METRICS_SOURCE_H
#define METRICS_SOURCE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attributes.h"
#include "metrics/chart.h"
#include "metrics/snapshot.h"

struct source {
	/* Fills a snapshot but for process and http_*; the configuration stands still until
	 * release(). Returns 0 or -ENOMEM: there is nothing to release. */
	int (*hold)(void *context, struct snapshot *out);
	void (*release)(void *context, struct snapshot *snapshot);
	/* The newest frames of a sensor as JSON. Returns its length, and free() *out; or a
	 * negative errno: -ENOENT: no such sensor. */
	ssize_t (*frames)(void *context, const char *sensor_id, char **out);
	/* Adds what a sensor read in the chart's time to it, and says when it is stale. Returns
	 * 0 or a negative errno: -ENOENT: no such sensor; -ETIMEDOUT, -EBUSY: the disk is slow;
	 * -ENOMEM. */
	int (*recall)(void *context, const char *sensor_id, struct chart *chart);
	/* Whether somebody wants to be woken when a sensor has news. */
	void (*watch)(void *context, bool is_watched);
	void *context; /* borrowed; outlives this */
};

#endif
