/* SPDX-License-Identifier: MIT */
/* The gateway at one moment, in numbers: what metrics and status are written from.
 *
 * Memory: the texts are borrowed from whoever filled it, and stand as long as he says.
 */
#ifndef METRICS_SNAPSHOT_H
#define METRICS_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/latency.h"
#include "model/reading.h"
#include "model/verdict.h"

/* The counters wrap at 32 bit, as those of a process that starts anew. */
struct snapshot_sensor {
	const char *id;
	const char *name;
	const char *driver; /* as configured */
	const char *model; /* what it is; NULL: not known yet */
	const char *pin;
	const char *advice; /* what a person can do; "good" */
	bool is_up; /* its newest reading is no older than stale_after_ms */
	bool is_faulty; /* its line cannot be had */
	bool has_tried; /* the verdict stands */
	enum verdict verdict; /* of the last attempt */
	int margin_percent; /* of the signal; -1: not known */
	uint32_t version; /* another one where anything in here is new */
	uint32_t interval_ms;
	uint32_t stale_after_ms;
	struct reading reading; /* the newest; seq 0: there is none */
	uint32_t verdicts[NUM_VERDICTS];
	uint32_t retries;
	uint32_t discarded;
	bool holds_back; /* readings that have not changed enough; the next two stand */
	uint32_t posted; /* readings */
	uint32_t held_back;
	uint32_t long_pulses;
	uint32_t power_cycles;
	uint32_t edges_merged;
	uint32_t edges_lost;
	uint32_t edges_late;
	uint32_t edges_strange;
	struct latency_counts read; /* from the start pulse to the verdict */
};

/* What the system says of this process; negative: it does not. */
struct snapshot_process {
	int64_t cpu_ms;
	int64_t start_wall_ms; /* UTC */
	int64_t resident_bytes;
	int64_t virtual_bytes;
	int64_t open_files;
	int64_t max_files;
	int64_t threads;
};

struct snapshot {
	const char *version; /* of the program */
	const char *libraries; /* what it runs with: "libgpiod 2.2.1, SQLite 3.46.1" */
	const char *gateway_id;
	const char *gateway_name;
	int64_t wall_ms; /* now, UTC */
	uint32_t generation; /* another one where the configuration is */
	uint64_t uptime_s;
	bool is_healthy; /* its threads move */
	struct {
		bool is_connected;
		int version; /* 5 or 4 while connected */
		uint32_t num_connects;
		uint32_t num_failures;
		uint32_t num_acknowledged;
		uint32_t num_refused;
		struct latency_counts puback;
	} mqtt;
	struct {
		uint32_t num_waiting;
		uint32_t num_dropped;
		int64_t oldest_wall_ms; /* of those in memory; 0: none waits */
		bool is_in_memory; /* a file is wanted, and it cannot be written */
		/* num_dropped, by why: too many waited, for too long, the file lost them */
		uint32_t num_too_many, num_too_old, num_damaged;
		uint64_t file_bytes;
		uint64_t num_syncs; /* waits for the disk */
		uint64_t written_bytes;
	} store;
	struct {
		bool is_refused; /* the file has errors, and the one before it stays */
		int64_t wall_ms; /* when what runs was taken on */
	} config;
	uint32_t edges_dropped; /* since a ring was full */
	uint32_t http_answers; /* given */
	uint32_t http_refusals; /* with a status from 400 on */
	struct snapshot_process process;
	struct snapshot_sensor *sensors;
	size_t num_sensors;
};

#endif
