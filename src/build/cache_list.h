/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "build/cache.h"

/*
 * Steps and what they came to, as one host gives them to another: the configuration of a cache
 * artifact, or an annotation of an image's manifest (inline). The layers themselves are those of
 * the manifest it belongs to; entries name them by their place there.
 *
 *     {"entries":[{"key":"sha256:...","layer":0,"diffId":"sha256:...","epoch":1700000000},
 *                 {"key":"sha256:...","empty":true,"epoch":1700000000,"fetched":1}]}
 *
 * "fetched", which may be missing, is the place of the record of what the step fetched.
 */
#define CACHE_ARTIFACT_TYPE "application/vnd.plimsoll.buildcache.v1+json"
#define CACHE_CONFIG_TYPE "application/vnd.plimsoll.buildcache.config.v1+json"
#define CACHE_ANNOTATION "vnd.plimsoll.buildcache.v1"

enum { LIMIT_CACHE_LIST = 4 * 1024 * 1024 /* bytes */, LIMIT_CACHE_ENTRIES = 10000 };

struct cache_entry {
	struct digest key;
	struct cached c;
};
struct cache_list {
	struct cache_entry *v; /* by key, each once */
	size_t n, cap;
};

/* Strict: members that are unknown, missing or of another type, a key that comes twice, and a layer
 * that is not among layers or no layer by its media type are E_FORMAT. */
int cache_list_parse(const char *p, size_t n, const struct desc *layers, size_t layers_n,
		     struct cache_list *ret, struct err *e);
/* Adds an entry; a key that is there already is replaced. */
int cache_list_add(struct cache_list *l, const struct digest *key, const struct cached *c,
		   struct err *e);
/* Entries whose layer is not among layers are left out, and records that are not. Appends; the same
 * list the same bytes. */
int cache_list_write(const struct cache_list *l, const struct desc *layers, size_t layers_n,
		     struct buf *ret, struct err *e);
/* NULL when there is none. Borrowed. */
const struct cached *cache_list_find(const struct cache_list *l, const struct digest *key);
void cache_list_free(struct cache_list *l);
static inline void cache_list_release(struct cache_list *l)
{
	cache_list_free(l);
}
#define auto_cache_list __attribute__((cleanup(cache_list_release))) struct cache_list
