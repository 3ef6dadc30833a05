/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/withdrawn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "trust/internal.h"

#define KEY_PREFIX "sha256:"

void withdrawn_free(struct withdrawn *w)
{
	free(w->v);
	*w = (struct withdrawn){ 0 };
}

static int by_key(const void *a, const void *b)
{
	const struct withdrawal *x = a, *y = b;

	return strcmp(x->key, y->key);
}

const struct withdrawal *withdrawn_find(const struct withdrawn *w,
					const char key[static KEY_ID_MAX])
{
	struct withdrawal want = { 0 };

	memcpy(want.key, key, KEY_ID_MAX);
	return w->n ? bsearch(&want, w->v, w->n, sizeof(*w->v), by_key) : NULL;
}

/* For a line of an error or a table. */
static void one_line(char *s)
{
	text_sanitize(s);
	for (; *s; s++)
		*s = *s == '\n' || *s == '\t' ? ' ' : *s;
}

/* Reading. */

static int parse_key(const char *text, char ret[static KEY_ID_MAX], struct err *e)
{
	unsigned char raw[SHA256_LEN];

	if (!starts_with(text, KEY_PREFIX) ||
	    hex_decode(str_of(text + strlen(KEY_PREFIX)), raw, sizeof(raw), NULL) < 0)
		return FAIL(e, E_FORMAT, "want " KEY_PREFIX " and 64 hex digits");
	memcpy(ret, text + strlen(KEY_PREFIX), KEY_ID_MAX);
	return 0;
}

static int copy_text(const json_t *o, const char *name, char ret[static LIMIT_WITHDRAWN_TEXT + 1],
		     struct err *e)
{
	const json_t *v = json_object_get(o, name);

	if (!v)
		return 0;
	if (!json_is_string(v) || json_string_length(v) > LIMIT_WITHDRAWN_TEXT)
		return FAIL(e, E_FORMAT, "%s: want a text of at most %d bytes", name,
			    LIMIT_WITHDRAWN_TEXT);
	(void)snprintf(ret, LIMIT_WITHDRAWN_TEXT + 1, "%s", json_string_value(v));
	one_line(ret);
	return 0;
}

/* An unknown member may be a restriction of a later version: it is not passed over. */
static int check_members(const json_t *o, struct err *e)
{
	const char *name;
	const json_t *v;

	json_object_foreach((json_t *)(uintptr_t)o, name, v)
	{
		if (!has_word("key state since until subject reason", name))
			return FAIL(e, E_FORMAT, "unknown member '%.40s'", name);
	}
	return 0;
}

static int parse_entry(const json_t *o, struct withdrawal *ret, struct err *e)
{
	static const char what[] = "entry";
	struct withdrawal w = { 0 };
	const char *key, *state, *since, *until;
	int r;

	if (!json_is_object(o))
		return FAIL(e, E_FORMAT, "an entry is an object");
	if ((r = check_members(o, e)) < 0 || (r = json_get_string(o, "key", &key, what, e)) < 0 ||
	    (r = parse_key(key, w.key, e)) < 0 ||
	    (r = json_get_string(o, "state", &state, what, e)) < 0 ||
	    (r = json_get_string(o, "since", &since, what, e)) < 0 ||
	    (r = clock_parse_rfc3339(str_of(since), &w.since, e)) < 0 ||
	    (r = copy_text(o, "subject", w.subject, e)) < 0 ||
	    (r = copy_text(o, "reason", w.reason, e)) < 0)
		return r;
	if (strcmp(state, "revoked") == 0) {
		if (json_object_get(o, "until"))
			return FAIL(e, E_FORMAT, "what is revoked has no until");
	} else if (strcmp(state, "rotated") == 0) {
		if ((r = json_get_string(o, "until", &until, what, e)) < 0 ||
		    (r = clock_parse_rfc3339(str_of(until), &w.until, e)) < 0)
			return r;
		if (w.until <= 0)
			return FAIL(e, E_FORMAT, "until: not a time");
	} else {
		return FAIL(e, E_FORMAT, "state '%.40s': want revoked or rotated", state);
	}
	*ret = w;
	return 0;
}

