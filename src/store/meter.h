/* SPDX-License-Identifier: MIT */
/* Counts what SQLite writes: between it and its own way to the disk.
 *
 * Threads: one, that of the files that are open through it.
 */
#ifndef STORE_METER_H
#define STORE_METER_H

#include <stdint.h>

#include "base/attributes.h"

struct meter;

struct meter_counts {
	uint64_t num_syncs; /* waits until the disk has it */
	uint64_t num_bytes; /* written */
};

/* Returns 0 or -ENOMEM. */
must_check int meter_new(struct meter **out);

/* No file may be open through it. */
void meter_free(struct meter *meter);

/* What sqlite3_open_v2() takes; lives as long as the meter. */
const char *meter_name(const struct meter *meter);

struct meter_counts meter_read(const struct meter *meter);

#endif
