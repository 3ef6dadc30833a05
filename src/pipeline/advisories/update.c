/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/advisories/update.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/proc.h"
#include "pipeline/advisories/internal.h"
#include "scan/advisory/checks.h"
#include "scan/advisory/db.h"

void update_result_free(struct update_result *r)
{
	json_decref(r->sources);
	*r = (struct update_result){ 0 };
}

int advisories_lock(const struct state *state, struct err *e)
{
	int fd, r = fs_mkdir_p(state->fd, "cache", 0755, e);

	if (r < 0)
		return r;
	fd = fs_lock(state->fd, ADVISORIES_LOCK, 0, e);
	return fd < 0 ? WRAP(e, fd, "another update is running") : fd;
}

void feed_name(const char *part, char *ret, size_t cap)
{
	size_t n = 0;

	for (; *part && n + 1 < cap; part++)
		ret[n++] =
			(char)(isalnum((unsigned char)*part) || strchr("-_.", *part) ? *part : '_');
	ret[n] = '\0';
}

/* The URL of a part; a name of an ecosystem may have spaces and colons. */
static int part_url(const struct feed *f, const char *part, struct buf *ret, struct err *e)
{
	buf_puts(ret, f->source->url);
	if (*part)
		buf_putc(ret, '/');
	for (; *part; part++) {
		if (isalnum((unsigned char)*part) || strchr("-_.~/:+,@=", *part))
			buf_putc(ret, *part);
		else
			buf_printf(ret, "%%%02X", (unsigned char)*part);
	}
	return buf_check(ret, "URL", e);
}

int feed_get(struct feed *f, const char *part, const char *name, uint64_t max, bool *ret_news,
	     struct err *e)
{
	auto_buf url = BUF_INIT(LIMIT_URL), what = BUF_INIT(512);
	int r = part_url(f, part, &url, e);
	const struct kept_get g = { .fetch = f->fetch,
				    .progress = f->road->progress,
				    .dir = f->dir,
				    .url = buf_str(&url),
				    .insecure = f->source->insecure,
				    .max = max };

	if (r < 0)
		return r;
	buf_printf(&what, "%s%s%.200s", f->source->name, *part ? " " : "", part);
	progress_begin(f->road->progress, buf_str(&what), 0);
	r = kept_get(&g, name, ret_news, e);
	progress_end(f->road->progress, r < 0 ? "failed" : *ret_news ? NULL : "unchanged");
	if (r == 0 && f->anew)
		*ret_news = true;
	return r;
}

int feed_take(struct feed *f, const char *name, bool forget, struct err *e)
{
	int r = strv_addf(&f->import, e, "%s/%s", f->path, name);

	return r < 0 ? r
		     : json_push(json_object_get(f->after, forget ? "forget" : "used"),
				 json_string(name), e);
}

static int get_file(struct feed *f, const char *part, struct err *e)
{
	char name[200];
	bool news;
	int r;

	feed_name(*part ? part : "file", name, sizeof(name));
	r = feed_get(f, part, name, LIMIT_FEED_BYTES, &news, e);
	return r == 0 && news ? feed_take(f, name, false, e) : r;
}

/* Of several, one may be missing: a branch that is not there yet, or no more. */
static int get_files(struct feed *f, struct err *e)
{
	const struct strv *parts = &f->source->parts;

	for (size_t i = 0; i < (parts->n ? parts->n : 1); i++) {
		struct err why = ERR_INIT;
		int r = get_file(f, parts->n ? parts->v[i] : "", &why);

		if (r == E_NOTFOUND && f->absent + 1 < parts->n) {
			if (f->absent++ == 0)
				f->first_absent = why;
			continue;
		}
		if (r < 0) {
			if (e)
				*e = why;
			return r;
		}
	}
	return 0;
}

static int get_osv(struct feed *f, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < f->source->parts.n && r == 0; i++) {
		const struct collection c = { .part = f->source->parts.v[i],
					      .index = "modified_id.csv",
					      .archive = "all.zip" };

		r = feed_collection(f, &c, e);
		if (r < 0)
			r = WRAP(e, r, "%s", c.part);
	}
	return r;
}

