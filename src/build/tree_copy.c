/* SPDX-License-Identifier: Apache-2.0 */
/* COPY's copying, by docker's rules for what a target means. */
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "build/mode.h"
#include "build/tree.h"
#include "build/walk.h"

/* The first name under which a file with several names was copied, below the target folder. */
struct first_name {
	dev_t dev;
	ino_t ino;
	char path[];
};

struct copying {
	const struct tree_copy *c;
	bool keep_owner;
	bool took_name;		      /* a file became the target itself, not an entry of it */
	int at[LIMIT_WALK_DEPTH + 2]; /* the folders from the target down to the one in hand */
	int depth;
	void *names; /* tsearch(3) of first_name */
};

static int compare_names(const void *a, const void *b)
{
	const struct first_name *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->ino == y->ino ? 0 : x->ino < y->ino ? -1 : 1;
}

static struct owner owner_for(const struct copying *g, const struct stat *st)
{
	if (g->c->set_owner)
		return g->c->owner;
	return g->keep_owner ? (struct owner){ st->st_uid, st->st_gid } : (struct owner){ 0, 0 };
}

static mode_t mode_for(const struct copying *g, const struct stat *st)
{
	return g->c->mode ? mode_apply(g->c->mode, st->st_mode) : st->st_mode & 07777;
}

static void times_for(const struct copying *g, const struct stat *st, struct timespec ret[2])
{
	bool own = !g->c->exact && st->st_mtime < g->c->clamp;
	int64_t t = own ? st->st_mtime : g->c->clamp;

	ret[0] = ret[1] = (struct timespec){ .tv_sec = t };
}

/* Makes room for a file: another file goes, a folder is in the way. */
static int clear_place(int dir, const char *name, const char *shown, struct err *e)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : FAIL_SYS(e, "read '%s'", shown);
	if (S_ISDIR(st.st_mode))
		return FAIL(e, E_FORMAT, "'%s' is a folder in the image and a file in the source",
			    shown);
	return unlinkat(dir, name, 0) < 0 ? FAIL_SYS(e, "replace '%s'", shown) : 0;
}

static int copy_bytes(int to, int from, struct err *e)
{
	for (;;) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, 1UL << 30, 0);

		if (n == 0)
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 &&
		    (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS))
			return fs_copy(to, from, UINT64_MAX, e);
		if (n < 0)
			return FAIL_SYS(e, "copy");
	}
}

static int copy_xattrs(int to, int from, struct err *e)
{
	auto_strv names = { 0 };
	int r = tree_xattrs(from, &names, e);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		char value[TREE_XATTR_MAX];
		ssize_t n = fgetxattr(from, names.v[i], value, sizeof(value));

		if (n < 0 || fsetxattr(to, names.v[i], value, (size_t)n, 0) < 0)
			return FAIL_SYS(e, "copy attribute %s", names.v[i]);
	}
	return r;
}

/* Copies an open regular file to dir/name. */
static int put_regular(const struct copying *g, int from, const struct stat *st, int dir,
		       const char *name, struct err *e)
{
	struct owner o = owner_for(g, st);
	struct timespec t[2];
	int r = clear_place(dir, name, name, e);

	if (r < 0)
		return r;

	auto_close int to =
		openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (to < 0)
		return FAIL_SYS(e, "make '%s'", name);
	r = copy_bytes(to, from, e);
	if (r == 0 && (fchown(to, o.uid, o.gid) < 0 || fchmod(to, mode_for(g, st)) < 0))
		r = FAIL_SYS(e, "set owner and mode");
	if (r == 0 && g->keep_owner)
		r = copy_xattrs(to, from, e);
	times_for(g, st, t);
	if (r == 0 && futimens(to, t) < 0)
		r = FAIL_SYS(e, "set time");
	return r < 0 ? WRAP(e, r, "copy to '%s'", name) : 0;
}

