/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/sign_targets.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

void sign_targets_free(struct sign_targets *t)
{
	free(t->v);
	*t = (struct sign_targets){ 0 };
}

/* Once each: two platforms may have the same image. */
static int add(struct sign_targets *t, const struct desc *d, struct err *e)
{
	struct desc *p;

	for (size_t i = 0; i < t->n; i++)
		if (digest_eq(&t->v[i].digest, &d->digest))
			return 0;
	if (t->n == LIMIT_SIGN_TARGETS)
		return FAIL(e, E_FORMAT, "more than %d images in one index", LIMIT_SIGN_TARGETS);
	p = reallocarray(t->v, t->n + 1, sizeof(*p));
	if (!p)
		return FAIL_NOMEM(e);
	t->v = p;
	t->v[t->n++] = *d;
	return 1;
}

static int add_entry(const struct store *s, const struct desc *index, const json_t *entry,
		     struct sign_targets *t, struct desc *ret, struct err *e)
{
	int r = desc_parse(entry, "index", ret, e);

	if (r < 0)
		return r;
	if (!desc_is_manifest(ret) && !desc_is_index(ret))
		return FAIL(e, E_FORMAT, "%s lists a '%.100s', which is no image", index->digest.s,
			    ret->media_type);
	r = store_blob_verify(s, ret, e);
	if (r == E_NOTFOUND)
		return err_hint(e,
				FAIL(e, E_NOTFOUND, "%s of the index %.19s is not here",
				     ret->digest.s, index->digest.s),
				"plimsoll copy brings an index with the images of all platforms");
	return r < 0 ? r : add(t, ret, e);
}

static int add_all(const struct store *s, const struct desc *index, int depth,
		   struct sign_targets *t, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	auto_json *doc = NULL;
	json_t *list = NULL;
	const json_t *entry;
	size_t i;
	int r;

	if (depth > LIMIT_SIGN_DEPTH)
		return FAIL(e, E_FORMAT, "indexes within indexes, more than %d deep",
			    LIMIT_SIGN_DEPTH);
	if ((r = store_blob_read(s, index, LIMIT_MANIFEST, &bytes, e)) < 0 ||
	    (r = json_parse(bytes.p, bytes.n, "index", &doc, e)) < 0 ||
	    (r = json_get_array(doc, "manifests", &list, "index", e)) < 0)
		return r;
	json_array_foreach(list, i, entry)
	{
		struct desc d;

		r = add_entry(s, index, entry, t, &d, e);
		if (r == 1 && desc_is_index(&d))
			r = add_all(s, &d, depth + 1, t, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int sign_targets(const struct store *s, const struct desc *image, bool recursive,
		 struct sign_targets *ret, struct err *e)
{
	auto_sign_targets t = { 0 };
	int r = add(&t, image, e);

	if (r >= 0 && recursive && desc_is_index(image))
		r = add_all(s, image, 1, &t, e);
	if (r < 0)
		return WRAP(e, r, "sign %s", image->digest.s);
	*ret = t;
	t = (struct sign_targets){ 0 };
	return 0;
}
