/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/advisories_update.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/proc.h"
#include "pipeline/advisories_internal.h"
#include "scan/advisory/checks.h"
#include "scan/advisory/db.h"

void update_result_free(struct update_result *r)
{
	json_decref(r->sources);
	*r = (struct update_result){ 0 };
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

static int get_files(struct feed *f, struct err *e)
{
	const struct strv *parts = &f->source->parts;
	int r = 0;

	for (size_t i = 0; i < (parts->n ? parts->n : 1) && r == 0; i++) {
		const char *part = parts->n ? parts->v[i] : "";
		char name[200];
		bool news;

		feed_name(*part ? part : "file", name, sizeof(name));
		r = feed_get(f, part, name, LIMIT_FEED_BYTES, &news, e);
		if (r == 0 && news)
			r = feed_take(f, name, false, e);
	}
	return r;
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

/* After the import: what was used is no news any more. */
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
		r = r < 0 ? r : fs_write_cache(f->dir, name, text, strlen(text), 0644, e);
	}
	json_array_foreach(json_object_get(f->after, "used"), i, v) r =
		r < 0 ? r : kept_used(f->dir, json_string_value(v), e);
	json_array_foreach(json_object_get(f->after, "forget"), i, v) if (r == 0)
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
};

static int tell(struct update *u, const char *source, const char *status, size_t files,
		const struct err *why, struct err *e)
{
	int r = json_push(u->ret->sources,
			  json_pack("{ss ss sI ss*}", "source", source, "status", status, "files",
				    (json_int_t)files, "error", why ? why->msg : NULL),
			  e);

	u->ret->failed += why ? 1 : 0;
	return r < 0 ? r
		     : advisory_checks_note(u->checks, source, u->now, why ? why->msg : NULL, e);
}

/* Fetches, imports and remembers one source. */
static int run_source(struct update *u, struct feed *f, struct err *e)
{
	struct advisory_import done = { 0 };
	int r;

	f->fetch = u->fetch;
	r = get_source(f, e);
	if (r < 0 || !f->import.n)
		return r < 0 ? r : feed_done(f, e);
	r = advisory_import(u->road->state, f->import.v, f->import.n, u->now, u->road->progress,
			    &done, e);
	if (r == E_FORMAT)
		feed_undo(f);
	if (r < 0)
		return WRAP(e, r, "import");
	u->ret->documents += done.units;
	u->ret->changed |= done.changed;
	return feed_done(f, e);
}

/* An error of this source is told and counted; one of our own ends the update. */
static int update_source(struct update *u, const struct advisory_source *s, struct err *e)
{
	__attribute__((cleanup(feed_release))) struct feed f = { .dir = -1 };
	struct err own = ERR_INIT;
	int r = feed_open(&f, u->road, s, &own);

	r = r < 0 ? r : run_source(u, &f, &own);
	if (r == E_SIGNAL || r == E_NOMEM || r == E_INTERNAL) {
		if (e)
			*e = own;
		return r;
	}
	if (r < 0)
		return tell(u, s->name, "failed", 0, &own, e);
	return tell(u, s->name, f.import.n ? "updated" : "unchanged", f.import.n, NULL, e);
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

static int run(struct update *u, const struct advisory_source *const *list, size_t n, struct err *e)
{
	int r = advisory_checks_load(u->road->state, &u->checks, e);

	for (size_t i = 0; i < n && r == 0; i++) {
		r = update_source(u, list[i], e);
		/* After each, so that a kill forgets nothing. */
		r = r < 0 ? r : advisory_checks_save(u->road->state, u->checks, e);
		r = r < 0 ? r : proc_interrupted(e);
	}
	return r;
}

int advisories_update(const struct road *road, struct advisory_sources *sources, char *const *names,
		      size_t n, int64_t now, struct update_result *ret, struct err *e)
{
	__attribute__((cleanup(
		update_result_release))) struct update_result result = { .sources = json_array() };
	auto_release(fetch_free) struct fetch *fetch = NULL;
	const struct advisory_source *list[LIMIT_SOURCES];
	auto_close int lock = -1;
	struct update u = { .road = road, .now = now, .ret = &result };
	size_t list_n;
	int r = select_sources(sources, names, n, list, &list_n, e);

	if (r < 0)
		return r;
	if (!result.sources)
		return FAIL_NOMEM(e);
	r = fs_mkdir_p(road->state->fd, "cache/fetch", 0755, e);
	if (r < 0)
		return r;
	lock = fs_lock(road->state->fd, "cache/fetch/.lock", 0, e);
	if (lock < 0)
		return WRAP(e, lock, "another update is running");
	r = fetch_new(&fetch, e);
	u.fetch = fetch;
	r = r < 0 ? r : run(&u, list, list_n, e);
	json_decref(u.checks);
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
