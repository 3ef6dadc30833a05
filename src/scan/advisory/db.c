/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/db.h"

#include <fcntl.h>

#include "base/clock.h"
#include "scan/advisory/sql.h"

struct advisory_db {
	sqlite3 *db;
	sqlite3_stmt *rows, *covers, *facts;
};

static const char rows_sql[] =
	"SELECT a.id, a.aliases, a.title, f.ranges, a.severity, a.score, f.status, f.vector,"
	" u.name, u.source, u.url FROM affected f JOIN advisory a ON a.n = f.advisory"
	" JOIN unit u ON u.n = f.unit"
	" WHERE f.ecosystem = (SELECT n FROM ecosystem WHERE name = ?1) AND f.package = ?2";
static const char facts_sql[] =
	"SELECT kev, ransomware, epss, pct FROM fact WHERE id = ?1 ORDER BY unit";
static const char covers_sql[] = "SELECT 1 FROM ecosystem WHERE name = ?1";

void advisory_db_close(struct advisory_db *db)
{
	if (!db)
		return;
	(void)sqlite3_finalize(db->rows);
	(void)sqlite3_finalize(db->covers);
	(void)sqlite3_finalize(db->facts);
	(void)sqlite3_close(db->db);
	free(db);
}

static int get_pragma(sqlite3 *db, const char *sql, int64_t *ret, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int r = sql_prepare(db, sql, &st, e);

	r = r < 0 ? r : sql_step(st, e);
	if (r > 0)
		*ret = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	return r < 0 ? r : 0;
}

static int check_schema(sqlite3 *db, struct err *e)
{
	int64_t id = 0, schema = 0;
	int r = get_pragma(db, "PRAGMA application_id", &id, e);

	r = r < 0 ? r : get_pragma(db, "PRAGMA user_version", &schema, e);
	if (r < 0)
		return r;
	if (id != ADVISORY_DB_ID || schema != ADVISORY_DB_SCHEMA)
		return FAIL(e, E_FORMAT, "not an advisory database of schema %d",
			    ADVISORY_DB_SCHEMA);
	return 0;
}

static int open_at(struct advisory_db *db, const char *path, struct err *e)
{
	auto_free char *uri = sql_uri(path, "immutable=1");
	int r;

	if (!uri)
		return FAIL_NOMEM(e);
	if (sqlite3_open_v2(uri, &db->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) !=
	    SQLITE_OK)
		return db->db ? sql_fail(db->db, "open", e) : FAIL_NOMEM(e);
	r = check_schema(db->db, e);
	r = r < 0 ? r : sql_prepare(db->db, rows_sql, &db->rows, e);
	r = r < 0 ? r : sql_prepare(db->db, facts_sql, &db->facts, e);
	return r < 0 ? r : sql_prepare(db->db, covers_sql, &db->covers, e);
}

int advisory_db_open(struct advisory_db **ret, const struct state *state, struct err *e)
{
	auto_release(advisory_db_close) struct advisory_db *db = NULL;
	auto_buf path = BUF_INIT(8192);
	int r;

	if (!fs_exists(state->fd, ADVISORY_DB)) {
		r = FAIL(e, E_NOTFOUND, "no advisories in %s", state->path);
		return err_hint(e, r, "plimsoll advisories import FILE...");
	}
	db = calloc(1, sizeof(*db));
	if (!db)
		return FAIL_NOMEM(e);
	buf_printf(&path, "%s/" ADVISORY_DB, state->path);
	r = open_at(db, buf_str(&path), e);
	if (r < 0) {
		r = WRAP(e, r, "%s", buf_str(&path));
		return err_hint(e, r, "rm %s && plimsoll advisories import FILE...",
				buf_str(&path));
	}
	*ret = TAKE(db);
	return 0;
}

