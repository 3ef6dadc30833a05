/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/encode.h"

static int fail_open(struct err *e, const char *path)
{
	int code = errno == ENOENT || errno == ENOTDIR ? E_NOTFOUND : E_SYSTEM;

	return err_set(e, __FILE__, __LINE__, code, errno, "open '%s'", path);
}

static int open_how(int dir, const char *path, int flags, mode_t mode, uint64_t resolve,
		    struct err *e)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.mode = flags & (O_CREAT | O_TMPFILE) ? mode : 0,
		.resolve = resolve,
	};
	long fd;

	/* EAGAIN: a rename raced with the walk; the kernel asks to try again. */
	for (int i = 0; i < 64; i++) {
		fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	if (fd < 0 && errno == ENOSYS)
		return FAIL(e, E_SYSTEM,
			    "open '%s': this kernel lacks openat2 (Linux 5.6 or later is needed)",
			    path);
	return fd < 0 ? fail_open(e, path) : (int)fd;
}

int fs_open(int dir, const char *path, int flags, mode_t mode, struct err *e)
{
	return open_how(dir, path, flags, mode, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS, e);
}

int fs_open_nolink(int dir, const char *path, int flags, mode_t mode, struct err *e)
{
	return open_how(dir, path, flags, mode, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, e);
}

int fs_open_in_root(int dir, const char *path, int flags, mode_t mode, struct err *e)
{
	return open_how(dir, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, e);
}

int fs_open_user(const char *path, int flags, mode_t mode, struct err *e)
{
	int fd = open(path, flags | O_CLOEXEC, mode);

	return fd < 0 ? fail_open(e, path) : fd;
}

