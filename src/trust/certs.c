/* SPDX-License-Identifier: Apache-2.0 */
/* Trusted certificates by what a user calls them: a fingerprint, its beginning, a file's name. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trust/holder.h"
#include "trust/internal.h"

/* "AB:CD:.." and "sha256:.." are fingerprints, too. */
bool trust_fingerprint(const char *name, char ret[static THUMBPRINT_MAX])
{
	size_t n = 0;

	if (starts_with(name, "sha256:"))
		name += strlen("sha256:");
	for (; *name && n < THUMBPRINT_MAX - 1; name++)
		if (*name != ':')
			ret[n++] = (char)tolower((unsigned char)*name);
	ret[n] = '\0';
	return !*name && trust_thumbprint_like(ret);
}

/* One that was meant. */
struct match {
	enum store_type type;
	char store[LIMIT_STORE_NAME + 1], file[256];
	char thumbprint[THUMBPRINT_MAX], subject[300];
	struct cert *cert; /* owned */
};

struct matches {
	const char *name, *prefix; /* a file's; a fingerprint's beginning or NULL */
	struct match *v;
	size_t n;
};

static void matches_free(struct matches *m)
{
	for (size_t i = 0; i < m->n; i++)
		cert_free(m->v[i].cert);
	free(m->v);
}

static int collect(const struct stored *one, void *arg, struct err *e)
{
	struct matches *all = arg;
	struct match m = { .type = one->type };
	struct str der = cert_der(one->cert);
	struct match *p;
	int r;

	cert_thumbprint(one->cert, m.thumbprint);
	if (strcmp(one->file, all->name) != 0 &&
	    !(all->prefix && starts_with(m.thumbprint, all->prefix)))
		return 0;
	(void)snprintf(m.store, sizeof(m.store), "%s", one->store);
	(void)snprintf(m.file, sizeof(m.file), "%s", one->file);
	trust_subject(one->cert, m.subject, sizeof(m.subject));
	p = reallocarray(all->v, all->n + 1, sizeof(*p));
	if (!p)
		return FAIL_NOMEM(e);
	all->v = p;
	r = cert_from_der(der.p, der.n, &m.cert, e);
	if (r == 0)
		all->v[all->n++] = m;
	return r;
}

static bool same_file(const struct match *a, const struct match *b)
{
	return a->type == b->type && strcmp(a->store, b->store) == 0 &&
	       strcmp(a->file, b->file) == 0;
}

/* Of one certificate, or of one file: whoever means two is asked which. */
static int check_one(const struct matches *m, struct err *e)
{
	bool cert = true, file = true;

	for (size_t i = 1; i < m->n; i++) {
		cert &= strcmp(m->v[0].thumbprint, m->v[i].thumbprint) == 0;
		file &= same_file(&m->v[0], &m->v[i]);
	}
	if (cert || file)
		return 0;
	for (size_t i = 1; i < m->n; i++)
		if (strcmp(m->v[0].thumbprint, m->v[i].thumbprint) != 0)
			return err_hint(
				e,
				FAIL(e, E_USAGE,
				     "'%.100s' is more than one certificate: %.12s in %s:%s "
				     "and %.12s in %s:%s",
				     m->name, m->v[0].thumbprint, store_type_name(m->v[0].type),
				     m->v[0].store, m->v[i].thumbprint,
				     store_type_name(m->v[i].type), m->v[i].store),
				"give more of the fingerprint, or --type and --store");
	return 0;
}

static int find(int dir, const char *name, const struct trust_where *where, struct matches *ret,
		struct err *e)
{
	char prefix[THUMBPRINT_MAX];
	int r;

	ret->name = name;
	ret->prefix = trust_fingerprint(name, prefix) ? prefix : NULL;
	r = trust_each_cert(dir, where, collect, ret, e);
	ret->prefix = NULL;
	r = r < 0 ? r : check_one(ret, e);
	if (r < 0 || ret->n)
		return r;
	return err_hint(e,
			FAIL(e, E_NOTFOUND, "there is no trusted certificate '%.100s'%s",
			     holder_shown(name, (char[HOLDER_SHOWN]){ 0 }),
			     where && (where->type || where->store) ? " there" : ""),
			"plimsoll trust list");
}

/* Exporting. */

static bool is_certificates(const struct trust_where *w)
{
	return w && (w->type || w->store);
}

