/* SPDX-License-Identifier: Apache-2.0 */
/* The record of what a build took from outside of its folder. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "build/work.h"

enum { LIMIT_MATERIALS = 10000 };

static const char record_name[] = "materials";

int material_add(struct work *w, const char *uri, const char *digest, struct err *e)
{
	auto_json *j = json_object();
	int r = json_put_string(j, "uri", uri, e);

	if (r == 0)
		r = json_put_string(j, "digest", digest, e);
	return r < 0 ? r : area_record_add(&w->area, record_name, j, e);
}

static int compare(const void *a, const void *b)
{
	const struct build_material *x = a, *y = b;
	int c = strcmp(x->uri, y->uri);

	return c ? c : strcmp(x->digest, y->digest);
}

static int take_record(void *arg, const json_t *j, struct err *e)
{
	struct build_result *res = arg;
	const char *uri, *digest;
	struct build_material *v;
	int r = json_get_string(j, "uri", &uri, "material", e);

	if (r == 0)
		r = json_get_string(j, "digest", &digest, "material", e);
	if (r < 0)
		return r;
	if (res->materials_n == LIMIT_MATERIALS)
		return FAIL(e, E_FORMAT, "more than %d things from outside", LIMIT_MATERIALS);
	v = reallocarray(res->materials, res->materials_n + 1, sizeof(*v));
	if (!v)
		return FAIL_NOMEM(e);
	res->materials = v;
	v[res->materials_n++] = (struct build_material){ strdup(uri), strdup(digest) };
	v += res->materials_n - 1;
	return v->uri && v->digest ? 0 : FAIL_NOMEM(e);
}

/* In one order, whatever stage was faster, and each once. */
static void sort_out(struct build_result *res)
{
	size_t n = 0;

	if (res->materials_n)
		qsort(res->materials, res->materials_n, sizeof(*res->materials), compare);
	for (size_t i = 0; i < res->materials_n; i++) {
		if (n && compare(&res->materials[i], &res->materials[n - 1]) == 0) {
			free(res->materials[i].uri);
			free(res->materials[i].digest);
			continue;
		}
		res->materials[n++] = res->materials[i];
	}
	res->materials_n = n;
}

int materials_collect(struct work *w, struct err *e)
{
	int r = area_record_each(&w->area, record_name, take_record, &w->res, e);

	if (r == 0)
		sort_out(&w->res);
	return r;
}

void materials_free(struct build_material *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].uri);
		free(v[i].digest);
	}
	free(v);
}
