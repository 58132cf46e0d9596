/* SPDX-License-Identifier: MIT */
/* The store's part in what was read: gathered with each reading, written by the writer in few
 * and large commits, and recalled through it, since nobody else may have the file open. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/store_state.h"

enum {
	WRITE_AFTER_S = 3600, /* what a power cut may take of charts */
	WRITE_BYTES = 64 * 1024, /* so much is written sooner */
	RETRY_AFTER_S = 600,
	RECALL_TIMEOUT_S = 2,
};

/* A block on its way to who asked. */
struct recalled_block {
	int64_t start_ms;
	size_t num_bytes;
	uint8_t bytes[ARCHIVE_BLOCK_BYTES];
};

/* Whether the file is to have the archive. */
static bool is_in_file(const struct store *store)
{
	return store->options.path && store->options.durability != CONFIG_NONE;
}

/* When it is to go to the file. */
static uint64_t due_ns(const struct store *store)
{
	uint64_t due_ns = store->archive_due_ns;

	if (store->archive.num_blocks == 0)
		return TIMER_NEVER;
	if (store->is_stopping || store->archive.num_bytes >= WRITE_BYTES)
		due_ns = 0;
	return due_ns > store->archive_retry_ns ? due_ns : store->archive_retry_ns;
}

static void delay_write(struct store *store)
{
	store->archive_due_ns = clock_mono_ns() + WRITE_AFTER_S * CLOCK_NS_PER_S;
}

/* Has the writer come in time. With the lock. */
static void call_writer(struct store *store)
{
	if (store->file == STORE_FILE_OPEN && is_in_file(store))
		store_arm(store, due_ns(store));
}

void store_archive_put(struct store *store, uint16_t name, const struct reading *reading)
{
	if (!store->options.is_recalled || store->options.history_ms == 0)
		return;
	if (store->archive.num_blocks == 0)
		delay_write(store);
	archive_add(&store->archive, name, store->names.ids[name], reading);
	call_writer(store);
}

void store_note(struct store *store, const struct reading *reading)
{
	pthread_mutex_lock(&store->lock);
	assert(reading->sensor < store->num_sensors);
	store_archive_put(store, store->sensors[reading->sensor].name, reading);
	pthread_mutex_unlock(&store->lock);
}

/* Charts have trouble with the file that what is to be posted may not have. With the lock, as
 * all below that are the writer's. */
static void note_trouble(struct store *store, int error, const char *reason)
{
	log_at(store->is_archive_trouble_known ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR,
	       "cannot keep the history in the store, charts have the newest part alone "
	       "path=%s reason=\"%s\": %s",
	       store->options.path, reason,
	       error == -ENOSPC ? "make room on its disk, or set store.history_size lower"
				: "pin2mqtt doctor looks at the disk; a store that is "
				  "removed while "
				  "the gateway is stopped begins anew");
	store->is_archive_trouble_known = true;
	store->archive_retry_ns = clock_mono_ns() + RETRY_AFTER_S * CLOCK_NS_PER_S;
}

static void write_archive(struct store *store)
{
	char reason[DATABASE_MAX_REASON];
	const struct database_archive_job job = {
		.num_blocks = archive_take(&store->archive),
		.blocks = store->archive.first,
		.now_ms = clock_wall_ms(),
		.max_age_ms = store->options.history_ms,
		.max_bytes = store->options.history_bytes,
	};

	pthread_mutex_unlock(&store->lock);

	int error = database_archive_write(store->database, &job, reason);

	pthread_mutex_lock(&store->lock);
	archive_settle(&store->archive, !error);
	delay_write(store);
	if (error)
		note_trouble(store, error, reason);
	else
		store->is_archive_trouble_known = false;
}

/* What is kept no more. */
static void clear_archive(struct store *store)
{
	char reason[DATABASE_MAX_REASON];

	store->is_archive_cleared = true;
	pthread_mutex_unlock(&store->lock);

	int error = database_archive_clear(store->database, reason);

	pthread_mutex_lock(&store->lock);
	if (error)
		log_debug("cannot clear the history path=%s reason=\"%s\"",
			  store->options.path, reason);
}

static bool wants_clearing(const struct store *store)
{
	return store->options.history_ms == 0 && !store->is_archive_cleared;
}

static void add_recalled(struct recall *recall, int64_t start_ms, const void *bytes,
			 size_t num_bytes)
{
	struct recalled_block *block = &recall->blocks[recall->num_blocks];

	if (!bytes || num_bytes > sizeof(block->bytes))
		return;
	block->start_ms = start_ms;
	block->num_bytes = num_bytes;
	memcpy(block->bytes, bytes, num_bytes);
	recall->num_blocks++;
}

static void take_block(void *context, int64_t start_ms, const void *bytes,
		       size_t num_bytes)
{
	add_recalled(context, start_ms, bytes, num_bytes);
}

/* The next blocks of the file; what cannot be read of it is left out. */
static void recall_from_file(struct store *store)
{
	struct recall *recall = &store->recall;
	char reason[DATABASE_MAX_REASON];
	int num_blocks;

	recall->state = RECALL_SERVED_NOW;
	pthread_mutex_unlock(&store->lock);
	num_blocks =
		database_archive_load(store->database, &recall->cursor,
				      STORE_RECALLED_BLOCKS, take_block, recall, reason);
	pthread_mutex_lock(&store->lock);
	recall->is_file_done = num_blocks < STORE_RECALLED_BLOCKS;
	if (num_blocks < 0)
		note_trouble(store, num_blocks, reason);
}

