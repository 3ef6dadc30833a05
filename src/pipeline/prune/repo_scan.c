/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a repository, and what of it is needed. */
#include <stdlib.h>

#include "base/clock.h"
#include "pipeline/prune/repo_internal.h"

void repo_free(struct repo *x)
{
	registry_close(x->reg);
	strv_free(&x->tags);
	free(x->named);
	json_decref(x->at);
	json_decref(x->needed);
	*x = (struct repo){ 0 };
}

bool repo_helper_tag(const char *tag, struct digest *ret)
{
	char text[sizeof(ret->s)];
	struct digest ignored;

	if (!starts_with(tag, "sha256-") || strlen(tag) < 7 + DIGEST_HEX ||
	    (tag[7 + DIGEST_HEX] && tag[7 + DIGEST_HEX] != '.'))
		return false;
	(void)snprintf(text, sizeof(text), "sha256:%.*s", DIGEST_HEX, tag + 7);
	return digest_parse(str_of(text), ret ? ret : &ignored, NULL) == 0;
}

/* When an image was made; 0 when nothing says. */
static int find_created(struct repo *x, const struct desc *d, const struct buf *bytes, int64_t *ret,
			struct err *e)
{
	auto_buf config = BUF_INIT(LIMIT_CONFIG);
	auto_manifest m = { 0 };
	auto_json *j = NULL;
	const char *created;
	int r;

	*ret = 0;
	if (!desc_is_manifest(d) ||
	    manifest_parse(buf_str(bytes), bytes->n, d->digest.s, &m, NULL) < 0)
		return 0;
	r = registry_read_blob(x->reg, x->name, &m.config, LIMIT_CONFIG, &config, e);
	if (r < 0)
		return r == E_NOTFOUND || r == E_FORMAT ? 0 : r;
	if (json_parse(buf_str(&config), config.n, "config", &j, NULL) == 0 &&
	    (created = json_string_or_null(j, "created")) != NULL &&
	    clock_parse_rfc3339(str_of(created), ret, NULL) < 0)
		*ret = 0;
	return 0;
}

static int keep_newest(struct repo *x, const struct desc *d, void *arg, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	struct named *n = arg;
	int64_t created = 0;
	int r = registry_read_manifest(x->reg, x->name, d->digest.s, &bytes, NULL, e);

	if (r == 0)
		r = find_created(x, d, &bytes, &created, e);
	if (created > n->created)
		n->created = created;
	return r == E_NOTFOUND ? 0 : r;
}

static int scan_tag(struct repo *x, const char *tag, bool created, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	struct named *n = &x->named[x->named_n];
	struct desc d;
	int r = registry_read_manifest(x->reg, x->name, tag, &bytes, &d, e);

	if (r == E_NOTFOUND) /* gone since the list was made, or a tag of nothing */
		return 0;
	if (r == 0)
		r = json_put_string(x->at, tag, d.digest.s, e);
	if (r < 0 || repo_helper_tag(tag, NULL))
		return r;
	*n = (struct named){ .tag = tag, .d = d };
	x->named_n++;
	return created ? repo_walk(x, &d, 0, keep_newest, n, e) : 0;
}

int repo_scan(struct repo *x, bool created, struct err *e)
{
	int r = registry_tags(x->reg, x->name, &x->tags, e);

	if (r < 0)
		return r;
	x->at = json_object();
	x->needed = json_object();
	x->named = calloc(x->tags.n + 1, sizeof(*x->named));
	if (!x->at || !x->needed || !x->named)
		return FAIL_NOMEM(e);
	progress_begin(x->p, "look at all tags", x->tags.n);
	for (size_t i = 0; i < x->tags.n && r == 0; i++) {
		progress_advance(x->p, i);
		r = scan_tag(x, x->tags.v[i], created, e);
		if (r < 0)
			r = WRAP(e, r, "tag %s", x->tags.v[i]);
	}
	progress_end(x->p, r < 0 ? "failed" : NULL);
	return r;
}

