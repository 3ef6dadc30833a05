/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/cosign_tag.h"

#include <string.h>

#include "trust/sigstore/tag.h"

#define LIMIT_TAG_BYTES ((uint64_t)512 * 1024 * 1024) /* of the layers taken of one tag */

static const char *const names[COSIGN_KINDS] = {
	[COSIGN_SIGNATURES] = "cosign signatures",
	[COSIGN_ATTESTATIONS] = "cosign attestations",
};

/* The registry's manifest of them, with the layers that are some. E_NOTFOUND. */
static int fetch(const struct road *road, struct registry *reg, const struct ref *at,
		 enum cosign_kind kind, struct manifest *ret, struct desc *ret_desc, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	auto_manifest m = { 0 };
	uint64_t left = LIMIT_TAG_BYTES;
	int r;

	if ((r = registry_pull_manifest(reg, road->store, at, ret_desc, e)) < 0 ||
	    (r = store_blob_read(road->store, ret_desc, LIMIT_MANIFEST, &bytes, e)) < 0 ||
	    (r = manifest_parse(buf_str(&bytes), bytes.n, "signatures", &m, e)) < 0)
		return r;
	/* The newest stand last. */
	for (size_t i = m.layers_n, n = 0; i-- > 0 && n < LIMIT_COSIGN_LAYERS; n++) {
		if (!cosign_is_layer(&m.layers[i], kind) || m.layers[i].size > left)
			continue;
		left -= m.layers[i].size;
		r = registry_pull_blob(reg, road->store, at->name, &m.layers[i],
				       cosign_layer_max(kind), road->progress, e);
		/* One that is damaged must not hide the others: cosign_merge() leaves it out. */
		if (r == E_VERIFY || r == E_NOTFOUND || r == E_FORMAT)
			r = 0;
		if (r < 0)
			return r;
	}
	*ret = m;
	m = (struct manifest){ 0 };
	return 0;
}

static size_t count(const struct store *s, const struct ref *ref, const struct digest *manifest,
		    enum cosign_kind kind)
{
	auto_manifest m = { 0 };

	return cosign_load(s, ref, manifest, kind, &m, NULL, NULL) < 0 ? 0 : m.layers_n;
}

static int pull(const struct road *road, struct registry *reg, const struct ref *ref,
		const struct digest *manifest, enum cosign_kind kind, struct err *e)
{
	auto_manifest theirs = { 0 };
	struct ref at;
	struct desc d;
	int r = cosign_ref(ref, manifest, kind, &at, e);

	if (r == 0)
		r = fetch(road, reg, &at, kind, &theirs, &d, e);
	return r < 0 ? r : cosign_merge(road->store, ref, manifest, kind, &theirs, NULL, e);
}

int cosign_tag_pull(const struct road *road, struct registry *reg, const struct ref *ref,
		    const struct digest *manifest, size_t *ret_n, struct err *e)
{
	for (enum cosign_kind kind = 0; kind < COSIGN_KINDS; kind++) {
		int r = pull(road, reg, ref, manifest, kind, e);

		if (r < 0 && r != E_NOTFOUND)
			return WRAP(e, r, "%s of %.19s", names[kind], manifest->s);
		*ret_n += count(road->store, ref, manifest, kind);
	}
	if (e)
		*e = ERR_INIT; /* that there are none is no error */
	return 0;
}

/* Whether the registry has all that we have. */
static bool complete(const struct manifest *ours, const struct manifest *theirs)
{
	const json_t *have = json_object_get(theirs->json, "layers"),
		     *want = json_object_get(ours->json, "layers"), *one;
	size_t i;

	json_array_foreach(want, i, one)
	{
		if (!cosign_has_layer(have, one))
			return false;
	}
	return true;
}

/* Adds theirs to ours; *ret is then what is to be pushed. */
static int merge(const struct road *road, const struct ref *ref, const struct digest *manifest,
		 enum cosign_kind kind, const struct manifest *theirs, struct desc *ret,
		 struct err *e)
{
	auto_manifest both = { 0 };
	int r = cosign_merge(road->store, ref, manifest, kind, theirs, NULL, e);

	return r < 0 ? r : cosign_load(road->store, ref, manifest, kind, &both, ret, e);
}

static int push(const struct road *road, struct registry *reg, const struct ref *ref,
		const struct digest *manifest, enum cosign_kind kind, size_t *ret_n, struct err *e)
{
	auto_manifest ours = { 0 }, theirs = { 0 };
	struct desc d, other;
	struct ref at;
	size_t n;
	int r;

	r = cosign_load(road->store, ref, manifest, kind, &ours, &d, e);
	if (r == E_NOTFOUND) { /* there are none: the only thing not found that is no error */
		if (e)
			*e = ERR_INIT;
		return 0;
	}
	if (r < 0 || (r = cosign_ref(ref, manifest, kind, &at, e)) < 0)
		return r;
	n = ours.layers_n;
	r = fetch(road, reg, &at, kind, &theirs, &other, e);
	if (r == 0 && complete(&ours, &theirs)) {
		*ret_n += n;
		return 0;
	}
	if (r < 0 && r != E_NOTFOUND)
		return r;
	r = r == 0 ? merge(road, ref, manifest, kind, &theirs, &d, e) : 0;
	if (r == 0)
		r = registry_push(reg, road->store, &d, at.name, at.tag, road->progress, e);
	/* A registry that knows no such name did not take them. */
	if (r == E_NOTFOUND && e)
		e->code = E_REMOTE;
	if (r == 0)
		*ret_n += n;
	return r == E_NOTFOUND ? E_REMOTE : r;
}

int cosign_tag_push(const struct road *road, struct registry *reg, const struct ref *ref,
		    const struct digest *manifest, size_t *ret_n, struct err *e)
{
	for (enum cosign_kind kind = 0; kind < COSIGN_KINDS; kind++) {
		int r = push(road, reg, ref, manifest, kind, ret_n, e);

		if (r < 0)
			return WRAP(e, r, "%s of %.19s", names[kind], manifest->s);
	}
	return 0;
}
