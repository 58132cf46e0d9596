/* SPDX-License-Identifier: MIT */
#include "metrics/chart.h"

#include <errno.h>
#include <stdlib.h>

#include "model/quantity.h"

/* The readings of one part of the time. */
struct chart_point {
	int64_t wall_ms; /* of several the mean */
	uint32_t num_readings;
	bool is_coarse; /* some were kept as a summary */
	bool is_gap; /* nothing was read for long */
};

/* One quantity of these. */
struct chart_cell {
	int64_t sum_milli; /* of means, times readings */
	uint32_t num_readings;
	int32_t least_milli, most_milli;
};

/* What of a cell is written. */
enum aspect { ASPECT_MEAN, ASPECT_LEAST, ASPECT_MOST };

int chart_init(struct chart *chart, const struct query *query)
{
	*chart = (struct chart){ .query = *query };
	chart->points = calloc(query->max_points, sizeof(*chart->points));
	return chart->points ? 0 : -ENOMEM;
}

void chart_finish(struct chart *chart)
{
	free(chart->points);
	for (int i = 0; i < NUM_QUANTITIES; i++)
		free(chart->columns[i]);
}

static int64_t span_ms(const struct chart *chart)
{
	return chart->query.until_ms - chart->query.since_ms + 1;
}

/* Adds one quantity of a summary to a point. */
static void add_value(struct chart *chart, int64_t point_index,
		      const struct summary_value *value, uint32_t num_readings)
{
	struct chart_cell **column = &chart->columns[value->quantity];
	struct chart_cell *cell;

	if (!*column) {
		*column = calloc(chart->query.max_points, sizeof(**column));
		if (!*column) {
			chart->has_no_memory = true;
			return;
		}
	}
	cell = &(*column)[point_index];
	if (cell->num_readings == 0 || value->least_milli < cell->least_milli)
		cell->least_milli = value->least_milli;
	if (cell->num_readings == 0 || value->most_milli > cell->most_milli)
		cell->most_milli = value->most_milli;
	cell->sum_milli += (int64_t)value->mean_milli * num_readings;
	cell->num_readings += num_readings;
	if (chart->digits[value->quantity] < value->digits)
		chart->digits[value->quantity] = value->digits;
}

void chart_add(struct chart *chart, const struct summary *summary)
{
	const struct query *query = &chart->query;
	uint32_t num_readings = summary->num_readings;
	struct chart_point *point;
	int64_t index;

	if (summary->wall_ms < query->since_ms || summary->wall_ms > query->until_ms)
		return;
	index = (summary->wall_ms - query->since_ms) * query->max_points / span_ms(chart);
	point = &chart->points[index];
	if (point->num_readings > UINT32_MAX - num_readings)
		return;
	/* Not a sum, which so many milliseconds since 1970 could overflow. */
	point->num_readings += num_readings;
	point->wall_ms +=
		(summary->wall_ms - point->wall_ms) * num_readings / point->num_readings;
	point->is_coarse |= summary->num_readings > 1;
	chart->is_summed |= point->num_readings > 1;
	for (uint8_t i = 0; i < summary->num_values; i++)
		add_value(chart, index, &summary->values[i], num_readings);
}

/* How long nothing may come between two points that a line connects. */
static int64_t longest_pause_ms(const struct chart *chart, const struct chart_point *a,
				const struct chart_point *b)
{
	const int64_t two_summaries_ms = INT64_C(2) * SUMMARY_SPAN_MS;
	int64_t pause_ms = chart->stale_after_ms;
	int64_t two_points_ms = 2 * (span_ms(chart) / chart->query.max_points + 1);

	if (pause_ms < two_points_ms)
		pause_ms = two_points_ms;
	if ((a->is_coarse || b->is_coarse) && pause_ms < two_summaries_ms)
		pause_ms = two_summaries_ms;
	return pause_ms;
}

