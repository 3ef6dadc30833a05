/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "scan/watch/internal.h"

#define WATCH_DIR "watch"
#define INDEX "index.db"

static void finalize(sqlite3_stmt **st)
{
	(void)sqlite3_finalize(*st);
	*st = NULL;
}

static void close_index(struct watch *w)
{
	finalize(&w->find_package);
	finalize(&w->add_package);
	finalize(&w->find_advisory);
	finalize(&w->add_advisory);
	(void)sqlite3_close(w->db);
	w->db = NULL;
}

void watch_close(struct watch *w)
{
	if (!w)
		return;
	close_index(w);
	if (w->images >= 0)
		(void)close(w->images);
	if (w->dir >= 0)
		(void)close(w->dir);
	if (w->lock >= 0)
		(void)close(w->lock);
	free(w);
}

static int get_number(struct watch *w, const char *sql, int64_t *ret, struct err *e)
{
	auto_stmt *st = NULL;
	int r = sql_prepare(w->db, sql, &st, e);

	r = r < 0 ? r : sql_step(st, e);
	*ret = r > 0 ? sqlite3_column_int64(st, 0) : 0;
	return r < 0 ? r : 0;
}

static int make_tables(struct watch *w, struct err *e)
{
	char sql[128];
	/* News come and go by the megabyte; what they leave is not kept. */
	int r = sql_exec(w->db, "PRAGMA auto_vacuum = FULL; BEGIN IMMEDIATE;" WATCH_TABLES, e);

	(void)snprintf(sql, sizeof(sql),
		       "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
		       WATCH_INDEX_ID, WATCH_INDEX_SCHEMA);
	return r < 0 ? r : sql_exec(w->db, sql, e);
}

/* A damaged page is found here, not in the middle of something. */
static int check_pages(struct watch *w, struct err *e)
{
	auto_stmt *st = NULL;
	int r = sql_prepare(w->db, "PRAGMA quick_check(1)", &st, e);

	r = r < 0 ? r : sql_step(st, e);
	if (r >= 0 && (r == 0 || strcmp(sql_text(st, 0), "ok") != 0))
		r = FAIL(e, E_FORMAT, "damaged: %.200s", r ? sql_text(st, 0) : "nothing in it");
	return r < 0 ? r : 0;
}

static int check_index(struct watch *w, struct err *e)
{
	int64_t id = 0, schema = 0, tables = 0;
	int r = get_number(w, "SELECT count(*) FROM sqlite_schema", &tables, e);

	if (r == 0 && !tables)
		return make_tables(w, e);
	r = r < 0 ? r : get_number(w, "PRAGMA application_id", &id, e);
	r = r < 0 ? r : get_number(w, "PRAGMA user_version", &schema, e);
	if (r == 0 && (id != WATCH_INDEX_ID || schema != WATCH_INDEX_SCHEMA))
		r = FAIL(e, E_FORMAT, "not an index of schema %d", WATCH_INDEX_SCHEMA);
	return r < 0 ? r : check_pages(w, e);
}

static int prepare(struct watch *w, struct err *e)
{
	int r = sql_prepare(w->db, "SELECT id FROM package WHERE place = ?1 AND doc = ?2",
			    &w->find_package, e);

	r = r < 0 ? r
		  : sql_prepare(w->db,
				"INSERT INTO package(place, doc, id) VALUES(?1, ?2,"
				" coalesce((SELECT id FROM package ORDER BY id DESC LIMIT 1), 0)"
				" + 1) RETURNING id",
				&w->add_package, e);
	r = r < 0 ? r
		  : sql_prepare(w->db, "SELECT id FROM advisory WHERE name = ?1", &w->find_advisory,
				e);
	return r < 0 ? r
		     : sql_prepare(w->db, "INSERT INTO advisory(name) VALUES(?1) RETURNING id",
				   &w->add_advisory, e);
}

