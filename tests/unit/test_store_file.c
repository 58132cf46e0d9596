/* SPDX-License-Identifier: MIT */
/* The store on a real file, and on a disk that fails. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "store/store.h"
#include "unit/cmocka_test.h"
#include "unit/faulty_disk.h"
#include "unit/stopped_clock.h"
#include "unit/store_folder.h"

enum { FLUSH_MS = 5000 };

static int set_up(void **state)
{
	(void)state;
	empty_folder();
	faulty_disk = (struct faulty_disk){ 0 };
	now_ns = 1000 * CLOCK_NS_PER_S;
	wall_ms = NOON_MS;
	is_synced = true;
	return 0;
}

static struct store_options defaults(enum config_durability durability)
{
	return (struct store_options){
		.path = path,
		.durability = durability,
		.max_bytes = 64 << 20,
		.max_age_ms = UINT64_C(7) * 24 * 3600 * 1000,
		.flush_interval_ms = FLUSH_MS,
	};
}

static struct store *open_with(const struct store_options *options)
{
	static char id[] = "s0";
	static struct config_sensor sensor = { .id = id };
	const struct config config = { .sensors = &sensor, .num_sensors = 1 };
	struct store *store;

	assert_int_equal(store_new(options, &store), 0);
	assert_int_equal(store_set_sensors(store, &config), 0);
	return store;
}

static struct store *open_store(enum config_durability durability)
{
	const struct store_options options = defaults(durability);

	return open_with(&options);
}

static void pass_ms(uint64_t ms)
{
	now_ns += ms * CLOCK_NS_PER_MS;
	wall_ms += (int64_t)ms;
}

/* The process is killed: what SQLite has committed stays. */
static void kill_store(struct store *store)
{
	store_free(store);
}

static void stop_store(struct store *store)
{
	store_stop(store);
	store_free(store);
}

static uint64_t put(struct store *store, int32_t milli)
{
	struct reading reading = {
		.t_ns = now_ns,
		.wall_ms = wall_ms,
		.flags = is_synced ? 0 : READING_CLOCK_UNSYNCED,
	};

	reading_add(&reading, QUANTITY_TEMPERATURE, milli, 1);
	reading_add(&reading, QUANTITY_HUMIDITY, 48200, 0);
	return store_put(store, &reading);
}

static bool take(struct store *store, struct reading *out)
{
	const char *id;

	if (!store_take(store, out, &id)) {
		store_work(store);
		if (!store_take(store, out, &id))
			return false;
	}
	assert_string_equal(id, "s0");
	return true;
}

static struct store_stat stat_of(struct store *store)
{
	struct store_stat stat;

	store_stat(store, &stat);
	return stat;
}

/* Takes and acknowledges all; checks that they are numbered in order and are first..last. */
static void check_all(struct store *store, int32_t first, int32_t last)
{
	struct reading reading;
	uint64_t seq = 0;

	for (int32_t milli = first; milli <= last; milli++) {
		assert_true(take(store, &reading));
		assert_int_equal(reading.values[0].milli, milli);
		assert_true(reading.seq > seq);
		seq = reading.seq;
		store_ack(store, seq);
	}
	assert_false(take(store, &reading));
	assert_int_equal(stat_of(store).num_waiting, 0);
}

static int64_t query(const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *statement;
	int64_t number;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	number = sqlite3_step(statement) == SQLITE_ROW
			 ? sqlite3_column_int64(statement, 0)
			 : 0;
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return number;
}

static void a_reading_comes_back_as_it_was(void **state)
{
	struct store *store = open_store(CONFIG_ALWAYS);
	struct reading reading;
	uint64_t seq = put(store, -12345), t_ns = now_ns;

	(void)state;
	store_work(store);
	kill_store(store);
	pass_ms(3000);
	store = open_store(CONFIG_ALWAYS);
	assert_int_equal(stat_of(store).num_waiting, 1);
	assert_true(take(store, &reading));
	assert_int_equal(reading.seq, seq);
	assert_true(reading.seq < stat_of(store).start_seq);
	assert_int_equal(reading.t_ns, t_ns);
	assert_int_equal(reading.wall_ms, NOON_MS);
	assert_int_equal(reading.num_values, 2);
	assert_int_equal(reading.values[0].milli, -12345);
	assert_int_equal(reading.values[0].digits, 1);
	assert_int_equal(reading.values[1].quantity, QUANTITY_HUMIDITY);
	assert_int_equal(reading.values[1].milli, 48200);
	stop_store(store);
}

