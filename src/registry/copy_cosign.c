/* SPDX-License-Identifier: Apache-2.0 */
/* cosign's tags at the destination: a copy takes none of the signatures away that stand there. */
#include <stdlib.h>

#include "registry/copy_internal.h"

enum { COSIGN_TRIES = 8 };

/* A signature is its payload and its annotations: both as one text, owned; NULL without memory. */
static char *layer_text(const json_t *layer)
{
	json_t *notes = json_object_get(layer, "annotations");
	auto_json *both = json_pack("[O?, O?]", json_object_get(layer, "digest"),
				    json_object_size(notes) ? notes : NULL);

	return both ? json_dumps(both, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
}

/* Whether all layers of theirs are in ours. */
static int has_all(const json_t *ours, const json_t *theirs, bool *ret, struct err *e)
{
	auto_json *have = json_object();
	const json_t *layer;
	size_t i;

	if (!have)
		return FAIL_NOMEM(e);
	json_array_foreach(ours, i, layer)
	{
		auto_free char *text = layer_text(layer);
		int r = text ? json_put(have, text, json_true(), e) : FAIL_NOMEM(e);

		if (r < 0)
			return r;
	}
	*ret = true;
	json_array_foreach(theirs, i, layer)
	{
		auto_free char *text = layer_text(layer);

		if (!text)
			return FAIL_NOMEM(e);
		*ret &= json_object_get(have, text) != NULL;
	}
	return 0;
}

static int stored_tag(const struct registry_copy *c, const char *tag, struct desc *ret,
		      struct err *e)
{
	auto_buf name = BUF_INIT(LIMIT_REF + 128);
	auto_json *list = NULL;
	json_t *entry;
	size_t i;
	int r = store_list(c->dest, &list, e);

	buf_printf(&name, "%s%s", c->to_prefix, tag);
	json_array_foreach(list, i, entry)
	{
		const char *has = json_string_or_null(json_object_get(entry, "annotations"),
						      ANNOTATION_REF_NAME);

		if (r == 0 && has && strcmp(has, buf_str(&name)) == 0)
			return desc_parse(entry, "index.json", ret, e);
	}
	return r < 0 ? r : E_NOTFOUND;
}

static int dest_tag(struct registry_copy *c, const char *tag, struct desc *ret, struct buf *bytes,
		    struct err *e)
{
	int r;

	if (c->to) {
		r = registry_get_manifest(c->to, c->to_name, tag, NULL, bytes, ret, e);
		return r == E_NOTFOUND ? r : copy_blame_destination(r, e);
	}
	r = stored_tag(c, tag, ret, e);
	return r < 0 ? r : store_blob_read(c->dest, ret, LIMIT_MANIFEST, bytes, e);
}

/* E_POLICY: what the destination has under the tag would be lost with theirs. What is there and has
 * no layers is no signature of cosign's, and not ours to replace. */
static int compare(struct registry_copy *c, const struct desc *d, const char *tag,
		   const struct buf *theirs, struct err *e)
{
	auto_buf ours = BUF_INIT(LIMIT_MANIFEST);
	auto_json *a = NULL, *b = NULL;
	bool all = false;
	int r = registry_copy_read(c, d, &ours, e);

	if (r == 0)
		r = json_parse(buf_str(theirs), theirs->n, tag, &a, e);
	if (r == 0)
		r = json_parse(buf_str(&ours), ours.n, tag, &b, e);
	if (r == 0 && json_is_array(json_object_get(a, "layers")))
		r = has_all(json_object_get(b, "layers"), json_object_get(a, "layers"), &all, e);
	if (r < 0 || all)
		return r;
	return err_hint(e,
			FAIL(e, E_POLICY,
			     "the destination has other signatures under it, which would be lost"),
			"pull the image from there, push it to the source, and copy again");
}

/* What the tag is at the destination, "" for nothing; E_POLICY as above. */
static int look(struct registry_copy *c, const struct desc *d, const char *tag, struct digest *ret,
		struct err *e)
{
	auto_buf theirs = BUF_INIT(LIMIT_MANIFEST);
	struct err own = ERR_INIT;
	struct desc at = { .digest.s = "" };
	int r = dest_tag(c, tag, &at, &theirs, &own);

	if (r == E_NOTFOUND)
		r = 0;
	else if (r == 0 && !digest_eq(&at.digest, &d->digest))
		r = compare(c, d, tag, &theirs, &own);
	if (r < 0 && e)
		*e = own;
	if (r == 0)
		*ret = at.digest;
	return r;
}

/* An SBOM is replaced by a newer one. */
static bool may_replace(const struct copy_tag *t)
{
	return ends_with(t->tag, ".sbom");
}

int copy_check_cosign(struct registry_copy *c, const struct copy_tag *t, struct err *e)
{
	const struct copy_node *n = c->plan->nodes[t->node];
	struct digest at;
	int r = n->lost || may_replace(t) ? 0 : look(c, &n->d, t->tag, &at, e);

	return r < 0 ? WRAP(e, r, "tag %s", t->tag) : 0;
}

/* at: as in registry_put_unmoved(). */
static int move(struct registry_copy *c, const struct desc *d, const char *tag,
		const struct digest *at, bool *ret_refused, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	int r;

	if (!c->to)
		return copy_give_tag(c, d, tag, e);
	r = registry_copy_read(c, d, &bytes, e);
	if (r < 0)
		return r;
	r = registry_put_unmoved(c->to, c->to_name, tag, d->media_type, &bytes, at, ret_refused, e);
	return copy_blame_destination(r, e);
}

/* Much time passed since the first look, so there is one right before. */
static int look_and_move(struct registry_copy *c, const struct desc *d, const char *tag,
			 struct err *e)
{
	struct digest at, refused_at = { "-" };

	for (unsigned n = 1; n <= COSIGN_TRIES; n++) {
		bool refused = false;
		int r = look(c, d, tag, &at, e);

		if (r < 0 || digest_eq(&at, &d->digest))
			return r;
		/* Refused, though it is what it was: what is compared is something else. */
		r = move(c, d, tag, strcmp(refused_at.s, at.s) == 0 ? NULL : &at, &refused, e);
		if (r < 0 || !refused)
			return r;
		refused_at = at;
	}
	return FAIL(e, E_REMOTE, "others moved it %d times", COSIGN_TRIES);
}

int copy_give_cosign(struct registry_copy *c, const struct copy_tag *t, struct err *e)
{
	const struct desc *d = &c->plan->nodes[t->node]->d;
	int r = may_replace(t) ? copy_give_tag(c, d, t->tag, e) : look_and_move(c, d, t->tag, e);

	return r < 0 ? WRAP(e, r, "tag %s", t->tag) : 0;
}
