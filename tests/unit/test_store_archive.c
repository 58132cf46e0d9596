/* SPDX-License-Identifier: MIT */
/* What the store keeps for charts, on a real file and on a disk that fails. */
#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "store/store.h"
#include "unit/cmocka_test.h"
#include "unit/faulty_disk.h"
#include "unit/stopped_clock.h"
#include "unit/store_folder.h"

enum { NUM_SENSORS = 8, INTERVAL_MS = 30000, DAY_S = 24 * 3600 };

static const int64_t MIDNIGHT_MS = INT64_C(1795305600000);

static int set_up(void **state)
{
	(void)state;
	empty_folder();
	faulty_disk = (struct faulty_disk){ 0 };
	now_ns = 1000 * CLOCK_NS_PER_S;
	wall_ms = MIDNIGHT_MS;
	is_synced = true;
	return 0;
}

static struct store_options defaults(void)
{
	return (struct store_options){
		.path = path,
		.durability = CONFIG_OUTAGE,
		.max_bytes = 64 << 20,
		.max_age_ms = UINT64_C(7) * DAY_S * 1000,
		.flush_interval_ms = 5000,
		.history_ms = UINT64_C(7) * DAY_S * 1000,
		.history_bytes = 16 << 20,
		.is_recalled = true,
	};
}

static struct store *open_with(const struct store_options *options)
{
	static char ids[NUM_SENSORS][3] = {
		"s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"
	};
	static struct config_sensor sensors[NUM_SENSORS];
	const struct config config = { .sensors = sensors, .num_sensors = NUM_SENSORS };
	struct store *store;

	for (int i = 0; i < NUM_SENSORS; i++)
		sensors[i].id = ids[i];
	assert_int_equal(store_new(options, &store), 0);
	assert_int_equal(store_set_sensors(store, &config), 0);
	return store;
}

static struct store *open_store(void)
{
	const struct store_options options = defaults();

	return open_with(&options);
}

static void stop_store(struct store *store)
{
	store_stop(store);
	store_free(store);
}

static void pass_ms(uint64_t ms)
{
	now_ns += ms * CLOCK_NS_PER_MS;
	wall_ms += (int64_t)ms;
}

/* The broker has it at once. */
static void put(struct store *store, uint16_t sensor, int32_t milli)
{
	struct reading reading = { .t_ns = now_ns, .wall_ms = wall_ms, .sensor = sensor };
	const char *id;

	reading_add(&reading, QUANTITY_TEMPERATURE, milli, 1);
	reading_add(&reading, QUANTITY_HUMIDITY, 48200, 1);
	store_put(store, &reading);
	if (store_take(store, &reading, &id))
		store_ack(store, reading.seq);
}

/* Temperatures that rise by 0.1 a reading, and begin anew at 100. */
static int32_t nth_milli(int n)
{
	return n % 1000 * 100;
}

/* Lets all sensors read so often. */
static void run_sensors(struct store *store, int num_readings)
{
	for (int i = 0; i < num_readings; i++) {
		for (int j = 0; j < NUM_SENSORS; j++)
			put(store, (uint16_t)j, nth_milli(i));
		store_work(store);
		pass_ms(INTERVAL_MS);
	}
}

/* All that was recalled. */
struct past {
	struct store *store;
	struct store_span span;
	int error;
	_Atomic bool is_over;
	size_t num_summaries;
	uint32_t num_readings;
	int64_t first_ms, last_ms;
	int32_t least_milli, most_milli; /* of temperatures */
	int64_t sum_milli; /* of these, times readings */
};

static void add(void *context, const struct summary *summary)
{
	struct past *past = context;
	const struct summary_value *value = &summary->values[0];

	assert_int_equal(summary->num_values, 2);
	assert_int_equal(value->quantity, QUANTITY_TEMPERATURE);
	assert_int_equal(summary->values[1].mean_milli, 48200);
	if (past->num_summaries == 0 || summary->wall_ms < past->first_ms)
		past->first_ms = summary->wall_ms;
	if (past->num_summaries == 0 || summary->wall_ms > past->last_ms)
		past->last_ms = summary->wall_ms;
	if (past->num_summaries == 0 || value->least_milli < past->least_milli)
		past->least_milli = value->least_milli;
	if (past->num_summaries == 0 || value->most_milli > past->most_milli)
		past->most_milli = value->most_milli;
	past->num_summaries++;
	past->num_readings += summary->num_readings;
	past->sum_milli += (int64_t)value->mean_milli * summary->num_readings;
}

static void *recall_all(void *context)
{
	struct past *past = context;

	/* On a machine that is busy for seconds the writer comes late. */
	do {
		past->num_summaries = past->num_readings = 0;
		past->sum_milli = 0;
		past->error = store_recall(past->store, &past->span, add, past);
	} while (past->error == -ETIMEDOUT || past->error == -EBUSY);
	atomic_store(&past->is_over, true);
	return NULL;
}

