/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/finding.h"

#include <stdlib.h>

#include "scan/advisory/unit.h"

enum { LIMIT_FINDINGS = 1000 * 1000 };

struct collector {
	struct report *report;
	size_t first;	     /* the first finding of the package at hand */
	struct strv cleared; /* what its distribution says does not concern it */
};

static void collector_release(struct collector *c)
{
	strv_free(&c->cleared);
}

static void finding_free(struct finding *f)
{
	free(f->advisory);
	free(f->aliases);
	free(f->title);
	free(f->fixed);
	free(f->status);
	free(f->vector);
	free(f->unit);
	free(f->severity_from);
	*f = (struct finding){ 0 };
}

void report_free(struct report *r)
{
	for (size_t i = 0; i < r->findings_n; i++)
		finding_free(&r->findings[i]);
	free(r->findings);
	strv_free(&r->uncovered);
	json_decref(r->release);
	json_decref(r->list);
	*r = (struct report){ 0 };
}

int finding_set(char **field, const char *value, struct err *e)
{
	char *copy = strdup(value);

	if (!copy)
		return FAIL_NOMEM(e);
	free(*field);
	*field = copy;
	return 0;
}

const char *finding_package(const struct finding *f, const char *member)
{
	const char *s = json_string_or_null(f->package, member);

	return s ? s : "";
}

int finding_add(struct report *r, struct finding **ret, struct err *e)
{
	struct finding f = { .score = -1, .epss_ppm = -1, .epss_rank_ppm = -1 };
	char **const strings[] = { &f.advisory, &f.aliases, &f.title, &f.fixed,
				   &f.status,	&f.vector,  &f.unit,  &f.severity_from };
	int error = 0;

	if (r->findings_n >= LIMIT_FINDINGS)
		return FAIL(e, E_FORMAT, "more than %d findings", LIMIT_FINDINGS);
	if (r->findings_n == r->findings_alloc) {
		size_t alloc = r->findings_alloc ? 2 * r->findings_alloc : 64;
		struct finding *more = reallocarray(r->findings, alloc, sizeof(*more));

		if (!more)
			return FAIL_NOMEM(e);
		r->findings = more;
		r->findings_alloc = alloc;
	}
	for (size_t i = 0; i < sizeof(strings) / sizeof(*strings) && error == 0; i++)
		error = finding_set(strings[i], "", e);
	if (error < 0) {
		finding_free(&f);
		return error;
	}
	*ret = &r->findings[r->findings_n++];
	**ret = f;
	return 0;
}

static bool is_cve(const char *id)
{
	return starts_with(id, "CVE-");
}

/* A finding of this package that is the same vulnerability: by its id, or, where neither is a CVE,
 * by an alias of one that is the other. */
static struct finding *same_finding(const struct collector *c, const struct advisory_row *row)
{
	for (size_t i = c->first; i < c->report->findings_n; i++) {
		struct finding *f = &c->report->findings[i];

		if (strcmp(f->advisory, row->id) == 0 ||
		    (!(is_cve(f->advisory) && is_cve(row->id)) &&
		     (has_word(f->aliases, row->id) || has_word(row->aliases, f->advisory))))
			return f;
	}
	return NULL;
}

/* Adds names to the aliases that are not there yet, in the order of their coming. */
static int add_aliases(struct finding *f, const char *names, struct err *e)
{
	auto_buf b = BUF_INIT(SIZE_MAX);
	struct str rest = str_of(names), one;
	int r;

	buf_puts(&b, f->aliases);
	while (str_cut(&rest, ' ', &one)) {
		auto_free char *name = str_dup(one);

		if (!name)
			return FAIL_NOMEM(e);
		if (*name && strcmp(name, f->advisory) != 0 && !has_word(buf_str(&b), name))
			buf_printf(&b, "%s%s", b.n ? " " : "", name);
	}
	r = buf_check(&b, "aliases", e);
	return r < 0 ? r : finding_set(&f->aliases, buf_str(&b), e);
}

/* The CVE is the name to show; what was shown before becomes an alias. */
static int take_name(struct finding *f, const struct advisory_row *row, struct err *e)
{
	auto_free char *old = NULL;
	int r;

	if (*f->advisory && !(is_cve(row->id) && !is_cve(f->advisory)))
		return add_aliases(f, row->id, e);
	old = strdup(f->advisory);
	r = old ? finding_set(&f->advisory, row->id, e) : FAIL_NOMEM(e);
	return r < 0 ? r : add_aliases(f, old, e);
}

/* The graver rating counts, and its vector goes with it. */
static int take_rating(struct finding *f, const struct advisory_row *row, struct err *e)
{
	int r = 0;

	if (row->severity > (int)f->severity) {
		f->severity = (enum severity)row->severity;
		r = finding_set(&f->severity_from, row->unit, e);
	}
	if (r == 0 && row->score > f->score)
		r = finding_set(&f->vector, row->vector, e);
	if (row->score > f->score)
		f->score = row->score;
	return r;
}

/* What changelogs say was meant to be mended counts where nobody else speaks of it. */
static bool is_weak(const char *unit)
{
	return starts_with(unit, ADVISORY_DEBIAN_FIXED_UNITS);
}

/*
 * One more record of a vulnerability, the first or a later one. The version that mends all records
 * is the latest fix; one that knows of none does not undo one that does.
 */
