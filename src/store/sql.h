/* SPDX-License-Identifier: MIT */
/* The database from inside: SQLite's calls as we make them, and what the files that make them
 * share. What it refuses comes as a negative errno, with its words in `reason`.
 *
 * Threads: as database.h.
 */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "store/database.h"

enum { DATABASE_STATEMENTS = 9 };

struct database {
	sqlite3 *db; /* owned */
	struct meter *meter; /* owned; db goes through it */
	sqlite3_stmt *prepared[DATABASE_STATEMENTS]; /* owned; database.c's */
	bool is_synced; /* how commits are set to be */
};

/* Begins a transaction. is_synced: its commit waits for the disk. */
must_check int database_begin(struct database *database, bool is_synced,
			      char reason[DATABASE_MAX_REASON]);

/* Notes in words what SQLite refused, and returns it as an errno. */
must_check int sql_fail(sqlite3 *db, char reason[DATABASE_MAX_REASON]);

/* Runs statements that give no rows. */
must_check int sql_execute(sqlite3 *db, const char *sql,
			   char reason[DATABASE_MAX_REASON]);

/* The number that a query gives; 0 where it gives none. */
must_check int sql_query(sqlite3 *db, const char *sql, int64_t *out,
			 char reason[DATABASE_MAX_REASON]);

/* Ends a transaction: with a commit where there is no error so far. Returns that error, or
 * what the commit has. */
must_check int sql_end(sqlite3 *db, int error, char reason[DATABASE_MAX_REASON]);

#endif