/* The archive's name stands in a file; without that file there is no archive. */
static int get_csaf(struct feed *f, struct err *e)
{
	auto_buf text = BUF_INIT(1024);
	auto_free char *name = NULL;
	struct collection c = { .part = "", .index = "changes.csv", .csaf = true };
	bool news;
	int r = feed_get(f, "archive_latest.txt", "archive_latest.txt", 1000, &news, e);

	if (r == E_NOTFOUND)
		return feed_collection(f, &c, e);
	r = r < 0 ? r : fs_read(f->dir, "archive_latest.txt", 1000, &text, e);
	if (r < 0)
		return r;
	name = str_dup(str_trim((struct str){ buf_str(&text), text.n }));
	if (!name)
		return FAIL_NOMEM(e);
	if (!*name || strchr(name, '/') || *name == '.')
		return FAIL(e, E_FORMAT, "archive_latest.txt names no archive");
	c.archive = name;
	r = feed_archive_date(name, &c.archive_date, e);
	return r < 0 ? r : feed_collection(f, &c, e);
}

static int get_source(struct feed *f, struct err *e)
{
	switch (f->source->type) {
	case SOURCE_FILE: return get_files(f, e);
	case SOURCE_OSV: return get_osv(f, e);
	case SOURCE_CSAF: return get_csaf(f, e);
	}
	return FAIL(e, E_INTERNAL, "a source of no type");
}

/* Whether a file of the cache, or what it is part of, was not taken whole: "Go.cursor" and
 * "Go.index" are of the same collection as "Go.archive" and "Go.doc.GO-2024-1.json". */
static bool has_lost(const struct feed *f, const char *name)
{
	const char *dot = strrchr(name, '.');
	const bool whole = dot && (strcmp(dot, ".cursor") == 0 || strcmp(dot, ".index") == 0);
	const size_t n = whole ? (size_t)(dot - name) : strlen(name);

	for (size_t i = 0; i < f->import.n; i++) {
		const char *lost = strrchr(f->import.v[i], '/') + 1;

		if (!f->files || !f->files[i].lost || strncmp(lost, name, n) != 0)
			continue;
		if (whole ? strcmp(lost + n, ".archive") == 0 || starts_with(lost + n, ".doc.")
			  : !lost[n])
			return true;
	}
	return false;
}

/* After the import: what was used is no news any more. What lost a document is asked for again. */
static int feed_done(struct feed *f, struct err *e)
{
	const char *name;
	size_t i;
	json_t *v;
	int r = 0;

	json_object_foreach(json_object_get(f->after, "cursors"), name, v)
	{
		char text[32];

		(void)snprintf(text, sizeof(text), "%lld\n", (long long)json_integer_value(v));
		if (r == 0 && !has_lost(f, name))
			r = fs_write_cache(f->dir, name, text, strlen(text), 0644, e);
	}
	json_array_foreach(json_object_get(f->after, "used"), i,
			   v) if (r == 0 && !has_lost(f, json_string_value(v))) r =
		kept_used(f->dir, json_string_value(v), e);
	json_array_foreach(json_object_get(f->after, "forget"), i,
			   v) if (r == 0 && !has_lost(f, json_string_value(v)))
		kept_forget(f->dir, json_string_value(v));
	return r;
}

/* What could not be imported is not kept: it may have been damaged on the way. */
static void feed_undo(struct feed *f)
{
	static const char *const lists[] = { "used", "forget" };
	size_t i;
	json_t *v;

	for (size_t l = 0; l < 2; l++)
		json_array_foreach(json_object_get(f->after, lists[l]), i, v)
			kept_forget(f->dir, json_string_value(v));
}

static void feed_release(struct feed *f)
{
	if (f->dir >= 0)
		(void)close(f->dir);
	free(f->path);
	free(f->files);
	strv_free(&f->import);
	json_decref(f->after);
}

static int feed_open(struct feed *f, const struct road *road, const struct advisory_source *s,
		     struct err *e)
{
	auto_buf path = BUF_INIT(4096);
	int r;

