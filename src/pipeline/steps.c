/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/steps.h"

#include <string.h>

#include "registry/registry.h"

static int sign(const struct road *road, const struct trust_sign_opts *o, struct desc *ret,
		json_t *detail, struct err *e)
{
	struct desc signature;
	bool existing = false;
	int r;

	progress_begin(road->progress, "sign", 0);
	r = trust_sign(road->state, road->store, &road->image, o, &signature, &existing, e);
	progress_end(road->progress, r < 0 ? "failed" : existing ? "exists" : NULL);
	if (r == 0)
		r = json_put_string(detail, "signature", signature.digest.s, e);
	if (r == 0)
		r = json_put_string(detail, "key", o->key ? o->key : TRUST_DEFAULT_NAME, e);
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

int step_verify(const struct road *road, const struct ref *ref, struct trust_result *ret,
		struct err *e)
{
	auto_json *detail = NULL;
	int r = trust_verify(road->state, road->store, ref, &road->image, ret, e);

	if (r == 0)
		detail = json_pack("{s:s, s:s, s:s}", "signer", ret->subject, "thumbprint",
				   ret->thumbprint, "signature", ret->signature.s);
	return road_note(road, "verify", r, TAKE(detail), e);
}

static int push(const struct road *road, const struct ref *ref, size_t *ret_referrers,
		struct err *e)
{
	auto_release(registry_close) struct registry *reg = NULL;
	int r;

	if (!ref->host[0])
		return err_hint(e, FAIL(e, E_USAGE, "'%s' names no registry", ref->name),
				"plimsoll push %s HOST:PORT/%s", ref->name, ref->name);
	r = registry_open(ref->host, &reg, e);
	if (r == 0)
		r = registry_push(reg, road->store, &road->image, ref->name,
				  ref->tag[0] ? ref->tag : NULL, road->progress, e);
	if (r == 0)
		r = registry_push_referrers(reg, road->store, &road->image.digest, ref->name,
					    road->progress, ret_referrers, e);
	return r;
}

int step_push(const struct road *road, const struct ref *ref, size_t *ret_referrers, struct err *e)
{
	size_t referrers = 0;
	int r = push(road, ref, &referrers, e);
	json_t *detail = json_pack("{s:s, s:s, s:I}", "registry", ref->host, "repository",
				   ref->name, "referrers", (json_int_t)referrers);

	if (r == 0 && ret_referrers)
		*ret_referrers = referrers;
	return road_note(road, "push", r, detail, e);
}

/* Signatures of the image; when it is an index, also of the image for this machine. */
static int pull_referrers(const struct road *road, struct registry *reg, const struct ref *ref,
			  const struct desc *d, struct err *e)
{
	auto_manifest m = { 0 };
	struct desc at;
	int r = registry_pull_referrers(reg, road->store, ref->name, &d->digest, NULL,
					road->progress, NULL, e);

	if (r < 0 || !desc_is_index(d))
		return r;
	r = store_manifest(road->store, d, &m, &at, e);
	if (r < 0)
		return r;
	return registry_pull_referrers(reg, road->store, ref->name, &at.digest, NULL,
				       road->progress, NULL, e);
}

static int pull(struct road *road, const struct ref *ref, struct err *e)
{
	auto_release(registry_close) struct registry *reg = NULL;
	auto_buf name = BUF_INIT(LIMIT_REF + DIGEST_HEX);
	struct desc d;
	int r;

	if (!ref->host[0])
		return err_hint(e, FAIL(e, E_USAGE, "'%s' names no registry", ref->name),
				"plimsoll pull HOST:PORT/%s", ref->name);
	ref_full(ref, &name);
	r = buf_check(&name, "name", e);
	if (r == 0)
		r = registry_open(ref->host, &reg, e);
	if (r == 0)
		r = registry_pull(reg, road->store, ref, road->progress, &d, e);
	if (r == 0)
		r = pull_referrers(road, reg, ref, &d, e);
	if (r == 0)
		r = store_tag(road->store, buf_str(&name), &d, e);
	if (r == 0)
		road->image = d;
	return r;
}

int step_pull(struct road *road, const struct ref *ref, struct err *e)
{
	int r;

	if (ref->digest.s[0]) /* so that a refusal names what was asked for */
		road->image = (struct desc){ .digest = ref->digest };
	r = pull(road, ref, e);
	return road_note(road, "pull", r,
			 json_pack("{s:s, s:s}", "registry", ref->host, "repository", ref->name),
			 e);
}

int step_base(void *arg, const char *name, struct desc *ret, struct err *e)
{
	struct road base = *(const struct road *)arg;
	struct trust_result result;
	struct ref ref;
	int r = store_lookup(base.store, name, &ref, &base.image, e);

	base.name = name;
	if (r == E_NOTFOUND && ref_parse(name, &ref, NULL) == 0 && ref.host[0]) {
		*e = ERR_INIT;
		r = step_pull(&base, &ref, e);
	}
	if (r == E_NOTFOUND) {
		r = FAIL(e, E_NOTFOUND, "base image '%s' is not in the store", name);
		return err_hint(e, r, "plimsoll import ROOTFS.tar %s", name);
	}
	if (r < 0)
		return r;
	r = trust_verify(base.state, base.store, &ref, &base.image, &result, e);
	if (r < 0)
		return WRAP(e, road_note(&base, "verify", r, NULL, e), "base image '%s'", name);
	*ret = base.image;
	return 0;
}
