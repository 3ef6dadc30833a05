/* SPDX-License-Identifier: Apache-2.0 */
/* The part of a step's cache key that stands for the files it copies. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "build/source.h"
#include "build/tree.h"
#include "build/walk.h"

struct hashing {
	const struct source_root *root;
	struct sha256 *h;
	int64_t *newest;
};

/* A record begins with its length, so that no two lists of records read the same. */
static void put(struct sha256 *h, const void *p, size_t n)
{
	uint64_t len = n;

	sha256_update(h, &len, sizeof(len));
	sha256_update(h, p, n);
}

static int hash_content(struct sha256 *h, int fd, const char *path, struct err *e)
{
	char chunk[65536];
	uint64_t total = 0;

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FAIL_SYS(e, "read '%s'", path);
		if (n == 0)
			break;
		total += (uint64_t)n;
		sha256_update(h, chunk, (size_t)n);
	}
	sha256_update(h, &total, sizeof(total));
	return 0;
}

static int hash_xattrs(struct sha256 *h, int fd, const char *path, struct err *e)
{
	auto_strv names = { 0 };
	int r = tree_xattrs(fd, &names, e);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		char value[TREE_XATTR_MAX];
		ssize_t n =
			getxattr(fs_fd_path(fd, (char[32]){ 0 }), names.v[i], value, sizeof(value));

		if (n < 0)
			return FAIL_SYS(e, "read '%s': attribute %s", path, names.v[i]);
		put(h, names.v[i], strlen(names.v[i]));
		put(h, value, (size_t)n);
	}
	return r;
}

static void hash_stat(struct hashing *g, const char *path, const struct stat *st)
{
	char head[128];
	int n = snprintf(head, sizeof(head), "%o %u %u", st->st_mode,
			 g->root->keep_owner ? st->st_uid : 0,
			 g->root->keep_owner ? st->st_gid : 0);

	put(g->h, path, strlen(path));
	put(g->h, head, (size_t)n);
}

static void see_time(struct hashing *g, const struct stat *st)
{
	if (st->st_mtime > *g->newest)
		*g->newest = st->st_mtime;
}

static int hash_file(struct hashing *g, int fd, const char *path, struct err *e)
{
	int r = hash_content(g->h, fd, path, e);

	return r == 0 && g->root->keep_owner ? hash_xattrs(g->h, fd, path, e) : r;
}

static int enter(void *arg, const struct walk_item *it, struct err *e)
{
	(void)e;
	hash_stat(arg, it->path, it->st);
	return 0;
}

static int leave(void *arg, const struct walk_item *it, struct err *e)
{
	(void)arg, (void)it, (void)e;
	return 0;
}

static int file(void *arg, const struct walk_item *it, struct err *e)
{
	struct hashing *g = arg;

	hash_stat(g, it->path, it->st);
	see_time(g, it->st);
	if (S_ISLNK(it->st->st_mode)) {
		char target[4096];
		ssize_t n = readlinkat(it->dir, it->name, target, sizeof(target));

		if (n < 0)
			return FAIL_SYS(e, "read link '%s'", it->path);
		put(g->h, target, (size_t)n);
		return 0;
	}
	if (!S_ISREG(it->st->st_mode))
		return 0; /* refused or left out when it is copied */

	auto_close int fd =
		openat(it->dir, it->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? FAIL_SYS(e, "open '%s'", it->path) : hash_file(g, fd, it->path, e);
}

int sources_hash(const struct source_root *root, const struct sources *s, struct sha256 *h,
		 int64_t *newest, struct err *e)
{
	struct hashing g = { root, h, newest };
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n; i++) {
		const struct source *src = &s->v[i];
		struct walker w = { .enter = enter,
				    .leave = leave,
				    .file = file,
				    .arg = &g,
				    .ignore = root->ignore,
				    .prefix = src->path,
				    .exclude = root->exclude,
				    .include = src->include };

		put(h, source_base(src), strlen(source_base(src)));
		if (S_ISDIR(src->st.st_mode)) {
			r = walk_tree(src->fd, ".", &w, e);
			continue;
		}
		hash_stat(&g, "", &src->st);
		see_time(&g, &src->st);

		auto_close int fd = open(fs_fd_path(src->fd, (char[32]){ 0 }),
					 O_RDONLY | O_NONBLOCK | O_CLOEXEC);

		r = fd < 0 ? FAIL_SYS(e, "open '%s'", src->path) : hash_file(&g, fd, src->path, e);
	}
	return r;
}
