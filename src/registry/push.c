/* SPDX-License-Identifier: Apache-2.0 */
/* Images out of the store: blobs first, then manifests, then the index that names them. */
#include "registry/upload_kept.h"

enum { LIMIT_INDEX_DEPTH = 3, LIMIT_INDEX_ENTRIES = 256 };

/* One push. */
struct push {
	struct registry *reg;
	struct store *s;
	const char *name;
	struct progress *p;
};

static int push_any(const struct push *x, const struct desc *d, const char *tag, int depth,
		    struct err *e);

/* The descriptor by which a fallback tag names a referrer: with its type and annotations. */
static int referrer_entry(const struct desc *d, const struct manifest *m, json_t **ret,
			  struct err *e)
{
	struct desc with_type = *d;
	json_t *notes = json_object_get(m->json, "annotations");

	(void)snprintf(with_type.artifact_type, sizeof(with_type.artifact_type), "%s",
		       m->artifact_type);

	auto_json *j = desc_json(&with_type);

	if (!j || (notes && json_object_set(j, "annotations", notes) < 0))
		return FAIL_NOMEM(e);
	*ret = TAKE(j);
	return 0;
}

/* Whether the registry's own list names the referrer. OCI-Subject alone is no proof: some
 * registries send it and have no list. */
static bool is_listed(struct registry *reg, const char *name, const struct desc *d,
		      const struct digest *subject)
{
	auto_json *list = NULL;
	json_t *entry;
	bool more;
	size_t i;

	if (referrers_list_most(reg, name, subject, NULL, LIMIT_REFERRERS_LISTED, &list, &more,
				NULL) < 0)
		return false;
	json_array_foreach(list, i, entry)
	{
		const char *digest = json_string_or_null(entry, "digest");

		if (digest && strcmp(digest, d->digest.s) == 0)
			return true;
	}
	return more; /* too many to see it */
}

int registry_announce(struct registry *reg, const char *name, const struct desc *d,
		      const struct manifest *m, bool said_subject, struct err *e)
{
	auto_json *entry = NULL;
	int r;

	if (said_subject && is_listed(reg, name, d, &m->subject.digest))
		return 0;
	r = referrer_entry(d, m, &entry, e);
	return r < 0 ? r : fallback_add(reg, name, &m->subject.digest, entry, e);
}

struct blobs {
	const struct push *x;
	const struct desc **v;
};

static int push_blob(struct registry *reg, void *arg, size_t i, struct progress *p, struct err *e)
{
	const struct blobs *b = arg;

	return registry_put_blob(reg, b->x->s, b->x->name, b->v[i], p, e);
}

static int push_blobs(const struct push *x, const struct manifest *m, struct err *e)
{
	auto_free const struct desc **v = NULL;
	struct registry_work work = { .one = push_blob };
	int r = registry_blobs_of(m, &v, &work.n, e);
	struct blobs b = { x, v };

	work.arg = &b;
	return r < 0 ? r : registry_each(x->reg, &work, HANDS_UP, x->p, e);
}

static int push_manifest(const struct push *x, const struct desc *d, const struct buf *bytes,
			 const char *tag, struct err *e)
{
	auto_manifest m = { 0 };
	bool said = false;
	int r = manifest_parse(buf_str(bytes), bytes->n, d->digest.s, &m, e);

	if (r == 0)
		r = push_blobs(x, &m, e);
	if (r == 0)
		r = registry_put_manifest(x->reg, x->name, tag ? tag : d->digest.s, d->media_type,
					  bytes, &said, e);
	if (r == 0 && m.has_subject)
		r = registry_announce(x->reg, x->name, d, &m, said, e);
	return r;
}

/* One entry of an index: ours to send, or already there. */
static int push_entry(const struct push *x, const struct desc *d, int depth, struct err *e)
{
	bool there = false;
	int r;

	if (store_has(x->s, &d->digest, d->size))
		return push_any(x, d, NULL, depth + 1, e);
	r = registry_has_manifest(x->reg, x->name, &d->digest, &there, e);
	if (r < 0 || there)
		return r;
	r = FAIL(e, E_NOTFOUND, "its image %s is neither in the store nor in the registry",
		 d->digest.s);
	return err_hint(e, r, "push the one image for this machine by its digest instead");
}

static int push_index(const struct push *x, const struct desc *d, const struct buf *bytes,
		      const char *tag, int depth, struct err *e)
{
	auto_json *j = NULL;
	json_t *list, *entry;
	size_t i;
	int r = json_parse(buf_str(bytes), bytes->n, d->digest.s, &j, e);

	if (r == 0)
		r = json_get_array(j, "manifests", &list, d->digest.s, e);
	if (r < 0)
		return r;
	if (json_array_size(list) > LIMIT_INDEX_ENTRIES)
		return FAIL(e, E_FORMAT, "more than %d images in an index", LIMIT_INDEX_ENTRIES);
	json_array_foreach(list, i, entry)
	{
		struct desc sub;

		r = desc_parse(entry, d->digest.s, &sub, e);
		if (r == 0)
			r = push_entry(x, &sub, depth, e);
		if (r < 0)
			return WRAP(e, r, "index %s", d->digest.s);
	}
	return registry_put_manifest(x->reg, x->name, tag ? tag : d->digest.s, d->media_type, bytes,
				     NULL, e);
}

static int push_any(const struct push *x, const struct desc *d, const char *tag, int depth,
		    struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	int r;

	if (depth > LIMIT_INDEX_DEPTH)
		return FAIL(e, E_FORMAT, "indexes nested deeper than %d", LIMIT_INDEX_DEPTH);
	r = store_blob_read(x->s, d, LIMIT_MANIFEST, &bytes, e);
	if (r < 0)
		return r;
	if (desc_is_index(d))
		return push_index(x, d, &bytes, tag, depth, e);
	return push_manifest(x, d, &bytes, tag, e);
}

int registry_push(struct registry *reg, struct store *s, const struct desc *d, const char *name,
		  const char *tag, struct progress *p, struct err *e)
{
	const struct push x = { reg, s, name, p };
	int r;

	reg->writing = true;
	kept_tidy(s);
	r = push_any(&x, d, tag, 0, e);

	return r < 0 ? WRAP(e, r, "%s/%s%s%s", reg->host, name, tag ? ":" : "@",
			    tag ? tag : d->digest.s)
		     : 0;
}

int registry_push_referrers(struct registry *reg, struct store *s, const struct digest *subject,
			    const char *name, struct progress *p, size_t *ret_n, struct err *e)
{
	auto_json *list = NULL;
	json_t *entry;
	size_t i;
	int r = store_referrers(s, subject, NULL, &list, e);

	if (r < 0)
		return r;
	json_array_foreach(list, i, entry)
	{
		struct desc d;

		r = desc_parse(entry, "referrer", &d, e);
		if (r == 0)
			r = registry_push(reg, s, &d, name, NULL, p, e);
		if (r < 0)
			return WRAP(e, r, "referrer of %s", subject->s);
	}
	if (ret_n)
		*ret_n = json_array_size(list);
	return 0;
}
