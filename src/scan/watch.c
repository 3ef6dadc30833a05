/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/watch.h"

#include "base/clock.h"
#include "scan/scan.h"
#include "scan/watch_internal.h"

static const char schema_sql[] =
	"CREATE TABLE image(n INTEGER PRIMARY KEY, name TEXT UNIQUE, digest TEXT, since INTEGER);"
	/* A package as the matcher wants it: its members but for where it stands in the image. */
	"CREATE TABLE package(n INTEGER PRIMARY KEY, ecosystem TEXT, text TEXT,"
	" UNIQUE(ecosystem, text));"
	"CREATE TABLE has(image INTEGER, package INTEGER, PRIMARY KEY(image, package))"
	" WITHOUT ROWID;"
	"CREATE INDEX has_package ON has(package, image);"
	/* What was found in a package before: all images that have it were told then, or had it
	 * when they were added. */
	"CREATE TABLE seen(package INTEGER, advisory TEXT, PRIMARY KEY(package, advisory))"
	" WITHOUT ROWID;"
	"CREATE TABLE told(image INTEGER, advisory TEXT, PRIMARY KEY(image, advisory))"
	" WITHOUT ROWID;"
	"CREATE TABLE pending(n INTEGER PRIMARY KEY AUTOINCREMENT, made INTEGER, body TEXT);";

void watch_close(struct watch *w)
{
	if (!w)
		return;
	(void)sqlite3_close(w->db); /* rolls back */
	if (w->lock >= 0)
		(void)close(w->lock);
	free(w);
}

static int get_number(sqlite3 *db, const char *sql, int64_t *ret, struct err *e)
{
	auto_stmt *st = NULL;
	int r = sql_prepare(db, sql, &st, e);

	r = r < 0 ? r : sql_step(st, e);
	*ret = r > 0 ? sqlite3_column_int64(st, 0) : 0;
	return r < 0 ? r : 0;
}

static int make_schema(sqlite3 *db, struct err *e)
{
	char pragmas[128];
	int r;

	(void)snprintf(pragmas, sizeof(pragmas),
		       "PRAGMA application_id = %d; PRAGMA user_version = %d;", WATCH_DB_ID,
		       WATCH_DB_SCHEMA);
	r = sql_exec(db, schema_sql, e);
	return r < 0 ? r : sql_exec(db, pragmas, e);
}

/* Within the transaction, so that two who make it do not meet. */
static int check_schema(sqlite3 *db, struct err *e)
{
	int64_t id, schema;
	int r = get_number(db, "PRAGMA application_id", &id, e);

	r = r < 0 ? r : get_number(db, "PRAGMA user_version", &schema, e);
	if (r < 0)
		return r;
	if (id == 0 && schema == 0)
		return make_schema(db, e);
	if (id != WATCH_DB_ID || schema != WATCH_DB_SCHEMA)
		return FAIL(e, E_FORMAT, "not a list of watched images of schema %d",
			    WATCH_DB_SCHEMA);
	return 0;
}

static int open_db(struct watch *w, struct err *e)
{
	auto_buf path = BUF_INIT(8192);
	int r;

	buf_printf(&path, "%s/" WATCH_DB, w->state->path);
	r = buf_check(&path, "a path", e);
	if (r < 0)
		return r;
	if (sqlite3_open_v2(buf_str(&path), &w->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW,
			    NULL) != SQLITE_OK)
		return w->db ? sql_fail(w->db, buf_str(&path), e) : FAIL_NOMEM(e);
	r = sql_exec(w->db,
		     "PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; BEGIN IMMEDIATE", e);
	r = r < 0 ? r : check_schema(w->db, e);
	if (r < 0)
		r = err_hint(e, WRAP(e, r, "%s", buf_str(&path)),
			     "rm %s && plimsoll watch add IMAGE...", buf_str(&path));
	return r;
}

