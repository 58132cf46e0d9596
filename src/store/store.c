/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/store_state.h"

enum {
	STACK_BYTES = 256 * 1024,
	STORE_NICE = 10,
	RETRY_MIN_MS = 1000,
	RETRY_MAX_MS = 60000,
	/* So many readings done are deleted from the file, if nothing else is written. */
	MANY_ROWS_DONE = 256,
	/* So many are deleted soon. */
	SOME_ROWS_DONE = 8,
	SOON_MS = 50,
	FEW_UNTAKEN = STORE_PAGE / 2,
};

static int init(struct store *store, const struct store_options *options)
{
	bool is_in_memory = !options->path || options->durability == CONFIG_NONE;

	pthread_mutex_init(&store->lock, NULL);
	store_archive_init(store);
	store->timer.fd = -1;
	store->armed_ns = TIMER_NEVER;
	store->delete_due_ns = TIMER_NEVER;
	store->options = *options;
	store->max_readings = options->max_bytes / sizeof(struct reading);
	if (store->max_readings == 0)
		store->max_readings = 1;
	store->max_in_memory = store->max_readings;
	if (!is_in_memory && store->max_in_memory > STORE_MEMORY_READINGS)
		store->max_in_memory = STORE_MEMORY_READINGS;
	store->next_seq = store_clock_number();
	store->file = options->path ? STORE_FILE_CLOSED : STORE_FILE_NONE;
	backoff_init(&store->backoff, RETRY_MIN_MS, RETRY_MAX_MS,
		     (uint32_t)clock_mono_ns());
	if (options->path) {
		store->options.path = strdup(options->path);
		if (!store->options.path)
			return -ENOMEM;
	}
	return timer_open(&store->timer);
}

int store_new(const struct store_options *options, struct store **out)
{
	struct store *store = calloc(1, sizeof(*store));

	if (!store)
		return -ENOMEM;

	int error = init(store, options);

	if (error) {
		store_free(store);
		return error;
	}
	store_work(store);
	store->start_seq = store->next_seq;
	*out = store;
	return 0;
}

void store_free(struct store *store)
{
	if (!store)
		return;
	database_close(store->database);
	queue_finish(&store->queue);
	store_archive_finish(store);
	names_finish(&store->names);
	announced_finish(&store->announced);
	free(store->sensors);
	timer_close(&store->timer);
	pthread_mutex_destroy(&store->lock);
	free((char *)store->options.path);
	free(store);
}

static void run(void *context)
{
	struct store *store = context;
	bool is_stopping = false;

	thread_yield_to_others(STORE_NICE);
	while (!is_stopping) {
		store_work(store);
		timer_wait(&store->timer);
		pthread_mutex_lock(&store->lock);
		is_stopping = store->is_stopping;
		pthread_mutex_unlock(&store->lock);
	}
}

int store_start(struct store *store)
{
	return thread_start(&store->thread, "store", STACK_BYTES, run, store);
}

void store_stop(struct store *store)
{
	if (!store)
		return;
	pthread_mutex_lock(&store->lock);
	store->is_stopping = true;
	timer_set(&store->timer, 0);
	store->retry_ns = store->archive_retry_ns = 0;
	pthread_mutex_unlock(&store->lock);
	if (store->thread.is_started)
		thread_join(&store->thread);
	store_work(store);
	pthread_mutex_lock(&store->lock);
	store->file = STORE_FILE_NONE;
	pthread_mutex_unlock(&store->lock);
	database_close(store->database);
	store->database = NULL;
}

void store_arm(struct store *store, uint64_t at_ns)
{
	if (at_ns >= store->armed_ns)
		return;
	store->armed_ns = at_ns;
	timer_set(&store->timer, at_ns);
}

void store_call_reader(const struct store *store)
{
	if (store->reader)
		wake_signal(store->reader);
}

uint64_t store_num_waiting(const struct store *store)
{
	return queue_length(&store->queue) + store->disk.num_rows;
}

uint64_t store_flush_due_ns(const struct store *store, uint64_t t_ns)
{
	uint64_t interval_ns = store->options.flush_interval_ms * CLOCK_NS_PER_MS;

	/* Somewhat sooner, so that it is there in time. */
	return t_ns + interval_ns - interval_ns / 8;
}

/* When rows that are done are to be deleted. A few go with the next reading that is written,
 * or at the next flush; of a long queue that is being posted many would be posted twice. */
static uint64_t delete_due_ns(const struct store *store)
{
	if (store->num_rows_done >= MANY_ROWS_DONE)
		return 0;
	if (store->num_rows_done >= SOME_ROWS_DONE)
		return clock_mono_ns() + SOON_MS * CLOCK_NS_PER_MS;
	return store->options.durability == CONFIG_ALWAYS
		       ? TIMER_NEVER
		       : store_flush_due_ns(store, clock_mono_ns());
}

