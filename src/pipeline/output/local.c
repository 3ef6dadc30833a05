/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image's root file system as a folder of the user's. As with docker, everything belongs to the
 * caller. A program that was set-user-id to somebody else loses that: it would become the caller's.
 * Nothing is opened by a path: each folder is made within its parent's descriptor, no links
 * followed, so that no name and no link in the image reaches outside.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "build/tree.h"
#include "build/walk.h"
#include "pipeline/output/internal.h"

/* A file with several names, by the first of them. */
struct first_name {
	dev_t dev;
	ino_t ino;
	char *path;
};

/* A folder's mode and time are set last: it must be written to until then. */
struct late {
	char *path;
	mode_t mode;
	struct timespec mtime;
};

struct local {
	int root; /* the stage */
	int stack[LIMIT_WALK_DEPTH + 2];
	size_t depth;
	struct first_name *firsts;
	size_t firsts_n;
	struct late *lates;
	size_t lates_n;
};

static void local_free(struct local *x)
{
	while (x->depth)
		(void)close(x->stack[--x->depth]);
	for (size_t i = 0; i < x->firsts_n; i++)
		free(x->firsts[i].path);
	for (size_t i = 0; i < x->lates_n; i++)
		free(x->lates[i].path);
	free(x->firsts);
	free(x->lates);
}
#define auto_local __attribute__((cleanup(local_free))) struct local

/* What the mode becomes when the file is the caller's. */
static mode_t mode_for_caller(const struct stat *st)
{
	mode_t mode = st->st_mode & 07777;

	if (st->st_uid != geteuid())
		mode &= ~(mode_t)S_ISUID;
	if (st->st_gid != getegid())
		mode &= ~(mode_t)S_ISGID;
	return mode;
}

static int here(const struct local *x)
{
	return x->depth ? x->stack[x->depth - 1] : x->root;
}

static int remember_late(struct local *x, const struct walk_item *it, struct err *e)
{
	struct late *p = reallocarray(x->lates, x->lates_n + 1, sizeof(*p));

	if (!p)
		return FAIL_NOMEM(e);
	x->lates = p;
	p += x->lates_n;
	*p = (struct late){ strdup(it->path), mode_for_caller(it->st), it->st->st_mtim };
	if (!p->path)
		return FAIL_NOMEM(e);
	x->lates_n++;
	return 0;
}

