/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "trust/internal.h"

enum { PATH_LEN = sizeof(DIR_STORES) + 3 * LIMIT_STORE_NAME };

static void key_path(char ret[static PATH_LEN], const char *name, const char *suffix)
{
	(void)snprintf(ret, PATH_LEN, DIR_KEYS "/%s%s", name, suffix);
}

/* A certificate into a trust store, under its thumbprint: the same one twice is one file. */
static int store_cert(int dir, const char *store, const struct cert *c, struct err *e)
{
	char path[PATH_LEN], hex[THUMBPRINT_MAX];
	auto_buf pem = BUF_INIT(LIMIT_PEM_CERTS);
	int r;

	cert_thumbprint(c, hex);
	(void)snprintf(path, sizeof(path), DIR_STORES "/%s", store);
	if ((r = fs_mkdir_p(dir, path, 0700, e)) < 0 || (r = cert_to_pem(c, &pem, e)) < 0)
		return r;
	(void)snprintf(path, sizeof(path), DIR_STORES "/%s/%s.pem", store, hex);
	return fs_write_file(dir, path, pem.p, pem.n, 0644, e);
}

/* Making a key. */

static int parse_subject(const char *text, const char *key_name, struct dn *ret, struct err *e)
{
	struct utsname u;
	int r;

	if (text) {
		r = dn_parse(str_of(text), ret, e);
		return r < 0 ? FAIL(e, E_USAGE, "subject '%.200s' is not C=..,ST=..,O=..,CN=..",
				    text)
			     : 0;
	}
	if (uname(&u) < 0)
		return FAIL_SYS(e, "read the host's name");
	/* "ZZ" is ISO 3166's code for a country that is not known. */
	if ((r = dn_add(ret, "C", STR("ZZ"), e)) < 0 ||
	    (r = dn_add(ret, "ST", STR("unknown"), e)) < 0 ||
	    (r = dn_add(ret, "O", str_of(u.nodename), e)) < 0)
		return r;
	return dn_add(ret, "CN", str_of(key_name), e);
}

static int make_cert(const struct trust_init_opts *o, const char *name, const struct key *k,
		     struct cert **ret, struct err *e)
{
	auto_dn subject = { .n = 0 };
	int r = parse_subject(o->subject, name, &subject, e);

	return r < 0 ? r
		     : cert_make_self_signed(k, &subject, clock_now(),
					     o->days ? o->days : TRUST_DEFAULT_DAYS, ret, e);
}

/* The key goes last: while it is not there, init has not been done and may be done again. */
static int write_all(int dir, const char *name, const struct key *k, const char *passphrase,
		     const struct cert *c, struct err *e)
{
	char path[PATH_LEN];
	auto_secret key_pem = BUF_INIT(LIMIT_KEY_PEM);
	auto_buf cert_pem = BUF_INIT(LIMIT_PEM_CERTS), subject = BUF_INIT(4 * LIMIT_DN_TEXT);
	const char *identity;
	int r;

	dn_text(cert_subject(c), &subject);
	identity = buf_str(&subject);
	if ((r = fs_mkdir_p(dir, DIR_KEYS, 0700, e)) < 0 ||
	    (r = key_to_pem(k, passphrase, &key_pem, e)) < 0 ||
	    (r = cert_to_pem(c, &cert_pem, e)) < 0 ||
	    (r = store_cert(dir, TRUST_DEFAULT_NAME, c, e)) < 0 ||
	    (r = trust_policy_admit(dir, TRUST_DEFAULT_NAME, &identity, 1, e)) < 0)
		return r;
	key_path(path, name, ".crt");
	r = fs_write_file(dir, path, cert_pem.p, cert_pem.n, 0644, e);
	key_path(path, name, ".pem");
	return r < 0 ? r : fs_write_file(dir, path, key_pem.p, key_pem.n, 0600, e);
}

static int check_init(const struct trust_init_opts *o, const char *name, struct err *e)
{
	if (!trust_name_ok(name))
		return FAIL(e, E_USAGE,
			    "'%.100s' cannot name a key: letters, digits, '_', '-', '.'", name);
	if (o->kind != KEY_EC_P256 && o->kind != KEY_EC_P384)
		return FAIL(e, E_USAGE, "the algorithm of a key is P-256 or P-384");
	return 0;
}

int trust_init(const struct state *state, const struct trust_init_opts *o,
	       char ret_thumbprint[THUMBPRINT_MAX], struct err *e)
{
	const char *name = o->name ? o->name : TRUST_DEFAULT_NAME;
	auto_release(key_free) struct key *k = NULL;
	auto_release(cert_free) struct cert *c = NULL;
	char path[PATH_LEN];
	int r = check_init(o, name, e);

	if (r < 0)
		return r;

	auto_close int dir = trust_dir(state, true, e);
	auto_close int lock = dir < 0 ? dir : trust_lock(dir, e);

	if (lock < 0)
		return lock;
	key_path(path, name, ".pem");
	if (!o->force && fs_exists(dir, path)) {
		r = FAIL(e, E_USAGE, "there is a key '%s' already", name);
		return err_hint(e, r, "plimsoll trust init --name OTHER, or --force to replace it");
	}
	if ((r = key_generate(o->kind, &k, e)) < 0 || (r = make_cert(o, name, k, &c, e)) < 0 ||
	    (r = write_all(dir, name, k, o->passphrase, c, e)) < 0)
		return r;
	if (ret_thumbprint)
		cert_thumbprint(c, ret_thumbprint);
	return 0;
}

