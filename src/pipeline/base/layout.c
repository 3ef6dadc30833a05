/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/base/layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "oci/store_copy.h"
#include "pipeline/admit/decide.h"
#include "pipeline/import/internal.h"
#include "pipeline/steps.h"

/* PATH, and what stands behind its ":" or "@"; NULL: nothing does. */
static int cut(const char *where, char **ret_path, const char **ret_name, bool *ret_digest,
	       struct err *e)
{
	const char *slash = strrchr(where, '/'), *rest = slash ? slash : where;
	const char *at = strchr(rest, '@'), *end = at ? at : strchr(rest, ':');

	*ret_digest = at;
	*ret_name = end ? end + 1 : NULL;
	*ret_path = end ? strndup(where, (size_t)(end - where)) : strdup(where);
	if (!*ret_path)
		return FAIL_NOMEM(e);
	return (*ret_path)[0] ? 0
			      : FAIL(e, E_USAGE, "'" LAYOUT_SCHEME "%s' names no folder", where);
}

static int by_digest(struct store *s, const char *path, const char *digest, struct progress *p,
		     struct desc *ret, struct err *e)
{
	auto_release(store_close) struct store *from = NULL;
	auto_manifest m = { 0 };
	struct ref ref = { 0 };
	int r = digest_parse(str_of(digest), &ref.digest, e);

	if (r == 0)
		r = store_open_layout(&from, path, e);
	if (r == 0)
		r = store_resolve(from, &ref, ret, e);
	if (r == 0)
		r = store_manifest(from, ret, &m, ret, e);
	return r < 0 ? r : store_copy_image(s, from, ret, p, e);
}

/* Signatures that lie beside the image; a damaged one is as good as none. */
static int bring_signatures(struct store *s, const char *path, const struct desc *image,
			    struct err *e)
{
	auto_release(store_close) struct store *from = NULL;
	auto_json *list = NULL;
	json_t *entry;
	size_t i;
	int r = store_open_layout(&from, path, e);

	if (r == 0)
		r = store_referrers(from, &image->digest, NULL, &list, e);
	json_array_foreach(list, i, entry)
	{
		struct desc d;

		if (r == 0 && desc_parse(entry, path, &d, NULL) == 0 &&
		    store_copy_image(s, from, &d, NULL, NULL) == 0)
			r = store_add_referrer(s, &d, &image->digest, e);
	}
	return r;
}

int step_base_layout(const struct road *road, const char *where, struct desc *ret, struct err *e)
{
	auto_free char *path = NULL;
	struct road base = *road;
	auto_decision decision = { .doc = NULL };
	struct ref ref = { 0 };
	const char *name;
	bool digest;
	int r = cut(where, &path, &name, &digest, e);

	if (r == 0)
		r = digest ? by_digest(road->store, path, name, road->progress, &base.image, e)
			   : import_layout(road->store, path, name, road->progress, &base.image, e);
	if (r == 0)
		r = bring_signatures(road->store, path, &base.image, e);
	if (r == 0 && (!name || digest || ref_parse(name, &ref, NULL) < 0))
		r = ref_parse("layout", &ref, e);
	if (r < 0)
		return WRAP(e, r, LAYOUT_SCHEME "%s", where);
	base.name = where;
	r = decide_verified(&base, &ref, &base.image, &(struct decide_opts){ 0 }, &decision, e);
	if (r < 0)
		return WRAP(e, road_note(&base, "verify", r, decision_brief(&decision), e),
			    "base image '%s'", where);
	*ret = base.image;
	return 0;
}
