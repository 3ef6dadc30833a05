/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "trust/sigstore/internal.h"

/* Of the store: who adds to a tag's manifest reads it and writes it anew. */
#define COSIGN_LOCK "cosign.lock"
enum { COSIGN_LOCK_MS = 60 * 1000 };

static const struct {
	const char *ending, *layer_type, *artifact_type;
	size_t max;
} kinds[COSIGN_KINDS] = {
	[COSIGN_SIGNATURES] = { ".sig", SIMPLE_LAYER_TYPE,
				"application/vnd.dev.cosign.artifact.sig.v1+json", LIMIT_SIMPLE },
	[COSIGN_ATTESTATIONS] = { ".att", DSSE_LAYER_TYPE,
				  "application/vnd.dev.cosign.artifact.att.v1+json", LIMIT_DSSE },
};

const char *cosign_artifact_type(enum cosign_kind kind)
{
	return kinds[kind].artifact_type;
}

int cosign_ref(const struct ref *ref, const struct digest *manifest, enum cosign_kind kind,
	       struct ref *ret, struct err *e)
{
	if (!ref->name[0])
		return FAIL(e, E_USAGE, "%s has no name, and cosign's signatures name a repository",
			    manifest->s);
	*ret = *ref;
	ret->digest.s[0] = '\0';
	(void)snprintf(ret->tag, sizeof(ret->tag), "sha256-%s%s", digest_hex(manifest),
		       kinds[kind].ending);
	return 0;
}

bool cosign_is_tag(const char *tag)
{
	enum { PREFIX = sizeof("sha256-") - 1, BARE = PREFIX + DIGEST_HEX };
	bool known = false;

	if (strlen(tag) < BARE || !starts_with(tag, "sha256-") ||
	    strspn(tag + PREFIX, "0123456789abcdef") != DIGEST_HEX)
		return false;
	for (int i = 0; i < COSIGN_KINDS; i++)
		known |= strcmp(tag + BARE, kinds[i].ending) == 0;
	return known;
}

int cosign_parse(struct str bytes, struct manifest *ret, size_t *ret_left, struct err *e)
{
	auto_json *j = NULL;
	auto_json *kept = json_array();
	auto_buf less = BUF_INIT(LIMIT_MANIFEST);
	const json_t *layers;
	size_t left = 0;
	int r = json_parse(bytes.p, bytes.n, "signatures", &j, e);

	if (r < 0)
		return r;
	layers = json_object_get(j, "layers");
	if (json_array_size(layers) > LIMIT_COSIGN_LAYERS)
		left = json_array_size(layers) - LIMIT_COSIGN_LAYERS;
	for (size_t i = left; r == 0 && left && i < json_array_size(layers); i++)
		r = json_push(kept, json_incref(json_array_get(layers, i)), e);
	if (r == 0 && left && (r = json_put(j, "layers", json_incref(kept), e)) == 0 &&
	    (r = json_canonical(j, &less, e)) == 0)
		bytes = (struct str){ buf_str(&less), less.n };
	if (r == 0)
		r = manifest_parse(bytes.p, bytes.n, "signatures", ret, e);
	if (r == 0 && ret_left)
		*ret_left = left;
	return r;
}

int cosign_load(const struct store *s, const struct ref *ref, const struct digest *manifest,
		enum cosign_kind kind, struct manifest *ret, size_t *ret_left,
		struct desc *ret_desc, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	struct ref at;
	struct desc d;
	int r;

	if ((r = cosign_ref(ref, manifest, kind, &at, e)) < 0 ||
	    (r = store_resolve(s, &at, &d, e)) < 0)
		return r;
	if (!desc_is_manifest(&d))
		return FAIL(e, E_FORMAT, "signatures of %s: '%.60s' is no manifest", manifest->s,
			    d.media_type);
	if ((r = store_blob_read(s, &d, LIMIT_MANIFEST, &bytes, e)) < 0 ||
	    (r = cosign_parse((struct str){ buf_str(&bytes), bytes.n }, ret, ret_left, e)) < 0)
		return r;
	if (ret_desc)
		*ret_desc = d;
	return 0;
}