int watch_open(struct watch **ret, const struct state *state, bool make, struct err *e)
{
	auto_release(watch_close) struct watch *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return FAIL_NOMEM(e);
	w->state = state;
	w->lock = -1;
	if (!make && !fs_exists(state->fd, WATCH_DB))
		return err_hint(e, FAIL(e, E_NOTFOUND, "no image is watched"),
				"plimsoll watch add IMAGE...");
	w->lock = fs_lock(state->fd, "watch.lock", 60 * 1000, e);
	if (w->lock < 0)
		return WRAP(e, w->lock, "the watched images are in use");
	r = open_db(w, e);
	if (r < 0)
		return r;
	*ret = TAKE(w);
	return 0;
}

int watch_commit(struct watch *w, struct err *e)
{
	return sql_exec(w->db, "COMMIT; BEGIN IMMEDIATE", e);
}

static int find_image(struct watch *w, const char *name, int64_t *ret, struct err *e)
{
	auto_stmt *st = NULL;
	int r = sql_prepare(w->db, "SELECT n FROM image WHERE name = ?1", &st, e);

	r = r < 0 ? r : sql_bind(st, e, "s", name);
	r = r < 0 ? r : sql_step(st, e);
	if (r > 0)
		*ret = sqlite3_column_int64(st, 0);
	return r;
}

static int run_for(struct watch *w, const char *sql, int64_t n, struct err *e)
{
	auto_stmt *st = NULL;
	int r = sql_prepare(w->db, sql, &st, e);

	return r < 0 ? r : sql_run(st, e, "i", n);
}

/* Takes its packages from an image. What nobody else has is forgotten. */
static int drop_packages(struct watch *w, int64_t image, struct err *e)
{
	static const char *const steps[] = {
		"CREATE TEMP TABLE IF NOT EXISTS gone(n INTEGER PRIMARY KEY)",
		"DELETE FROM gone",
		"INSERT INTO gone SELECT package FROM has WHERE image = ?1",
		"DELETE FROM has WHERE image = ?1",
		"DELETE FROM gone WHERE EXISTS (SELECT 1 FROM has WHERE package = n)",
		"DELETE FROM seen WHERE package IN (SELECT n FROM gone)",
		"DELETE FROM package WHERE n IN (SELECT n FROM gone)",
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps) && r == 0; i++)
		r = strstr(steps[i], "?1") ? run_for(w, steps[i], image, e)
					   : sql_exec(w->db, steps[i], e);
	return r;
}

int watch_remove(struct watch *w, const char *name, struct err *e)
{
	int64_t n;
	int r = find_image(w, name, &n, e);

	if (r == 0)
		return err_hint(e, FAIL(e, E_NOTFOUND, "'%.200s' is not watched", name),
				"plimsoll watch list");
	r = r < 0 ? r : drop_packages(w, n, e);
	r = r < 0 ? r : run_for(w, "DELETE FROM told WHERE image = ?1", n, e);
	return r < 0 ? r : run_for(w, "DELETE FROM image WHERE n = ?1", n, e);
}

static int put_image(struct watch *w, const char *name, const char *digest, int64_t now,
		     int64_t *ret, struct err *e)
{
	auto_stmt *st = NULL;
	int64_t images;
	int r = get_number(w->db, "SELECT count(*) FROM image", &images, e);

	if (r == 0 && images >= LIMIT_WATCH_IMAGES)
		r = FAIL(e, E_USAGE, "more than %d images", LIMIT_WATCH_IMAGES);
	if (r == 0 && (!*name || strlen(name) > LIMIT_WATCH_NAME || !str_utf8(str_of(name))))
		r = FAIL(e, E_USAGE, "not a name to watch an image under");
	r = r < 0 ? r
		  : sql_prepare(w->db,
				"INSERT INTO image(name, digest, since) VALUES(?1, ?2, ?3)"
				" ON CONFLICT(name) DO UPDATE SET digest = ?2",
				&st, e);
	r = r < 0 ? r : sql_run(st, e, "ssi", name, digest, now);
	r = r < 0 ? r : find_image(w, name, ret, e);
	return r < 0 ? r : drop_packages(w, *ret, e);
}

