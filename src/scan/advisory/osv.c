/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/osv.h"

#include "base/clock.h"
#include "scan/advisory/unit_make.h"
#include "scan/severity.h"

/* OSV documents (OSV schema, https://ossf.github.io/osv-schema). What a scanner does not need is
 * passed over; what it needs and cannot read is an error, never a guess. */

bool advisory_is_osv(const json_t *doc)
{
	return json_string_or_null(doc, "id") && (json_string_or_null(doc, "modified") ||
						  json_is_array(json_object_get(doc, "affected")));
}

static bool list_has(const json_t *list, const char *s)
{
	size_t i;
	json_t *v;

	json_array_foreach(list, i, v) if (strcmp(json_string_value(v), s) == 0) return true;
	return false;
}

/* Adds those strings of a list that are not there yet. */
static int collect(json_t *names, const json_t *list, const char *what, struct err *e)
{
	size_t i;
	json_t *v;

	json_array_foreach(list, i, v)
	{
		int r = unit_check_string(json_string_value(v), what, e);

		if (r < 0)
			return r;
		if (json_array_size(names) >= LIMIT_ADVISORY_IDS)
			return FAIL(e, E_FORMAT, "more than %d ids", LIMIT_ADVISORY_IDS);
		if (!list_has(names, json_string_value(v)) && json_array_append(names, v) < 0)
			return FAIL_NOMEM(e);
	}
	return 0;
}

/*
 * Whether this is an erratum: an update of a distribution, which mends every CVE that it is
 * "related" to (AlmaLinux, Rocky, older ones of Debian, SUSE and Ubuntu put them there). Elsewhere
 * a related vulnerability is just another one.
 */
static bool is_erratum(const char *id)
{
	static const char *const prefixes[] = {
		"ALSA-", "ALBA-", "ALEA-", "RLSA-",  "RLBA-",	  "RLEA-", "RXSA-",
		"RHSA-", "RHBA-", "RHEA-", "SUSE-",  "openSUSE-", "DSA-",  "DLA-",
		"USN-",	 "LSN-",  "ELSA-", "MGASA-", "OESA-",	  "ALAS",
	};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (starts_with(id, prefixes[i]))
			return true;
	return false;
}

static int collect_related(json_t *names, const json_t *doc, struct err *e)
{
	auto_json *cves = json_array();
	size_t i;
	json_t *v;

	if (!cves)
		return FAIL_NOMEM(e);
	json_array_foreach(json_object_get(doc, "related"), i,
			   v) if (json_is_string(v) && starts_with(json_string_value(v), "CVE-") &&
				  json_array_append(cves, v) < 0) return FAIL_NOMEM(e);
	return collect(names, cves, "a related vulnerability", e);
}

/*
 * One vulnerability for each CVE among the ids, aliases and upstreams, with the other names beside
 * it: a DSA that mends three CVEs is three findings, and each is the same finding as that CVE's own
 * record. Without a CVE the advisory is one vulnerability under its own id.
 */
static int read_ids(const json_t *doc, json_t *unit, struct err *e)
{
	auto_json *names = json_array(), *groups = json_array(), *others = json_array();
	const char *id = json_string_or_null(doc, "id");
	size_t i;
	json_t *v;
	int r = unit_check_string(id, "'id'", e);

	if (!names || !groups || !others)
		return FAIL_NOMEM(e);
	r = r < 0 ? r : json_push(names, json_string(id), e);
	r = r < 0 ? r : collect(names, json_object_get(doc, "aliases"), "an alias", e);
	r = r < 0 ? r : collect(names, json_object_get(doc, "upstream"), "an upstream", e);
	if (r == 0 && is_erratum(id))
		r = collect_related(names, doc, e);
	if (r < 0)
		return r;
	json_array_foreach(names, i, v)
	{
		json_t *group = json_array();

		if (!group)
			return FAIL_NOMEM(e);
		if (!starts_with(json_string_value(v), "CVE-")) {
			json_decref(group);
			r = json_array_append(others, v);
		} else {
			r = json_array_append(group, v);
			r |= json_array_append_new(groups, group);
		}
		if (r < 0)
			return FAIL_NOMEM(e);
	}
	if (!json_array_size(groups))
		return json_array_append_new(groups, json_incref(others)) < 0
			       ? FAIL_NOMEM(e)
			       : json_put(unit, "ids", TAKE(groups), e);
	json_array_foreach(groups, i, v) if (json_array_extend(v, others) < 0) return FAIL_NOMEM(e);
	return json_put(unit, "ids", TAKE(groups), e);
}

