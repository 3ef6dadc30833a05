/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/steps.h"

#include <string.h>

#include "pipeline/admit/cosign_tag.h"
#include "pipeline/admit/decide.h"
#include "pipeline/tuf/admit.h"
#include "trust/holder.h"

static int sign(const struct road *road, const struct trust_sign_opts *o, struct desc *ret,
		json_t *detail, struct err *e)
{
	struct trust_sign_opts own = *o;
	struct desc signature;
	struct ref ref;
	char shown[HOLDER_SHOWN]; /* what is behind the "?" may be a secret */
	bool existing = false;
	int r;

	/* What the image is called is where it may be used. */
	if (!own.ref && ref_parse(road->name, &ref, NULL) == 0)
		own.ref = &ref;
	progress_begin(road->progress, "sign", 0);
	r = trust_sign(road->state, road->store, &road->image, &own, &signature, &existing, e);
	progress_end(road->progress, r < 0 ? "failed" : existing ? "exists" : NULL);
	if (r == 0)
		r = json_put_string(detail, "signature", signature.digest.s, e);
	if (r == 0)
		r = json_put_string(detail, "key",
				    holder_shown(o->key ? o->key : TRUST_DEFAULT_NAME, shown), e);
	if (r == 0 && ret)
		*ret = signature;
	return r;
}

int step_sign(const struct road *road, const struct trust_sign_opts *o, struct desc *ret,
	      struct err *e)
{
	json_t *detail = json_object();
	int r = detail ? sign(road, o, ret, detail, e) : FAIL_NOMEM(e);

	return road_note(road, "sign", r, detail, e);
}

/* The image for this machine of an index; 1 when there is one, 0 when d is no index or holds none.
 */
static int child_of_index(const struct store *s, const struct desc *d, struct desc *ret)
{
	auto_manifest m = { 0 };

	return desc_is_index(d) && store_manifest(s, d, &m, ret, NULL) == 0;
}

static int push_referrers(const struct road *road, struct registry *reg, const char *name,
			  const struct digest *subject, size_t *ret_n, struct err *e)
{
	size_t n = 0;
	int r = registry_push_referrers(reg, road->store, subject, name, road->progress, &n, e);

	if (r == 0 && n)
		r = registry_check_referrers(reg, road->store, subject, name, e);
	*ret_n += n;
	return r;
}

