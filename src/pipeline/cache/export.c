/* SPDX-License-Identifier: Apache-2.0 */
/* A build's steps and layers as a signed artifact (image-spec manifest.md, "artifacts"). */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "build/cache_list.h"
#include "oci/ref.h"
#include "oci/store_copy.h"
#include "pipeline/cache/cache.h"
#include "registry/registry.h"

static const char layout_name[] = "cache"; /* its name in a layout folder */

struct export
{
	struct cache_list list;
	struct desc *layers; /* each once, in the order of their digests; then records */
	size_t n;
};

static void export_free(struct export *x)
{
	cache_list_free(&x->list);
	free(x->layers);
}
#define auto_export __attribute__((cleanup(export_free))) struct export

static int by_digest(const void *a, const void *b)
{
	return strcmp(((const struct desc *)a)->digest.s, ((const struct desc *)b)->digest.s);
}

/* Adds those of n that fit, each once, in the order of their digests. */
static void add_blobs(struct export *x, struct desc *v, size_t n)
{
	const size_t before = x->n;

	if (n)
		qsort(v, n, sizeof(*v), by_digest);
	for (size_t i = 0; i < n && x->n < LIMIT_LAYERS; i++)
		if (x->n == before || !digest_eq(&x->layers[x->n - 1].digest, &v[i].digest))
			x->layers[x->n++] = v[i];
}

/* What a mode gives away. Layers beyond what a manifest holds, and their steps, stay here. */
static int select_steps(const struct build_result *b, bool max, struct export *x, struct err *e)
{
	auto_free struct desc *found = NULL;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < b->known_n; i++)
		if ((max || b->known[i].final) && x->list.n < LIMIT_CACHE_ENTRIES)
			r = cache_list_add(&x->list, &b->known[i].key, &b->known[i].c, e);
	x->layers = calloc(2 * x->list.n + 1, sizeof(*x->layers));
	found = calloc(x->list.n + 1, sizeof(*found));
	if (r < 0 || !x->layers || !found)
		return r < 0 ? r : FAIL_NOMEM(e);
	for (size_t i = 0; i < x->list.n; i++)
		if (!x->list.v[i].c.empty)
			found[n++] = x->list.v[i].c.layer;
	add_blobs(x, found, n);
	n = 0;
	for (size_t i = 0; i < x->list.n; i++)
		if (x->list.v[i].c.fetched.digest.s[0])
			found[n++] = x->list.v[i].c.fetched;
	add_blobs(x, found, n);
	return 0;
}

static int put_json(struct store *s, const char *type, const json_t *j, struct desc *ret,
		    struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_MANIFEST);
	int r = json_canonical(j, &text, e);

	return r < 0 ? r : store_blob_put(s, type, buf_str(&text), text.n, ret, e);
}

/* Of the same steps the same bytes: nothing in it but them. */
static int write_artifact(struct store *s, const struct export *x, struct desc *ret, struct err *e)
{
	auto_json *m = json_pack("{s:i, s:s, s:s, s:[]}", "schemaVersion", 2, "mediaType",
				 MT_OCI_MANIFEST, "artifactType", CACHE_ARTIFACT_TYPE, "layers");
	auto_buf text = BUF_INIT(LIMIT_CACHE_LIST);
	json_t *layers = json_object_get(m, "layers");
	struct desc d;
	int r = m ? cache_list_write(&x->list, x->layers, x->n, &text, e) : FAIL_NOMEM(e);

	if (r == 0)
		r = buf_check(&text, "build cache", e);
	if (r == 0)
		r = store_blob_put(s, CACHE_CONFIG_TYPE, buf_str(&text), text.n, &d, e);
	if (r == 0)
		r = json_put(m, "config", desc_json(&d), e);
	for (size_t i = 0; r == 0 && i < x->n; i++)
		r = json_push(layers, desc_json(&x->layers[i]), e);
	if (r == 0 && x->n == 0) {
		r = store_blob_put(s, MT_OCI_EMPTY, "{}", 2, &d, e);
		r = r < 0 ? r : json_push(layers, desc_json(&d), e);
	}
	return r < 0 ? r : put_json(s, MT_OCI_MANIFEST, m, ret, e);
}

static int copy_signatures(struct store *to, const struct store *from, const struct desc *d,
			   struct err *e)
{
	auto_json *list = NULL;
	json_t *entry;
	size_t i;
	int r = store_referrers(from, &d->digest, NOTARY_ARTIFACT_TYPE, &list, e);

