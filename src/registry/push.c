/* SPDX-License-Identifier: Apache-2.0 */
/* Images out of the store: blobs first, then manifests, then the index that names them. */
#include <pthread.h>

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

struct blobs {
	const struct push *x;
	const struct desc **v;
};

static int push_blob(struct registry *reg, struct registry *other, void *arg, size_t i,
		     struct progress *p, struct err *e)
{
	const struct blobs *b = arg;

	(void)other;
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

/* The manifest alone. *ret_entry, owned: what is to be announced when it has a subject, else NULL.
 */
static int put_manifest(const struct push *x, const struct desc *d, const struct manifest *m,
			const struct buf *bytes, const char *tag, json_t **ret_entry,
			bool *ret_said, struct err *e)
{
	int r = registry_put_manifest(x->reg, x->name, tag ? tag : d->digest.s, d->media_type,
				      bytes, ret_said, e);

	*ret_entry = NULL;
	return r < 0 || !m->has_subject ? r : referrer_entry(d, m, ret_entry, e);
}

static int push_manifest(const struct push *x, const struct desc *d, const struct buf *bytes,
			 const char *tag, struct err *e)
{
	auto_manifest m = { 0 };
	auto_json *entry = NULL, *list = NULL;
	bool said = false;
	int r = manifest_parse(buf_str(bytes), bytes->n, d->digest.s, &m, e);

	if (r == 0)
		r = push_blobs(x, &m, e);
	if (r == 0)
		r = put_manifest(x, d, &m, bytes, tag, &entry, &said, e);
	if (r < 0 || !entry)
		return r;
	list = json_pack("[O]", entry);
	return list ? registry_announce(x->reg, x->name, &m.subject.digest, list, said, e)
		    : FAIL_NOMEM(e);
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

/* --- what refers to a manifest --- */

struct referrer {
	struct desc d;
	json_t *entry; /* owned */
	bool said;
};

struct referrers {
	const struct push *x;
	struct referrer *v;
	json_t *begun; /* the digests of blobs that some lane sends */
	pthread_mutex_t lock;
};

/* Most referrers have the same configuration. It is sent once, and before any manifest: docker's
 * registry refuses what it reads while another request writes it. */
static bool is_ours_to_send(struct referrers *all, const struct digest *d)
{
	bool ours;

	(void)pthread_mutex_lock(&all->lock);
	ours = !json_object_get(all->begun, d->s);
	/* Without memory it is sent again. */
	(void)json_object_set_new(all->begun, d->s, json_true());
	(void)pthread_mutex_unlock(&all->lock);
	return ours;
}

static int read_referrer(const struct referrers *all, size_t i, struct buf *bytes,
			 struct manifest *ret, struct err *e)
{
	const struct desc *d = &all->v[i].d;
	int r = store_blob_read(all->x->s, d, LIMIT_MANIFEST, bytes, e);

	return r < 0 ? r : manifest_parse(buf_str(bytes), bytes->n, d->digest.s, ret, e);
}

static int push_referrer_blobs(struct registry *reg, struct registry *other, void *arg, size_t i,
			       struct progress *p, struct err *e)
{
	struct referrers *all = arg;
	const struct push *x = all->x;
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	auto_manifest m = { 0 };
	auto_free const struct desc **v = NULL;
	size_t n = 0;
	int r = read_referrer(all, i, &bytes, &m, e);

	(void)other;
	if (r == 0)
		r = registry_blobs_of(&m, &v, &n, e);
	for (size_t k = 0; k < n && r == 0; k++)
		if (is_ours_to_send(all, &v[k]->digest))
			r = registry_put_blob(reg, x->s, x->name, v[k], p, e);
	return r;
}

static int push_referrer(struct registry *reg, struct registry *other, void *arg, size_t i,
			 struct progress *p, struct err *e)
{
	const struct referrers *all = arg;
	const struct push x = { reg, all->x->s, all->x->name, p };
	struct referrer *v = &all->v[i];
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	auto_manifest m = { 0 };
	int r = read_referrer(all, i, &bytes, &m, e);

	(void)other;
	return r < 0 ? r : put_manifest(&x, &v->d, &m, &bytes, NULL, &v->entry, &v->said, e);
}

/* All of one subject's, which are listed in one go. */
static int push_list(const struct push *x, const struct digest *subject, const json_t *list,
		     struct err *e)
{
	size_t n = json_array_size(list);
	auto_free struct referrer *v = calloc(n ? n : 1, sizeof(*v));
	auto_json *entries = json_array();
	auto_json *begun = json_object();
	struct referrers all = { x, v, begun, PTHREAD_MUTEX_INITIALIZER };
	const struct registry_work blobs = { .n = n, .one = push_referrer_blobs, .arg = &all };
	const struct registry_work manifests = { .n = n, .one = push_referrer, .arg = &all };
	bool said = true;
	int r = v && entries && begun ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; i < n && r == 0; i++)
		r = desc_parse(json_array_get(list, i), "referrer", &v[i].d, e);
	if (r == 0)
		r = registry_each(x->reg, &blobs, HANDS_UP, x->p, e);
	if (r == 0)
		r = registry_each(x->reg, &manifests, HANDS_UP, x->p, e);
	for (size_t i = 0; v && i < n; i++) {
		said &= v[i].said;
		if (v[i].entry && json_array_append_new(entries, v[i].entry) < 0 && r == 0)
			r = FAIL_NOMEM(e);
	}
	return r < 0 ? r : registry_announce(x->reg, x->name, subject, entries, said, e);
}

int registry_push_referrers(struct registry *reg, struct store *s, const struct digest *subject,
			    const char *name, struct progress *p, size_t *ret_n, struct err *e)
{
	const struct push x = { reg, s, name, p };
	auto_json *list = NULL;
	int r = store_referrers(s, subject, NULL, &list, e);

	reg->writing = true;
	if (r == 0 && json_array_size(list))
		r = push_list(&x, subject, list, e);
	if (r < 0)
		return WRAP(e, r, "referrers of %s", subject->s);
	if (ret_n)
		*ret_n = json_array_size(list);
	return 0;
}
