/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/unit.h"

#include <ctype.h>

/*
 * Alpine's security database: for each source package ("origin"), which version fixed what. A CVE
 * is fixed in the version that it stands under; under version "0" it never concerned Alpine.
 * Published as YAML and as JSON, one document a repository of a branch.
 */

bool advisory_is_secdb(const json_t *doc)
{
	return (json_string_or_null(doc, "distroversion") ||
		json_string_or_null(doc, "urlprefix")) &&
	       json_is_array(json_object_get(doc, "packages"));
}

/* What looks like an advisory's id: "CVE-2019-1234", "XSA-330", "GHSA-…". Remarks in brackets do
 * not. */
static bool is_id(struct str word)
{
	size_t letters = 0;

	while (letters < word.n && isupper((unsigned char)word.p[letters]))
		letters++;
	return letters >= 2 && letters + 1 < word.n && strchr("-_", word.p[letters]) &&
	       word.n <= LIMIT_ADVISORY_STRING;
}

/* "CVE-2017-9118 XSA-1 (+ regression)": one vulnerability, its names separated by spaces. Some
 * entries write "CVE_2019". */
static int read_names(const char *text, json_t **ret, struct err *e)
{
	auto_json *names = json_array();
	struct str rest = str_of(text), word;

	if (!names)
		return FAIL_NOMEM(e);
	while (str_cut(&rest, ' ', &word)) {
		auto_free char *name = is_id(word) ? str_dup(word) : NULL;
		int first;

		if (!is_id(word))
			continue;
		if (!name)
			return FAIL_NOMEM(e);
		for (char *p = name; *p; p++)
			*p = *p == '_' ? '-' : *p;
		if (json_array_size(names) >= LIMIT_ADVISORY_IDS)
			return FAIL(e, E_FORMAT, "more than %d names of one vulnerability",
				    LIMIT_ADVISORY_IDS);
		/* A CVE goes first: it is the name to show. */
		first = starts_with(name, "CVE-") && json_array_size(names) &&
			!starts_with(json_string_value(json_array_get(names, 0)), "CVE-");
		if (first ? json_array_insert_new(names, 0, json_string(name)) < 0
			  : json_array_append_new(names, json_string(name)) < 0)
			return FAIL(e, E_FORMAT, "an id is not UTF-8");
	}
	*ret = TAKE(names);
	return 0;
}

struct reader {
	json_t *rows;
	const char *ecosystem;
	size_t total;
};

static int check_string(const char *s, const char *what, struct err *e)
{
	if (!s || !*s || strlen(s) > LIMIT_ADVISORY_STRING)
		return FAIL(e, E_FORMAT, "%s is missing, empty or longer than %d bytes", what,
			    LIMIT_ADVISORY_STRING);
	return 0;
}

static int new_row(struct reader *rd, const char *package, json_t *names, json_t **ret,
		   struct err *e)
{
	auto_json *row = json_object();
	int r;

	if (!row)
		return FAIL_NOMEM(e);
	r = json_put_string(row, "e", rd->ecosystem, e);
	r = r < 0 ? r : json_put_string(row, "p", package, e);
	r = r < 0 ? r : json_put(row, "ids", json_pack("[O]", names), e);
	r = r < 0 ? r : json_put(row, "s", json_integer(0), e);
	r = r < 0 ? r : json_put(row, "c", json_integer(-1), e);
	r = r < 0 ? r : json_put(row, "r", json_array(), e);
	r = r < 0 ? r : json_put(row, "v", json_array(), e);
	*ret = row;
	return r < 0 ? r : json_push(rd->rows, TAKE(row), e);
}

/* One vulnerability of one package, fixed in one version. The same may stand under several
 * versions, when the first fix was not whole: then each is a range, and all must be passed. */
static int read_fix(struct reader *rd, const char *package, json_t *by_id, const char *version,
		    const char *text, struct err *e)
{
	auto_json *names = NULL;
	json_t *row;
	const char *id;
	int r = read_names(text, &names, e);

	if (r < 0 || !json_array_size(names))
		return r;
	if (++rd->total > LIMIT_ADVISORY_VERSIONS)
		return FAIL(e, E_FORMAT, "more than %d fixes", LIMIT_ADVISORY_VERSIONS);
	id = json_string_value(json_array_get(names, 0));
	row = json_object_get(by_id, id);
	if (!row) {
		r = new_row(rd, package, names, &row, e);
		if (r < 0)
			return r;
		if (json_object_set(by_id, id, row) < 0)
			return FAIL_NOMEM(e);
	}
	if (strcmp(version, "0") == 0)
		return 0;
	return json_push(json_object_get(row, "r"), json_pack("[ssss]", "i", "0", "f", version), e);
}

