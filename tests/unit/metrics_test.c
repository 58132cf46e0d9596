/* SPDX-License-Identifier: MIT */
#include "unit/metrics_test.h"

#include <errno.h>
#include <string.h>

void test_gateway_init(struct test_gateway *gateway)
{
	*gateway = (struct test_gateway){
		.snapshot = {
			.version = "0.1.0",
			.libraries = "libgpiod 2.2.1",
			.gateway_id = "greenhouse",
			.gateway_name = "Greenhouse",
			.wall_ms = 1795327200000,
			.generation = 1,
			.uptime_s = 100,
			.is_healthy = true,
			.mqtt = { .is_connected = true, .version = 5, .num_connects = 2 },
			.num_sensors = 2,
		},
		.sensors = {
			{ .id = "porch", .name = "Porch \"1\"\n", .driver = "dht22",
			  .model = "dht22", .pin = "GPIO4", .advice = "good",
			  .is_up = true, .has_tried = true, .margin_percent = 89,
			  .version = 1, .interval_ms = 30000, .stale_after_ms = 90000,
			  .edges_lost = 3 },
			{ .id = "attic", .name = "attic", .driver = "dht",
			  .pin = "GPIO5", .advice = "look at the wiring",
			  .has_tried = true, .verdict = VERDICT_NO_RESPONSE,
			  .margin_percent = -1, .version = 1, .interval_ms = 2500,
			  .stale_after_ms = 60000 },
		},
	};
	gateway->snapshot.sensors = gateway->sensors;
	gateway->sensors[0].verdicts[VERDICT_CLEAN] = 7;
	gateway->sensors[0].verdicts[VERDICT_BAD_CHECKSUM] = 1;
	gateway->sensors[0].read.counts[0] = 1;
	gateway->sensors[0].read.counts[6] = 2;
	gateway->sensors[0].read.sum_tenths = 512;
	gateway->sensors[0].reading =
		(struct reading){ .wall_ms = 1795327190123, .seq = 4711 };
	reading_add(&gateway->sensors[0].reading, QUANTITY_TEMPERATURE, -400, 1);
	reading_add(&gateway->sensors[0].reading, QUANTITY_HUMIDITY, 48250, 1);
	gateway->sensors[1].verdicts[VERDICT_NO_RESPONSE] = 5;
}

static int hold(void *context, struct snapshot *out)
{
	struct test_gateway *gateway = context;

	if (gateway->has_no_memory)
		return -ENOMEM;
	gateway->num_held++;
	*out = gateway->snapshot;
	return 0;
}

static void release(void *context, struct snapshot *snapshot)
{
	struct test_gateway *gateway = context;

	(void)snapshot;
	gateway->num_held--;
}

static ssize_t frames(void *context, const char *sensor_id, char **out)
{
	(void)context;
	if (strcmp(sensor_id, "porch") != 0)
		return -ENOENT;
	*out = strdup("[]");
	return *out ? 2 : -ENOMEM;
}

static int recall(void *context, const char *sensor_id, struct chart *chart)
{
	struct test_gateway *gateway = context;

	if (strcmp(sensor_id, "porch") != 0)
		return -ENOENT;
	for (size_t i = 0; i < gateway->num_past; i++)
		chart_add(chart, &gateway->past[i]);
	chart->stale_after_ms = gateway->sensors[0].stale_after_ms;
	return gateway->recall_error;
}

static void watch(void *context, bool is_watched)
{
	(void)context;
	(void)is_watched;
}

struct source test_gateway_source(struct test_gateway *gateway)
{
	return (struct source){ hold, release, frames, recall, watch, gateway };
}