static void always_hands_out_nothing_that_is_not_stored(void **state)
{
	struct store *store = open_store(CONFIG_ALWAYS);
	struct reading reading;
	const char *id;

	(void)state;
	put(store, 1);
	assert_false(store_take(store, &reading, &id));
	assert_false(store_take_state(store, &reading));
	store_work(store);
	assert_true(store_take(store, &reading, &id));
	assert_true(store_take_state(store, &reading));
	kill_store(store);
}

static void always_leaves_no_gap_where_it_was_killed(void **state)
{
	struct reading reading;
	uint64_t seq = 0;

	(void)state;
	for (int round = 0; round < 20; round++) {
		struct store *store = open_store(CONFIG_ALWAYS);

		for (int i = 0; i < 10; i++) {
			uint64_t next = put(store, i);

			assert_true(seq == 0 || next == seq + 1);
			seq = next;
			if (i % 3 == 0)
				store_work(store);
		}
		store_work(store);
		/* One that nobody has seen may take its number with it. */
		put(store, 0);
		while (round % 2 && take(store, &reading) && reading.seq <= seq)
			store_ack(store, reading.seq);
		if (round % 2)
			seq = reading.seq;
		wall_ms -= 3600 * 1000;
		kill_store(store);
	}
}

static void outage_leaves_the_disk_alone_while_the_broker_is_there(void **state)
{
	struct store *store = open_store(CONFIG_OUTAGE);
	struct reading reading;

	(void)state;
	faulty_disk.num_bytes = 0;
	for (int i = 0; i < 1000; i++) {
		put(store, i);
		assert_true(take(store, &reading));
		store_ack(store, reading.seq);
		pass_ms(100);
		store_work(store);
	}
	assert_int_equal(faulty_disk.num_bytes, 0);
	stop_store(store);
}

static void outage_writes_what_waits_before_the_flush_interval_is_over(void **state)
{
	struct store *store = open_store(CONFIG_OUTAGE);
	uint64_t due_ns;

	(void)state;
	put(store, 1);
	due_ns = store_work(store);
	assert_true(due_ns > now_ns && due_ns < now_ns + FLUSH_MS * CLOCK_NS_PER_MS);
	pass_ms((due_ns - now_ns) / CLOCK_NS_PER_MS);
	put(store, 2); /* goes with it */
	assert_true(store_work(store) > now_ns);
	put(store, 3);
	kill_store(store);
	store = open_store(CONFIG_OUTAGE);
	check_all(store, 1, 2);
	stop_store(store);
}

static void none_writes_no_reading_and_repeats_no_number(void **state)
{
	struct store *store = open_store(CONFIG_NONE);
	uint64_t seq = put(store, 1);

	(void)state;
	pass_ms(10 * FLUSH_MS);
	store_work(store);
	stop_store(store);
	assert_int_equal(query("SELECT count(*) FROM reading"), 0);
	wall_ms -= 3600 * 1000;
	store = open_store(CONFIG_NONE);
	assert_int_equal(stat_of(store).num_waiting, 0);
	assert_int_equal(put(store, 2), seq + 1);
	kill_store(store);
	store = open_store(CONFIG_NONE);
	assert_true(put(store, 2) > seq + 1);
	kill_store(store);
}

static void a_stop_writes_what_waits_and_the_numbers_go_on(void **state)
{
	struct store *store = open_store(CONFIG_OUTAGE);
	uint64_t seq = 0;

	(void)state;
	for (int i = 1; i <= 1000; i++)
		seq = put(store, i);
	stop_store(store);
	wall_ms -= 3600 * 1000;
	store = open_store(CONFIG_OUTAGE);
	assert_int_equal(put(store, 1001), seq + 1);
	check_all(store, 1, 1001);
	stop_store(store);
	assert_int_equal(query("SELECT count(*) FROM reading"), 0);
}

static void numbers_never_come_twice_whatever_clock_and_kills_do(void **state)
{
	static const enum config_durability each[] = { CONFIG_OUTAGE, CONFIG_NONE };
	uint64_t seq = 0;

	(void)state;
	for (int round = 0; round < 40; round++) {
		struct store *store = open_store(each[round % 2]);

		for (int i = 0; i < rand() % 20000; i++) {
			uint64_t next = put(store, i);

			assert_true(next > seq);
			seq = next;
			if (rand() % 5000 == 0)
				store_work(store);
		}
		wall_ms += rand() % 2 ? 3600 * 1000 : -3600 * 1000;
		if (rand() % 3 == 0)
			stop_store(store);
		else
			kill_store(store);
	}
}

