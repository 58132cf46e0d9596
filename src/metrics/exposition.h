/* SPDX-License-Identifier: MIT */
/* A snapshot as metrics, in the text that Prometheus reads or in OpenMetrics.
 *
 * A sensor's values are there while it is up, and the time of its last success always: who
 * draws them sees a gap, and not a line that stands still.
 *
 * Pure.
 */
#ifndef METRICS_EXPOSITION_H
#define METRICS_EXPOSITION_H

#include "base/text.h"
#include "metrics/snapshot.h"

enum exposition_format { EXPOSITION_PROMETHEUS, EXPOSITION_OPENMETRICS };

/* The media type of that format, for Content-Type. */
const char *exposition_type(enum exposition_format format);

void exposition_write(struct text *out, const struct snapshot *snapshot,
		      enum exposition_format format);

#endif
