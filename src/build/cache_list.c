/* SPDX-License-Identifier: Apache-2.0 */
#include "build/cache_list.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/sorted.h"
#include "traffic/record.h"

static const char what[] = "build cache";

static int compare_key(const void *entry, const void *key)
{
	return strcmp(((const struct cache_entry *)entry)->key.s, ((const struct digest *)key)->s);
}

/* Where key is or would be. */
static size_t find(const struct cache_list *l, const struct digest *key, bool *ret_there)
{
	return sorted_find(l->v, l->n, sizeof(*l->v), key, compare_key, ret_there);
}

static int insert(struct cache_list *l, size_t at, const struct digest *key, const struct cached *c,
		  struct err *e)
{
	if (l->n == LIMIT_CACHE_ENTRIES)
		return FAIL(e, E_FORMAT, "%s: more than %d entries", what, LIMIT_CACHE_ENTRIES);
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		struct cache_entry *v = reallocarray(l->v, cap, sizeof(*v));

		if (!v)
			return FAIL_NOMEM(e);
		l->v = v;
		l->cap = cap;
	}
	memmove(l->v + at + 1, l->v + at, (l->n - at) * sizeof(*l->v));
	l->v[at] = (struct cache_entry){ *key, *c };
	l->n++;
	return 0;
}

int cache_list_add(struct cache_list *l, const struct digest *key, const struct cached *c,
		   struct err *e)
{
	bool there;
	size_t at = find(l, key, &there);

	if (!there)
		return insert(l, at, key, c, e);
	l->v[at].c = *c;
	return 0;
}

const struct cached *cache_list_find(const struct cache_list *l, const struct digest *key)
{
	bool there;
	size_t at = find(l, key, &there);

	return there ? &l->v[at].c : NULL;
}

void cache_list_free(struct cache_list *l)
{
	free(l->v);
	*l = (struct cache_list){ 0 };
}

static bool is_layer(const struct desc *d)
{
	return strcmp(d->media_type, MT_OCI_LAYER_GZIP) == 0 ||
	       strcmp(d->media_type, MT_OCI_LAYER_ZSTD) == 0 ||
	       strcmp(d->media_type, MT_OCI_LAYER) == 0;
}

static int read_layer(const json_t *j, const struct desc *layers, size_t layers_n,
		      struct cached *ret, struct err *e)
{
	const char *diff_id;
	uint64_t at;
	int r = json_get_u64(j, "layer", &at, what, e);

	if (r == 0)
		r = json_get_string(j, "diffId", &diff_id, what, e);
	if (r == 0)
		r = digest_parse(str_of(diff_id), &ret->diff_id, e);
	if (r < 0)
		return r;
	if (at >= layers_n)
		return FAIL(e, E_FORMAT, "%s: layer %llu of %zu", what, (unsigned long long)at,
			    layers_n);
	if (!is_layer(&layers[at]))
		return FAIL(e, E_FORMAT, "%s: layer %llu is a '%.100s'", what,
			    (unsigned long long)at, layers[at].media_type);
	ret->layer = layers[at];
	return 0;
}

/* What the step fetched, if that is told. */
static int read_fetched(const json_t *j, const struct desc *layers, size_t layers_n,
			struct cached *ret, struct err *e)
{
	uint64_t at;
	int r = json_get_u64(j, "fetched", &at, what, e);

	if (r < 0)
		return r;
	if (at >= layers_n || strcmp(layers[at].media_type, TRAFFIC_TYPE) != 0 ||
	    layers[at].size > LIMIT_RECORD_JSON)
		return FAIL(e, E_FORMAT, "%s: layer %llu is no record of what was fetched", what,
			    (unsigned long long)at);
	ret->fetched = layers[at];
	return 0;
}

