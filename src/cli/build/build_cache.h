/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/build/build_args.h"
#include "pipeline/cache/cache.h"

/* --cache-from and --cache-to of build and ship. */
enum { LIMIT_CACHES = 32 };

struct build_caches {
	struct cache_ref from[LIMIT_CACHES], to[LIMIT_CACHES];
	size_t from_n, to_n;
	struct imported *imported;
};
void build_caches_free(struct build_caches *c);
#define auto_build_caches __attribute__((cleanup(build_caches_free))) struct build_caches

/* Reads the options: E_USAGE before anything is done. */
int build_caches_read(const struct build_args *a, struct build_caches *ret, struct err *e);
/* Before the build: what others know, for o. */
int build_caches_import(struct build_caches *c, struct road *road, struct build_opts *o,
			struct err *e);
/* After it: what we know, for others. */
int build_caches_export(const struct build_caches *c, const struct road *road,
			const struct build_result *b, const struct trust_sign_opts *o,
			struct err *e);