static int parse_list(const json_t *doc, struct withdrawn *ret, struct err *e)
{
	json_t *list = NULL;
	const char *schema;
	int r;

	if ((r = json_get_string(doc, "schema", &schema, "list", e)) < 0 ||
	    (r = json_get_array(doc, "keys", &list, "list", e)) < 0)
		return r;
	if (strcmp(schema, WITHDRAWN_SCHEMA) != 0 || json_object_size(doc) != 2)
		return FAIL(e, E_FORMAT, "not a list of the form " WITHDRAWN_SCHEMA);
	if (json_array_size(list) > LIMIT_WITHDRAWN)
		return FAIL(e, E_FORMAT, "more than %d keys", LIMIT_WITHDRAWN);
	ret->v = calloc(json_array_size(list) + 1, sizeof(*ret->v));
	if (!ret->v)
		return FAIL_NOMEM(e);
	for (; ret->n < json_array_size(list); ret->n++) {
		r = parse_entry(json_array_get(list, ret->n), &ret->v[ret->n], e);
		if (r < 0)
			return WRAP(e, r, "key %zu", ret->n + 1);
	}
	qsort(ret->v, ret->n, sizeof(*ret->v), by_key);
	for (size_t i = 1; i < ret->n; i++)
		if (by_key(&ret->v[i - 1], &ret->v[i]) == 0)
			return FAIL(e, E_FORMAT, "a key is listed twice");
	return 0;
}

int withdrawn_parse(struct str text, struct withdrawn *ret, struct err *e)
{
	auto_withdrawn w = { 0 };
	auto_json *doc = NULL;
	int r = json_parse(text.p, text.n, "list", &doc, e);

	r = r < 0 ? r : parse_list(doc, &w, e);
	if (r < 0)
		return WRAP(e, r, "withdrawn keys");
	*ret = w;
	w = (struct withdrawn){ 0 };
	return 0;
}

int withdrawn_load(int dir, struct withdrawn *ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_WITHDRAWN_FILE + 1);
	struct err own = ERR_INIT;
	int r = trust_read(dir, FILE_WITHDRAWN, LIMIT_WITHDRAWN_FILE, &text, &own);

	if (r == E_NOTFOUND) {
		*ret = (struct withdrawn){ 0 };
		return 0;
	}
	if (r < 0 && e)
		*e = own;
	r = r < 0 ? r : withdrawn_parse((struct str){ buf_str(&text), text.n }, ret, e);
	return r < 0 ? WRAP(e, r, "trust/" FILE_WITHDRAWN) : 0;
}

/* Writing. */

static int put_entry(json_t *list, const struct withdrawal *w, struct err *e)
{
	char key[sizeof(KEY_PREFIX) + KEY_ID_MAX], since[RFC3339_MAX], until[RFC3339_MAX];
	json_t *o = json_object();
	int r = json_push(list, o, e);

	(void)snprintf(key, sizeof(key), KEY_PREFIX "%s", w->key);
	clock_rfc3339(w->since, since);
	clock_rfc3339(w->until, until);
	if (r < 0 || (r = json_put_string(o, "key", key, e)) < 0 ||
	    (r = json_put_string(o, "state", w->until ? "rotated" : "revoked", e)) < 0 ||
	    (r = json_put_string(o, "since", since, e)) < 0 ||
	    (r = json_put_string(o, "until", w->until ? until : NULL, e)) < 0 ||
	    (r = json_put_string(o, "subject", w->subject[0] ? w->subject : NULL, e)) < 0)
		return r;
	return json_put_string(o, "reason", w->reason[0] ? w->reason : NULL, e);
}

int withdrawn_json(const struct withdrawn *w, json_t **ret, struct err *e)
{
	auto_json *doc = json_object();
	json_t *list = json_array();
	int r = json_put(doc, "keys", list, e);

	r = r < 0 ? r : json_put_string(doc, "schema", WITHDRAWN_SCHEMA, e);
	for (size_t i = 0; r == 0 && i < w->n; i++)
		r = put_entry(list, &w->v[i], e);
	if (r < 0)
		return r;
	*ret = TAKE(doc);
	return 0;
}

/* The stricter of two: revoked before rotated, and each date the earlier. */
static bool tighten(struct withdrawal *have, const struct withdrawal *more)
{
	const struct withdrawal was = *have;

	if (!more->until || !have->until) {
		/* The time of a revocation is for people: it decides nothing. */
		if (have->until)
			*have = *more;
		return was.until != have->until;
	}
	have->since = more->since < have->since ? more->since : have->since;
	have->until = more->until < have->until ? more->until : have->until;
	return was.since != have->since || was.until != have->until;
}