/* Of the image, and of each that an index names. */
static int push_all_referrers(const struct road *road, struct registry *reg, const char *name,
			      size_t *ret_n, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	auto_json *j = NULL;
	json_t *list, *entry;
	size_t i;
	int r = push_referrers(road, reg, name, &road->image.digest, ret_n, e);

	if (r < 0 || !desc_is_index(&road->image))
		return r;
	if ((r = store_blob_read(road->store, &road->image, LIMIT_MANIFEST, &bytes, e)) < 0 ||
	    (r = json_parse(buf_str(&bytes), bytes.n, road->image.digest.s, &j, e)) < 0 ||
	    (r = json_get_array(j, "manifests", &list, road->image.digest.s, e)) < 0)
		return r;
	json_array_foreach(list, i, entry)
	{
		struct desc child;

		r = desc_parse(entry, road->image.digest.s, &child, e);
		if (r == 0)
			r = push_referrers(road, reg, name, &child.digest, ret_n, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* By digest, with all that refers to it; then the name. */
static int push_to(const struct road *road, struct registry *reg, const struct ref *ref,
		   const struct push_opts *o, size_t *ret_n, struct err *e)
{
	int r = o->there ? 0
			 : registry_push(reg, road->store, &road->image, ref->name, NULL,
					 road->progress, e);

	if (r == 0 && !o->there && !o->no_referrers)
		r = push_all_referrers(road, reg, ref->name, ret_n, e);
	if (r == 0 && !o->there && !o->no_referrers)
		r = cosign_tag_push(road, reg, ref, &road->image.digest, ret_n, e);
	if (r == 0 && ref->tag[0])
		r = registry_tag(reg, road->store, &road->image, ref->name, ref->tag, e);
	return r;
}

static int push(const struct road *road, const struct ref *ref, const struct push_opts *o,
		size_t *ret_n, struct err *e)
{
	auto_release(registry_close) struct registry *reg = NULL;
	int r;

	if (!ref->host[0])
		return err_hint(e, FAIL(e, E_USAGE, "'%s' names no registry", road->name),
				"plimsoll push %s HOST[:PORT]/%s", road->name,
				ref->name[0] ? ref->name : "NAME:TAG");
	if (ref->digest.s[0] && !digest_eq(&ref->digest, &road->image.digest))
		return FAIL(e, E_USAGE, "'%s' is %s, not what the destination names", road->name,
			    road->image.digest.s);
	r = registry_open(ref, REGISTRY_CHANGE, road->progress, &reg, e);
	if (r == 0 && o->mount_from)
		r = registry_mount_from(reg, o->mount_from, e);
	return r < 0 ? r : push_to(road, reg, ref, o, ret_n, e);
}

int step_push(const struct road *road, const struct ref *ref, const struct push_opts *o,
	      size_t *ret_referrers, struct err *e)
{
	size_t n = 0;
	int r = push(road, ref, o, &n, e);

	if (ret_referrers)
		*ret_referrers = n;
	return road_note(road, "push", r,
			 json_pack("{s:s, s:s, s:I}", "registry", ref->host, "repository",
				   ref->name, "referrers", (json_int_t)n),
			 e);
}

static int pull_referrers(const struct road *road, struct registry *reg, const char *name,
			  const struct desc *d, struct referrers_got *ret, struct err *e)
{
	struct referrers_got more = { 0 };
	struct desc child;
	int r = registry_pull_referrers(reg, road->store, name, &d->digest, NULL, road->progress,
					ret, e);

	if (r == 0 && child_of_index(road->store, d, &child))
		r = registry_pull_referrers(reg, road->store, name, &child.digest, NULL,
					    road->progress, &more, e);
	ret->added += more.added;
	ret->skipped += more.skipped;
	ret->more |= more.more;
	return r;
}

static int pull(struct road *road, const struct ref *ref, bool no_referrers,
		struct referrers_got *ret, json_t **ret_tuf, struct err *e)
{
	auto_release(registry_close) struct registry *reg = NULL;
	auto_buf name = BUF_INIT(LIMIT_REF + DIGEST_HEX + 16);
	struct desc d;
	int r;

	if (!ref->host[0])
		return err_hint(e, FAIL(e, E_USAGE, "'%s' names no registry", road->name),
				"plimsoll pull HOST[:PORT]/%s", ref->name);
	ref_stored(ref, &name);
	r = registry_open(ref, REGISTRY_PULL, road->progress, &reg, e);
	if (r == 0)
		r = registry_pull(reg, road->store, ref, road->progress, &d, e);
	if (r == 0)
		r = tuf_admit(road, ref, &d, ret_tuf, e);
	if (r == 0 && !no_referrers)
		r = pull_referrers(road, reg, ref->name, &d, ret, e);
	if (r == 0 && !no_referrers)
		r = cosign_tag_pull(road, reg, ref, &d.digest, &ret->added, e);
	if (r == 0)
		r = buf_check(&name, "name", e);
	if (r == 0)
		r = store_tag(road->store, buf_str(&name), &d, e);
	if (r == 0)
		road->image = d;
	return r;
}

int step_pull(struct road *road, const struct ref *ref, bool no_referrers,
	      struct referrers_got *ret, struct err *e)
{
	struct referrers_got got = { 0 };
	json_t *tuf = NULL;
	int r;

	if (ref->digest.s[0]) /* so that a refusal names what was asked for */
		road->image = (struct desc){ .digest = ref->digest };
	r = pull(road, ref, no_referrers, &got, &tuf, e);
	if (ret)
		*ret = got;
	return road_note(road, "pull", r,
			 json_pack("{s:s, s:s, s:I, s:o*}", "registry", ref->host, "repository",
				   ref->name, "referrers", (json_int_t)got.added, "tuf", tuf),
			 e);
}

int step_look(struct road *road, const struct ref *ref, struct err *e)
{
	auto_release(registry_close) struct registry *reg = NULL;
	struct referrers_got got = { 0 };
	int r = registry_open(ref, REGISTRY_PULL, road->progress, &reg, e);

	if (r == 0)
		r = registry_pull_either(reg, road->store, ref, &road->image, e);
	if (r == 0)
		r = pull_referrers(road, reg, ref->name, &road->image, &got, e);
	return r < 0 ? r : cosign_tag_pull(road, reg, ref, &road->image.digest, &got.added, e);
}

static int find_base(struct road *base, const char *name, bool newest, struct ref *ref,
		     struct err *e)
{
	int r = store_lookup(base->store, name, ref, &base->image, e);
	bool ask = r == E_NOTFOUND || (r == 0 && newest && !ref->digest.s[0]);

	if (!ask || ref_parse(name, ref, NULL) < 0 || !ref->host[0])
		return r;
	if (e)
		*e = ERR_INIT;
	return step_pull(base, ref, false, NULL, e);
}

static int admit_base(const struct road *road, const char *name, bool newest, struct desc *ret,
		      struct err *e)
{
	struct road base = *road;
	auto_decision decision = { .doc = NULL };
	struct ref ref;
	int r;

	base.name = name;
	r = find_base(&base, name, newest, &ref, e);
	if (r == E_NOTFOUND) {
		r = FAIL(e, E_NOTFOUND, "base image '%s' is not in the store", name);
		return err_hint(e, r, "plimsoll import ROOTFS.tar %s", name);
	}
	if (r < 0)
		return r;
	r = decide_verified(&base, &ref, &base.image, &(struct decide_opts){ 0 }, &decision, e);
	if (r < 0)
		return WRAP(e, road_note(&base, "verify", r, decision_brief(&decision), e),
			    "base image '%s'", name);
	*ret = base.image;
	return 0;
}

int step_base(void *arg, const char *name, struct desc *ret, struct err *e)
{
	return admit_base(arg, name, false, ret, e);
}

int step_base_newest(void *arg, const char *name, struct desc *ret, struct err *e)
{
	return admit_base(arg, name, true, ret, e);
}