/* What the store says of a sensor, of that time. This thread is the writer meanwhile. */
static struct past recall_span(struct store *store, const char *sensor_id,
			       int64_t since_ms, int64_t until_ms)
{
	static const struct timespec pause = { .tv_nsec = 100000 };
	struct past past = { .store = store, .span = { sensor_id, since_ms, until_ms } };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, recall_all, &past), 0);
	while (!atomic_load(&past.is_over)) {
		store_work(store);
		nanosleep(&pause, NULL);
	}
	pthread_join(thread, NULL);
	assert_int_equal(past.error, 0);
	return past;
}

static struct past recall(struct store *store, const char *sensor_id)
{
	return recall_span(store, sensor_id, 0, INT64_MAX);
}

static int64_t query(const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *statement;
	int64_t number;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	number = sqlite3_step(statement) == SQLITE_ROW
			 ? sqlite3_column_int64(statement, 0)
			 : 0;
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return number;
}

static void each_reading_is_recalled_once_from_file_and_memory(void **state)
{
	struct store *store = open_store();
	struct past past;

	(void)state;
	run_sensors(store, 1000);
	past = recall(store, "s3");
	assert_int_equal(past.num_summaries, 1000);
	assert_int_equal(past.num_readings, 1000);
	assert_int_equal(past.least_milli, nth_milli(0));
	assert_int_equal(past.most_milli, nth_milli(999));
	assert_int_equal(past.sum_milli, 999 * 1000 / 2 * 100);
	assert_int_equal(past.first_ms, MIDNIGHT_MS);
	assert_int_equal(past.last_ms, MIDNIGHT_MS + 999 * INTERVAL_MS);
	assert_int_equal(recall(store, "s9").num_readings, 0);
	stop_store(store);
	assert_true(query("SELECT count(*) FROM archive") > 0);
	store = open_store();
	past = recall(store, "s3");
	assert_int_equal(past.num_summaries, 1000);
	assert_int_equal(past.sum_milli, 999 * 1000 / 2 * 100);
	stop_store(store);
}

static void what_is_held_back_is_in_charts_alone_and_once(void **state)
{
	struct store *store = open_store();
	struct reading reading = { .t_ns = now_ns, .wall_ms = wall_ms };
	const char *id;

	(void)state;
	reading_add(&reading, QUANTITY_TEMPERATURE, 21500, 1);
	reading_add(&reading, QUANTITY_HUMIDITY, 48200, 1);
	store_note(store, &reading);
	assert_false(store_take(store, &reading, &id));
	assert_int_equal(recall(store, "s0").num_readings, 1);
	store_put(store, &reading);
	assert_true(store_take(store, &reading, &id));
	assert_int_equal(recall(store, "s0").num_readings, 1);
	stop_store(store);
}

static void only_blocks_of_the_time_that_is_asked_for_are_read(void **state)
{
	struct store *store = open_store();
	int64_t since_ms = MIDNIGHT_MS + 2000 * INTERVAL_MS;
	struct past past;

	(void)state;
	run_sensors(store, 2880);
	past = recall_span(store, "s0", since_ms, since_ms + 100 * INTERVAL_MS);
	assert_in_range(past.num_readings, 101, 101 + 2 * 240);
	assert_true(past.first_ms <= since_ms);
	assert_true(past.last_ms >= since_ms + 100 * INTERVAL_MS);
	stop_store(store);
}

static void a_day_of_eight_sensors_writes_little(void **state)
{
	struct store *store = open_store();

	(void)state;
	run_sensors(store, 2 * 2880);
	faulty_disk.num_bytes = faulty_disk.num_syncs = 0;
	run_sensors(store, 2880);
	printf("bytes written a day: %lld, syncs: %d\n", faulty_disk.num_bytes,
	       faulty_disk.num_syncs);
	assert_true(faulty_disk.num_bytes > 8 * 2880 * 2);
	assert_true(faulty_disk.num_bytes < 2 << 20);
	assert_true(faulty_disk.num_syncs < 24);
	stop_store(store);
}

static void a_kill_takes_an_hour_at_most(void **state)
{
	struct store *store = open_store();
	struct past past;

	(void)state;
	run_sensors(store, 500);
	store_free(store);
	store = open_store();
	past = recall(store, "s0");
	assert_in_range(past.num_readings, 500 - 121, 500);
	assert_int_equal(past.first_ms, MIDNIGHT_MS);
	stop_store(store);
}

