/* SPDX-License-Identifier: MIT */
#include "store/sql.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int error_of(sqlite3 *db)
{
	int system_error = sqlite3_system_errno(db);

	switch (sqlite3_errcode(db) & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EBADMSG;
	default:
		return system_error > 0 ? -system_error : -EIO;
	}
}

int sql_fail(sqlite3 *db, char reason[DATABASE_MAX_REASON])
{
	int error = error_of(db);
	int system_error = sqlite3_system_errno(db);

	snprintf(reason, DATABASE_MAX_REASON, "%s%s%s", sqlite3_errmsg(db),
		 system_error > 0 ? ": " : "",
		 system_error > 0 ? strerror(system_error) : "");
	return error;
}

int sql_execute(sqlite3 *db, const char *sql, char reason[DATABASE_MAX_REASON])
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK
		       ? 0
		       : sql_fail(db, reason);
}

int sql_query(sqlite3 *db, const char *sql, int64_t *out,
	      char reason[DATABASE_MAX_REASON])
{
	sqlite3_stmt *statement;
	int error = 0;

	*out = 0;
	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		return sql_fail(db, reason);
	switch (sqlite3_step(statement)) {
	case SQLITE_ROW:
		*out = sqlite3_column_int64(statement, 0);
		break;
	case SQLITE_DONE:
		break;
	default:
		error = sql_fail(db, reason);
	}
	sqlite3_finalize(statement);
	return error;
}

int sql_end(sqlite3 *db, int error, char reason[DATABASE_MAX_REASON])
{
	if (!error)
		error = sql_execute(db, "COMMIT", reason);
	if (error && !sqlite3_get_autocommit(db))
		(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return error;
}
