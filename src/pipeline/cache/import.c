/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Caches of others. Nothing of one is looked at before its signature is accepted, and no layer of
 * it is used before its bytes were checked against its digest and its diff ID. What it knows is
 * never written down as if this host had made it: the trust policy is asked anew by each build.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "build/cache_list.h"
#include "oci/layer.h"
#include "oci/ref.h"
#include "oci/store_copy.h"
#include "pipeline/cache/cache.h"
#include "registry/registry.h"

struct source {
	const struct cache_ref *from;
	struct ref ref;	      /* selects the policy's statement */
	struct store *layout; /* CACHE_DIR */
	struct cache_list list;
	struct desc manifest;
	bool broken; /* something of it did not hold, or its registry went away */
};

struct imported {
	struct road road;
	struct source *v;
	size_t n;
};

void imported_free(struct imported *im)
{
	if (!im)
		return;
	for (size_t i = 0; i < im->n; i++) {
		store_close(im->v[i].layout);
		cache_list_free(&im->v[i].list);
	}
	free(im->v);
	free(im);
}

static void tell(const struct road *road, const char *where, const char *why)
{
	char text[1024];

	(void)snprintf(text, sizeof(text), "warning: build cache '%.200s' is not used: %.700s",
		       where, why);
	text_sanitize(text);
	progress_line(road->progress, text);
}

/* A signature manifest and its envelope, none of it larger than what a registry may send. */
static int copy_signature(struct store *to, const struct store *from, const json_t *entry,
			  const struct digest *subject, struct err *e)
{
	auto_manifest m = { 0 };
	struct desc d;
	int r = desc_parse(entry, "signature", &d, e);

	if (r == 0)
		r = store_manifest(from, &d, &m, NULL, e);
	if (r == 0 && m.config.size > LIMIT_REFERRER_BLOB)
		r = FAIL(e, E_FORMAT, "a signature of %llu bytes",
			 (unsigned long long)m.config.size);
	for (size_t i = 0; r == 0 && i < m.layers_n; i++)
		if (m.layers[i].size > LIMIT_REFERRER_BLOB)
			r = FAIL(e, E_FORMAT, "a signature of %llu bytes",
				 (unsigned long long)m.layers[i].size);
	if (r == 0)
		r = store_copy_image(to, from, &d, NULL, e);
	return r < 0 ? r : store_add_referrer(to, &d, subject, e);
}

/* The artifact of a layout folder: the first manifest of that type. */
static int find_artifact(const struct store *from, struct desc *ret, struct err *e)
{
	auto_json *list = NULL;
	json_t *entry;
	size_t i;
	int r = store_list(from, &list, e);

	if (r < 0)
		return r;
	json_array_foreach(list, i, entry)
	{
		auto_manifest m = { 0 };
		struct desc d;

		if (desc_parse(entry, "index.json", &d, NULL) < 0 || !desc_is_manifest(&d) ||
		    store_manifest(from, &d, &m, NULL, NULL) < 0 ||
		    strcmp(m.artifact_type, CACHE_ARTIFACT_TYPE) != 0)
			continue;
		*ret = d;
		return 0;
	}
	return FAIL(e, E_NOTFOUND, "it holds no build cache");
}

static int fetch_dir(const struct road *road, struct source *s, struct err *e)
{
	auto_json *signatures = NULL;
	auto_manifest m = { 0 };
	int r = store_open_layout(&s->layout, s->from->where, e);

	if (r == 0)
		r = find_artifact(s->layout, &s->manifest, e);
	if (r == 0)
		r = store_manifest(s->layout, &s->manifest, &m, NULL, e);
	if (r == 0 && m.config.size > LIMIT_CACHE_LIST)
		r = FAIL(e, E_FORMAT, "its list is longer than %d bytes", LIMIT_CACHE_LIST);
	if (r == 0)
		r = store_copy_blob(road->store, s->layout, &m.config, NULL, e);
	if (r == 0)
		r = store_copy_blob(road->store, s->layout, &s->manifest, NULL, e);
	if (r == 0)
		r = store_referrers(s->layout, &s->manifest.digest, NOTARY_ARTIFACT_TYPE,
				    &signatures, e);
	if (r < 0)
		return r;
	/* One that is damaged must not hide the others. */
	for (size_t i = 0; i < json_array_size(signatures) && i < LIMIT_REFERRERS; i++)
		(void)copy_signature(road->store, s->layout, json_array_get(signatures, i),
				     &s->manifest.digest, NULL);
	return 0;
}

static int fetch_registry(const struct road *road, struct source *s, struct err *e)
{
	auto_release(registry_close) struct registry *reg = NULL;
	auto_manifest m = { 0 };
	int r = registry_open(&s->ref, REGISTRY_PULL, road->progress, &reg, e);

	if (r == 0)
		r = registry_pull_manifest(reg, road->store, &s->ref, &s->manifest, e);
	if (r == 0)
		r = store_manifest(road->store, &s->manifest, &m, NULL, e);
	if (r == 0 && strcmp(m.artifact_type, CACHE_ARTIFACT_TYPE) == 0)
		r = registry_pull_blob(reg, road->store, s->ref.name, &m.config, LIMIT_CACHE_LIST,
				       NULL, e);
	return r < 0 ? r
		     : registry_pull_referrers(reg, road->store, s->ref.name, &s->manifest.digest,
					       NOTARY_ARTIFACT_TYPE, NULL, NULL, e);
}

static int fetch(const struct road *road, struct source *s, struct err *e)
{
	if (s->from->kind == CACHE_DIR)
		return fetch_dir(road, s, e);
	if (s->from->kind == CACHE_STORE)
		return store_resolve(road->store, &s->ref, &s->manifest, e);
	return fetch_registry(road, s, e);
}

