/* SPDX-License-Identifier: MIT */
/* Why so: a write-ahead log makes a commit one append and one sync; the lock is exclusive, so
 * that the index of the log lies in our own memory and no second gateway can come near; pages
 * are small, since a commit writes whole ones. */
#include "store/database.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/place.h"
#include "store/sql.h"

enum { VALUE_BYTES = 6, LOOKASIDE_SLOTS = 32, LOOKASIDE_BYTES = 128 };

/* Readers of JSON know numbers exactly up to here; no gateway counts so far. */
static const int64_t MAX_SEQ = INT64_C(1) << 53;

static const char settings[] = "PRAGMA page_size=1024;"
			       "PRAGMA locking_mode=EXCLUSIVE;"
			       "PRAGMA journal_mode=WAL;"
			       "PRAGMA wal_autocheckpoint=1000;"
			       "PRAGMA journal_size_limit=1048576;"
			       "PRAGMA synchronous=FULL;"
			       "PRAGMA cache_size=-96;"
			       "PRAGMA temp_store=MEMORY;";

/* What each version of the file adds to the one before it; a new file takes all steps. */
static const char *const schema_steps[] = {
	"CREATE TABLE reading(seq INTEGER PRIMARY KEY, sensor TEXT NOT NULL,"
	" wall_ms INTEGER NOT NULL, mono_ns INTEGER NOT NULL, flags INTEGER NOT NULL,"
	" value BLOB NOT NULL);"
	"CREATE TABLE number(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT "
	"ROWID;"
	"CREATE TABLE word(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
	"PRAGMA user_version=1;",
	"CREATE TABLE announced(server TEXT, topic TEXT, parts INTEGER NOT NULL,"
	" PRIMARY KEY(server, topic)) WITHOUT ROWID;"
	"PRAGMA user_version=2;",
	"CREATE TABLE archive(sensor TEXT, level INTEGER, start_ms INTEGER,"
	" end_ms INTEGER NOT NULL, block BLOB NOT NULL,"
	" PRIMARY KEY(sensor, level, start_ms)) WITHOUT ROWID;"
	"PRAGMA user_version=3;",
};

enum statement { INSERT, DELETE, DROP, LOAD, NUMBER, BOOT, ANNOUNCE, TAKE_BACK, LIST };
enum { NUM_STATEMENTS = LIST + 1 };
_Static_assert((int)NUM_STATEMENTS <= (int)DATABASE_STATEMENTS,
	       "no room for a statement");

static const char *const statements[NUM_STATEMENTS] = {
	[INSERT] = "INSERT OR REPLACE INTO reading VALUES(?,?,?,?,?,?)",
	[DELETE] = "DELETE FROM reading WHERE seq>=? AND seq<?",
	[DROP] = "DELETE FROM reading WHERE seq>?1 AND seq<=(SELECT max(seq) FROM"
		 " (SELECT seq FROM reading WHERE seq>?1 ORDER BY seq LIMIT ?2))",
	[LOAD] = "SELECT seq,sensor,wall_ms,mono_ns,flags,value FROM reading"
		 " WHERE seq>? AND seq<? ORDER BY seq LIMIT ?",
	[NUMBER] = "INSERT OR REPLACE INTO number VALUES(?,?)",
	[BOOT] = "INSERT INTO word VALUES('boot_id',?) ON CONFLICT(name) DO UPDATE"
		 " SET value=excluded.value WHERE value<>excluded.value",
	[ANNOUNCE] = "INSERT OR REPLACE INTO announced VALUES(?,?,?)",
	[TAKE_BACK] = "DELETE FROM announced WHERE server=? AND topic=?",
	[LIST] = "SELECT server,topic,parts FROM announced",
};

/* Runs a statement that gives no rows, and makes it ready for the next time. */
static int run(struct database *database, enum statement which,
	       char reason[DATABASE_MAX_REASON])
{
	sqlite3_stmt *statement = database->prepared[which];
	int error = sqlite3_step(statement) == SQLITE_DONE
			    ? 0
			    : sql_fail(database->db, reason);

	sqlite3_reset(statement);
	return error;
}

static int set_number(struct database *database, const char *name, uint64_t value,
		      char reason[DATABASE_MAX_REASON])
{
	sqlite3_stmt *statement = database->prepared[NUMBER];

	sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, (int64_t)value);
	return run(database, NUMBER, reason);
}

