/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "trust/internal.h"

enum { LOCK_WAIT_MS = 10 * 1000, LIMIT_NAMES = 4096 };

int trust_dir(const struct state *state, bool make, struct err *e)
{
	int r = make ? fs_mkdir_p(state->fd, DIR_TRUST, 0700, e) : 0;

	return r < 0 ? r : fs_open_nolink(state->fd, DIR_TRUST, O_RDONLY | O_DIRECTORY, 0, e);
}

int trust_lock(int dir, struct err *e)
{
	int fd = fs_lock(dir, "lock", LOCK_WAIT_MS, e);

	return fd < 0 ? WRAP(e, fd, "lock the trust folder") : fd;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool trust_thumbprint_like(const char *s)
{
	enum { LEAST = 6 };
	size_t n = strlen(s);

	return n >= LEAST && n < THUMBPRINT_MAX && strspn(s, "0123456789abcdef") == n;
}

int trust_names(int dir, const char *path, struct strv *ret, struct err *e)
{
	int fd = fs_open_nolink(dir, path, O_RDONLY | O_DIRECTORY, 0, e);

	if (fd == E_NOTFOUND)
		return 0;
	if (fd < 0)
		return fd;

	auto_closedir DIR *d = fdopendir(fd);

	if (!d) {
		(void)close(fd);
		return FAIL_SYS(e, "read folder %s", path);
	}
	for (const struct dirent *ent; (ent = readdir(d));) {
		int r;

		if (ent->d_name[0] == '.')
			continue;
		if (ret->n >= LIMIT_NAMES)
			return FAIL(e, E_FORMAT, "%s: more than %d files", path, LIMIT_NAMES);
		r = strv_add(ret, ent->d_name, e);
		if (r < 0)
			return r;
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
	return 0;
}

int trust_read(int dir, const char *path, size_t max, struct buf *ret, struct err *e)
{
	auto_close int fd = fs_open_nolink(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, e);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return FAIL_SYS(e, "read %s", path);
	if (!S_ISREG(st.st_mode))
		return FAIL(e, E_FORMAT, "%s: not a regular file", path);
	return fs_read_fd(fd, path, max, ret, e);
}

/* Trust stores. */

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
	char path[sizeof(DIR_STORES) + 5 * LIMIT_STORE_NAME], where[2 * LIMIT_STORE_NAME];
	auto_buf bytes = BUF_INIT(LIMIT_PEM_CERTS);
	struct str rest;
	int r;

	(void)snprintf(path, sizeof(path), DIR_ALL_STORES "/%s/%s/%.255s", store_type_name(type),
		       store, file);
	(void)snprintf(where, sizeof(where), "%s/%.120s", store, file);
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
	char path[sizeof(DIR_STORES) + 5 * LIMIT_STORE_NAME];
	auto_strv names = { 0 };
	int r;

	if (!trust_name_ok(store))
		return FAIL(e, E_USAGE, "'%.100s' cannot name a trust store", store);
	(void)snprintf(path, sizeof(path), DIR_ALL_STORES "/%s/%s", store_type_name(type), store);
	r = trust_names(dir, path, &names, e);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		struct stat st;

		if (!cert_file(names.v[i]))
			continue;
		(void)snprintf(path, sizeof(path), DIR_ALL_STORES "/%s/%s/%.255s",
			       store_type_name(type), store, names.v[i]);
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

int trust_stores(int dir, struct strv *ret, struct err *e)
{
	auto_strv names = { 0 };
	int r = trust_names(dir, DIR_STORES, &names, e);

	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (trust_name_ok(names.v[i]))
			r = strv_add(ret, names.v[i], e);
	return r;
}

int trust_key_chain(int dir, const char *name, struct chain *ret, struct err *e)
{
	char path[sizeof(DIR_KEYS) + LIMIT_STORE_NAME + 8];
	auto_buf pem = BUF_INIT(LIMIT_PEM_CERTS);
	int r;

	if (!trust_name_ok(name))
		return FAIL(e, E_USAGE, "'%.100s' cannot name a key", name);
	(void)snprintf(path, sizeof(path), DIR_KEYS "/%s.crt", name);
	r = trust_read(dir, path, LIMIT_PEM_CERTS, &pem, e);
	if (r == E_NOTFOUND && trust_key_there(dir, name)) {
		r = FAIL(e, E_NOTFOUND, "key '%s' has no certificate yet", name);
		return err_hint(e, r, "plimsoll trust import-cert %s CHAIN.pem", name);
	}
	if (r == E_NOTFOUND) {
		r = FAIL(e, E_NOTFOUND, "there is no key '%s'", name);
		return err_hint(e, r,
				strcmp(name, TRUST_DEFAULT_NAME) == 0
					? "plimsoll trust init"
					: "plimsoll trust init --name %s",
				name);
	}
	if (r == 0)
		r = chain_from_file((struct str){ buf_str(&pem), pem.n }, ret, e);
	return r < 0 ? WRAP(e, r, "certificate of key '%s'", name) : 0;
}