int repo_walk(struct repo *x, const struct desc *d, int depth, repo_visit_fn fn, void *arg,
	      struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	auto_json *j = NULL;
	json_t *list, *entry;
	size_t i;
	int r = fn(x, d, arg, e);

	if (r < 0 || !desc_is_index(d))
		return r;
	/* What is not looked at would count as needed by nothing. */
	if (depth == LIMIT_PRUNE_DEPTH)
		return FAIL(e, E_POLICY, "index %s: nested deeper than %d", d->digest.s,
			    LIMIT_PRUNE_DEPTH);
	r = registry_read_manifest(x->reg, x->name, d->digest.s, &bytes, NULL, e);
	if (r == 0)
		r = json_parse(buf_str(&bytes), bytes.n, d->digest.s, &j, e);
	if (r == 0)
		r = json_get_array(j, "manifests", &list, d->digest.s, e);
	if (r == E_NOTFOUND)
		return 0;
	json_array_foreach(r == 0 ? list : NULL, i, entry)
	{
		struct desc sub;

		if (r == 0 && desc_parse(entry, d->digest.s, &sub, NULL) == 0)
			r = repo_walk(x, &sub, depth + 1, fn, arg, e);
	}
	return r;
}

/* --- signatures --- */

/* By its type: whoever made it, and whether it is any good, is not asked here. */
static bool looks_signed(const json_t *entry)
{
	static const char *const words[] = { "sign",   "notary", "sigstore",
					     "cosign", "dsse",	 "in-toto" };
	const char *type = json_string_or_null(entry, "artifactType");

	if (!type || strcmp(type, MT_OCI_EMPTY) == 0)
		return true; /* it may be one: fallback tags do not always say */
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strstr(type, words[i]))
			return true;
	return false;
}

static int find_signature(struct repo *x, const struct desc *d, void *arg, struct err *e)
{
	auto_json *list = NULL;
	json_t *entry;
	bool *found = arg;
	char tag[128];
	size_t i;
	int r;

	(void)snprintf(tag, sizeof(tag), "sha256-%s.sig", digest_hex(&d->digest));
	if (*found || json_object_get(x->at, tag)) {
		*found = true;
		return 0;
	}
	r = registry_referrers(x->reg, x->name, &d->digest, &list, NULL, e);
	json_array_foreach(list, i, entry) *found |= looks_signed(entry);
	return r;
}

int repo_has_signature(struct repo *x, const char *digest, bool *ret, struct err *e)
{
	struct desc d = { 0 };
	int r = digest_parse(str_of(digest), &d.digest, e);

	*ret = false;
	return r < 0 ? r : find_signature(x, &d, ret, e);
}

int repo_is_signed(struct repo *x, const struct desc *d, bool *ret, struct err *e)
{
	*ret = false;
	return repo_walk(x, d, 0, find_signature, ret, e);
}

/* --- what is needed --- */

bool repo_needs(const struct repo *x, const char *digest)
{
	return json_object_get(x->needed, digest) != NULL;
}

/* An image with what refers to it: a list's word is enough to keep something. */
static int need_one(struct repo *x, const struct desc *d, void *arg, struct err *e)
{
	auto_json *list = NULL;
	json_t *entry;
	size_t i;
	int r;

	(void)arg;
	if (repo_needs(x, d->digest.s))
		return 0;
	r = json_put(x->needed, d->digest.s, json_true(), e);
	if (r == 0)
		r = registry_referrers(x->reg, x->name, &d->digest, &list, NULL, e);
	json_array_foreach(list, i, entry)
	{
		const char *digest = json_string_or_null(entry, "digest");

		if (r == 0 && digest)
			r = json_put(x->needed, digest, json_true(), e);
	}
	return r;
}

int repo_need(struct repo *x, const struct desc *d, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	auto_manifest m = { 0 };
	int r = repo_walk(x, d, 0, need_one, NULL, e);

	/* A tag of a signature needs what it signs. */
	if (r < 0 || !desc_is_manifest(d))
		return r;
	r = registry_read_manifest(x->reg, x->name, d->digest.s, &bytes, NULL, e);
	if (r == 0 && manifest_parse(buf_str(&bytes), bytes.n, d->digest.s, &m, NULL) == 0 &&
	    m.has_subject)
		r = repo_walk(x, &m.subject, 0, need_one, NULL, e);
	return r == E_NOTFOUND ? 0 : r;
}
