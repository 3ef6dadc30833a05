/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that are trusted, and removing those and keys. */
#include <stdio.h>
#include <string.h>

#include "trust/internal.h"

enum { PATH_LEN = sizeof(DIR_STORES) + 3 * LIMIT_STORE_NAME };

/* A certificate into a trust store, under its thumbprint: the same one twice is one file. */
int trust_store_cert(int dir, const char *store, const struct cert *c, struct err *e)
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
		r = trust_store_cert(dir, store, c->v[i], e);
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

int trust_remove(const struct state *state, const char *name, struct err *e)
{
	auto_close int dir = trust_dir(state, true, e);
	auto_close int lock = dir < 0 ? dir : trust_lock(dir, e);
	size_t n = 0;
	int r = 0;

	if (lock < 0)
		return lock;
	if (trust_name_ok(name) && trust_key_there(dir, name))
		return trust_key_remove(dir, name, e);
	if (trust_thumbprint_like(name))
		r = remove_cert(dir, name, &n, e);
	if (r == 0 && n == 0) {
		r = FAIL(e, E_NOTFOUND, "there is no key and no trusted certificate '%.100s'",
			 name);
		return err_hint(e, r, "plimsoll trust list");
	}
	return r;
}
