/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/finding.h"
#include "scan/watch_internal.h"

static int put_score(json_t *o, int score, struct err *e)
{
	return score < 0 ? 0 : json_put(o, "score", json_real(score / 10.0), e);
}

/* What is told of a finding. */
static int describe(const struct finding *f, json_t **ret, struct err *e)
{
	auto_json *o = json_pack("{ss ss ss ss sb}", "advisory", f->advisory, "package",
				 json_string_or_null(f->package, "name"), "version",
				 json_string_or_null(f->package, "version"), "severity",
				 severity_name(f->severity), "exploited", f->exploited);
	int r = o ? 0 : FAIL_NOMEM(e);

	if (r == 0 && *f->fixed)
		r = json_put_string(o, "fixed", f->fixed, e);
	if (r == 0 && *f->title)
		r = json_put_string(o, "title", f->title, e);
	if (r == 0 && *f->aliases)
		r = json_put_string(o, "aliases", f->aliases, e);
	r = r < 0 ? r : put_score(o, f->score, e);
	if (r == 0)
		*ret = TAKE(o);
	return r;
}

int watch_find(struct watch *w, const char *ecosystem, json_t *packages, watch_found_fn fn,
	       void *arg, struct err *e)
{
	auto_release(advisory_db_close) struct advisory_db *db = NULL;
	auto_report report = { 0 };
	int r;

	if (!fs_exists(w->state->fd, ADVISORY_DB))
		return 0;
	report.list = json_pack("{ss ss sO}", "schema", SCAN_LIST_SCHEMA, "ecosystem", ecosystem,
				"packages", packages);
	r = report.list ? advisory_db_open(&db, w->state, e) : FAIL_NOMEM(e);
	r = r < 0 ? r : findings_collect(db, &report, e);
	for (size_t i = 0; i < report.findings_n && r == 0; i++) {
		const struct finding *f = &report.findings[i];
		const int64_t n = json_integer_value(json_object_get(f->package, "n"));
		auto_json *told = NULL;

		r = describe(f, &told, e);
		r = r < 0 ? r : fn(arg, n, f->advisory, told, e);
	}
	return r;
}

struct matching {
	json_t *news; /* name of an image -> what is news for it */
	sqlite3_stmt *put_seen, *images, *put_told;
	sqlite3 *db;
};

static void matching_release(struct matching *m)
{
	json_decref(m->news);
	(void)sqlite3_finalize(m->put_seen);
	(void)sqlite3_finalize(m->images);
	(void)sqlite3_finalize(m->put_told);
}

static int add_news(struct matching *m, const json_t *finding, struct err *e)
{
	const char *name = sql_text(m->images, 1);
	json_t *image = json_object_get(m->news, name);
	int r = 0;

	if (!image) {
		image = json_pack("{ss ss s[]}", "image", name, "digest", sql_text(m->images, 2),
				  "findings");
		r = json_put(m->news, name, image, e);
	}
	return r < 0 ? r
		     : json_push(json_object_get(image, "findings"),
				 json_incref((json_t *)(uintptr_t)finding), e);
}

/* The images that have the package, but those that were told of it for another one. */
static int tell_images(struct matching *m, int64_t package, const char *advisory,
		       const json_t *finding, struct err *e)
{
	int r = sql_bind(m->images, e, "i", package);

	while (r >= 0 && (r = sql_step(m->images, e)) > 0) {
		r = sql_run(m->put_told, e, "is", sqlite3_column_int64(m->images, 0), advisory);
		if (r == 0 && sqlite3_changes(m->db))
			r = add_news(m, finding, e);
	}
	(void)sqlite3_reset(m->images);
	return r;
}

static int got_found(void *arg, int64_t package, const char *advisory, const json_t *finding,
		     struct err *e)
{
	struct matching *m = arg;
	int r = sql_run(m->put_seen, e, "is", package, advisory);

	if (r < 0 || !sqlite3_changes(m->db))
		return r;
	return tell_images(m, package, advisory, finding, e);
}

/* The packages of one ecosystem, and what was found in them. */
static int match_ecosystem(struct watch *w, struct matching *m, const char *ecosystem,
			   struct err *e)
{
	auto_json *packages = json_array();
	auto_stmt *st = NULL;
	int r = sql_prepare(w->db, "SELECT n, text FROM package WHERE ecosystem = ?1 ORDER BY text",
			    &st, e);

	r = r < 0 ? r : sql_bind(st, e, "s", ecosystem);
	if (!packages)
		return FAIL_NOMEM(e);
	while (r >= 0 && (r = sql_step(st, e)) > 0) {
		const char *text = sql_text(st, 1);
		json_t *package = NULL;

		r = json_parse(text, strlen(text), WATCH_DB, &package, e);
		r = r < 0 ? r
			  : json_put(package, "n", json_integer(sqlite3_column_int64(st, 0)), e);
		if (r < 0) {
			json_decref(package);
			return r;
		}
		r = json_push(packages, package, e);
	}
	return r < 0 ? r : watch_find(w, ecosystem, packages, got_found, m, e);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The members of news by the images' names. */
static int sort_news(json_t *news, json_t **ret, struct err *e)
{
	const size_t n = json_object_size(news);
	auto_free const char **names = calloc(n + 1, sizeof(*names));
	auto_json *list = json_array();
	const char *name;
	json_t *image;
	size_t at = 0;
	int r = names && list ? 0 : FAIL_NOMEM(e);

	if (r < 0)
		return r;
	json_object_foreach(news, name, image) names[at++] = name;
	if (n)
		qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n && r == 0; i++)
		r = json_push(list, json_incref(json_object_get(news, names[i])), e);
	if (r == 0)
		*ret = TAKE(list);
	return r;
}

static int prepare(struct watch *w, struct matching *m, struct err *e)
{
	int r = sql_prepare(w->db, "INSERT OR IGNORE INTO seen VALUES(?1, ?2)", &m->put_seen, e);

	r = r < 0 ? r
		  : sql_prepare(w->db, "INSERT OR IGNORE INTO told VALUES(?1, ?2)", &m->put_told,
				e);
	r = r < 0 ? r
		  : sql_prepare(w->db,
				"SELECT i.n, i.name, i.digest FROM has h JOIN image i"
				" ON i.n = h.image WHERE h.package = ?1 ORDER BY i.name",
				&m->images, e);
	m->db = w->db;
	m->news = json_object();
	return r == 0 && !m->news ? FAIL_NOMEM(e) : r;
}

int watch_match(struct watch *w, json_t **ret, struct err *e)
{
	__attribute__((cleanup(matching_release))) struct matching m = { 0 };
	auto_stmt *st = NULL;
	auto_strv ecosystems = { 0 };
	int r = prepare(w, &m, e);

	r = r < 0 ? r
		  : sql_prepare(w->db, "SELECT DISTINCT ecosystem FROM package ORDER BY 1", &st, e);
	while (r >= 0 && (r = sql_step(st, e)) > 0)
		r = strv_add(&ecosystems, sql_text(st, 0), e);
	for (size_t i = 0; i < ecosystems.n && r == 0; i++)
		r = match_ecosystem(w, &m, ecosystems.v[i], e);
	return r < 0 ? r : sort_news(m.news, ret, e);
}
