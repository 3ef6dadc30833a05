/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/csaf.h"

#include "base/clock.h"
#include "scan/severity.h"

/*
 * CSAF 2.0 (OASIS, "Common Security Advisory Framework"), profiles VEX and security advisory, as
 * Red Hat and SUSE publish them: which products have a vulnerability, which never had it, which
 * build mends it, and what the vendor means to do about the others.
 */

bool advisory_is_csaf(const json_t *doc)
{
	return json_string_or_null(json_object_get(doc, "document"), "csaf_version") &&
	       json_is_object(json_object_get(doc, "product_tree"));
}

/* One vulnerability on its way into rows. */
struct reader {
	const struct csaf_tree *tree;
	json_t *unit;
	const json_t *vulnerability;
	const char *cve;
	struct str title;
	json_t *rows;	 /* "ecosystem\npackage\nstatus" -> row, borrowed by number */
	json_t *fixed;	 /* "ecosystem\npackage" that some build mends */
	json_t *sources; /* "ecosystem\nmodule\nversion" of source packages */
	json_t *about;	 /* product id -> {"s","c","vec","st","alias"} */
};

static json_t *about(struct reader *rd, const char *id)
{
	json_t *o = json_object_get(rd->about, id);

	if (!o && json_object_set_new(rd->about, id, json_object()) == 0)
		o = json_object_get(rd->about, id);
	return o;
}

/* Sets a member of all products of a list; without one, of every product ("*"). */
static int tell(struct reader *rd, const json_t *ids, const char *key, const char *value,
		struct err *e)
{
	size_t i;
	json_t *v;

