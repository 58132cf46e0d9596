/* SPDX-License-Identifier: MIT */
/* What was announced, in the store and in its file. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "store/announced.h"
#include "store/store.h"
#include "unit/cmocka_test.h"
#include "unit/stopped_clock.h"
#include "unit/store_folder.h"

enum { MAX_TOPIC = 64 };

static int set_up(void **state)
{
	(void)state;
	empty_folder();
	now_ns = 1000 * CLOCK_NS_PER_S;
	return 0;
}

static struct store *open_store(void)
{
	static char id[] = "s0";
	static struct config_sensor sensor = { .id = id };
	const struct config config = { .sensors = &sensor, .num_sensors = 1 };
	const struct store_options options = { .path = path,
					       .durability = CONFIG_OUTAGE,
					       .max_bytes = 1 << 20,
					       .flush_interval_ms = 5000 };
	struct store *store;

	assert_int_equal(store_new(&options, &store), 0);
	assert_int_equal(store_set_sensors(store, &config), 0);
	return store;
}

static void stop_store(struct store *store)
{
	store_stop(store);
	store_free(store);
}

static void execute(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void parts_add_up_until_all_is_taken_back(void **state)
{
	struct store *store = open_store();
	uint32_t number;

	(void)state;
	assert_int_equal(store_find_announced(store, "A", "t"), 0);
	assert_int_equal(store_announce(store, "A", "t", 1), 1);
	assert_int_equal(store_announce(store, "A", "t", 2), 3);
	assert_int_equal(store_announce(store, "B", "t", 0), 0);
	number = store_find_announced(store, "A", "t");
	assert_int_not_equal(number, store_find_announced(store, "B", "t"));
	store_forget_announced(store, number);
	assert_int_equal(store_find_announced(store, "A", "t"), 0);
	assert_int_equal(store_announce(store, "A", "t", 0), 0);
	stop_store(store);
}

static void all_of_a_server_is_told_in_order(void **state)
{
	struct store *store = open_store();
	char topic[MAX_TOPIC];
	uint32_t number;

	(void)state;
	store_announce(store, "A", "first", 0);
	store_announce(store, "B", "other", 0);
	store_announce(store, "A", "second", 0);
	number = store_next_announced(store, "A", 0, topic, sizeof(topic));
	assert_string_equal(topic, "first");
	number = store_next_announced(store, "A", number, topic, sizeof(topic));
	assert_string_equal(topic, "second");
	assert_int_equal(store_next_announced(store, "A", number, topic, sizeof(topic)),
			 0);
	stop_store(store);
}

static void
a_kill_forgets_neither_what_was_announced_nor_that_it_was_taken_back(void **state)
{
	struct store *store = open_store();
	char topic[MAX_TOPIC];

	(void)state;
	store_announce(store, "A", "stays", 5);
	store_announce(store, "A", "leaves", 0);
	store_work(store);
	store_forget_announced(store, store_find_announced(store, "A", "leaves"));
	store_work(store);
	store_free(store); /* as if killed */
	store = open_store();
	assert_int_equal(store_announce(store, "A", "stays", 0), 5);
	assert_int_equal(store_find_announced(store, "A", "leaves"), 0);
	assert_int_not_equal(store_next_announced(store, "A", 0, topic, sizeof(topic)),
			     0);
	assert_string_equal(topic, "stays");
	stop_store(store);
}

static void more_than_fits_a_transaction_is_written_all_the_same(void **state)
{
	struct store *store = open_store();
	char topic[MAX_TOPIC];
	uint32_t number = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(topic, sizeof(topic), "t%d", i);
		store_announce(store, "A", topic, 0);
	}
	stop_store(store);
	store = open_store();
	for (int i = 0; i < 1000; i++) {
		number = store_next_announced(store, "A", number, topic, sizeof(topic));
		assert_int_not_equal(number, 0);
	}
	assert_int_equal(store_next_announced(store, "A", number, topic, sizeof(topic)),
			 0);
	stop_store(store);
}

