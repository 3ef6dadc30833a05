/* SPDX-License-Identifier: Apache-2.0 */
/* The list of what refers to a manifest: signatures, SBOMs, attestations. */
#include <stdlib.h>

#include "registry/registry_internal.h"

enum { LIMIT_PAGES = 256 };

/* Adds a page's descriptors to list; stops at most. */
static int take_page(const struct fetch_response *resp, json_t *list, size_t most, bool *ret_more,
		     struct err *e)
{
	const char *type = http_headers_get(&resp->head.headers, "content-type");
	auto_json *j = NULL;
	json_t *entries, *entry;
	size_t i;

	/* Some answer 200 to everything: a list is an index, anything else is no referrers API. */
	if (!http_type_is(type, MT_OCI_INDEX) ||
	    json_parse(buf_str(&resp->body), resp->body.n, "referrers", &j, NULL) < 0 ||
	    json_get_array(j, "manifests", &entries, "referrers", NULL) < 0)
		return FAIL(e, E_NOTFOUND, "referrers: answered with '%.100s', not with an index",
			    type ? type : "no content type");
	json_array_foreach(entries, i, entry)
	{
		if (json_array_size(list) >= most) {
			*ret_more = true;
			return 0;
		}
		if (json_array_append(list, entry) < 0)
			return FAIL_NOMEM(e);
	}
	return 0;
}

/* Of several Link headers one may name the next page. */
static int find_next(const struct http_headers *h, struct buf *ret, struct err *e)
{
	int r = E_NOTFOUND;

	for (size_t i = 0; i < h->n && r == E_NOTFOUND; i++)
		if (strcmp(h->v[i].name, "link") == 0)
			r = http_link_next(h->v[i].value, ret, e);
	return r;
}

int registry_next_page(const struct registry *reg, const struct fetch_response *resp,
		       struct url *ret, struct err *e)
{
	auto_buf target = BUF_INIT(LIMIT_URL);
	struct err own = ERR_INIT;
	struct url from;
	int r = find_next(&resp->head.headers, &target, &own);

	if (r == E_NOTFOUND)
		return 0;
	if (r == 0)
		r = url_parse(str_of(resp->head.url), &from, &own);
	if (r == 0)
		r = url_resolve(&from, (struct str){ buf_str(&target), target.n }, ret, &own);
	if (r < 0)
		return FAIL(e, E_REMOTE, "names a next page that is none: %.300s", own.msg);
	if (!url_same_origin(ret, &reg->base))
		return FAIL(e, E_REMOTE, "names a next page at another registry");
	return 1;
}

/* How registries say that they have no such API. */
static bool has_none(unsigned status)
{
	return status == 404 || status == 400 || status == 405 || status == 406 || status == 501;
}

int referrers_list(struct registry *reg, const char *name, const struct digest *subject,
		   const char *artifact_type, json_t **ret, bool *ret_more, struct err *e)
{
	return referrers_list_most(reg, name, subject, artifact_type, LIMIT_REFERRERS, ret,
				   ret_more, e);
}

int referrers_list_most(struct registry *reg, const char *name, const struct digest *subject,
			const char *artifact_type, size_t most, json_t **ret, bool *ret_more,
			struct err *e)
{
	auto_buf path = BUF_INIT(LIMIT_PATH + 1024);
	auto_json *list = json_array();
	struct call c = { .method = HTTP_GET,
			  .name = name,
			  .headers = { { "accept", MT_OCI_INDEX } },
			  .max_body = LIMIT_MANIFEST,
			  .follow = true };
	struct url next;
	bool more = false;

	if (!list)
		return FAIL_NOMEM(e);
	buf_printf(&path, "/v2/%s/referrers/%s", name, subject->s);
	if (artifact_type) {
		buf_puts(&path, "?artifactType=");
		url_put_query(&path, artifact_type);
	}
	c.path = buf_str(&path);
	for (int page = 0; !more; page++) {
		auto_response resp = { 0 };
		int r = registry_call_again(reg, &c, &resp, e);

		if (r < 0)
			return r;
		r = has_none(resp.head.status)
			    ? FAIL(e, E_NOTFOUND, "referrers: HTTP %u", resp.head.status)
		    : resp.head.status != 200 ? registry_status(reg, &c, &resp, e)
					      : take_page(&resp, list, most, &more, e);
		/* What the first page had is there, whatever became of the second. */
		more |= page > 0 && r == E_NOTFOUND;
		if (r < 0 && !more)
			return r;
		if (r < 0) {
			if (e)
				*e = ERR_INIT;
			break;
		}
		r = registry_next_page(reg, &resp, &next, NULL);
		if (r == 0)
			break;
		/* A page that cannot be had hides referrers as a cut list does. */
		more |= r < 0 || page + 1 == LIMIT_PAGES;
		c.url = &next;
	}
	*ret = TAKE(list);
	*ret_more = more;
	return 0;
}