struct adding {
	struct watch *w;
	int64_t image;
	sqlite3_stmt *put_package, *find_package, *put_has, *put_seen, *put_told;
};

static void adding_release(struct adding *a)
{
	sqlite3_stmt *const all[] = { a->put_package, a->find_package, a->put_has, a->put_seen,
				      a->put_told };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		(void)sqlite3_finalize(all[i]);
}

static int prepare(struct adding *a, struct err *e)
{
	const struct {
		sqlite3_stmt **st;
		const char *sql;
	} all[] = {
		{ &a->put_package,
		  "INSERT OR IGNORE INTO package(ecosystem, text) VALUES(?1, ?2)" },
		{ &a->find_package, "SELECT n FROM package WHERE ecosystem = ?1 AND text = ?2" },
		{ &a->put_has, "INSERT OR IGNORE INTO has VALUES(?1, ?2)" },
		{ &a->put_seen, "INSERT OR IGNORE INTO seen VALUES(?1, ?2)" },
		{ &a->put_told, "INSERT OR IGNORE INTO told VALUES(?1, ?2)" },
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all) && r == 0; i++)
		r = sql_prepare(a->w->db, all[i].sql, all[i].st, e);
	return r;
}

/* A copy without what differs from image to image. */
static int put_package(struct adding *a, const char *ecosystem, const json_t *package,
		       json_t *packages, struct err *e)
{
	auto_json *copy = json_copy((json_t *)(uintptr_t)package);
	auto_buf text = BUF_INIT(1024 * 1024);
	int64_t n;
	int r;

	if (!copy)
		return FAIL_NOMEM(e);
	(void)json_object_del(copy, "layer");
	(void)json_object_del(copy, "path");
	(void)json_object_del(copy, "license");
	r = json_canonical(copy, &text, e);
	r = r < 0 ? r : buf_check(&text, "a package", e);
	r = r < 0 ? r : sql_run(a->put_package, e, "ss", ecosystem, buf_str(&text));
	r = r < 0 ? r : sql_bind(a->find_package, e, "ss", ecosystem, buf_str(&text));
	r = r < 0 ? r : sql_step(a->find_package, e);
	n = r > 0 ? sqlite3_column_int64(a->find_package, 0) : 0;
	(void)sqlite3_reset(a->find_package);
	r = r < 0 ? r : sql_run(a->put_has, e, "ii", a->image, n);
	r = r < 0 ? r : json_put(copy, "n", json_integer(n), e);
	return r < 0 ? r : json_push(packages, TAKE(copy), e);
}

static int note_found(void *arg, int64_t package, const char *advisory, const json_t *finding,
		      struct err *e)
{
	struct adding *a = arg;
	int r = sql_run(a->put_seen, e, "is", package, advisory);

	(void)finding;
	return r < 0 ? r : sql_run(a->put_told, e, "is", a->image, advisory);
}

/*
 * What another image has too may have findings that nobody was told of yet, since the advisories
 * changed and were not matched: those are not marked as seen here, or nobody would ever be.
 */
static int note_told(void *arg, int64_t package, const char *advisory, const json_t *finding,
		     struct err *e)
{
	struct adding *a = arg;
	int64_t others;
	auto_stmt *st = NULL;
	int r = sql_prepare(a->w->db, "SELECT count(*) FROM has WHERE package = ?1 AND image <> ?2",
			    &st, e);

	r = r < 0 ? r : sql_bind(st, e, "ii", package, a->image);
	r = r < 0 ? r : sql_step(st, e);
	if (r < 0)
		return r;
	others = sqlite3_column_int64(st, 0);
	return others ? sql_run(a->put_told, e, "is", a->image, advisory)
		      : note_found(arg, package, advisory, finding, e);
}

