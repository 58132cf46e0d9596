/* SPDX-License-Identifier: MIT */
#include "app/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/version.h"
#include "base/clock.h"
#include "decode/driver.h"
#include "model/verdict.h"

enum { BOOT_ID_LENGTH = 36 };

/* The kernel's name for this boot: consumers see a restart of the board by it. */
static void add_boot_id(struct text *out)
{
	char boot_id[BOOT_ID_LENGTH + 1] = "";
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!file)
		return;
	if (fread(boot_id, 1, BOOT_ID_LENGTH, file) == BOOT_ID_LENGTH) {
		text_add(out, ",\"boot_id\":");
		text_add_json(out, boot_id);
	}
	fclose(file);
}

static void add_sensor(struct text *out, const struct config_sensor *sensor)
{
	const struct driver *driver = driver_find(sensor->driver);

	text_add(out, "{\"id\":");
	text_add_json(out, sensor->id);
	text_add(out, ",\"name\":");
	text_add_json(out, sensor->name);
	text_add(out, ",\"driver\":");
	text_add_json(out, driver ? driver->name : sensor->driver);
	text_add(out, ",\"pin\":");
	text_add_json(out, sensor->pin_as_written);
	text_add(out, ",\"interval_s\":");
	text_add_milli(out, (int32_t)sensor->interval_ms,
		       sensor->interval_ms % 1000 ? 3 : 0);
	text_add(out, "}");
}

void report_info(struct text *out, const struct config *config)
{
	char library[VERSION_MAX_LIBRARY];

	text_add(out, "{\"version\":");
	text_add_json(out, version_string());
	text_add(out, ",\"id\":");
	text_add_json(out, config->gateway.id);
	text_add(out, ",\"name\":");
	text_add_json(out, config->gateway.name);
	add_boot_id(out);
	text_add(out, ",\"libraries\":[");
	for (size_t i = 0; version_library(i, library); i++) {
		text_add(out, i ? "," : "");
		text_add_json(out, library);
	}
	text_add(out, "],\"sensors\":[");
	for (size_t i = 0; i < config->num_sensors; i++) {
		text_add(out, i ? "," : "");
		add_sensor(out, &config->sensors[i]);
	}
	text_add(out, "]}");
}

/* What was found out about the sensor. */
static void add_findings(struct text *out, const struct decoder *decoder)
{
	const struct negatives *negatives = &decoder->state.negatives;

	if (decoder->model)
		text_add(out, ",\"model\":\"%s\"", decoder->model->name);
	if (negatives->is_known)
		text_add(out, ",\"negatives\":\"%s\"",
			 negatives->encoding == ENCODING_TWOS_COMPLEMENT
				 ? "twos_complement"
				 : "sign_magnitude");
}

void report_signal(struct text *out, const struct quality *quality, unsigned min_frames)
{
	int margin_percent = quality_margin(quality);

	text_add(out, "\"signal\":{\"margin\":");
	if (margin_percent < 0)
		text_add(out, "null");
	else
		text_add(out, "%d", margin_percent);
	text_add(out,
		 ",\"edges_lost\":%" PRIu32 ",\"edges_late\":%" PRIu32
		 ",\"edges_strange\":%" PRIu32 ",\"advice\":",
		 quality->num_lost, quality->num_late, quality->num_strange);
	text_add_json(out, advice_words(quality_advice(quality, min_frames)));
	text_add(out, "}");
}

