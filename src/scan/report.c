/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "scan/scan.h"

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
			error = strv_addf(ret, e, "could not read %s in layer %s: %s",
					  string_or_empty(u, "path"),
					  string_or_empty(layer, "digest"),
					  string_or_empty(u, "error"));
	}
	return error;
}

int report_notes(const struct report *r, struct strv *ret, struct err *e)
{
	const char *ecosystem = string_or_empty(r->list, "ecosystem");
	const char *name = string_or_empty(json_object_get(r->list, "os"), "name");
	size_t n = package_count(r);
	int error = add_unreadable(r, ret, e);

	if (error < 0)
		return error;
	if (!*ecosystem)
		error = strv_addf(
			ret, e, "unknown distribution%s%s%s: %s%zu packages could be matched",
			*name ? " (" : "", name, *name ? ")" : "", n ? "none of " : "", n);
	else if (!r->has_advisories)
		error = strv_add(ret, "no advisories: run plimsoll advisories import", e);
	else if (!r->covered)
		error = strv_addf(ret, e, "no advisories for %s in the database", ecosystem);
	if (error == 0 && *ecosystem && n == 0)
		error = strv_addf(ret, e, "%s, but no package list is in it: 0 packages",
				  ecosystem);
	return error;
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
	if (error == 0)
		error = json_put(o, "score",
				 f->score < 0 ? json_null() : json_real(f->score / 10.0), e);
	for (size_t i = 0; i < sizeof(members) / sizeof(*members) && error == 0; i++)
		error = json_put_string(o, names[i], string_or_empty(f->package, members[i]), e);
	error = error < 0 ? error : json_put_string(o, "fixed", f->fixed, e);
	error = error < 0 ? error : json_put_string(o, "title", f->title, e);
	error = error < 0 ? error : json_put_string(o, "layer", report_layer(r, f), e);
	return error < 0 ? error : json_put_string(o, "instruction", report_instruction(r, f), e);
}

static int put_advisories(const struct report *r, json_t *o, struct err *e)
{
	char date[RFC3339_MAX];
	json_t *a = json_object();
	int error = json_put(o, "advisories", a, e);

	error = error < 0 ? error : json_put(a, "present", json_boolean(r->has_advisories), e);
	error = error < 0 ? error : json_put(a, "covered", json_boolean(r->covered), e);
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
