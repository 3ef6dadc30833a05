/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copying what a folder holds. One thread walks and makes the folders; the files are copied by the
 * way, on several threads, a batch at a time. What must come after them - a folder's time, a
 * second name of a file - waits its turn in the batches, and is done by the thread that walks.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/lanes.h"
#include "build/tree_put.h"

enum {
	BATCHES = 6,
	BATCH_JOBS = 32,
	BATCH_BYTES = 2 * 1024 * 1024, /* of files, when more than one has them */
};

struct job {
	enum { JOB_FILE, JOB_NAME, JOB_FOLDER } kind;
	int fd;	 /* owned: the file to copy, or the folder that is done; -1 */
	int dir; /* the folder that the name is in: open until its own job was taken */
	char name[NAME_MAX + 1];
	const char *first; /* JOB_NAME: the other name, below the target folder; borrowed */
	struct stat st;
};

struct batch {
	struct job jobs[BATCH_JOBS];
	size_t n;
	uint64_t bytes;
	int r; /* of the work; e says more */
	struct err e;
	const struct tree_put *put;
};

/* The first name under which a file with several names was copied, below the target folder. */
struct first_name {
	dev_t dev;
	ino_t ino;
	char path[];
};

struct copying {
	const struct tree_put *put;
	int at[LIMIT_WALK_DEPTH + 2]; /* the folders from the target down to the one in hand */
	int depth;
	void *names; /* tsearch(3) of first_name */
	struct lanes *lanes;
};

/* --- jobs --- */

/* Only files: they depend on nothing but their folder. On any thread. */
static void work_batch(void *slot, void *own)
{
	struct batch *b = slot;

	(void)own;
	b->r = 0;
	for (size_t i = 0; b->r == 0 && i < b->n; i++) {
		const struct job *j = &b->jobs[i];

		if (j->kind == JOB_FILE)
			b->r = tree_put_regular(b->put, j->fd, &j->st, j->dir, j->name, &b->e);
	}
}

static int give_name(const struct copying *g, const struct job *j, struct err *e)
{
	int r = tree_put_clear(g->put, j->dir, j->name, j->name, e);

	if (r < 0)
		return r;
	return linkat(g->at[0], j->first, j->dir, j->name, 0) < 0
		       ? FAIL_SYS(e, "make hard link '%s'", j->name)
		       : 0;
}

static int finish_folder(const struct tree_put *put, const struct job *j, struct err *e)
{
	struct owner o = tree_put_owner(put, &j->st);
	struct timespec t[2];

	tree_put_times(put, &j->st, t);
	return fchown(j->fd, o.uid, o.gid) < 0 || fchmod(j->fd, tree_put_mode(put, &j->st)) < 0 ||
			       futimens(j->fd, t) < 0
		       ? FAIL_SYS(e, "set owner and mode of '%s'", j->name)
		       : 0;
}

static void empty_batch(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->jobs[i].fd >= 0)
			(void)close(b->jobs[i].fd);
	b->n = 0;
	b->bytes = 0;
}

static void drop_batch(void *slot)
{
	empty_batch(slot);
}

static int take_batch(void *arg, void *slot, struct err *e)
{
	const struct copying *g = arg;
	struct batch *b = slot;
	int r = b->r;

	if (r < 0 && e)
		*e = b->e;
	for (size_t i = 0; r == 0 && i < b->n; i++) {
		const struct job *j = &b->jobs[i];

		if (j->kind == JOB_NAME)
			r = give_name(g, j, e);
		else if (j->kind == JOB_FOLDER)
			r = finish_folder(g->put, j, e);
	}
	empty_batch(b);
	return r;
}

/* One more; takes fd over. */
static int add_job(struct copying *g, const struct job *j, struct err *e)
{
	struct batch *b = lanes_slot(g->lanes);

	b->put = g->put;
	b->jobs[b->n++] = *j;
	if (j->kind == JOB_FILE)
		b->bytes += (uint64_t)j->st.st_size;
	return b->n == BATCH_JOBS || b->bytes >= BATCH_BYTES ? lanes_submit(g->lanes, e) : 0;
}

/* --- the walk --- */

static void name_job(struct job *j, const struct walk_item *it)
{
	(void)snprintf(j->name, sizeof(j->name), "%s", it->name);
	j->st = *it->st;
}

static int compare_names(const void *a, const void *b)
{
	const struct first_name *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->ino == y->ino ? 0 : x->ino < y->ino ? -1 : 1;
}