static void a_long_queue_leaves_memory_and_comes_back_in_order(void **state)
{
	struct store *store = open_store(CONFIG_OUTAGE);
	struct reading reading;

	(void)state;
	for (int i = 1; i <= 30000; i++) {
		put(store, i);
		if (i % 1000 == 0)
			store_work(store);
	}
	/* Some were on their way when the connection broke. */
	for (int i = 0; i < 16; i++)
		assert_true(take(store, &reading));
	store_rewind(store);
	check_all(store, 1, 30000);
	store_work(store);
	pass_ms(FLUSH_MS);
	store_work(store);
	kill_store(store);
	assert_int_equal(query("SELECT count(*) FROM reading"), 0);
}

static void new_readings_queue_up_behind_those_on_the_disk(void **state)
{
	struct store *store = open_store(CONFIG_OUTAGE);
	struct reading reading;

	(void)state;
	for (int i = 1; i <= 3000; i++)
		put(store, i);
	stop_store(store);
	store = open_store(CONFIG_OUTAGE);
	for (int i = 1; i <= 3000; i++) {
		put(store, 3000 + i);
		assert_true(take(store, &reading));
		assert_int_equal(reading.values[0].milli, i);
		store_ack(store, reading.seq);
	}
	check_all(store, 3001, 6000);
	stop_store(store);
}

static void the_oldest_is_dropped_when_the_file_is_full(void **state)
{
	struct store_options options = defaults(CONFIG_OUTAGE);
	struct store *store;
	struct stat file;

	(void)state;
	options.max_bytes = 20000 * sizeof(struct reading);
	store = open_with(&options);
	for (int i = 1; i <= 50000; i++) {
		put(store, i);
		if (i % 500 == 0)
			store_work(store);
	}
	pass_ms(FLUSH_MS);
	store_work(store);
	assert_int_equal(stat_of(store).num_waiting, 20000);
	assert_int_equal(stat_of(store).num_dropped, 30000);
	stop_store(store);
	assert_int_equal(stat(path, &file), 0);
	assert_true((uint64_t)file.st_size < options.max_bytes);
	/* A smaller limit holds for what is there. */
	options.max_bytes = 1000 * sizeof(struct reading);
	store = open_with(&options);
	assert_int_equal(stat_of(store).num_waiting, 1000);
	check_all(store, 49001, 50000);
	stop_store(store);
}

static void what_is_too_old_is_dropped_also_after_a_restart(void **state)
{
	struct store_options options = defaults(CONFIG_OUTAGE);
	struct store *store;

	(void)state;
	options.max_age_ms = 3600 * 1000;
	store = open_with(&options);
	put(store, 1);
	pass_ms(1800 * 1000);
	put(store, 2);
	stop_store(store);
	/* The clock is set while it is away; the time since then is 31 minutes. */
	pass_ms(1860 * 1000);
	wall_ms += 10 * 3600 * 1000;
	store = open_with(&options);
	store_work(store);
	assert_int_equal(stat_of(store).num_dropped, 1);
	check_all(store, 2, 2);
	stop_store(store);
}

static void after_a_boot_age_is_told_by_the_wall_clock_where_that_was_set(void **state)
{
	struct store_options options = defaults(CONFIG_OUTAGE);
	struct reading reading;
	struct store *store;

	(void)state;
	options.max_age_ms = 3600 * 1000;
	store = open_with(&options);
	put(store, 1);
	pass_ms(1800 * 1000);
	put(store, 2);
	is_synced = false;
	wall_ms = 1000;
	put(store, 3);
	stop_store(store);
	query("UPDATE word SET value='earlier' WHERE name='boot_id'");
	is_synced = true;
	wall_ms = NOON_MS + 3660 * 1000;
	now_ns = 5 * CLOCK_NS_PER_S;
	store = open_with(&options);
	assert_true(take(store, &reading));
	assert_int_equal(reading.values[0].milli, 2);
	assert_int_equal(now_ns - reading.t_ns, 1860 * CLOCK_NS_PER_S);
	assert_true(take(store, &reading));
	assert_int_equal(reading.values[0].milli, 3);
	assert_true(reading.flags & READING_CLOCK_UNSYNCED);
	assert_int_equal(stat_of(store).num_dropped, 1);
	stop_store(store);
}

