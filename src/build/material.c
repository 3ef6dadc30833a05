/* SPDX-License-Identifier: Apache-2.0 */
/* The record of what a build took from outside of its folder. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "build/work.h"

int material_add(struct work *w, const char *uri, const char *digest, struct err *e)
{
	struct build_result *res = &w->res;
	struct build_material *v;

	for (size_t i = 0; i < res->materials_n; i++)
		if (strcmp(res->materials[i].uri, uri) == 0 &&
		    strcmp(res->materials[i].digest, digest) == 0)
			return 0;
	v = reallocarray(res->materials, res->materials_n + 1, sizeof(*v));
	if (!v)
		return FAIL_NOMEM(e);
	res->materials = v;
	v += res->materials_n;
	*v = (struct build_material){ strdup(uri), strdup(digest) };
	if (!v->uri || !v->digest) {
		free(v->uri);
		free(v->digest);
		return FAIL_NOMEM(e);
	}
	res->materials_n++;
	return 0;
}

void materials_free(struct build_material *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].uri);
		free(v[i].digest);
	}
	free(v);
}
