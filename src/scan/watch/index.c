/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "scan/watch/internal.h"

int watch_end(struct watch *w, int r, struct err *e)
{
	if (r >= 0)
		r = sql_exec(w->db, "COMMIT", e);
	if (r < 0)
		(void)sqlite3_exec(w->db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

/* The number that a statement gives; 1, or 0 for no row. */
static int number_of(sqlite3_stmt *st, uint32_t *ret, struct err *e)
{
	int r = sql_step(st, e);
	int64_t n = r > 0 ? sqlite3_column_int64(st, 0) : 1;

	(void)sqlite3_reset(st);
	if (r >= 0 && (n < 1 || n >= LIMIT_NUMBER))
		return FAIL(e, E_FORMAT, "damaged: the number %lld", (long long)n);
	if (r > 0)
		*ret = (uint32_t)n;
	return r;
}

int watch_find_advisory(struct watch *w, const char *name, uint32_t *ret, struct err *e)
{
	int r = sql_bind(w->find_advisory, e, "s", name);

	return r < 0 ? r : number_of(w->find_advisory, ret, e);
}

int watch_advisory(struct watch *w, const char *name, uint32_t *ret, struct err *e)
{
	int r = watch_find_advisory(w, name, ret, e);

	if (r)
		return r < 0 ? r : 0;
	r = sql_bind(w->add_advisory, e, "s", name);
	r = r < 0 ? r : number_of(w->add_advisory, ret, e);
	return r < 0 ? r : 0;
}

static int package_number(struct watch *w, const json_t *package, uint32_t *ret, struct err *e)
{
	auto_buf place = BUF_INIT(64 * 1024), doc = BUF_INIT(1024 * 1024);
	int r = watch_place(package, &place, e);

	r = r < 0 ? r : json_canonical(package, &doc, e);
	r = r < 0 ? r : buf_check(&doc, "a package", e);
	r = r < 0 ? r : sql_bind(w->find_package, e, "ss", buf_str(&place), buf_str(&doc));
	r = r < 0 ? r : number_of(w->find_package, ret, e);
	if (r)
		return r < 0 ? r : 0;
	r = sql_bind(w->add_package, e, "ss", buf_str(&place), buf_str(&doc));
	r = r < 0 ? r : number_of(w->add_package, ret, e);
	return r < 0 ? r : 0;
}

static int known_before(struct watch *w, const char *digest, struct numbers *ret, struct err *e)
{
	auto_stmt *st = NULL;
	int r = sql_prepare(w->db, "SELECT known FROM image WHERE digest = ?1", &st, e);

	r = r < 0 ? r : sql_bind(st, e, "s", digest);
	r = r < 0 ? r : sql_step(st, e);
	return r > 0 ? numbers_read(sql_blob(st, 0), ret, e) : r;
}

static int put_image(struct watch *w, const json_t *record, struct buf *packages, struct buf *known,
		     struct err *e)
{
	static const char sql[] =
		"INSERT INTO image(digest, name, added, matched, packages, known)"
		" VALUES(?1, ?2, ?3, '', ?4, ?5) ON CONFLICT(digest) DO UPDATE SET name = ?2,"
		" added = ?3, matched = '', packages = ?4, known = ?5";
	auto_stmt *st = NULL;
	int r = sql_prepare(w->db, sql, &st, e);

	return r < 0 ? r
		     : sql_run(st, e, "ssibb", json_string_or_null(record, "digest"),
			       json_string_or_null(record, "name"),
			       (int64_t)json_integer_value(json_object_get(record, "added")),
			       ((struct str){ packages->p, packages->n }),
			       ((struct str){ known->p, known->n }));
}

int watch_put_record(struct watch *w, const json_t *record, struct err *e)
{
	auto_numbers packages = { 0 }, known = { 0 };
	auto_buf p = BUF_INIT(LIMIT_WATCHED), k = BUF_INIT(LIMIT_WATCHED);
	uint32_t n;
	size_t i;
	json_t *one;
	int r = known_before(w, json_string_or_null(record, "digest"), &known, e);

	json_array_foreach(json_object_get(record, "packages"), i, one)
	{
		r = r < 0 ? r : package_number(w, one, &n, e);
		r = r < 0 ? r : numbers_add(&packages, n, e);
	}
	json_array_foreach(json_object_get(record, "known"), i, one)
	{
		r = r < 0 ? r : watch_advisory(w, json_string_value(one), &n, e);
		r = r < 0 ? r : numbers_add(&known, n, e);
	}
	numbers_sort(&packages);
	numbers_sort(&known);
	r = r < 0 ? r : numbers_write(&packages, &p, e);
	r = r < 0 ? r : numbers_write(&known, &k, e);
	return r < 0 ? r : put_image(w, record, &p, &k, e);
}

static int index_record(struct watch *w, const json_t *record, struct err *e)
{
	int r = sql_exec(w->db, "BEGIN IMMEDIATE", e);

	return r < 0 ? r : watch_end(w, watch_put_record(w, record, e), e);
}

int watch_add(struct watch *w, const char *name, const struct digest *image,
	      const struct report *report, int64_t now, struct err *e)
{
	auto_json *record = NULL;
	auto_buf text = BUF_INIT(LIMIT_WATCHED);
	char file[DIGEST_HEX + 16];
	int r = watch_record_make(name, image, report, now, &record, e);

	r = r < 0 ? r : json_canonical(record, &text, e);
	r = r < 0 ? r : buf_check(&text, "what is known of the image", e);
	if (r < 0)
		return r;
	(void)snprintf(file, sizeof(file), "%s.json", digest_hex(image));
	r = fs_write_file(w->images, file, buf_str(&text), text.n, 0600, e);
	return r < 0 ? r : index_record(w, record, e);
}

static int used_packages(struct watch *w, struct numbers *ret, struct err *e)
{
	auto_stmt *st = NULL;
	auto_numbers some = { 0 };
	int r = sql_prepare(w->db, "SELECT packages FROM image", &st, e);

	while (r >= 0 && (r = sql_step(st, e)) > 0) {
		r = numbers_read(sql_blob(st, 0), &some, e);
		for (size_t i = 0; i < some.n && r == 0; i++)
			r = numbers_add(ret, some.v[i], e);
	}
	numbers_sort(ret);
	return r;
}

/* What no image has any longer. */
static int drop_packages(struct watch *w, struct err *e)
{
	auto_stmt *st = NULL, *drop = NULL;
	auto_numbers used = { 0 }, unused = { 0 };
	size_t at = 0;
	int r = used_packages(w, &used, e);

	r = r < 0 ? r : sql_prepare(w->db, "SELECT id FROM package ORDER BY id", &st, e);
	r = r < 0 ? r : sql_prepare(w->db, "DELETE FROM package WHERE id = ?1", &drop, e);
	while (r >= 0 && (r = sql_step(st, e)) > 0) {
		const uint32_t id = (uint32_t)sqlite3_column_int64(st, 0);

		while (at < used.n && used.v[at] < id)
			at++;
		if (at == used.n || used.v[at] != id)
			r = numbers_add(&unused, id, e);
	}
	if (st)
		(void)sqlite3_reset(st);
	for (size_t i = 0; i < unused.n && r == 0; i++)
		r = sql_run(drop, e, "i", (int64_t)unused.v[i]);
	return r;
}

int watch_drop(struct watch *w, const char *digest, struct err *e)
{
	auto_stmt *st = NULL;
	int r = sql_prepare(w->db, "DELETE FROM image WHERE digest = ?1", &st, e);

	r = r < 0 ? r : sql_exec(w->db, "BEGIN IMMEDIATE", e);
	if (r < 0)
		return r;
	r = sql_run(st, e, "s", digest);
	return watch_end(w, r < 0 ? r : drop_packages(w, e), e);
}

static bool begins_with(const char *digest, const char *what)
{
	const char *hex = starts_with(digest, "sha256:") ? digest + 7 : digest;
	const char *prefix = starts_with(what, "sha256:") ? what + 7 : what;

	return strlen(prefix) >= WATCH_PREFIX &&
	       strspn(prefix, "0123456789abcdef") == strlen(prefix) && starts_with(hex, prefix);
}

/* A name goes before a digest that begins so. */
static int find_named(struct watch *w, const char *what, struct strv *ret, struct err *e)
{
	auto_stmt *st = NULL;
	auto_strv digests = { 0 };
	int r = sql_prepare(w->db, "SELECT name, digest FROM image ORDER BY digest", &st, e);

	while (r >= 0 && (r = sql_step(st, e)) > 0) {
		if (strcmp(what, sql_text(st, 0)) == 0)
			r = strv_add(ret, sql_text(st, 1), e);
		else if (begins_with(sql_text(st, 1), what))
			r = strv_add(&digests, sql_text(st, 1), e);
	}
	if (r < 0 || ret->n)
		return r;
	if (digests.n > 1)
		return err_hint(
			e,
			FAIL(e, E_USAGE, "'%.200s': %zu watched digests begin so", what, digests.n),
			"plimsoll watch list");
	return digests.n ? strv_add(ret, digests.v[0], e)
			 : err_hint(e, FAIL(e, E_NOTFOUND, "'%.200s' is not watched", what),
				    "plimsoll watch list");
}

int watch_remove(struct watch *w, const char *what, size_t *ret_n, struct err *e)
{
	auto_strv found = { 0 };
	int r = find_named(w, what, &found, e);

	for (size_t i = 0; i < found.n && r == 0; i++) {
		char file[DIGEST_HEX + 16];

		(void)snprintf(file, sizeof(file), "%.*s.json", DIGEST_HEX, found.v[i] + 7);
		/* The record first: what has none is no longer watched. */
		if (unlinkat(w->images, file, 0) < 0 && errno != ENOENT)
			r = FAIL_SYS(e, "remove watch/images/%s", file);
		r = r < 0 ? r : watch_drop(w, found.v[i], e);
	}
	if (r == 0)
		*ret_n = found.n;
	return r;
}

int watch_list(struct watch *w, json_t **ret, struct err *e)
{
	auto_json *list = json_array();
	auto_stmt *st = NULL;
	int r = list ? sql_prepare(w->db,
				   "SELECT name, digest, added, length(packages) / 4,"
				   " length(known) / 4 FROM image ORDER BY name, digest",
				   &st, e)
		     : FAIL_NOMEM(e);

	while (r >= 0 && (r = sql_step(st, e)) > 0) {
		char since[RFC3339_MAX];
		json_t *o;

		clock_rfc3339(sqlite3_column_int64(st, 2), since);
		o = json_pack("{ss ss ss sI sI}", "name", sql_text(st, 0), "digest",
			      sql_text(st, 1), "since", since, "packages",
			      (json_int_t)sqlite3_column_int64(st, 3), "known",
			      (json_int_t)sqlite3_column_int64(st, 4));
		r = o ? json_push(list, o, e)
		      : FAIL(e, E_FORMAT, "damaged: text that is not UTF-8");
	}
	if (r == 0)
		*ret = TAKE(list);
	return r;
}
