/* SPDX-License-Identifier: Apache-2.0 */
/* The part of a step's cache key that stands for the files it copies. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
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

static int hash_content(int fd, const char *path, unsigned char ret[static SHA256_LEN],
			struct err *e)
{
	auto_release(sha256_free) struct sha256 *h = NULL;
	char chunk[65536];
	int r = sha256_new(&h, e);

	while (r == 0) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FAIL_SYS(e, "read '%s'", path);
		if (n == 0)
			break;
		sha256_update(h, chunk, (size_t)n);
		r = proc_interrupted(e);
	}
	if (r == 0)
		sha256_final(h, ret);
	return r;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       memcmp(&a->st_mtim, &b->st_mtim, sizeof(a->st_mtim)) == 0 &&
	       memcmp(&a->st_ctim, &b->st_ctim, sizeof(a->st_ctim)) == 0;
}

/* Reads the file, and remembers what it held when it did not change meanwhile. */
static int learn_content(struct hashing *g, int fd, const char *path,
			 unsigned char ret[static SHA256_LEN], struct err *e)
{
	struct stat before, after;
	struct timespec now;
	int r;

	if (fstat(fd, &before) < 0 || clock_gettime(CLOCK_REALTIME, &now) < 0)
		return FAIL_SYS(e, "read '%s'", path);
	r = hash_content(fd, path, ret, e);
	if (r == 0 && g->root->memo && fstat(fd, &after) == 0 && same_file(&before, &after))
		file_memo_add(g->root->memo, &before,
			      now.tv_sec * INT64_C(1000000000) + now.tv_nsec, ret);
	return r;
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
	bool keep = g->root->keep_owner;
	char head[128];
	/* The number of names stands for hard links, which are copied as such. */
	int n = snprintf(head, sizeof(head), "%o %u %u %lu", st->st_mode, keep ? st->st_uid : 0,
			 keep ? st->st_gid : 0,
			 keep && !S_ISDIR(st->st_mode) ? (unsigned long)st->st_nlink : 1UL);

	put(g->h, path, strlen(path));
	put(g->h, head, (size_t)n);
	if (g->root->times)
		put(g->h, &st->st_mtime, sizeof(st->st_mtime));
}

static void see_time(struct hashing *g, const struct stat *st)
{
	if (st->st_mtime > *g->newest)
		*g->newest = st->st_mtime;
}

/* Opens and reads it only when it is not known. */
static int hash_file(struct hashing *g, int dir, const char *name, const struct stat *st,
		     const char *path, struct err *e)
{
	unsigned char content[SHA256_LEN];
	auto_close int fd = -1;
	int r = 0;

	if (!g->root->keep_owner && g->root->memo && file_memo_get(g->root->memo, st, content)) {
		sha256_update(g->h, content, sizeof(content));
		return 0;
	}
	fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | (dir >= 0 ? O_NOFOLLOW : 0));
	if (fd < 0)
		return FAIL_SYS(e, "open '%s'", path);
	r = learn_content(g, fd, path, content, e);
	if (r < 0)
		return r;
	sha256_update(g->h, content, sizeof(content));
	return g->root->keep_owner ? hash_xattrs(g->h, fd, path, e) : 0;
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
	return hash_file(g, it->dir, it->name, it->st, it->path, e);
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
		r = hash_file(&g, -1, fs_fd_path(src->fd, (char[32]){ 0 }), &src->st, src->path, e);
	}
	/* What cannot be remembered is read again the next time. */
	if (root->memo)
		(void)file_memo_save(root->memo, NULL);
	return r;
}