/* Whatever the disk answers, for however long: nothing is lost while memory has room. */
static void check_fault(enum config_durability durability, int write_error,
			int sync_error, int read_error)
{
	struct store *store = open_store(durability);
	struct reading reading;

	for (int i = 1; i <= 100; i++)
		put(store, i);
	pass_ms(FLUSH_MS);
	store_work(store);
	assert_false(stat_of(store).is_in_memory);
	faulty_disk.write_error = write_error;
	faulty_disk.sync_error = sync_error;
	faulty_disk.read_error = read_error;
	for (int i = 101; i <= 200; i++) {
		put(store, i);
		pass_ms(FLUSH_MS);
		store_work(store);
	}
	assert_true(stat_of(store).is_in_memory);
	for (int i = 1; i <= 50; i++) {
		assert_true(take(store, &reading));
		assert_int_equal(reading.values[0].milli, i);
		store_ack(store, reading.seq);
	}
	faulty_disk = (struct faulty_disk){ 0 };
	pass_ms(120 * 1000);
	store_work(store);
	assert_false(stat_of(store).is_in_memory);
	kill_store(store);
	store = open_store(durability);
	check_all(store, 51, 200);
	stop_store(store);
	empty_folder();
}

static void a_disk_that_fails_loses_nothing(void **state)
{
	static const enum config_durability each[] = { CONFIG_OUTAGE, CONFIG_ALWAYS };

	(void)state;
	for (size_t i = 0; i < array_length(each); i++) {
		check_fault(each[i], SQLITE_FULL, 0, 0);
		check_fault(each[i], SQLITE_READONLY, 0, 0);
		check_fault(each[i], SQLITE_IOERR_WRITE, 0, 0);
		check_fault(each[i], 0, SQLITE_IOERR_FSYNC, 0);
		check_fault(each[i], SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC,
			    SQLITE_IOERR_READ);
	}
}

static void without_a_disk_memory_is_bounded_and_the_oldest_are_dropped(void **state)
{
	struct store *store;

	(void)state;
	faulty_disk.write_error = SQLITE_IOERR_WRITE;
	store = open_store(CONFIG_ALWAYS);
	assert_true(stat_of(store).is_in_memory);
	for (int i = 1; i <= 20000; i++)
		put(store, i);
	assert_int_equal(stat_of(store).num_waiting, 16384);
	assert_int_equal(stat_of(store).num_dropped, 20000 - 16384);
	check_all(store, 20000 - 16384 + 1, 20000);
	stop_store(store);
}

static void a_disk_that_is_full_at_the_start_is_waited_for(void **state)
{
	struct store *store;

	(void)state;
	faulty_disk.write_error = SQLITE_FULL;
	store = open_store(CONFIG_OUTAGE);
	put(store, 1);
	for (int i = 0; i < 5; i++) {
		assert_true(stat_of(store).is_in_memory);
		pass_ms(120 * 1000);
		store_work(store);
	}
	faulty_disk.write_error = 0;
	pass_ms(120 * 1000);
	store_work(store);
	assert_false(stat_of(store).is_in_memory);
	check_all(store, 1, 1);
	stop_store(store);
}

static void a_full_disk_still_gives_what_is_on_it(void **state)
{
	struct store *store = open_store(CONFIG_OUTAGE);

	(void)state;
	for (int i = 1; i <= 2000; i++)
		put(store, i);
	stop_store(store);
	store = open_store(CONFIG_OUTAGE);
	faulty_disk.write_error = SQLITE_FULL;
	put(store, 2001);
	pass_ms(FLUSH_MS);
	check_all(store, 1, 2001);
	stop_store(store);
}

static void one_file_serves_one_process(void **state)
{
	struct store *first = open_store(CONFIG_ALWAYS), *second;

	(void)state;
	put(first, 1);
	store_work(first);
	second = open_store(CONFIG_ALWAYS);
	assert_true(stat_of(second).is_in_memory);
	put(second, 3);
	stop_store(first);
	first = NULL;
	pass_ms(120 * 1000);
	store_work(second);
	assert_false(stat_of(second).is_in_memory);
	kill_store(second);
	second = open_store(CONFIG_ALWAYS);
	assert_int_equal(stat_of(second).num_waiting, 2);
	stop_store(second);
}

static void write_garbage(long offset, size_t num_bytes)
{
	FILE *file = fopen(path, "r+");

	if (!file)
		file = fopen(path, "w");
	assert_non_null(file);
	fseek(file, offset, SEEK_SET);
	for (size_t i = 0; i < num_bytes; i++)
		fputc("garbage"[i % 7], file);
	fclose(file);
}

static int num_set_aside(void)
{
	char command[MAX_PATH], line[16];
	FILE *pipe;

	snprintf(command, sizeof(command), "ls %s | grep -c 'state.db.corrupt-[0-9]*$'",
		 folder);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_non_null(fgets(line, sizeof(line), pipe));
	pclose(pipe);
	return atoi(line);
}