static int show_row(sqlite3_stmt *st, advisory_row_fn fn, void *arg, struct err *e)
{
	struct advisory_row row = {
		.id = sql_text(st, 0),
		.aliases = sql_text(st, 1),
		.title = sql_text(st, 2),
		.severity = sqlite3_column_int(st, 4),
		.score = sqlite3_column_int(st, 5),
		.status = sql_text(st, 6),
		.vector = sql_text(st, 7),
		.unit = sql_text(st, 8),
		.source = sql_text(st, 9),
		.url = sql_text(st, 10),
	};
	const char *text = sql_text(st, 3);
	auto_ranges ranges = { 0 };
	auto_json *j = NULL;
	int r = json_parse(text, strlen(text), "advisories", &j, e);

	r = r < 0 ? r : ranges_of_json(j, &ranges, e);
	row.ranges = &ranges;
	return r < 0 ? r : fn(arg, &row, e);
}

int advisory_db_rows(struct advisory_db *db, const char *ecosystem, const char *package,
		     advisory_row_fn fn, void *arg, struct err *e)
{
	sqlite3_stmt *st = db->rows;
	int r = sql_bind(st, e, "ss", ecosystem, package);

	while (r >= 0 && (r = sql_step(st, e)) > 0)
		r = show_row(st, fn, arg, e);
	(void)sqlite3_reset(st);
	return r < 0 ? r : 0;
}

int advisory_db_fill(struct advisory_db *db, struct advisory_row *row, struct err *e)
{
	(void)db, (void)row, (void)e;
	return 0;
}

int advisory_db_fact(struct advisory_db *db, const char *id, struct advisory_fact *ret,
		     struct err *e)
{
	struct advisory_fact f = { .epss_ppm = -1, .pct_ppm = -1 };
	int r = sql_bind(db->facts, e, "s", id);

	while (r >= 0 && (r = sql_step(db->facts, e)) > 0) {
		const char *kev = sql_text(db->facts, 0);

		if (*kev) {
			f.exploited = true;
			(void)snprintf(f.kev_date, sizeof(f.kev_date), "%.10s", kev);
		}
		f.ransomware |= sqlite3_column_int(db->facts, 1) != 0;
		if (sqlite3_column_int(db->facts, 2) >= 0) {
			f.epss_ppm = sqlite3_column_int(db->facts, 2);
			f.pct_ppm = sqlite3_column_int(db->facts, 3);
		}
	}
	(void)sqlite3_reset(db->facts);
	if (r < 0)
		return r;
	*ret = f;
	return 0;
}

int advisory_db_covers(struct advisory_db *db, const char *ecosystem, bool *ret, struct err *e)
{
	int r = sql_bind(db->covers, e, "s", ecosystem);

	r = r < 0 ? r : sql_step(db->covers, e);
	(void)sqlite3_reset(db->covers);
	if (r < 0)
		return r;
	*ret = r > 0;
	return 0;
}

int advisory_db_date(struct advisory_db *db, int64_t *ret, struct err *e)
{
	return get_pragma(db->db, "SELECT coalesce(max(imported), 0) FROM source", ret, e);
}

static int put_time(json_t *o, const char *key, int64_t t, struct err *e)
{
	char text[RFC3339_MAX];

	if (t <= 0)
		return 0;
	clock_rfc3339(t, text);
	return json_put_string(o, key, text, e);
}

int advisory_db_sources(struct advisory_db *db, json_t **ret, struct err *e)
{
	auto_json *list = json_array();
	auto_stmt *st = NULL;
	int r = sql_prepare(db->db,
			    "SELECT name, advisories, newest, imported FROM source ORDER BY name",
			    &st, e);

	if (!list)
		return FAIL_NOMEM(e);
	while (r >= 0 && (r = sql_step(st, e)) > 0) {
		auto_json *o = json_object();

		if (!o)
			return FAIL_NOMEM(e);
		r = json_put_string(o, "source", sql_text(st, 0), e);
		r = r < 0 ? r
			  : json_put(o, "advisories", json_integer(sqlite3_column_int64(st, 1)), e);
		r = r < 0 ? r : put_time(o, "newest", sqlite3_column_int64(st, 2), e);
		r = r < 0 ? r : put_time(o, "imported", sqlite3_column_int64(st, 3), e);
		r = r < 0 ? r : json_push(list, TAKE(o), e);
	}
	if (r < 0)
		return r;
	*ret = TAKE(list);
	return 0;
}