static int take_record(struct finding *f, const struct match *m, struct err *e)
{
	const struct advisory_row *row = m->row;
	const bool first = !*f->advisory, weak = is_weak(row->unit);
	int r = 0;

	if (weak && !first && !is_weak(f->unit))
		return 0;
	if (!weak && !first && is_weak(f->unit)) {
		r = finding_set(&f->fixed, "", e);
		r = r < 0 ? r : finding_set(&f->unit, "", e);
	}
	r = r < 0 ? r : take_name(f, row, e);
	r = r < 0 ? r : add_aliases(f, row->aliases, e);
	r = r < 0 ? r : take_rating(f, row, e);
	if (r == 0 && !*f->title)
		r = finding_set(&f->title, row->title, e);
	if (r == 0 && !*f->status && strcmp(row->status, "fixed") != 0)
		r = finding_set(&f->status, row->status, e);
	if (r == 0 && !*f->unit)
		r = finding_set(&f->unit, row->unit, e);
	if (r == 0 && *m->fixed &&
	    (!*f->fixed || m->order->compare(str_of(m->fixed), str_of(f->fixed)) > 0))
		r = finding_set(&f->fixed, m->fixed, e);
	return r;
}

/*
 * Rows with a status are a distribution's own list, which has the last word: what it says was never
 * affected, or is mended by what is installed, is no finding whoever else speaks of it. That only
 * Ubuntu Pro has a fix is no such word. Of Go's own database, that it is about Windows only, is
 * one: who else tells of it does not say.
 */
static bool clears(const struct match *m)
{
	if (m->verdict == MATCH_NOT_AFFECTED || m->verdict == MATCH_OTHER_PLATFORM)
		return true;
	return m->verdict == MATCH_OUTSIDE && *m->row->status &&
	       strcmp(m->row->status, "pro-only") != 0;
}

/* Notes the names of a vulnerability that does not concern the package. */
static int clear(struct collector *c, const struct match *m, struct err *e)
{
	struct str rest = str_of(m->row->aliases), one;
	int r = strv_add(&c->cleared, m->row->id, e);

	/* A distribution speaks of CVEs; other databases have names of their own for one. */
	while (r == 0 && m->verdict == MATCH_OTHER_PLATFORM && str_cut(&rest, ' ', &one))
		r = strv_addf(&c->cleared, e, "%.*s", (int)one.n, one.p);
	return r;
}

static int got_match(void *arg, const struct match *m, struct err *e)
{
	struct collector *c = arg;
	struct finding *f;
	int r = 0;

	if (clears(m))
		return clear(c, m, e);
	if (m->verdict != MATCH_AFFECTED)
		return 0;
	f = same_finding(c, m->row);
	if (!f)
		r = finding_add(c->report, &f, e);
	if (r < 0)
		return r;
	f->package = m->package;
	return take_record(f, m, e);
}

/* An advisory may name a package for several vulnerabilities, one of which the distribution's own
 * list says was never in it: the closer word counts. */
static int end_package(void *arg, const json_t *package, struct err *e)
{
	struct collector *c = arg;
	struct report *r = c->report;
	size_t kept = c->first;

	(void)package, (void)e;
	for (size_t i = c->first; i < r->findings_n; i++)
		if (strv_has(&c->cleared, r->findings[i].advisory))
			finding_free(&r->findings[i]);
		else
			r->findings[kept++] = r->findings[i];
	r->findings_n = c->first = kept;
	strv_free(&c->cleared);
	return 0;
}

int findings_match(struct advisory_db *db, struct report *report, struct err *e)
{
	__attribute__((cleanup(collector_release))) struct collector c = { .report = report };
	const struct match_sink sink = { .row = got_match, .end = end_package, .arg = &c };

	return match_packages(db, report->list, &sink, &report->uncovered, e);
}

/* Whole percents: what is below is noise, which must not outrank that there is a fix. */
static int percent(int ppm)
{
	return ppm < 0 ? -1 : ppm / 10000;
}

static int by_urgency(const void *a, const void *b)
{
	static const char *const members[] = { "version", "path" };
	const struct finding *x = a, *y = b;
	int r = y->exploited - x->exploited;

	r = r ? r : (int)y->severity - (int)x->severity;
	r = r ? r : percent(y->epss_ppm) - percent(x->epss_ppm);
	r = r ? r : (*y->fixed != '\0') - (*x->fixed != '\0');
	r = r ? r : y->score - x->score;
	r = r ? r : strcmp(finding_package(x, "name"), finding_package(y, "name"));
	r = r ? r : strcmp(x->advisory, y->advisory);
	for (size_t i = 0; i < sizeof(members) / sizeof(*members) && r == 0; i++)
		r = strcmp(finding_package(x, members[i]), finding_package(y, members[i]));
	return r;
}

/* Of twins the one that stays is the same whatever order the list had. */
static int in_order(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;
	int r = by_urgency(a, b);

	return r ? r : strcmp(finding_package(x, "arch"), finding_package(y, "arch"));
}

void findings_sort(struct report *r)
{
	size_t kept = 0;

	if (r->findings_n)
		qsort(r->findings, r->findings_n, sizeof(*r->findings), in_order);
	for (size_t i = 0; i < r->findings_n; i++) {
		struct finding *f = &r->findings[i];

		if (kept && by_urgency(&r->findings[kept - 1], f) == 0)
			finding_free(f);
		else
			r->findings[kept++] = *f;
	}
	r->findings_n = kept;
}
