/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/repo.h"

#include <ctype.h>

#include "registry/registry_internal.h"

static bool is_tag(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > 128 || s[0] == '.' || s[0] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("_.-", s[i]))
			return false;
	return true;
}

/* Adds a page's tags that are not in seen; *ret_new counts them, *ret_all what was there. */
static int take_tags(const struct fetch_response *resp, json_t *seen, struct strv *into,
		     size_t *ret_new, size_t *ret_all, struct err *e)
{
	auto_json *j = NULL;
	const json_t *list, *v;
	size_t i, before = into->n;
	int r = json_parse(buf_str(&resp->body), resp->body.n, "tags", &j, e);

	if (r < 0)
		return WRAP(e, blame_registry(e), "answered with nonsense");
	list = json_object_get(j, "tags");
	if (!json_is_object(j) || (list && !json_is_array(list) && !json_is_null(list)))
		return FAIL(e, E_REMOTE, "answered with something else than tags");
	json_array_foreach(list, i, v)
	{
		const char *tag = json_string_value(v);

		if (!tag || !is_tag(tag))
			return FAIL(e, E_REMOTE, "answered with a tag that is none");
		if (json_object_get(seen, tag))
			continue;
		if (into->n == LIMIT_TAGS)
			return FAIL(e, E_REMOTE, "more than %d tags", LIMIT_TAGS);
		r = strv_add(into, tag, e);
		if (r == 0)
			r = json_put(seen, tag, json_true(), e);
		if (r < 0)
			return r;
	}
	*ret_new = into->n - before;
	*ret_all = json_array_size(list);
	return 0;
}

int registry_tags(struct registry *reg, const char *name, struct strv *ret, struct err *e)
{
	char path[LIMIT_PATH];
	auto_json *seen = json_object();
	struct call c = { .method = HTTP_GET,
			  .name = name,
			  .path = path,
			  .max_body = LIMIT_MANIFEST,
			  .follow = true };
	struct url next;

	if (!seen)
		return FAIL_NOMEM(e);
	(void)snprintf(path, sizeof(path), "/v2/%s/tags/list?n=%d", name, TAGS_A_PAGE);
	for (int page = 0;; page++) {
		auto_response resp = { 0 };
		size_t fresh = 0, all = 0;
		int r = registry_call_again(reg, &c, &resp, e);

		if (r < 0)
			return r;
		if (resp.head.status != 200)
			return registry_status(reg, &c, &resp, e);
		r = take_tags(&resp, seen, ret, &fresh, &all, e);
		if (r == 0 && page == LIMIT_TAG_PAGES)
			r = FAIL(e, E_REMOTE, "more than %d pages", LIMIT_TAG_PAGES);
		if (r < 0)
			return WRAP(e, r, "tags of %s/%s", reg->host, name);
		/* Some name a next page whose end is empty. */
		if (all == 0 && page)
			return 0;
		r = registry_next_page(reg, &resp, &next, e);
		if (r <= 0)
			return r == 0 ? 0 : WRAP(e, r, "tags of %s/%s", reg->host, name);
		if (fresh == 0)
			return FAIL(e, E_REMOTE,
				    "tags of %s/%s: page %d brings nothing new and names another",
				    reg->host, name, page + 1);
		c.url = &next;
	}
}

int registry_read_manifest(struct registry *reg, const char *name, const char *reference,
			   struct buf *bytes, struct desc *ret, struct err *e)
{
	return registry_get_manifest(reg, name, reference, NULL, bytes, ret, e);
}

int registry_read_blob(struct registry *reg, const char *name, const struct desc *d, size_t max,
		       struct buf *ret, struct err *e)
{
	char path[LIMIT_PATH];
	const struct call c = {
		.method = HTTP_GET, .name = name, .path = path, .max_body = max, .follow = true
	};
	auto_response resp = { 0 };
	struct digest got;
	int r;

	if (d->size > max)
		return FAIL(e, E_FORMAT, "blob %s: more than %zu bytes", d->digest.s, max);
	(void)snprintf(path, sizeof(path), "/v2/%s/blobs/%s", name, d->digest.s);
	r = registry_call_again(reg, &c, &resp, e);
	if (r < 0)
		return r;
	if (resp.head.status != 200)
		return registry_status(reg, &c, &resp, e);
	digest_of(buf_str(&resp.body), resp.body.n, &got);
	if (!digest_eq(&got, &d->digest))
		return FAIL(e, E_VERIFY, "blob %s: its bytes hash to %s", d->digest.s, got.s);
	buf_put(ret, buf_str(&resp.body), resp.body.n);
	return buf_check(ret, "blob", e);
}

int registry_delete(struct registry *reg, const char *name, const char *reference, struct err *e)
{
	char path[LIMIT_PATH];
	const struct call c = { .method = HTTP_DELETE, .name = name, .path = path };
	auto_response resp = { 0 };
	unsigned status;
	int r;

	reg->writing = reg->deleting = true;
	(void)snprintf(path, sizeof(path), "/v2/%s/manifests/%s", name, reference);
	r = registry_call_again(reg, &c, &resp, e);
	if (r < 0)
		return r;
	status = resp.head.status;
	if (status == 202 || status == 200 || status == 204)
		return 0;
	r = registry_status(reg, &c, &resp, e);
	/* 400 and 405: "deletion is disabled", or of tags (distribution-spec, "Deleting"). */
	if (status != 400 && status != 405)
		return r;
	if (e)
		e->code = E_SYSTEM;
	return err_hint(e, E_SYSTEM,
			"the registry deletes nothing that is named so; docker-registry does by "
			"digest, with REGISTRY_STORAGE_DELETE_ENABLED=true");
}

int registry_referrers(struct registry *reg, const char *name, const struct digest *subject,
		       json_t **ret, bool *ret_tag, struct err *e)
{
	return registry_referrers_of(reg, name, subject, true, ret, ret_tag, e);
}

int registry_referrers_of(struct registry *reg, const char *name, const struct digest *subject,
			  bool has_tag, json_t **ret, bool *ret_tag, struct err *e)
{
	auto_json *list = NULL, *tagged = NULL, *added = NULL;
	bool more = false;
	int r = referrers_list_most(reg, name, subject, NULL, LIMIT_REFERRERS_LISTED, &list, &more,
				    e);

	if (r == E_NOTFOUND)
		r = (list = json_array()) ? 0 : FAIL_NOMEM(e);
	if (r == 0 && more)
		r = FAIL(e, E_REMOTE, "more than %d referrers of %s", LIMIT_REFERRERS_LISTED,
			 subject->s);
	if (r == 0)
		r = has_tag ? fallback_list(reg, name, subject, &tagged, e) : E_NOTFOUND;
	if (ret_tag)
		*ret_tag = r == 0;
	if (r == E_NOTFOUND || r == E_FORMAT)
		r = 0;
	if (r == 0)
		r = desc_missing(list, tagged, &added, e);
	if (r == 0 && json_array_extend(list, added) < 0)
		r = FAIL_NOMEM(e);
	if (r < 0)
		return r;
	*ret = TAKE(list);
	return 0;
}