static int enter(void *arg, const struct walk_item *it, struct err *e)
{
	struct local *x = arg;
	int fd;

	if (!*it->path)
		return 0;
	if (mkdirat(here(x), it->name, 0700) < 0)
		return FAIL_SYS(e, "make folder '%.200s'", it->path);
	fd = openat(here(x), it->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return FAIL_SYS(e, "open folder '%.200s'", it->path);
	x->stack[x->depth++] = fd;
	return 0;
}

static int leave(void *arg, const struct walk_item *it, struct err *e)
{
	struct local *x = arg;
	auto_close int from = -1;
	int r;

	if (!*it->path)
		return 0;
	from = openat(it->dir, it->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0)
		return FAIL_SYS(e, "open folder '%.200s'", it->path);
	/* It is the caller's own copy: what cannot be set is left out. */
	r = tree_copy_xattrs(here(x), from, true, e);
	(void)close(x->stack[--x->depth]);
	return r < 0 ? r : remember_late(x, it, e);
}

static int copy_regular(int dir, const struct walk_item *it, struct err *e)
{
	const struct timespec t[2] = { { .tv_nsec = UTIME_OMIT }, it->st->st_mtim };
	auto_close int from = openat(it->dir, it->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	auto_close int to =
		openat(dir, it->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (from < 0 || to < 0)
		return FAIL_SYS(e, "copy");
	r = fs_copy(to, from, UINT64_MAX, e);
	if (r == 0 && fchmod(to, mode_for_caller(it->st)) < 0)
		r = FAIL_SYS(e, "set mode");
	if (r == 0)
		r = tree_copy_xattrs(to, from, true, e);
	if (r == 0 && futimens(to, t) < 0)
		r = FAIL_SYS(e, "set time");
	return r;
}

static int copy_special(int dir, const struct walk_item *it, struct err *e)
{
	const struct timespec t[2] = { { .tv_nsec = UTIME_OMIT }, it->st->st_mtim };
	char target[PATH_MAX];

	if (S_ISLNK(it->st->st_mode)) {
		ssize_t n = readlinkat(it->dir, it->name, target, sizeof(target) - 1);

		if (n < 0)
			return FAIL_SYS(e, "read link");
		target[n] = '\0';
		if (symlinkat(target, dir, it->name) < 0)
			return FAIL_SYS(e, "make link");
	} else if (S_ISFIFO(it->st->st_mode)) {
		if (mkfifoat(dir, it->name, 0600) < 0 ||
		    fchmodat(dir, it->name, it->st->st_mode & 0777, 0) < 0)
			return FAIL_SYS(e, "make named pipe");
	} else {
		return 0; /* layers hold no devices, and a socket is nothing without its process */
	}
	return utimensat(dir, it->name, t, AT_SYMLINK_NOFOLLOW) < 0 ? FAIL_SYS(e, "set time") : 0;
}

/* Gives a file its further name: 1 when it had one already, 0 when this is the first. */
static int link_again(struct local *x, const struct walk_item *it, struct err *e)
{
	struct first_name *f;

	for (size_t i = 0; i < x->firsts_n; i++) {
		f = &x->firsts[i];
		if (f->ino != it->st->st_ino || f->dev != it->st->st_dev)
			continue;
		/* The stage is ours alone, and a path of names made here passes no link. */
		return linkat(x->root, f->path, here(x), it->name, 0) < 0
			       ? FAIL_SYS(e, "make hard link")
			       : 1;
	}
	f = reallocarray(x->firsts, x->firsts_n + 1, sizeof(*f));
	if (!f)
		return FAIL_NOMEM(e);
	x->firsts = f;
	f += x->firsts_n;
	*f = (struct first_name){ it->st->st_dev, it->st->st_ino, strdup(it->path) };
	if (!f->path)
		return FAIL_NOMEM(e);
	x->firsts_n++;
	return 0;
}

static int file(void *arg, const struct walk_item *it, struct err *e)
{
	struct local *x = arg;
	int r = it->st->st_nlink > 1 ? link_again(x, it, e) : 0;

	if (r == 0)
		r = S_ISREG(it->st->st_mode) ? copy_regular(here(x), it, e)
					     : copy_special(here(x), it, e);
	return r < 0 ? WRAP(e, r, "'%.200s'", it->path) : 0;
}

/* Children before parents, as they were left. */
static int finish_folders(const struct local *x, int dir, struct err *e)
{
	for (size_t i = 0; i < x->lates_n; i++) {
		const struct late *l = &x->lates[i];
		const struct timespec t[2] = { { .tv_nsec = UTIME_OMIT }, l->mtime };
		auto_close int fd = fs_open_nolink(dir, l->path, O_RDONLY | O_DIRECTORY, 0, e);

		if (fd < 0)
			return fd;
		if (futimens(fd, t) < 0 || fchmod(fd, l->mode) < 0)
			return FAIL_SYS(e, "finish folder '%.200s'", l->path);
	}
	return 0;
}

int output_local(const struct road *road, const struct output *o, struct err *e)
{
	auto_stage s = STAGE_NONE;
	auto_tree t = TREE_NONE;
	auto_local x = { .depth = 0 };
	const struct walker w = { .enter = enter, .leave = leave, .file = file, .arg = &x };
	bool fresh;
	int r = stage_open(o->dest, &s, e);

	if (r == 0)
		r = tree_open(road, &t, e);
	if (r < 0)
		return r;
	x.root = s.fd;
	fresh = s.leaf;
	progress_begin(road->progress, "write folder", 0);
	r = walk_tree(t.root, ".", &w, e);
	if (r == 0 && fresh)
		r = finish_folders(&x, s.fd, e);
	if (r == 0)
		r = stage_place(&s, e);
	if (r == 0 && !fresh)
		r = finish_folders(&x, s.parent, e);
	progress_end(road->progress, r < 0 ? "failed" : NULL);
	return r;
}