	*f = (struct feed){ .source = s, .road = road, .dir = -1 };
	f->after = json_pack("{s[] s[] s{}}", "used", "forget", "cursors");
	if (!f->after)
		return FAIL_NOMEM(e);
	f->anew = !fs_exists(road->state->fd, ADVISORY_DB);
	buf_printf(&path, "cache/fetch/%s", s->name);
	r = fs_mkdir_p(road->state->fd, buf_str(&path), 0755, e);
	if (r < 0)
		return r;
	f->dir = fs_open_nolink(road->state->fd, buf_str(&path), O_RDONLY | O_DIRECTORY, 0, e);
	if (f->dir < 0)
		return f->dir;
	buf_reset(&path);
	buf_printf(&path, "%s/cache/fetch/%s", road->state->path, s->name);
	f->path = strdup(buf_str(&path));
	return f->path ? 0 : FAIL_NOMEM(e);
}

/* One update in all its parts. */
struct update {
	const struct road *road;
	struct fetch *fetch;
	json_t *checks;
	int64_t now;
	struct update_result *ret;
	struct feed *feeds; /* of each source */
	size_t n;
};

/* What became of a source, for who asked and for later. */
static int tell(struct update *u, const struct feed *f, struct err *e)
{
	const struct advisory_import *got = &f->got;
	const char *status = f->failure ? "failed" : f->import.n ? "updated" : "unchanged";
	auto_buf partly = BUF_INIT(2048);
	const char *why = f->failure ? f->why.msg : NULL;
	json_t *source;
	int r;

	if (f->absent)
		buf_printf(&partly, "%zu of its files %s not there, the first: %.400s", f->absent,
			   f->absent == 1 ? "is" : "are", f->first_absent.msg);
	if (got->lost)
		buf_printf(&partly, "%s%llu document%s could not be read, the first: %s",
			   partly.n ? "; " : "", (unsigned long long)got->lost,
			   got->lost == 1 ? "" : "s", got->first_lost);
	if (!why && partly.n) {
		text_sanitize(partly.p);
		why = buf_str(&partly);
		u->ret->partly++;
	}
	source = json_pack("{ss ss sI ss*}", "source", f->source->name, "status", status, "files",
			   f->failure ? 0 : (json_int_t)f->import.n, "error", why);
	r = json_push(u->ret->sources, source, e);
	if (r == 0 && got->lost + f->absent)
		r = json_put_u64(source, "unreadable", got->lost + f->absent, e);
	u->ret->failed += f->failure ? 1 : 0;
	return r < 0 ? r
		     : advisory_checks_note(u->checks, f->source->name, u->now, why,
					    f->failure ? 0 : got->lost + f->absent, e);
}

/* An error of one source is kept with it; one of our own ends the update. */
static int keep_failure(struct feed *f, int r, const struct err *why, struct err *e)
{
	if (r >= 0)
		return 0;
	if (r == E_SIGNAL || r == E_NOMEM || r == E_INTERNAL) {
		if (e)
			*e = *why;
		return r;
	}
	f->failure = r;
	f->why = *why;
	text_sanitize(f->why.msg); /* it goes into JSON, and names what others wrote */
	return 0;
}

static int fetch_source(struct update *u, struct feed *f, const struct advisory_source *s,
			struct err *e)
{
	struct err own = ERR_INIT;
	int r = feed_open(f, u->road, s, &own);

	f->fetch = u->fetch;
	r = r < 0 ? r : get_source(f, &own);
	if (r == 0 && f->import.n) {
		f->files = calloc(f->import.n, sizeof(*f->files));
		r = f->files ? 0 : FAIL_NOMEM(&own);
	}
	for (size_t i = 0; r == 0 && i < f->import.n; i++) {
		f->files[i].path = f->import.v[i];
		f->files[i].single = strstr(strrchr(f->import.v[i], '/'), ".doc.") != NULL;
	}
	return keep_failure(f, r, &own, e);
}

static int take_source(struct update *u, struct advisory_importer *im, struct feed *f,
		       struct err *e)
{
	struct err own = ERR_INIT;
	int r = advisory_importer_take(im, f->files, f->import.n, &f->got, &own);

	if (r == E_FORMAT)
		feed_undo(f);
	if (r == 0)
		u->ret->documents += f->got.units;
	return keep_failure(f, r < 0 ? WRAP(&own, r, "import") : 0, &own, e);
}

static bool has_news(const struct feed *f)
{
	return !f->failure && f->import.n;
}