static void a_damaged_file_is_set_aside_and_a_new_one_begun(void **state)
{
	static const long offsets[] = { 0, 20, 1024, 5 * 1024 };

	(void)state;
	for (size_t i = 0; i < array_length(offsets); i++) {
		struct store *store = open_store(CONFIG_OUTAGE);
		uint64_t seq = 0;

		for (int j = 0; j < 1000; j++)
			seq = put(store, j);
		stop_store(store);
		write_garbage(offsets[i], 4000);
		pass_ms(10000);
		store = open_store(CONFIG_OUTAGE);
		assert_false(stat_of(store).is_in_memory);
		assert_int_equal(num_set_aside(), 1);
		assert_true(put(store, 7) > seq);
		stop_store(store);
		store = open_store(CONFIG_OUTAGE);
		check_all(store, 7, 7);
		stop_store(store);
		empty_folder();
	}
}

static void a_file_that_is_damaged_while_it_is_used_is_set_aside(void **state)
{
	struct store *store = open_store(CONFIG_OUTAGE);

	(void)state;
	for (int i = 1; i <= 20000; i++) {
		put(store, i);
		if (i % 1000 == 0)
			store_work(store);
	}
	faulty_disk.read_error = SQLITE_CORRUPT;
	store_work(store);
	for (int i = 0; i < 1000; i++) {
		struct reading reading;
		const char *id;

		if (!store_take(store, &reading, &id))
			break;
		store_ack(store, reading.seq);
	}
	store_work(store);
	faulty_disk.read_error = 0;
	pass_ms(120 * 1000);
	store_work(store);
	assert_false(stat_of(store).is_in_memory);
	assert_int_equal(num_set_aside(), 1);
	assert_true(stat_of(store).num_dropped > 0);
	put(store, 30000);
	stop_store(store);
	store = open_store(CONFIG_OUTAGE);
	assert_true(stat_of(store).num_waiting >= 1);
	stop_store(store);
}

static void the_file_of_a_later_version_is_left_as_it_is(void **state)
{
	struct store *store = open_store(CONFIG_ALWAYS);

	(void)state;
	put(store, 1);
	stop_store(store);
	query("PRAGMA user_version=99");
	store = open_store(CONFIG_ALWAYS);
	assert_true(stat_of(store).is_in_memory);
	put(store, 2);
	check_all(store, 2, 2);
	stop_store(store);
	assert_int_equal(query("PRAGMA user_version"), 99);
	assert_int_equal(query("SELECT count(*) FROM reading"), 1);
}

static void what_was_posted_while_the_disk_failed_keeps_its_number(void **state)
{
	struct store *store = open_store(CONFIG_ALWAYS);
	struct reading first, second;

	(void)state;
	for (int outage = 0; outage < 3; outage++) {
		faulty_disk.write_error = SQLITE_FULL;
		put(store, 1);
		pass_ms(1);
		store_work(store);
		put(store, 2);
		assert_true(take(store, &first));
		assert_true(take(store, &second));
		store_ack(store, second.seq);
		faulty_disk.write_error = 0;
		pass_ms(120 * 1000);
		store_work(store);
		assert_false(stat_of(store).is_in_memory);
		kill_store(store);
		store = open_store(CONFIG_ALWAYS);
		assert_true(put(store, 3) > second.seq);
		store_work(store);
		assert_true(take(store, &first));
		assert_int_equal(first.values[0].milli, 1);
		store_ack(store, first.seq);
		check_all(store, 3, 3);
	}
	stop_store(store);
}

/* Its clock is behind, and the file tells nothing of what was posted. */
static void what_was_posted_while_the_disk_failed_takes_no_later_number(void **state)
{
	uint64_t seen[6];

	(void)state;
	for (size_t i = 0; i < array_length(seen); i++) {
		struct store *store;
		struct reading reading;

		wall_ms = i == 0 ? NOON_MS : 1000;
		store = open_store(CONFIG_ALWAYS);
		if (i % 2 == 0)
			faulty_disk.write_error = SQLITE_FULL;
		put(store, (int32_t)i);
		store_work(store);
		do { /* one that is done may come again after a kill */
			assert_true(take(store, &reading));
			store_ack(store, reading.seq);
		} while (reading.values[0].milli != (int32_t)i);
		seen[i] = reading.seq;
		kill_store(store);
		faulty_disk.write_error = 0;
		for (size_t j = 0; j < i; j++)
			assert_true(seen[j] != seen[i]);
	}
}

