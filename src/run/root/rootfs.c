/* SPDX-License-Identifier: Apache-2.0 */
#include "run/root/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"

enum { LIMIT_PATH = 4096, LIMIT_LINKS = 40 };

static const char *relative(const char *path)
{
	while (*path == '/')
		path++;
	return *path ? path : ".";
}

static int not_real(const char *path, const char *what, struct err *e)
{
	return FAIL(e, E_POLICY,
		    "the image's '%s' is not a real %s: mounting there could touch the host", path,
		    what);
}

/* Enters or makes one part. *at is replaced. */
static int enter(int *at, const char *name, const char *path, struct strv *made, const char *so_far,
		 struct err *e)
{
	int next = openat(*at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r;

	if (next < 0 && errno == ENOENT) {
		if (mkdirat(*at, name, 0755) < 0)
			return FAIL_SYS(e, "make '%s' in the image's root", path);
		r = made ? strv_add(made, so_far, e) : 0;
		if (r < 0)
			return r;
		next = openat(*at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (next < 0)
		return errno == ENOTDIR || errno == ELOOP
			       ? not_real(so_far, "folder", e)
			       : FAIL_SYS(e, "open '%s' in the image's root", path);
	(void)close(*at);
	*at = next;
	return 0;
}

int rootfs_folder(int root, const char *path, struct strv *made, struct err *e)
{
	auto_close int at = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_free char *copy = strdup(relative(path));
	int r = 0;

	if (!copy)
		return FAIL_NOMEM(e);
	if (at < 0)
		return FAIL_SYS(e, "open the image's root");
	for (char *part = copy, *end; r == 0 && part; part = end) {
		end = strchr(part, '/');
		if (end)
			*end = '\0';
		if (strcmp(part, "..") == 0)
			return FAIL(e, E_USAGE, "path '%s' holds '..'", path);
		if (*part && strcmp(part, ".") != 0)
			r = enter(&at, part, path, made, copy, e);
		if (end)
			*end++ = '/';
	}
	return r;
}

/* Splits "/etc/hosts" and makes sure of the folder; *ret_name points into path. */
static int parent_of(int root, const char *path, const char **ret_name, struct strv *made,
		     struct err *e)
{
	const char *slash = strrchr(path, '/');
	auto_free char *folder = strndup(path, (size_t)(slash - path));
	int r;

	if (!folder)
		return FAIL_NOMEM(e);
	*ret_name = slash + 1;
	r = rootfs_folder(root, folder, made, e);
	return r < 0 ? r : fs_open_nolink(root, relative(folder), O_PATH | O_DIRECTORY, 0, e);
}

int rootfs_file(int root, const char *path, bool replace, struct strv *made, struct err *e)
{
	const char *name;
	auto_close int folder = parent_of(root, path, &name, made, e);
	struct stat st;
	int fd;

	if (folder < 0)
		return folder;
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISREG(st.st_mode))
			return 0;
		if (!replace || S_ISDIR(st.st_mode))
			return not_real(path, "file", e);
		if (unlinkat(folder, name, 0) < 0)
			return FAIL_SYS(e, "replace '%s' in the image's root", path);
	}
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return FAIL_SYS(e, "make '%s' in the image's root", path);
	(void)close(fd);
	return made ? strv_add(made, relative(path), e) : 0;
}

/* The real path, within the root, of an open descriptor. */
static int path_within(int root, int fd, char **ret, struct err *e)
{
	char link[32], top[LIMIT_PATH], full[LIMIT_PATH];
	ssize_t n = readlink(fs_fd_path(root, link), top, sizeof(top) - 1), m;

	m = readlink(fs_fd_path(fd, link), full, sizeof(full) - 1);
	if (n <= 0 || m <= 0)
		return FAIL_SYS(e, "read the path of a descriptor");
	top[n] = full[m] = '\0';
	if (strcmp(top, "/") == 0)
		n = 0;
	if (strncmp(top, full, (size_t)n) != 0 || (full[n] != '/' && full[n] != '\0'))
		return FAIL(e, E_POLICY, "'%s' lies outside the root '%s'", full, top);
	*ret = strdup(full[n] ? full + n : "/");
	return *ret ? 0 : FAIL_NOMEM(e);
}

static bool within(const char *path, const char *folder)
{
	const size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static int refuse_kernel_folders(const char *path, const char *what, struct err *e)
{
	if (within(path, "/proc") || within(path, "/sys") || within(path, "/dev"))
		return FAIL(e, E_POLICY, "%s '%s' lies in a folder of the kernel's", what, path);
	return 0;
}

/* Where the first part of rest, in the folder at real, leads if it is a link; NULL if it is not. */
static int link_of(int root, const char *real, const char *rest, char **ret, struct err *e)
{
	auto_free char *name = strndup(rest, strcspn(rest, "/"));
	auto_close int folder = fs_open_nolink(root, relative(real), O_PATH | O_DIRECTORY, 0, e);
	char link[LIMIT_PATH];
	ssize_t n;

	if (!name)
		return FAIL_NOMEM(e);
	if (folder < 0)
		return folder;
	n = readlinkat(folder, name, link, sizeof(link));
	if (n == (ssize_t)sizeof(link))
		return FAIL(e, E_POLICY, "the image's '%s/%s': link too long", real, name);
	if (n < 0)
		return 0; /* not there, or no link: whoever makes the rest will see */
	*ret = strndup(link, (size_t)n);
	return *ret ? 0 : FAIL_NOMEM(e);
}

/*
 * The longest beginning of path that is there, links followed within the root. The real path of it
 * comes back, owned; *ret_rest is what is missing behind it, "" when all is there.
 */
static int there(int root, const char *path, char **ret, const char **ret_rest, struct err *e)
{
	auto_free char *start = strdup(path);
	size_t n = strlen(path);
	int r = 0;

	if (!start)
		return FAIL_NOMEM(e);
	for (;;) {
		auto_close int fd = fs_open_in_root(root, n ? start : "/", O_PATH, 0, e);

		r = fd == E_NOTFOUND && n ? 0 : fd < 0 ? fd : path_within(root, fd, ret, e);
		if (r < 0 || fd >= 0)
			break;
		while (n && start[--n] != '/')
			;
		start[n] = '\0';
	}
	*ret_rest = path + n + strspn(path + n, "/");
	return r;
}

/* What path names within the root, links followed, also those that lead to what is not there yet.
 * Owned; no part of it is a link. */
static int locate(int root, const char *path, char **ret, struct err *e)
{
	auto_free char *at = strdup(path);

	if (!at)
		return FAIL_NOMEM(e);
	for (int hops = 0; hops < LIMIT_LINKS; hops++) {
		auto_free char *real = NULL, *link = NULL, *next = NULL;
		const char *rest;
		int r = there(root, at, &real, &rest, e);

		if (r < 0)
			return r;
		if (*rest == '\0') {
			*ret = TAKE(real);
			return 0;
		}
		if (strcmp(real, "/") == 0)
			*real = '\0';
		r = link_of(root, real, rest, &link, e);
		if (r < 0)
			return r;
		if (asprintf(&next, "%s%s%s%s", link && *link == '/' ? "" : real,
			     link && *link == '/' ? "" : "/", link ?: rest,
			     link ? rest + strcspn(rest, "/") : "") < 0)
			return FAIL_NOMEM(e);
		if (!link) {
			*ret = TAKE(next);
			return 0;
		}
		free(at);
		at = TAKE(next);
	}
	return FAIL(e, E_POLICY, "the image's '%s': too many links", path);
}

int rootfs_real_file(int root, const char *path, struct strv *made, char **ret, struct err *e)
{
	auto_free char *real = NULL;
	int r = locate(root, path, &real, e);

	if (r == 0)
		r = refuse_kernel_folders(real, "the image's file", e);
	if (r == 0)
		r = rootfs_file(root, real, false, made, e);
	if (r == 0)
		*ret = TAKE(real);
	return r;
}

int rootfs_target(int root, const char *path, bool folder, struct strv *made, char **ret,
		  struct err *e)
{
	auto_free char *real = NULL;
	struct stat st;
	int r;

	if (path[0] != '/' || strcmp(relative(path), ".") == 0)
		return FAIL(e, E_USAGE, "mount target '%s': want an absolute path other than '/'",
			    path);
	r = locate(root, path, &real, e);
	if (r == 0)
		r = refuse_kernel_folders(real, "mount target", e);
	if (r < 0)
		return WRAP(e, r, "mount target '%s'", path);

	auto_close int fd = fs_open_nolink(root, relative(real), O_PATH, 0, NULL);

	if (fd < 0) {
		r = folder ? rootfs_folder(root, real, made, e)
			   : rootfs_file(root, real, false, made, e);
		if (r < 0)
			return WRAP(e, r, "mount target '%s'", path);
	} else if (fstat(fd, &st) < 0 || S_ISDIR(st.st_mode) != folder) {
		return FAIL(e, E_USAGE, "mount target '%s' is %s in the image", path,
			    folder ? "not a folder" : "a folder");
	}
	*ret = TAKE(real);
	return 0;
}

int rootfs_check_cwd(int root, const char *path, struct err *e)
{
	struct err why = ERR_INIT;
	auto_free char *real = NULL;
	auto_close int fd = fs_open_in_root(root, path, O_PATH | O_DIRECTORY, 0, &why);
	int r;

	if (fd < 0)
		return FAIL(e, E_FORMAT, "working folder '%s' is not a folder of the image", path);
	r = path_within(root, fd, &real, e);
	return r == 0 ? refuse_kernel_folders(real, "working folder", e) : r;
}

int rootfs_make_cwd(int root, const char *path, uid_t owner, struct err *e)
{
	struct err why = ERR_INIT;
	auto_free char *real = NULL;
	auto_strv made = { 0 };
	auto_close int there = fs_open_in_root(root, path, O_PATH, 0, &why);
	int r = there == E_NOTFOUND ? rootfs_target(root, path, true, &made, &real, e) : 0;

	for (size_t i = 0; r == 0 && i < made.n; i++) {
		auto_close int fd = fs_open_nolink(root, made.v[i], O_RDONLY | O_DIRECTORY, 0, e);

		r = fd < 0 ? fd : fchown(fd, owner, owner) < 0 ? FAIL_SYS(e, "fchown") : 0;
	}
	return r < 0 ? WRAP(e, r, "working folder") : rootfs_check_cwd(root, path, e);
}

/*
 * What execve(2) would say of its first bytes. The runtime could tell only once the container's
 * output is ours no more.
 */
static int check_format(int root, const char *path, struct err *e)
{
	auto_close int fd = fs_open_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, e);
	char head[257] = { 0 }, *interpreter;
	ssize_t n;

	if (fd < 0)
		return fd;
	n = pread(fd, head, sizeof(head) - 1, 0);
	if (n >= 4 && memcmp(head, "\177ELF", 4) == 0)
		return 1;
	if (n < 3 || head[0] != '#' || head[1] != '!')
		return FAIL(e, E_POLICY, "'%s' is neither a program nor a script with '#!'", path);
	interpreter = head + 2 + strspn(head + 2, " \t");
	interpreter[strcspn(interpreter, " \t\r\n")] = '\0';

	auto_close int found = fs_open_in_root(root, interpreter, O_PATH, 0, NULL);

	return found >= 0 ? 1
			  : FAIL(e, E_NOTFOUND, "'%s' wants '%s', which is not in the image", path,
				 interpreter);
}

/* 1 found, 0 not there, E_POLICY there but not to be executed. */
static int try_program(int root, const char *path, struct err *e)
{
	auto_close int fd = fs_open_in_root(root, path, O_PATH, 0, NULL);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return FAIL(e, E_POLICY, "'%s' is not an executable file", path);
	return check_format(root, path, e);
}

int rootfs_check_program(int root, const char *cwd, const char *argv0, const char *path,
			 struct err *e)
{
	struct str rest = str_of(path), folder;
	struct err why = ERR_INIT;
	char full[LIMIT_PATH];
	int r = 0, found = 0;

