/* SPDX-License-Identifier: Apache-2.0 */
#include "run/root/rootfs_internal.h"

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

int rootfs_path_within(int root, int fd, char **ret, struct err *e)
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

int rootfs_refuse_kernel_folders(const char *path, const char *what, struct err *e)
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

		r = fd == E_NOTFOUND && n ? 0 : fd < 0 ? fd : rootfs_path_within(root, fd, ret, e);
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
		r = rootfs_refuse_kernel_folders(real, "the image's file", e);
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
		r = rootfs_refuse_kernel_folders(real, "mount target", e);
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
