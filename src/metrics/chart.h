/* SPDX-License-Identifier: MIT */
/* A sensor's past in as many points as a chart has room for. Readings that fall on one point
 * become their mean, and their least and most stand beside it, so that no peak is lost.
 *
 * Threads: one owner.
 * Memory:  some 20 bytes a point, and as many for each quantity.
 */
#ifndef METRICS_CHART_H
#define METRICS_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "metrics/query.h"
#include "model/summary.h"

struct chart_point;
struct chart_cell;

struct chart {
	struct query query;
	uint32_t stale_after_ms; /* a longer silence interrupts the line */
	struct chart_point *points; /* owned; query.max_points */
	struct chart_cell *columns[NUM_QUANTITIES]; /* owned; as points; NULL: none yet */
	uint8_t digits[NUM_QUANTITIES];
	bool is_summed; /* some points are of several readings */
	bool has_no_memory; /* something is missing for that */
};

/* Returns 0 or -ENOMEM. */
must_check int chart_init(struct chart *chart, const struct query *query);
void chart_finish(struct chart *chart);

/* In any order; what is not in the time that is asked for is left out. */
void chart_add(struct chart *chart, const struct summary *summary);

/* When all are added: finds where the line is interrupted. */
void chart_complete(struct chart *chart);

/* {"sensor":"porch","ts":[1795327200.123,...],"values":{"temperature":[21.5,...]}}; where
 * is_summed, "min" and "max" follow as "values". ts: seconds since 1970, rising. null: an
 * interruption, or a quantity that was not read. */
void chart_write(struct text *out, const struct chart *chart, const char *sensor_id);

/* About how many bytes that is. */
size_t chart_guess_bytes(const struct chart *chart);

#endif
