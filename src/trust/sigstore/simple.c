/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/sigstore/simple.h"

#include <string.h>

#include "trust/sigstore/pbjson.h"

static const char what[] = "simple signing payload";

static int copy_optional(const json_t *annotations, json_t **ret, struct err *e)
{
	json_t *copy = json_object_size(annotations) ? json_deep_copy(annotations) : json_null();

	if (!copy)
		return FAIL_NOMEM(e);
	*ret = copy;
	return 0;
}

int simple_make(const char *repository, const struct digest *manifest, const json_t *annotations,
		struct buf *ret, struct err *e)
{
	auto_json *j = json_pack("{s:{s:{s:s}, s:{s:s}, s:s}}", "critical", "identity",
				 "docker-reference", repository, "image", "docker-manifest-digest",
				 manifest->s, "type", SIMPLE_TYPE);
	json_t *optional;
	int r;

	if (!j)
		return FAIL_NOMEM(e);
	if ((r = copy_optional(annotations, &optional, e)) < 0 ||
	    (r = json_put(j, "optional", optional, e)) < 0)
		return r;
	return json_canonical(j, ret, e);
}

static int parse_critical(const json_t *c, struct simple *p, struct err *e)
{
	const char *type, *digest;
	json_t *identity, *image;
	int r;

	if ((r = pb_members(c, "identity image type", what, e)) < 0 ||
	    (r = json_get_string(c, "type", &type, what, e)) < 0 ||
	    (r = json_get_object(c, "identity", &identity, what, e)) < 0 ||
	    (r = json_get_object(c, "image", &image, what, e)) < 0 ||
	    (r = pb_members(identity, "docker-reference", what, e)) < 0 ||
	    (r = pb_members(image, "docker-manifest-digest", what, e)) < 0 ||
	    (r = pb_string(identity, "docker-reference", p->reference, sizeof(p->reference), what,
			   e)) < 0 ||
	    (r = json_get_string(image, "docker-manifest-digest", &digest, what, e)) < 0)
		return r;
	if (strcmp(type, SIMPLE_TYPE) != 0)
		return FAIL(e, E_FORMAT, "%s: type '%.60s' is not '%s'", what, type, SIMPLE_TYPE);
	r = digest_parse(str_of(digest), &p->manifest, e);
	return r < 0 ? WRAP(e, r, "%s", what) : 0;
}

int simple_parse(struct str payload, struct simple *ret, struct err *e)
{
	auto_json *j = NULL;
	const json_t *optional;
	struct simple p;
	json_t *critical;
	int r;

	if (payload.n > LIMIT_SIMPLE)
		return FAIL(e, E_FORMAT, "%s: longer than %d bytes", what, LIMIT_SIMPLE);
	if ((r = json_parse(payload.p, payload.n, what, &j, e)) < 0 ||
	    (r = pb_members(j, "critical optional", what, e)) < 0 ||
	    (r = json_get_object(j, "critical", &critical, what, e)) < 0 ||
	    (r = parse_critical(critical, &p, e)) < 0)
		return r;
	optional = json_object_get(j, "optional");
	if (optional && !json_is_object(optional) && !json_is_null(optional))
		return FAIL(e, E_FORMAT, "%s: 'optional' is not an object", what);
	*ret = p;
	return 0;
}

int says_all(const json_t *o, const json_t *want, struct err *e)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)want, key, v)
	{
		const char *has = json_string_or_null(o, key);

		if (!has || strcmp(has, json_string_value(v)) != 0)
			return FAIL(e, E_VERIFY, "it does not say %.100s=%.100s", key,
				    json_string_value(v));
	}
	return 0;
}

int simple_says(struct str payload, const json_t *want, struct err *e)
{
	auto_json *j = NULL;
	int r = json_parse(payload.p, payload.n, what, &j, e);

	return r < 0 ? r : says_all(json_object_get(j, "optional"), want, e);
}

int simple_check(const struct simple *p, const struct digest *manifest, const char *repository,
		 struct err *e)
{
	auto_buf name = BUF_INIT(2 * LIMIT_REF);
	struct ref ref;
	int r;

	if (!digest_eq(&p->manifest, manifest))
		return FAIL(e, E_VERIFY, "it signs another manifest, %s", p->manifest.s);
	if (!repository)
		return 0;
	if (ref_parse(p->reference, &ref, NULL) < 0)
		return FAIL(e, E_VERIFY, "it names no repository, but '%.100s'", p->reference);
	ref_repository(&ref, &name);
	if (strcmp(buf_str(&name), repository) == 0)
		return 0;
	r = FAIL(e, E_VERIFY, "it was signed for repository '%.200s', not for '%.200s'",
		 buf_str(&name), repository);
	return err_hint(e, r,
			"have it signed again for this repository, or accept those of any "
			"with --any-repository");
}