static void a_new_file_knows_the_numbers_of_the_damaged_one(void **state)
{
	struct store *store = open_store(CONFIG_ALWAYS);
	struct reading reading;

	(void)state;
	for (int i = 1; i <= 10; i++)
		put(store, i);
	store_work(store);
	/* All but the first are done. */
	for (int i = 1; i <= 10; i++) {
		assert_true(take(store, &reading));
		if (i > 1)
			store_ack(store, reading.seq);
	}
	pass_ms(1000);
	faulty_disk.write_error = SQLITE_IOERR;
	store_work(store);
	faulty_disk.write_error = 0;
	empty_folder();
	write_garbage(0, 4000);
	pass_ms(120 * 1000);
	store_work(store);
	assert_int_equal(num_set_aside(), 1);
	kill_store(store);
	store = open_store(CONFIG_ALWAYS);
	assert_true(put(store, 11) > reading.seq);
	stop_store(store);
}

static void rows_that_make_no_sense_are_dropped_and_counted(void **state)
{
	struct store *store = open_store(CONFIG_ALWAYS);

	(void)state;
	for (int i = 1; i <= 300; i++)
		put(store, i);
	stop_store(store);
	query("UPDATE reading SET sensor='' WHERE seq%3=0");
	query("UPDATE reading SET value=zeroblob(1000) WHERE seq%3=1");
	store = open_store(CONFIG_ALWAYS);
	for (int i = 0; i < 100; i++) {
		struct reading reading;

		assert_true(take(store, &reading));
		store_ack(store, reading.seq);
	}
	assert_int_equal(stat_of(store).num_waiting, 0);
	assert_int_equal(stat_of(store).num_dropped, 200);
	stop_store(store);
	assert_int_equal(query("SELECT count(*) FROM reading"), 0);
}

static void a_missing_folder_is_made(void **state)
{
	struct store *store;

	(void)state;
	snprintf(path, sizeof(path), "%s/new/state.db", folder);
	store = open_store(CONFIG_ALWAYS);
	assert_false(stat_of(store).is_in_memory);
	stop_store(store);
	snprintf(path, sizeof(path), "%s/no/such/state.db", folder);
	store = open_store(CONFIG_ALWAYS);
	assert_true(stat_of(store).is_in_memory);
	put(store, 1);
	check_all(store, 1, 1);
	stop_store(store);
}

static void a_commit_of_always_is_synced_and_writes_little(void **state)
{
	struct store *store = open_store(CONFIG_ALWAYS);
	struct reading reading;

	(void)state;
	faulty_disk.num_bytes = faulty_disk.num_syncs = 0;
	const struct store_stat before = stat_of(store);

	for (int i = 0; i < 1000; i++) {
		int num_syncs = faulty_disk.num_syncs;

		put(store, i);
		store_work(store);
		assert_true(faulty_disk.num_syncs > num_syncs);
		assert_true(take(store, &reading));
		store_ack(store, reading.seq);
		pass_ms(30000);
	}
	printf("bytes written a reading: %lld, syncs: %d.%03d\n",
	       faulty_disk.num_bytes / 1000, faulty_disk.num_syncs / 1000,
	       faulty_disk.num_syncs % 1000);
	assert_true(faulty_disk.num_bytes / 1000 < 5000);
	assert_int_equal(stat_of(store).written_bytes - before.written_bytes,
			 faulty_disk.num_bytes);
	assert_int_equal(stat_of(store).num_syncs - before.num_syncs,
			 faulty_disk.num_syncs);
	stop_store(store);
}

/* Random calls, faults and kills. Each reading has a value of its own. */
enum { MAX_VALUES = 20000 };

struct history {
	bool is_due[MAX_VALUES]; /* it was stored, or handed out */
	bool is_acked[MAX_VALUES];
	uint64_t seq[MAX_VALUES]; /* under which it was handed out first */
	int num_values;
};

static void note_taken(struct history *history, const struct reading *reading)
{
	int value = reading->values[0].milli;

	assert_true(value < history->num_values);
	assert_true(history->seq[value] == 0 || history->seq[value] == reading->seq);
	history->seq[value] = reading->seq;
}

static void random_call(struct store *store, struct history *history, bool is_well)
{
	struct reading reading;
	const char *id;
	int dice = rand() % 100;

	if (dice < 50) {
		put(store, history->num_values++);
		pass_ms((uint64_t)(rand() % 50));
		store_work(store);
		history->is_due[history->num_values - 1] = is_well;
	} else if (dice < 95) {
		if (!store_take(store, &reading, &id))
			return;
		note_taken(history, &reading);
		if (rand() % 4) {
			store_ack(store, reading.seq);
			history->is_acked[reading.values[0].milli] = true;
		}
	} else {
		store_rewind(store);
		store_work(store);
	}
}