static int put_list(struct adding *a, const json_t *list, struct err *e)
{
	const char *ecosystem = json_string_or_null(list, "ecosystem");
	auto_json *packages = json_array();
	size_t i;
	json_t *package;
	int r = packages ? prepare(a, e) : FAIL_NOMEM(e);

	ecosystem = ecosystem ? ecosystem : "";
	json_array_foreach(json_object_get(list, "packages"), i, package) r =
		r < 0 ? r : put_package(a, ecosystem, package, packages, e);
	return r < 0 ? r : watch_find(a->w, ecosystem, packages, note_told, a, e);
}

int watch_add(struct watch *w, const char *name, const char *digest, const json_t *list,
	      int64_t now, uint64_t *ret_told, struct err *e)
{
	__attribute__((cleanup(adding_release))) struct adding a = { .w = w };
	auto_stmt *count = NULL;
	const char *schema;
	int r = json_get_string(list, "schema", &schema, "package list", e);

	if (r == 0 && strcmp(schema, SCAN_LIST_SCHEMA) != 0)
		r = FAIL(e, E_FORMAT, "package list: schema '%.80s'", schema);
	r = r < 0 ? r : put_image(w, name, digest, now, &a.image, e);
	r = r < 0 ? r : put_list(&a, list, e);
	r = r < 0 ? r : sql_prepare(w->db, "SELECT count(*) FROM told WHERE image = ?1", &count, e);
	r = r < 0 ? r : sql_bind(count, e, "i", a.image);
	r = r < 0 ? r : sql_step(count, e);
	if (r < 0)
		return r;
	*ret_told = (uint64_t)sqlite3_column_int64(count, 0);
	return 0;
}

int watch_list(struct watch *w, json_t **ret, struct err *e)
{
	auto_json *list = json_array();
	auto_stmt *st = NULL;
	int r = sql_prepare(w->db,
			    "SELECT name, digest, since,"
			    " (SELECT count(*) FROM has WHERE image = n),"
			    " (SELECT count(*) FROM told WHERE image = n) FROM image ORDER BY name",
			    &st, e);

	if (!list)
		return FAIL_NOMEM(e);
	while (r >= 0 && (r = sql_step(st, e)) > 0) {
		char since[RFC3339_MAX];

		clock_rfc3339(sqlite3_column_int64(st, 2), since);
		r = json_push(list,
			      json_pack("{ss ss ss sI sI}", "image", sql_text(st, 0), "digest",
					sql_text(st, 1), "since", since, "packages",
					(json_int_t)sqlite3_column_int64(st, 3), "advisories",
					(json_int_t)sqlite3_column_int64(st, 4)),
			      e);
	}
	if (r == 0)
		*ret = TAKE(list);
	return r;
}

int watch_pend(struct watch *w, const char *body, int64_t now, struct err *e)
{
	auto_stmt *st = NULL;
	int r = sql_prepare(w->db, "INSERT INTO pending(made, body) VALUES(?1, ?2)", &st, e);

	return r < 0 ? r : sql_run(st, e, "is", now, body);
}

int watch_pending(struct watch *w, int64_t after, int64_t *ret_n, char **ret_body, struct err *e)
{
	auto_stmt *st = NULL;
	int r = sql_prepare(w->db, "SELECT n, body FROM pending WHERE n > ?1 ORDER BY n LIMIT 1",
			    &st, e);

	r = r < 0 ? r : sql_bind(st, e, "i", after);
	r = r < 0 ? r : sql_step(st, e);
	if (r <= 0)
		return r;
	*ret_n = sqlite3_column_int64(st, 0);
	*ret_body = strdup(sql_text(st, 1));
	return *ret_body ? 1 : FAIL_NOMEM(e);
}

int watch_sent(struct watch *w, int64_t n, struct err *e)
{
	return run_for(w, "DELETE FROM pending WHERE n = ?1", n, e);
}

int watch_pending_count(struct watch *w, uint64_t *ret, struct err *e)
{
	int64_t n;
	int r = get_number(w->db, "SELECT count(*) FROM pending", &n, e);

	*ret = (uint64_t)n;
	return r;
}
