/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of a watched image: {"schema","name","digest","added","known":[ID…],"packages":[…]}.
 */
#include "scan/watch/internal.h"

/* What match.c looks at. */
static const char *const members[] = { "name",	 "version", "source", "source_version",
				       "module", "owner",   "os" };
enum { REQUIRED = 4 };

static int make_package(const json_t *list, const json_t *p, json_t **ret, struct err *e)
{
	const char *ecosystem = json_string_or_null(p, "ecosystem");
	auto_json *o = json_object();
	int r = o ? 0 : FAIL_NOMEM(e);

	if (!ecosystem)
		ecosystem = json_string_or_null(list, "ecosystem");
	r = r < 0 ? r : json_put_string(o, "ecosystem", ecosystem ? ecosystem : "", e);
	for (size_t i = 0; i < sizeof(members) / sizeof(*members) && r == 0; i++)
		r = json_put_string(o, members[i], json_string_or_null(p, members[i]), e);
	/* Elsewhere the same package of two architectures is one. */
	if (r == 0 && json_object_get(p, "os"))
		r = json_put_string(o, "arch", json_string_or_null(p, "arch"), e);
	if (r == 0)
		*ret = TAKE(o);
	return r;
}

static int make_packages(const json_t *list, json_t *ret, struct err *e)
{
	size_t i;
	json_t *p, *packages = json_object_get(list, "packages");

	if (json_array_size(packages) > LIMIT_WATCH_PACKAGES)
		return FAIL(e, E_FORMAT, "more than %d packages", LIMIT_WATCH_PACKAGES);
	json_array_foreach(packages, i, p)
	{
		json_t *o;
		int r = make_package(list, p, &o, e);

		r = r < 0 ? r : json_push(ret, o, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int watch_record_make(const char *name, const struct digest *image, const struct report *report,
		      int64_t now, json_t **ret, struct err *e)
{
	auto_json *j = json_pack("{ss ss ss sI s[] s[]}", "schema", WATCHED_SCHEMA, "name", name,
				 "digest", image->s, "added", (json_int_t)now, "known", "packages");
	int r = j ? make_packages(report->list, json_object_get(j, "packages"), e) : FAIL_NOMEM(e);

	for (size_t i = 0; i < report->findings_n && r == 0; i++)
		if (report->findings[i].package != report->release)
			r = json_push(json_object_get(j, "known"),
				      json_string(report->findings[i].advisory), e);
	if (r == 0)
		*ret = TAKE(j);
	return r;
}

static int check_package(const json_t *p, struct err *e)
{
	const char *text;
	int r = json_get_string(p, "ecosystem", &text, "package", e);

	for (size_t i = 0; i < REQUIRED && r == 0; i++)
		r = json_get_string(p, members[i], &text, "package", e);
	return r;
}

static int check(const json_t *j, const char *what, struct err *e)
{
	const char *schema, *text;
	struct digest digest;
	json_t *known, *packages, *one;
	uint64_t added;
	size_t i;
	int r = json_get_string(j, "schema", &schema, what, e);

	if (r == 0 && strcmp(schema, WATCHED_SCHEMA) != 0)
		return FAIL(e, E_FORMAT, "%s: schema '%.80s'", what, schema);
	r = r < 0 ? r : json_get_string(j, "name", &text, what, e);
	r = r < 0 ? r : json_get_string(j, "digest", &text, what, e);
	r = r < 0 ? r : digest_parse(str_of(text), &digest, e);
	r = r < 0 ? r : json_get_u64(j, "added", &added, what, e);
	r = r < 0 ? r : json_get_array(j, "known", &known, what, e);
	r = r < 0 ? r : json_get_array(j, "packages", &packages, what, e);
	if (r < 0)
		return r;
	if (json_array_size(packages) > LIMIT_WATCH_PACKAGES)
		return FAIL(e, E_FORMAT, "%s: more than %d packages", what, LIMIT_WATCH_PACKAGES);
	json_array_foreach(known, i, one) if (!json_is_string(one)) return FAIL(
		e, E_FORMAT, "%s: 'known' is not of names", what);
	json_array_foreach(packages, i, one) r = r < 0 ? r : check_package(one, e);
	return r;
}

int watch_record_parse(const char *p, size_t n, const char *what, json_t **ret, struct err *e)
{
	auto_json *j = NULL;
	int r = json_parse(p, n, what, &j, e);

	r = r < 0 ? r : check(j, what, e);
	if (r == 0)
		*ret = TAKE(j);
	return r;
}

int watch_place(const json_t *package, struct buf *ret, struct err *e)
{
	const char *ecosystem = json_string_or_null(package, "ecosystem");
	const char *source = json_string_or_null(package, "source");

	buf_put(ret, ecosystem, strcspn(ecosystem, ":"));
	buf_printf(ret, "\n%s", source);
	return buf_check(ret, "a package", e);
}