static void check_history(struct store *store, struct history *history)
{
	struct reading reading;

	store_rewind(store);
	while (take(store, &reading)) {
		note_taken(history, &reading);
		store_ack(store, reading.seq);
		history->is_acked[reading.values[0].milli] = true;
	}
	for (int i = 0; i < history->num_values; i++)
		assert_true(!history->is_due[i] || history->is_acked[i]);
	/* No two readings had one number. */
	for (int i = 1; i < history->num_values; i++) {
		uint64_t seq = history->seq[i];

		for (int j = i - 1; seq != 0 && j >= 0; j--)
			assert_true(history->seq[j] != seq);
	}
}

static void always_loses_nothing_at_kills_and_faults(void **state)
{
	static struct history history;

	(void)state;
	for (int round = 0; round < 5; round++) {
		struct store *store = open_store(CONFIG_ALWAYS);

		memset(&history, 0, sizeof(history));
		for (int i = 0; i < 60; i++) {
			bool is_well = rand() % 4 != 0;

			faulty_disk.write_error = is_well ? 0 : SQLITE_FULL;
			for (int j = 0; j < rand() % 200; j++)
				random_call(store, &history, is_well);
			faulty_disk.write_error = 0;
			pass_ms(120 * 1000);
			store_work(store);
			kill_store(store);
			store = open_store(CONFIG_ALWAYS);
		}
		check_history(store, &history);
		stop_store(store);
		empty_folder();
	}
}

/* What anybody saw of numbers, and of which reading. */
struct sightings {
	struct {
		uint64_t seq;
		int value;
	} seen[2 * MAX_VALUES];
	int num_seen, num_values;
};

static void note_seen(struct sightings *sightings, const struct reading *reading)
{
	assert_in_range(sightings->num_seen, 0, 2 * MAX_VALUES - 1);
	sightings->seen[sightings->num_seen].seq = reading->seq;
	sightings->seen[sightings->num_seen++].value = reading->values[0].milli;
}

static void put_and_show(struct store *store, struct sightings *sightings)
{
	struct reading reading;
	int dice = rand() % 100;

	if (dice < 50) {
		put(store, sightings->num_values++);
		pass_ms((uint64_t)(rand() % 50));
		if (rand() % 2)
			store_work(store);
	} else if (dice < 70 && store_take_state(store, &reading)) {
		note_seen(sightings, &reading);
	} else if (dice < 98 && take(store, &reading)) {
		note_seen(sightings, &reading);
		if (rand() % 3)
			store_ack(store, reading.seq);
	} else {
		store_rewind(store);
	}
}