static uint32_t load(const _Atomic uint32_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static uint32_t num_of_verdict(const struct publisher_sensor *sensor, int verdict)
{
	return load(&sensor->tally.verdicts[verdict]);
}

static uint32_t num_accepted(const struct publisher_sensor *sensor)
{
	uint32_t num_reads = 0;

	for (int i = 0; i < NUM_VERDICTS; i++) {
		if (verdict_is_accepted((enum verdict)i))
			num_reads += num_of_verdict(sensor, i);
	}
	return num_reads;
}

static void add_tally(struct text *out, const struct publisher_sensor *sensor)
{
	const char *comma = "";

	text_add(out, "{\"reads\":%u,\"repaired\":%u,\"retries\":%u,\"discarded\":%u",
		 num_accepted(sensor), num_of_verdict(sensor, VERDICT_REPAIRED),
		 load(&sensor->tally.retries), load(&sensor->tally.discarded));
	text_add(out,
		 ",\"long_pulses\":%u,\"power_cycles\":%u,\"edges_merged\":%u"
		 ",\"refused\":{",
		 load(&sensor->tally.long_pulses), load(&sensor->tally.power_cycles),
		 load(&sensor->tally.edges_merged));
	for (int i = 0; i < NUM_VERDICTS; i++) {
		uint32_t num = num_of_verdict(sensor, i);

		if (num == 0 || verdict_is_accepted((enum verdict)i))
			continue;
		text_add(out, "%s\"%s\":%u", comma, verdict_name((enum verdict)i), num);
		comma = ",";
	}
	text_add(out, "}");
	if (sensor->filter_rules.has_delta)
		text_add(out, ",\"held_back\":%u", load(&sensor->tally.held_back));
	add_findings(out, &sensor->decoder);
	text_add(out, ",");
	report_signal(out, &sensor->decoder.quality, QUALITY_MIN_FRAMES);
	text_add(out, "}");
}

static void add_uptime(struct text *out, const struct publisher *publisher,
		       uint64_t now_ns)
{
	text_add(out, "\"uptime_s\":%llu",
		 (unsigned long long)((now_ns - publisher->started_ns) / CLOCK_NS_PER_S));
}

/* The gateway in numbers. */
struct counts {
	size_t num_online;
	uint32_t num_reads;
	struct store_stat store;
	struct connection_stat mqtt;
};

static void count_all(const struct publisher *publisher, struct counts *out)
{
	*out = (struct counts){ 0 };
	store_stat(publisher->store, &out->store);
	connection_stat(publisher->connection, &out->mqtt);
	for (size_t i = 0; i < publisher->config->num_sensors; i++) {
		const struct publisher_sensor *sensor = &publisher->sensors[i];

		out->num_online +=
			atomic_load_explicit(&sensor->is_available, memory_order_relaxed);
		out->num_reads += num_accepted(sensor);
	}
}

void report_line(struct text *out, const struct publisher *publisher)
{
	struct counts counts;

	count_all(publisher, &counts);
	text_add(out, "%zu of %zu sensors online, %u readings, %u waiting, %s",
		 counts.num_online, publisher->config->num_sensors, counts.num_reads,
		 counts.store.num_waiting,
		 counts.mqtt.is_connected ? "connected" : "no broker");
}

void report_summary(struct text *out, const struct publisher *publisher, bool is_healthy,
		    uint64_t now_ns)
{
	struct counts counts;

	count_all(publisher, &counts);
	text_add(out, "{\"healthy\":%s,\"version\":", is_healthy ? "true" : "false");
	text_add_json(out, version_string());
	text_add(out, ",\"id\":");
	text_add_json(out, publisher->config->gateway.id);
	text_add(out, ",");
	add_uptime(out, publisher, now_ns);
	text_add(out,
		 ",\"connected\":%s,\"sensors\":%zu,\"online\":%zu,\"reads\":%u,"
		 "\"waiting\":%u,\"dropped\":%u,\"rival\":%s}",
		 counts.mqtt.is_connected ? "true" : "false",
		 publisher->config->num_sensors, counts.num_online, counts.num_reads,
		 counts.store.num_waiting, counts.store.num_dropped,
		 counts.mqtt.has_rival ? "true" : "false");
}

void report_health(struct text *out, const struct publisher *publisher, uint64_t now_ns)
{
	const struct config *config = publisher->config;
	struct store_stat store;
	struct connection_stat mqtt;

	store_stat(publisher->store, &store);
	connection_stat(publisher->connection, &mqtt);
	text_add(out, "{");
	add_uptime(out, publisher, now_ns);
	text_add(out, ",\"store\":{\"waiting\":%u,\"dropped\":%u,\"in_memory\":%s}",
		 store.num_waiting, store.num_dropped,
		 store.is_in_memory ? "true" : "false");
	text_add(out,
		 ",\"mqtt\":{\"connects\":%u,\"failures\":%u,\"acknowledged\":%u,"
		 "\"refused\":%u}",
		 mqtt.num_connects, mqtt.num_failures, mqtt.num_acknowledged,
		 mqtt.num_refused);
	text_add(out, ",\"sensors\":{");
	for (size_t i = 0; i < config->num_sensors; i++) {
		text_add(out, i ? "," : "");
		text_add_json(out, config->sensors[i].id);
		text_add(out, ":");
		add_tally(out, &publisher->sensors[i]);
	}
	text_add(out, "}}");
}
