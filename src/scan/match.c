/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "scan/advisory/db.h"
#include "scan/range.h"
#include "scan/scan.h"

enum { LIMIT_FINDINGS = 1000 * 1000 };

/* The names under which advisories of an ecosystem may stand, the most particular first. */
struct ecosystems {
	struct strv names;
	const struct version_order *order;
};

static int ecosystems_of(const char *ecosystem, struct ecosystems *ret, struct err *e)
{
	int r = strv_add(&ret->names, ecosystem, e);

	ret->order = version_order_of(str_of(ecosystem));
	if (r == 0 && starts_with(ecosystem, "Ubuntu:"))
		r = strv_addf(&ret->names, e, "%s:LTS", ecosystem);
	if (r == 0 && strchr(ecosystem, ':'))
		r = strv_addf(&ret->names, e, "%.*s", (int)strcspn(ecosystem, ":"), ecosystem);
	return r;
}

struct matcher {
	struct report *report;
	struct advisory_db *db;
	const struct ecosystems *ecosystems;
	size_t alloc;
	/* The package at hand: */
	const json_t *package;
	const char *version; /* the one to compare: the source's, or its own */
	size_t first;	     /* its first finding */
};

static void finding_free(struct finding *f)
{
	free(f->advisory);
	free(f->aliases);
	free(f->title);
	free(f->fixed);
	free(f->status);
	free(f->vector);
	free(f->unit);
	*f = (struct finding){ 0 };
}

void report_free(struct report *r)
{
	for (size_t i = 0; i < r->findings_n; i++)
		finding_free(&r->findings[i]);
	free(r->findings);
	json_decref(r->list);
	*r = (struct report){ 0 };
}

static bool has_word(const char *words, const char *word)
{
	struct str rest = str_of(words), one;

	while (str_cut(&rest, ' ', &one))
		if (str_eqz(one, word))
			return true;
	return false;
}

/* A finding of this package that is the same vulnerability: by its id, or, where neither is a CVE,
 * by an alias of one that is the other. */
static struct finding *same_finding(const struct matcher *m, const struct advisory_row *row)
{
	for (size_t i = m->first; i < m->report->findings_n; i++) {
		struct finding *f = &m->report->findings[i];
		bool both_cve = starts_with(f->advisory, "CVE-") && starts_with(row->id, "CVE-");

		if (strcmp(f->advisory, row->id) == 0 ||
		    (!both_cve &&
		     (has_word(f->aliases, row->id) || has_word(row->aliases, f->advisory))))
			return f;
	}
	return NULL;
}

static int replace(char **s, const char *with, struct err *e)
{
	char *copy = strdup(with);

	if (!copy)
		return FAIL_NOMEM(e);
	free(*s);
	*s = copy;
	return 0;
}

/* Adds names to the aliases that are not there yet; they stay sorted by nothing but their coming.
 */
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
	return r < 0 ? r : replace(&f->aliases, buf_str(&b), e);
}

/*
 * A second record of the same vulnerability. The graver rating counts; the version that mends both
 * is the later fix, and a record that knows of none does not undo one that does.
 */
static int merge_finding(const struct matcher *m, struct finding *f, const struct advisory_row *row,
			 const char *fixed, struct err *e)
{
	int r = 0;

	if (starts_with(row->id, "CVE-") && !starts_with(f->advisory, "CVE-")) {
		auto_free char *old = strdup(f->advisory);

		r = old ? replace(&f->advisory, row->id, e) : FAIL_NOMEM(e);
		r = r < 0 ? r : add_aliases(f, old, e);
	}
	r = r < 0 ? r : add_aliases(f, row->id, e);
	r = r < 0 ? r : add_aliases(f, row->aliases, e);
	if (r == 0 && !*f->title)
		r = replace(&f->title, row->title, e);
	if (r == 0 && *fixed &&
	    (!*f->fixed || m->ecosystems->order->compare(str_of(fixed), str_of(f->fixed)) > 0))
		r = replace(&f->fixed, fixed, e);
	if (row->severity > (int)f->severity)
		f->severity = (enum severity)row->severity;
	if (row->score > f->score)
		f->score = row->score;
	return r;
}

static int new_finding(struct matcher *m, const struct advisory_row *row, const char *fixed,
		       struct err *e)
{
	struct report *r = m->report;
	struct finding f = { .severity = (enum severity)row->severity,
			     .score = row->score,
			     .package = m->package,
			     .advisory = strdup(row->id),
			     .aliases = strdup(""),
			     .title = strdup(row->title),
			     .fixed = strdup(fixed),
			     .status = strdup(""),
			     .vector = strdup(""),
			     .unit = strdup(""),
			     .epss_ppm = -1,
			     .epss_rank_ppm = -1 };
	int error = f.advisory && f.aliases && f.title && f.fixed && f.status && f.vector && f.unit
			    ? 0
			    : FAIL_NOMEM(e);

	error = error < 0 ? error : add_aliases(&f, row->aliases, e);
	if (error == 0 && r->findings_n >= LIMIT_FINDINGS)
		error = FAIL(e, E_FORMAT, "more than %d findings", LIMIT_FINDINGS);
	if (error == 0 && r->findings_n == m->alloc) {
		size_t alloc = m->alloc ? 2 * m->alloc : 64;
		struct finding *more = reallocarray(r->findings, alloc, sizeof(*more));

		if (more) {
			r->findings = more;
			m->alloc = alloc;
		} else {
			error = FAIL_NOMEM(e);
		}
	}
	if (error < 0)
		finding_free(&f);
	else
		r->findings[r->findings_n++] = f;
	return error;
}