/* Creates the tables, or those that an earlier version did not have. */
static int take_schema(struct database *database, bool *is_new_out,
		       char reason[DATABASE_MAX_REASON])
{
	const int64_t our_version = array_length(schema_steps);
	int64_t version;
	int error = sql_query(database->db, "PRAGMA user_version", &version, reason);

	if (error)
		return error;
	*is_new_out = version == 0;
	if (version < 0 || version > our_version) {
		snprintf(reason, DATABASE_MAX_REASON,
			 "a later pin2mqtt wrote it: its version is %" PRId64
			 ", ours %" PRId64,
			 version, our_version);
		return -EPROTO;
	}
	for (; version < our_version && !error; version++)
		error = sql_execute(database->db, schema_steps[version], reason);
	return error;
}

static int prepare_all(struct database *database, char reason[DATABASE_MAX_REASON])
{
	for (int i = 0; i < NUM_STATEMENTS; i++) {
		if (sqlite3_prepare_v3(database->db, statements[i], -1,
				       SQLITE_PREPARE_PERSISTENT, &database->prepared[i],
				       NULL) != SQLITE_OK)
			return sql_fail(database->db, reason);
	}
	return 0;
}

/* Counting the rows walks through all pages of theirs: damage is seen now. */
static int take_stock(struct database *database, struct database_facts *facts,
		      char reason[DATABASE_MAX_REASON])
{
	enum { NUM_ROWS, HIGHEST, NEXT, RANGE, NUM_FACTS };
	static const char *const sql[NUM_FACTS] = {
		"SELECT count(*) FROM reading",
		"SELECT max(seq) FROM reading",
		"SELECT value FROM number WHERE name='next_seq'",
		"SELECT value FROM number WHERE name='range_seq'",
	};
	int64_t found[NUM_FACTS];

	for (int i = 0; i < NUM_FACTS; i++) {
		int error = sql_query(database->db, sql[i], &found[i], reason);

		if (error)
			return error;
		if (found[i] >= 0 && found[i] < MAX_SEQ)
			continue;
		snprintf(reason, DATABASE_MAX_REASON, "numbers in it make no sense");
		return -EBADMSG;
	}
	facts->num_rows = (uint64_t)found[NUM_ROWS];
	facts->next_seq = (uint64_t)(found[HIGHEST] + 1 > found[NEXT] ? found[HIGHEST] + 1
								      : found[NEXT]);
	facts->range_seq = (uint64_t)found[RANGE];
	if (facts->is_new)
		facts->next_seq = 0;
	return 0;
}

/* Readings of an earlier start of the machine know CLOCK_MONOTONIC no more. */
static int note_boot(struct database *database, const char *boot_id,
		     struct database_facts *facts, char reason[DATABASE_MAX_REASON])
{
	int64_t boot_seq;

	sqlite3_bind_text(database->prepared[BOOT], 1, boot_id, -1, SQLITE_STATIC);

	int error = run(database, BOOT, reason);

	sqlite3_clear_bindings(database->prepared[BOOT]);
	if (!error && sqlite3_changes(database->db) > 0)
		error = set_number(database, "boot_seq", facts->next_seq, reason);
	if (!error)
		error = sql_query(database->db,
				  "SELECT value FROM number WHERE name='boot_seq'",
				  &boot_seq, reason);
	if (!error)
		facts->boot_seq = (uint64_t)boot_seq;
	return error;
}

/* In one transaction: the file can be written, or it is not opened. */
static int set_up(struct database *database, const char *boot_id,
		  struct database_facts *facts, char reason[DATABASE_MAX_REASON])
{
	int error = sql_execute(database->db, settings, reason);

	if (!error)
		error = sql_execute(database->db, "BEGIN IMMEDIATE", reason);
	if (!error)
		error = take_schema(database, &facts->is_new, reason);
	if (!error)
		error = prepare_all(database, reason);
	if (!error)
		error = take_stock(database, facts, reason);
	if (!error)
		error = note_boot(database, boot_id, facts, reason);
	if (!error)
		error = sql_execute(database->db, "COMMIT", reason);
	return error;
}

int database_open(const char *path, const char *boot_id, struct database **out,
		  struct database_facts *facts, char reason[DATABASE_MAX_REASON])
{
	struct database *database = calloc(1, sizeof(*database));