/* The highest score among CVSS vectors, and the first word of a rating by words. */
static void read_severities(const json_t *list, int *score, const char **vector,
			    enum severity *word)
{
	size_t i;
	json_t *v;

	json_array_foreach(list, i, v)
	{
		const char *type = json_string_or_null(v, "type");
		const char *text = json_string_or_null(v, "score");
		int s = type && starts_with(type, "CVSS_") ? cvss_score(text) : -1;

		if (s > *score) {
			*score = s;
			*vector = text;
		}
		if (*word == SEVERITY_UNKNOWN)
			*word = severity_of_word(text); /* Ubuntu rates by a word */
	}
}

static enum severity specific_word(const json_t *o)
{
	static const char *const members[] = { "database_specific", "ecosystem_specific" };

	for (size_t i = 0; i < 2; i++) {
		const json_t *m = json_object_get(o, members[i]);
		enum severity s = severity_of_word(json_string_or_null(m, "severity"));

		if (s == SEVERITY_UNKNOWN)
			s = severity_of_word(json_string_or_null(m, "urgency"));
		if (s != SEVERITY_UNKNOWN)
			return s;
	}
	return SEVERITY_UNKNOWN;
}

/* "Important: firefox security update": how AlmaLinux and others rate an erratum. */
static enum severity summary_word(const json_t *doc)
{
	const char *summary = json_string_or_null(doc, "summary");
	char word[16];
	size_t n = summary ? strcspn(summary, ":") : 0;

	if (!n || n >= sizeof(word) || !summary[n] || !is_erratum(json_string_or_null(doc, "id")))
		return SEVERITY_UNKNOWN;
	memcpy(word, summary, n);
	word[n] = '\0';
	return severity_of_word(word);
}

/* A package's own rating before the document's; a CVSS score before a word. */
static int put_severity(json_t *row, const json_t *doc, const json_t *affected, struct err *e)
{
	const json_t *const from[] = { affected, doc };
	const char *vector = NULL;
	int score = -1, r;
	enum severity word = SEVERITY_UNKNOWN;

	for (size_t i = 0; i < 2; i++) {
		if (score < 0)
			read_severities(json_object_get(from[i], "severity"), &score, &vector,
					&word);
		if (word == SEVERITY_UNKNOWN)
			word = specific_word(from[i]);
	}
	if (word == SEVERITY_UNKNOWN)
		word = summary_word(doc);
	r = json_put(row, "s",
		     json_integer((json_int_t)(score >= 0 ? severity_of_score(score) : word)), e);
	r = r < 0 ? r : json_put(row, "c", json_integer(score), e);
	return r < 0 ? r : json_put_string(row, "vec", vector, e);
}

/* The row for this package, made when it is not there: several entries of one package are read as
 * one. by_key holds borrowed pointers, as integers, to the rows. */
static int row_for(const char *ecosystem, const char *package, json_t *rows, json_t *by_key,
		   json_t **ret, struct err *e)
{
	auto_buf key = BUF_INIT(2 * LIMIT_ADVISORY_STRING + 2);
	auto_json *row = json_object();
	json_t *at;
	int r;

	buf_printf(&key, "%s\n%s", ecosystem, package);
	at = json_object_get(by_key, buf_str(&key));
	if (at) {
		*ret = json_array_get(rows, (size_t)json_integer_value(at));
		return 0;
	}
	if (!row)
		return FAIL_NOMEM(e);
	r = json_put_u64(by_key, buf_str(&key), json_array_size(rows), e);
	r = r < 0 ? r : json_put_string(row, "e", ecosystem, e);
	r = r < 0 ? r : json_put_string(row, "p", package, e);
	r = r < 0 ? r : json_put(row, "r", json_array(), e);
	r = r < 0 ? r : json_put(row, "v", json_array(), e);
	*ret = row;
	return r < 0 ? r : json_push(rows, TAKE(row), e);
}

