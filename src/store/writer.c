/* SPDX-License-Identifier: MIT */
/* The store's work with its file. One step at a time is chosen under the lock, done without
 * it, and noted under it again. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/place.h"
#include "store/store_state.h"

enum { BOOT_ID_LENGTH = 36 };

static const uint64_t NEVER = UINT64_MAX;

static const char *mend_of(int error)
{
	if (error == -ENOSPC)
		return "make room on its disk, or set store.max_size lower";
	if (error == -EBUSY)
		return "another gateway may use it: give each a store.path of its own";
	return "its folder must be there, be the gateway's own and on a disk that can be "
	       "written";
}

/* Logs what keeps us from the file, once until it can be used again. */
static void note_trouble(struct store *store, int error, const char *doing,
			 const char *reason)
{
	log_at(store->is_trouble_known ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR,
	       "cannot %s the store, readings wait in memory path=%s reason=\"%s\": %s",
	       doing, store->options.path, reason, mend_of(error));
	store->is_trouble_known = true;
	store->retry_ns =
		clock_mono_ns() + backoff_next_ms(&store->backoff) * CLOCK_NS_PER_MS;
}

static void note_recovery(struct store *store)
{
	if (store->is_trouble_known)
		log_info("the store can be written again path=%s", store->options.path);
	store->is_trouble_known = false;
	backoff_reset(&store->backoff);
}

/* A damaged file makes room for a new one, once: a disk that damages each is no place.
 * Returns whether it did. */
static bool set_aside(struct store *store, const char *reason)
{
	char aside[PLACE_MAX_PATH];
	int error;

	if (store->has_set_aside)
		return false;
	store->has_set_aside = true;
	error = place_set_aside(store->options.path, clock_wall_ms() / 1000, aside);
	if (error) {
		log_error("cannot set the damaged store aside path=%s reason=\"%s\"",
			  store->options.path, strerror(-error));
		return false;
	}
	log_error("the store is damaged and was set aside, beginning a new one as=%s "
		  "reason=\"%s\"",
		  aside, reason);
	store->retry_ns = 0;
	return true;
}

/* Where every reading goes to the file first, one that is not in it has not been posted, and
 * the file does not tell of its number: it gets another. Those that have been, while the file
 * was not usable, have such numbers. With the lock. */
static void leave_numbers(struct store *store)
{
	uint64_t from_seq = store->stored_seq > store->shown_seq ? store->stored_seq
								 : store->shown_seq + 1;

	if (store->options.durability != CONFIG_ALWAYS || store->has_left_numbers)
		return;
	store->doubt_from_seq = from_seq;
	store->doubt_end_seq = store->next_seq;
	store_leave_numbers(store, from_seq);
}

/* What was asked of the file failed. On a full disk and the like it still can be read; else
 * it is closed and opened anew later. With the lock. */
static void give_way(struct store *store, int error, const char *doing,
		     const char *reason)
{
	if (store->file == STORE_FILE_OPEN)
		leave_numbers(store);
	if (store->database && (error == -ENOSPC || error == -EROFS)) {
		store->file = STORE_FILE_READABLE;
	} else {
		store->file = STORE_FILE_CLOSED;
		store_note_written(store);
		store->written_before = store->written;
		database_close(store->database);
		store->database = NULL;
	}
	if (error != -EBADMSG || !set_aside(store, reason))
		note_trouble(store, error, doing, reason);
	store_call_reader(store);
}

/* The first opening brings what earlier runs left. */
static void adopt(struct store *store, const struct database_facts *facts)
{
	bool is_any_here = queue_length(&store->queue) > 0;
	uint64_t lowest_seq = queue_lowest_seq(&store->queue);

	store->has_been_open = true;
	store->disk = (struct disk_part){
		.end_seq = facts->next_seq,
		.num_rows = facts->num_rows,
	};
	if (is_any_here && lowest_seq < facts->next_seq)
		store_shift_numbers(store, lowest_seq, facts->next_seq - lowest_seq);
	/* Before the start no number has been given. */
	if (facts->next_seq > 0 &&
	    (store->start_seq == 0 || store->next_seq < facts->next_seq))
		store->next_seq = facts->next_seq;
	store->stored_seq = is_any_here ? facts->next_seq : store->next_seq;
	store->vouched_seq = facts->next_seq;
	if (facts->range_seq > 0)
		store_note_range(store, facts->range_seq);
	store->range_seq = 0; /* that run may have used it */
	if (facts->num_rows > 0)
		log_info("readings of an earlier run wait waiting=%" PRIu64,
			 facts->num_rows);
}

