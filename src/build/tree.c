/* SPDX-License-Identifier: Apache-2.0 */
#include "build/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "build/walk.h"

static void set_time(int dir, const char *name, int64_t mtime)
{
	struct timespec t[2] = { { .tv_sec = mtime }, { .tv_sec = mtime } };

	(void)utimensat(dir, name, t, AT_SYMLINK_NOFOLLOW);
}

static int mkdir_beneath(int root, const char *path, const struct made *how, int links,
			 struct err *e);

/* What is in the way is a link that leads nowhere: the folder that it means is made. */
static int mkdir_by_link(int root, const char *parent, int at, const char *name,
			 const struct made *how, int links, struct err *e)
{
	auto_free char *path = NULL;
	char target[4097];
	ssize_t n = readlinkat(at, name, target, sizeof(target) - 1);

	if (n < 0)
		return FAIL_SYS(e, "make folder '%s/%s'", parent, name);
	target[n] = '\0';
	if (links == LIMIT_TREE_LINKS)
		return FAIL(e, E_FORMAT, "'%s/%s': too many links", parent, name);
	if (asprintf(&path, "%s/%s", *target == '/' ? "" : parent, target) < 0)
		return FAIL_NOMEM(e);

	auto_close int fd = mkdir_beneath(root, path, how, links + 1, e);

	return fd < 0 ? fd : 0;
}

/* Makes `path`, whose parent is there. */
static int mkdir_one(int root, const char *path, const struct made *how, int links, struct err *e)
{
	auto_free char *parent = strdup(path);
	char *slash = parent ? strrchr(parent, '/') : NULL;

	if (!slash)
		return FAIL_NOMEM(e);
	*slash = '\0';

	auto_close int at =
		fs_open_in_root(root, *parent ? parent : "/", O_PATH | O_DIRECTORY, 0, e);

	if (at < 0)
		return at;
	if (mkdirat(at, slash + 1, 0755) < 0)
		return errno == EEXIST ? mkdir_by_link(root, parent, at, slash + 1, how, links, e)
				       : FAIL_SYS(e, "make folder '%s'", path);
	if (fchownat(at, slash + 1, how->owner.uid, how->owner.gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(at, slash + 1, how->mode, 0) < 0)
		return FAIL_SYS(e, "set owner of folder '%s'", path);
	set_time(at, slash + 1, how->mtime);
	return 0;
}

static int mkdir_beneath(int root, const char *path, const struct made *how, int links,
			 struct err *e)
{
	auto_free char *part = strdup(path);

	if (!part)
		return FAIL_NOMEM(e);
	for (char *p = part + 1;; p++) {
		char c = *p;
		int fd, r;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		fd = fs_open_in_root(root, *part ? part : "/", O_PATH, 0, e);
		if (fd == E_NOTFOUND) {
			r = mkdir_one(root, part, how, links, e);
			if (r < 0)
				return r;
			fd = fs_open_in_root(root, part, O_PATH, 0, e);
		}
		if (fd < 0)
			return fd;

		auto_close int here = fd;
		struct stat st;

		if (fstat(here, &st) < 0)
			return FAIL_SYS(e, "read '%s'", part);
		if (!S_ISDIR(st.st_mode))
			return FAIL(e, E_FORMAT, "'%s' is not a folder", part);
		*p = c;
		if (c == '\0')
			return TAKE_FD(here);
	}
}

int tree_mkdir(int root, const char *path, const struct made *how, struct err *e)
{
	return mkdir_beneath(root, path, how, 0, e);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int tree_xattrs(int fd, struct strv *ret, struct err *e)
{
	char names[TREE_XATTR_MAX];
	ssize_t n = listxattr(fs_fd_path(fd, (char[32]){ 0 }), names, sizeof(names));

	if (n < 0 && errno == ENOTSUP)
		return 0;
	if (n < 0)
		return FAIL_SYS(e, "list extended attributes");
	for (const char *p = names; p < names + n; p += strlen(p) + 1) {
		int r;

		if (strcmp(p, "security.capability") != 0 &&
		    (!starts_with(p, "user.") || starts_with(p, "user.overlay.")))
			continue;
		r = strv_add(ret, p, e);
		if (r < 0)
			return r;
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare);
	return 0;
}

int tree_copy_xattrs(int to, int from, bool lenient, struct err *e)
{
	auto_strv names = { 0 };
	int r = tree_xattrs(from, &names, e);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		char value[TREE_XATTR_MAX];
		ssize_t n = fgetxattr(from, names.v[i], value, sizeof(value));

		if (n >= 0 && fsetxattr(to, names.v[i], value, (size_t)n, 0) == 0)
			continue;
		if (!lenient || (n >= 0 && errno != EPERM && errno != ENOTSUP))
			r = FAIL_SYS(e, "copy attribute %.100s", names.v[i]);
	}
	return r;
}

static int clamp_item(void *arg, const struct walk_item *it, struct err *e)
{
	const int64_t *clamp = arg;
	int64_t t = it->st->st_mtime < *clamp ? it->st->st_mtime : *clamp;
	struct timespec times[2] = { { .tv_sec = t }, { .tv_sec = t } };

	if (it->st->st_mtime == t && it->st->st_mtim.tv_nsec == 0)
		return 0;
	return utimensat(it->dir, it->name, times, AT_SYMLINK_NOFOLLOW) < 0
		       ? FAIL_SYS(e, "set time of '%s'", it->path)
		       : 0;
}

static int nothing(void *arg, const struct walk_item *it, struct err *e)
{
	(void)arg, (void)it, (void)e;
	return 0;
}

int tree_clamp(int dir, int64_t clamp, struct err *e)
{
	struct walker w = {
		.enter = nothing, .leave = clamp_item, .file = clamp_item, .arg = &clamp
	};

	return walk_tree(dir, ".", &w, e);
}