static int read_package(struct reader *rd, const json_t *package, struct err *e)
{
	auto_json *by_id = json_object();
	const char *name = json_string_or_null(package, "name"), *version;
	json_t *secfixes = json_object_get(package, "secfixes"), *list, *text;
	size_t i;
	int r = check_string(name, "a package's name", e);

	if (!by_id)
		return FAIL_NOMEM(e);
	if (r == 0 && secfixes && !json_is_object(secfixes) && !json_is_null(secfixes))
		r = FAIL(e, E_FORMAT, "'secfixes' is not a mapping");
	if (r < 0)
		return r;
	json_object_foreach(secfixes, version, list)
	{
		r = check_string(version, "a version", e);
		if (r == 0 && !json_is_array(list) && !json_is_null(list))
			r = FAIL(e, E_FORMAT, "%s: not a list", version);
		if (r < 0)
			return WRAP(e, r, "package %s", name);
		json_array_foreach(list, i, text)
		{
			r = json_is_string(text)
				    ? read_fix(rd, name, by_id, version, json_string_value(text), e)
				    : FAIL(e, E_FORMAT, "%s: an id is not a string", version);
			if (r < 0)
				return WRAP(e, r, "package %s", name);
		}
	}
	return 0;
}

static int read_packages(const json_t *doc, struct reader *rd, struct err *e)
{
	const json_t *packages = json_object_get(doc, "packages");
	size_t i;
	json_t *entry;

	if (json_array_size(packages) > LIMIT_ADVISORY_AFFECTED)
		return FAIL(e, E_FORMAT, "more than %d packages", LIMIT_ADVISORY_AFFECTED);
	json_array_foreach(packages, i, entry)
	{
		int r = read_package(rd, json_object_get(entry, "pkg"), e);

		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * Who publishes it. Alpine names a branch; of a day's state of the newest, "edge-20260822", it is
 * that branch. Distributions without releases name none, only where their packages lie.
 */
static int put_ecosystem(const json_t *doc, struct buf *ret, struct err *e)
{
	const char *branch = json_string_or_null(doc, "distroversion");
	const char *where = json_string_or_null(doc, "urlprefix");
	int r = check_string(branch ? branch : where, "'distroversion'", e);

	if (r < 0)
		return r;
	if (branch)
		buf_printf(ret, "Alpine:%s", starts_with(branch, "edge-") ? "edge" : branch);
	else if (strstr(where, "wolfi"))
		buf_puts(ret, "Wolfi");
	else if (strstr(where, "cgr.dev") || strstr(where, "chainguard"))
		buf_puts(ret, "Chainguard");
	else
		return FAIL(e, E_FORMAT, "'urlprefix' is of no distribution that is known here");
	return buf_check(ret, "'distroversion'", e);
}

int advisory_secdb(const json_t *doc, json_t **ret, struct err *e)
{
	auto_json *unit = json_object(), *rows = json_array();
	const char *branch = json_string_or_null(doc, "distroversion");
	const char *repo = json_string_or_null(doc, "reponame");
	auto_buf source = BUF_INIT(3 * LIMIT_ADVISORY_STRING);
	auto_buf ecosystem = BUF_INIT(3 * LIMIT_ADVISORY_STRING);
	struct reader rd = { .rows = rows };
	int r = put_ecosystem(doc, &ecosystem, e);

	if (!unit || !rows)
		return FAIL_NOMEM(e);
	if (r == 0 && repo)
		r = check_string(repo, "'reponame'", e);
	if (r < 0)
		return r;
	buf_printf(&source, "secdb/%s%s%s", branch ? branch : buf_str(&ecosystem), repo ? "/" : "",
		   repo ? repo : "");
	rd.ecosystem = buf_str(&ecosystem);
	r = read_packages(doc, &rd, e);
	r = r < 0 ? r : json_put_string(unit, "unit", buf_str(&source), e);
	r = r < 0 ? r : json_put_string(unit, "source", buf_str(&source), e);
	r = r < 0 ? r : json_put(unit, "modified", json_integer(0), e);
	r = r < 0 ? r : json_put(unit, "title", json_string(""), e);
	r = r < 0 ? r : json_put(unit, "ids", json_array(), e);
	r = r < 0 ? r : json_put(unit, "ecosystems", json_pack("[s]", rd.ecosystem), e);
	r = r < 0 ? r : json_put(unit, "rows", TAKE(rows), e);
	if (r == 0)
		*ret = TAKE(unit);
	return r;
}
