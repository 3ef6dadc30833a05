/* SPDX-License-Identifier: Apache-2.0 */
/* Every distinct package is looked up once, which gives the numbers of its advisories. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"
#include "scan/finding.h"
#include "scan/watch/internal.h"

enum {
	CHUNK = 512,		  /* packages that are matched at once */
	LIMIT_PACKAGES = 1 << 24, /* distinct ones */
};

static void matching_release(struct matching *m)
{
	news_release(&m->news);
	(void)sqlite3_finalize(m->doc);
	numbers_release(&m->found);
	numbers_release(&m->from);
	numbers_release(&m->length);
	free(m->told);
	advisory_db_close(m->db);
}

/* Which database this is. */
static int digest_database(const struct state *state, char ret[static 72], struct err *e)
{
	auto_close int fd = fs_open_nolink(state->fd, ADVISORY_DB, O_RDONLY, 0, e);
	struct digest d;
	int r = fd < 0 ? fd : digest_of_fd(fd, &d, NULL, e);

	if (r < 0)
		return WRAP(e, r, ADVISORY_DB);
	memcpy(ret, d.s, sizeof(d.s));
	return 0;
}

static int count_waiting(struct watch *w, const char *database, size_t *ret, struct err *e)
{
	auto_stmt *st = NULL;
	int r = sql_prepare(w->db, "SELECT count(*) FROM image WHERE matched <> ?1", &st, e);

	r = r < 0 ? r : sql_bind(st, e, "s", database);
	r = r < 0 ? r : sql_step(st, e);
	*ret = r > 0 ? (size_t)sqlite3_column_int64(st, 0) : 0;
	return r < 0 ? r : 0;
}

static bool is_cve(const char *id)
{
	return starts_with(id, "CVE-");
}

/* Names under which an image may have been told of a finding before its CVE was known. */
static int note_aliases(struct matching *m, const struct finding *f, struct err *e)
{
	struct str rest = str_of(f->aliases), one;
	int r = 0;

	while (r == 0 && str_cut(&rest, ' ', &one)) {
		auto_free char *name = str_dup(one);
		uint32_t n;

		if (!name)
			return FAIL_NOMEM(e);
		if (is_cve(name))
			continue;
		r = watch_find_advisory(m->w, name, &n, e);
		if (r > 0)
			r = numbers_add(&m->found, n | NUMBER_ALIAS, e);
	}
	return r;
}

static int set_at(struct numbers *l, uint32_t at, uint32_t v, struct err *e)
{
	int r = at < LIMIT_PACKAGES ? 0 : FAIL(e, E_FORMAT, "damaged: package %u", at);

	while (r == 0 && l->n <= at)
		r = numbers_add(l, 0, e);
	if (r == 0)
		l->v[at] = v;
	return r;
}

/* Findings stand together by package, which bears its number. */
static int note_findings(struct matching *m, const struct report *report, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < report->findings_n && r == 0; i++) {
		const struct finding *f = &report->findings[i];
		const uint32_t package =
			(uint32_t)json_integer_value(json_object_get(f->package, "id"));
		uint32_t n;

		if (m->found.n > UINT32_MAX / 2)
			return FAIL(e, E_FORMAT, "too many findings");
		if (!i || report->findings[i - 1].package != f->package)
			r = set_at(&m->from, package, (uint32_t)m->found.n, e);
		r = r < 0 ? r : watch_advisory(m->w, f->advisory, &n, e);
		r = r < 0 ? r : numbers_add(&m->found, n, e);
		r = r < 0 ? r : note_aliases(m, f, e);
		r = r < 0 ? r
			  : set_at(&m->length, package, (uint32_t)m->found.n - m->from.v[package],
				   e);
	}
	return r;
}

int watch_list_add(json_t *list, const char *doc, int64_t id, struct err *e)
{
	auto_json *package = NULL;
	int r = json_parse(doc, strlen(doc), "a package", &package, e);

	r = r < 0 ? r : json_put(package, "id", json_integer(id), e);
	return r < 0 ? r : json_push(json_object_get(list, "packages"), TAKE(package), e);
}

/* Takes the next packages; 1 while there are some. */
static int next_chunk(sqlite3_stmt *st, json_t *list, struct err *e)
{
	int r = 1;

	for (size_t i = 0; i < CHUNK && r > 0; i++) {
		r = sql_step(st, e);
		if (r > 0) {
			r = watch_list_add(list, sql_text(st, 1), sqlite3_column_int64(st, 0), e);
			r = r < 0 ? r : 1;
		}
	}
	return r;
}

static int match_packages_once(struct matching *m, struct err *e)
{
	auto_stmt *st = NULL;
	int r = sql_prepare(m->w->db, "SELECT id, doc FROM package ORDER BY place, doc", &st, e);
	bool more = true;

	while (r >= 0 && more) {
		auto_report report = { .list = json_pack("{s[]}", "packages") };

		r = report.list ? next_chunk(st, report.list, e) : FAIL_NOMEM(e);
		more = r > 0;
		r = r < 0 ? r : findings_match(m->db, &report, e);
		r = r < 0 ? r : note_findings(m, &report, e);
		r = r < 0 ? r : proc_interrupted(e);
	}
	return r;
}

static int match_all(struct matching *m, size_t *ret_n, struct err *e)
{
	auto_stmt *matched = NULL;
	int r = match_packages_once(m, e);

	r = r < 0 ? r : watch_match_images(m, ret_n, e);
	r = r < 0 ? r : news_end(&m->news, e);
	r = r < 0 ? r : sql_prepare(m->w->db, "UPDATE image SET matched = ?1", &matched, e);
	return r < 0 ? r : sql_run(matched, e, "s", m->database);
}

int watch_match(struct watch *w, int64_t now, bool due, size_t *ret_images, struct err *e)
{
	__attribute__((cleanup(matching_release))) struct matching m = { .w = w };
	size_t n = 0;
	int r;

	if (ret_images)
		*ret_images = 0;
	if (!fs_exists(w->state->fd, ADVISORY_DB))
		return 0;
	/* The digest before the database: should another be put in its place in between, that one
	 * counts as not yet matched. */
	r = digest_database(w->state, m.database, e);
	r = r < 0 ? r : count_waiting(w, m.database, &n, e);
	if (r < 0 || !n)
		return r;
	clock_rfc3339(now, m.time);
	r = advisory_db_open(&m.db, w->state, e);
	r = r < 0 ? r : news_open(&m.news, w, m.database, m.time, due, e);
	r = r < 0 ? r : sql_exec(w->db, "BEGIN IMMEDIATE", e);
	if (r < 0)
		return r;
	r = watch_end(w, match_all(&m, &n, e), e);
	if (r < 0)
		return WRAP(e, r, "match watched images");
	if (ret_images)
		*ret_images = n;
	return 0;
}
