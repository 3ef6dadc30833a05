/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "registry/fetch/server.h"

enum { LIMIT_CA = 16 * 1024 * 1024, LIMIT_CA_FILE = 1024 * 1024, LIMIT_CA_FILES = 64 };

int fetch_ca_open(struct fetch_ca *ret, struct err *e)
{
	const char *named = getenv("SSL_CERT_FILE");

	*ret = (struct fetch_ca){ .named = BUF_INIT(LIMIT_CA) };
	return named && *named ? fs_read_user(named, LIMIT_CA, &ret->named, e) : 0;
}

void fetch_ca_close(struct fetch_ca *ca)
{
	buf_free(&ca->named);
}

/* docker names these folders as the reference does: HOST, or HOST:PORT. */
static int open_certs_d(const struct url *u)
{
	auto_buf path = BUF_INIT(LIMIT_HOST + 64);
	int fd;

	buf_printf(&path, "/etc/docker/certs.d/%s:%u", u->host, (unsigned)u->port);
	fd = open(buf_str(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 || u->port != 443)
		return fd;
	buf_reset(&path);
	buf_printf(&path, "/etc/docker/certs.d/%s", u->host);
	return open(buf_str(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int add_files(int dir, struct buf *ret, struct err *e)
{
	int copy = fcntl(dir, F_DUPFD_CLOEXEC, 3), n = 0, r;
	auto_closedir DIR *d = copy < 0 ? NULL : fdopendir(copy);

	if (!d) {
		r = FAIL_SYS(e, "read certs.d");
		if (copy >= 0)
			(void)close(copy);
		return r;
	}
	for (const struct dirent *ent; (ent = readdir(d));) {
		if (!ends_with(ent->d_name, ".crt"))
			continue;
		if (++n > LIMIT_CA_FILES)
			return FAIL(e, E_FORMAT, "certs.d: more than %d files", LIMIT_CA_FILES);
		buf_putc(ret, '\n');

		auto_close int fd = openat(dir, ent->d_name, O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			return FAIL_SYS(e, "certs.d: open '%s'", ent->d_name);
		r = fs_read_fd(fd, ent->d_name, LIMIT_CA_FILE, ret, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int fetch_ca_for(const struct fetch_ca *ca, const struct url *u, struct buf *ret, struct err *e)
{
	auto_close int dir = open_certs_d(u);
	int r;

	if (ca->named.n)
		buf_put(ret, ca->named.p, ca->named.n);
	if (dir < 0)
		return buf_check(ret, "certificates", e);
	if (!ca->named.n) {
		r = fs_read_user("/etc/ssl/certs/ca-certificates.crt", LIMIT_CA, ret, e);
		if (r < 0 && r != E_NOTFOUND)
			return r;
	}
	r = add_files(dir, ret, e);
	return r < 0 ? r : buf_check(ret, "certificates", e);
}
