/* SPDX-License-Identifier: Apache-2.0 */
/* An image has the advisories of its packages, less those that it was told of. Only what is new is
 * then looked at whole. */
#include <stdlib.h>

#include "base/proc.h"
#include "scan/finding.h"
#include "scan/watch/internal.h"

/* One image at work. */
struct image {
	int64_t id;
	uint32_t ordinal;
	char *name, *digest;
	struct numbers packages, known;
	struct numbers news, having; /* advisories that are new, ascending; packages with one */
	bool grown;
};

static void image_release(struct image *i)
{
	free(i->name);
	free(i->digest);
	numbers_release(&i->packages);
	numbers_release(&i->known);
	numbers_release(&i->news);
	numbers_release(&i->having);
}

/* Marks an advisory as one that the image has. True when it had it. */
static int tell(struct matching *m, const struct image *image, uint32_t advisory, bool *ret_before,
		struct err *e)
{
	if (advisory >= m->told_n) {
		const size_t n = 2 * (size_t)advisory + 1024;
		uint32_t *more = reallocarray(m->told, n, sizeof(*more));

		if (!more)
			return FAIL_NOMEM(e);
		memset(more + m->told_n, 0, (n - m->told_n) * sizeof(*more));
		m->told = more;
		m->told_n = n;
	}
	*ret_before = m->told[advisory] == image->ordinal;
	m->told[advisory] = image->ordinal;
	return 0;
}

/* One finding of a package: v[0] is its advisory, v[1..n) are aliases. */
static int take_finding(struct matching *m, struct image *image, const uint32_t *v, size_t n,
			struct err *e)
{
	bool before, known = false;
	int r = tell(m, image, v[0], &before, e);

	if (r < 0 || before)
		return r;
	for (size_t i = 1; i < n; i++) {
		const uint32_t alias = v[i] & ~(uint32_t)NUMBER_ALIAS;

		known |= alias < m->told_n && m->told[alias] == image->ordinal;
	}
	image->grown = true;
	r = numbers_add(&image->known, v[0], e);
	return r < 0 || known ? r : numbers_add(&image->news, v[0], e);
}

static int take_package(struct matching *m, struct image *image, uint32_t package, struct err *e)
{
	size_t at, end;
	int r = 0;

	if (package >= m->length.n)
		return 0;
	at = m->from.v[package];
	end = at + m->length.v[package];
	while (at < end && r == 0) {
		size_t n = 1;

		while (at + n < end && m->found.v[at + n] & NUMBER_ALIAS)
			n++;
		r = take_finding(m, image, m->found.v + at, n, e);
		at += n;
	}
	return r;
}

static bool has_number(const struct numbers *l, uint32_t v)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (l->v[mid] == v)
			return true;
		if (l->v[mid] < v)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* Those of the image's packages that one of the news is of. */
static int find_having(const struct matching *m, struct image *image, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < image->packages.n && r == 0; i++) {
		const uint32_t package = image->packages.v[i];
		bool has = false;

		if (package >= m->length.n)
			continue;
		for (size_t k = 0; k < m->length.v[package] && !has; k++)
			has = has_number(&image->news, m->found.v[m->from.v[package] + k]);
		if (has)
			r = numbers_add(&image->having, package, e);
	}
	return r;
}

static int load_having(struct matching *m, const struct image *image, json_t *list, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < image->having.n && r >= 0; i++) {
		r = sql_bind(m->doc, e, "i", (int64_t)image->having.v[i]);
		r = r < 0 ? r : sql_step(m->doc, e);
		if (r > 0)
			r = watch_list_add(list, sql_text(m->doc, 0), image->having.v[i], e);
		(void)sqlite3_reset(m->doc);
	}
	return r;
}

/* The package of one more finding of the same advisory; the graver one tells of it. */
static int add_to_advisory(json_t *advisory, const struct finding *f, struct err *e)
{
	json_t *packages = json_object_get(advisory, "packages");
	json_t *p;

	if (json_array_size(packages) >= LIMIT_WATCH_WORDS)
		return 0;
	p = json_pack("{ss ss}", "name", json_string_or_null(f->package, "name"), "version",
		      json_string_or_null(f->package, "version"));
	if (!p)
		return FAIL_NOMEM(e);
	if (*f->fixed && json_put_string(p, "fixed", f->fixed, e) < 0) {
		json_decref(p);
		return E_NOMEM;
	}
	return json_push(packages, p, e);
}

static int put_aliases(json_t *advisory, const char *aliases, struct err *e)
{
	json_t *list = json_object_get(advisory, "aliases");
	struct str rest = str_of(aliases), one;
	int r = 0;

	while (r == 0 && json_array_size(list) < LIMIT_WATCH_WORDS && str_cut(&rest, ' ', &one))
		if (one.n)
			r = json_push(list, json_stringn(one.p, one.n), e);
	return r;
}

