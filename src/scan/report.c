/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "scan/scan.h"
#include "scan/version/version.h"

static const json_t *layer_of(const struct report *r, const struct finding *f)
{
	json_int_t n = json_integer_value(json_object_get(f->package, "layer"));

	return json_array_get(json_object_get(r->list, "layers"), (size_t)n);
}

static const char *string_or_empty(const json_t *o, const char *key)
{
	const char *s = json_string_or_null(o, key);

	return s ? s : "";
}

const char *report_layer(const struct report *r, const struct finding *f)
{
	return string_or_empty(layer_of(r, f), "digest");
}

const char *report_instruction(const struct report *r, const struct finding *f)
{
	return string_or_empty(layer_of(r, f), "instruction");
}

static size_t package_count(const struct report *r)
{
	return json_array_size(json_object_get(r->list, "packages"));
}

static int add_unreadable(const struct report *r, struct strv *ret, struct err *e)
{
	size_t i;
	json_t *u;
	int error = 0;

	json_array_foreach(json_object_get(r->list, "unreadable"), i, u)
	{
		const json_t *layer =
			json_array_get(json_object_get(r->list, "layers"),
				       (size_t)json_integer_value(json_object_get(u, "layer")));

		if (error == 0)
			error = strv_addf(ret, e, "could not read %s%s%s: %s",
					  string_or_empty(u, "path"), layer ? " in layer " : "",
					  string_or_empty(layer, "digest"),
					  string_or_empty(u, "error"));
	}
	return error;
}

/* How many packages are of an ecosystem that nobody knows. */
static size_t unknown_count(const struct report *r)
{
	const char *ecosystem = string_or_empty(r->list, "ecosystem");
	size_t i, n = 0;
	json_t *package;

	json_array_foreach(json_object_get(r->list, "packages"), i, package)
	{
		const char *own = json_string_or_null(package, "ecosystem");

		n += !version_order_of(str_of(own ? own : ecosystem));
	}
	return n;
}

int report_unchecked(const struct report *r, struct strv *ret, struct err *e)
{
	const char *name = string_or_empty(json_object_get(r->list, "os"), "name");
	size_t n = package_count(r), unknown = unknown_count(r);
	int error = add_unreadable(r, ret, e);

	if (error == 0 && unknown)
		error = strv_addf(
			ret, e, "unknown distribution%s%s%s: %s%zu packages could %sbe matched",
			*name ? " (" : "", name, *name ? ")" : "", unknown == n ? "none of " : "",
			unknown, unknown == n ? "" : "not ");
	if (error == 0 && n > unknown && !r->has_advisories)
		error = strv_addf(ret, e, "no advisories: %zu packages could not be checked",
				  n - unknown);
	for (size_t i = 0; i < r->uncovered.n && error == 0; i++)
		if (*r->uncovered.v[i])
			error = strv_addf(ret, e, "no advisories for %s in the database",
					  r->uncovered.v[i]);
	return error;
}

/* What an SBOM lists and no catalog of ours is for: an image's scan would not have seen it. */
static int add_unmatched(const struct report *r, struct strv *ret, struct err *e)
{
	const char *type;
	json_t *n;
	int error = 0;

	json_object_foreach(json_object_get(r->list, "unmatched"), type, n) if (error == 0) error =
		strv_addf(ret, e, "not matched: %lld packages of type %s",
			  (long long)json_integer_value(n), type);
	return error;
}

/* Go modules that were not built from a release. Nearly every program has one, its own: to refuse
 * it for that would refuse them all. */
static int add_unversioned(const struct report *r, struct strv *ret, struct err *e)
{
	size_t i, n = 0;
	json_t *package;

	json_array_foreach(json_object_get(r->list, "packages"), i, package)
	{
		const char *owner = string_or_empty(package, "owner");

		n += !*owner && strcmp(string_or_empty(package, "version"), "(devel)") == 0;
	}
	return n ? strv_addf(ret, e, "not compared: %zu Go module%s without a version", n,
			     n == 1 ? "" : "s")
		 : 0;
}

int report_notes(const struct report *r, struct strv *ret, struct err *e)
{
	const char *ecosystem = string_or_empty(r->list, "ecosystem");
	int error = report_unchecked(r, ret, e);

	error = error < 0 ? error : add_unmatched(r, ret, e);
	error = error < 0 ? error : add_unversioned(r, ret, e);
	if (error < 0 || package_count(r))
		return error;
	if (*ecosystem)
		return strv_addf(ret, e, "%s, but no package list is in it: 0 packages", ecosystem);
	return strv_add(ret, "unknown distribution: 0 packages could be matched", e);
}

static int put_aliases(json_t *o, const char *aliases, struct err *e)
{
	json_t *list = json_array();
	struct str rest = str_of(aliases), one;
	int r = json_put(o, "aliases", list, e);

	while (r == 0 && str_cut(&rest, ' ', &one))
		r = json_push(list, json_stringn(one.p, one.n), e);
	return r;
}

