/* SPDX-License-Identifier: MIT */
#include "decode/filter.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_HUMIDITY_MILLI = 100000 };

static void remember(struct filter *filter, const struct reading *reading)
{
	for (unsigned i = 0; i < reading->num_values; i++) {
		const struct value *value = &reading->values[i];

		filter->raw_milli[value->quantity][filter->next_raw] = value->milli;
	}
	filter->next_raw = (filter->next_raw + 1) % FILTER_MAX_MEDIAN;
	if (filter->num_raw < FILTER_MAX_MEDIAN)
		filter->num_raw++;
}

/* Puts a number into its place among those that are sorted. */
static void insert(int32_t *sorted, uint32_t num_sorted, int32_t number)
{
	uint32_t i = num_sorted;

	for (; i > 0 && sorted[i - 1] > number; i--)
		sorted[i] = sorted[i - 1];
	sorted[i] = number;
}

static int32_t median_of(const struct filter *filter, uint32_t num_median,
			 unsigned quantity)
{
	uint32_t num = num_median < filter->num_raw ? num_median : filter->num_raw;
	int32_t sorted[FILTER_MAX_MEDIAN] = { 0 };

	num -= num % 2 == 0;
	for (uint32_t i = 0; i < num; i++) {
		uint32_t index = (filter->next_raw + FILTER_MAX_MEDIAN - 1 - i) %
				 FILTER_MAX_MEDIAN;

		insert(sorted, i, filter->raw_milli[quantity][index]);
	}
	return sorted[num / 2];
}

void filter_offset(const struct filter_rules *rules, struct reading *reading)
{
	for (unsigned i = 0; i < reading->num_values; i++) {
		struct value *value = &reading->values[i];
		int32_t offset_milli = rules->offset_milli[value->quantity];

		if (offset_milli == 0)
			continue;
		value->milli = reading_round(value->milli + offset_milli, value->digits);
		if (value->quantity != QUANTITY_HUMIDITY)
			continue;
		if (value->milli < 0)
			value->milli = 0;
		else if (value->milli > MAX_HUMIDITY_MILLI)
			value->milli = MAX_HUMIDITY_MILLI;
	}
}

static bool has_changed(const struct filter *filter, const struct filter_rules *rules,
			const struct reading *reading)
{
	for (unsigned i = 0; i < reading->num_values; i++) {
		const struct value *value = &reading->values[i];
		int32_t delta_milli = rules->delta_milli[value->quantity];
		const struct value *before;

		if (delta_milli == 0)
			continue;
		before = reading_find(&filter->posted, (enum quantity)value->quantity);
		if (!before || abs(value->milli - before->milli) >= delta_milli)
			return true;
	}
	return false;
}

/* Whether the next reading would come too late. An eighth of the interval is for what turns
 * differ by. */
static bool is_due(const struct filter *filter, const struct filter_rules *rules,
		   uint64_t now_ns)
{
	uint64_t age_ns = now_ns - filter->posted.t_ns;
	uint64_t step_ns = rules->interval_ns - rules->interval_ns / 8;

	if (rules->heartbeat_ns != 0 && age_ns + step_ns > rules->heartbeat_ns)
		return true;
	/* It may need all its tries, until the turn after it. */
	return age_ns + 2 * step_ns > rules->stale_after_ns;
}

bool filter_take(struct filter *filter, const struct filter_rules *rules,
		 struct reading *reading, bool is_wanted)
{
	bool is_posted;

	if (reading->t_ns - filter->newest_ns > rules->stale_after_ns)
		memset(filter, 0, sizeof(*filter));
	filter->newest_ns = reading->t_ns;
	remember(filter, reading);
	for (unsigned i = 0; rules->num_median > 0 && i < reading->num_values; i++)
		reading->values[i].milli =
			median_of(filter, rules->num_median, reading->values[i].quantity);
	filter_offset(rules, reading);
	is_posted = !rules->has_delta || is_wanted || !filter->has_posted ||
		    has_changed(filter, rules, reading) ||
		    is_due(filter, rules, reading->t_ns);
	filter->is_held = !is_posted;
	if (is_posted) {
		filter->posted = *reading;
		filter->has_posted = true;
	} else {
		filter->held = *reading;
	}
	return is_posted;
}

uint64_t filter_release_ns(const struct filter *filter, const struct filter_rules *rules)
{
	if (!filter->is_held)
		return UINT64_MAX;
	return filter->posted.t_ns + rules->stale_after_ns - rules->stale_after_ns / 8;
}

void filter_release(struct filter *filter, struct reading *out)
{
	*out = filter->posted = filter->held;
	filter->is_held = false;
}

void filter_forget_posted(struct filter *filter)
{
	filter->has_posted = false;
	filter->is_held = false;
}