/* More than are vouched for at once; not each is looked at. */
static void use_up_numbers(struct store *store, struct sightings *sightings)
{
	struct reading reading;

	for (int i = 0; i < 17000; i++) {
		put(store, sightings->num_values++);
		if (!take(store, &reading))
			continue;
		store_ack(store, reading.seq);
		if (i % 100 == 0)
			note_seen(sightings, &reading);
	}
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void check_sightings(struct sightings *sightings)
{
	qsort(sightings->seen, (size_t)sightings->num_seen, sizeof(sightings->seen[0]),
	      by_number);
	for (int i = 1; i < sightings->num_seen; i++) {
		assert_true(sightings->seen[i].seq != sightings->seen[i - 1].seq ||
			    sightings->seen[i].value == sightings->seen[i - 1].value);
	}
	assert_true(sightings->num_seen == 0 ||
		    sightings->seen[sightings->num_seen - 1].seq < UINT64_C(1) << 53);
}

/* The disk fails for a while, also at a start, the clock goes anywhere, and the end is a kill. */
static void live_a_life(enum config_durability durability, struct sightings *sightings)
{
	static const int errors[] = { SQLITE_FULL, SQLITE_READONLY, SQLITE_IOERR_WRITE };
	struct store *store;

	wall_ms = rand() % 3 ? NOON_MS - rand() % 100000000 : rand() % 1000;
	if (sightings->num_seen > 0 && rand() % 3 == 0)
		faulty_disk.write_error = SQLITE_FULL;
	store = open_store(durability);
	for (int spell = rand() % 4; spell >= 0; spell--) {
		for (int i = rand() % 40; i > 0; i--)
			put_and_show(store, sightings);
		if (durability != CONFIG_ALWAYS && rand() % 200 == 0)
			use_up_numbers(store, sightings);
		faulty_disk.write_error = rand() % 2 ? errors[rand() % 3] : 0;
		pass_ms((uint64_t)(rand() % 2 ? 120 * 1000 : 0));
		store_work(store);
	}
	if (rand() % 4)
		kill_store(store);
	else
		stop_store(store);
	faulty_disk.write_error = 0;
}

static void no_number_is_seen_twice_whatever_disk_clock_and_kills_do(void **state)
{
	static const enum config_durability each[] = { CONFIG_ALWAYS, CONFIG_OUTAGE,
						       CONFIG_NONE };
	static struct sightings sightings;

	(void)state;
	for (int round = 0; round < 9; round++) {
		memset(&sightings, 0, sizeof(sightings));
		/* It could be written once. */
		wall_ms = NOON_MS;
		stop_store(open_store(each[round % 3]));
		for (int i = 0; i < 60; i++)
			live_a_life(each[round % 3], &sightings);
		check_sightings(&sightings);
		empty_folder();
	}
}

int main(void)
{
	const char *given = getenv("SEED");
	unsigned seed = given ? (unsigned)atoi(given) : (unsigned)clock_wall_ms();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_reading_comes_back_as_it_was, set_up),
		cmocka_unit_test_setup(always_hands_out_nothing_that_is_not_stored,
				       set_up),
		cmocka_unit_test_setup(always_leaves_no_gap_where_it_was_killed, set_up),
		cmocka_unit_test_setup(
			outage_leaves_the_disk_alone_while_the_broker_is_there, set_up),
		cmocka_unit_test_setup(
			outage_writes_what_waits_before_the_flush_interval_is_over,
			set_up),
		cmocka_unit_test_setup(none_writes_no_reading_and_repeats_no_number,
				       set_up),
		cmocka_unit_test_setup(a_stop_writes_what_waits_and_the_numbers_go_on,
				       set_up),
		cmocka_unit_test_setup(
			numbers_never_come_twice_whatever_clock_and_kills_do, set_up),
		cmocka_unit_test_setup(a_long_queue_leaves_memory_and_comes_back_in_order,
				       set_up),
		cmocka_unit_test_setup(new_readings_queue_up_behind_those_on_the_disk,
				       set_up),
		cmocka_unit_test_setup(the_oldest_is_dropped_when_the_file_is_full,
				       set_up),
		cmocka_unit_test_setup(what_is_too_old_is_dropped_also_after_a_restart,
				       set_up),
		cmocka_unit_test_setup(
			after_a_boot_age_is_told_by_the_wall_clock_where_that_was_set,
			set_up),
		cmocka_unit_test_setup(a_disk_that_fails_loses_nothing, set_up),
		cmocka_unit_test_setup(
			without_a_disk_memory_is_bounded_and_the_oldest_are_dropped,
			set_up),
		cmocka_unit_test_setup(a_disk_that_is_full_at_the_start_is_waited_for,
				       set_up),
		cmocka_unit_test_setup(a_full_disk_still_gives_what_is_on_it, set_up),
		cmocka_unit_test_setup(one_file_serves_one_process, set_up),
		cmocka_unit_test_setup(a_damaged_file_is_set_aside_and_a_new_one_begun,
				       set_up),
		cmocka_unit_test_setup(
			a_file_that_is_damaged_while_it_is_used_is_set_aside, set_up),
		cmocka_unit_test_setup(the_file_of_a_later_version_is_left_as_it_is,
				       set_up),
		cmocka_unit_test_setup(
			what_was_posted_while_the_disk_failed_keeps_its_number, set_up),
		cmocka_unit_test_setup(
			what_was_posted_while_the_disk_failed_takes_no_later_number,
			set_up),
		cmocka_unit_test_setup(a_new_file_knows_the_numbers_of_the_damaged_one,
				       set_up),
		cmocka_unit_test_setup(rows_that_make_no_sense_are_dropped_and_counted,
				       set_up),
		cmocka_unit_test_setup(a_missing_folder_is_made, set_up),
		cmocka_unit_test_setup(a_commit_of_always_is_synced_and_writes_little,
				       set_up),
		cmocka_unit_test_setup(always_loses_nothing_at_kills_and_faults, set_up),
		cmocka_unit_test_setup(
			no_number_is_seen_twice_whatever_disk_clock_and_kills_do, set_up),
	};

	printf("SEED=%u\n", seed);
	srand(seed);
	make_folder();
	faulty_disk_install();
	stop_clock();
	log_set_level(LOG_LEVEL_ERROR);

	int status = cmocka_run_group_tests(tests, NULL, NULL);

	remove_folder();
	return status;
}
