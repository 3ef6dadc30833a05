/* SPDX-License-Identifier: Apache-2.0 */
/* Images into the store: layers and configuration first, the manifest when all of it is there. */
#include "registry/registry_internal.h"

bool layer_is_foreign(const struct desc *d)
{
	return strstr(d->media_type, "nondistributable") || strstr(d->media_type, "foreign.diff");
}

static int check_layer(const struct desc *layer, struct err *e)
{
	if (layer_is_foreign(layer))
		return FAIL(e, E_FORMAT, "layer %s: '%s' is not held by the registry",
			    layer->digest.s, layer->media_type);
	return 0;
}

struct blobs {
	struct store *s;
	const char *name;
	uint64_t max_blob, max_config;
	const struct desc **v;
	const struct desc *config;
};

static int get_blob(struct registry *reg, struct registry *other, void *arg, size_t i,
		    struct progress *p, struct err *e)
{
	const struct blobs *b = arg;
	bool config = digest_eq(&b->v[i]->digest, &b->config->digest);

	(void)other;
	return registry_get_blob(reg, b->s, b->name, b->v[i], config ? b->max_config : b->max_blob,
				 p, e);
}

static int get_blobs(struct registry *reg, struct blobs *b, const struct manifest *m,
		     struct progress *p, struct err *e)
{
	auto_free const struct desc **v = NULL;
	struct registry_work work = { .one = get_blob, .arg = b };
	int r = registry_blobs_of(m, &v, &work.n, e);

	b->v = v;
	b->config = &m->config;
	r = r < 0 ? r : registry_each(reg, &work, HANDS_DOWN, p, e);
	b->v = NULL;
	return r;
}

int registry_get_image(struct registry *reg, struct store *s, const char *name,
		       const struct desc *d, const struct buf *bytes, uint64_t max_blob,
		       struct progress *p, struct err *e)
{
	auto_manifest m = { 0 };
	struct blobs b = { .s = s,
			   .name = name,
			   .max_blob = max_blob,
			   .max_config = max_blob < LIMIT_CONFIG ? max_blob : LIMIT_CONFIG };
	int r = manifest_parse(buf_str(bytes), bytes->n, d->digest.s, &m, e);

	for (size_t i = 0; i < m.layers_n && r == 0; i++)
		r = check_layer(&m.layers[i], e);
	if (r == 0)
		r = get_blobs(reg, &b, &m, p, e);
	return r < 0 ? r : registry_keep(s, d, bytes, e);
}

/* A blob that the manifest names and the registry has not is the registry's fault. */
static int get_image(struct registry *reg, struct store *s, const char *name, const struct desc *d,
		     const struct buf *bytes, struct progress *p, struct err *e)
{
	int r = registry_get_image(reg, s, name, d, bytes, LIMIT_BLOB, p, e);

	return r == E_NOTFOUND ? blame_registry(e) : r;
}

/* The manifest of an index's image that is for this machine. */
static int get_child(struct registry *reg, const char *name, const struct desc *d,
		     const struct buf *bytes, struct desc *ret, struct buf *ret_bytes,
		     struct err *e)
{
	int r = index_pick(buf_str(bytes), bytes->n, d->digest.s, "linux", oci_architecture(), ret,
			   e);

	if (r == 0 && !desc_is_manifest(ret))
		r = FAIL(e, E_FORMAT, "index %s: its entry for this machine is a '%.100s'",
			 d->digest.s, ret->media_type);
	return r < 0 ? r : registry_get_manifest(reg, name, ret->digest.s, ret, ret_bytes, NULL, e);
}

/* The image of an index that is for this machine, then the index. */
static int get_index(struct registry *reg, struct store *s, const char *name, const struct desc *d,
		     const struct buf *bytes, struct progress *p, struct err *e)
{
	auto_buf sub = BUF_INIT(LIMIT_MANIFEST);
	struct desc at;
	int r = get_child(reg, name, d, bytes, &at, &sub, e);

	if (r == 0)
		r = get_image(reg, s, name, &at, &sub, p, e);
	return r < 0 ? r : registry_keep(s, d, bytes, e);
}