/* Trusting a certificate. */

/* A certificate that could end no chain is refused here rather than ignored later. */
static int check_anchor(const struct cert *c, const char *identity, struct err *e)
{
	struct chain alone = { .v = { (struct cert *)(uintptr_t)c }, .n = 1 };
	int r;

	if (cert_is_ca(c)) {
		if (identity)
			return 0;
		r = FAIL(e, E_USAGE,
			 "this is a CA: which of its signers are trusted must be said too");
		return err_hint(e, r,
				"plimsoll trust add CERT.pem --identity "
				"'C=..,ST=..,O=..', or --identity '*' for all of them");
	}
	if (!cert_is_self_signed(c))
		return FAIL(e, E_FORMAT, "neither a CA nor self-signed, it can end no chain");
	return chain_check(&alone, e);
}

static int identities_of(const struct chain *c, const char *identity, struct strv *ret,
			 struct err *e)
{
	if (identity)
		return strv_add(ret, identity, e);
	for (size_t i = 0; i < c->n; i++) {
		auto_buf subject = BUF_INIT(4 * LIMIT_DN_TEXT);
		const struct dn *dn = cert_subject(c->v[i]);
		int r;

		if (!dn_get(dn, "C") || !dn_get(dn, "ST") || !dn_get(dn, "O")) {
			r = FAIL(e, E_USAGE,
				 "its subject lacks C, ST or O, so a policy cannot name it");
			return err_hint(e, r, "plimsoll trust add CERT.pem --identity '*'");
		}
		dn_text(dn, &subject);
		r = strv_add(ret, buf_str(&subject), e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_all(int dir, const struct chain *c, const char *store, const struct strv *ids,
		   struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->n; i++)
		r = store_cert(dir, store, c->v[i], e);
	return r < 0 ? r : trust_policy_admit(dir, store, (const char *const *)ids->v, ids->n, e);
}

int trust_add_cert(const struct state *state, struct str file, const char *store,
		   const char *identity, struct err *e)
{
	auto_chain c = { .n = 0 };
	auto_strv ids = { 0 };
	int r;

	store = store ? store : TRUST_DEFAULT_NAME;
	if (!trust_name_ok(store))
		return FAIL(e, E_USAGE, "'%.100s' cannot name a trust store", store);
	r = chain_from_file(file, &c, e);
	for (size_t i = 0; r == 0 && i < c.n; i++) {
		r = check_anchor(c.v[i], identity, e);
		if (r < 0)
			return WRAP(e, r, "certificate %zu", i + 1);
	}
	if (r == 0)
		r = identities_of(&c, identity, &ids, e);
	if (r < 0)
		return r;

	auto_close int dir = trust_dir(state, true, e);
	auto_close int lock = dir < 0 ? dir : trust_lock(dir, e);

	return lock < 0 ? lock : add_all(dir, &c, store, &ids, e);
}

/* Removing. */

static bool is_hex(const char *s)
{
	return strlen(s) >= 6 && strlen(s) <= 64 && strspn(s, "0123456789abcdef") == strlen(s);
}

/* Removes the certificate's file from each trust store it is in. */
static int remove_cert(int dir, const char *prefix, size_t *ret_n, struct err *e)
{
	auto_strv stores = { 0 };
	char path[PATH_LEN];
	int r = trust_stores(dir, &stores, e);

	for (size_t i = 0; r == 0 && i < stores.n; i++) {
		auto_strv files = { 0 };

		(void)snprintf(path, sizeof(path), DIR_STORES "/%s", stores.v[i]);
		r = trust_names(dir, path, &files, e);
		for (size_t j = 0; r == 0 && j < files.n; j++) {
			if (!starts_with(files.v[j], prefix))
				continue;
			(void)snprintf(path, sizeof(path), DIR_STORES "/%s/%.120s", stores.v[i],
				       files.v[j]);
			r = fs_remove_tree(dir, path, e);
			++*ret_n;
		}
	}
	return r;
}

static int remove_key(int dir, const char *name, struct err *e)
{
	char path[PATH_LEN];
	int r;

	key_path(path, name, ".pem");
	r = fs_remove_tree(dir, path, e);
	key_path(path, name, ".crt");
	return r < 0 ? r : fs_remove_tree(dir, path, e);
}

int trust_remove(const struct state *state, const char *name, struct err *e)
{
	auto_close int dir = trust_dir(state, true, e);
	auto_close int lock = dir < 0 ? dir : trust_lock(dir, e);
	char path[PATH_LEN];
	size_t n = 0;
	int r = 0;

	if (lock < 0)
		return lock;
	if (trust_name_ok(name)) {
		key_path(path, name, ".crt");
		if (fs_exists(dir, path))
			return remove_key(dir, name, e);
	}
	if (is_hex(name))
		r = remove_cert(dir, name, &n, e);
	if (r == 0 && n == 0) {
		r = FAIL(e, E_NOTFOUND, "there is no key and no trusted certificate '%.100s'",
			 name);
		return err_hint(e, r, "plimsoll trust list");
	}
	return r;
}