	*facts = (struct database_facts){ 0 };
	if (!database || meter_new(&database->meter) != 0) {
		free(database);
		snprintf(reason, DATABASE_MAX_REASON, "out of memory");
		return -ENOMEM;
	}
	database->is_synced = true;
	place_make_folder(path);
	if (sqlite3_open_v2(path, &database->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
				    SQLITE_OPEN_NOMUTEX,
			    meter_name(database->meter)) != SQLITE_OK) {
		int error = sql_fail(database->db, reason);

		database_close(database);
		return error;
	}
	(void)sqlite3_db_config(database->db, SQLITE_DBCONFIG_LOOKASIDE, NULL,
				LOOKASIDE_BYTES, LOOKASIDE_SLOTS);

	int error = set_up(database, boot_id, facts, reason);

	if (error) {
		database_close(database);
		return error;
	}
	*out = database;
	return 0;
}

void database_close(struct database *database)
{
	if (!database)
		return;
	for (int i = 0; i < NUM_STATEMENTS; i++)
		sqlite3_finalize(database->prepared[i]);
	sqlite3_close(database->db);
	meter_free(database->meter);
	free(database);
}

struct meter_counts database_written(const struct database *database)
{
	return meter_read(database->meter);
}

static void put_le32(unsigned char *out, int32_t value)
{
	for (int i = 0; i < 4; i++)
		out[i] = (unsigned char)((uint32_t)value >> 8 * i);
}