static void what_is_old_becomes_summaries_that_keep_extremes(void **state)
{
	struct store *store = open_store();
	struct past past;

	(void)state;
	run_sensors(store, 4 * 2880);
	past = recall(store, "s7");
	assert_int_equal(past.num_readings, 4 * 2880);
	/* Two days of summaries, of 10 readings each, and two of readings. */
	assert_in_range(past.num_summaries, 2 * 288 + 2880, 2 * 288 + 2 * 2880 + 240);
	assert_int_equal(past.least_milli, nth_milli(0));
	assert_int_equal(past.most_milli, nth_milli(999));
	past = recall_span(store, "s7", MIDNIGHT_MS, MIDNIGHT_MS + 100 * INTERVAL_MS);
	assert_true(past.num_summaries < 200);
	stop_store(store);
	assert_int_equal(
		query("SELECT count(DISTINCT sensor) FROM archive WHERE level=1"),
		NUM_SENSORS);
	assert_int_equal(query("SELECT count(*) FROM archive WHERE level=0 AND start_ms<"
			       "1795305600000+86400000"),
			 0);
}

static void what_is_too_old_is_dropped(void **state)
{
	struct store_options options = defaults();
	struct store *store;

	(void)state;
	options.history_ms = UINT64_C(3) * DAY_S * 1000;
	store = open_with(&options);
	run_sensors(store, 5 * 2880);

	struct past past = recall(store, "s0");

	assert_in_range(past.first_ms, wall_ms - (INT64_C(3) * DAY_S + 12 * 3600) * 1000,
			wall_ms - (INT64_C(3) * DAY_S - 3600) * 1000);
	stop_store(store);
}

static void the_oldest_go_where_there_is_too_much(void **state)
{
	struct store_options options = defaults();
	struct store *store;
	struct past past;

	(void)state;
	options.history_bytes = 64 << 10;
	store = open_with(&options);
	run_sensors(store, 2 * 2880);
	past = recall(store, "s5");
	assert_int_equal(past.last_ms, wall_ms - INTERVAL_MS);
	assert_true(past.first_ms > MIDNIGHT_MS + INT64_C(1000) * DAY_S);
	stop_store(store);
	assert_true(query("SELECT sum(length(block)+64) FROM archive") <= 64 << 10);
	assert_true(query("SELECT sum(length(block)+64) FROM archive") > 32 << 10);
}

static void a_disk_that_fails_delays_nothing_and_history_comes_later(void **state)
{
	static const int errors[] = { SQLITE_FULL, SQLITE_READONLY, SQLITE_IOERR_WRITE };

	for (size_t i = 0; i < array_length(errors); i++) {
		struct store *store;
		struct store_stat stat;

		set_up(state);
		store = open_store();
		run_sensors(store, 10);
		faulty_disk.write_error = errors[i];
		run_sensors(store, 200);
		store_stat(store, &stat);
		assert_int_equal(stat.num_waiting, 0);
		assert_int_equal(stat.num_dropped, 0);
		assert_int_equal(recall(store, "s0").num_readings, 210);
		faulty_disk.write_error = 0;
		run_sensors(store, 40);
		store_free(store);
		store = open_store();
		assert_in_range(recall(store, "s0").num_readings, 210, 250);
		stop_store(store);
	}
}

static void damage_to_it_leaves_readings_alone(void **state)
{
	struct store *store = open_store();
	struct store_stat stat;

	(void)state;
	run_sensors(store, 500);
	faulty_disk.read_error = SQLITE_CORRUPT;
	(void)recall(store, "s0");
	run_sensors(store, 500);
	(void)recall(store, "s0");
	store_stat(store, &stat);
	assert_false(stat.is_in_memory);
	assert_int_equal(stat.num_dropped, 0);
	faulty_disk.read_error = 0;
	run_sensors(store, 60);
	assert_in_range(recall(store, "s0").num_readings, 500, 1060);
	stop_store(store);
}

static void bytes_that_make_no_sense_are_left_out(void **state)
{
	struct store *store = open_store();

	(void)state;
	run_sensors(store, 500);
	stop_store(store);
	query("UPDATE archive SET block=randomblob(200) WHERE sensor='s0'");
	query("UPDATE archive SET block=zeroblob(100000) WHERE sensor='s1'");
	query("UPDATE archive SET block='text', end_ms='text' WHERE sensor='s2'");
	query("UPDATE archive SET block=substr(block,1,50) WHERE sensor='s3'");
	store = open_store();
	assert_int_equal(recall(store, "s1").num_readings, 0);
	assert_in_range(recall(store, "s3").num_readings, 1, 100);
	assert_int_equal(recall(store, "s4").num_readings, 500);
	/* What is old enough is thinned. */
	pass_ms(UINT64_C(3) * DAY_S * 1000);
	run_sensors(store, 130);
	assert_int_equal(recall(store, "s4").num_readings, 630);
	stop_store(store);
}

