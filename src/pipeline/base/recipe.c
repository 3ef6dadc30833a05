/* SPDX-License-Identifier: Apache-2.0 */
/* How a base is made, as options, as JSON, and as an image's annotation. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/base/internal.h"

static const char *const variants[BASE_VARIANTS] = { "apt", "minimal", "no-shell", "static" };

const char *base_variant_name(enum base_variant v)
{
	return variants[v];
}

int base_variant_parse(const char *s, enum base_variant *ret, struct err *e)
{
	for (int i = 0; i < BASE_VARIANTS; i++)
		if (strcmp(variants[i], s) == 0) {
			*ret = (enum base_variant)i;
			return 0;
		}
	return FAIL(e, E_USAGE, "variant '%.40s': apt, minimal, no-shell or static", s);
}

int base_parse_name(const char *s, char **ret_suite, bool *ret_slim, struct err *e)
{
	static const char family[] = "debian:";
	const char *suite = starts_with(s, family) ? s + strlen(family) : "";
	auto_free char *copy = strdup(suite);
	int r;

	if (!copy)
		return FAIL_NOMEM(e);
	*ret_slim = ends_with(copy, "-slim");
	if (*ret_slim)
		copy[strlen(copy) - strlen("-slim")] = '\0';
	r = archive_apt_suite(copy, NULL);
	if (r < 0)
		return FAIL(e, E_USAGE, "'%.80s': bases are debian:SUITE or debian:SUITE-slim", s);
	*ret_suite = TAKE(copy);
	return 0;
}

void recipe_free(struct recipe *r)
{
	strv_free(&r->include);
}

/* Debian policy 5.6.1: lower case, digits, plus, minus and dots; a version or another suite cannot
 * be asked for. */
static int add_include(struct strv *list, struct str name, struct err *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789+-.";
	auto_free char *s = str_dup(name);

	if (!s)
		return FAIL_NOMEM(e);
	if (strlen(s) < 2 || s[strspn(s, allowed)] || strchr("+-.", *s))
		return FAIL(e, E_USAGE, "'%.80s' is no name of a package", s);
	return strv_has(list, s) ? 0 : strv_add(list, s, e);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_includes(struct strv *list)
{
	if (list->n)
		qsort(list->v, list->n, sizeof(*list->v), compare_names);
}

int recipe_of(const struct base_opts *o, struct recipe *ret, struct err *e)
{
	auto_recipe r = { .variant = o->variant, .slim = o->slim };
	int k = archive_apt_suite(o->suite, e);

	for (size_t i = 0; k == 0 && o->include && i < o->include->n; i++) {
		struct str rest = str_of(o->include->v[i]), name;

		while (k == 0 && str_cut(&rest, ',', &name))
			k = add_include(&r.include, str_trim(name), e);
	}
	if (k < 0)
		return k;
	memcpy(r.suite, o->suite, strlen(o->suite) + 1);
	sort_includes(&r.include);
	*ret = r;
	r = (struct recipe){ 0 };
	return 0;
}

json_t *recipe_json(const struct recipe *r)
{
	auto_json *include = json_array();

	for (size_t i = 0; i < r->include.n; i++)
		if (json_array_append_new(include, json_string(r->include.v[i])) < 0)
			return NULL;
	return json_pack("{s:s, s:s, s:b, s:O}", "suite", r->suite, "variant",
			 base_variant_name(r->variant), "slim", r->slim, "include", include);
}

static int parse(const json_t *j, struct recipe *r, struct err *e)
{
	const char *suite, *variant;
	json_t *include, *name;
	size_t i;
	int k = json_get_string(j, "suite", &suite, ANNOTATION_BASE, e);

	if (k == 0)
		k = json_get_string(j, "variant", &variant, ANNOTATION_BASE, e);
	if (k == 0)
		k = json_get_array(j, "include", &include, ANNOTATION_BASE, e);
	if (k == 0)
		k = archive_apt_suite(suite, e);
	if (k == 0)
		k = base_variant_parse(variant, &r->variant, e);
	if (k < 0)
		return k;
	memcpy(r->suite, suite, strlen(suite) + 1);
	r->slim = json_is_true(json_object_get(j, "slim"));
	json_array_foreach(include, i, name)
	{
		if (k == 0)
			k = add_include(&r->include, str_of(json_string_value(name)), e);
	}
	sort_includes(&r->include);
	return k;
}

int recipe_read(const struct store *s, const struct desc *image, struct recipe *ret, struct err *e)
{
	auto_manifest m = { 0 };
	auto_json *j = NULL;
	auto_recipe r = { 0 };
	const char *text;
	int k = store_manifest(s, image, &m, NULL, e);

	if (k < 0)
		return k;
	text = json_string_or_null(json_object_get(m.json, "annotations"), ANNOTATION_BASE);
	if (!text)
		return FAIL(e, E_NOTFOUND, "image %s was not made by plimsoll base",
			    image->digest.s);
	k = json_parse(text, strlen(text), ANNOTATION_BASE, &j, e);
	if (k == 0)
		k = parse(j, &r, e);
	if (k < 0)
		return k;
	*ret = r;
	r = (struct recipe){ 0 };
	return 0;
}
