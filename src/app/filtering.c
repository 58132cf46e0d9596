/* SPDX-License-Identifier: MIT */
#include "app/filtering.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "config/compare.h"
#include "decode/derive.h"

static const char filters_path[] = "sensors[].filters[]";

static void make_rules(const struct config_sensor *sensor, struct filter_rules *out)
{
	const struct config_filters *filters = &sensor->filters;

	*out = (struct filter_rules){
		.num_median = filters->num_median,
		.heartbeat_ns = filters->heartbeat_ms * CLOCK_NS_PER_MS,
		.interval_ns = sensor->interval_ms * CLOCK_NS_PER_MS,
		.stale_after_ns = sensor->stale_after_ms * CLOCK_NS_PER_MS,
	};
	memcpy(out->offset_milli, filters->offset_milli, sizeof(out->offset_milli));
	memcpy(out->delta_milli, filters->delta_milli, sizeof(out->delta_milli));
	for (size_t i = 0; i < NUM_QUANTITIES; i++)
		out->has_delta |= filters->delta_milli[i] != 0;
}

int filtering_new(const struct config_sensor *sensor, struct filter_rules *rules_out,
		  struct filter **out)
{
	static const struct config_sensor plain;
	char data[1];
	struct text ignored;

	*out = NULL;
	text_init(&ignored, data, sizeof(data));
	if (compare_keys(filters_path, &plain, sensor, &ignored))
		return 0;
	make_rules(sensor, rules_out);
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void filtering_take_single(const struct config_sensor *sensor, struct reading *reading)
{
	struct filter_rules rules;

	make_rules(sensor, &rules);
	filter_offset(&rules, reading);
	derive_add(reading, sensor->derived);
}

bool filtering_has_changed(const struct config_sensor *before,
			   const struct config_sensor *after)
{
	char data[1];
	struct text ignored;

	text_init(&ignored, data, sizeof(data));
	return before->derived != after->derived ||
	       !compare_keys(filters_path, before, after, &ignored);
}