static int match_row(void *arg, struct advisory_row *row, struct err *e)
{
	struct matcher *m = arg;
	struct range_answer a;
	struct finding *same;
	int r;

	range_match(m->ecosystems->order, row->ranges, m->version, &a);
	if (!a.affected)
		return 0;
	r = advisory_db_fill(m->db, row, e);
	if (r < 0)
		return r;
	same = same_finding(m, row);
	return same ? merge_finding(m, same, row, a.fixed, e) : new_finding(m, row, a.fixed, e);
}

static int match_name(struct matcher *m, const char *name, const char *version, struct err *e)
{
	int r = 0;

	m->version = version;
	for (size_t i = 0; i < m->ecosystems->names.n && r == 0; i++)
		r = advisory_db_rows(m->db, m->ecosystems->names.v[i], name, match_row, m, e);
	return r;
}

static int match_package(struct matcher *m, const json_t *package, struct err *e)
{
	const char *name, *version, *source, *source_version;
	int r = json_get_string(package, "name", &name, "package", e);

	r = r < 0 ? r : json_get_string(package, "version", &version, "package", e);
	r = r < 0 ? r : json_get_string(package, "source", &source, "package", e);
	r = r < 0 ? r : json_get_string(package, "source_version", &source_version, "package", e);
	if (r < 0)
		return r;
	m->package = package;
	m->first = m->report->findings_n;
	r = match_name(m, source, source_version, e);
	if (r == 0 && strcmp(name, source) != 0)
		r = match_name(m, name, version, e);
	return r;
}

/* The worst first, what can be fixed before what cannot, then by package and name. */
static int by_urgency(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;
	int r = (int)y->severity - (int)x->severity;

	r = r ? r : y->score - x->score;
	r = r ? r : (*y->fixed != '\0') - (*x->fixed != '\0');
	r = r ? r
	      : strcmp(json_string_or_null(x->package, "name"),
		       json_string_or_null(y->package, "name"));
	r = r ? r : strcmp(x->advisory, y->advisory);
	return r ? r
		 : strcmp(json_string_or_null(x->package, "version"),
			  json_string_or_null(y->package, "version"));
}

/* The same package twice, for two architectures, is one finding. */
static void drop_twins(struct report *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->findings_n; i++) {
		struct finding *f = &r->findings[i];

		if (kept && by_urgency(&r->findings[kept - 1], f) == 0)
			finding_free(f);
		else
			r->findings[kept++] = *f;
	}
	r->findings_n = kept;
}

static int match_all(struct matcher *m, const json_t *list, struct err *e)
{
	size_t i;
	json_t *package;
	int r = 0;

	for (i = 0; i < m->ecosystems->names.n && r == 0 && !m->report->covered; i++)
		r = advisory_db_covers(m->db, m->ecosystems->names.v[i], &m->report->covered, e);
	r = r < 0 ? r : advisory_db_date(m->db, &m->report->advisories_date, e);
	json_array_foreach(json_object_get(list, "packages"), i, package) if (r == 0) r =
		match_package(m, package, e);
	return r;
}

static int match_list(const struct state *state, const json_t *list, struct report *report,
		      struct err *e)
{
	auto_release(advisory_db_close) struct advisory_db *db = NULL;
	const char *ecosystem = json_string_or_null(list, "ecosystem");
	struct ecosystems names = { .order = NULL };
	struct matcher m = { .report = report, .ecosystems = &names };
	struct err missing = ERR_INIT;
	int r = advisory_db_open(&db, state, &missing);

	if (r == E_NOTFOUND)
		return 0;
	if (r < 0) {
		if (e)
			*e = missing;
		return r;
	}
	report->has_advisories = true;
	m.db = db;
	if (ecosystem && *ecosystem) {
		r = ecosystems_of(ecosystem, &names, e);
		if (r == 0 && names.order)
			r = match_all(&m, list, e);
	}
	strv_free(&names.names);
	return r;
}

int scan_match(const struct state *state, const json_t *list, struct report *ret, struct err *e)
{
	auto_report report = { .list = json_incref((json_t *)(uintptr_t)list) };
	const char *schema;
	int r = json_get_string(list, "schema", &schema, "package list", e);

	if (r == 0 && strcmp(schema, SCAN_LIST_SCHEMA) != 0)
		r = FAIL(e, E_FORMAT, "package list: schema '%.80s'", schema);
	r = r < 0 ? r : match_list(state, list, &report, e);
	if (r < 0)
		return r;
	if (report.findings_n)
		qsort(report.findings, report.findings_n, sizeof(*report.findings), by_urgency);
	drop_twins(&report);
	*ret = report;
	report = (struct report){ 0 };
	return 0;
}

int scan_image(const struct state *state, const struct store *store, const struct desc *image,
	       struct progress *p, struct report *ret, struct err *e)
{
	auto_json *list = NULL;
	int r = scan_packages(state, store, image, p, &list, e);

	return r < 0 ? r : scan_match(state, list, ret, e);
}