static int open_index(struct watch *w, struct err *e)
{
	auto_buf path = BUF_INIT(8192);
	int r;

	buf_printf(&path, "%s/" WATCH_DIR "/" INDEX, w->state->path);
	r = buf_check(&path, "the index's path", e);
	if (r < 0)
		return r;
	if (sqlite3_open_v2(buf_str(&path), &w->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
				    SQLITE_OPEN_NOFOLLOW,
			    NULL) != SQLITE_OK)
		return w->db ? sql_fail(w->db, "open", e) : FAIL_NOMEM(e);
	(void)sqlite3_db_config(w->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(w->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_db_config(w->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	(void)sqlite3_db_config(w->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	r = sql_exec(w->db, "PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL", e);
	r = r < 0 ? r : check_index(w, e);
	return r < 0 ? r : prepare(w, e);
}

/* The index, or, where it is damaged, an empty one, which the records then fill. */
static int open_or_remake(struct watch *w, struct strv *notes, struct err *e)
{
	struct err own = ERR_INIT;
	int r = open_index(w, &own);

	if (r == E_FORMAT) {
		r = strv_addf(notes, e,
			      WATCH_DIR "/" INDEX ": %s: made anew from the images' records; news "
					"may be told twice",
			      own.msg);
		close_index(w);
		(void)unlinkat(w->dir, INDEX "-journal", 0);
		if (r == 0 && unlinkat(w->dir, INDEX, 0) < 0)
			r = FAIL_SYS(e, "remove %s/" WATCH_DIR "/" INDEX, w->state->path);
		return r < 0 ? r : open_index(w, e);
	}
	if (r < 0 && e)
		*e = own;
	return r;
}

static int load_record(struct watch *w, const char *file, json_t **ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_WATCHED);
	const char *digest;
	int r = fs_read(w->images, file, LIMIT_WATCHED, &text, e);

	r = r < 0 ? r : watch_record_parse(buf_str(&text), text.n, file, ret, e);
	if (r < 0)
		return r;
	digest = json_string_or_null(*ret, "digest");
	if (strncmp(digest + strlen("sha256:"), file, DIGEST_HEX) != 0)
		return FAIL(e, E_FORMAT, "%s: is of %s", file, digest);
	return 0;
}

/* A record that the index does not know: a kill came between the two, or it was made anew. */
static int take_record(struct watch *w, const char *file, struct strv *notes, struct err *e)
{
	auto_json *record = NULL;
	struct err own = ERR_INIT;
	int r = load_record(w, file, &record, &own);

	if (r == E_FORMAT || r == E_NOTFOUND)
		return strv_addf(notes, e,
				 WATCH_DIR "/images/%s: not watched: plimsoll watch add IMAGE",
				 own.msg);
	if (r < 0) {
		if (e)
			*e = own;
		return r;
	}
	return watch_put_record(w, record, e);
}

static bool is_record(const char *file)
{
	return strlen(file) == DIGEST_HEX + strlen(".json") && ends_with(file, ".json") &&
	       strspn(file, "0123456789abcdef") == DIGEST_HEX;
}

static int take_records(struct watch *w, struct strv *notes, struct err *e)
{
	auto_stmt *st = NULL;
	int fd = fcntl(w->images, F_DUPFD_CLOEXEC, 3);
	auto_closedir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = d ? sql_prepare(w->db, "SELECT 1 FROM image WHERE digest = ?1", &st, e)
		  : FAIL_SYS(e, "read " WATCH_DIR "/images");

	if (d)
		rewinddir(d);
	else if (fd >= 0)
		(void)close(fd);
	while (r >= 0 && (errno = 0, entry = readdir(d))) {
		char digest[DIGEST_HEX + 16];

		if (!is_record(entry->d_name))
			continue;
		(void)snprintf(digest, sizeof(digest), "sha256:%.*s", DIGEST_HEX, entry->d_name);
		r = sql_bind(st, e, "s", digest);
		r = r < 0 ? r : sql_step(st, e);
		(void)sqlite3_reset(st);
		if (r == 0)
			r = take_record(w, entry->d_name, notes, e);
	}
	return r < 0 ? r : errno ? FAIL_SYS(e, "read " WATCH_DIR "/images") : 0;
}

/* Of a removal that was killed in its middle. */
static int drop_without_record(struct watch *w, struct err *e)
{
	auto_stmt *st = NULL;
	auto_strv gone = { 0 };
	int r = sql_prepare(w->db, "SELECT digest FROM image", &st, e);

	while (r >= 0 && (r = sql_step(st, e)) > 0) {
		const char *digest = sql_text(st, 0);
		char file[DIGEST_HEX + 16];

		(void)snprintf(file, sizeof(file), "%.*s.json", DIGEST_HEX,
			       starts_with(digest, "sha256:") ? digest + 7 : digest);
		if (!is_record(file) || !fs_exists(w->images, file))
			r = strv_add(&gone, digest, e);
	}
	(void)sqlite3_reset(st);
	for (size_t i = 0; i < gone.n && r == 0; i++)
		r = watch_drop(w, gone.v[i], e);
	return r;
}

static int open_folders(struct watch *w, struct err *e)
{
	int r = fs_mkdir_p(w->state->fd, WATCH_DIR "/images", 0700, e);

	if (r < 0)
		return r;
	w->dir = fs_open_nolink(w->state->fd, WATCH_DIR, O_RDONLY | O_DIRECTORY, 0, e);
	if (w->dir < 0)
		return w->dir;
	w->images = fs_open_nolink(w->dir, "images", O_RDONLY | O_DIRECTORY, 0, e);
	if (w->images < 0)
		return w->images;
	w->lock = fs_lock(w->dir, "lock", WATCH_LOCK_MS, e);
	return w->lock < 0 ? WRAP(e, w->lock, "the index of watched images is in use") : 0;
}

int watch_open(struct watch **ret, const struct state *state, bool make, struct strv *notes,
	       struct err *e)
{
	auto_release(watch_close) struct watch *w = NULL;
	int r;

	if (!make && !fs_exists(state->fd, WATCH_DIR "/images"))
		return err_hint(e, FAIL(e, E_NOTFOUND, "no image is watched"),
				"plimsoll watch add IMAGE");
	w = calloc(1, sizeof(*w));
	if (!w)
		return FAIL_NOMEM(e);
	*w = (struct watch){ .state = state, .dir = -1, .images = -1, .lock = -1 };
	r = open_folders(w, e);
	if (r < 0)
		return WRAP(e, r, "watched images");
	r = open_or_remake(w, notes, e);
	r = r < 0 ? r : sql_exec(w->db, "BEGIN IMMEDIATE", e);
	r = r < 0 ? r : watch_end(w, take_records(w, notes, e), e);
	r = r < 0 ? r : drop_without_record(w, e);
	if (r < 0)
		return err_hint(e, WRAP(e, r, "watched images"), "rm %s/" WATCH_DIR "/" INDEX,
				state->path);
	*ret = TAKE(w);
	return 0;
}
