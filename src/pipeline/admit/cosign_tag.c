/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/admit/cosign_tag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "trust/sigstore/tag.h"

enum { PUSH_TRIES = 8 };

#define LIMIT_TAG_BYTES ((uint64_t)512 * 1024 * 1024) /* of the layers taken of one tag */

static const char *const names[COSIGN_KINDS] = {
	[COSIGN_SIGNATURES] = "cosign signatures",
	[COSIGN_ATTESTATIONS] = "cosign attestations",
};

static void tell(const struct road *road, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void tell(const struct road *road, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_sanitize(text);
	progress_line(road->progress, text);
}

/* The registry's manifest of them, with the layers that are some. E_NOTFOUND. */
static int fetch(const struct road *road, struct registry *reg, const struct ref *at,
		 enum cosign_kind kind, struct manifest *ret, struct desc *ret_desc, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	auto_manifest m = { 0 };
	uint64_t room = LIMIT_TAG_BYTES;
	size_t left = 0;
	int r;

	if ((r = registry_pull_manifest(reg, road->store, at, ret_desc, e)) < 0 ||
	    (r = store_blob_read(road->store, ret_desc, LIMIT_MANIFEST, &bytes, e)) < 0 ||
	    (r = cosign_parse((struct str){ buf_str(&bytes), bytes.n }, &m, &left, e)) < 0)
		return r;
	if (left)
		tell(road, "of the layers under %s the first %zu are left", at->tag, left);
	/* The newest stand last. */
	for (size_t i = m.layers_n, n = 0; i-- > 0 && n < LIMIT_COSIGN_LAYERS; n++) {
		if (!cosign_is_layer(&m.layers[i], kind) || m.layers[i].size > room)
			continue;
		room -= m.layers[i].size;
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

	return cosign_load(s, ref, manifest, kind, &m, NULL, NULL, NULL) < 0 ? 0 : m.layers_n;
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
		struct err own = ERR_INIT;
		int r = pull(road, reg, ref, manifest, kind, &own);

		/* Whoever puts rubbish there takes them away, and no more than them. */
		if (r == E_FORMAT || r == E_VERIFY) {
			tell(road, "skipped %s: %.400s", names[kind], own.msg);
		} else if (r < 0 && r != E_NOTFOUND) {
			if (e)
				*e = own;
			return WRAP(e, r, "%s of %.19s", names[kind], manifest->s);
		}
		*ret_n += count(road->store, ref, manifest, kind);
	}
	return 0;
}

/* How many of one the other has not. */
static size_t missing(const struct manifest *one, const struct manifest *other)
{
	const json_t *have = json_object_get(other->json, "layers"),
		     *want = json_object_get(one->json, "layers"), *layer;
	size_t i, n = 0;

	json_array_foreach(want, i, layer)
	{
		n += !cosign_has_layer(have, layer);
	}
	return n;
}

/* Adds theirs to ours; *ret is then what is to be pushed. */
static int merge(const struct road *road, const struct ref *ref, const struct digest *manifest,
		 enum cosign_kind kind, const struct manifest *theirs, struct desc *ret,
		 struct err *e)
{
	auto_manifest both = { 0 };
	int r = cosign_merge(road->store, ref, manifest, kind, theirs, NULL, e);

	if (r == 0)
		r = cosign_load(road->store, ref, manifest, kind, &both, NULL, ret, e);
	/* One that could not be had, or is of no kind that is known, would be gone. */
	if (r == 0 && missing(theirs, &both) > 0)
		r = FAIL(e, E_REMOTE,
			 "the registry has some that cannot be kept: they would be lost");
	return r;
}

/* What one tag of a push is about. */
struct pushed {
	const struct road *road;
	struct registry *reg;
	const struct ref *ref, *at; /* the image; the tag */
	const struct digest *manifest;
	enum cosign_kind kind;
	struct digest refused_at; /* what the tag was when the registry refused to move it */
};

/* 1: the registry has all of ours under the tag, *ret_n of them; 0: it is to be looked at again. */
static int push_once(struct pushed *x, size_t *ret_n, struct err *e)
{
	auto_manifest ours = { 0 }, theirs = { 0 };
	struct desc d, other = { .digest.s = "" };
	bool refused = false;
	int r = cosign_load(x->road->store, x->ref, x->manifest, x->kind, &ours, NULL, &d, e);

	if (r < 0)
		return r == E_NOTFOUND ? 1 : r; /* there are none: no error */
	r = fetch(x->road, x->reg, x->at, x->kind, &theirs, &other, e);
	if (r == 0 && missing(&ours, &theirs) == 0) {
		*ret_n = ours.layers_n;
		return 1;
	}
	if (r < 0 && r != E_NOTFOUND)
		return r;
	/* What does not go into one manifest is lost to whoever put it there. */
	if (r == 0 && theirs.layers_n + missing(&ours, &theirs) > LIMIT_COSIGN_LAYERS)
		return FAIL(e, E_FORMAT,
			    "the registry has too many for one more: %d go under a tag",
			    LIMIT_COSIGN_LAYERS);
	r = r == 0 ? merge(x->road, x->ref, x->manifest, x->kind, &theirs, &d, e) : 0;
	if (r == 0)
		r = registry_push(x->reg, x->road->store, &d, x->at->name, NULL, x->road->progress,
				  e);
	/* Refused, though it is what it was: what is compared is something else. */
	if (r == 0)
		r = registry_tag_if(x->reg, x->road->store, &d, x->at->name, x->at->tag,
				    strcmp(x->refused_at.s, other.digest.s) == 0 ? NULL
										 : &other.digest,
				    &refused, e);
	if (refused)
		x->refused_at = other.digest;
	/* A registry that knows no such name did not take them. */
	if (r == E_NOTFOUND && e)
		e->code = E_REMOTE;
	return r == E_NOTFOUND ? E_REMOTE : r;
}

/* Others may sign the same image at the same time: what is there after our write is looked at. */
static int push(const struct road *road, struct registry *reg, const struct ref *ref,
		const struct digest *manifest, enum cosign_kind kind, size_t *ret_n, struct err *e)
{
	struct ref at;
	struct pushed x = { road, reg, ref, &at, manifest, kind, { "-" } };
	struct err own = ERR_INIT;
	size_t n = 0;
	int r = cosign_ref(ref, manifest, kind, &at, &own);

	for (unsigned tries = 0; r == 0 && tries < PUSH_TRIES; tries++)
		r = push_once(&x, &n, &own);
	if (r == 0)
		r = FAIL(&own, E_REMOTE, "others overwrote them %d times", PUSH_TRIES);
	if (r < 0 && e)
		*e = own;
	*ret_n += r > 0 ? n : 0;
	return r < 0 ? r : 0;
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
