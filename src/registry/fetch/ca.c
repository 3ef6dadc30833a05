/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "registry/fetch/server.h"

enum { LIMIT_CA = 16 * 1024 * 1024, LIMIT_CA_FILE = 1024 * 1024, LIMIT_CA_FILES = 64 };

/* The folders of the system; the user's own is first, where it counts. */
static const char *const system_dirs[] = { "/etc/containers/certs.d", "/etc/docker/certs.d" };
enum { SYSTEM_DIRS = sizeof(system_dirs) / sizeof(*system_dirs) };

void fetch_ca_close(struct fetch_ca *ca)
{
	buf_free(&ca->named);
	buf_free(&ca->own);
	buf_free(&ca->cert);
	if (ca->key.p)
		explicit_bzero(ca->key.p, ca->key.n);
	buf_free(&ca->key);
}

static bool is_wanted(const char *name)
{
	return ends_with(name, ".crt") || ends_with(name, ".cert") || ends_with(name, ".key");
}

/* The files of a folder that mean something, sorted; none when it is not there. */
static int list_files(int dir, const char *what, struct strv *ret, struct err *e)
{
	struct dirent **list = NULL;
	int n, r = 0;

	if (dir < 0)
		return 0;
	n = scandirat(dir, ".", &list, NULL, alphasort);
	if (n < 0)
		return FAIL_SYS(e, "certs.d: read '%s'", what);
	for (int i = 0; i < n; i++) {
		if (r == 0 && is_wanted(list[i]->d_name))
			r = strv_add(ret, list[i]->d_name, e);
		free(list[i]);
	}
	free(list);
	if (r == 0 && ret->n > LIMIT_CA_FILES)
		r = FAIL(e, E_FORMAT, "certs.d: more than %d files in '%s'", LIMIT_CA_FILES, what);
	return r;
}

static int add_file(int dir, const char *what, const char *name, struct buf *ret, struct err *e)
{
	auto_close int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	buf_putc(ret, '\n');
	if (fd < 0)
		return FAIL_SYS(e, "certs.d: open '%s/%s'", what, name);
	return fs_read_fd(fd, name, LIMIT_CA_FILE, ret, e);
}

