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
#include "base/lanes.h"
#include "base/proc.h"
#include "build/source.h"
#include "build/tree.h"
#include "build/walk.h"

/*
 * What is hashed comes in a certain order; the contents of files are hashed by the way, on several
 * threads, a batch of files at a time.
 */
enum {
	BATCHES = 6,
	BATCH_FILES = 32,
	BATCH_BYTES = 2 * 1024 * 1024, /* of content, when more than one file has it */
	BATCH_TEXT = 64 * 1024,
	LIMIT_TEXT = BATCH_TEXT + 64 * 1024, /* and the record of one file more */
};

/* A file whose content is not known. */
struct unknown {
	int fd;		/* owned */
	char *path;	/* owned; for messages */
	size_t text_at; /* where the digest belongs in the batch's text */
	unsigned char sha256[SHA256_LEN];
	struct stat before;
	int64_t read_ns;
	bool steady; /* it did not change while it was read */
};

/* The next part of what is hashed: text, and digests within it. */
struct batch {
	struct buf text;
	struct unknown files[BATCH_FILES];
	size_t n;
	uint64_t bytes;
	int r; /* of the work; e says more */
	struct err e;
};

struct hashing {
	const struct source_root *root;
	struct sha256 *h;
	int64_t *newest;
	struct lanes *lanes;
};

static struct batch *batch_in_hand(struct hashing *g)
{
	struct batch *b = lanes_slot(g->lanes);

	if (!b->text.cap)
		b->text = BUF_INIT(LIMIT_TEXT);
	return b;
}

/* A record begins with its length, so that no two lists of records read the same. */
static void put(struct buf *text, const void *p, size_t n)
{
	uint64_t len = n;

	buf_put(text, &len, sizeof(len));
	buf_put(text, p, n);
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

/* On any thread. */
static int learn_content(struct unknown *u, struct err *e)
{
	struct stat after;
	struct timespec now;
	int r;

	if (fstat(u->fd, &u->before) < 0 || clock_gettime(CLOCK_REALTIME, &now) < 0)
		return FAIL_SYS(e, "read '%s'", u->path);
	u->read_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
	r = hash_content(u->fd, u->path, u->sha256, e);
	u->steady = r == 0 && fstat(u->fd, &after) == 0 && same_file(&u->before, &after);
	return r;
}

static void work_batch(void *slot, void *own)
{
	struct batch *b = slot;

	(void)own;
	b->r = 0;
	for (size_t i = 0; b->r == 0 && i < b->n; i++)
		b->r = learn_content(&b->files[i], &b->e);
}

static void empty_batch(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		(void)close(b->files[i].fd);
		free(b->files[i].path);
	}
	b->n = 0;
	b->bytes = 0;
	buf_reset(&b->text);
}

static void drop_batch(void *slot)
{
	struct batch *b = slot;

	empty_batch(b);
	buf_free(&b->text);
}

static int hash_xattrs(struct sha256 *h, int fd, const char *path, struct err *e)
{
	auto_strv names = { 0 };
	int r = tree_xattrs(fd, &names, e);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		char value[TREE_XATTR_MAX];
		ssize_t n =
			getxattr(fs_fd_path(fd, (char[32]){ 0 }), names.v[i], value, sizeof(value));
		uint64_t len[2] = { strlen(names.v[i]), n < 0 ? 0 : (uint64_t)n };

		if (n < 0)
			return FAIL_SYS(e, "read '%s': attribute %s", path, names.v[i]);
		sha256_update(h, len, sizeof(len));
		sha256_update(h, names.v[i], len[0]);
		sha256_update(h, value, len[1]);
	}
	return r;
}

static int take_file(const struct hashing *g, const struct unknown *u, struct err *e)
{
	sha256_update(g->h, u->sha256, sizeof(u->sha256));
	if (u->steady && g->root->memo)
		file_memo_add(g->root->memo, &u->before, u->read_ns, u->sha256);
	return g->root->keep_owner ? hash_xattrs(g->h, u->fd, u->path, e) : 0;
}

static int take_batch(void *arg, void *slot, struct err *e)
{
	const struct hashing *g = arg;
	struct batch *b = slot;
	size_t at = 0;
	int r = buf_check(&b->text, "names of files", e);

	if (r == 0 && b->r < 0) {
		if (e)
			*e = b->e;
		r = b->r;
	}
	for (size_t i = 0; r == 0 && i < b->n; i++) {
		sha256_update(g->h, b->text.p + at, b->files[i].text_at - at);
		at = b->files[i].text_at;
		r = take_file(g, &b->files[i], e);
	}
	if (r == 0)
		sha256_update(g->h, buf_str(&b->text) + at, b->text.n - at);
	empty_batch(b);
	return r;
}