static void recall_from_memory(struct store *store)
{
	struct recall *recall = &store->recall;
	const struct archive_block *block = store->archive.first;

	for (; block && recall->num_blocks < STORE_RECALLED_BLOCKS; block = block->next) {
		if (block->number <= recall->number)
			continue;
		recall->number = block->number;
		if (strcmp(block->sensor_id, recall->cursor.sensor_id) == 0 &&
		    block->least_ms <= recall->cursor.until_ms &&
		    block->most_ms >= recall->cursor.since_ms)
			add_recalled(recall, block->start_ms, block->bytes,
				     block->num_bytes);
	}
	recall->is_done = !block;
}

static void end_recall(struct store *store)
{
	free(store->recall.blocks);
	store->recall = (struct recall){ .state = RECALL_IDLE };
}

static void serve_recall(struct store *store)
{
	struct recall *recall = &store->recall;

	recall->num_blocks = 0;
	if (!recall->is_file_done &&
	    (store->file < STORE_FILE_READABLE || !is_in_file(store)))
		recall->is_file_done = true;
	if (!recall->is_file_done)
		recall_from_file(store);
	else
		recall_from_memory(store);
	recall->state = RECALL_SERVED;
	if (recall->is_given_up)
		end_recall(store);
	else
		pthread_cond_signal(&store->recall_changed);
}

bool store_archive_step(struct store *store, uint64_t now_ns, uint64_t *due_ns_out)
{
	bool is_writable = store->file == STORE_FILE_OPEN && is_in_file(store);
	uint64_t next_ns;

	if (store->recall.state == RECALL_ASKED) {
		serve_recall(store);
		return true;
	}
	/* What is recalled block by block stays where it is until that is over. */
	if (!is_writable || store->recall.state != RECALL_IDLE)
		return false;
	if (wants_clearing(store)) {
		clear_archive(store);
		return true;
	}
	next_ns = due_ns(store);
	if (now_ns >= next_ns && next_ns != TIMER_NEVER) {
		write_archive(store);
		return true;
	}
	if (next_ns < *due_ns_out)
		*due_ns_out = next_ns;
	return false;
}

void store_archive_init(struct store *store)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&store->recall_changed, &attributes);
	pthread_condattr_destroy(&attributes);
}

void store_archive_finish(struct store *store)
{
	pthread_cond_destroy(&store->recall_changed);
	end_recall(store);
	archive_finish(&store->archive);
}

/* Waits until the writer has served. With the lock. */
static int await_blocks(struct store *store)
{
	struct recall *recall = &store->recall;
	struct timespec end;
	int error = 0;

	/* Not clock_mono_ns(): the condition knows the kernel's clock alone. */
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += RECALL_TIMEOUT_S;
	recall->state = RECALL_ASKED;
	store_arm(store, 0);
	while (recall->state != RECALL_SERVED && !error)
		error = pthread_cond_timedwait(&store->recall_changed, &store->lock,
					       &end);
	if (recall->state == RECALL_SERVED)
		return 0;
	if (recall->state == RECALL_SERVED_NOW)
		recall->is_given_up = true;
	else
		end_recall(store);
	return -error;
}

static int begin_recall(struct store *store, const struct store_span *span)
{
	struct recall *recall = &store->recall;

	if (recall->state != RECALL_IDLE)
		return -EBUSY;
	recall->blocks = calloc(STORE_RECALLED_BLOCKS, sizeof(*recall->blocks));
	if (!recall->blocks)
		return -ENOMEM;
	recall->cursor = (struct database_archive_cursor){
		.since_ms = span->since_ms,
		.until_ms = span->until_ms,
		.level = -1,
	};
	strncpy(recall->cursor.sensor_id, span->sensor_id, DATABASE_MAX_ID - 1);
	return 0;
}

static void tell(const struct recalled_block *block,
		 void (*take)(void *context, const struct summary *summary),
		 void *context)
{
	struct series_source source = { block->bytes, block->num_bytes };
	struct series series;
	struct summary summary;

	if (!series_open(&series, block->start_ms, &source))
		return;
	while (series_get(&series, &source, &summary))
		take(context, &summary);
}

int store_recall(struct store *store, const struct store_span *span,
		 void (*take)(void *context, const struct summary *summary),
		 void *context)
{
	struct recall *recall = &store->recall;
	bool is_done = false;

	pthread_mutex_lock(&store->lock);

	int error = begin_recall(store, span);

	while (!error && !is_done) {
		error = await_blocks(store);
		if (error)
			break;
		is_done = recall->is_done;
		pthread_mutex_unlock(&store->lock);
		for (size_t i = 0; i < recall->num_blocks; i++)
			tell(&recall->blocks[i], take, context);
		pthread_mutex_lock(&store->lock);
	}
	if (!error)
		end_recall(store);
	/* It did not write meanwhile. */
	call_writer(store);
	pthread_mutex_unlock(&store->lock);
	return error;
}
