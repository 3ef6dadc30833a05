/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/build/build_cache.h"

#include <stdio.h>

void build_caches_free(struct build_caches *c)
{
	while (c->from_n)
		cache_ref_free(&c->from[--c->from_n]);
	while (c->to_n)
		cache_ref_free(&c->to[--c->to_n]);
	imported_free(c->imported);
	c->imported = NULL;
}

int build_caches_read(const struct build_args *a, struct build_caches *ret, struct err *e)
{
	int r = 0;

	if (a->cache_from.n > LIMIT_CACHES || a->cache_to.n > LIMIT_CACHES)
		return FAIL(e, E_USAGE, "more than %d caches", LIMIT_CACHES);
	for (size_t i = 0; r == 0 && i < a->cache_from.n; i++) {
		r = cache_from_parse(a->cache_from.v[i], &ret->from[i], e);
		ret->from_n += r == 0;
	}
	for (size_t i = 0; r == 0 && i < a->cache_to.n; i++) {
		r = cache_to_parse(a->cache_to.v[i], &ret->to[i], e);
		ret->to_n += r == 0;
	}
	return r;
}

int build_caches_import(struct build_caches *c, struct road *road, struct build_opts *o,
			struct err *e)
{
	int r;

	for (size_t i = 0; i < c->to_n; i++)
		o->inline_cache |= c->to[i].kind == CACHE_INLINE;
	if (c->from_n == 0)
		return 0;
	r = cache_import(road, c->from, c->from_n, &c->imported, e);
	if (r < 0)
		return r;
	o->hooks.known = imported_known;
	o->hooks.known_arg = c->imported;
	return 0;
}

int build_caches_export(const struct build_caches *c, const struct road *road,
			const struct build_result *b, const struct trust_sign_opts *o,
			struct err *e)
{
	for (size_t i = 0; i < c->to_n; i++) {
		struct err own = ERR_INIT;
		char text[1024];
		int r;

		if (c->to[i].kind == CACHE_INLINE)
			continue;
		r = step_cache_export(road, b, &c->to[i], o, &own);
		if (r < 0 && !c->to[i].ignore_error) {
			if (e)
				*e = own;
			return r;
		}
		if (r < 0) {
			(void)snprintf(text, sizeof(text), "warning: %.1000s", own.msg);
			progress_line(road->progress, text);
		}
	}
	return 0;
}