/* Hands the batch over when it is large enough. */
static int batch_check(struct hashing *g, struct err *e)
{
	const struct batch *b = batch_in_hand(g);
	bool full = b->n == BATCH_FILES || b->bytes >= BATCH_BYTES || b->text.n >= BATCH_TEXT;

	return full ? lanes_submit(g->lanes, e) : 0;
}

static void put_stat(struct hashing *g, const char *path, const struct stat *st)
{
	struct buf *text = &batch_in_hand(g)->text;
	bool keep = g->root->keep_owner;
	char head[128];
	/* The number of names stands for hard links, which are copied as such. */
	int n = snprintf(head, sizeof(head), "%o %u %u %lu", st->st_mode, keep ? st->st_uid : 0,
			 keep ? st->st_gid : 0,
			 keep && !S_ISDIR(st->st_mode) ? (unsigned long)st->st_nlink : 1UL);

	put(text, path, strlen(path));
	put(text, head, (size_t)n);
	if (g->root->times)
		put(text, &st->st_mtime, sizeof(st->st_mtime));
}

static void see_time(struct hashing *g, const struct stat *st)
{
	if (st->st_mtime > *g->newest)
		*g->newest = st->st_mtime;
}

/* Opens and reads it only when it is not known. */
static int put_content(struct hashing *g, int dir, const char *name, const struct stat *st,
		       const char *path, struct err *e)
{
	struct batch *b = batch_in_hand(g);
	unsigned char content[SHA256_LEN];
	struct unknown *u = &b->files[b->n];

	if (!g->root->keep_owner && g->root->memo && file_memo_get(g->root->memo, st, content)) {
		buf_put(&b->text, content, sizeof(content));
		return batch_check(g, e);
	}
	*u = (struct unknown){ .text_at = b->text.n, .path = strdup(path) };
	if (!u->path)
		return FAIL_NOMEM(e);
	u->fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | (dir >= 0 ? O_NOFOLLOW : 0));
	if (u->fd < 0) {
		free(u->path);
		return FAIL_SYS(e, "open '%s'", path);
	}
	b->n++;
	b->bytes += (uint64_t)st->st_size;
	return batch_check(g, e);
}

static int enter(void *arg, const struct walk_item *it, struct err *e)
{
	struct hashing *g = arg;

	put_stat(g, it->path, it->st);
	return batch_check(g, e);
}

static int leave(void *arg, const struct walk_item *it, struct err *e)
{
	(void)arg, (void)it, (void)e;
	return 0;
}

static int file(void *arg, const struct walk_item *it, struct err *e)
{
	struct hashing *g = arg;

	put_stat(g, it->path, it->st);
	see_time(g, it->st);
	if (S_ISLNK(it->st->st_mode)) {
		char target[4096];
		ssize_t n = readlinkat(it->dir, it->name, target, sizeof(target));

		if (n < 0)
			return FAIL_SYS(e, "read link '%s'", it->path);
		put(&batch_in_hand(g)->text, target, (size_t)n);
	}
	/* What is neither is refused or left out when it is copied. */
	if (!S_ISREG(it->st->st_mode))
		return batch_check(g, e);
	return put_content(g, it->dir, it->name, it->st, it->path, e);
}

static int put_source(struct hashing *g, const struct source *src, struct err *e)
{
	struct walker w = { .enter = enter,
			    .leave = leave,
			    .file = file,
			    .arg = g,
			    .ignore = g->root->ignore,
			    .prefix = src->path,
			    .exclude = g->root->exclude,
			    .include = src->include };

	put(&batch_in_hand(g)->text, source_base(src), strlen(source_base(src)));
	if (S_ISDIR(src->st.st_mode))
		return walk_tree(src->fd, ".", &w, e);
	put_stat(g, "", &src->st);
	see_time(g, &src->st);
	return put_content(g, -1, fs_fd_path(src->fd, (char[32]){ 0 }), &src->st, src->path, e);
}

int sources_hash(const struct source_root *root, const struct sources *s, struct sha256 *h,
		 int64_t *newest, struct err *e)
{
	struct hashing g = { root, h, newest, NULL };
	auto_release(lanes_free) struct lanes *lanes = NULL;
	const struct lanes_opts o = { .threads = lanes_threads(),
				      .slots = BATCHES,
				      .slot_size = sizeof(struct batch),
				      .work = work_batch,
				      .take = take_batch,
				      .arg = &g,
				      .drop = drop_batch };
	int r = lanes_new(&lanes, &o, e);

	g.lanes = lanes;
	for (size_t i = 0; r == 0 && i < s->n; i++)
		r = put_source(&g, &s->v[i], e);
	if (r == 0)
		r = lanes_submit(lanes, e);
	if (r == 0)
		r = lanes_finish(lanes, e);
	/* What cannot be remembered is read again the next time. */
	if (root->memo)
		(void)file_memo_save(root->memo, NULL);
	return r;
}
