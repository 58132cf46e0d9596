/* SPDX-License-Identifier: MIT */
/* Its statements are prepared when they are wanted: that is once an hour, and who keeps them
 * ready pays for each with some kilobytes. */
#include "store/database_archive.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/sql.h"
#include "store/thinning.h"

enum {
	DAY_MS = 24 * 60 * 60 * 1000,
	/* The oldest go by so much time of all sensors. */
	EVICTION_MS = DAY_MS / 4,
	MAX_EVICTIONS = 8, /* in one transaction */
	MAX_THINNED = 8, /* days of sensors, in one transaction */
};

/* What a block takes beside its bytes. */
#define ROW_BYTES "64"

/* One transaction. */
struct work {
	sqlite3 *db;
	const char *sensor_id;
	char *reason;
};

static sqlite3_stmt *prepare(const struct work *work, const char *sql, int *error_out)
{
	sqlite3_stmt *statement = NULL;

	*error_out = 0;
	if (sqlite3_prepare_v2(work->db, sql, -1, &statement, NULL) != SQLITE_OK)
		*error_out = sql_fail(work->db, work->reason);
	return statement;
}

/* Runs a statement that gives no rows, and ends it. */
static int finish(const struct work *work, sqlite3_stmt *statement)
{
	int error = sqlite3_step(statement) == SQLITE_DONE
			    ? 0
			    : sql_fail(work->db, work->reason);

	sqlite3_finalize(statement);
	return error;
}

/* Where a clock went back, a block of the same sensor may have the very same beginning: the
 * later one counts. */
static int insert(const struct work *work, enum series_level level,
		  const struct thinning_block *block)
{
	int error;
	sqlite3_stmt *statement =
		prepare(work, "INSERT OR REPLACE INTO archive VALUES(?,?,?,?,?)", &error);

	if (error)
		return error;
	sqlite3_bind_text(statement, 1, work->sensor_id, -1, SQLITE_STATIC);
	sqlite3_bind_int(statement, 2, (int)level);
	sqlite3_bind_int64(statement, 3, block->start_ms);
	sqlite3_bind_int64(statement, 4, block->most_ms);
	sqlite3_bind_blob(statement, 5, block->bytes, (int)block->num_bytes,
			  SQLITE_STATIC);
	return finish(work, statement);
}

static int insert_all(struct work *work, const struct archive_block *first,
		      size_t num_blocks)
{
	int error = 0;

	for (size_t i = 0; i < num_blocks && !error; i++) {
		const struct thinning_block block = {
			.start_ms = first->start_ms,
			.most_ms = first->most_ms,
			.bytes = first->bytes,
			.num_bytes = first->num_bytes,
		};

		work->sensor_id = first->sensor_id;
		error = insert(work, SERIES_READINGS, &block);
		/* The last one's next is not ours to read. */
		if (i + 1 < num_blocks)
			first = first->next;
	}
	return error;
}

/* Runs a statement whose first parameter is a time. */
static int run_with_time(const struct work *work, const char *sql, int64_t time_ms)
{
	int error;
	sqlite3_stmt *statement = prepare(work, sql, &error);

	if (error)
		return error;
	sqlite3_bind_int64(statement, 1, time_ms);
	return finish(work, statement);
}

static int drop_oldest(const struct work *work, uint64_t max_bytes)
{
	int64_t num_bytes, start_ms;
	int error = 0;

	for (int i = 0; i < MAX_EVICTIONS && !error; i++) {
		error = sql_query(work->db,
				  "SELECT sum(length(block)+" ROW_BYTES ") FROM archive",
				  &num_bytes, work->reason);
		if (error || (uint64_t)num_bytes <= max_bytes)
			return error;
		error = sql_query(work->db, "SELECT min(start_ms) FROM archive",
				  &start_ms, work->reason);
		if (!error)
			error = run_with_time(work,
					      "DELETE FROM archive WHERE start_ms<?",
					      start_ms + EVICTION_MS);
	}
	return error;
}

/* The first sensor with an id above that one. Returns whether there is one, or a negative
 * errno. */
static int next_sensor(const struct work *work, char id[DATABASE_MAX_ID])
{
	int error, result;
	sqlite3_stmt *statement = prepare(
		work, "SELECT sensor FROM archive WHERE sensor>? ORDER BY sensor LIMIT 1",
		&error);

	if (error)
		return error;
	sqlite3_bind_text(statement, 1, id, -1, SQLITE_TRANSIENT);
	result = sqlite3_step(statement);
	if (result == SQLITE_ROW) {
		const char *next = (const char *)sqlite3_column_text(statement, 0);

		snprintf(id, DATABASE_MAX_ID, "%s", next ? next : "");
	}
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		error = sql_fail(work->db, work->reason);
	sqlite3_finalize(statement);
	return error ? error : result == SQLITE_ROW;
}

/* The beginning of the sensor's first block of readings; INT64_MAX: there is none. */
static int first_start(const struct work *work, int64_t *out)
{
	int error, result;
	sqlite3_stmt *statement =
		prepare(work,
			"SELECT start_ms FROM archive WHERE sensor=? AND level=0"
			" ORDER BY start_ms LIMIT 1",
			&error);

	if (error)
		return error;
	sqlite3_bind_text(statement, 1, work->sensor_id, -1, SQLITE_STATIC);
	result = sqlite3_step(statement);
	*out = result == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : INT64_MAX;
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		error = sql_fail(work->db, work->reason);
	sqlite3_finalize(statement);
	return error;
}

