/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/prune/delete.h"

#include <string.h>

#include "pipeline/prune/repo_internal.h"
#include "registry/repo.h"

void delete_done_free(struct delete_done *x)
{
	strv_free(&x->tags);
	strv_free(&x->indexes);
}

static bool index_holds(const struct buf *bytes, const struct digest *d)
{
	auto_json *j = NULL;
	json_t *entry;
	size_t i;

	if (json_parse(buf_str(bytes), bytes->n, "index", &j, NULL) < 0)
		return false;
	json_array_foreach(json_object_get(j, "manifests"), i, entry)
	{
		const char *digest = json_string_or_null(entry, "digest");

		if (digest && strcmp(digest, d->s) == 0)
			return true;
	}
	return false;
}

static bool is_fallback(const char *tag)
{
	return !strchr(tag, '.') && repo_helper_tag(tag, NULL);
}

/* Who else names it: a fallback tag of referrers is no use of it. */
static int find_uses(struct registry *reg, const char *name, const struct digest *d,
		     struct delete_done *ret, struct progress *p, struct err *e)
{
	auto_strv tags = { 0 };
	int r = registry_tags(reg, name, &tags, e);

	progress_begin(p, "look who else names it", tags.n);
	for (size_t i = 0; i < tags.n && r == 0; i++) {
		auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
		struct desc at;

		progress_advance(p, i);
		r = registry_read_manifest(reg, name, tags.v[i], &bytes, &at, e);
		if (r == E_NOTFOUND) { /* gone since the list was made */
			r = 0;
			continue;
		}
		if (r == 0 && digest_eq(&at.digest, d))
			r = strv_add(&ret->tags, tags.v[i], e);
		else if (r == 0 && desc_is_index(&at) && !is_fallback(tags.v[i]) &&
			 index_holds(&bytes, d))
			r = strv_add(&ret->indexes, tags.v[i], e);
	}
	progress_end(p, r < 0 ? "failed" : NULL);
	return r;
}

static void put_list(struct buf *b, const struct strv *l, const char *but)
{
	size_t shown = 0;

	for (size_t i = 0; i < l->n && shown < 10; i++)
		if (!but || strcmp(l->v[i], but) != 0)
			buf_printf(b, "%s%s", shown++ ? ", " : "", l->v[i]);
	if (l->n > shown + (but ? 1 : 0))
		buf_puts(b, ", …");
}

static size_t other_tags(const struct ref *ref, const struct delete_done *x)
{
	return x->tags.n - (ref->tag[0] && strv_has(&x->tags, ref->tag) ? 1 : 0);
}

static void put_users(struct buf *who, const struct ref *ref, const struct delete_done *x)
{
	bool own = ref->tag[0] && strv_has(&x->tags, ref->tag);
	size_t others = other_tags(ref, x);

	if (others) {
		buf_puts(who, "tags ");
		put_list(who, &x->tags, own ? ref->tag : NULL);
	}
	if (x->indexes.n) {
		buf_printf(who, "%sindexes ", others ? " and " : "");
		put_list(who, &x->indexes, NULL);
	}
}

static int in_use(const struct ref *ref, const struct digest *d, const struct delete_done *x,
		  struct err *e)
{
	auto_buf who = BUF_INIT(4096);
	int r;

	if (other_tags(ref, x) == 0 && x->indexes.n == 0)
		return 0;
	put_users(&who, ref, x);
	r = FAIL(e, E_POLICY, "%s is in use: it would go from %s too", d->s, buf_str(&who));
	return err_hint(e, r, "plimsoll delete --force … removes it all the same");
}

/* Of an image with other tags only this one, where a registry can. 1: done. A tag that names
 * another image by now is not this image's to give up. */
static int delete_tag(struct registry *reg, const struct ref *ref, const struct digest *d,
		      struct delete_done *ret, struct err *e)
{
	auto_buf who = BUF_INIT(4096);
	struct ref by_digest = *ref;
	struct err own = ERR_INIT;
	struct desc at;
	int r;

	by_digest.digest = *d;
	if (!ref->tag[0] || !strv_has(&ret->tags, ref->tag) ||
	    registry_delete(reg, ref->name, ref->tag, NULL) < 0)
		return 0;
	r = registry_resolve(reg, &by_digest, &at, &own);
	if (r == 0) {
		ret->only_tag = true;
		return 1;
	}
	if (r != E_NOTFOUND) {
		if (e)
			*e = own;
		return WRAP(e, r, "tag %s is gone; whether %s stays is unknown", ref->tag, d->s);
	}
	/* Some take the tag and remove what it names. */
	put_users(&who, ref, ret);
	return FAIL(e, E_POLICY, "the registry removed %s with its tag: it is gone from %s too",
		    d->s, buf_str(&who));
}

static int delete(struct road *road, const struct ref *ref, const struct delete_opts *o,
		  struct delete_done *ret, struct err *e)
{
	auto_release(registry_close) struct registry *reg = NULL;
	auto_json *referrers = NULL;
	int r = registry_open(ref, REGISTRY_CHANGE, road->progress, &reg, e), used;
	struct err why = ERR_INIT;

	if (r == 0)
		r = registry_resolve(reg, ref, &road->image, e);
	if (r == 0)
		r = find_uses(reg, ref->name, &road->image.digest, ret, road->progress, e);
	if (r == 0)
		r = registry_referrers(reg, ref->name, &road->image.digest, &referrers, NULL, e);
	if (r < 0)
		return r;
	ret->referrers = json_array_size(referrers);
	used = in_use(ref, &road->image.digest, ret, &why);
	if (used < 0 && !o->force) {
		r = delete_tag(reg, ref, &road->image.digest, ret, e);
		if (r == 0 && e)
			*e = why;
		return r == 0 ? used : r < 0 ? r : 0;
	}
	return registry_delete(reg, ref->name, road->image.digest.s, e);
}

int step_delete(struct road *road, const struct ref *ref, const struct delete_opts *o,
		struct delete_done *ret, struct err *e)
{
	auto_buf full = BUF_INIT(LIMIT_REF + 128);
	int r = delete (road, ref, o, ret, e);

	ref_full(ref, &full);
	if (r < 0)
		r = WRAP(e, r, "delete %s", buf_str(&full));
	return road_note(road, "delete", r,
			 json_pack("{s:s, s:s, s:I}", "registry", ref->host, "repository",
				   ref->name, "tags", (json_int_t)ret->tags.n),
			 e);
}