static void take_announcement(void *context, const struct database_announcement *row)
{
	announced_restore(context, row);
}

/* Opens the file and tells what it has. */
static int read_file(struct store *store, struct database_facts *facts,
		     struct announced *announced, char reason[DATABASE_MAX_REASON])
{
	char boot_id[BOOT_ID_LENGTH + 1] = "";
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (file) {
		boot_id[fread(boot_id, 1, BOOT_ID_LENGTH, file)] = '\0';
		fclose(file);
	}

	int error = database_open(store->options.path, boot_id, &store->database, facts,
				  reason);

	return error ? error
		     : database_load_announcements(store->database, take_announcement,
						   announced, reason);
}

/* With the lock, as all that are called by step(). */
static void open_file(struct store *store)
{
	char reason[DATABASE_MAX_REASON];
	struct database_facts facts;
	struct announced announced = { 0 };

	pthread_mutex_unlock(&store->lock);

	int error = read_file(store, &facts, &announced, reason);

	pthread_mutex_lock(&store->lock);
	announced_take_over(&store->announced, &announced);
	if (error) {
		give_way(store, error, "open", reason);
		return;
	}
	/* That it can be written is not said before it was. */
	store->file = STORE_FILE_OPEN;
	store->boot_seq = facts.boot_seq;
	if (!store->has_been_open) {
		adopt(store, &facts);
	} else if (facts.is_new) {
		store->dropped[STORE_DROP_DAMAGE] += (uint32_t)store->disk.num_rows;
		store->disk.num_rows = 0;
		store->num_rows_done = 0;
		store->stored_seq = 0;
		store->vouched_seq = 0;
		store->range_seq = 0;
		announced_rewrite(&store->announced);
	}
}

/* Whether what is not in the file is to go there now. */
static bool is_flush_due(struct store *store, uint64_t now_ns, uint64_t *due_ns)
{
	struct reading oldest;

	if (store->options.durability == CONFIG_NONE ||
	    queue_copy_from(&store->queue, store->stored_seq, &oldest, 1) == 0)
		return false;
	*due_ns = store->options.durability == CONFIG_ALWAYS || store->is_stopping ||
				  store->queue.num_rear >= STORE_LONG_REAR ||
				  oldest.seq < store->flush_seq
			  ? 0
			  : store_flush_due_ns(store, oldest.t_ns);
	return now_ns >= *due_ns;
}

/* Rows with lower numbers are of no use any more. */
static uint64_t lowest_of_use(const struct store *store)
{
	uint64_t lowest_seq = queue_lowest_seq(&store->queue);

	if (store->disk.num_rows > 0 && store->disk.after_seq + 1 < lowest_seq)
		lowest_seq = store->disk.after_seq + 1;
	return lowest_seq < store->next_seq ? lowest_seq : store->next_seq;
}

/* Whether there is something to write now; else when there will be. */
static bool plan(struct store *store, uint64_t now_ns, struct database_batch *out,
		 uint64_t *due_ns)
{
	uint64_t flush_due_ns = NEVER;
	bool is_flush = is_flush_due(store, now_ns, &flush_due_ns);
	bool is_delete = store->num_rows_done > 0 && (is_flush || store->is_stopping ||
						      now_ns >= store->delete_due_ns);

	*out = (struct database_batch){
		.readings = store->batch,
		.sensor_ids = store->batch_ids,
		.delete_below_seq = is_delete ? lowest_of_use(store) : 0,
		.delete_from_seq = store->doubt_from_seq,
		.delete_end_seq = store->doubt_end_seq,
		.next_seq = store_number_to_vouch(store, is_flush, is_delete),
		.range_seq = store_range_to_reserve(store),
	};
	out->announcements = store->batch_announcements;
	out->num_announcements =
		announced_batch(&store->announced, store->batch_announcements,
				STORE_ANNOUNCEMENTS);
	out->is_synced =
		is_flush || store->is_stopping || out->num_announcements > 0 ||
		out->range_seq > 0 ||
		(out->next_seq > 0 && store->options.durability != CONFIG_ALWAYS);
	if (is_flush)
		out->num_readings = queue_copy_from(&store->queue, store->stored_seq,
						    store->batch, STORE_BATCH);
	for (size_t i = 0; i < out->num_readings; i++)
		store->batch_ids[i] = store->names.ids[store->batch[i].sensor];
	*due_ns = flush_due_ns;
	if (store->num_rows_done > 0 && store->delete_due_ns < *due_ns)
		*due_ns = store->delete_due_ns;
	return is_flush || is_delete || out->next_seq > 0 || out->range_seq > 0 ||
	       out->num_announcements > 0 || out->delete_end_seq > out->delete_from_seq;
}

