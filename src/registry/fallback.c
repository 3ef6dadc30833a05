/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The referrers tag schema (distribution-spec, "Referrers Tag Schema"): where a registry does not
 * list what refers to a manifest, an index under the tag "sha256-<hex>" of the manifest does. It is
 * read, changed and written by every client by itself, so what was written is read again.
 */
#include "registry/registry_internal.h"

enum { FALLBACK_TRIES = 6, LIMIT_FALLBACK_ENTRIES = LIMIT_REFERRERS_LISTED };

struct fallback_tag {
	char s[8 + DIGEST_HEX];
};

static struct fallback_tag fallback_tag(const struct digest *subject)
{
	struct fallback_tag t;

	(void)snprintf(t.s, sizeof(t.s), "sha256-%s", digest_hex(subject));
	return t;
}

int fallback_list(struct registry *reg, const char *name, const struct digest *subject,
		  json_t **ret, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	auto_json *j = NULL;
	struct desc d;
	json_t *list;
	int r = registry_get_manifest(reg, name, fallback_tag(subject).s, NULL, &bytes, &d, e);

	if (r < 0)
		return r;
	/* Some registries read the tag as the subject's own digest and answer with the subject. */
	if (!desc_is_index(&d) || digest_eq(&d.digest, subject))
		return FAIL(e, E_FORMAT, "tag %s is not an index of referrers",
			    fallback_tag(subject).s);
	r = json_parse(buf_str(&bytes), bytes.n, "fallback tag", &j, e);
	if (r == 0)
		r = json_get_array(j, "manifests", &list, "fallback tag", e);
	if (r < 0)
		return r;
	/* E_FORMAT would be "none", and what is signed by so many is not unsigned. */
	if (json_array_size(list) > LIMIT_FALLBACK_ENTRIES)
		return FAIL(e, E_REMOTE, "tag %s: more than %d entries", fallback_tag(subject).s,
			    LIMIT_FALLBACK_ENTRIES);
	*ret = json_incref(list);
	return 0;
}

static bool same_digest(const json_t *a, const json_t *b)
{
	const char *x = json_string_or_null(a, "digest"), *y = json_string_or_null(b, "digest");

	return x && y && strcmp(x, y) == 0;
}

static bool holds(const json_t *list, const json_t *entry)
{
	json_t *other;
	size_t i;

	json_array_foreach(list, i, other) if (same_digest(other, entry)) return true;
	return false;
}

/* The list with entry at its end, each digest once. */
static int with_entry(const json_t *list, const json_t *entry, json_t **ret, struct err *e)
{
	auto_json *out = json_array(), *seen = json_object();
	json_t *other;
	size_t i;

	if (!out || !seen)
		return FAIL_NOMEM(e);
	json_array_foreach(list, i, other)
	{
		const char *digest = json_string_or_null(other, "digest");

		if (!json_is_object(other) || same_digest(other, entry) ||
		    (digest && json_object_get(seen, digest)))
			continue;
		if ((digest && json_object_set_new_nocheck(seen, digest, json_true()) < 0) ||
		    json_array_append(out, other) < 0)
			return FAIL_NOMEM(e);
	}
	if (json_array_append_new(out, json_deep_copy(entry)) < 0)
		return FAIL_NOMEM(e);
	*ret = TAKE(out);
	return 0;
}

static int write_list(struct registry *reg, const char *name, const struct digest *subject,
		      json_t *list, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	auto_json *j = json_pack("{s:i, s:s, s:O}", "schemaVersion", 2, "mediaType", MT_OCI_INDEX,
				 "manifests", list);
	int r = j ? json_canonical(j, &bytes, e) : FAIL_NOMEM(e);

	return r < 0 ? r
		     : registry_put_manifest(reg, name, fallback_tag(subject).s, MT_OCI_INDEX,
					     &bytes, NULL, e);
}

/* Registries refuse an index that names what they no longer have: those entries go. */
static int prune(struct registry *reg, const char *name, json_t *list, struct err *e)
{
	for (size_t i = json_array_size(list); i-- > 0;) {
		struct desc d;
		bool there = false;
		int r;

		if (desc_parse(json_array_get(list, i), "fallback tag", &d, NULL) < 0)
			continue; /* somebody knows what it is */
		r = registry_has_manifest(reg, name, &d.digest, &there, e);
		if (r < 0)
			return r;
		if (!there)
			(void)json_array_remove(list, i);
	}
	return 0;
}

/* The list now, empty when there is none. What is there but is no list is not overwritten. */
static int current(struct registry *reg, const char *name, const struct digest *subject,
		   json_t **ret, struct err *e)
{
	int r = fallback_list(reg, name, subject, ret, e);

	if (r != E_NOTFOUND)
		return r;
	*ret = json_array();
	return *ret ? 0 : FAIL_NOMEM(e);
}

static int add_once(struct registry *reg, const char *name, const struct digest *subject,
		    const json_t *list, const json_t *entry, struct err *e)
{
	auto_json *next = NULL;
	struct err first = ERR_INIT;
	int r = with_entry(list, entry, &next, e);

	if (r < 0)
		return r;
	r = write_list(reg, name, subject, next, &first);
	if (r == E_REMOTE || r == E_NOTFOUND) {
		r = prune(reg, name, next, e);
		if (r == 0)
			r = write_list(reg, name, subject, next, e);
	} else if (r < 0 && e) {
		*e = first;
	}
	return r;
}

int fallback_add(struct registry *reg, const char *name, const struct digest *subject,
		 const json_t *entry, struct err *e)
{
	for (unsigned n = 1;; n++) {
		auto_json *list = NULL;
		int r = current(reg, name, subject, &list, e);

		if (r == 0 && holds(list, entry))
			return 0;
		if (r == 0 && n > FALLBACK_TRIES)
			r = FAIL(e, E_REMOTE, "others overwrote it %d times", FALLBACK_TRIES);
		if (r == 0 && n > 1)
			r = registry_wait(n - 1, NULL, e);
		if (r == 0)
			r = add_once(reg, name, subject, list, entry, e);
		if (r < 0)
			return WRAP(e, r, "enter into tag %s", fallback_tag(subject).s);
		/* Read again: another client may have written between our read and our write. */
	}
}
