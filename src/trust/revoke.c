/* SPDX-License-Identifier: Apache-2.0 */
/* Putting keys on the list of those that are trusted no more, and carrying the list elsewhere. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "trust/holder.h"
#include "trust/internal.h"
#include "trust/sigstore/sigstore.h"
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

/* Certificates whose thumbprint begins so, and keys whose id does; all must be of one key. */
struct search {
	const char *prefix;
	struct withdrawal found;
};

static int take(struct search *s, const struct withdrawal *w, struct err *e)
{
	if (s->found.key[0] && strcmp(s->found.key, w->key) != 0)
		return FAIL(e, E_USAGE, "%s... is of several keys: give more of it", s->prefix);
	if (!s->found.key[0] || w->subject[0])
		s->found = *w;
	return 0;
}

static int match_cert(struct search *s, const struct cert *c, struct err *e)
{
	struct withdrawal w = { 0 };
	char hex[THUMBPRINT_MAX];
	bool meant;
	int r;

	cert_thumbprint(c, hex);
	meant = starts_with(hex, s->prefix);
	r = withdrawal_of(c, &w, meant ? e : NULL);
	if (r < 0)
		return meant ? r : 0;
	return meant || starts_with(w.key, s->prefix) ? take(s, &w, e) : 0;
}

static int match(const struct stored *one, void *arg, struct err *e)
{
	return match_cert(arg, one->cert, e);
}

/* Keys of this host: a CA's leaf is in no trust store. What cannot be read has no id. */
static int search_keys(int dir, struct search *s, struct err *e)
{
	auto_strv files = { 0 };
	int r = trust_names(dir, DIR_KEYS, &files, e);

	for (size_t i = 0; r == 0 && i < files.n; i++) {
		auto_chain c = { .n = 0 };
		auto_release(key_free) struct key *k = NULL;
		struct withdrawal w = { 0 };
		char *end = strrchr(files.v[i], '.');

		if (!end)
			continue;
		*end = '\0';
		if (strcmp(end + 1, "crt") == 0 && trust_key_chain(dir, files.v[i], &c, NULL) == 0)
			r = match_cert(s, c.v[0], e);
		else if (strcmp(end + 1, "pub") == 0 &&
			 trust_key_public(dir, files.v[i], &k, NULL) == 0 &&
			 key_spki_id(k, w.key, NULL) == 0 && starts_with(w.key, s->prefix))
			r = take(s, &w, e);
	}
	return r;
}

/* Public keys that were added as cosign has them, and what is on the list already: only whole ids,
 * since a key that was rotated has no other file here. */
static int search_lists(const struct state *state, int dir, struct search *s, struct err *e)
{
	auto_sigstore_trust keys = { 0 };
	auto_withdrawn listed = { 0 };
	const struct withdrawal *have;
	int r = 0;

	if (sigstore_trust_load(state, NULL, &keys, NULL) < 0)
		keys = (struct sigstore_trust){ 0 };
	for (size_t i = 0; r == 0 && i < keys.n; i++) {
		struct withdrawal w = { 0 };

		(void)snprintf(w.key, sizeof(w.key), "%s", keys.v[i].id);
		r = starts_with(w.key, s->prefix) ? take(s, &w, e) : 0;
	}
	if (r < 0 || s->found.key[0] || strlen(s->prefix) != KEY_ID_MAX - 1 ||
	    (r = withdrawn_load(dir, &listed, e)) < 0)
		return r;
	have = withdrawn_find(&listed, s->prefix);
	if (have) {
		memcpy(s->found.key, have->key, sizeof(s->found.key));
		memcpy(s->found.subject, have->subject, sizeof(s->found.subject));
	}
	return 0;
}

/* The id of a key that nothing here may have: said so, since a certificate's thumbprint looks the
 * same, and to list that would revoke nothing. */
static bool is_key_id(const char *name, char ret[static KEY_ID_MAX])
{
	static const char prefix[] = "key:sha256:";

	if (!starts_with(name, prefix) || !trust_thumbprint_like(name + strlen(prefix)) ||
	    strlen(name) != strlen(prefix) + KEY_ID_MAX - 1)
		return false;
	memcpy(ret, name + strlen(prefix), KEY_ID_MAX);
	return true;
}

static int by_name(const struct state *state, int dir, const char *name, struct withdrawal *ret,
		   struct err *e)
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
	if (is_key_id(name, ret->key))
		return 0;
	if (trust_fingerprint(name, prefix)) {
		if ((r = trust_each_cert(dir, NULL, match, &s, e)) < 0 ||
		    (r = search_keys(dir, &s, e)) < 0 || (r = search_lists(state, dir, &s, e)) < 0)
			return r;
		*ret = s.found;
		if (ret->key[0])
			return 0;
	}
	r = FAIL(e, E_NOTFOUND, "there is no key and no trusted certificate '%.100s'",
		 holder_shown(name, (char[HOLDER_SHOWN]){ 0 }));
	return err_hint(e, r,
			"plimsoll trust list; for one that is not here plimsoll trust revoke "
			"--cert FILE, or key:sha256:HEX by its key's id");
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
	auto_close int lock = dir < 0 ? dir : trust_lock_keys(dir, NULL, e);
	struct withdrawal w = { 0 };
	int r;

	if (lock < 0)
		return lock;
	if (o->reason && (strlen(o->reason) > LIMIT_WITHDRAWN_TEXT || !str_utf8(str_of(o->reason))))
		return FAIL(e, E_USAGE, "a reason is a text of at most %d bytes",
			    LIMIT_WITHDRAWN_TEXT);
	r = o->file.n ? by_file(o->file, &w, e) : by_name(state, dir, o->name, &w, e);
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