/* What is long in the file and will not be asked for soon leaves memory. */
static void spill(struct store *store)
{
	const struct queue *queue = &store->queue;

	uint64_t first_seq = queue_rear_seq(queue);

	if (queue->num_rear < STORE_LONG_REAR || first_seq >= store->stored_seq)
		return;

	size_t num = queue_forget_rear_before(&store->queue, store->stored_seq);

	if (store->disk.num_rows == 0)
		store->disk.after_seq = first_seq - 1;
	store->disk.end_seq = store->stored_seq;
	store->disk.num_rows += num;
}

static void settle(struct store *store, const struct database_batch *batch,
		   uint64_t num_rows_done)
{
	store->file = STORE_FILE_OPEN;
	note_recovery(store);
	store->doubt_from_seq = store->doubt_end_seq = 0;
	announced_settle(&store->announced, batch->announcements,
			 batch->num_announcements);
	store->has_left_numbers = false;
	if (batch->next_seq > 0)
		store->vouched_seq = batch->next_seq;
	if (batch->range_seq > 0)
		store_note_range(store, batch->range_seq);
	if (batch->num_readings > 0) {
		store->stored_seq = batch->readings[batch->num_readings - 1].seq + 1;
		store_call_reader(store);
		log_debug("stored readings=%zu last=%" PRIu64, batch->num_readings,
			  store->stored_seq - 1);
	}
	if (batch->delete_below_seq > 0) {
		store->num_rows_done -= num_rows_done;
		store->delete_due_ns =
			store->num_rows_done > 0 &&
					store->options.durability != CONFIG_ALWAYS
				? store_flush_due_ns(store, clock_mono_ns())
				: NEVER;
	}
	/* What was done while it was written was not counted. */
	if (batch->num_readings > 0 && batch->readings[0].seq < lowest_of_use(store)) {
		store->num_rows_done += batch->num_readings;
		if (store->delete_due_ns > store_flush_due_ns(store, clock_mono_ns()))
			store->delete_due_ns = store_flush_due_ns(store, clock_mono_ns());
	}
	spill(store);
}

static void write_file(struct store *store, const struct database_batch *batch)
{
	uint64_t num_rows_done = store->num_rows_done;
	char reason[DATABASE_MAX_REASON];

	if (batch->num_readings > 0 && store->flush_seq <= store->stored_seq)
		store->flush_seq = store->next_seq;
	pthread_mutex_unlock(&store->lock);

	int error = database_write(store->database, batch, reason);

	pthread_mutex_lock(&store->lock);
	if (error)
		give_way(store, error, "write", reason);
	else
		settle(store, batch, num_rows_done);
}

/* CLOCK_MONOTONIC began anew with the machine: the time of what is older is told by the wall
 * clock, where that was set then and is now. Else it counts as just read, so that no clock
 * that jumps takes it for too old. */
static void restore_time(struct reading *reading)
{
	int64_t age_ms = clock_wall_ms() - reading->wall_ms;

	if (reading->flags & READING_CLOCK_UNSYNCED || !clock_is_synced() || age_ms < 0)
		age_ms = 0;
	reading->t_ns = clock_mono_ns() - (uint64_t)age_ms * CLOCK_NS_PER_MS;
}