static int read_entry(struct cache_list *l, const json_t *j, const struct desc *layers,
		      size_t layers_n, struct err *e)
{
	const json_t *empty = json_object_get(j, "empty");
	const bool fetched = json_object_get(j, "fetched") != NULL;
	struct cached c = { .empty = empty != NULL };
	struct digest key;
	const char *text;
	uint64_t epoch;
	bool there;
	size_t at;
	int r = json_get_string(j, "key", &text, what, e);

	if (r == 0)
		r = digest_parse(str_of(text), &key, e);
	if (r == 0)
		r = json_get_u64(j, "epoch", &epoch, what, e);
	if (r == 0 && epoch > LIMIT_EPOCH)
		r = FAIL(e, E_FORMAT, "%s: epoch %llu is beyond the year 9999", what,
			 (unsigned long long)epoch);
	if (r < 0)
		return r;
	c.epoch = (int64_t)epoch;
	if (json_object_size(j) != (size_t)(c.empty ? 3 : 4) + fetched ||
	    (empty && !json_is_true(empty)))
		return FAIL(e, E_FORMAT, "%s: entry %s has unknown members", what, key.s);
	if (!c.empty)
		r = read_layer(j, layers, layers_n, &c, e);
	if (r == 0 && fetched)
		r = read_fetched(j, layers, layers_n, &c, e);
	if (r < 0)
		return r;
	at = find(l, &key, &there);
	if (there)
		return FAIL(e, E_FORMAT, "%s: key %s comes twice", what, key.s);
	return insert(l, at, &key, &c, e);
}

int cache_list_parse(const char *p, size_t n, const struct desc *layers, size_t layers_n,
		     struct cache_list *ret, struct err *e)
{
	auto_cache_list l = { 0 };
	auto_json *j = NULL;
	json_t *entries, *entry;
	size_t i;
	int r;

	if (n > LIMIT_CACHE_LIST)
		return FAIL(e, E_FORMAT, "%s: more than %d bytes", what, LIMIT_CACHE_LIST);
	r = json_parse(p, n, what, &j, e);
	if (r == 0)
		r = json_get_array(j, "entries", &entries, what, e);
	if (r < 0)
		return r;
	if (json_object_size(j) != 1)
		return FAIL(e, E_FORMAT, "%s: unknown members", what);
	json_array_foreach(entries, i, entry)
	{
		r = read_entry(&l, entry, layers, layers_n, e);
		if (r < 0)
			return r;
	}
	*ret = l;
	l = (struct cache_list){ 0 };
	return 0;
}

/* Where it is among layers, or layers_n. */
static size_t place(const struct desc *d, const struct desc *layers, size_t layers_n)
{
	size_t at = 0;

	while (at < layers_n && !digest_eq(&layers[at].digest, &d->digest))
		at++;
	return at;
}

static int write_entry(const struct cache_entry *v, const struct desc *layers, size_t layers_n,
		       json_t *entries, struct err *e)
{
	const size_t at = place(&v->c.layer, layers, layers_n);
	const size_t fetched = place(&v->c.fetched, layers, layers_n);
	json_t *j;
	int r;

	if (!v->c.empty && at == layers_n)
		return 0;
	j = json_object();
	r = json_push(entries, j, e);
	if (r == 0)
		r = json_put_string(j, "key", v->key.s, e);
	if (r == 0)
		r = json_put_u64(j, "epoch", v->c.epoch < 0 ? 0 : (uint64_t)v->c.epoch, e);
	if (r == 0 && fetched < layers_n)
		r = json_put_u64(j, "fetched", fetched, e);
	if (r == 0 && v->c.empty)
		return json_put(j, "empty", json_true(), e);
	if (r == 0)
		r = json_put_u64(j, "layer", at, e);
	return r < 0 ? r : json_put_string(j, "diffId", v->c.diff_id.s, e);
}

int cache_list_write(const struct cache_list *l, const struct desc *layers, size_t layers_n,
		     struct buf *ret, struct err *e)
{
	auto_json *j = json_pack("{s:[]}", "entries");
	int r = j ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; r == 0 && i < l->n; i++)
		r = write_entry(&l->v[i], layers, layers_n, json_object_get(j, "entries"), e);
	return r < 0 ? r : json_canonical(j, ret, e);
}