/* The list: an artifact's configuration, or an image's annotation. */
static int read_list(const struct road *road, struct source *s, struct err *e)
{
	auto_manifest m = { 0 };
	auto_buf text = BUF_INIT(LIMIT_CACHE_LIST);
	const char *inline_list;
	int r = desc_is_manifest(&s->manifest)
			? store_manifest(road->store, &s->manifest, &m, NULL, e)
			: FAIL(e, E_FORMAT, "it is a '%.100s', not a manifest",
			       s->manifest.media_type);

	if (r < 0)
		return r;
	inline_list = json_string_or_null(json_object_get(m.json, "annotations"), CACHE_ANNOTATION);
	if (!m.artifact_type[0] && inline_list)
		return cache_list_parse(inline_list, strlen(inline_list), m.layers, m.layers_n,
					&s->list, e);
	if (strcmp(m.artifact_type, CACHE_ARTIFACT_TYPE) != 0)
		return FAIL(e, E_NOTFOUND, "it holds no build cache");
	r = store_blob_read(road->store, &m.config, LIMIT_CACHE_LIST, &text, e);
	return r < 0 ? r
		     : cache_list_parse(buf_str(&text), text.n, m.layers, m.layers_n, &s->list, e);
}

/* Recorded whether it is accepted or not; one that is not there is no news. */
static int open_source(struct road *road, struct source *s, struct err *e)
{
	struct road own = *road;
	struct trust_result t = { 0 };
	int r = fetch(road, s, e);

	if (r == E_NOTFOUND)
		return r;
	own.name = s->from->where;
	own.image = s->manifest;
	if (r == 0)
		r = trust_verify(road->state, road->store, &s->ref, &s->manifest, &t, e);
	if (r == 0 && t.skipped)
		r = FAIL(e, E_VERIFY,
			 "trust policy '%s' skips this repository: nothing was verified",
			 t.statement);
	if (r == 0)
		r = read_list(road, s, e);
	if (r == E_NOTFOUND)
		return r;
	return road_note(&own, "cache-import", r,
			 r < 0 ? NULL
			       : json_pack("{s:s, s:s, s:I}", "signer", t.subject, "thumbprint",
					   t.thumbprint, "entries", (json_int_t)s->list.n),
			 e);
}

int cache_import(struct road *road, const struct cache_ref *from, size_t n, struct imported **ret,
		 struct err *e)
{
	auto_release(imported_free) struct imported *im = calloc(1, sizeof(*im));

	if (!im || !(im->v = calloc(n + 1, sizeof(*im->v))))
		return FAIL_NOMEM(e);
	im->road = *road;
	for (size_t i = 0; i < n; i++) {
		struct source *s = &im->v[im->n++];
		struct err own = ERR_INIT;
		int r = ref_parse(from[i].kind == CACHE_DIR ? "cache" : from[i].where, &s->ref, e);

		if (r < 0)
			return r;
		s->from = &from[i];
		r = open_source(road, s, &own);
		s->broken = r < 0;
		if (r == E_SIGNAL || r == E_NOMEM) {
			if (e)
				*e = own;
			return r;
		}
		if (r < 0)
			tell(road, from[i].where, own.msg);
	}
	*ret = TAKE(im);
	return 0;
}

static int fetch_blob(const struct road *road, const struct source *s, const struct desc *layer,
		      struct err *e)
{
	auto_release(registry_close) struct registry *reg = NULL;
	int r;

	if (store_has(road->store, &layer->digest, layer->size))
		return 0;
	if (s->layout)
		return store_copy_blob(road->store, s->layout, layer, road->progress, e);
	if (s->from->kind == CACHE_STORE)
		return FAIL(e, E_NOTFOUND, "layer %s is not in the store", layer->digest.s);
	r = registry_open(&s->ref, REGISTRY_PULL, road->progress, &reg, e);
	return r < 0 ? r
		     : registry_pull_blob(reg, road->store, s->ref.name, layer, LIMIT_BLOB,
					  road->progress, e);
}

static bool want_none(void *arg, const struct tar_entry *entry)
{
	(void)arg, (void)entry;
	return false;
}

static int got_none(void *arg, const struct tar_entry *entry, const char *p, size_t n,
		    struct buf *emit, struct err *e)
{
	(void)arg, (void)entry, (void)p, (void)n, (void)emit, (void)e;
	return 0;
}

/* Reads all of it in the sandbox: its digest and its diff ID hold, and it is a well-formed tar. */
static int check_layer(const struct road *road, const struct cached *c, struct err *e)
{
	const struct layer_reader nothing = { .want = want_none, .got = got_none };
	auto_buf none = BUF_INIT(64);

	return layer_read(road->store, &c->layer, &c->diff_id, &nothing, &none, e);
}

int imported_known(void *arg, const struct digest *key, struct cached *ret, struct err *e)
{
	struct imported *im = arg;

	(void)e;
	for (size_t i = 0; i < im->n; i++) {
		struct source *s = &im->v[i];
		const struct cached *c = s->broken ? NULL : cache_list_find(&s->list, key);
		struct err own = ERR_INIT;
		int r = 0;

		if (!c)
			continue;
		if (!c->empty)
			r = fetch_blob(&im->road, s, &c->layer, &own);
		if (r == 0 && !c->empty)
			r = check_layer(&im->road, c, &own);
		if (r == 0) {
			*ret = *c;
			/* Without its record a step is as good; what it fetched is not known. */
			if (c->fetched.digest.s[0] &&
			    fetch_blob(&im->road, s, &c->fetched, NULL) < 0)
				ret->fetched = (struct desc){ .size = 0 };
			return 1;
		}
		s->broken = true;
		tell(&im->road, s->from->where, own.msg);
	}
	return 0;
}