size_t cosign_layer_max(enum cosign_kind kind)
{
	return kinds[kind].max;
}

bool cosign_is_layer(const struct desc *layer, enum cosign_kind kind)
{
	return strcmp(layer->media_type, kinds[kind].layer_type) == 0 &&
	       layer->size <= kinds[kind].max;
}

int cosign_layer(const struct store *s, const struct manifest *m, size_t i, enum cosign_kind kind,
		 struct buf *ret_bytes, const json_t **ret_annotations, struct err *e)
{
	const json_t *layer = json_array_get(json_object_get(m->json, "layers"), i);
	const struct desc *d = &m->layers[i];

	if (strcmp(d->media_type, kinds[kind].layer_type) != 0)
		return FAIL(e, E_FORMAT, "a layer of type '%.60s', not '%s'", d->media_type,
			    kinds[kind].layer_type);
	if (d->size > kinds[kind].max)
		return FAIL(e, E_FORMAT, "a layer longer than %zu bytes", kinds[kind].max);
	*ret_annotations = json_object_get(layer, "annotations");
	return store_blob_read(s, d, kinds[kind].max, ret_bytes, e);
}

/* Writing: a manifest and its configuration made anew of a list of layers. */

static int put_config(struct store *s, const json_t *layers, struct desc *ret, struct err *e)
{
	auto_json *j = json_pack("{s:s, s:s, s:{}, s:{s:s}}", "architecture", "", "os", "",
				 "config", "rootfs", "type", "layers");
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	json_t *ids = json_array();
	size_t i;
	json_t *layer;
	int r = json_put(json_object_get(j, "rootfs"), "diff_ids", ids, e);

	json_array_foreach(layers, i, layer)
	{
		if (r == 0)
			r = json_push(ids, json_incref(json_object_get(layer, "digest")), e);
	}
	if (r == 0)
		r = json_canonical(j, &bytes, e);
	return r < 0 ? r : store_blob_put(s, MT_OCI_CONFIG, bytes.p, bytes.n, ret, e);
}

static int write_manifest(struct store *s, const struct ref *at, json_t *layers, struct desc *ret,
			  struct err *e)
{
	auto_json *j = json_object();
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST), name = BUF_INIT(2 * LIMIT_REF);
	struct desc config, d;
	int r;

	if (json_array_size(layers) > LIMIT_COSIGN_LAYERS)
		return FAIL(e, E_FORMAT, "more than %d signatures under one tag",
			    LIMIT_COSIGN_LAYERS);
	if ((r = put_config(s, layers, &config, e)) < 0 ||
	    (r = json_put_u64(j, "schemaVersion", 2, e)) < 0 ||
	    (r = json_put_string(j, "mediaType", MT_OCI_MANIFEST, e)) < 0 ||
	    (r = json_put(j, "config", desc_json(&config), e)) < 0 ||
	    (r = json_put(j, "layers", json_incref(layers), e)) < 0 ||
	    (r = json_canonical(j, &bytes, e)) < 0 ||
	    (r = store_blob_put(s, MT_OCI_MANIFEST, bytes.p, bytes.n, &d, e)) < 0)
		return r;
	ref_tagged(at, &name);
	r = store_tag(s, buf_str(&name), &d, e);
	if (r == 0)
		*ret = d;
	return r;
}

/* The layers that are there already, as an array of their own. A broken manifest is an error: its
 * signatures would be lost. */
static int load_layers(const struct store *s, const struct ref *ref, const struct digest *manifest,
		       enum cosign_kind kind, json_t **ret, struct err *e)
{
	auto_manifest m = { 0 };
	int r = cosign_load(s, ref, manifest, kind, &m, NULL, NULL, e);
	json_t *copy = r == 0 ? json_deep_copy(json_object_get(m.json, "layers")) : json_array();

