/* SPDX-License-Identifier: Apache-2.0 */
/* A file of the user's, whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "pipeline/outfile.h"

/* "a/b" -> an open "a", leaf "b". */
static int open_parent(const char *dest, char **ret_leaf, struct err *e)
{
	const char *slash = strrchr(dest, '/');
	auto_free char *parent = slash ? strndup(dest, (size_t)(slash - dest) + 1) : strdup(".");
	auto_free char *leaf = strdup(slash ? slash + 1 : dest);
	int fd;

	if (!parent || !leaf)
		return FAIL_NOMEM(e);
	if (!*leaf || strcmp(leaf, ".") == 0 || strcmp(leaf, "..") == 0)
		return FAIL(e, E_USAGE, "'%.200s' is no name for a file", dest);
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return FAIL(e, E_USAGE, "'%.200s': there is no folder '%.200s'", dest, parent);
	if (fd < 0)
		return FAIL_SYS(e, "'%.200s': open '%.200s'", dest, parent);
	*ret_leaf = TAKE(leaf);
	return fd;
}

static int open_as_it_is(int fd, struct outfile *ret, struct err *e)
{
	if (fd < 0)
		return FAIL_SYS(e, "open");
	*ret = OUTFILE_NONE;
	ret->fd = fd;
	return 0;
}

/* A file without a name, or where that cannot be had, with one that is not its own yet. */
static int open_temporary(struct outfile *f, struct err *e)
{
	int r;

	f->fd = openat(f->dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	if (f->fd >= 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)
		return FAIL_SYS(e, "make a file");
	r = fs_temp_name(".plimsoll-", f->temp, sizeof(f->temp), e);
	if (r < 0)
		return r;
	f->fd = openat(f->dir, f->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (f->fd < 0) {
		f->temp[0] = '\0';
		return FAIL_SYS(e, "make a file");
	}
	return 0;
}

/* *as_it_is: there is something that is no file, and is not replaced; else f has its folder. */
static int find(const char *dest, struct outfile *f, bool *as_it_is, struct err *e)
{
	auto_free char *real = NULL;
	struct stat st;

	*as_it_is = strcmp(dest, "-") == 0;
	if (*as_it_is)
		return 0;
	if (stat(dest, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return FAIL(e, E_USAGE, "'%.200s' is a folder", dest);
		*as_it_is = !S_ISREG(st.st_mode);
		if (*as_it_is)
			return 0;
		/* A link stays one. */
		real = realpath(dest, NULL);
		if (!real)
			return FAIL_SYS(e, "'%.200s'", dest);
	}
	f->dir = open_parent(real ? real : dest, &f->leaf, e);
	return f->dir < 0 ? f->dir : 0;
}

bool outfile_is_stdout(const char *dest)
{
	struct stat a, b;

	return strcmp(dest, "-") == 0 || (stat(dest, &a) == 0 && fstat(STDOUT_FILENO, &b) == 0 &&
					  a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

int outfile_check(const char *dest, struct err *e)
{
	auto_outfile f = OUTFILE_NONE;
	bool as_it_is;

	return dest ? find(dest, &f, &as_it_is, e) : 0;
}

int outfile_open(const char *dest, struct outfile *ret, struct err *e)
{
	auto_outfile f = OUTFILE_NONE;
	bool as_it_is;
	int r = find(dest, &f, &as_it_is, e);

	if (r < 0)
		return r;
	if (as_it_is && strcmp(dest, "-") == 0)
		return open_as_it_is(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), ret, e);
	if (as_it_is)
		return open_as_it_is(open(dest, O_WRONLY | O_CLOEXEC | O_NOCTTY), ret, e);
	r = open_temporary(&f, e);
	if (r < 0)
		return WRAP(e, r, "'%.200s'", dest);
	*ret = f;
	f = OUTFILE_NONE;
	return 0;
}

/* Gives it its name at once when nothing has it, else a name beside it. */
static int give_name(struct outfile *f, bool *ret_done, struct err *e)
{
	char fd[32];
	int r;

	(void)fs_fd_path(f->fd, fd);
	*ret_done = linkat(AT_FDCWD, fd, f->dir, f->leaf, AT_SYMLINK_FOLLOW) == 0;
	if (*ret_done)
		return 0;
	if (errno != EEXIST)
		return FAIL_SYS(e, "name it");
	r = fs_temp_name(".plimsoll-", f->temp, sizeof(f->temp), e);
	if (r == 0 && linkat(AT_FDCWD, fd, f->dir, f->temp, AT_SYMLINK_FOLLOW) < 0) {
		f->temp[0] = '\0';
		r = FAIL_SYS(e, "name it");
	}
	return r;
}

int outfile_commit(struct outfile *f, struct err *e)
{
	bool done = false;
	int r = 0;

	if (f->dir < 0) {
		close_release(&f->fd);
		return 0;
	}
	if (fsync(f->fd) < 0)
		return FAIL_SYS(e, "write '%.200s'", f->leaf);
	if (!f->temp[0])
		r = give_name(f, &done, e);
	if (r == 0 && !done && renameat(f->dir, f->temp, f->dir, f->leaf) < 0)
		r = FAIL_SYS(e, "rename");
	if (r == 0) {
		f->temp[0] = '\0';
		if (fsync(f->dir) < 0)
			r = FAIL_SYS(e, "sync its folder");
	}
	return r < 0 ? WRAP(e, r, "write '%.200s'", f->leaf) : 0;
}

void outfile_close(struct outfile *f)
{
	if (f->temp[0])
		(void)unlinkat(f->dir, f->temp, 0);
	close_release(&f->fd);
	close_release(&f->dir);
	free(f->leaf);
	*f = OUTFILE_NONE;
}

static int replace(const char *dest, const void *p, size_t n, struct err *e)
{
	auto_outfile f = OUTFILE_NONE;
	int r = outfile_open(dest, &f, e);

	if (r == 0 && (r = fs_write_all(f.fd, p, n, e)) < 0)
		return WRAP(e, r, "write '%.200s'", dest);
	return r < 0 ? r : outfile_commit(&f, e);
}

/* A file in a folder that nobody may write to, or one that something is mounted on. */
static bool write_over(const char *dest, const void *p, size_t n, const struct err *why)
{
	auto_close int fd = -1;

	if (why->sys != EACCES && why->sys != EPERM && why->sys != EROFS && why->sys != EBUSY)
		return false;
	fd = open(dest, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY);
	return fd >= 0 && fs_write_all(fd, p, n, NULL) == 0 && fsync(fd) == 0;
}

int outfile_write(const char *dest, const void *p, size_t n, struct err *e)
{
	struct err why = ERR_INIT;
	int r = replace(dest, p, n, &why);

	if (r == 0 || write_over(dest, p, n, &why))
		return 0;
	if (e)
		*e = why;
	return r;
}
