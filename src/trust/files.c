/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "trust/holder.h"
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

int trust_key_chain(int dir, const char *name, struct chain *ret, struct err *e)
{
	char path[sizeof(DIR_KEYS) + LIMIT_STORE_NAME + 8];
	auto_buf pem = BUF_INIT(LIMIT_PEM_CERTS);
	int r;

	if (!trust_name_ok(name))
		return FAIL(e, E_USAGE, "'%.100s' cannot name a key",
			    holder_shown(name, (char[HOLDER_SHOWN]){ 0 }));
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