/* All that arrived goes into one new database. */
static int take_all(struct update *u, struct err *e)
{
	auto_release(advisory_importer_free) struct advisory_importer *im = NULL;
	bool any = false;
	int r = 0;

	for (size_t i = 0; i < u->n; i++)
		any |= has_news(&u->feeds[i]);
	if (any)
		r = advisory_importer_new(&im, u->road->state, u->now, u->road->progress, e);
	for (size_t i = 0; i < u->n && im && r == 0; i++)
		if (has_news(&u->feeds[i]))
			r = take_source(u, im, &u->feeds[i], e);
	any = false;
	for (size_t i = 0; i < u->n; i++)
		any |= has_news(&u->feeds[i]);
	return r < 0 || !any ? r : advisory_importer_commit(im, &u->ret->changed, e);
}

/* What could not be put into the database is the failure of all that brought it. */
static int import_all(struct update *u, struct err *e)
{
	struct err own = ERR_INIT;
	int error = take_all(u, &own), r = 0;

	for (size_t i = 0; i < u->n && r == 0; i++) {
		struct feed *f = &u->feeds[i];
		struct err why = own;

		if (error < 0 && has_news(f))
			r = keep_failure(f, WRAP(&why, error, "import"), &why, e);
		else if (!f->failure)
			r = keep_failure(f, feed_done(f, &why), &why, e);
	}
	return r;
}

static int select_sources(struct advisory_sources *all, char *const *names, size_t n,
			  const struct advisory_source **ret, size_t *ret_n, struct err *e)
{
	*ret_n = 0;
	for (size_t i = 0; i < all->n && !n; i++)
		if (all->v[i].enabled)
			ret[(*ret_n)++] = &all->v[i];
	for (size_t i = 0; i < n; i++) {
		const struct advisory_source *s = advisory_sources_find(all, names[i]);
		bool twice = false;

		if (!s)
			return err_hint(e, FAIL(e, E_USAGE, "no source '%.80s'", names[i]),
					"plimsoll advisories status");
		for (size_t k = 0; k < *ret_n; k++)
			twice |= ret[k] == s;
		if (!twice)
			ret[(*ret_n)++] = s;
	}
	return 0;
}

static int run(struct update *u, const struct advisory_source *const *list, struct err *e)
{
	int r = advisory_checks_load(u->road->state, &u->checks, e);

	for (size_t i = 0; i < u->n && r == 0; i++) {
		r = fetch_source(u, &u->feeds[i], list[i], e);
		r = r < 0 ? r : proc_interrupted(e);
	}
	r = r < 0 ? r : import_all(u, e);
	for (size_t i = 0; i < u->n && r == 0; i++)
		r = tell(u, &u->feeds[i], e);
	return r < 0 ? r : advisory_checks_save(u->road->state, u->checks, e);
}

static void update_release(struct update *u)
{
	for (size_t i = 0; u->feeds && i < u->n; i++)
		feed_release(&u->feeds[i]);
	free(u->feeds);
	json_decref(u->checks);
}

int advisories_update(const struct road *road, struct advisory_sources *sources, char *const *names,
		      size_t n, int64_t now, struct update_result *ret, struct err *e)
{
	__attribute__((cleanup(
		update_result_release))) struct update_result result = { .sources = json_array() };
	auto_release(fetch_free) struct fetch *fetch = NULL;
	const struct advisory_source *list[LIMIT_SOURCES];
	auto_close int lock = -1;
	__attribute__((cleanup(update_release))) struct update u = { .road = road,
								     .now = now,
								     .ret = &result };
	int r = select_sources(sources, names, n, list, &u.n, e);

	if (r < 0)
		return r;
	if (!result.sources)
		return FAIL_NOMEM(e);
	u.feeds = calloc(u.n + 1, sizeof(*u.feeds));
	if (!u.feeds)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < u.n; i++)
		u.feeds[i].dir = -1;
	lock = advisories_lock(road->state, e);
	if (lock < 0)
		return lock;
	r = fetch_new(&fetch, e);
	u.fetch = fetch;
	r = r < 0 ? r : run(&u, list, e);
	r = road_note(road, "advisories-update", r,
		      json_pack("{sO sI sb}", "sources", result.sources, "documents",
				(json_int_t)result.documents, "changed", result.changed),
		      e);
	if (r < 0)
		return r;
	*ret = result;
	result = (struct update_result){ 0 };
	return 0;
}