static int put_link(const struct copying *g, const struct walk_item *it, int dir, struct err *e)
{
	struct owner o = owner_for(g, it->st);
	char target[4097];
	ssize_t n = readlinkat(it->dir, it->name, target, sizeof(target) - 1);
	struct timespec t[2];
	int r;

	if (n < 0)
		return FAIL_SYS(e, "read link '%s'", it->path);
	target[n] = '\0';
	r = clear_place(dir, it->name, it->path, e);
	if (r < 0)
		return r;
	times_for(g, it->st, t);
	if (symlinkat(target, dir, it->name) < 0 ||
	    fchownat(dir, it->name, o.uid, o.gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    utimensat(dir, it->name, t, AT_SYMLINK_NOFOLLOW) < 0)
		return FAIL_SYS(e, "make link '%s'", it->path);
	return 0;
}

static int put_fifo(const struct copying *g, const struct walk_item *it, int dir, struct err *e)
{
	struct owner o = owner_for(g, it->st);
	struct timespec t[2];
	int r = clear_place(dir, it->name, it->path, e);

	if (r < 0)
		return r;
	times_for(g, it->st, t);
	if (mkfifoat(dir, it->name, 0600) < 0 ||
	    fchownat(dir, it->name, o.uid, o.gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(dir, it->name, mode_for(g, it->st), 0) < 0 ||
	    utimensat(dir, it->name, t, AT_SYMLINK_NOFOLLOW) < 0)
		return FAIL_SYS(e, "make pipe '%s'", it->path);
	return 0;
}

/* A second name of a file that was copied already: 1 when it is linked, 0 when it is the first. */
static int put_hard_link(struct copying *g, const struct walk_item *it, int dir, struct err *e)
{
	size_t n = strlen(it->path);
	auto_free struct first_name *own = calloc(1, sizeof(*own) + n + 1);
	struct first_name **found;
	int r;

	if (!own)
		return FAIL_NOMEM(e);
	own->dev = it->st->st_dev;
	own->ino = it->st->st_ino;
	memcpy(own->path, it->path, n);
	found = tsearch(own, &g->names, compare_names);
	if (!found)
		return FAIL_NOMEM(e);
	if (*found == own) {
		(void)TAKE(own);
		return 0;
	}
	r = clear_place(dir, it->name, it->path, e);
	if (r < 0)
		return r;
	return linkat(g->at[0], (*found)->path, dir, it->name, 0) < 0
		       ? FAIL_SYS(e, "make hard link '%s'", it->path)
		       : 1;
}

static int copy_file(void *arg, const struct walk_item *it, struct err *e)
{
	struct copying *g = arg;
	mode_t kind = it->st->st_mode & S_IFMT;
	int dir = g->at[g->depth - 1];

	if (kind == S_IFSOCK) /* means nothing without its listener; docker leaves it out too */
		return 0;
	if (kind == S_IFLNK)
		return put_link(g, it, dir, e);
	if (kind == S_IFIFO)
		return put_fifo(g, it, dir, e);
	if (kind != S_IFREG)
		return FAIL(e, E_FORMAT, "'%s' is a device", it->path);
	if (it->st->st_nlink > 1) {
		int r = put_hard_link(g, it, dir, e);

		if (r != 0)
			return r < 0 ? r : 0;
	}

	auto_close int from =
		openat(it->dir, it->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return from < 0 ? FAIL_SYS(e, "open '%s'", it->path)
			: put_regular(g, from, it->st, dir, it->name, e);
}

static int enter(void *arg, const struct walk_item *it, struct err *e)
{
	struct copying *g = arg;
	int up, fd;

	if (g->depth == 0) { /* the target folder itself, opened already */
		g->depth = 1;
		return 0;
	}
	up = g->at[g->depth - 1];
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
	int fd = g->at[g->depth - 1], r = 0;
	struct owner o = owner_for(g, it->st);
	struct timespec t[2];

	/* What is copied are the contents: the target stays as it was, or as it was made. */
	if (g->depth == 1)
		return 0;
	times_for(g, it->st, t);
	if (fchown(fd, o.uid, o.gid) < 0 || fchmod(fd, mode_for(g, it->st)) < 0 ||
	    futimens(fd, t) < 0)
		r = FAIL_SYS(e, "set owner and mode of '%s'", it->path);
	if (g->depth > 1) {
		(void)close(fd);
		g->depth--;
	}
	return r;
}

static int copy_dir(struct copying *g, const struct source_root *from, const struct source *src,
		    struct err *e)
{
	struct walker w = { .enter = enter,
			    .leave = leave,
			    .file = copy_file,
			    .arg = g,
			    .ignore = from->ignore,
			    .prefix = src->path,
			    .exclude = from->exclude,
			    .include = src->include };
	auto_close int path = tree_mkdir(g->c->root, g->c->target, &g->c->owner, g->c->clamp, e);
	int r;

	if (path < 0)
		return path;

	auto_close int top = openat(path, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (top < 0)
		return FAIL_SYS(e, "open '%s'", g->c->target);
	g->at[0] = top;
	g->depth = 0;
	r = walk_tree(src->fd, ".", &w, e);
	while (g->depth > 1)
		(void)close(g->at[--g->depth]);
	tdestroy(g->names, free);
	g->names = NULL;
	return r;
}

/* Where a file goes: its folder, opened (made when missing), and its name in it. */
static int find_place(struct copying *g, const char *base, char **ret_name, struct err *e)
{
	const struct tree_copy *c = g->c;
	auto_free char *path = strdup(c->target);
	auto_close int there = fs_open_in_root(c->root, c->target, O_PATH | O_DIRECTORY, 0, NULL);

	if (!path)
		return FAIL_NOMEM(e);
	if (c->into || there >= 0) {
		*ret_name = strdup(base);
		return *ret_name ? tree_mkdir(c->root, path, &c->owner, c->clamp, e)
				 : FAIL_NOMEM(e);
	}
	g->took_name = true;
	for (int links = 0; links < LIMIT_TREE_LINKS; links++) {
		char target[4097], *slash = strrchr(path, '/'), *next = NULL;
		ssize_t n;

		*slash = '\0';

		auto_close int dir =
			tree_mkdir(c->root, *path ? path : "/", &c->owner, c->clamp, e);

		if (dir < 0)
			return dir;
		n = readlinkat(dir, slash + 1, target, sizeof(target) - 1);
		if (n < 0) {
			*ret_name = strdup(slash + 1);
			return *ret_name ? TAKE_FD(dir) : FAIL_NOMEM(e);
		}
		target[n] = '\0'; /* a link at the very target: the file it means is written */
		if (asprintf(&next, "%s/%s", *target == '/' ? "" : path, target) < 0)
			return FAIL_NOMEM(e);
		free(path);
		path = next;
		while (*path && path[1] && ends_with(path, "/"))
			path[strlen(path) - 1] = '\0';
	}
	return FAIL(e, E_FORMAT, "'%s': too many links", c->target);
}

static int copy_named_file(struct copying *g, const struct source *src, struct err *e)
{
	auto_free char *name = NULL;
	auto_close int dir = find_place(g, source_base(src), &name, e);

	if (dir < 0)
		return dir;

	auto_close int from = open(fs_fd_path(src->fd, (char[32]){ 0 }),
				   O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (from < 0)
		return FAIL_SYS(e, "open '%s'", src->path);

	int r = put_regular(g, from, &src->st, dir, name, e);

	return r < 0 ? r : g->took_name;
}

int tree_copy(const struct tree_copy *c, const struct source_root *from, const struct source *src,
	      struct err *e)
{
	struct copying g = { .c = c, .keep_owner = from->keep_owner };

	return S_ISDIR(src->st.st_mode) ? copy_dir(&g, from, src, e) : copy_named_file(&g, src, e);
}

int tree_write(const struct tree_copy *c, const char *name, const char *p, size_t n, struct err *e)
{
	struct copying g = { .c = c };
	struct stat st = { .st_mode = S_IFREG | 0644, .st_mtime = c->clamp };
	auto_free char *place = NULL;
	auto_close int dir = find_place(&g, name, &place, e);
	auto_close int from = memfd_create("heredoc", MFD_CLOEXEC);
	int r;

	if (dir < 0)
		return dir;
	if (from < 0)
		return FAIL_SYS(e, "make a temporary file");
	r = fs_write_all(from, p, n, e);
	if (r == 0 && lseek(from, 0, SEEK_SET) < 0)
		r = FAIL_SYS(e, "rewind a temporary file");
	if (r == 0)
		r = put_regular(&g, from, &st, dir, place, e);
	return r < 0 ? r : g.took_name;
}