/* A reading is done. */
static void note_done(struct store *store, uint64_t seq)
{
	if (seq >= store->stored_seq)
		return;
	store->num_rows_done++;

	uint64_t due_ns = delete_due_ns(store);

	if (due_ns < store->delete_due_ns)
		store->delete_due_ns = due_ns;
	store_arm(store, store->delete_due_ns);
}

void store_note_written(struct store *store)
{
	struct meter_counts now = { 0 };

	if (store->database)
		now = database_written(store->database);
	store->written.num_syncs = store->written_before.num_syncs + now.num_syncs;
	store->written.num_bytes = store->written_before.num_bytes + now.num_bytes;
}

void store_drop_oldest(struct store *store, enum store_drop why)
{
	uint64_t seq = queue_oldest(&store->queue)->seq;

	queue_drop_oldest(&store->queue);
	store->dropped[why]++;
	note_done(store, seq);
}

void store_drop_outdated(struct store *store, uint64_t now_ns)
{
	uint64_t max_age_ns = store->options.max_age_ms * CLOCK_NS_PER_MS;
	const struct reading *oldest;

	/* Ages are differences that wrap: what an earlier start of the machine read was before
	 * time began. */
	while (max_age_ns != 0 && (oldest = queue_oldest(&store->queue)) != NULL &&
	       (int64_t)(now_ns - oldest->t_ns) > (int64_t)max_age_ns)
		store_drop_oldest(store, STORE_DROP_AGE);
}

int store_set_sensors(struct store *store, const struct config *config)
{
	size_t num = config->num_sensors;
	struct sensor *sensors = calloc(num + 1, sizeof(*sensors));
	int name = 0;

	if (!sensors)
		return -ENOMEM;
	pthread_mutex_lock(&store->lock);
	for (size_t i = 0; i < num && name >= 0; i++) {
		name = names_index(&store->names, config->sensors[i].id);
		sensors[i].name = (uint16_t)name;
		for (size_t j = 0; name >= 0 && j < store->num_sensors; j++) {
			if (store->sensors[j].name != sensors[i].name)
				continue;
			sensors[i].newest = store->sensors[j].newest;
			sensors[i].newest.reading.sensor = (uint16_t)i;
		}
	}
	if (name >= 0) {
		struct sensor *old = store->sensors;

		store->sensors = sensors;
		store->num_sensors = num;
		store->next_sensor = store->num_fresh = 0;
		for (size_t i = 0; i < num; i++)
			store->num_fresh += sensors[i].newest.is_fresh;
		sensors = old;
	}
	pthread_mutex_unlock(&store->lock);
	free(sensors);
	return name < 0 ? name : 0;
}

void store_set_reader(struct store *store, struct wake *reader)
{
	pthread_mutex_lock(&store->lock);
	store->reader = reader;
	pthread_mutex_unlock(&store->lock);
}

static void note_newest(struct store *store, const struct reading *reading)
{
	struct newest *newest = &store->sensors[reading->sensor].newest;

	if (!newest->is_fresh)
		store->num_fresh++;
	*newest = (struct newest){ *reading, .is_there = true, .is_fresh = true };
}

static void add_to_queue(struct store *store, const struct reading *reading)
{
	struct reading named = *reading;

	named.sensor = store->sensors[reading->sensor].name;
	while (queue_length(&store->queue) >= store->max_in_memory)
		store_drop_oldest(store, STORE_DROP_SIZE);
	while (queue_add(&store->queue, &named) != 0) {
		if (queue_length(&store->queue) == 0) {
			store->dropped[STORE_DROP_SIZE]++;
			return;
		}
		store_drop_oldest(store, STORE_DROP_SIZE);
	}
}

/* When the writer is wanted, after a reading that was read at t_ns. */
static void call_writer(struct store *store, uint64_t t_ns)
{
	enum config_durability durability = store->options.durability;

	if (store->file == STORE_FILE_NONE)
		return;
	if (store->file != STORE_FILE_OPEN)
		store_arm(store, store->retry_ns);
	else if (durability == CONFIG_ALWAYS ||
		 store->queue.num_rear >= STORE_LONG_REAR ||
		 store->next_seq + STORE_NUMBERS / 2 > store->vouched_seq)
		store_arm(store, 0);
	else if (durability == CONFIG_OUTAGE)
		store_arm(store, store_flush_due_ns(store, t_ns));
}