/* The first name of the file in hand: its own, when it was not seen before. */
static int first_name(struct copying *g, const struct walk_item *it, const char **ret,
		      bool *ret_own, struct err *e)
{
	size_t n = strlen(it->path);
	auto_free struct first_name *own = calloc(1, sizeof(*own) + n + 1);
	struct first_name **found;

	if (!own)
		return FAIL_NOMEM(e);
	own->dev = it->st->st_dev;
	own->ino = it->st->st_ino;
	memcpy(own->path, it->path, n);
	found = tsearch(own, &g->names, compare_names);
	if (!found)
		return FAIL_NOMEM(e);
	*ret = (*found)->path;
	*ret_own = *found == own;
	if (*ret_own)
		(void)TAKE(own);
	return 0;
}

static int copy_regular(struct copying *g, const struct walk_item *it, int dir, struct err *e)
{
	struct job j = { .kind = JOB_FILE, .fd = -1, .dir = dir };
	bool first = true;
	int r = it->st->st_nlink > 1 ? first_name(g, it, &j.first, &first, e) : 0;

	if (r < 0)
		return r;
	name_job(&j, it);
	if (!first) {
		j.kind = JOB_NAME;
		return add_job(g, &j, e);
	}
	j.fd = openat(it->dir, it->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return j.fd < 0 ? FAIL_SYS(e, "open '%s'", it->path) : add_job(g, &j, e);
}

static int copy_file(void *arg, const struct walk_item *it, struct err *e)
{
	struct copying *g = arg;
	int dir = g->at[g->depth - 1];

	switch (it->st->st_mode & S_IFMT) {
	case S_IFREG: return copy_regular(g, it, dir, e);
	case S_IFLNK: return tree_put_link(g->put, it, dir, e);
	case S_IFIFO: return tree_put_fifo(g->put, it, dir, e);
	case S_IFSOCK: return 0; /* means nothing without its listener; docker leaves it out too */
	default: return FAIL(e, E_FORMAT, "'%s' is a device", it->path);
	}
}

/* A file where a folder is to be made goes in an unpacking. A link stays: it may be /lib. */
static int clear_for_folder(const struct copying *g, int dir, const char *name, struct err *e)
{
	struct stat st;

	if (!g->put->c->replace || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode))
		return 0;
	return unlinkat(dir, name, 0) < 0 ? FAIL_SYS(e, "replace '%s'", name) : 0;
}

static int enter(void *arg, const struct walk_item *it, struct err *e)
{
	struct copying *g = arg;
	int up, fd, r;

	if (g->depth == 0) { /* the target folder itself, opened already */
		g->depth = 1;
		return 0;
	}
	up = g->at[g->depth - 1];
	r = clear_for_folder(g, up, it->name, e);
	if (r < 0)
		return r;
	if (mkdirat(up, it->name, 0700) < 0 && errno != EEXIST)
		return FAIL_SYS(e, "make folder '%s'", it->path);
	fd = openat(up, it->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return FAIL(e, E_FORMAT, "'%s' is a folder in the source and none in the image",
			    it->path);
	if (fd < 0)
		return FAIL_SYS(e, "open folder '%s'", it->path);
	g->at[g->depth++] = fd;
	return 0;
}

static int leave(void *arg, const struct walk_item *it, struct err *e)
{
	struct copying *g = arg;
	struct job j = { .kind = JOB_FOLDER };

	/* What is copied are the contents: the target stays as it was, or as it was made. */
	if (g->depth == 1)
		return 0;
	j.fd = g->at[--g->depth];
	name_job(&j, it);
	return add_job(g, &j, e);
}

static int walk(struct copying *g, const struct source_root *from, const struct source *src,
		struct err *e)
{
	const struct walker w = { .enter = enter,
				  .leave = leave,
				  .file = copy_file,
				  .arg = g,
				  .ignore = from->ignore,
				  .prefix = src->path,
				  .exclude = from->exclude,
				  .include = src->include };
	const struct lanes_opts o = { .threads = lanes_threads(),
				      .slots = BATCHES,
				      .slot_size = sizeof(struct batch),
				      .work = work_batch,
				      .take = take_batch,
				      .arg = g,
				      .drop = drop_batch };
	auto_release(lanes_free) struct lanes *lanes = NULL;
	int r = lanes_new(&lanes, &o, e);

	g->lanes = lanes;
	r = r < 0 ? r : walk_tree(src->fd, ".", &w, e);
	r = r < 0 ? r : lanes_submit(lanes, e);
	return r < 0 ? r : lanes_finish(lanes, e);
}

int tree_copy_folder(const struct tree_put *put, const struct source_root *from,
		     const struct source *src, struct err *e)
{
	struct copying g = { .put = put };
	const struct tree_copy *c = put->c;
	auto_close int path = tree_put_folders(c, c->target, e);
	int r;

	if (path < 0)
		return path;

	auto_close int top = openat(path, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (top < 0)
		return FAIL_SYS(e, "open '%s'", c->target);
	g.at[0] = top;
	r = walk(&g, from, src, e);
	while (g.depth > 1)
		(void)close(g.at[--g.depth]);
	tdestroy(g.names, free);
	return r;
}