static int make_advisory(const struct finding *f, json_t **ret, struct err *e)
{
	auto_json *o = json_pack("{ss s[] ss ss sb s[]}", "advisory", f->advisory, "aliases",
				 "title", f->title, "severity", severity_name(f->severity),
				 "exploited", f->exploited, "packages");
	int r = o ? put_aliases(o, f->aliases, e) : FAIL_NOMEM(e);

	if (r == 0 && f->score >= 0)
		r = json_put(o, "score", json_real(f->score / 10.0), e);
	if (r == 0)
		*ret = TAKE(o);
	return r;
}

/* Findings in order of urgency; those of one advisory are told of as one, where the first is. */
static int tell_findings(struct matching *m, const struct image *image, struct report *report,
			 struct err *e)
{
	auto_json *by_name = json_object(), *order = json_array();
	size_t i;
	json_t *advisory;
	uint32_t n;
	int r = by_name && order ? 0 : FAIL_NOMEM(e);

	findings_sort(report);
	for (i = 0; i < report->findings_n && r >= 0; i++) {
		const struct finding *f = &report->findings[i];

		r = watch_find_advisory(m->w, f->advisory, &n, e);
		if (r <= 0 || !has_number(&image->news, n))
			continue;
		advisory = json_object_get(by_name, f->advisory);
		r = 0;
		if (!advisory) {
			r = make_advisory(f, &advisory, e);
			r = r < 0 ? r : json_put(by_name, f->advisory, advisory, e);
			r = r < 0 ? r : json_push(order, json_incref(advisory), e);
		}
		r = r < 0 ? r : add_to_advisory(advisory, f, e);
	}
	r = r < 0 ? r : 0;
	json_array_foreach(order, i, advisory) r =
		r < 0 ? r
		      : news_add(&m->news, image->name, image->digest, json_incref(advisory), e);
	return r;
}

static int tell_news(struct matching *m, struct image *image, struct err *e)
{
	auto_report report = { .list = json_pack("{s[]}", "packages") };
	int r = report.list ? 0 : FAIL_NOMEM(e);

	numbers_sort(&image->news);
	r = r < 0 ? r : find_having(m, image, e);
	r = r < 0 ? r : load_having(m, image, report.list, e);
	r = r < 0 ? r : findings_collect(m->db, &report, e);
	return r < 0 ? r : tell_findings(m, image, &report, e);
}

static int save_known(struct image *image, sqlite3_stmt *st, struct err *e)
{
	auto_buf known = BUF_INIT(LIMIT_WATCHED);
	int r;

	numbers_sort(&image->known);
	r = numbers_write(&image->known, &known, e);
	return r < 0 ? r : sql_run(st, e, "bi", ((struct str){ known.p, known.n }), image->id);
}

static int match_image(struct matching *m, struct image *image, sqlite3_stmt *save, struct err *e)
{
	int r = 0;
	bool before;

	image->news.n = image->having.n = 0;
	image->grown = false;
	for (size_t i = 0; i < image->known.n && r == 0; i++)
		r = tell(m, image, image->known.v[i], &before, e);
	for (size_t i = 0; i < image->packages.n && r == 0; i++)
		r = take_package(m, image, image->packages.v[i], e);
	if (r == 0 && image->grown)
		r = save_known(image, save, e);
	return r < 0 || !image->news.n ? r : tell_news(m, image, e);
}

static int set_text(char **to, const char *from, struct err *e)
{
	free(*to);
	*to = strdup(from);
	return *to ? 0 : FAIL_NOMEM(e);
}

static int load_image(sqlite3_stmt *st, struct image *image, struct err *e)
{
	int r = set_text(&image->name, sql_text(st, 1), e);

	image->id = sqlite3_column_int64(st, 0);
	image->ordinal++;
	r = r < 0 ? r : set_text(&image->digest, sql_text(st, 2), e);
	r = r < 0 ? r : numbers_read(sql_blob(st, 3), &image->packages, e);
	return r < 0 ? r : numbers_read(sql_blob(st, 4), &image->known, e);
}

int watch_match_images(struct matching *m, size_t *ret_n, struct err *e)
{
	__attribute__((cleanup(image_release))) struct image image = { 0 };
	auto_stmt *st = NULL, *save = NULL;
	int r = sql_prepare(m->w->db,
			    "SELECT id, name, digest, packages, known FROM image ORDER BY id", &st,
			    e);

	r = r < 0 ? r
		  : sql_prepare(m->w->db, "UPDATE image SET known = ?1 WHERE id = ?2", &save, e);
	r = r < 0 ? r : sql_prepare(m->w->db, "SELECT doc FROM package WHERE id = ?1", &m->doc, e);
	while (r >= 0 && (r = sql_step(st, e)) > 0) {
		r = load_image(st, &image, e);
		r = r < 0 ? r : match_image(m, &image, save, e);
		r = r < 0 ? r : proc_interrupted(e);
	}
	*ret_n = image.ordinal;
	return r;
}