static void none_keeps_it_in_bounded_memory_alone(void **state)
{
	struct store_options options = defaults();
	struct store *store;
	struct past past;

	(void)state;
	options.durability = CONFIG_NONE;
	store = open_with(&options);
	run_sensors(store, 2 * 2880);
	past = recall(store, "s0");
	assert_in_range(past.num_readings, 2000, 2 * 2880 - 1);
	assert_int_equal(past.last_ms, wall_ms - INTERVAL_MS);
	stop_store(store);
	assert_int_equal(query("SELECT count(*) FROM archive"), 0);
}

static void nothing_is_kept_where_nobody_asks(void **state)
{
	struct store_options options = defaults();
	struct store *store = open_store();

	(void)state;
	run_sensors(store, 10);
	stop_store(store);
	options.is_recalled = false;
	store = open_with(&options);
	run_sensors(store, 200);
	stop_store(store);
	assert_int_equal(query("SELECT count(*) FROM archive"), NUM_SENSORS);
	options.is_recalled = true;
	options.history_ms = 0;
	store = open_with(&options);
	run_sensors(store, 200);
	assert_int_equal(recall(store, "s0").num_readings, 0);
	stop_store(store);
	assert_int_equal(query("SELECT count(*) FROM archive"), 0);
}

static void clocks_may_jump(void **state)
{
	struct store *store = open_store();

	(void)state;
	for (int i = 0; i < 20; i++) {
		wall_ms = i % 2 ? i * 1000 : MIDNIGHT_MS - i * INT64_C(3600000);
		run_sensors(store, 130);
	}
	wall_ms = MIDNIGHT_MS + INT64_C(4000) * DAY_S;
	run_sensors(store, 130);
	assert_in_range(recall(store, "s0").num_readings, 130, 21 * 130);
	stop_store(store);
}

static void files_of_earlier_versions_are_taken_on(void **state)
{
	static const char *const removals[] = {
		"DROP TABLE announced",
		"PRAGMA user_version=1",
		"PRAGMA user_version=2",
	};

	(void)state;
	for (size_t version = 1; version <= 2; version++) {
		struct store_options options = defaults();
		struct store *store;
		struct reading reading;
		const char *id;

		set_up(state);
		options.is_recalled = false;
		store = open_with(&options);
		reading = (struct reading){ .t_ns = now_ns, .wall_ms = wall_ms };
		reading_add(&reading, QUANTITY_TEMPERATURE, 4711, 1);
		store_put(store, &reading);
		stop_store(store);
		query("DROP TABLE archive");
		if (version == 1)
			query(removals[0]);
		query(removals[version]);
		store = open_store();
		assert_true(store_take(store, &reading, &id));
		assert_int_equal(reading.values[0].milli, 4711);
		run_sensors(store, 130);
		assert_int_equal(recall(store, "s0").num_readings, 130);
		stop_store(store);
		assert_int_equal(query("PRAGMA user_version"), 3);
		assert_true(query("SELECT count(*) FROM archive") > 0);
		assert_int_equal(query("SELECT count(*) FROM announced"), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_reading_is_recalled_once_from_file_and_memory,
				       set_up),
		cmocka_unit_test_setup(what_is_held_back_is_in_charts_alone_and_once,
				       set_up),
		cmocka_unit_test_setup(only_blocks_of_the_time_that_is_asked_for_are_read,
				       set_up),
		cmocka_unit_test_setup(a_day_of_eight_sensors_writes_little, set_up),
		cmocka_unit_test_setup(a_kill_takes_an_hour_at_most, set_up),
		cmocka_unit_test_setup(what_is_old_becomes_summaries_that_keep_extremes,
				       set_up),
		cmocka_unit_test_setup(what_is_too_old_is_dropped, set_up),
		cmocka_unit_test_setup(the_oldest_go_where_there_is_too_much, set_up),
		cmocka_unit_test_setup(
			a_disk_that_fails_delays_nothing_and_history_comes_later, set_up),
		cmocka_unit_test_setup(damage_to_it_leaves_readings_alone, set_up),
		cmocka_unit_test_setup(bytes_that_make_no_sense_are_left_out, set_up),
		cmocka_unit_test_setup(none_keeps_it_in_bounded_memory_alone, set_up),
		cmocka_unit_test_setup(nothing_is_kept_where_nobody_asks, set_up),
		cmocka_unit_test_setup(clocks_may_jump, set_up),
		cmocka_unit_test_setup(files_of_earlier_versions_are_taken_on, set_up),
	};

	make_folder();
	faulty_disk_install();
	stop_clock();
	log_set_level(LOG_LEVEL_ERROR);

	int status = cmocka_run_group_tests(tests, NULL, NULL);

	remove_folder();
	return status;
}
