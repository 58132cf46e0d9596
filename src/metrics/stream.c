/* SPDX-License-Identifier: MIT */
#include "metrics/stream.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "metrics/status.h"

/* Also a sign of life, by which who has gone is found out. */
enum { GATEWAY_INTERVAL_S = 10 };

void stream_finish(struct stream *stream)
{
	free(stream->seen);
}

/* Adds an event, or takes it back where it does not fit. */
static bool end_event(struct text *out, size_t before)
{
	text_add(out, "\n\n");
	if (!out->is_cut)
		return true;
	out->is_cut = false;
	out->length = before;
	out->data[before] = '\0';
	return false;
}

/* What changes in it is told at once; the rest with the next sign of life. */
static uint32_t digest(const struct snapshot *snapshot)
{
	return (uint32_t)snapshot->is_healthy |
	       (uint32_t)snapshot->mqtt.is_connected << 1 |
	       (uint32_t)snapshot->store.is_in_memory << 2 |
	       (uint32_t)(snapshot->store.num_waiting > 0) << 3 |
	       snapshot->store.num_dropped << 4;
}

static void add_gateway(struct stream *stream, const struct snapshot *snapshot,
			struct text *out)
{
	size_t before = out->length;
	uint32_t now = digest(snapshot);

	if (now == stream->gateway_seen && snapshot->uptime_s < stream->gateway_due_s)
		return;
	text_add(out, "event: gateway\ndata: ");
	status_write_gateway(out, snapshot);
	if (!end_event(out, before))
		return;
	stream->gateway_seen = now;
	stream->gateway_due_s = snapshot->uptime_s + GATEWAY_INTERVAL_S;
}

/* The sensors are others than before. False: no memory. */
static bool begin(struct stream *stream, const struct snapshot *snapshot,
		  struct text *out)
{
	uint32_t *seen = calloc(snapshot->num_sensors + 1, sizeof(*seen));

	if (!seen)
		return false;
	free(stream->seen);
	stream->seen = seen;
	stream->num_seen = snapshot->num_sensors;
	stream->generation = snapshot->generation;
	stream->has_begun = true;
	stream->gateway_due_s = 0;
	text_add(out, "event: sensors\ndata: {\"sensors\":%zu}\n\n", stream->num_seen);
	return true;
}

static void add_sensors(struct stream *stream, const struct snapshot *snapshot,
			struct text *out)
{
	for (size_t i = 0; i < stream->num_seen; i++) {
		const struct snapshot_sensor *sensor = &snapshot->sensors[i];
		size_t before = out->length;

		if (sensor->version == stream->seen[i])
			continue;
		text_add(out, "event: sensor\ndata: ");
		status_write_sensor(out, sensor);
		/* The next time; one that never fits would be none of ours. */
		if (!end_event(out, before) && before > 0)
			return;
		stream->seen[i] = sensor->version;
	}
}

bool stream_fill(struct stream *stream, const struct snapshot *snapshot)
{
	struct text out;

	if (stream->sent < stream->length)
		return true;
	text_init(&out, stream->data, sizeof(stream->data));
	stream->sent = 0;
	stream->length = 0;
	if ((!stream->has_begun || stream->generation != snapshot->generation) &&
	    !begin(stream, snapshot, &out))
		return false;
	add_gateway(stream, snapshot, &out);
	add_sensors(stream, snapshot, &out);
	stream->length = out.length;
	return stream->length > 0;
}

size_t stream_take(struct stream *stream, char *out, size_t max_bytes)
{
	size_t num_bytes = stream->length - stream->sent;

	if (num_bytes > max_bytes)
		num_bytes = max_bytes;
	memcpy(out, stream->data + stream->sent, num_bytes);
	stream->sent += num_bytes;
	return num_bytes;
}
