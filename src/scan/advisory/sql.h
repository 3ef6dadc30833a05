/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sqlite3.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"

/* The few calls that the advisory database makes of SQLite, with our errors. */
DEFINE_RELEASE(sqlite3_stmt *, sqlite3_finalize, NULL)
#define auto_stmt auto_release(sqlite3_finalize) sqlite3_stmt

int sql_fail(sqlite3 *db, const char *what, struct err *e);
int sql_exec(sqlite3 *db, const char *sql, struct err *e);
int sql_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret, struct err *e);
/* Binds by the letters of types: s const char *, i int64_t, b struct str as a blob. Texts must
 * outlive the step. */
int sql_bind(sqlite3_stmt *st, struct err *e, const char *types, ...);
/* 1 a row, 0 done. */
int sql_step(sqlite3_stmt *st, struct err *e);
/* Binds, steps to the end and resets. */
#define sql_run(st, e, ...)                                                                        \
	__extension__({                                                                            \
		int sql_r_ = sql_bind(st, e, __VA_ARGS__);                                         \
		sql_r_ = sql_r_ < 0 ? sql_r_ : sql_step(st, e);                                    \
		(void)sqlite3_reset(st);                                                           \
		sql_r_ < 0 ? sql_r_ : 0;                                                           \
	})
/* Text of a column, "" for NULL. */
const char *sql_text(sqlite3_stmt *st, int column);

/* Bytes of a column, borrowed until the next step; none for NULL. */
struct str sql_blob(sqlite3_stmt *st, int column);

/* "file:<path, escaped>?<query>". Owned; NULL is out of memory. */
char *sql_uri(const char *path, const char *query);