static void take_rows(struct store *store, int num_rows)
{
	for (int i = 0; i < num_rows; i++) {
		struct database_row *row = &store->rows[i];
		int name = names_index(&store->names, row->sensor_id);

		store->disk.after_seq = row->reading.seq;
		if (store->disk.num_rows > 0)
			store->disk.num_rows--;
		if (name < 0 || !*row->sensor_id) {
			store->dropped[STORE_DROP_DAMAGE]++;
			store->num_rows_done++;
			continue;
		}
		row->reading.sensor = (uint16_t)name;
		if (row->reading.seq < store->boot_seq)
			restore_time(&row->reading);
		queue_add_in_front(&store->queue, &row->reading);
	}
	if (num_rows < STORE_PAGE)
		store->disk.num_rows = 0;
	store_call_reader(store);
}

static void load_page(struct store *store)
{
	const struct disk_part disk = store->disk;
	char reason[DATABASE_MAX_REASON];

	pthread_mutex_unlock(&store->lock);

	int num_rows = database_load(store->database, disk.after_seq, disk.end_seq,
				     store->rows, STORE_PAGE, reason);

	pthread_mutex_lock(&store->lock);
	if (num_rows < 0)
		give_way(store, num_rows, "read", reason);
	else
		take_rows(store, num_rows);
}

static void drop_rows(struct store *store, uint64_t num)
{
	uint64_t after_seq = store->disk.after_seq;
	char reason[DATABASE_MAX_REASON];

	pthread_mutex_unlock(&store->lock);

	int num_dropped = database_drop(store->database, after_seq, num, reason);

	pthread_mutex_lock(&store->lock);
	if (num_dropped < 0) {
		give_way(store, num_dropped, "write", reason);
		return;
	}
	if (num_dropped == 0 || (uint64_t)num_dropped > store->disk.num_rows)
		store->disk.num_rows = 0;
	else
		store->disk.num_rows -= (uint64_t)num_dropped;
	store->dropped[STORE_DROP_SIZE] += (uint32_t)num_dropped;
}

/* Drops the oldest in memory while there are too many. Returns how many of the file's are to
 * be dropped beyond that. */
static uint64_t drop_excess(struct store *store)
{
	while (store_num_waiting(store) > store->max_readings &&
	       (store->queue.num_front > 0 || store->disk.num_rows == 0))
		store_drop_oldest(store, STORE_DROP_SIZE);

	uint64_t num_waiting = store_num_waiting(store);

	return num_waiting > store->max_readings ? num_waiting - store->max_readings : 0;
}

static bool wants_page(const struct store *store)
{
	return store->disk.num_rows > 0 && !store->is_stopping &&
	       store->file >= STORE_FILE_READABLE &&
	       QUEUE_FRONT - store->queue.num_front >= STORE_PAGE;
}

/* Does what is due for the queue. Returns false where nothing was, and sets when something will
 * be. */
static bool queue_step(struct store *store, uint64_t now_ns, uint64_t *due_ns)
{
	uint64_t num_excess;
	bool is_tried_again = now_ns >= store->retry_ns;
	struct database_batch batch;

	*due_ns = NEVER;
	if (store->file == STORE_FILE_NONE)
		return false;
	if (store->file == STORE_FILE_CLOSED) {
		if (is_tried_again)
			open_file(store);
		else
			*due_ns = store->retry_ns;
		return is_tried_again;
	}
	store_drop_outdated(store, now_ns);
	num_excess = drop_excess(store);
	if (store->file == STORE_FILE_READABLE && !is_tried_again) {
		*due_ns = store->retry_ns;
	} else if (plan(store, now_ns, &batch, due_ns)) {
		write_file(store, &batch);
		return true;
	} else if (num_excess > 0) {
		drop_rows(store, num_excess);
		return true;
	}
	if (!wants_page(store))
		return false;
	load_page(store);
	return true;
}

/* Who asks for the past waits for what is to be posted. */
static bool step(struct store *store, uint64_t *due_ns)
{
	uint64_t now_ns = clock_mono_ns();

	return queue_step(store, now_ns, due_ns) ||
	       store_archive_step(store, now_ns, due_ns);
}

uint64_t store_work(struct store *store)
{
	uint64_t due_ns;

	pthread_mutex_lock(&store->lock);
	while (step(store, &due_ns))
		;
	store_note_written(store);
	store->armed_ns = due_ns;
	if (!store->is_stopping)
		timer_set(&store->timer, due_ns);
	pthread_mutex_unlock(&store->lock);
	return due_ns;
}