	if (strchr(argv0, '/')) {
		if (snprintf(full, sizeof(full), "%s%s%s", argv0[0] == '/' ? "" : cwd,
			     argv0[0] == '/' ? "" : "/", argv0) >= (int)sizeof(full))
			return FAIL(e, E_NOTFOUND, "command name too long");
		r = try_program(root, full, e);
		return r ? (r < 0 ? r : 0)
			 : FAIL(e, E_NOTFOUND, "command '%s' is not in the image", argv0);
	}
	while (found <= 0 && str_cut(&rest, ':', &folder)) {
		if (snprintf(full, sizeof(full), "/%.*s/%s", (int)folder.n, folder.p, argv0) >=
		    (int)sizeof(full))
			continue;
		found = try_program(root, full, &why);
		r = found < 0 ? found : r;
	}
	if (found > 0)
		return 0;
	if (r < 0)
		return FAIL(e, (enum err_code)r, "%s", why.msg);
	return FAIL(e, E_NOTFOUND, "command '%s' is not in the image's PATH (%s)", argv0, path);
}

void rootfs_undo(int root, const struct strv *made)
{
	struct stat st;

	for (size_t i = made->n; i-- > 0;) {
		auto_close int parent = -1;
		auto_free char *folder = strdup(made->v[i]);
		char *slash = folder ? strrchr(folder, '/') : NULL;
		const char *name = slash ? slash + 1 : folder;

		if (!folder)
			continue;
		if (slash)
			*slash = '\0';
		parent = fs_open_nolink(root, slash ? folder : ".", O_PATH | O_DIRECTORY, 0, NULL);
		if (parent < 0 || fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			(void)unlinkat(parent, name, AT_REMOVEDIR);
		else if (S_ISREG(st.st_mode) && st.st_size == 0)
			(void)unlinkat(parent, name, 0);
	}
}