	if (r < 0)
		return r;
	json_array_foreach(list, i, entry)
	{
		struct desc sig;

		r = desc_parse(entry, "signature", &sig, e);
		r = r < 0 ? r : store_copy_image(to, from, &sig, NULL, e);
		r = r < 0 ? r : store_add_referrer(to, &sig, &d->digest, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A folder of somebody's files does not become a layout. */
static int check_folder(int dir, const char *path, struct err *e)
{
	auto_close int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d)
		return FAIL_SYS(e, "read folder '%.200s'", path);
	(void)TAKE_FD(fd);
	if (fs_exists(dir, "oci-layout"))
		return 0;
	for (const struct dirent *ent; (ent = readdir(d));)
		if (strcmp(ent->d_name, ".") != 0 && strcmp(ent->d_name, "..") != 0 &&
		    !ends_with(ent->d_name, ".lock") && strcmp(ent->d_name, "blobs") != 0 &&
		    strcmp(ent->d_name, "index.json") != 0 && !starts_with(ent->d_name, ".tmp-"))
			return FAIL(e, E_USAGE, "'%.200s' is neither empty nor an OCI image layout",
				    path);
	return 0;
}

/* Into a layout folder: blobs and signatures first, the name last, then what it had before goes. */
static int to_folder(const struct road *road, const struct desc *d, const char *path, struct err *e)
{
	auto_release(store_close) struct store *to = NULL;
	auto_close int dir = -1;
	auto_free char *own = strdup(path);
	struct desc named = *d;
	uint64_t bytes;
	int r = own ? fs_mkdir_p_user(path, 0755, e) : FAIL_NOMEM(e);

	if (r < 0)
		return r;
	dir = fs_open_user(path, O_RDONLY | O_DIRECTORY, 0, e);
	r = dir < 0 ? dir : check_folder(dir, path, e);
	if (r == 0)
		r = store_open(&to, &(struct state){ .fd = dir, .path = own }, e);
	if (r == 0)
		r = store_copy_image(to, road->store, d, road->progress, e);
	if (r == 0)
		r = copy_signatures(to, road->store, d, e);
	(void)snprintf(named.artifact_type, sizeof(named.artifact_type), "%s", CACHE_ARTIFACT_TYPE);
	if (r == 0)
		r = store_tag(to, layout_name, &named, e);
	return r < 0 ? r : store_gc(to, &bytes, e);
}

static int to_registry(const struct road *road, const struct desc *d, const char *where,
		       struct err *e)
{
	auto_release(registry_close) struct registry *reg = NULL;
	struct ref ref;
	int r = ref_parse(where, &ref, e);

	if (r == 0)
		r = registry_open(&ref, REGISTRY_CHANGE, road->progress, &reg, e);
	if (r == 0)
		r = registry_push(reg, road->store, d, ref.name, ref.tag, road->progress, e);
	return r < 0 ? r
		     : registry_push_referrers(reg, road->store, &d->digest, ref.name,
					       road->progress, NULL, e);
}

static int export(const struct road *road, const struct export *x, const struct cache_ref *to,
		  const struct trust_sign_opts *o, struct desc *ret, struct err *e)
{
	struct trust_sign_opts sign = *o;
	struct desc signature;
	struct ref ref;
	int r = write_artifact(road->store, x, ret, e);

	/* A folder may be carried anywhere. */
	if (to->kind != CACHE_DIR && ref_parse(to->where, &ref, NULL) == 0)
		sign.ref = &ref;
	if (to->key)
		sign.key = to->key;
	if (r == 0)
		r = trust_sign(road->state, road->store, ret, &sign, &signature, NULL, e);
	if (r < 0)
		return r;
	return to->kind == CACHE_DIR ? to_folder(road, ret, to->where, e)
				     : to_registry(road, ret, to->where, e);
}

int step_cache_export(const struct road *road, const struct build_result *b,
		      const struct cache_ref *to, const struct trust_sign_opts *o, struct err *e)
{
	struct road own = { .state = road->state,
			    .store = road->store,
			    .progress = road->progress,
			    .name = to->where };
	auto_export x = { .layers = NULL };
	int r = select_steps(b, to->max, &x, e);

	progress_begin(road->progress, "export build cache", 0);
	if (r == 0)
		r = export(road, &x, to, o, &own.image, e);
	progress_end(road->progress, r < 0 ? "failed" : NULL);
	if (r < 0)
		r = WRAP(e, r, "--cache-to '%.200s'", to->where);
	return road_note(
		&own, "cache-export", r,
		json_pack("{s:I, s:I}", "entries", (json_int_t)x.list.n, "layers", (json_int_t)x.n),
		e);
}