static int add_cas(const char *what, struct buf *ret, struct err *e)
{
	auto_close int dir = open(what, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_strv files = { 0 };
	int r = list_files(dir, what, &files, e);

	for (size_t i = 0; i < files.n && r == 0; i++)
		if (ends_with(files.v[i], ".crt"))
			r = add_file(dir, what, files.v[i], ret, e);
	return r;
}

/* NAME.cert without NAME.key, or the other way, is a mistake that docker tells of, too. */
static int check_pairs(const char *what, const struct strv *files, const char **ret_cert,
		       struct err *e)
{
	for (size_t i = 0; i < files->n; i++) {
		const char *name = files->v[i];
		bool is_cert = ends_with(name, ".cert"), is_key = ends_with(name, ".key");
		char other[300];

		(void)snprintf(other, sizeof(other), "%.*s%s", (int)(strrchr(name, '.') - name),
			       name, is_cert ? ".key" : ".cert");
		if (is_cert && !strv_has(files, other))
			return FAIL(e, E_FORMAT,
				    "certs.d: '%s/%s' is a client's certificate without its key "
				    "'%s' (a CA's name ends in .crt)",
				    what, name, other);
		if (is_key && !strv_has(files, other))
			return FAIL(e, E_FORMAT,
				    "certs.d: '%s/%s' is a key without its certificate '%s'", what,
				    name, other);
		if (is_cert && *ret_cert)
			return FAIL(e, E_FORMAT,
				    "certs.d: '%s' has two certificates of a client, '%s' and "
				    "'%s': which one is meant?",
				    what, *ret_cert, name);
		if (is_cert)
			*ret_cert = name;
	}
	return 0;
}

static int add_client(struct fetch_ca *ca, const char *what, struct err *e)
{
	auto_close int dir = open(what, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_strv files = { 0 };
	const char *cert = NULL;
	char key[300];
	int r = list_files(dir, what, &files, e);

	if (r == 0)
		r = check_pairs(what, &files, &cert, e);
	if (r < 0 || !cert || ca->cert.n)
		return r;
	(void)snprintf(key, sizeof(key), "%.*s.key", (int)(strrchr(cert, '.') - cert), cert);
	r = add_file(dir, what, cert, &ca->cert, e);
	return r < 0 ? r : add_file(dir, what, key, &ca->key, e);
}

/* ~/.config/containers/certs.d; "": unknown. */
static void user_dir(char *ret, size_t cap)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	ret[0] = '\0';
	if (config && *config)
		(void)snprintf(ret, cap, "%s/containers/certs.d", config);
	else if (home && *home)
		(void)snprintf(ret, cap, "%s/.config/containers/certs.d", home);
}

/* The folders of one registry, before we are confined. */
static int open_own(struct fetch_ca *ca, const char *name, struct err *e)
{
	char base[2048], path[2400];
	int r = 0;

	if (name[0] == '/')
		return fs_read_user(name, LIMIT_CA_FILE, &ca->own, e);
	if (strchr(name, '/') || name[0] == '.')
		return 0;
	user_dir(base, sizeof(base));
	for (size_t i = 0; i <= SYSTEM_DIRS && r == 0; i++) {
		const char *dir = i ? system_dirs[i - 1] : base;

		if (!*dir)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%.255s", dir, name);
		r = add_cas(path, &ca->own, e);
		if (r == 0)
			r = add_client(ca, path, e);
	}
	return r;
}

int fetch_ca_open(struct fetch_ca *ret, const char *name, const char *host, uint16_t port,
		  struct err *e)
{
	const char *named = getenv("SSL_CERT_FILE");

	*ret = (struct fetch_ca){ .named = BUF_INIT(LIMIT_CA),
				  .own = BUF_INIT(LIMIT_CA),
				  .cert = BUF_INIT(LIMIT_CA_FILE + 1),
				  .key = BUF_INIT(LIMIT_CA_FILE + 1),
				  .host = host,
				  .port = port };
	/* Told when the registry is spoken to, as its own failure. */
	if (name)
		(void)open_own(ret, name, &ret->why);
	return named && *named ? fs_read_user(named, LIMIT_CA, &ret->named, e) : 0;
}

bool fetch_ca_is_own(const struct fetch_ca *ca, const struct url *u)
{
	return ca->host && strcmp(ca->host, u->host) == 0 && ca->port == u->port;
}

/* docker names these folders as the reference does: HOST, or HOST:PORT. */
static int add_system(const struct url *u, struct buf *ret, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < SYSTEM_DIRS && r == 0; i++) {
		char path[LIMIT_HOST + 64];

		(void)snprintf(path, sizeof(path), "%s/%s:%u", system_dirs[i], u->host,
			       (unsigned)u->port);
		r = add_cas(path, ret, e);
		(void)snprintf(path, sizeof(path), "%s/%s", system_dirs[i], u->host);
		if (r == 0 && u->port == 443)
			r = add_cas(path, ret, e);
	}
	return r;
}

int fetch_ca_for(const struct fetch_ca *ca, const struct url *u, struct buf *ret, struct err *e)
{
	auto_buf more = BUF_INIT(LIMIT_CA);
	bool own = fetch_ca_is_own(ca, u);
	int r = 0;

	if (own && ca->why.code < 0) {
		if (e)
			*e = ca->why;
		return ca->why.code;
	}
	if (own)
		buf_put(&more, ca->own.p, ca->own.n);
	r = add_system(u, &more, e);
	if (r == 0 && ca->named.n)
		buf_put(ret, ca->named.p, ca->named.n);
	else if (r == 0 && more.n)
		r = fs_read_user("/etc/ssl/certs/ca-certificates.crt", LIMIT_CA, ret, e);
	if (r < 0 && r != E_NOTFOUND)
		return r;
	buf_put(ret, more.p, more.n);
	return buf_check(&more, "certificates", e) < 0 ? E_FORMAT
						       : buf_check(ret, "certificates", e);
}
