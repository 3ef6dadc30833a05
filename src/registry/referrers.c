/* SPDX-License-Identifier: Apache-2.0 */
/* What refers to a manifest: signatures, SBOMs, attestations. */
#include <stdlib.h>

#include "registry/registry_internal.h"

enum { LIMIT_PAGES = 256 };
enum { LIMIT_BUNDLES = 1000 }; /* taken of one subject beside others: each scan adds some */

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

/* How late an entry is looked at. */
enum lateness {
	WANTED,	 /* of the type asked for; of all types, it is signatures that a pull needs */
	BUNDLE,	 /* when all types are asked for */
	UNTYPED, /* it may be anything: fallback tags do not always say */
	OTHER,
	LATENESSES,
};

static enum lateness lateness(const json_t *entry, const char *type)
{
	const char *has = json_string_or_null(entry, "artifactType");

	if (!has || !*has)
		return UNTYPED;
	if (strcmp(has, type ? type : "application/vnd.cncf.notary.signature") == 0)
		return WANTED;
	return !type && starts_with(has, "application/vnd.dev.sigstore.bundle") ? BUNDLE : OTHER;
}

/* Which bundles are fetched where there are more than room, the newest standing last: the newest of
 * each type of attestation, since what is said once must not be hidden behind nightly scans, then
 * the newest of all. A type is only what the entry says. */
static int choose_bundles(const json_t *list, size_t room, bool *take, bool *ret_more,
			  struct err *e)
{
	auto_json *seen = json_object();

	for (int again = 0; seen && again < 2; again++)
		for (size_t i = json_array_size(list); i-- > 0;) {
			const json_t *entry = json_array_get(list, i);
			const char *type =
				json_string_or_null(json_object_get(entry, "annotations"),
						    "dev.sigstore.bundle.predicateType");

			type = type ? type : "";
			if (lateness(entry, NULL) != BUNDLE || take[i] ||
			    (!again && json_object_get(seen, type)))
				continue;
			if (room == 0) {
				*ret_more = true;
				return 0;
			}
			if (json_object_set_new(seen, type, json_true()) < 0)
				return FAIL_NOMEM(e);
			take[i] = true;
			room--;
		}
	return seen ? 0 : FAIL_NOMEM(e);
}

/* Entries that say they are of the type come first: where there are many others, those must not use
 * up what is looked at. What an entry says is no proof, so the others follow; bundles have a limit
 * of their own and leave the others theirs. Each stays behind what it stood behind, for the store
 * goes by that order, too. */
static int likely_first(const json_t *list, const char *type, json_t **ret, bool *ret_more,
			struct err *e)
{
	auto_json *out = json_array();
	auto_free bool *take = calloc(json_array_size(list) + 1, sizeof(*take));
	size_t i, room = LIMIT_REFERRERS;
	json_t *entry;
	int r = out && take ? 0 : FAIL_NOMEM(e);

	if (r == 0 && !type)
		r = choose_bundles(list, LIMIT_BUNDLES, take, ret_more, e);
	for (enum lateness late = WANTED; r == 0 && late < LATENESSES; late++)
		json_array_foreach(list, i, entry)
		{
			if (lateness(entry, type) != late || (late == BUNDLE && !take[i]))
				continue;
			if (late != BUNDLE && room == 0) {
				*ret_more = true;
				break;
			}
			room -= late != BUNDLE;
			if (json_array_append(out, entry) < 0)
				return FAIL_NOMEM(e);
		}
	if (r == 0)
		*ret = TAKE(out);
	return r;
}

