/* SPDX-License-Identifier: MIT */
/* The store's file: one SQLite database, which no other process can have at the same time.
 *
 * What SQLite refuses comes as a negative errno with its words in `reason`: -ENOSPC, -EROFS,
 * -EIO, -EBUSY (another process has it), -EBADMSG (it is no such file, or a damaged one),
 * -EPROTO (a later version wrote it), -ENOMEM and others. A write that fails leaves the file
 * as it was.
 *
 * Threads: one at a time. The calls wait for the disk.
 * Memory:  some 100 KB, bounded.
 */
#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "model/reading.h"
#include "store/meter.h"

struct database;

enum { DATABASE_MAX_ID = 72, DATABASE_MAX_REASON = 160 };

struct database_row {
	struct reading reading; /* sensor: not set */
	char sensor_id[DATABASE_MAX_ID]; /* empty: the row is damaged */
};

/* What was found in a file that was opened. */
struct database_facts {
	bool is_new;
	uint64_t next_seq; /* above all that were given; 0 where is_new */
	uint64_t
		range_seq; /* an earlier run reserved numbers from there on; 0: none did */
	uint64_t boot_seq; /* lower ones were read before the machine's last start */
	uint64_t num_rows;
};

/* A topic that something was announced on, at a server. */
struct database_announcement {
	const char *server; /* borrowed for the call, as the next */
	const char *topic;
	uint32_t parts;
	bool is_gone; /* taken back: the row is deleted */
};

struct database_batch {
	const struct reading *readings; /* borrowed; sensor: of no use */
	const char *const *sensor_ids; /* borrowed; of each reading */
	size_t num_readings;
	/* Rows below the first, and those from the second to below the third, are of no use
	 * any more. */
	uint64_t delete_below_seq, delete_from_seq, delete_end_seq;
	uint64_t next_seq; /* no lower one is ever to be given again; 0: as before */
	uint64_t range_seq; /* numbers from there on are reserved; 0: as before */
	const struct database_announcement *announcements; /* borrowed */
	size_t num_announcements;
	bool is_synced; /* waits until the disk has it; else it may be lost at a power cut */
};

/* boot_id: of the machine's start. Returns 0 or a negative errno. */
must_check int database_open(const char *path, const char *boot_id, struct database **out,
			     struct database_facts *facts,
			     char reason[DATABASE_MAX_REASON]);
void database_close(struct database *database);

/* What has been written since it was opened. */
struct meter_counts database_written(const struct database *database);

/* All of it or, with a negative errno, nothing. */
must_check int database_write(struct database *database,
			      const struct database_batch *batch,
			      char reason[DATABASE_MAX_REASON]);

/* The first rows above after_seq and below end_seq, in order. Returns how many, or a negative
 * errno. */
must_check int database_load(struct database *database, uint64_t after_seq,
			     uint64_t end_seq, struct database_row *out, int max_rows,
			     char reason[DATABASE_MAX_REASON]);

/* Deletes the first num rows above after_seq. Returns how many, or a negative errno. */
must_check int database_drop(struct database *database, uint64_t after_seq, uint64_t num,
			     char reason[DATABASE_MAX_REASON]);

/* Tells of all announcements. Returns 0 or a negative errno. */
must_check int database_load_announcements(
	struct database *database,
	void (*take)(void *context, const struct database_announcement *row),
	void *context, char reason[DATABASE_MAX_REASON]);

/* The library's version: "3.40.1". */
const char *database_library_version(void);

#endif