/* At the end: the caller sorts. */
static int append(struct withdrawn *all, const struct withdrawal *w, struct err *e)
{
	struct withdrawal *p;

	if (all->n >= LIMIT_WITHDRAWN)
		return FAIL(e, E_FORMAT, "more than %d withdrawn keys", LIMIT_WITHDRAWN);
	p = reallocarray(all->v, all->n + 1, sizeof(*p));
	if (!p)
		return FAIL_NOMEM(e);
	all->v = p;
	all->v[all->n++] = *w;
	return 0;
}

int withdrawn_merge(int dir, const struct withdrawn *more, size_t *ret_new, struct err *e)
{
	auto_withdrawn all = { 0 }, read = { 0 };
	auto_json *doc = NULL;
	auto_buf text = BUF_INIT(LIMIT_WITHDRAWN_FILE);
	size_t changed = 0;
	int r = withdrawn_load(dir, &all, e);
	const size_t before = all.n;

	/* No key is twice in more, so what is new need not be found again. */
	for (size_t i = 0; r == 0 && i < more->n; i++) {
		const struct withdrawn sorted = { .v = all.v, .n = before };
		struct withdrawal *have =
			(struct withdrawal *)(uintptr_t)withdrawn_find(&sorted, more->v[i].key);

		if (!have)
			r = append(&all, &more->v[i], e);
		changed += have ? tighten(have, &more->v[i]) : r == 0;
	}
	if (all.n > before)
		qsort(all.v, all.n, sizeof(*all.v), by_key);
	if (r == 0 && changed) {
		r = withdrawn_json(&all, &doc, e);
		r = r < 0 ? r : json_pretty(doc, &text, e);
		/* What we write must be what we read: else nothing is verified any more. */
		r = r < 0 ? r : withdrawn_parse((struct str){ buf_str(&text), text.n }, &read, e);
		r = r < 0 ? r : fs_write_file(dir, FILE_WITHDRAWN, text.p, text.n, 0600, e);
	}
	if (r < 0)
		return r;
	*ret_new = changed;
	return 0;
}

int withdrawn_add(int dir, const struct withdrawal *w, bool *ret_changed, struct err *e)
{
	struct withdrawal copy = *w;
	size_t changed = 0;
	int r = withdrawn_merge(dir, &(struct withdrawn){ .v = &copy, .n = 1 }, &changed, e);

	if (r == 0 && ret_changed)
		*ret_changed = changed != 0;
	return r;
}

/* Asking. */

int withdrawn_check(const struct withdrawn *w, const struct key *k, int64_t signed_at, int64_t now,
		    struct err *e)
{
	const struct withdrawal *found;
	char id[KEY_ID_MAX], since[RFC3339_MAX], until[RFC3339_MAX];
	int r = w->n ? key_spki_id(k, id, e) : 0;

	if (r < 0)
		return r;
	found = w->n ? withdrawn_find(w, id) : NULL;
	if (!found)
		return 0;
	clock_rfc3339(found->since, since);
	clock_rfc3339(found->until, until);
	if (!found->until)
		return FAIL(e, E_VERIFY, "the signing key %.12s was revoked at %s%s%s", id, since,
			    found->reason[0] ? ": " : "", found->reason);
	if (now >= found->until)
		return FAIL(e, E_VERIFY,
			    "the signing key %.12s was rotated, and what it signed counted until "
			    "%s",
			    id, until);
	if (signed_at > found->since)
		return FAIL(e, E_VERIFY,
			    "the signing key %.12s was rotated at %s, before this was signed", id,
			    since);
	return 0;
}

int withdrawn_check_chain(const struct withdrawn *w, const struct chain *c, int64_t signed_at,
			  int64_t now, struct err *e)
{
	for (size_t i = 0; w->n && i < c->n; i++) {
		auto_release(key_free) struct key *k = NULL;
		int r = cert_key(c->v[i], &k, e);

		r = r < 0 ? r : withdrawn_check(w, k, signed_at, now, e);
		if (r < 0)
			return i ? WRAP(e, r, "CA certificate %zu of the chain", i + 1) : r;
	}
	return 0;
}

int trust_key_withdrawn(const struct state *state, const struct key *k, int64_t signed_at,
			struct err *e)
{
	auto_close int dir = trust_dir(state, false, e);
	auto_withdrawn w = { 0 };
	int r = dir == E_NOTFOUND ? 0 : dir < 0 ? dir : withdrawn_load(dir, &w, e);

	return r < 0 ? r : withdrawn_check(&w, k, signed_at, clock_now(), e);
}