	if (!json_is_array(ids))
		return json_put_string(about(rd, "*"), key, value, e);
	json_array_foreach(ids, i, v)
	{
		const char *id = json_string_value(v);
		int r = unit_check_string(id, "a product id", e);

		r = r < 0 ? r : json_put_string(about(rd, id), key, value, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static const char *told(const struct reader *rd, const char *id, const char *key)
{
	const char *s = json_string_or_null(json_object_get(rd->about, id), key);

	return s ? s : json_string_or_null(json_object_get(rd->about, "*"), key);
}

/* "https://access.redhat.com/errata/RHSA-2024:1234" */
static const char *erratum(const char *url)
{
	const char *name = url ? strrchr(url, '/') : NULL;

	return name && unit_is_id(name + 1) ? name + 1 : NULL;
}

static int read_remediation(struct reader *rd, const json_t *rem, struct err *e)
{
	const char *category = json_string_or_null(rem, "category");
	const char *details = json_string_or_null(rem, "details");
	const json_t *ids = json_object_get(rem, "product_ids");
	const char *name;

	if (!category)
		return 0;
	if (strcmp(category, "vendor_fix") == 0) {
		name = erratum(json_string_or_null(rem, "url"));
		return name ? tell(rd, ids, "alias", name, e) : 0;
	}
	if (strcmp(category, "no_fix_planned") == 0)
		return tell(rd, ids, "st",
			    details && strcasestr(details, "support scope") ? "end-of-life"
									    : "wont-fix",
			    e);
	if (strcmp(category, "none_available") == 0 && details && strcasestr(details, "deferred"))
		return tell(rd, ids, "st", "postponed", e);
	return 0;
}

static int read_about(struct reader *rd, struct err *e)
{
	size_t i;
	json_t *v;
	int r = 0;

	json_array_foreach(json_object_get(rd->vulnerability, "remediations"), i, v) r =
		r < 0 ? r : read_remediation(rd, v, e);
	json_array_foreach(json_object_get(rd->vulnerability, "threats"), i, v)
	{
		const char *category = json_string_or_null(v, "category");

		if (r == 0 && category && strcmp(category, "impact") == 0)
			r = tell(rd, json_object_get(v, "product_ids"), "impact",
				 json_string_or_null(v, "details"), e);
	}
	json_array_foreach(json_object_get(rd->vulnerability, "scores"), i, v)
	{
		const json_t *cvss = json_object_get(v, "cvss_v3");
		const char *vector = json_string_or_null(
			cvss ? cvss : json_object_get(v, "cvss_v2"), "vectorString");

		if (r == 0 && vector && strlen(vector) <= LIMIT_ADVISORY_STRING)
			r = tell(rd, json_object_get(v, "products"), "vec", vector, e);
	}
	return r;
}

static int rate(const struct reader *rd, const char *id, json_t *row, struct err *e)
{
	const char *vector = told(rd, id, "vec");
	int score = vector ? cvss_score(vector) : -1, r;
	/* The vendor's own word before the score: it knows how its product is built. */
	enum severity s = severity_of_word(told(rd, id, "impact"));

	if (s == SEVERITY_UNKNOWN)
		s = severity_of_score(score);
	if (s > (enum severity)json_integer_value(json_object_get(row, "s"))) {
		r = json_put(row, "s", json_integer((json_int_t)s), e);
		if (r < 0)
			return r;
	}
	if (score <= json_integer_value(json_object_get(row, "c")))
		return 0;
	r = json_put(row, "c", json_integer(score), e);
	return r < 0 ? r : json_put_string(row, "vec", vector, e);
}

static int add_alias(const struct reader *rd, const char *id, json_t *row, struct err *e)
{
	const char *alias = told(rd, id, "alias");
	json_t *names = json_array_get(json_object_get(row, "ids"), 0), *v;
	size_t i;

	if (!alias)
		return 0;
	json_array_foreach(names, i, v) if (strcmp(json_string_value(v), alias) == 0) return 0;
	if (json_array_size(names) >= LIMIT_ADVISORY_IDS)
		return FAIL(e, E_FORMAT, "more than %d ids", LIMIT_ADVISORY_IDS);
	return json_push(names, json_string(alias), e);
}

/* The row of a package and status, made when it is not there. */
static int row_of(struct reader *rd, const struct csaf_package *p, const char *status, json_t **ret,
		  struct err *e)
{
	auto_buf key = BUF_INIT(1024);
	const json_t *at;
	json_t *rows = json_object_get(rd->unit, "rows");
	int r;

	buf_printf(&key, "%s\n%s\n%s", p->ecosystem, p->name, status ? status : "");
	at = json_object_get(rd->rows, buf_str(&key));
	if (at) {
		*ret = json_array_get(rows, (size_t)json_integer_value(at));
		return 0;
	}
	r = json_put_u64(rd->rows, buf_str(&key), json_array_size(rows), e);
	r = r < 0 ? r : unit_add_row(rd->unit, p->ecosystem, p->name, rd->cve, ret, e);
	r = r < 0 ? r : json_put_string(*ret, "st", status, e);
	if (r == 0 && rd->title.n)
		r = json_put(*ret, "t", json_stringn(rd->title.p, rd->title.n), e);
	return r;
}

static bool has_fix(const json_t *row, const char *version)
{
	size_t i;
	json_t *range;

	json_array_foreach(json_object_get(row, "r"), i,
			   range) if (strcmp(json_string_value(json_array_get(range, 3)),
					     version) == 0) return true;
	return false;
}

static void source_key(const struct csaf_package *p, struct buf *ret)
{
	const char *slash = strchr(p->name, '/');

	buf_printf(ret, "%s\n%.*s\n%s", p->ecosystem, slash ? (int)(slash - p->name) : 0, p->name,
		   p->version);
}

static int note(json_t *set, const char *key, struct err *e)
{
	return json_put(set, key, json_true(), e);
}

/* First pass: which packages are mended, and which of the builds are sources. */
static int see_fixed(struct reader *rd, const char *id, struct err *e)
{
	auto_buf key = BUF_INIT(1024), name = BUF_INIT(1024);
	struct csaf_package p;
	int r;

	if (!csaf_package(rd->tree, id, true, &p))
		return 0;
	buf_printf(&name, "%s\n%s", p.ecosystem, p.name);
	r = note(rd->fixed, buf_str(&name), e);
	source_key(&p, &key);
	return r < 0 || !p.source ? r : note(rd->sources, buf_str(&key), e);
}

/*
 * A build that mends it. Binary packages of the source's own version go with their source: scans
 * compare that. Several fixes, as streams of updates have them, must all be passed.
 */
static int add_fixed(struct reader *rd, const char *id, struct err *e)
{
	auto_buf key = BUF_INIT(1024);
	struct csaf_package p;
	json_t *row = NULL;
	int r;

	if (!csaf_package(rd->tree, id, true, &p))
		return 0;
	source_key(&p, &key);
	if (!p.source && json_object_get(rd->sources, buf_str(&key)))
		return 0;
	r = row_of(rd, &p, NULL, &row, e);
	if (r == 0 && !has_fix(row, p.version))
		r = unit_add_range(row, p.version, e);
	r = r < 0 ? r : rate(rd, id, row, e);
	return r < 0 ? r : add_alias(rd, id, row, e);
}

/* A package of whatever version; where a build mends it, that build is what counts. */
static int add_unfixed(struct reader *rd, const char *id, const char *status, struct err *e)
{
	auto_buf name = BUF_INIT(1024);
	struct csaf_package p;
	json_t *row = NULL;
	int r;

	if (!csaf_package(rd->tree, id, false, &p))
		return 0;
	buf_printf(&name, "%s\n%s", p.ecosystem, p.name);
	if (json_object_get(rd->fixed, buf_str(&name)))
		return 0;
	if (!status)
		status = told(rd, id, "st");
	r = row_of(rd, &p, status, &row, e);
	if (r == 0 && !(status && strcmp(status, "not-affected") == 0) &&
	    !json_array_size(json_object_get(row, "r")))
		r = unit_add_range(row, NULL, e);
	return r < 0 ? r : rate(rd, id, row, e);
}

/* What each list of product_status says; the fixed ones stand first. */
static const struct {
	const char *list, *status;
	bool fixed;
} lists[] = {
	{ "fixed", NULL, true },
	{ "first_fixed", NULL, true },
	{ "recommended", NULL, true },
	{ "known_affected", NULL, false },
	{ "under_investigation", "investigating", false },
	{ "known_not_affected", "not-affected", false },
};

static int read_statuses(struct reader *rd, bool seeing, struct err *e)
{
	const json_t *statuses = json_object_get(rd->vulnerability, "product_status");
	size_t i;
	json_t *v;

	for (size_t l = 0; l < sizeof(lists) / sizeof(*lists); l++)
		json_array_foreach(json_object_get(statuses, lists[l].list), i, v)
		{
			const char *id = json_string_value(v);
			int r = unit_check_string(id, "a product id", e);

			if (r == 0 && lists[l].fixed)
				r = seeing ? see_fixed(rd, id, e) : add_fixed(rd, id, e);
			else if (r == 0 && !seeing)
				r = add_unfixed(rd, id, lists[l].status, e);
			if (r < 0)
				return WRAP(e, r, "product_status.%s", lists[l].list);
		}
	return 0;
}

/* SUSE's titles are the number again; then a note says more. */
static struct str pick_title(const json_t *vulnerability, const char *cve)
{
	const char *title = json_string_or_null(vulnerability, "title");
	size_t i;
	json_t *v;

	if (title && !strstr(title, cve))
		return unit_title(title);
	json_array_foreach(json_object_get(vulnerability, "notes"), i, v)
	{
		const char *text = json_string_or_null(v, "text");

		if (text && *text)
			return unit_title(text);
	}
	return STR("");
}

static int read_vulnerability(struct reader *rd, const json_t *v, struct err *e)
{
	auto_json *rows = json_object(), *fixed = json_object(), *sources = json_object(),
		  *told_of = json_object();
	int r;

	rd->vulnerability = v;
	rd->cve = json_string_or_null(v, "cve");
	if (!rd->cve) /* some are known by the vendor's number only: that is no advisory of ours */
		return 0;
	if (!unit_is_id(rd->cve))
		return FAIL(e, E_FORMAT, "'cve' is not the name of a vulnerability");
	if (!rows || !fixed || !sources || !told_of)
		return FAIL_NOMEM(e);
	rd->title = pick_title(v, rd->cve);
	rd->rows = rows;
	rd->fixed = fixed;
	rd->sources = sources;
	rd->about = told_of;
	r = read_about(rd, e);
	r = r < 0 ? r : read_statuses(rd, true, e);
	r = r < 0 ? r : read_statuses(rd, false, e);
	return r < 0 ? WRAP(e, r, "%s", rd->cve) : 0;
}

static int begin_unit(const json_t *document, json_t **ret, struct err *e)
{
	const json_t *tracking = json_object_get(document, "tracking");
	const char *id = json_string_or_null(tracking, "id");
	const char *date = json_string_or_null(tracking, "current_release_date");
	const char *publisher = json_string_or_null(json_object_get(document, "publisher"), "name");
	auto_buf name = BUF_INIT(4 * LIMIT_ADVISORY_STRING), source = BUF_INIT(4096);
	int64_t when = 0;
	int r = unit_check_string(id, "'tracking.id'", e);

	r = r < 0 ? r : unit_check_string(publisher, "'publisher.name'", e);
	if (r == 0 && date && clock_parse_rfc3339(str_of(date), &when, e) < 0)
		r = FAIL(e, E_FORMAT, "'current_release_date' is not a time");
	if (r < 0)
		return r;
	buf_printf(&source, "csaf/%s", publisher);
	buf_printf(&name, "csaf/%s/%s", publisher, id);
	return unit_new(ret, buf_str(&name), buf_str(&source), when > 0 ? when : 0,
			json_string_or_null(document, "title"), e);
}

int advisory_csaf(const json_t *doc, json_t **ret, struct err *e)
{
	__attribute__((cleanup(csaf_tree_release))) struct csaf_tree tree = { 0 };
	auto_json *unit = NULL;
	struct reader rd = { .tree = &tree };
	size_t i;
	json_t *v;
	int r = csaf_tree_read(doc, &tree, e);

	r = r < 0 ? r : begin_unit(json_object_get(doc, "document"), &unit, e);
	rd.unit = unit;
	json_array_foreach(json_object_get(doc, "vulnerabilities"), i, v) r =
		r < 0 ? r : read_vulnerability(&rd, v, e);
	if (r == 0)
		*ret = TAKE(unit);
	return r;
}
