/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/cosign_tag.h"

#include <string.h>

#include "trust/sigstore/simple.h"
#include "trust/trust.h"

/* The registry's manifest of signatures, with the payloads that are some. E_NOTFOUND. */
static int fetch(const struct road *road, struct registry *reg, const struct ref *at,
		 struct manifest *ret, struct desc *ret_desc, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	auto_manifest m = { 0 };
	int r;

	if ((r = registry_pull_manifest(reg, road->store, at, ret_desc, e)) < 0 ||
	    (r = store_blob_read(road->store, ret_desc, LIMIT_MANIFEST, &bytes, e)) < 0 ||
	    (r = manifest_parse(buf_str(&bytes), bytes.n, "signatures", &m, e)) < 0)
		return r;
	for (size_t i = 0; i < m.layers_n && i < LIMIT_SIGNATURES; i++) {
		if (!simple_is_layer(&m.layers[i]))
			continue;
		r = registry_pull_blob(reg, road->store, at->name, &m.layers[i], LIMIT_SIMPLE,
				       road->progress, e);
		/* One that is damaged must not hide the others: simple_merge() leaves it out. */
		if (r == E_VERIFY || r == E_NOTFOUND || r == E_FORMAT)
			r = 0;
		if (r < 0)
			return r;
	}
	*ret = m;
	m = (struct manifest){ 0 };
	return 0;
}

static size_t count(const struct store *s, const struct ref *ref, const struct digest *manifest)
{
	auto_manifest m = { 0 };

	return simple_load(s, ref, manifest, &m, NULL, NULL) < 0 ? 0 : m.layers_n;
}

int cosign_tag_pull(const struct road *road, struct registry *reg, const struct ref *ref,
		    const struct digest *manifest, size_t *ret_n, struct err *e)
{
	auto_manifest theirs = { 0 };
	struct ref at;
	struct desc d;
	int r = simple_tag(ref, manifest, &at, e);

	if (r == 0)
		r = fetch(road, reg, &at, &theirs, &d, e);
	if (r == 0)
		r = simple_merge(road->store, ref, manifest, &theirs, NULL, e);
	if (r < 0 && r != E_NOTFOUND)
		return WRAP(e, r, "cosign signatures of %.19s", manifest->s);
	*ret_n += count(road->store, ref, manifest);
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
		if (!simple_has_layer(have, one))
			return false;
	}
	return true;
}

/* Adds theirs to ours; *ret is then what is to be pushed. */
static int merge(const struct road *road, const struct ref *ref, const struct digest *manifest,
		 const struct manifest *theirs, struct desc *ret, struct err *e)
{
	auto_manifest both = { 0 };
	int r = simple_merge(road->store, ref, manifest, theirs, NULL, e);

	return r < 0 ? r : simple_load(road->store, ref, manifest, &both, ret, e);
}

static int push(const struct road *road, struct registry *reg, const struct ref *ref,
		const struct digest *manifest, size_t *ret_n, struct err *e)
{
	auto_manifest ours = { 0 }, theirs = { 0 };
	struct desc d, other;
	struct ref at;
	size_t n;
	int r;

	r = simple_load(road->store, ref, manifest, &ours, &d, e);
	if (r == E_NOTFOUND) { /* there are none: the only thing not found that is no error */
		if (e)
			*e = ERR_INIT;
		return 0;
	}
	if (r < 0 || (r = simple_tag(ref, manifest, &at, e)) < 0)
		return r;
	n = ours.layers_n;
	r = fetch(road, reg, &at, &theirs, &other, e);
	if (r == 0 && complete(&ours, &theirs)) {
		*ret_n += n;
		return 0;
	}
	if (r < 0 && r != E_NOTFOUND)
		return r;
	if (r == 0)
		r = merge(road, ref, manifest, &theirs, &d, e);
	else
		r = 0;
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
	int r = push(road, reg, ref, manifest, ret_n, e);

	return r == 0 ? 0 : WRAP(e, r, "cosign signatures of %.19s", manifest->s);
}
