/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/sql.h"

#include <stdarg.h>
#include <string.h>

#include "base/buf.h"

int sql_fail(sqlite3 *db, const char *what, struct err *e)
{
	int code = sqlite3_errcode(db) & 0xff;

	if (code == SQLITE_NOMEM)
		return FAIL_NOMEM(e);
	return FAIL(e, code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? E_FORMAT : E_SYSTEM,
		    "%s: SQLite: %s", what, sqlite3_errmsg(db));
}

int sql_exec(sqlite3 *db, const char *sql, struct err *e)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return sql_fail(db, "advisories", e);
	return 0;
}

int sql_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret, struct err *e)
{
	if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL) != SQLITE_OK)
		return sql_fail(db, "advisories", e);
	return 0;
}

int sql_bind(sqlite3_stmt *st, struct err *e, const char *types, ...)
{
	int failed = SQLITE_OK;
	va_list ap;

	va_start(ap, types);
	for (int i = 0; types[i] && failed == SQLITE_OK; i++) {
		if (types[i] == 's')
			failed = sqlite3_bind_text(st, i + 1, va_arg(ap, const char *), -1,
						   SQLITE_STATIC);
		else if (types[i] == 'b') {
			const struct str blob = va_arg(ap, struct str);

			failed = sqlite3_bind_blob64(st, i + 1, blob.p ? blob.p : "", blob.n,
						     SQLITE_STATIC);
		} else
			failed = sqlite3_bind_int64(st, i + 1, va_arg(ap, int64_t));
	}
	va_end(ap);
	return failed == SQLITE_OK ? 0 : sql_fail(sqlite3_db_handle(st), "advisories", e);
}

int sql_step(sqlite3_stmt *st, struct err *e)
{
	switch (sqlite3_step(st)) {
	case SQLITE_ROW: return 1;
	case SQLITE_DONE: return 0;
	default: return sql_fail(sqlite3_db_handle(st), "advisories", e);
	}
}

const char *sql_text(sqlite3_stmt *st, int column)
{
	const unsigned char *s = sqlite3_column_text(st, column);

	return s ? (const char *)s : "";
}

struct str sql_blob(sqlite3_stmt *st, int column)
{
	const void *p = sqlite3_column_blob(st, column);
	const int n = sqlite3_column_bytes(st, column);

	return p && n > 0 ? (struct str){ p, (size_t)n } : STR("");
}

char *sql_uri(const char *path, const char *query)
{
	auto_buf b = BUF_INIT(16 * 1024);

	buf_puts(&b, "file:");
	for (; *path; path++)
		if (strchr("%?#", *path))
			buf_printf(&b, "%%%02x", (unsigned)(unsigned char)*path);
		else
			buf_putc(&b, *path);
	buf_printf(&b, "?%s", query);
	return buf_take(&b);
}
