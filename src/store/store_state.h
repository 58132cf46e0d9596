/* SPDX-License-Identifier: MIT */
/* What store.c, which others call, and writer.c, which works with the file, share. */
#ifndef STORE_STORE_STATE_H
#define STORE_STORE_STATE_H

#include <pthread.h>

#include "base/backoff.h"
#include "base/thread.h"
#include "base/timer.h"
#include "model/reading.h"
#include "store/announced.h"
#include "store/archive.h"
#include "store/database_archive.h"
#include "store/names.h"
#include "store/queue.h"
#include "store/store.h"

enum {
	STORE_BATCH = 256, /* readings in one transaction, at most */
	STORE_PAGE = 128, /* rows that are read at once */
	STORE_ANNOUNCEMENTS = 64, /* in one transaction, at most */
	STORE_MEMORY_READINGS = 16384, /* a mebibyte, while they should be in the file */
	STORE_LONG_REAR = 4096, /* from then on it goes to the file, and out of memory */
	/* So many numbers are vouched for at once, and more when half are gone. */
	STORE_NUMBERS = 16384,
	STORE_RECALLED_BLOCKS = 16, /* that are recalled at once */
};

/* How the file is. */
enum store_file {
	STORE_FILE_NONE, /* there is to be none */
	STORE_FILE_CLOSED, /* it is not usable now */
	STORE_FILE_READABLE, /* it takes nothing now */
	STORE_FILE_OPEN,
};

struct newest {
	struct reading reading;
	bool is_there;
	bool is_fresh; /* not taken yet */
};

struct sensor {
	uint16_t name; /* index into names */
	struct newest newest;
};

/* What is on the disk alone: rows with after_seq < seq < end_seq, younger than the queue's
 * front and older than its rear. */
struct disk_part {
	uint64_t after_seq;
	uint64_t end_seq;
	uint64_t num_rows;
};

enum recall_state {
	RECALL_IDLE,
	RECALL_ASKED,
	RECALL_SERVED_NOW, /* the writer is at it */
	RECALL_SERVED,
};

/* What is asked of the past. Who asks and the writer have it in turn, as `state` says. */
struct recall {
	enum recall_state state;
	bool is_given_up; /* nobody waits for what the writer is at */
	bool is_file_done;
	bool is_done; /* no more come after these */
	struct database_archive_cursor cursor; /* in the file */
	uint32_t number; /* in memory: of the last block */
	struct recalled_block *blocks; /* owned; STORE_RECALLED_BLOCKS; NULL: idle */
	size_t num_blocks;
};

struct store {
	struct store_options options; /* path owned */
	uint64_t max_readings;
	uint64_t max_in_memory;
	struct thread thread;
	struct timer timer; /* of the thread */

	pthread_mutex_t lock; /* guards all below, but for the writer's own */
	struct queue queue;
	struct disk_part disk;
	struct names names;
	struct announced announced;
	struct archive archive;
	uint64_t archive_due_ns; /* when it is to be in the file */
	uint64_t archive_retry_ns; /* not before */
	bool is_archive_trouble_known; /* it was logged */
	bool is_archive_cleared; /* where none is to be kept */
	struct recall recall;
	pthread_cond_t recall_changed;
	struct sensor *sensors; /* owned */
	size_t num_sensors;
	size_t num_fresh; /* of sensors[].newest */
	size_t next_sensor; /* whose turn it is in store_take_state() */
	struct wake *reader; /* borrowed; NULL: none */
	enum store_file file;
	bool is_stopping;
	bool is_trouble_known; /* it was logged */
	uint64_t start_seq;
	uint64_t next_seq; /* the next to give */
	uint64_t stored_seq; /* lower ones are in the file, or done */
	uint64_t flush_seq; /* lower ones are to be in it as soon as may be */
	uint64_t vouched_seq; /* the file says that lower ones were given */
	/* From there on numbers are reserved in the file for when it cannot be written; 0: none
	 * are. */
	uint64_t range_seq;
	uint64_t ranges_end_seq; /* above all that were ever reserved */
	bool has_left_numbers; /* for such, until it can be written again */
	/* Rows with these numbers may be there although writing them failed: they have others
	 * now. */
	uint64_t doubt_from_seq, doubt_end_seq;
	uint64_t shown_seq; /* the highest that was handed out */
	uint64_t num_rows_done; /* rows in the file that are of no use any more */
	uint64_t delete_due_ns; /* when they are to be deleted */
	uint64_t armed_ns; /* what the timer is set to */
	uint32_t dropped[NUM_STORE_DROPS];
	struct meter_counts written; /* to all files so far */
	struct meter_counts written_before; /* to those that are closed */

	/* The writer's own. */
	struct database *database; /* owned; NULL: closed */
	struct backoff backoff; /* while the file is not usable */
	uint64_t retry_ns; /* when it is tried again */
	uint64_t boot_seq; /* readings below were read before the machine's last start */
	bool has_been_open;

	bool has_set_aside;
	struct reading batch[STORE_BATCH];
	const char *batch_ids[STORE_BATCH];
	struct database_announcement batch_announcements[STORE_ANNOUNCEMENTS];
	struct database_row rows[STORE_PAGE];
};

/* Has the writer work at that time, or before. With the lock. */
void store_arm(struct store *store, uint64_t at_ns);

/* Wakes whoever takes readings. With the lock. */
void store_call_reader(const struct store *store);

/* The oldest in memory is dropped and counted. With the lock. */
void store_drop_oldest(struct store *store, enum store_drop why);

/* Notes what has been written. The writer's, with the lock. */
void store_note_written(struct store *store);

/* Drops what is too old, of that in memory. With the lock. */
void store_drop_outdated(struct store *store, uint64_t now_ns);

/* How many wait. With the lock. */
uint64_t store_num_waiting(const struct store *store);

/* A number above all that were given, if the clock is right. */
uint64_t store_clock_number(void);

/* Adds to the numbers of all in memory from that on. With the lock. */
void store_shift_numbers(struct store *store, uint64_t from_seq, uint64_t offset);

/* What has that number or a higher one, and what comes, gets numbers that no later run gives,
 * though the file cannot be written. With the lock. */
void store_leave_numbers(struct store *store, uint64_t from_seq);

/* Where the file is to reserve numbers; 0: it has, or there is no room for more. With the
 * lock, as the next. */
uint64_t store_range_to_reserve(const struct store *store);

/* They are reserved there. */
void store_note_range(struct store *store, uint64_t range_seq);

/* The number of a new reading. With the lock. */
uint64_t store_next_number(struct store *store);

/* What the file is to say of numbers that were given, beside readings that are written or
 * deleted; 0: nothing new. With the lock. */
uint64_t store_number_to_vouch(const struct store *store, bool is_row_written,
			       bool is_row_deleted);

/* When a reading is to be in the file, for one that was read at that time. */
uint64_t store_flush_due_ns(const struct store *store, uint64_t t_ns);

/* Remembers a reading for charts. With the lock. */
void store_archive_put(struct store *store, uint16_t name, const struct reading *reading);

/* Does what is due for the past. Returns false where nothing was, and sets due_ns where something
 * will be before that. With the lock. */
bool store_archive_step(struct store *store, uint64_t now_ns, uint64_t *due_ns);

/* Nobody asks any more after the end. */
void store_archive_init(struct store *store);
void store_archive_finish(struct store *store);

#endif