void chart_complete(struct chart *chart)
{
	struct chart_point *last = NULL;

	for (uint32_t i = 0; i < chart->query.max_points; i++) {
		struct chart_point *point = &chart->points[i];

		if (point->num_readings == 0)
			continue;
		if (last && point->wall_ms - last->wall_ms >
				    longest_pause_ms(chart, last, point)) {
			/* More than two points' time lies between: this one is empty. */
			last[1].is_gap = true;
			last[1].wall_ms = (point->wall_ms + last->wall_ms) / 2;
		}
		last = point;
	}
}

static bool is_written(const struct chart_point *point)
{
	return point->num_readings > 0 || point->is_gap;
}

static void write_times(struct text *out, const struct chart *chart)
{
	const char *comma = "";

	text_add_string(out, ",\"ts\":[");
	for (uint32_t i = 0; i < chart->query.max_points; i++) {
		const struct chart_point *point = &chart->points[i];
		uint64_t wall_ms;
		char fraction[] = ".000";

		if (!is_written(point))
			continue;
		wall_ms = (uint64_t)point->wall_ms;
		fraction[1] = (char)('0' + wall_ms % 1000 / 100);
		fraction[2] = (char)('0' + wall_ms % 100 / 10);
		fraction[3] = (char)('0' + wall_ms % 10);
		text_add_string(out, comma);
		text_add_number(out, wall_ms / 1000);
		text_add_string(out, fraction);
		comma = ",";
	}
	text_add_string(out, "]");
}

static void write_cell(struct text *out, const struct chart_cell *cell, unsigned digits,
		       enum aspect aspect)
{
	if (cell->num_readings == 0) {
		text_add_string(out, "null");
		return;
	}
	switch (aspect) {
	case ASPECT_MEAN:
		/* The mean of several is known better than one. */
		text_add_milli(out, (int32_t)(cell->sum_milli / cell->num_readings),
			       cell->num_readings > 1 && digits < 3 ? digits + 1
								    : digits);
		break;
	case ASPECT_LEAST:
		text_add_milli(out, cell->least_milli, digits);
		break;
	case ASPECT_MOST:
		text_add_milli(out, cell->most_milli, digits);
		break;
	}
}

static void write_column(struct text *out, const struct chart *chart, size_t quantity,
			 enum aspect aspect)
{
	const char *comma = "";

	for (uint32_t i = 0; i < chart->query.max_points; i++) {
		if (!is_written(&chart->points[i]))
			continue;
		text_add_string(out, comma);
		write_cell(out, &chart->columns[quantity][i], chart->digits[quantity],
			   aspect);
		comma = ",";
	}
}

static void write_values(struct text *out, const struct chart *chart, const char *name,
			 enum aspect aspect)
{
	const char *comma = "";

	text_add(out, ",\"%s\":{", name);
	for (size_t i = 0; i < NUM_QUANTITIES; i++) {
		if (!chart->columns[i])
			continue;
		text_add(out, "%s\"%s\":[", comma, quantity_row((enum quantity)i)->name);
		write_column(out, chart, i, aspect);
		text_add_string(out, "]");
		comma = ",";
	}
	text_add_string(out, "}");
}

void chart_write(struct text *out, const struct chart *chart, const char *sensor_id)
{
	text_add_string(out, "{\"sensor\":");
	text_add_json(out, sensor_id);
	write_times(out, chart);
	write_values(out, chart, "values", ASPECT_MEAN);
	if (chart->is_summed) {
		write_values(out, chart, "min", ASPECT_LEAST);
		write_values(out, chart, "max", ASPECT_MOST);
	}
	text_add_string(out, "}");
}

size_t chart_guess_bytes(const struct chart *chart)
{
	enum { TIME_BYTES = 15, VALUE_BYTES = 7, OTHER_BYTES = 512 };
	size_t num_columns = 0, num_points = 0;

	for (size_t i = 0; i < NUM_QUANTITIES; i++)
		num_columns += chart->columns[i] != NULL;
	for (uint32_t i = 0; i < chart->query.max_points; i++)
		num_points += is_written(&chart->points[i]);
	if (chart->is_summed)
		num_columns *= 3;
	return num_points * (TIME_BYTES + num_columns * VALUE_BYTES) + OTHER_BYTES;
}
