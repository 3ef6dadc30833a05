/* SPDX-License-Identifier: Apache-2.0 */
/* What a tag means, and one that only moves when it still is where its mover saw it. */
#include <string.h>
#include <time.h>

#include "registry/registry_internal.h"

/* What the tag is now; "" when it is not there. */
static int current(struct registry *reg, const char *name, const char *tag, struct digest *ret,
		   struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	struct err own = ERR_INIT;
	struct desc d = { .digest.s = "" };
	int r = registry_get_manifest(reg, name, tag, NULL, &bytes, &d, &own);

	if (r < 0 && r != E_NOTFOUND) {
		if (e)
			*e = own;
		return r;
	}
	*ret = d.digest;
	return 0;
}

static int fail_moved(const char *tag, const struct digest *now, const struct digest *from,
		      struct err *e)
{
	return FAIL(e, E_POLICY, "tag '%s' is %s by now, not %s: somebody else moved it", tag,
		    now->s[0] ? now->s : "gone", from->s[0] ? from->s : "new");
}

/* If-Match, for registries that look at it; the others were asked just before. */
static int put_if(struct registry *reg, const char *name, const char *tag, const struct desc *d,
		  const struct buf *bytes, const struct digest *from, struct err *e)
{
	auto_response resp = { 0 };
	struct digest now;
	int r = registry_put_if(reg, name, tag, d->media_type, bytes, from, &resp, e);

	if (r < 0)
		return r;
	if (resp.head.status != 412 && resp.head.status != 409)
		return registry_put_done(reg, name, tag, bytes, &resp, e);
	/* An earlier try of ours may have got there, its answer lost. */
	r = current(reg, name, tag, &now, e);
	if (r < 0 || digest_eq(&now, &d->digest))
		return r;
	/* It is where it was: a tag that may not move, not one that somebody else moved. */
	return strcmp(now.s, from->s) == 0 ? registry_put_done(reg, name, tag, bytes, &resp, e)
					   : fail_moved(tag, &now, from, e);
}

int registry_move_tag(struct registry *reg, struct store *s, const struct desc *d, const char *name,
		      const char *tag, const struct digest *from, unsigned settle_ms, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	const struct timespec settle = { .tv_nsec = settle_ms * 1000L * 1000L };
	struct digest now;
	int r = store_blob_read(s, d, LIMIT_MANIFEST, &bytes, e);

	reg->writing = true;
	r = r < 0 ? r : current(reg, name, tag, &now, e);
	if (r == 0 && strcmp(now.s, from->s) != 0) /* "" is equal to "" here */
		r = fail_moved(tag, &now, from, e);
	r = r < 0 ? r : put_if(reg, name, tag, d, &bytes, from, e);
	if (r == 0 && settle_ms)
		(void)nanosleep(&settle, NULL);
	r = r < 0 ? r : current(reg, name, tag, &now, e);
	if (r == 0 && !digest_eq(&now, &d->digest))
		r = fail_moved(tag, &now, &d->digest, e);
	return r < 0 ? WRAP(e, r, "%s/%s:%s", reg->host, name, tag) : 0;
}

int registry_resolve(struct registry *reg, const struct ref *ref, struct desc *ret, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST), full = BUF_INIT(LIMIT_REF + 128);
	struct desc want = { .digest = ref->digest }, d;
	bool pinned = ref->digest.s[0];
	int r = registry_get_manifest(reg, ref->name, pinned ? ref->digest.s : ref->tag,
				      pinned ? &want : NULL, &bytes, &d, e);

	ref_full(ref, &full);
	if (r < 0)
		return WRAP(e, r, "%s", buf_str(&full));
	*ret = d;
	return 0;
}