uint64_t store_put(struct store *store, struct reading *reading)
{
	pthread_mutex_lock(&store->lock);
	assert(reading->sensor < store->num_sensors);
	store_drop_outdated(store, clock_mono_ns());
	reading->seq = store_next_number(store);
	add_to_queue(store, reading);
	note_newest(store, reading);
	store_archive_put(store, store->sensors[reading->sensor].name, reading);
	call_writer(store, reading->t_ns);
	if (store->options.durability != CONFIG_ALWAYS || store->file != STORE_FILE_OPEN)
		store_call_reader(store);
	pthread_mutex_unlock(&store->lock);
	return reading->seq;
}

/* Whether a reading may be posted: where each is to be stored, not before it is. */
static bool may_be_taken(const struct store *store, uint64_t seq)
{
	return store->options.durability != CONFIG_ALWAYS ||
	       store->file != STORE_FILE_OPEN || seq < store->stored_seq;
}

static void note_shown(struct store *store, uint64_t seq)
{
	if (seq > store->shown_seq)
		store->shown_seq = seq;
}

/* The next to take is in the front, if there is any that can be had at once. */
static const struct reading *find_next(struct store *store)
{
	bool is_on_disk = store->disk.num_rows > 0 && store->file >= STORE_FILE_READABLE;
	const struct reading *next = queue_next(&store->queue);

	if (is_on_disk && queue_num_untaken(&store->queue) < FEW_UNTAKEN)
		store_arm(store, 0);
	if (!next && !is_on_disk && queue_advance(&store->queue))
		next = queue_next(&store->queue);
	return next;
}

bool store_take(struct store *store, struct reading *out, const char **sensor_id_out)
{
	const struct reading *next;

	pthread_mutex_lock(&store->lock);
	store_drop_outdated(store, clock_mono_ns());
	next = find_next(store);
	if (next && !may_be_taken(store, next->seq))
		next = NULL;
	if (next) {
		note_shown(store, next->seq);
		*out = *next;
		*sensor_id_out = store->names.ids[next->sensor];
		queue_take(&store->queue);
	}
	pthread_mutex_unlock(&store->lock);
	return next != NULL;
}

bool store_take_state(struct store *store, struct reading *out)
{
	bool is_taken = false;

	pthread_mutex_lock(&store->lock);
	for (size_t i = 0; store->num_fresh > 0 && !is_taken && i < store->num_sensors;
	     i++) {
		struct newest *newest = &store->sensors[store->next_sensor].newest;

		store->next_sensor = (store->next_sensor + 1) % store->num_sensors;
		if (!newest->is_fresh || !may_be_taken(store, newest->reading.seq))
			continue;
		newest->is_fresh = false;
		store->num_fresh--;
		*out = newest->reading;
		note_shown(store, out->seq);
		is_taken = true;
	}
	pthread_mutex_unlock(&store->lock);
	return is_taken;
}

void store_ack(struct store *store, uint64_t seq)
{
	pthread_mutex_lock(&store->lock);
	if (queue_acknowledge(&store->queue, seq))
		note_done(store, seq);
	pthread_mutex_unlock(&store->lock);
}

static void refresh_states(struct store *store)
{
	store->num_fresh = 0;
	for (size_t i = 0; i < store->num_sensors; i++) {
		struct newest *newest = &store->sensors[i].newest;

		newest->is_fresh = newest->is_there;
		store->num_fresh += newest->is_there;
	}
}

void store_rewind(struct store *store)
{
	pthread_mutex_lock(&store->lock);
	queue_rewind(&store->queue);
	refresh_states(store);
	pthread_mutex_unlock(&store->lock);
}

void store_rewind_readings(struct store *store)
{
	pthread_mutex_lock(&store->lock);
	queue_rewind(&store->queue);
	pthread_mutex_unlock(&store->lock);
}

void store_repeat_states(struct store *store)
{
	pthread_mutex_lock(&store->lock);
	refresh_states(store);
	pthread_mutex_unlock(&store->lock);
}

void store_stat(struct store *store, struct store_stat *out)
{
	const struct reading *oldest;

	pthread_mutex_lock(&store->lock);
	oldest = queue_oldest(&store->queue);
	*out = (struct store_stat){
		.num_waiting = (uint32_t)store_num_waiting(store),
		.oldest_t_ns = oldest ? oldest->t_ns : 0,
		.next_seq = store->next_seq,
		.start_seq = store->start_seq,
		.num_syncs = store->written.num_syncs,
		.written_bytes = store->written.num_bytes,
		.is_in_memory = store->is_trouble_known,
	};
	for (size_t i = 0; i < NUM_STORE_DROPS; i++) {
		out->dropped[i] = store->dropped[i];
		out->num_dropped += store->dropped[i];
	}
	pthread_mutex_unlock(&store->lock);
}