static int32_t get_le32(const unsigned char *in)
{
	return (int32_t)((uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 |
			 (uint32_t)in[3] << 24);
}

static int insert(struct database *database, const struct reading *reading,
		  const char *id, char reason[DATABASE_MAX_REASON])
{
	sqlite3_stmt *statement = database->prepared[INSERT];
	unsigned char bytes[READING_MAX_VALUES * VALUE_BYTES];

	for (int i = 0; i < reading->num_values; i++) {
		unsigned char *value = bytes + (size_t)i * VALUE_BYTES;

		value[0] = reading->values[i].quantity;
		value[1] = reading->values[i].digits;
		put_le32(value + 2, reading->values[i].milli);
	}
	sqlite3_bind_int64(statement, 1, (int64_t)reading->seq);
	sqlite3_bind_text(statement, 2, id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 3, reading->wall_ms);
	sqlite3_bind_int64(statement, 4, (int64_t)reading->t_ns);
	sqlite3_bind_int(statement, 5, reading->flags);
	sqlite3_bind_blob(statement, 6, bytes, reading->num_values * VALUE_BYTES,
			  SQLITE_STATIC);

	int error = run(database, INSERT, reason);

	sqlite3_clear_bindings(statement);
	return error;
}

static int delete_range(struct database *database, uint64_t from_seq, uint64_t end_seq,
			char reason[DATABASE_MAX_REASON])
{
	sqlite3_stmt *statement = database->prepared[DELETE];

	if (from_seq >= end_seq)
		return 0;
	sqlite3_bind_int64(statement, 1, (int64_t)from_seq);
	sqlite3_bind_int64(statement, 2, (int64_t)end_seq);
	return run(database, DELETE, reason);
}

static int write_announcement(struct database *database,
			      const struct database_announcement *row,
			      char reason[DATABASE_MAX_REASON])
{
	enum statement which = row->is_gone ? TAKE_BACK : ANNOUNCE;
	sqlite3_stmt *statement = database->prepared[which];

	sqlite3_bind_text(statement, 1, row->server, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 2, row->topic, -1, SQLITE_STATIC);
	if (!row->is_gone)
		sqlite3_bind_int64(statement, 3, row->parts);

	int error = run(database, which, reason);

	sqlite3_clear_bindings(statement);
	return error;
}

static int write_all(struct database *database, const struct database_batch *batch,
		     char reason[DATABASE_MAX_REASON])
{
	int error = 0;

	for (size_t i = 0; i < batch->num_readings && !error; i++) {
		error = insert(database, &batch->readings[i], batch->sensor_ids[i],
			       reason);
	}
	if (!error)
		error = delete_range(database, 0, batch->delete_below_seq, reason);
	if (!error)
		error = delete_range(database, batch->delete_from_seq,
				     batch->delete_end_seq, reason);
	if (!error && batch->next_seq > 0)
		error = set_number(database, "next_seq", batch->next_seq, reason);
	if (!error && batch->range_seq > 0)
		error = set_number(database, "range_seq", batch->range_seq, reason);
	for (size_t i = 0; i < batch->num_announcements && !error; i++)
		error = write_announcement(database, &batch->announcements[i], reason);
	return error;
}

int database_begin(struct database *database, bool is_synced,
		   char reason[DATABASE_MAX_REASON])
{
	int error = 0;

	if (database->is_synced != is_synced)
		error = sql_execute(database->db,
				    is_synced ? "PRAGMA synchronous=FULL"
					      : "PRAGMA synchronous=NORMAL",
				    reason);
	if (error)
		return error;
	database->is_synced = is_synced;
	return sql_execute(database->db, "BEGIN IMMEDIATE", reason);
}

int database_write(struct database *database, const struct database_batch *batch,
		   char reason[DATABASE_MAX_REASON])
{
	int error = database_begin(database, batch->is_synced, reason);

	if (!error)
		error = write_all(database, batch, reason);
	return sql_end(database->db, error, reason);
}

static void read_row(sqlite3_stmt *statement, struct database_row *out)
{
	const char *id = (const char *)sqlite3_column_text(statement, 1);
	const unsigned char *bytes = sqlite3_column_blob(statement, 5);
	int num_bytes = sqlite3_column_bytes(statement, 5);

	*out = (struct database_row){
		.reading = {
			.seq = (uint64_t)sqlite3_column_int64(statement, 0),
			.wall_ms = sqlite3_column_int64(statement, 2),
			.t_ns = (uint64_t)sqlite3_column_int64(statement, 3),
			.flags = (uint8_t)sqlite3_column_int(statement, 4),
		},
	};
	if (!id || !*id || strlen(id) >= DATABASE_MAX_ID ||
	    num_bytes > READING_MAX_VALUES * VALUE_BYTES)
		return;
	memcpy(out->sensor_id, id, strlen(id) + 1);
	for (; bytes && num_bytes >= VALUE_BYTES; num_bytes -= VALUE_BYTES) {
		if (bytes[0] < NUM_QUANTITIES && bytes[1] <= 3)
			reading_add(&out->reading, (enum quantity)bytes[0],
				    get_le32(bytes + 2), bytes[1]);
		bytes += VALUE_BYTES;
	}
}

int database_load(struct database *database, uint64_t after_seq, uint64_t end_seq,
		  struct database_row *out, int max_rows,
		  char reason[DATABASE_MAX_REASON])
{
	sqlite3_stmt *statement = database->prepared[LOAD];
	int num_rows = 0, result;

	sqlite3_bind_int64(statement, 1, (int64_t)after_seq);
	sqlite3_bind_int64(statement, 2, (int64_t)end_seq);
	sqlite3_bind_int(statement, 3, max_rows);
	while ((result = sqlite3_step(statement)) == SQLITE_ROW)
		read_row(statement, &out[num_rows++]);
	if (result != SQLITE_DONE)
		num_rows = sql_fail(database->db, reason);
	sqlite3_reset(statement);
	return num_rows;
}

int database_drop(struct database *database, uint64_t after_seq, uint64_t num,
		  char reason[DATABASE_MAX_REASON])
{
	sqlite3_stmt *statement = database->prepared[DROP];

	sqlite3_bind_int64(statement, 1, (int64_t)after_seq);
	sqlite3_bind_int64(statement, 2, (int64_t)num);

	int error = run(database, DROP, reason);

	return error ? error : sqlite3_changes(database->db);
}

int database_load_announcements(struct database *database,
				void (*take)(void *context,
					     const struct database_announcement *row),
				void *context, char reason[DATABASE_MAX_REASON])
{
	sqlite3_stmt *statement = database->prepared[LIST];
	int result, error;

	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		const struct database_announcement row = {
			.server = (const char *)sqlite3_column_text(statement, 0),
			.topic = (const char *)sqlite3_column_text(statement, 1),
			.parts = (uint32_t)sqlite3_column_int64(statement, 2),
		};

		if (row.server && row.topic)
			take(context, &row);
	}
	error = result == SQLITE_DONE ? 0 : sql_fail(database->db, reason);
	sqlite3_reset(statement);
	return error;
}

const char *database_library_version(void)
{
	return sqlite3_libversion();
}
