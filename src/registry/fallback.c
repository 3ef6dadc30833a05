/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The referrers tag schema (distribution-spec, "Referrers Tag Schema"): where a registry does not
 * list what refers to a manifest, an index under the tag "sha256-<hex>" of the manifest does. It is
 * read, changed and written by every client by itself, so what was written is read again.
 */
#include <time.h>

#include "base/clock.h"
#include "registry/registry_internal.h"

enum {
	FALLBACK_TRIES = 8,
	FALLBACK_SETTLE_MS = 60, /* at least; and so many times what we took from look to write */
	FALLBACK_SETTLE_TIMES = 3,
	FALLBACK_SETTLE_MOST_MS = 3000,
	LIMIT_FALLBACK_ENTRIES = LIMIT_REFERRERS_LISTED,
};

struct fallback_tag fallback_tag(const struct digest *subject)
{
	struct fallback_tag t;

	(void)snprintf(t.s, sizeof(t.s), "sha256-%s", digest_hex(subject));
	return t;
}

/* *ret_at: the digest of the index. */
static int read_list(struct registry *reg, const char *name, const struct digest *subject,
		     json_t **ret, struct digest *ret_at, struct err *e)
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
	*ret_at = d.digest;
	return 0;
}

int fallback_list(struct registry *reg, const char *name, const struct digest *subject,
		  json_t **ret, struct err *e)
{
	struct digest at;

	return read_list(reg, name, subject, ret, &at, e);
}

/* The list with the entries at its end, each digest once. */
static int with_entries(const json_t *list, const json_t *entries, json_t **ret, struct err *e)
{
	const json_t *const parts[] = { list, entries };
	auto_json *out = json_array(), *seen = json_object();
	json_t *entry;
	size_t i;

	if (!out || !seen)
		return FAIL_NOMEM(e);
	for (int k = 0; k < 2; k++)
		json_array_foreach(parts[k], i, entry)
		{
			const char *digest = json_string_or_null(entry, "digest");

			if (!json_is_object(entry) || (digest && json_object_get(seen, digest)))
				continue;
			if ((digest &&
			     json_object_set_new_nocheck(seen, digest, json_true()) < 0) ||
			    json_array_append(out, entry) < 0)
				return FAIL_NOMEM(e);
		}
	if (json_array_size(out) > LIMIT_FALLBACK_ENTRIES)
		return FAIL(e, E_REMOTE, "more than %d entries", LIMIT_FALLBACK_ENTRIES);
	*ret = TAKE(out);
	return 0;
}

/* at: what the tag was, "" for nothing; NULL: whatever it is. *ret_refused: it is that no more, and
 * nothing was written. */
static int write_list(struct registry *reg, const char *name, const struct digest *subject,
		      json_t *list, const struct digest *at, bool *ret_refused, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	auto_json *j = json_pack("{s:i, s:s, s:O}", "schemaVersion", 2, "mediaType", MT_OCI_INDEX,
				 "manifests", list);
	int r = j ? json_canonical(j, &bytes, e) : FAIL_NOMEM(e);

	return r < 0 ? r
		     : registry_put_unmoved(reg, name, fallback_tag(subject).s, MT_OCI_INDEX,
					    &bytes, at, ret_refused, e);
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
		   json_t **ret, struct digest *ret_at, struct err *e)
{
	int r = read_list(reg, name, subject, ret, ret_at, e);

	if (r != E_NOTFOUND)
		return r;
	*ret = json_array();
	*ret_at = (struct digest){ "" };
	return *ret ? 0 : FAIL_NOMEM(e);
}

static int add_once(struct registry *reg, const char *name, const struct digest *subject,
		    const json_t *list, const json_t *entries, const struct digest *at,
		    bool *ret_refused, struct err *e)
{
	auto_json *next = NULL;
	struct err first = ERR_INIT;
	int r = with_entries(list, entries, &next, e);

	if (r < 0)
		return r;
	r = write_list(reg, name, subject, next, at, ret_refused, &first);
	if (r == E_REMOTE || r == E_NOTFOUND) {
		r = prune(reg, name, next, e);
		if (r == 0)
			r = write_list(reg, name, subject, next, at, ret_refused, e);
	} else if (r < 0 && e) {
		*e = first;
	}
	return r;
}

/* Few registries look at If-Match: whoever read the list before our write and wrote after it should
 * have done so when we look again. They take about as long as we did. */
static int settle(unsigned n, bool refused, uint64_t took_ms, struct err *e)
{
	uint64_t ms = FALLBACK_SETTLE_MS + FALLBACK_SETTLE_TIMES * took_ms;
	struct timespec step;

	if (ms > FALLBACK_SETTLE_MOST_MS)
		ms = FALLBACK_SETTLE_MOST_MS;
	step.tv_sec = (time_t)(ms / 1000);
	step.tv_nsec = (long)(ms % 1000) * 1000 * 1000;
	(void)nanosleep(&step, NULL);
	/* Of many who write one has to be alone. */
	return n > 2 || refused ? registry_wait(1, NULL, e) : 0;
}

int fallback_add(struct registry *reg, const char *name, const struct digest *subject,
		 const json_t *entries, struct err *e)
{
	struct digest refused_at = { "-" };

	for (unsigned n = 1;; n++) {
		auto_json *list = NULL, *new = NULL;
		struct digest at;
		bool refused = false;
		uint64_t began = clock_mono_ms();
		int r = current(reg, name, subject, &list, &at, e);

		if (r == 0)
			r = desc_missing(list, entries, &new, e);
		if (r == 0 && json_array_size(new) == 0)
			return 0;
		if (r == 0 && n > FALLBACK_TRIES)
			r = FAIL(e, E_REMOTE, "others overwrote it %d times", FALLBACK_TRIES);
		/* Refused, though it is what it was: what is compared is something else. */
		if (r == 0)
			r = add_once(reg, name, subject, list, new,
				     strcmp(refused_at.s, at.s) == 0 ? NULL : &at, &refused, e);
		if (r == 0)
			r = settle(n, refused, clock_mono_ms() - began, e);
		if (r < 0)
			return WRAP(e, r, "enter into tag %s", fallback_tag(subject).s);
		if (refused)
			refused_at = at;
		/* Read again: another client may have written between our read and our write. */
	}
}