static int pull_here(struct registry *reg, struct store *s, const struct ref *ref,
		     struct progress *p, struct desc *ret, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	auto_buf full = BUF_INIT(LIMIT_REF + 64);
	struct desc want = { .digest = ref->digest }, d;
	bool pinned = ref->digest.s[0];
	int r = registry_get_manifest(reg, ref->name, pinned ? ref->digest.s : ref->tag,
				      pinned ? &want : NULL, &bytes, &d, e);

	ref_full(ref, &full);
	if (r == E_NOTFOUND)
		(void)err_hint(e, r, "curl -fsS %s://%s/v2/%s/tags/list",
			       reg->base.https ? "https" : "http", reg->host, ref->name);
	if (r == 0)
		r = desc_is_index(&d) ? get_index(reg, s, ref->name, &d, &bytes, p, e)
				      : get_image(reg, s, ref->name, &d, &bytes, p, e);
	if (r < 0)
		return WRAP(e, r, "%s", buf_str(&full));
	*ret = d;
	return 0;
}

/* A mirror that has the manifest may lack a blob, or have a damaged one. */
int registry_pull(struct registry *reg, struct store *s, const struct ref *ref, struct progress *p,
		  struct desc *ret, struct err *e)
{
	struct err own = ERR_INIT;
	int r;

	do {
		own = ERR_INIT;
		r = pull_here(reg, s, ref, p, ret, &own);
	} while (r < 0 && registry_is_at_fault(r) && registry_turn(reg, &own));
	if (r < 0 && e)
		*e = own;
	return r;
}

int registry_find_manifest(struct registry *reg, const char *name, const char *reference,
			   const struct desc *want, struct buf *bytes, struct desc *ret,
			   struct err *e)
{
	int r = registry_get_manifest(reg, name, reference, want, bytes, ret, e);
	struct registry *original = registry_is_at_fault(r) ? registry_original(reg) : NULL;

	if (!original)
		return r;
	buf_reset(bytes);
	if (registry_get_manifest(original, name, reference, want, bytes, ret, NULL) < 0)
		return r;
	if (e)
		*e = ERR_INIT;
	return 0;
}

/* index: one is taken, too, and with it the manifest of its image for this machine. */
static int pull_top(struct registry *reg, struct store *s, const struct ref *ref, bool index,
		    struct desc *ret, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST), sub = BUF_INIT(LIMIT_MANIFEST);
	auto_buf full = BUF_INIT(LIMIT_REF + 64);
	struct desc want = { .digest = ref->digest }, d, child;
	bool pinned = ref->digest.s[0];
	int r = registry_find_manifest(reg, ref->name, pinned ? ref->digest.s : ref->tag,
				       pinned ? &want : NULL, &bytes, &d, e);

	ref_full(ref, &full);
	if (r == 0 && index && desc_is_index(&d)) {
		r = get_child(reg, ref->name, &d, &bytes, &child, &sub, e);
		if (r == 0)
			r = registry_keep(s, &child, &sub, e);
	} else if (r == 0 && !desc_is_manifest(&d)) {
		r = FAIL(e, E_FORMAT, "it is a '%.100s', not a manifest", d.media_type);
	}
	if (r == 0)
		r = registry_keep(s, &d, &bytes, e);
	if (r < 0)
		return WRAP(e, r, "%s", buf_str(&full));
	*ret = d;
	return 0;
}

int registry_pull_manifest(struct registry *reg, struct store *s, const struct ref *ref,
			   struct desc *ret, struct err *e)
{
	return pull_top(reg, s, ref, false, ret, e);
}

int registry_pull_either(struct registry *reg, struct store *s, const struct ref *ref,
			 struct desc *ret, struct err *e)
{
	return pull_top(reg, s, ref, true, ret, e);
}

int registry_pull_blob(struct registry *reg, struct store *s, const char *name,
		       const struct desc *d, uint64_t max, struct progress *p, struct err *e)
{
	int r = registry_get_blob(reg, s, name, d, max, p, e);
	struct registry *original = registry_is_at_fault(r) ? registry_original(reg) : NULL;

	if (!original || registry_get_blob(original, s, name, d, max, p, NULL) < 0)
		return r;
	if (e)
		*e = ERR_INIT;
	return 0;
}