/* One referrer: its manifest must name the subject, whatever the list says of it. */
static int get_referrer(struct registry *reg, struct store *s, const char *name,
			const struct digest *subject, const char *artifact_type,
			const json_t *entry, struct progress *p, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	auto_manifest m = { 0 };
	struct desc d;
	int r = desc_parse(entry, "referrer", &d, e);

	if (r == 0 && !desc_is_manifest(&d))
		r = FAIL(e, E_FORMAT, "%s is a '%s', not an image manifest", d.digest.s,
			 d.media_type);
	if (r == 0)
		r = registry_get_manifest(reg, name, d.digest.s, &d, &bytes, NULL, e);
	if (r == 0)
		r = manifest_parse(buf_str(&bytes), bytes.n, d.digest.s, &m, e);
	if (r < 0)
		return r;
	if (!m.has_subject || !digest_eq(&m.subject.digest, subject))
		return FAIL(e, E_FORMAT, "manifest %s does not refer to %s", d.digest.s,
			    subject->s);
	if (artifact_type && strcmp(m.artifact_type, artifact_type) != 0)
		return 1;
	r = registry_get_image(reg, s, name, &d, &bytes, LIMIT_REFERRER_BLOB, p, e);
	return r < 0 ? r : store_add_referrer(s, &d, subject, e);
}

/* Whether an error is about this one referrer, so that the others go on. */
static bool is_its_own(int r)
{
	return r == E_FORMAT || r == E_VERIFY || r == E_NOTFOUND;
}

static int get_all(struct registry *reg, struct store *s, const char *name,
		   const struct digest *subject, const char *artifact_type, const json_t *list,
		   struct progress *p, struct referrers_got *got, struct err *e)
{
	json_t *entry;
	size_t i;

	json_array_foreach(list, i, entry)
	{
		struct err own = ERR_INIT;
		int r;

		r = get_referrer(reg, s, name, subject, artifact_type, entry, p, &own);
		if (r == 0)
			got->added++;
		if (r < 0 && !is_its_own(r)) {
			if (e)
				*e = own;
			return r;
		}
		if (r < 0) {
			char text[512];

			got->skipped++;
			(void)snprintf(text, sizeof(text), "skipped a referrer: %.480s", own.msg);
			text_sanitize(text);
			progress_line(p, text);
		}
	}
	return 0;
}

static void tell_cut(struct progress *p, const struct digest *subject)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
		       "more than %d refer to %s: the others are left, signatures last",
		       LIMIT_REFERRERS, subject->s);
	progress_line(p, text);
}

static int pull_referrers(struct registry *reg, struct store *s, const char *name,
			  const struct digest *subject, const char *artifact_type,
			  struct progress *p, struct referrers_got *ret, struct err *e)
{
	auto_json *given = NULL, *list = NULL;
	struct referrers_got got = { 0 };
	int r = referrers_list_most(reg, name, subject, artifact_type, LIMIT_REFERRERS_LISTED,
				    &given, &got.more, e);

	if (r == E_NOTFOUND)
		r = fallback_list(reg, name, subject, &given, e);
	if (r == 0)
		r = likely_first(given, artifact_type, &list, &got.more, e);
	/* No list at all, or a tag of that name that is something else: nothing refers to it. */
	if (r == 0)
		r = get_all(reg, s, name, subject, artifact_type, list, p, &got, e);
	else if (r == E_NOTFOUND || r == E_FORMAT)
		r = 0;
	if (r == 0 && got.more)
		tell_cut(p, subject);
	if (r < 0)
		return WRAP(e, r, "referrers of %s", subject->s);
	*ret = got;
	return 0;
}

int registry_pull_referrers(struct registry *reg, struct store *s, const char *name,
			    const struct digest *subject, const char *artifact_type,
			    struct progress *p, struct referrers_got *ret, struct err *e)
{
	struct referrers_got got = { 0 }, more = { 0 };
	int r = pull_referrers(reg, s, name, subject, artifact_type, p, &got, e);
	/* Few mirrors carry signatures: an image without them is not unsigned yet. */
	struct registry *original = r == 0 && got.added == 0 ? registry_original(reg) : NULL;

	if (original &&
	    pull_referrers(original, s, name, subject, artifact_type, p, &more, NULL) == 0)
		got = more;
	if (r == 0 && ret)
		*ret = got;
	return r;
}