/* Makes and enters one component; takes over *at. */
static int mkdir_enter(int *at, const char *name, mode_t mode, struct err *e)
{
	int next;

	if (mkdirat(*at, name, mode) < 0 && errno != EEXIST)
		return FAIL_SYS(e, "make folder '%s'", name);
	next = openat(*at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (next < 0)
		return FAIL_SYS(e, "open folder '%s'", name);
	(void)close(*at);
	*at = next;
	return 0;
}

int fs_mkdir_p(int dir, const char *path, mode_t mode, struct err *e)
{
	auto_close int at = openat(dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct str rest = str_of(path), part;
	char name[256];

	if (at < 0)
		return FAIL_SYS(e, "open folder");
	while (str_cut(&rest, '/', &part)) {
		if (part.n == 0 || str_eqz(part, "."))
			continue;
		if (part.n >= sizeof(name) || str_eqz(part, ".."))
			return FAIL(e, E_FORMAT, "make folder '%s': bad path", path);
		memcpy(name, part.p, part.n);
		name[part.n] = '\0';

		int r = mkdir_enter(&at, name, mode, e);

		if (r < 0)
			return WRAP(e, r, "make folder '%s'", path);
	}
	return 0;
}

int fs_mkdir_p_user(const char *path, mode_t mode, struct err *e)
{
	auto_free char *copy = strdup(path);

	if (!copy)
		return FAIL_NOMEM(e);
	for (char *p = copy + 1; *copy; p++) {
		char c = *p;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return FAIL_SYS(e, "make folder '%s'", copy);
		*p = c;
		if (c == '\0')
			break;
	}
	return 0;
}

bool fs_exists(int dir, const char *path)
{
	auto_close int fd = fs_open(dir, path, O_PATH, 0, NULL);

	return fd >= 0;
}

int fs_read_fd(int fd, const char *what, size_t max, struct buf *ret, struct err *e)
{
	char chunk[16 * 1024]; /* more would touch pages of the stack that most files do not need */
	size_t total = 0;

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FAIL_SYS(e, "read '%s'", what);
		if (n == 0)
			return buf_check(ret, what, e);
		total += (size_t)n;
		if (total > max)
			return FAIL(e, E_FORMAT, "read '%s': more than %zu bytes", what, max);
		buf_put(ret, chunk, (size_t)n);
	}
}

int fs_read(int dir, const char *path, size_t max, struct buf *ret, struct err *e)
{
	auto_close int fd = fs_open(dir, path, O_RDONLY | O_NOCTTY, 0, e);

	return fd < 0 ? fd : fs_read_fd(fd, path, max, ret, e);
}

int fs_read_user(const char *path, size_t max, struct buf *ret, struct err *e)
{
	if (strcmp(path, "-") == 0)
		return fs_read_fd(STDIN_FILENO, "standard input", max, ret, e);

	auto_close int fd = fs_open_user(path, O_RDONLY | O_NOCTTY, 0, e);

	return fd < 0 ? fd : fs_read_fd(fd, path, max, ret, e);
}

int fs_write_all(int fd, const void *p, size_t n, struct err *e)
{
	const char *c = p;

	while (n) {
		ssize_t done = write(fd, c, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return FAIL_SYS(e, "write");
		c += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Opens the folder that holds path and points *ret_name at its last component. */
static int open_parent(int dir, const char *path, const char **ret_name, struct err *e)
{
	const char *slash = strrchr(path, '/');

	*ret_name = slash ? slash + 1 : path;
	if (!slash)
		return fs_open(dir, ".", O_RDONLY | O_DIRECTORY, 0, e);

	auto_free char *parent = strndup(path, (size_t)(slash - path));

	if (!parent)
		return FAIL_NOMEM(e);
	return fs_open(dir, parent, O_RDONLY | O_DIRECTORY, 0, e);
}

static int write_file(int dir, const char *path, const void *p, size_t n, mode_t mode, bool wait,
		      struct err *e)
{
	const char *name;
	char temp[64];
	auto_close int parent = open_parent(dir, path, &name, e);
	int r;

	if (parent < 0)
		return WRAP(e, parent, "write '%s'", path);
	r = fs_temp_name(".tmp-", temp, sizeof(temp), e);
	if (r < 0)
		return r;

	auto_close int fd =
		openat(parent, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

	if (fd < 0)
		return FAIL_SYS(e, "write '%s'", path);
	r = fs_write_all(fd, p, n, e);
	if (r == 0 && (fchmod(fd, mode) < 0 || (wait && fsync(fd) < 0) ||
		       renameat(parent, temp, parent, name) < 0))
		r = FAIL_SYS(e, "finish");
	if (r < 0) {
		(void)unlinkat(parent, temp, 0);
		return WRAP(e, r, "write '%s'", path);
	}
	if (wait && fsync(parent) < 0)
		return FAIL_SYS(e, "write '%s': sync folder", path);
	return 0;
}

int fs_write_file(int dir, const char *path, const void *p, size_t n, mode_t mode, struct err *e)
{
	return write_file(dir, path, p, n, mode, true, e);
}

int fs_write_cache(int dir, const char *path, const void *p, size_t n, mode_t mode, struct err *e)
{
	return write_file(dir, path, p, n, mode, false, e);
}

int fs_copy(int to, int from, uint64_t n, struct err *e)
{
	char chunk[65536];

	while (n) {
		size_t want = n < sizeof(chunk) ? (size_t)n : sizeof(chunk);
		ssize_t got = read(from, chunk, want);
		int r;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return FAIL_SYS(e, "copy: read");
		if (got == 0)
			return n == UINT64_MAX ? 0
					       : FAIL(e, E_FORMAT, "copy: ends %llu bytes early",
						      (unsigned long long)n);
		r = fs_write_all(to, chunk, (size_t)got, e);
		if (r < 0)
			return WRAP(e, r, "copy");
		if (n != UINT64_MAX)
			n -= (uint64_t)got;
	}
	return 0;
}

enum { REMOVE_TRIES = 10, LIMIT_TREE_DEPTH = 1024 };

static int remove_at(int dir, const char *name, dev_t dev, int depth, struct err *e);

static int remove_children(int fd, dev_t dev, int depth, struct err *e)
{
	auto_closedir DIR *d = fdopendir(fd);

	if (!d) {
		(void)close(fd);
		return FAIL_SYS(e, "list folder");
	}
	for (;;) {
		struct dirent *ent;

		errno = 0;
		ent = readdir(d);
		if (!ent)
			return errno ? FAIL_SYS(e, "list folder") : 0;
		if (strcmp(ent->d_name, ".") == 0 || strcmp(ent->d_name, "..") == 0)
			continue;

		int r = remove_at(dirfd(d), ent->d_name, dev, depth + 1, e);

		if (r < 0)
			return r;
	}
}

static int remove_at(int dir, const char *name, dev_t dev, int depth, struct err *e)
{
	struct stat st;
	int fd, r;

	if (depth > LIMIT_TREE_DEPTH)
		return FAIL(e, E_FORMAT, "remove '%s': folders nested deeper than %d", name,
			    LIMIT_TREE_DEPTH);
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return FAIL_SYS(e, "remove '%s'", name);
	/* Somebody who does not know yet may put something there meanwhile. */
	for (int tries = 0; tries < REMOVE_TRIES; tries++) {
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return errno == ENOENT ? 0 : FAIL_SYS(e, "remove '%s'", name);
		if (fstat(fd, &st) < 0 || st.st_dev != dev) {
			(void)close(fd);
			return FAIL(e, E_SYSTEM, "remove '%s': something is mounted there", name);
		}
		r = remove_children(fd, dev, depth, e);
		if (r < 0)
			return r;
		if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != ENOTEMPTY && errno != EEXIST)
			break;
	}
	return FAIL_SYS(e, "remove '%s'", name);
}

int fs_remove_tree(int dir, const char *path, struct err *e)
{
	const char *name;
	struct stat st;
	struct err why = ERR_INIT;
	auto_close int parent = open_parent(dir, path, &name, &why);
	int r;

	if (parent == E_NOTFOUND)
		return 0;
	if (parent < 0 || fstat(parent, &st) < 0)
		return FAIL_SYS(e, "remove '%s'", path);
	r = remove_at(parent, name, st.st_dev, 0, e);
	return r < 0 ? WRAP(e, r, "remove '%s'", path) : 0;
}

int fs_temp_name(const char *prefix, char *ret, size_t cap, struct err *e)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return FAIL_SYS(e, "getrandom");
	if (snprintf(ret, cap, "%s%016llx", prefix, (unsigned long long)random) >= (int)cap)
		return FAIL(e, E_INTERNAL, "temporary name '%s' too long", prefix);
	return 0;
}

const char *fs_fd_path(int fd, char ret[static 32])
{
	(void)snprintf(ret, 32, "/proc/self/fd/%d", fd);
	return ret;
}

char *fs_fd_target(int fd)
{
	char link[32], path[PATH_MAX];
	ssize_t n = readlink(fs_fd_path(fd, link), path, sizeof(path));

	return n > 0 && n < (ssize_t)sizeof(path) && path[0] == '/' ? strndup(path, (size_t)n)
								    : NULL;
}

int state_open(struct state *ret, const char *path, struct err *e)
{
	auto_free char *full = NULL;
	struct stat st;
	int r = fs_mkdir_p_user(path, 0700, e);

	if (r < 0)
		return WRAP(e, r, "state folder '%s'", path);
	full = realpath(path, NULL);
	if (!full)
		return FAIL_SYS(e, "state folder '%s'", path);

	if (stat(full, &st) < 0)
		return FAIL_SYS(e, "state folder '%s'", path);
	if (st.st_uid != geteuid())
		return FAIL(e, E_SYSTEM,
			    "state folder '%s' belongs to user %u, and this is user %u", path,
			    st.st_uid, geteuid());

	auto_close int fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return FAIL_SYS(e, "state folder '%s'", path);
	*ret = (struct state){ .fd = TAKE_FD(fd), .path = TAKE(full) };
	return 0;
}

void state_close(struct state *s)
{
	if (!s || !s->path)
		return;
	(void)close(s->fd);
	free(s->path);
	*s = (struct state){ .fd = -1 };
}
