/* SPDX-License-Identifier: MIT */
/* What metrics tell of the store and of the configuration: numbers of the gateway. */
#include <inttypes.h>

#include "base/attributes.h"
#include "metrics/exposition_inside.h"

/* A number that has no labels. */
#define GAUGE(function, member) \
	static void function(const struct exposition *exposition, \
			     const struct family *family) \
	{ \
		text_add(exposition->out, "%s %" PRIu64 "\n", family->name, \
			 (uint64_t)exposition->snapshot->member); \
	}
#define COUNTER(function, member) \
	static void function(const struct exposition *exposition, \
			     const struct family *family) \
	{ \
		text_add(exposition->out, "%s_total %" PRIu64 "\n", family->name, \
			 exposition->snapshot->member); \
	}

GAUGE(write_waiting, store.num_waiting)
GAUGE(write_bytes, store.file_bytes)
GAUGE(write_in_memory, store.is_in_memory)
COUNTER(write_syncs, store.num_syncs)
COUNTER(write_written, store.written_bytes)

static void write_time(const struct exposition *exposition, const struct family *family,
		       int64_t wall_ms)
{
	if (wall_ms > 0)
		text_add(exposition->out, "%s %" PRId64 ".%03d\n", family->name,
			 wall_ms / 1000, (int)(wall_ms % 1000));
}

static void write_oldest(const struct exposition *exposition, const struct family *family)
{
	write_time(exposition, family, exposition->snapshot->store.oldest_wall_ms);
}

static void write_loaded(const struct exposition *exposition, const struct family *family)
{
	write_time(exposition, family, exposition->snapshot->config.wall_ms);
}

static void write_reload(const struct exposition *exposition, const struct family *family)
{
	text_add(exposition->out, "%s %d\n", family->name,
		 !exposition->snapshot->config.is_refused);
}

static void write_dropped(const struct exposition *exposition,
			  const struct family *family)
{
	const struct snapshot *snapshot = exposition->snapshot;
	const struct {
		const char *reason;
		uint32_t number;
	} rows[] = {
		{ "size", snapshot->store.num_too_many },
		{ "age", snapshot->store.num_too_old },
		{ "damage", snapshot->store.num_damaged },
	};

	for (size_t i = 0; i < array_length(rows); i++)
		text_add(exposition->out, "%s_total{reason=\"%s\"} %" PRIu32 "\n",
			 family->name, rows[i].reason, rows[i].number);
}

/* clang-format off */
static const struct family families[] = {
	{ "pin2mqtt_store_records", KIND_GAUGE, NULL,
	  "Readings that wait for the broker.", .of_gateway = write_waiting },
	{ "pin2mqtt_store_oldest_timestamp_seconds", KIND_GAUGE, "seconds",
	  "When the oldest reading that waits in memory was read.",
	  .of_gateway = write_oldest },
	{ "pin2mqtt_store_dropped_records", KIND_COUNTER, NULL,
	  "Readings dropped since too many waited (size), for too long (age) or the file "
	  "lost them (damage).",
	  .of_gateway = write_dropped },
	{ "pin2mqtt_store_degraded", KIND_GAUGE, NULL,
	  "Whether the store's file cannot be written: 1 or 0.",
	  .of_gateway = write_in_memory },
	{ "pin2mqtt_store_bytes", KIND_GAUGE, "bytes",
	  "Length of the store's file and its log.", .of_gateway = write_bytes },
	{ "pin2mqtt_store_written_bytes", KIND_COUNTER, "bytes",
	  "Written to the store's file and its log.", .of_gateway = write_written },
	{ "pin2mqtt_store_fsyncs", KIND_COUNTER, NULL,
	  "Waits until the disk has what was written to the store.",
	  .of_gateway = write_syncs },
	{ "pin2mqtt_config_reload_success", KIND_GAUGE, NULL,
	  "Whether the configuration that was read last is the one that runs: 1, or 0 where "
	  "it has errors.",
	  .of_gateway = write_reload },
	{ "pin2mqtt_config_reload_timestamp_seconds", KIND_GAUGE, "seconds",
	  "When the configuration that runs was taken on.", .of_gateway = write_loaded },
};
/* clang-format on */

const struct family *exposition_more(size_t *num_out)
{
	*num_out = array_length(families);
	return families;
}