static void add_block(struct thinning *thinning, sqlite3_stmt *row)
{
	struct series_source source = {
		.bytes = sqlite3_column_blob(row, 1),
		.num_bytes = (size_t)sqlite3_column_bytes(row, 1),
	};
	struct series series;
	struct summary summary;

	if (!source.bytes || !series_open(&series, sqlite3_column_int64(row, 0), &source))
		return;
	while (series_get(&series, &source, &summary))
		thinning_add(thinning, &summary);
}

static int put_thinned(void *context, const struct thinning_block *block)
{
	return insert(context, SERIES_SUMMARIES, block);
}

/* Puts summaries in the place of the sensor's readings before that time. */
static int thin_before(struct work *work, int64_t end_ms)
{
	struct thinning thinning = { .put = put_thinned, .context = work };
	int error, result;
	sqlite3_stmt *statement =
		prepare(work,
			"SELECT start_ms,block FROM archive WHERE sensor=?1 AND level=0"
			" AND start_ms<?2 ORDER BY start_ms",
			&error);

	if (error)
		return error;
	sqlite3_bind_text(statement, 1, work->sensor_id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, end_ms);
	while ((result = sqlite3_step(statement)) == SQLITE_ROW)
		add_block(&thinning, statement);
	if (result != SQLITE_DONE)
		error = sql_fail(work->db, work->reason);
	sqlite3_finalize(statement);
	if (!error)
		error = thinning_end(&thinning);
	if (error)
		return error;
	statement = prepare(work,
			    "DELETE FROM archive WHERE sensor=?1 AND level=0"
			    " AND start_ms<?2",
			    &error);
	if (error)
		return error;
	sqlite3_bind_text(statement, 1, work->sensor_id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, end_ms);
	return finish(work, statement);
}

/* Thins the sensor's oldest day of readings, where that ended a day ago. Returns whether it
 * did, or a negative errno. */
static int thin_oldest_day(struct work *work, int64_t now_ms)
{
	int64_t start_ms, end_ms;
	int error = first_start(work, &start_ms);

	if (error || start_ms > now_ms - DAY_MS)
		return error;
	end_ms = start_ms - start_ms % DAY_MS + DAY_MS;
	if (end_ms > now_ms - DAY_MS)
		return 0;
	error = thin_before(work, end_ms);
	return error ? error : 1;
}

static int thin_some(const struct work *work, int64_t now_ms)
{
	char id[DATABASE_MAX_ID] = "";
	struct work thin = { work->db, id, work->reason };
	int num_thinned = 0, result;

	while (num_thinned < MAX_THINNED && (result = next_sensor(&thin, id)) > 0) {
		result = thin_oldest_day(&thin, now_ms);
		if (result < 0)
			return result;
		num_thinned += result;
	}
	return num_thinned < MAX_THINNED ? result : 0;
}

int database_archive_write(struct database *database,
			   const struct database_archive_job *job,
			   char reason[DATABASE_MAX_REASON])
{
	struct work work = { .db = database->db, .reason = reason };
	int64_t expired_ms = job->now_ms - (int64_t)job->max_age_ms;
	/* Charts are not worth a wait for the disk. */
	int error = database_begin(database, false, reason);

	if (!error)
		error = insert_all(&work, job->blocks, job->num_blocks);
	if (!error)
		error = run_with_time(&work, "DELETE FROM archive WHERE end_ms<?",
				      expired_ms);
	if (!error)
		error = thin_some(&work, job->now_ms);
	if (!error)
		error = drop_oldest(&work, job->max_bytes);
	return sql_end(database->db, error, reason);
}

int database_archive_clear(struct database *database, char reason[DATABASE_MAX_REASON])
{
	int64_t is_any;
	int error =
		sql_query(database->db, "SELECT 1 FROM archive LIMIT 1", &is_any, reason);

	if (error || !is_any)
		return error;
	error = database_begin(database, false, reason);
	if (!error)
		error = sql_execute(database->db, "DELETE FROM archive", reason);
	return sql_end(database->db, error, reason);
}

int database_archive_load(struct database *database,
			  struct database_archive_cursor *cursor, int max_blocks,
			  void (*take)(void *context, int64_t start_ms, const void *bytes,
				       size_t num_bytes),
			  void *context, char reason[DATABASE_MAX_REASON])
{
	const struct work work = { .db = database->db, .reason = reason };
	int error, result, num_blocks = 0;
	sqlite3_stmt *statement =
		prepare(&work,
			"SELECT level,start_ms,block FROM archive WHERE sensor=?1"
			" AND (level,start_ms)>(?2,?3) AND start_ms<=?4 AND end_ms>=?5"
			" ORDER BY level,start_ms LIMIT ?6",
			&error);

	if (error)
		return error;
	sqlite3_bind_text(statement, 1, cursor->sensor_id, -1, SQLITE_STATIC);
	sqlite3_bind_int(statement, 2, cursor->level);
	sqlite3_bind_int64(statement, 3, cursor->start_ms);
	sqlite3_bind_int64(statement, 4, cursor->until_ms);
	sqlite3_bind_int64(statement, 5, cursor->since_ms);
	sqlite3_bind_int(statement, 6, max_blocks);
	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		cursor->level = sqlite3_column_int(statement, 0);
		cursor->start_ms = sqlite3_column_int64(statement, 1);
		take(context, cursor->start_ms, sqlite3_column_blob(statement, 2),
		     (size_t)sqlite3_column_bytes(statement, 2));
		num_blocks++;
	}
	if (result != SQLITE_DONE)
		error = sql_fail(database->db, reason);
	sqlite3_finalize(statement);
	return error ? error : num_blocks;
}