	if (r < 0 && r != E_NOTFOUND) {
		json_decref(copy);
		return r;
	}
	if (!copy)
		return FAIL_NOMEM(e);
	*ret = copy;
	return 0;
}

static int make_layer(struct store *s, struct str payload, const char *signature, json_t **ret,
		      struct err *e)
{
	auto_json *notes = json_object();
	auto_json *layer = NULL;
	struct desc d;
	int r;

	if ((r = json_put_string(notes, SIMPLE_SIGNATURE, signature, e)) < 0 ||
	    (r = store_blob_put(s, SIMPLE_LAYER_TYPE, payload.p, payload.n, &d, e)) < 0)
		return r;
	layer = desc_json(&d);
	r = json_put(layer, "annotations", json_incref(notes), e);
	if (r == 0)
		*ret = TAKE(layer);
	return r;
}

int cosign_add(struct store *s, const struct ref *ref, const struct digest *manifest,
	       struct str payload, const char *signature, struct desc *ret, struct err *e)
{
	auto_json *layers = NULL;
	auto_json *layer = NULL;
	struct ref at;
	auto_close int lock = fs_lock(store_fd(s), COSIGN_LOCK, COSIGN_LOCK_MS, e);
	int r;

	if (lock < 0)
		return lock;
	if ((r = cosign_ref(ref, manifest, COSIGN_SIGNATURES, &at, e)) < 0 ||
	    (r = load_layers(s, ref, manifest, COSIGN_SIGNATURES, &layers, e)) < 0 ||
	    (r = make_layer(s, payload, signature, &layer, e)) < 0 ||
	    (r = json_push(layers, json_incref(layer), e)) < 0)
		return r;
	return write_manifest(s, &at, layers, ret, e);
}

/* With its annotations: a certificate that is left out, or another, makes another signature of it.
 */
bool cosign_has_layer(const json_t *layers, const json_t *want)
{
	const char *digest = json_string_or_null(want, "digest");
	const json_t *notes = json_object_get(want, "annotations");
	size_t i;
	const json_t *have;

	json_array_foreach(layers, i, have)
	{
		const char *d = json_string_or_null(have, "digest");
		const json_t *n = json_object_get(have, "annotations");

		if (d && digest && strcmp(d, digest) == 0 && (n == notes || json_equal(n, notes)))
			return true;
	}
	return false;
}

int cosign_merge(struct store *s, const struct ref *ref, const struct digest *manifest,
		 enum cosign_kind kind, const struct manifest *other, bool *ret_changed,
		 struct err *e)
{
	auto_json *layers = NULL;
	const json_t *more = json_object_get(other->json, "layers");
	struct ref at;
	struct desc d;
	bool changed = false;
	json_t *one;
	size_t i;
	auto_close int lock = fs_lock(store_fd(s), COSIGN_LOCK, COSIGN_LOCK_MS, e);
	int r;

	if (lock < 0)
		return lock;
	if ((r = cosign_ref(ref, manifest, kind, &at, e)) < 0 ||
	    (r = load_layers(s, ref, manifest, kind, &layers, e)) < 0)
		return r;
	json_array_foreach(more, i, one)
	{
		struct desc layer;

		if (desc_parse(one, "layer", &layer, NULL) < 0 || !cosign_is_layer(&layer, kind) ||
		    !store_has(s, &layer.digest, layer.size) || cosign_has_layer(layers, one))
			continue;
		if (json_array_append(layers, one) < 0)
			return FAIL_NOMEM(e);
		changed = true;
	}
	while (json_array_size(layers) > LIMIT_COSIGN_LAYERS)
		(void)json_array_remove(layers, 0);
	if (ret_changed)
		*ret_changed = changed;
	return changed ? write_manifest(s, &at, layers, &d, e) : 0;
}