int trust_export(const struct state *state, const char *name, const struct trust_where *where,
		 struct buf *ret, struct err *e)
{
	__attribute__((cleanup(matches_free))) struct matches m = { .n = 0 };
	auto_close int dir = trust_dir(state, true, e);
	auto_chain c = { .n = 0 };
	struct err own = ERR_INIT;
	bool key;
	int r = dir, k;

	if (r < 0)
		return r;
	if (is_certificates(where) && !name)
		return FAIL(e, E_USAGE, "which certificate of that trust store?");
	/* What cannot name a key is a fingerprint or a file. */
	key = !is_certificates(where) && (!name || trust_name_ok(name));
	r = key ? trust_key_chain(dir, name ? name : TRUST_DEFAULT_NAME, &c, e) : E_NOTFOUND;
	if (r == E_NOTFOUND && name) {
		k = find(dir, name, where, &m, &own);
		/* What is neither is told as a key that is missing. */
		if (k == E_NOTFOUND && key)
			return r;
		if (k < 0 && e)
			*e = own;
		r = k;
		/* The same in several stores is printed once. */
		for (size_t i = 0; r == 0 && i < m.n; i++)
			if (i == 0 || same_file(&m.v[0], &m.v[i]))
				r = cert_to_pem(m.v[i].cert, ret, e);
		return r;
	}
	for (size_t i = 0; r == 0 && i < c.n; i++)
		r = cert_to_pem(c.v[i], ret, e);
	return r;
}

/* Removing. */

/* The file without what matched, or no file. */
static int take_from_file(int dir, const struct matches *m, const struct match *one, struct err *e)
{
	char path[STORE_PATH_LEN], where[WHERE_LEN];
	auto_buf pem = BUF_INIT(LIMIT_PEM_CERTS);
	auto_trusted all = { 0 };
	int r = trusted_load_of(dir, one->type, one->store, &all, e);

	(void)snprintf(where, sizeof(where), "%s/%s", one->store, one->file);
	for (size_t i = 0; r == 0 && i < all.n; i++) {
		bool gone = false;

		for (size_t k = 0; k < m->n; k++)
			gone |= cert_equal(m->v[k].cert, all.v[i]);
		if (!gone && strcmp(all.where[i], where) == 0)
			r = cert_to_pem(all.v[i], &pem, e);
	}
	trust_store_path(path, one->type, one->store, one->file);
	if (r < 0)
		return r;
	return pem.n ? fs_write_file(dir, path, pem.p, pem.n, 0644, e)
		     : fs_remove_tree(dir, path, e);
}

static int remove_cert(int dir, const char *name, const struct trust_where *where, json_t *ret,
		       struct err *e)
{
	__attribute__((cleanup(matches_free))) struct matches m = { .n = 0 };
	int r = find(dir, name, where, &m, e);

	for (size_t i = 0; r == 0 && i < m.n; i++) {
		bool done = false; /* with others of the same file */

		for (size_t k = 0; k < i; k++)
			done |= same_file(&m.v[k], &m.v[i]);
		if (!done)
			r = take_from_file(dir, &m, &m.v[i], e);
		if (r == 0)
			r = json_push(ret,
				      json_pack("{s:s, s:s, s:s, s:s, s:s}", "type",
						store_type_name(m.v[i].type), "store", m.v[i].store,
						"file", m.v[i].file, "thumbprint",
						m.v[i].thumbprint, "subject", m.v[i].subject),
				      e);
	}
	return r;
}

int trust_remove(const struct state *state, const char *name, const struct trust_where *where,
		 json_t **ret, struct err *e)
{
	auto_close int dir = trust_dir(state, true, e);
	auto_close int lock = dir < 0 ? dir : trust_lock_keys(dir, NULL, e);
	auto_json *removed = json_array();
	int r = lock < 0 ? lock : removed ? 0 : FAIL_NOMEM(e);

	if (r < 0)
		return r;
	if (!is_certificates(where) && trust_name_ok(name) && trust_key_there(dir, name)) {
		r = trust_key_remove(dir, name, e);
		r = r < 0 ? r : json_push(removed, json_pack("{s:s}", "key", name), e);
	} else {
		r = remove_cert(dir, name, where, removed, e);
	}
	if (r == E_NOTFOUND && !is_certificates(where))
		r = err_hint(e,
			     FAIL(e, E_NOTFOUND,
				  "there is no key and no trusted certificate '%.100s'",
				  holder_shown(name, (char[HOLDER_SHOWN]){ 0 })),
			     "plimsoll trust list");
	if (r == 0 && ret)
		*ret = TAKE(removed);
	return r;
}
