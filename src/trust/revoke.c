/* SPDX-License-Identifier: Apache-2.0 */
/* Putting keys on the list of those that are trusted no more, and carrying the list elsewhere. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "trust/internal.h"
#include "trust/withdrawn.h"

void trust_subject(const struct cert *c, char *ret, size_t n)
{
	auto_buf dn = BUF_INIT(4 * LIMIT_DN_TEXT);

	dn_text(cert_subject(c), &dn);
	(void)snprintf(ret, n, "%s", buf_str(&dn));
	text_sanitize(ret);
}

int withdrawal_of(const struct cert *c, struct withdrawal *ret, struct err *e)
{
	auto_release(key_free) struct key *k = NULL;
	int r = cert_key(c, &k, e);

	r = r < 0 ? r : key_spki_id(k, ret->key, e);
	if (r == 0)
		trust_subject(c, ret->subject, sizeof(ret->subject));
	return r;
}

/* Certificates whose thumbprint begins so; all must be of one key. */
struct search {
	const char *prefix;
	struct withdrawal found;
};

static int match(const struct stored *one, void *arg, struct err *e)
{
	struct search *s = arg;
	struct withdrawal w = { 0 };
	char hex[THUMBPRINT_MAX];
	int r;

	cert_thumbprint(one->cert, hex);
	if (!starts_with(hex, s->prefix))
		return 0;
	r = withdrawal_of(one->cert, &w, e);
	if (r < 0)
		return r;
	if (s->found.key[0] && strcmp(s->found.key, w.key) != 0)
		return FAIL(e, E_USAGE, "thumbprint %s... is of several keys: give more of it",
			    s->prefix);
	s->found = w;
	return 0;
}

static int by_name(int dir, const char *name, struct withdrawal *ret, struct err *e)
{
	auto_chain c = { .n = 0 };
	char prefix[THUMBPRINT_MAX];
	struct search s = { .prefix = prefix };
	int r = trust_name_ok(name) ? trust_key_chain(dir, name, &c, NULL) : E_NOTFOUND;

	if (r == 0)
		return withdrawal_of(c.v[0], ret, e);
	/* One whose certificate is still asked for, or broken. */
	if (trust_name_ok(name) && trust_key_there(dir, name)) {
		auto_release(key_free) struct key *k = NULL;

		r = trust_key_public(dir, name, &k, e);
		return r < 0 ? r : key_spki_id(k, ret->key, e);
	}
	if (starts_with(name, "sha256:") && trust_thumbprint_like(name + 7) &&
	    strlen(name) == 7 + 64) {
		memcpy(ret->key, name + 7, KEY_ID_MAX);
		return 0;
	}
	if (trust_fingerprint(name, prefix)) {
		r = trust_each_cert(dir, NULL, match, &s, e);
		*ret = s.found;
		if (r < 0 || ret->key[0])
			return r;
	}
	r = FAIL(e, E_NOTFOUND, "there is no key and no trusted certificate '%.100s'", name);
	return err_hint(e, r,
			"plimsoll trust list; plimsoll trust revoke --cert FILE for one that is "
			"not here");
}

/* A certificate's, leaf first, or a bare public key. */
static int by_file(struct str file, struct withdrawal *ret, struct err *e)
{
	auto_chain c = { .n = 0 };
	auto_release(key_free) struct key *k = NULL;
	int r = chain_from_file(file, &c, NULL);

	if (r == 0)
		return withdrawal_of(c.v[0], ret, e);
	r = key_public_from_pem(file, &k, NULL);
	if (r < 0)
		return FAIL(e, E_FORMAT, "neither a certificate nor a public key");
	return key_spki_id(k, ret->key, e);
}

int trust_revoke(const struct state *state, const struct trust_revocation *o,
		 struct withdrawal *ret, bool *ret_changed, struct err *e)
{
	auto_close int dir = trust_dir(state, true, e);
	auto_close int lock = dir < 0 ? dir : trust_lock(dir, e);
	struct withdrawal w = { 0 };
	int r;

	if (lock < 0)
		return lock;
	if (o->reason && (strlen(o->reason) > LIMIT_WITHDRAWN_TEXT || !str_utf8(str_of(o->reason))))
		return FAIL(e, E_USAGE, "a reason is a text of at most %d bytes",
			    LIMIT_WITHDRAWN_TEXT);
	r = o->file.n ? by_file(o->file, &w, e) : by_name(dir, o->name, &w, e);
	if (r < 0)
		return r;
	w.since = clock_now();
	(void)snprintf(w.reason, sizeof(w.reason), "%s", o->reason ? o->reason : "");
	text_sanitize(w.reason);
	r = withdrawn_add(dir, &w, ret_changed, e);
	if (r == 0)
		*ret = w;
	return r;
}

int trust_revocations_import(const struct state *state, struct str file, size_t *ret_new,
			     struct err *e)
{
	auto_withdrawn more = { 0 };
	int r = withdrawn_parse(file, &more, e);

	if (r < 0)
		return r;

	auto_close int dir = trust_dir(state, true, e);
	auto_close int lock = dir < 0 ? dir : trust_lock(dir, e);

	return lock < 0 ? lock : withdrawn_merge(dir, &more, ret_new, e);
}

int trust_revocations_export(const struct state *state, json_t **ret, struct err *e)
{
	auto_close int dir = trust_dir(state, false, e);
	auto_withdrawn w = { 0 };
	int r = dir == E_NOTFOUND ? 0 : dir < 0 ? dir : withdrawn_load(dir, &w, e);

	return r < 0 ? r : withdrawn_json(&w, ret, e);
}
