/* SPDX-License-Identifier: MIT */
#include "metrics/status.h"

#include <inttypes.h>

#include "model/quantity.h"
#include "model/reading_json.h"

static const char *word(bool is_true)
{
	return is_true ? "true" : "false";
}

static void add_text(struct text *out, const char *key, const char *value)
{
	text_add(out, ",\"%s\":", key);
	if (value)
		text_add_json(out, value);
	else
		text_add(out, "null");
}

static void add_reads(struct text *out, const struct snapshot_sensor *sensor)
{
	const char *comma = "";

	text_add(out, ",\"reads\":{");
	for (int i = 0; i < NUM_VERDICTS; i++) {
		if (sensor->verdicts[i] == 0)
			continue;
		text_add(out, "%s\"%s\":%" PRIu32, comma, verdict_name((enum verdict)i),
			 sensor->verdicts[i]);
		comma = ",";
	}
	text_add(out, "}");
}

static void add_signal(struct text *out, const struct snapshot_sensor *sensor)
{
	text_add(out, ",\"signal\":{\"margin\":");
	if (sensor->margin_percent < 0)
		text_add(out, "null");
	else
		text_add(out, "%d", sensor->margin_percent);
	text_add(out,
		 ",\"edges_lost\":%" PRIu32 ",\"edges_late\":%" PRIu32
		 ",\"edges_strange\":%" PRIu32 ",\"edges_merged\":%" PRIu32,
		 sensor->edges_lost, sensor->edges_late, sensor->edges_strange,
		 sensor->edges_merged);
	add_text(out, "advice", sensor->advice);
	text_add(out, "}");
}

void status_write_sensor(struct text *out, const struct snapshot_sensor *sensor)
{
	text_add(out, "{\"id\":");
	text_add_json(out, sensor->id);
	add_text(out, "name", sensor->name);
	add_text(out, "driver", sensor->driver);
	add_text(out, "model", sensor->model);
	add_text(out, "pin", sensor->pin);
	text_add(out, ",\"interval_ms\":%" PRIu32 ",\"stale_after_ms\":%" PRIu32,
		 sensor->interval_ms, sensor->stale_after_ms);
	text_add(out, ",\"up\":%s,\"line_faulty\":%s", word(sensor->is_up),
		 word(sensor->is_faulty));
	text_add(out, ",\"reading\":");
	if (sensor->reading.seq == 0) {
		text_add(out, "null");
	} else {
		text_add(out, "{");
		reading_json_members(out, &sensor->reading);
		text_add(out, "}");
	}
	add_text(out, "verdict",
		 sensor->has_tried ? verdict_name(sensor->verdict) : NULL);
	add_reads(out, sensor);
	text_add(out,
		 ",\"retries\":%" PRIu32 ",\"discarded\":%" PRIu32
		 ",\"long_pulses\":%" PRIu32 ",\"power_cycles\":%" PRIu32,
		 sensor->retries, sensor->discarded, sensor->long_pulses,
		 sensor->power_cycles);
	if (sensor->holds_back)
		text_add(out, ",\"held_back\":%" PRIu32, sensor->held_back);
	add_signal(out, sensor);
	text_add(out, "}");
}

static void add_units(struct text *out)
{
	text_add(out, ",\"units\":{");
	for (int i = 0; i < NUM_QUANTITIES; i++) {
		const struct quantity_row *row = quantity_row((enum quantity)i);

		text_add(out, "%s\"%s\":", i ? "," : "", row->name);
		text_add_json(out, row->unit);
	}
	text_add(out, "}");
}

static void add_gateway(struct text *out, const struct snapshot *snapshot)
{
	text_add(out, "\"gateway\":{\"id\":");
	text_add_json(out, snapshot->gateway_id);
	add_text(out, "name", snapshot->gateway_name);
	add_text(out, "version", snapshot->version);
	add_text(out, "libraries", snapshot->libraries);
	text_add(out, ",\"now\":\"");
	text_add_time(out, snapshot->wall_ms);
	text_add(out, "\",\"uptime_s\":%" PRIu64 ",\"healthy\":%s", snapshot->uptime_s,
		 word(snapshot->is_healthy));
	add_units(out);
	text_add(out, "}");
	text_add(out,
		 ",\"mqtt\":{\"connected\":%s,\"version\":\"%s\",\"connects\":%" PRIu32
		 ",\"failures\":%" PRIu32 ",\"acknowledged\":%" PRIu32
		 ",\"refused\":%" PRIu32 "}",
		 word(snapshot->mqtt.is_connected),
		 snapshot->mqtt.version == 5   ? "5"
		 : snapshot->mqtt.version == 4 ? "3.1.1"
					       : "",
		 snapshot->mqtt.num_connects, snapshot->mqtt.num_failures,
		 snapshot->mqtt.num_acknowledged, snapshot->mqtt.num_refused);
	text_add(out,
		 ",\"store\":{\"waiting\":%" PRIu32 ",\"dropped\":%" PRIu32
		 ",\"bytes\":%" PRIu64 ",\"in_memory\":%s,\"oldest\":",
		 snapshot->store.num_waiting, snapshot->store.num_dropped,
		 snapshot->store.file_bytes, word(snapshot->store.is_in_memory));
	if (snapshot->store.oldest_wall_ms == 0) {
		text_add(out, "null}");
	} else {
		text_add(out, "\"");
		text_add_time(out, snapshot->store.oldest_wall_ms);
		text_add(out, "\"}");
	}
}

void status_write_gateway(struct text *out, const struct snapshot *snapshot)
{
	text_add(out, "{");
	add_gateway(out, snapshot);
	text_add(out, "}");
}

void status_write(struct text *out, const struct snapshot *snapshot)
{
	text_add(out, "{");
	add_gateway(out, snapshot);
	text_add(out, ",\"sensors\":[");
	for (size_t i = 0; i < snapshot->num_sensors && !out->is_cut; i++) {
		text_add(out, i ? "," : "");
		status_write_sensor(out, &snapshot->sensors[i]);
	}
	text_add(out, "]}");
}
