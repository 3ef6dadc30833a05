/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "crypto/digest.h"
#include "pipeline/tuf/internal.h"

enum { PLAIN_NAME = 200, LONG_NAME_HEAD = 100, COPY_CHUNK = 64 * 1024 };

/* The target's name, encoded so that it is one file's name and no path; a long one is cut, and told
 * apart by its hash. */
static int file_name(const char *target, struct buf *ret, struct err *e)
{
	auto_buf quoted = BUF_INIT(3 * LIMIT_TUF_PATH + 1);
	struct digest d;

	tuf_quote(str_of(target), false, &quoted);
	if (quoted.n <= PLAIN_NAME && !has_word(". ..", buf_str(&quoted))) {
		buf_puts(ret, buf_str(&quoted));
	} else {
		digest_of(target, strlen(target), &d);
		buf_printf(ret, "%.*s.%s", LONG_NAME_HEAD, buf_str(&quoted), digest_hex(&d));
	}
	return buf_check(ret, "name of the target", e);
}

/* The target's path on the server: with consistent snapshots a hash stands before its last part
 * (5.7.3). */
static int server_path(const char *target, const struct tuf_target *t, bool consistent,
		       struct buf *ret, struct err *e)
{
	const char *slash = strrchr(target, '/');
	const char *hash = json_string_or_null(t->hashes, "sha256");
	struct str folder = { target, slash ? (size_t)(slash - target) + 1 : 0 };

	if (!hash)
		hash = json_string_value(json_object_iter_value(json_object_iter(t->hashes)));
	tuf_quote(folder, true, ret);
	if (consistent && hash) {
		tuf_quote(str_of(hash), false, ret);
		buf_putc(ret, '.');
	}
	tuf_quote(str_of(target + folder.n), false, ret);
	return buf_check(ret, "path of the target", e);
}

/* Whether the file is the target already; any trouble with it says no. */
static bool is_there(int dir, const char *name, const struct tuf_target *t)
{
	auto_close int fd = fs_open_nolink(dir, name, O_RDONLY | O_NONBLOCK, 0, NULL);
	auto_release(tuf_check_free) struct tuf_check *c = NULL;
	char chunk[COPY_CHUNK];
	struct stat st;
	uint64_t left = t->length;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (uint64_t)st.st_size != t->length || tuf_check_new(t->hashes, &c, NULL) < 0)
		return false;
	while (left) {
		ssize_t n = read(fd, chunk, left < sizeof(chunk) ? left : sizeof(chunk));

		if (n <= 0)
			return false;
		tuf_check_update(c, chunk, (size_t)n);
		left -= (uint64_t)n;
	}
	return tuf_check_final(c, NULL) == 0;
}

/* A file without a name: what is killed on the way leaves nothing. Where the file system has no
 * such files, one with a name of its own, in ret. */
static int open_nameless(int dir, char ret[static 64], struct err *e)
{
	int fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
	int r;

	ret[0] = '\0';
	if (fd >= 0)
		return fd;
	r = fs_temp_name(".tuf.", ret, 64, e);
	return r < 0 ? r : fs_open_nolink(dir, ret, O_RDWR | O_CREAT | O_EXCL, 0644, e);
}

/* Gives the whole file its name; over another one only by way of a name between. */
static int give_name(int dir, int fd, char temp[static 64], const char *name, struct err *e)
{
	char path[32];
	int r = 0;

	if (!temp[0]) {
		if (linkat(AT_FDCWD, fs_fd_path(fd, path), dir, name, AT_SYMLINK_FOLLOW) == 0)
			return 0;
		if (errno != EEXIST)
			return FAIL_SYS(e, "write '%s'", name);
		r = fs_temp_name(".tuf.", temp, 64, e);
		if (r == 0 && linkat(AT_FDCWD, path, dir, temp, AT_SYMLINK_FOLLOW) < 0)
			return FAIL_SYS(e, "write '%s'", name);
	}
	if (r == 0 && renameat(dir, temp, dir, name) < 0)
		r = FAIL_SYS(e, "write '%s'", name);
	return r;
}

static int fetch_to(struct fetch *f, const char *url, const struct tuf_target *t, int dir,
		    const char *name, struct err *e)
{
	char temp[64];
	auto_close int fd = open_nameless(dir, temp, e);
	int r = fd < 0 ? fd : tuf_fetch_target(f, url, t, fd, e);

	if (r == 0 && fsync(fd) < 0)
		r = FAIL_SYS(e, "write '%s'", name);
	r = r < 0 ? r : give_name(dir, fd, temp, name, e);
	if (r < 0) {
		if (temp[0])
			(void)unlinkat(dir, temp, 0);
		return r;
	}
	return fsync(dir) < 0 ? FAIL_SYS(e, "write '%s'", name) : 0;
}

int tuf_target_get(struct fetch *f, const struct tuf_download *d, const char *target,
		   const struct tuf_target *t, bool consistent, struct err *e)
{
	auto_buf name = BUF_INIT(NAME_MAX + 1);
	auto_buf path = BUF_INIT(3 * LIMIT_TUF_PATH + LIMIT_URL);
	auto_buf url = BUF_INIT(3 * LIMIT_TUF_PATH + 2 * LIMIT_URL);
	auto_close int dir = tuf_files_open(d->dir, true, e);
	int r;

	if (dir < 0)
		return dir;
	if ((r = file_name(target, &name, e)) < 0)
		return r;
	if (is_there(dir, buf_str(&name), t))
		return 0;
	if ((r = server_path(target, t, consistent, &path, e)) < 0)
		return r;
	tuf_url(d->base_url, buf_str(&path), &url);
	r = buf_check(&url, "URL", e);
	return r < 0 ? r : fetch_to(f, buf_str(&url), t, dir, buf_str(&name), e);
}