static void it_is_bounded(void **state)
{
	struct announced announced = { 0 };
	char topic[MAX_TOPIC];

	(void)state;
	for (int i = 0; i <= ANNOUNCED_MAX; i++) {
		snprintf(topic, sizeof(topic), "t%d", i);
		assert_int_equal(announced_add(&announced, "A", topic, 1), 1);
	}
	assert_int_equal(announced.num_rows, ANNOUNCED_MAX);
	assert_int_equal(announced_find(&announced, "A", topic), 0);
	announced_finish(&announced);
}

/* What changes while the disk is waited for. */
static void what_changes_while_it_is_written_is_written_again(void **state)
{
	struct announced announced = { 0 };
	struct database_announcement batch[4];

	(void)state;
	announced_add(&announced, "A", "t", 0);
	announced_add(&announced, "A", "u", 0);
	assert_int_equal(announced_batch(&announced, batch, 4), 2);
	announced_remove(&announced, announced_find(&announced, "A", "u"));
	announced_add(&announced, "A", "v", 0);
	announced_settle(&announced, batch, 2);
	assert_int_equal(announced_batch(&announced, batch, 4), 2);
	assert_string_equal(batch[0].topic, "u");
	assert_true(batch[0].is_gone);
	assert_string_equal(batch[1].topic, "v");
	announced_settle(&announced, batch, 2);
	assert_int_equal(announced_batch(&announced, batch, 4), 0);
	assert_int_equal(announced.num_rows, 2);
	announced_finish(&announced);
}

/* As 0.1 wrote it. */
static void a_file_of_the_first_version_is_taken_over(void **state)
{
	struct reading reading = { 0 };
	const char *sensor_id;
	struct store *store;

	(void)state;
	execute("CREATE TABLE reading(seq INTEGER PRIMARY KEY, sensor TEXT NOT NULL,"
		" wall_ms INTEGER NOT NULL, mono_ns INTEGER NOT NULL, flags INTEGER NOT "
		"NULL, value BLOB NOT NULL);"
		"CREATE TABLE number(name TEXT PRIMARY KEY, value INTEGER NOT NULL)"
		" WITHOUT ROWID;"
		"CREATE TABLE word(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT "
		"ROWID;"
		"INSERT INTO reading VALUES(41,'porch',1,1,0,x'0001fc530000');"
		"INSERT INTO number VALUES('next_seq',50);"
		"PRAGMA user_version=1;");
	store = open_store();
	assert_true(store_take(store, &reading, &sensor_id));
	assert_int_equal(reading.seq, 41);
	assert_string_equal(sensor_id, "porch");
	assert_int_equal(reading.values[0].milli, 21500);
	store_announce(store, "A", "t", 1);
	stop_store(store);
	store = open_store();
	assert_int_equal(store_announce(store, "A", "t", 0), 1);
	assert_true(store_take(store, &reading, &sensor_id));
	assert_int_equal(reading.seq, 41);
	stop_store(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(parts_add_up_until_all_is_taken_back, set_up),
		cmocka_unit_test_setup(all_of_a_server_is_told_in_order, set_up),
		cmocka_unit_test_setup(
			a_kill_forgets_neither_what_was_announced_nor_that_it_was_taken_back,
			set_up),
		cmocka_unit_test_setup(
			more_than_fits_a_transaction_is_written_all_the_same, set_up),
		cmocka_unit_test(it_is_bounded),
		cmocka_unit_test(what_changes_while_it_is_written_is_written_again),
		cmocka_unit_test_setup(a_file_of_the_first_version_is_taken_over, set_up),
	};
	int result;

	make_folder();
	stop_clock();
	log_set_level(LOG_LEVEL_ERROR);
	result = cmocka_run_group_tests(tests, NULL, NULL);
	remove_folder();
	return result;
}