static int read_affected(const json_t *doc, json_t *unit, json_t *rows, struct err *e)
{
	auto_json *by_key = json_object(), *ecosystems = json_array();
	const json_t *list = json_object_get(doc, "affected");
	size_t i, total = 0;
	json_t *affected;

	if (!by_key || !ecosystems)
		return FAIL_NOMEM(e);
	if (json_array_size(list) > LIMIT_ADVISORY_AFFECTED)
		return FAIL(e, E_FORMAT, "more than %d affected packages", LIMIT_ADVISORY_AFFECTED);
	json_array_foreach(list, i, affected)
	{
		const json_t *package = json_object_get(affected, "package");
		const char *ecosystem = json_string_or_null(package, "ecosystem");
		const char *name = json_string_or_null(package, "name");
		json_t *row = NULL;
		int r;

		if (!package) /* commits of a repository only */
			continue;
		r = unit_check_string(ecosystem, "'package.ecosystem'", e);
		r = r < 0 ? r : unit_check_string(name, "'package.name'", e);
		r = r < 0 ? r : row_for(ecosystem, name, rows, by_key, &row, e);
		r = r < 0 ? r : osv_ranges(affected, ecosystem, row, &total, e);
		r = r < 0 ? r : osv_platforms(affected, row, e);
		r = r < 0 ? r : put_severity(row, doc, affected, e);
		r = r < 0 ? r : unit_list_ecosystem(ecosystems, ecosystem, e);
		if (r < 0)
			return r;
	}
	return json_put(unit, "ecosystems", TAKE(ecosystems), e);
}

/* The first line of the summary, else of the details. */
static int put_title(const json_t *doc, json_t *unit, struct err *e)
{
	const char *s = json_string_or_null(doc, "summary");
	struct str line = unit_title(s && *s ? s : json_string_or_null(doc, "details"));

	return json_put(unit, "title", json_stringn(line.p, line.n), e);
}

/* "osv/Debian": the publisher's ecosystem, without the release, of the first package. */
static int put_source(json_t *unit, struct err *e)
{
	const char *first =
		json_string_value(json_array_get(json_object_get(unit, "ecosystems"), 0));
	auto_buf b = BUF_INIT(2 * LIMIT_ADVISORY_STRING);

	buf_printf(&b, "osv/%.*s", first ? (int)strcspn(first, ":") : 6, first ? first : "(none)");
	return json_put_string(unit, "source", buf_str(&b), e);
}

int advisory_osv(const json_t *doc, json_t **ret, struct err *e)
{
	auto_json *unit = json_object(), *rows = json_array();
	const char *modified = json_string_or_null(doc, "modified");
	const char *id = json_string_or_null(doc, "id");
	auto_buf key = BUF_INIT(2 * LIMIT_ADVISORY_STRING);
	int64_t when = 0;
	int r;

	if (!unit || !rows)
		return FAIL_NOMEM(e);
	r = unit_check_string(id, "'id'", e);
	/* Some leave out when; then any other copy is the newer. */
	if (r == 0 && modified && clock_parse_rfc3339(str_of(modified), &when, e) < 0)
		r = FAIL(e, E_FORMAT, "'modified' is not a time");
	if (r < 0)
		return r;
	buf_printf(&key, "osv/%s", id);
	r = json_put_string(unit, "unit", buf_str(&key), e);
	r = r < 0 ? r : json_put(unit, "modified", json_integer(when > 0 ? when : 0), e);
	r = r < 0 ? r : put_title(doc, unit, e);
	r = r < 0 ? r : read_ids(doc, unit, e);
	r = r < 0 ? r : read_affected(doc, unit, rows, e);
	r = r < 0 ? r : put_source(unit, e);
	r = r < 0 ? r : osv_ubuntu(unit, rows, e);
	if (r == 0 && json_object_get(doc, "withdrawn") &&
	    !json_is_null(json_object_get(doc, "withdrawn")))
		json_array_clear(rows);
	r = r < 0 ? r : json_put(unit, "rows", TAKE(rows), e);
	if (r == 0)
		*ret = TAKE(unit);
	return r;
}