/* An OSV ecosystem of its own (Go), and where the package was read. */
static int put_path(json_t *o, const json_t *package, struct err *e)
{
	const char *ecosystem = json_string_or_null(package, "ecosystem");
	const char *path = json_string_or_null(package, "path");
	int error = ecosystem ? json_put_string(o, "ecosystem", ecosystem, e) : 0;

	return error < 0 || !path ? error : json_put_string(o, "path", path, e);
}

/* Score and vector (CVSS), EPSS and KEV; null and "" where there is none. */
static int put_rating(json_t *o, const struct finding *f, struct err *e)
{
	json_t *epss = f->epss_ppm < 0 ? json_null()
				       : json_pack("{sf sf}", "probability", f->epss_ppm / 1e6,
						   "percentile", f->epss_rank_ppm / 1e6);
	int error = json_put(o, "epss", epss, e);

	error = error < 0 ? error
			  : json_put(o, "score",
				     f->score < 0 ? json_null() : json_real(f->score / 10.0), e);
	error = error < 0 ? error : json_put_string(o, "vector", f->vector, e);
	error = error < 0 ? error : json_put(o, "exploited", json_boolean(f->exploited), e);
	if (error < 0 || !f->exploited)
		return error;
	error = json_put_string(o, "exploited_since", f->exploited_since, e);
	return error < 0 ? error : json_put(o, "ransomware", json_boolean(f->ransomware), e);
}

static int finding_json(const struct report *r, const struct finding *f, json_t *list,
			struct err *e)
{
	static const char *const members[] = { "name", "version", "arch", "source",
					       "source_version" };
	static const char *const names[] = { "package", "installed", "arch", "source",
					     "source_version" };
	json_t *o = json_object();
	int error = json_push(list, o, e);

	error = error < 0 ? error : json_put_string(o, "advisory", f->advisory, e);
	error = error < 0 ? error : put_aliases(o, f->aliases, e);
	error = error < 0 ? error : json_put_string(o, "severity", severity_name(f->severity), e);
	error = error < 0 ? error : json_put_string(o, "severity_from", f->severity_from, e);
	for (size_t i = 0; i < sizeof(members) / sizeof(*members) && error == 0; i++)
		error = json_put_string(o, names[i], string_or_empty(f->package, members[i]), e);
	error = error < 0 ? error : put_path(o, f->package, e);
	error = error < 0 ? error : json_put_string(o, "fixed", f->fixed, e);
	error = error < 0 ? error : json_put_string(o, "status", f->status, e);
	error = error < 0 ? error : json_put_string(o, "title", f->title, e);
	error = error < 0 ? error : json_put_string(o, "record", f->unit, e);
	error = error < 0 ? error : put_rating(o, f, e);
	error = error < 0 ? error : json_put_string(o, "layer", report_layer(r, f), e);
	return error < 0 ? error : json_put_string(o, "instruction", report_instruction(r, f), e);
}

static int put_advisories(const struct report *r, json_t *o, struct err *e)
{
	char date[RFC3339_MAX];
	json_t *a = json_object();
	int error = json_put(o, "advisories", a, e);

	error = error < 0 ? error : json_put(a, "present", json_boolean(r->has_advisories), e);
	error = error < 0 ? error
			  : json_put(a, "covered",
				     json_boolean(r->has_advisories && !r->uncovered.n), e);
	if (error < 0 || r->advisories_date <= 0)
		return error;
	clock_rfc3339(r->advisories_date, date);
	return json_put_string(a, "date", date, e);
}

static int put_notes(const struct report *r, json_t *o, struct err *e)
{
	auto_strv notes = { 0 };
	json_t *list = json_array();
	int error = json_put(o, "notes", list, e);

	error = error < 0 ? error : report_notes(r, &notes, e);
	for (size_t i = 0; i < notes.n && error == 0; i++)
		error = json_push(list, json_string(notes.v[i]), e);
	return error;
}

int report_json(const struct report *r, json_t **ret, struct err *e)
{
	static const char *const copied[] = { "ecosystem", "os", "layers", "unreadable" };
	auto_json *o = json_object();
	json_t *findings = json_array();
	int error = o && findings ? 0 : FAIL_NOMEM(e);

	error = error < 0 ? error : json_put_string(o, "schema", SCAN_REPORT_SCHEMA, e);
	for (size_t i = 0; i < sizeof(copied) / sizeof(*copied) && error == 0; i++)
		if (json_object_set(o, copied[i], json_object_get(r->list, copied[i])) < 0)
			error = FAIL_NOMEM(e);
	error = error < 0 ? error : json_put_u64(o, "packages", package_count(r), e);
	error = error < 0 ? error : put_advisories(r, o, e);
	error = error < 0 ? error : put_notes(r, o, e);
	if (error < 0) {
		json_decref(findings);
		return error;
	}
	error = json_put(o, "findings", findings, e);
	for (size_t i = 0; i < r->findings_n && error == 0; i++)
		error = finding_json(r, &r->findings[i], findings, e);
	if (error == 0)
		*ret = TAKE(o);
	return error;
}
