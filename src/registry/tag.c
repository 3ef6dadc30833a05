/* SPDX-License-Identifier: Apache-2.0 */
/* What is done last: naming what the registry has, once it lists all that belongs to it. */
#include "registry/registry_internal.h"

int registry_tag_if(struct registry *reg, const struct store *s, const struct desc *d,
		    const char *name, const char *tag, const struct digest *at, bool *ret_refused,
		    struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	int r = store_blob_read(s, d, LIMIT_MANIFEST, &bytes, e);

	reg->writing = true;
	if (r == 0)
		r = registry_put_unmoved(reg, name, tag, d->media_type, &bytes, at, ret_refused, e);
	return r < 0 ? WRAP(e, r, "%s/%s:%s", reg->host, name, tag) : 0;
}

int registry_tag(struct registry *reg, const struct store *s, const struct desc *d,
		 const char *name, const char *tag, struct err *e)
{
	bool refused;

	return registry_tag_if(reg, s, d, name, tag, NULL, &refused, e);
}

/* The digests on the list that whoever pulls is given: the API's, or the fallback tag's where there
 * is none. null: it is longer than what is read of it, and what is not in that part may still be
 * listed. */
static int listed(struct registry *reg, const char *name, const struct digest *subject,
		  const char *type, json_t **ret, struct err *e)
{
	auto_json *list = NULL;
	bool more = false;
	int r = referrers_list_most(reg, name, subject, type, LIMIT_REFERRERS_LISTED, &list, &more,
				    e);

	if (r == E_NOTFOUND)
		r = fallback_list(reg, name, subject, &list, e);
	if (r == 0 && more)
		*ret = json_null();
	return r < 0 || more ? r : desc_digests(list, ret, e);
}

static int check_one(struct registry *reg, const char *name, const struct digest *subject,
		     const struct desc *d, json_t *lists, struct err *e)
{
	auto_json *fresh = NULL;
	const json_t *list = json_object_get(lists, d->artifact_type);
	bool there = false;
	int r = 0;

	if (!list) {
		r = listed(reg, name, subject, d->artifact_type[0] ? d->artifact_type : NULL,
			   &fresh, e);
		if (r == 0)
			r = json_put(lists, d->artifact_type, json_incref(fresh), e);
		list = fresh;
	}
	if (r == 0)
		r = registry_has_manifest(reg, name, &d->digest, &there, e);
	if (r == 0 && (!there || (!json_is_null(list) && !json_object_get(list, d->digest.s))))
		r = FAIL(e, E_REMOTE, "the registry took it and does not %s it",
			 there ? "list" : "have");
	if (r == E_NOTFOUND || r == E_FORMAT)
		r = blame_registry(e);
	return r < 0 ? WRAP(e, r, "referrer %s of %s", d->digest.s, subject->s) : 0;
}

int registry_check_referrers(struct registry *reg, const struct store *s,
			     const struct digest *subject, const char *name, struct err *e)
{
	auto_json *mine = NULL, *lists = json_object();
	json_t *entry;
	size_t i;
	int r = lists ? store_referrers(s, subject, NULL, &mine, e) : FAIL_NOMEM(e);

	if (r < 0)
		return r;
	json_array_foreach(mine, i, entry)
	{
		struct desc d;

		r = desc_parse(entry, "referrer", &d, e);
		if (r == 0)
			r = check_one(reg, name, subject, &d, lists, e);
		if (r < 0)
			return r;
	}
	return 0;
}
