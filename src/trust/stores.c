/* SPDX-License-Identifier: Apache-2.0 */
/* The trust stores: folders of certificates, by type and name. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "trust/internal.h"

void trust_store_path(char ret[static STORE_PATH_LEN], enum store_type type, const char *store,
		      const char *file)
{
	(void)snprintf(ret, STORE_PATH_LEN, DIR_ALL_STORES "/%s%s%.*s%s%.255s",
		       store_type_name(type), store ? "/" : "", LIMIT_STORE_NAME,
		       store ? store : "", file ? "/" : "", file ? file : "");
}

void trusted_free(struct trusted *t)
{
	for (size_t i = 0; i < t->n; i++)
		cert_free(t->v[i]);
	free(t->v);
	free(t->where);
	*t = (struct trusted){ 0 };
}

static int trusted_grow(struct trusted *t, size_t more, struct err *e)
{
	size_t n = t->n + more;
	void *p;

	if (n > LIMIT_TRUSTED_CERTS)
		return FAIL(e, E_FORMAT, "trust store: more than %d certificates",
			    LIMIT_TRUSTED_CERTS);
	p = reallocarray(t->v, n, sizeof(*t->v));
	if (!p)
		return FAIL_NOMEM(e);
	t->v = p;
	p = reallocarray(t->where, n, sizeof(*t->where));
	if (!p)
		return FAIL_NOMEM(e);
	t->where = p;
	return 0;
}

/* The next certificates of a file, as many as a chain may have: a store's file may hold more. */
static struct str next_certs(struct str *rest)
{
	struct str part = *rest, line;
	size_t ends = 0;

	if (rest->n && rest->p[0] == 0x30) { /* DER: one */
		rest->n = 0;
		return part;
	}
	while (ends < LIMIT_CHAIN && str_line(rest, &line))
		ends += str_eq(str_trim(line), STR("-----END CERTIFICATE-----"));
	part.n -= rest->n;
	return part;
}

static int add_certs(struct str bytes, const char *where, struct trusted *ret, struct err *e)
{
	auto_chain c = { .n = 0 };
	int r = chain_from_file(bytes, &c, e);

	if (r == 0)
		r = trusted_grow(ret, c.n, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < c.n; i++) {
		(void)snprintf(ret->where[ret->n], sizeof(ret->where[0]), "%s", where);
		ret->v[ret->n++] = c.v[i];
	}
	c.n = 0; /* now ret's */
	return 0;
}

static int load_file(int dir, enum store_type type, const char *store, const char *file,
		     struct trusted *ret, struct err *e)
{
	char path[STORE_PATH_LEN], where[WHERE_LEN];
	auto_buf bytes = BUF_INIT(LIMIT_PEM_CERTS);
	struct str rest;
	int r;

	trust_store_path(path, type, store, file);
	(void)snprintf(where, sizeof(where), "%s/%.255s", store, file);
	r = trust_read(dir, path, LIMIT_PEM_CERTS, &bytes, e);
	rest = (struct str){ buf_str(&bytes), bytes.n };
	do {
		if (r == 0)
			r = add_certs(next_certs(&rest), where, ret, e);
	} while (r == 0 && str_trim(rest).n);
	return r < 0 ? WRAP(e, r, "trust store %s/%s", store, file) : 0;
}

static bool cert_file(const char *name)
{
	return ends_with(name, ".pem") || ends_with(name, ".crt") || ends_with(name, ".cer");
}

int trust_store_files(int dir, enum store_type type, const char *store, struct strv *ret,
		      struct err *e)
{
	char path[STORE_PATH_LEN];
	auto_strv names = { 0 };
	int r;

	if (!trust_name_ok(store))
		return FAIL(e, E_USAGE, "'%.100s' cannot name a trust store", store);
	trust_store_path(path, type, store, NULL);
	r = trust_names(dir, path, &names, e);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		struct stat st;

		if (!cert_file(names.v[i]))
			continue;
		trust_store_path(path, type, store, names.v[i]);
		if (fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
			continue;
		r = strv_add(ret, names.v[i], e);
	}
	return r;
}

int trusted_load_of(int dir, enum store_type type, const char *store, struct trusted *ret,
		    struct err *e)
{
	auto_strv files = { 0 };
	int r = trust_store_files(dir, type, store, &files, e);

	for (size_t i = 0; r == 0 && i < files.n; i++)
		r = load_file(dir, type, store, files.v[i], ret, e);
	return r;
}

int trusted_load(int dir, const char *store, struct trusted *ret, struct err *e)
{
	return trusted_load_of(dir, STORE_CA, store, ret, e);
}

int trust_store_names(int dir, enum store_type type, struct strv *ret, struct err *e)
{
	char path[STORE_PATH_LEN];
	auto_strv names = { 0 };
	int r;

	trust_store_path(path, type, NULL, NULL);
	r = trust_names(dir, path, &names, e);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (trust_name_ok(names.v[i]))
			r = strv_add(ret, names.v[i], e);
	return r;
}

int trust_store_cert(int dir, enum store_type type, const char *store, const struct cert *c,
		     struct err *e)
{
	char path[STORE_PATH_LEN], file[THUMBPRINT_MAX + 8], hex[THUMBPRINT_MAX];
	auto_buf pem = BUF_INIT(LIMIT_PEM_CERTS);
	int r;

	cert_thumbprint(c, hex);
	(void)snprintf(file, sizeof(file), "%s.pem", hex);
	trust_store_path(path, type, store, NULL);
	if ((r = fs_mkdir_p(dir, path, 0700, e)) < 0 || (r = cert_to_pem(c, &pem, e)) < 0)
		return r;
	trust_store_path(path, type, store, file);
	return fs_write_file(dir, path, pem.p, pem.n, 0644, e);
}

/* All of them. */

int store_type_parse(const char *s, enum store_type *ret, struct err *e)
{
	for (int t = 0; t < STORE_TYPES; t++)
		if (strcmp(s, store_type_name((enum store_type)t)) == 0) {
			*ret = (enum store_type)t;
			return 0;
		}
	return FAIL(e, E_USAGE, "'%.40s' is no type of trust store: ca, signingAuthority or tsa",
		    s);
}

static int visit_store(int dir, enum store_type type, const char *store, stored_visit *visit,
		       void *arg, struct err *e)
{
	auto_trusted t = { 0 };
	int r = trusted_load_of(dir, type, store, &t, e);

	for (size_t i = 0; r == 0 && i < t.n; i++) {
		const struct stored one = { .type = type,
					    .store = store,
					    .file = strchr(t.where[i], '/') + 1,
					    .cert = t.v[i] };

		r = visit(&one, arg, e);
	}
	return r;
}

int trust_each_cert(int dir, const struct trust_where *where, stored_visit *visit, void *arg,
		    struct err *e)
{
	static const struct trust_where everywhere = { NULL, NULL };
	const struct trust_where *w = where ? where : &everywhere;
	enum store_type only = STORE_CA;
	int r = w->type ? store_type_parse(w->type, &only, e) : 0;

	for (int t = 0; r == 0 && t < STORE_TYPES; t++) {
		auto_strv stores = { 0 };

		if (w->type && t != (int)only)
			continue;
		r = trust_store_names(dir, (enum store_type)t, &stores, e);
		for (size_t i = 0; r == 0 && i < stores.n; i++)
			if (!w->store || strcmp(w->store, stores.v[i]) == 0)
				r = visit_store(dir, (enum store_type)t, stores.v[i], visit, arg,
						e);
	}
	return r;
}
