/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a layer's files, in the sandboxed child (image-spec layer.md, "Applying Changesets"). The
 * child is chrooted into the new folder and holds no descriptor outside of it; what is done here on
 * top of that keeps a layer from spoiling itself: names are resolved within the folder, and no
 * link is followed in their last part.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "oci/layer_internal.h"

/* A folder's time is set last, since every file made in it changes it; and its mode, since it may
 * keep one who is not root out. */
struct folder_last {
	char *name; /* owned */
	struct timespec mtime;
	mode_t mode;
};

struct extract {
	int root;
	bool as_root;
	const char *opaque_name; /* overlay_opaque() */
	/* The folder of the last entry: most entries are their neighbour's sibling. */
	struct buf parent_name;
	int parent; /* -1: none */
	struct folder_last *folders;
	size_t folders_n, folders_cap;
	struct tar_reader *tar;
	char chunk[128 * 1024];
};

static void extract_free(struct extract *x)
{
	if (!x)
		return;
	for (size_t i = 0; i < x->folders_n; i++)
		free(x->folders[i].name);
	free(x->folders);
	if (x->parent >= 0)
		(void)close(x->parent);
	buf_free(&x->parent_name);
	tar_reader_free(x->tar);
	free(x);
}
DEFINE_RELEASE_VOID(struct extract, extract_free)

static void forget_parent(struct extract *x)
{
	if (x->parent >= 0)
		(void)close(x->parent);
	x->parent = -1;
}

static int remember(struct extract *x, const char *name, struct timespec mtime, mode_t mode,
		    struct err *e)
{
	if (x->folders_n == x->folders_cap) {
		size_t cap = x->folders_cap ? x->folders_cap * 2 : 64;
		struct folder_last *p = reallocarray(x->folders, cap, sizeof(*p));

		if (!p)
			return FAIL_NOMEM(e);
		x->folders = p;
		x->folders_cap = cap;
	}
	x->folders[x->folders_n].name = strdup(name);
	if (!x->folders[x->folders_n].name)
		return FAIL_NOMEM(e);
	x->folders[x->folders_n].mode = mode;
	x->folders[x->folders_n++].mtime = mtime;
	return 0;
}

/* --- whiteouts, in the form of overlayfs --- */

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

static int set_opaque(const struct extract *x, int parent, const char *leaf, struct err *e)
{
	auto_close int fd =
		openat(parent, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fsetxattr(fd, x->opaque_name, "y", 1, 0) < 0)
		return FAIL_SYS(e, "mark folder '%s' opaque", leaf);
	return 0;
}

/* Makes a folder where there is none; one that takes a whiteout's place hides what is beneath. */
static int make_folder(const struct extract *x, int parent, const char *leaf, struct err *e)
{
	struct stat st;
	bool hides = fstatat(parent, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0 && is_whiteout(&st);

	if (hides && unlinkat(parent, leaf, 0) < 0)
		return FAIL_SYS(e, "replace whiteout '%s'", leaf);
	if (mkdirat(parent, leaf, 0755) < 0)
		return FAIL_SYS(e, "make folder '%s'", leaf);
	return hides ? set_opaque(x, parent, leaf, e) : 0;
}

/* --- the folder an entry lives in --- */

/* How deep a folder is beneath root. */
static int depth_of(const struct extract *x, int folder, struct err *e)
{
	auto_close int at = openat(folder, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat root, st;
	int depth = 0;

	if (at < 0 || fstat(x->root, &root) < 0)
		return FAIL_SYS(e, "measure depth");
	for (;;) {
		int up;

		if (fstat(at, &st) < 0)
			return FAIL_SYS(e, "measure depth");
		if (st.st_ino == root.st_ino && st.st_dev == root.st_dev)
			return depth;
		if (++depth > LIMIT_LAYER_DEPTH)
			return FAIL(e, E_FORMAT, "folders nested deeper than %d",
				    LIMIT_LAYER_DEPTH);
		up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (up < 0)
			return FAIL_SYS(e, "measure depth");
		(void)close(at);
		at = up;
	}
}

/* The folder `path`, links on the way resolved within root. */
static int open_folder(const struct extract *x, const char *path, struct err *e)
{
	struct err why = ERR_INIT;
	int fd = fs_open_in_root(x->root, path, O_PATH | O_DIRECTORY, 0, &why);

	if (fd == E_NOTFOUND && why.sys == ENOTDIR)
		return FAIL(e, E_FORMAT, "'%.200s' is not a folder", path);
	if (fd < 0 && (why.sys == ELOOP || why.sys == ENAMETOOLONG))
		return FAIL(e, E_FORMAT, "'%.200s': links without end", path);
	if (fd < 0 && e)
		*e = why;
	return fd;
}

/* Makes the missing parts of path, 0755 and root's, and opens it. */
static int make_parents(struct extract *x, const char *path, struct err *e)
{
	auto_close int at = open_folder(x, ".", e);
	char prefix[PATH_MAX];
	size_t n = strlen(path);

	if (at < 0)
		return at;
	for (size_t i = 1; i <= n; i++) {
		struct str ignored;
		struct stat st;
		int next, r = 0;

		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(prefix, path, i);
		prefix[i] = '\0';

		const char *leaf = layer_leaf(prefix, &ignored);

		if (fstatat(at, leaf, &st, AT_SYMLINK_NOFOLLOW) < 0 || is_whiteout(&st)) {
			r = make_folder(x, at, leaf, e);
			r = r < 0 ? r : remember(x, prefix, (struct timespec){ 0 }, 0755, e);
		}
		next = r < 0 ? r : open_folder(x, prefix, e);
		if (next == E_NOTFOUND)
			return FAIL(e, E_FORMAT, "'%.200s' passes through a dangling link", path);
		if (next < 0)
			return next;
		(void)close(at);
		at = next;
	}
	return TAKE_FD(at);
}

/* Opens the folder that holds `name`, making it when missing. Borrowed: lives until the next call.
 */
static int parent_of(struct extract *x, const char *name, const char **ret_leaf, struct err *e)
{
	char path[PATH_MAX];
	struct str parent;
	struct err why = ERR_INIT;
	int fd, r;

	*ret_leaf = layer_leaf(name, &parent);
	if (x->parent >= 0 && parent.n == x->parent_name.n &&
	    memcmp(parent.p, buf_str(&x->parent_name), parent.n) == 0)
		return x->parent;
	forget_parent(x);
	memcpy(path, parent.p, parent.n);
	path[parent.n] = '\0';
	fd = open_folder(x, parent.n ? path : ".", &why);
	/* A whiteout in the way is not a folder, and yet gives way to one. */
	if (fd == E_NOTFOUND || fd == E_FORMAT)
		fd = make_parents(x, path, e);
	else if (fd < 0 && e)
		*e = why;
	if (fd < 0)
		return fd;
	r = depth_of(x, fd, e);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	buf_reset(&x->parent_name);
	buf_put(&x->parent_name, parent.p, parent.n);
	x->parent = fd;
	return fd;
}

/* --- making entries --- */

static struct timespec time_of(const struct tar_entry *m)
{
	return (struct timespec){ .tv_sec = m->mtime, .tv_nsec = m->mtime_ns };
}

/* EINVAL: the user namespace that we are root of does not have that id. */
static int fail_owner(const struct tar_entry *m, struct err *e)
{
	return errno == EINVAL ? FAIL_SYS(e, "owner %u:%u is not among the ids of this user",
					  m->uid, m->gid)
			       : FAIL_SYS(e, "set owner");
}

/* Owner, mode, attributes and time of an open file or folder. Mode after owner, since chown takes
 * setuid away; attributes after owner, since it takes security.capability away, too. */
static int set_metadata(const struct extract *x, int fd, const struct tar_entry *m, struct err *e)
{
	const struct timespec t[2] = { { .tv_nsec = UTIME_OMIT }, time_of(m) };

	if (fchown(fd, m->uid, m->gid) < 0 && x->as_root)
		return fail_owner(m, e);
	if (fchmod(fd, m->mode) < 0)
		return FAIL_SYS(e, "set mode");
	for (size_t i = 0; i < m->xattrs_n; i++) {
		const struct tar_xattr *a = &m->xattrs[i];

		if (!layer_xattr_is_kept(a->name) ||
		    fsetxattr(fd, a->name, a->value, a->value_n, 0) == 0 || errno == ENOTSUP)
			continue;
		if (errno == EINVAL || errno == ERANGE || errno == E2BIG)
			return FAIL(e, E_FORMAT, "bad value of attribute %.80s", a->name);
		if (x->as_root)
			return FAIL_SYS(e, "set attribute %.80s", a->name);
	}
	return futimens(fd, t) < 0 ? FAIL_SYS(e, "set time") : 0;
}

static int copy_data(struct extract *x, int fd, struct err *e)
{
	for (;;) {
		int64_t n = tar_read(x->tar, x->chunk, sizeof(x->chunk), e);
		int r;

		if (n <= 0)
			return (int)n;
		r = fs_write_all(fd, x->chunk, (size_t)n, e);
		if (r < 0)
			return r;
	}
}

static int make_file(struct extract *x, int parent, const char *leaf, const struct tar_entry *m,
		     struct err *e)
{
	auto_close int fd =
		openat(parent, leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return FAIL_SYS(e, "make file");
	r = copy_data(x, fd, e);
	return r < 0 ? r : set_metadata(x, fd, m, e);
}

static int enter_dir(struct extract *x, int parent, const char *leaf, const struct tar_entry *m,
		     struct err *e)
{
	auto_close int fd = -1;
	struct stat st;
	int r = 0;

	if (fstatat(parent, leaf, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
		r = make_folder(x, parent, leaf, e);
	if (r < 0)
		return r;
	fd = openat(parent, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return FAIL_SYS(e, "open folder");
	r = set_metadata(x, fd, m, e);
	if (r == 0 && !x->as_root && fchmod(fd, m->mode | 0700) < 0)
		r = FAIL_SYS(e, "set mode");
	return r < 0 ? r : remember(x, m->name, time_of(m), m->mode, e);
}

/* Symbolic links and named pipes, which cannot be opened. */
static int make_special(const struct extract *x, int parent, const char *leaf,
			const struct tar_entry *m, struct err *e)
{
	const struct timespec t[2] = { { .tv_nsec = UTIME_OMIT }, time_of(m) };

	if (m->type == TAR_SYMLINK && symlinkat(m->link, parent, leaf) < 0)
		return errno == ENAMETOOLONG ? FAIL(e, E_FORMAT, "symbolic link too long")
					     : FAIL_SYS(e, "make symbolic link");
	if (m->type == TAR_FIFO && mknodat(parent, leaf, S_IFIFO | 0600, 0) < 0)
		return FAIL_SYS(e, "make named pipe");
	if (fchownat(parent, leaf, m->uid, m->gid, AT_SYMLINK_NOFOLLOW) < 0 && x->as_root)
		return fail_owner(m, e);
	if (m->type == TAR_FIFO && fchmodat(parent, leaf, m->mode, 0) < 0)
		return FAIL_SYS(e, "set mode");
	if (utimensat(parent, leaf, t, AT_SYMLINK_NOFOLLOW) < 0)
		return FAIL_SYS(e, "set time");
	return 0;
}

/* The target of a hard link: a file that this layer has made already. */
static int open_target(struct extract *x, const char *target, char leaf[static NAME_MAX + 1],
		       struct stat *ret, struct err *e)
{
	char path[PATH_MAX];
	struct str parent;
	const char *last = layer_leaf(target, &parent);
	auto_close int fd = -1;

	memcpy(path, parent.p, parent.n);
	path[parent.n] = '\0';
	fd = open_folder(x, parent.n ? path : ".", e);
	if (fd >= 0 && fstatat(fd, last, ret, AT_SYMLINK_NOFOLLOW) < 0)
		fd = E_NOTFOUND;
	if (fd == E_NOTFOUND || (fd >= 0 && (S_ISDIR(ret->st_mode) || is_whiteout(ret))))
		return FAIL(e, E_FORMAT, "hard link to '%.200s', which is no file of this layer",
			    target);
	if (fd < 0)
		return fd;
	(void)snprintf(leaf, NAME_MAX + 1, "%s", last);
	return TAKE_FD(fd);
}

static int make_hardlink(struct extract *x, int parent, const char *leaf, const struct tar_entry *m,
			 struct err *e)
{
	char last[NAME_MAX + 1];
	struct stat target, had;
	auto_close int from = open_target(x, m->link, last, &target, e);
	int r;

	if (from < 0)
		return from;
	if (fstatat(parent, leaf, &had, AT_SYMLINK_NOFOLLOW) == 0) {
		if (had.st_ino == target.st_ino && had.st_dev == target.st_dev)
			return 0;
		r = fs_remove_tree(parent, leaf, e);
		if (r < 0)
			return r;
		/* The target may have been in there. */
		if (fstatat(from, last, &had, AT_SYMLINK_NOFOLLOW) < 0)
			return FAIL(e, E_FORMAT, "hard link replaces its own target");
	}
	return linkat(from, last, parent, leaf, 0) < 0 ? FAIL_SYS(e, "make hard link") : 0;
}

/* Removes what a later entry replaces. A folder stays when a folder comes. */
static int make_room(int parent, const char *leaf, enum tar_type type, struct err *e)
{
	struct stat st;

	if (type == TAR_HARDLINK || fstatat(parent, leaf, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (type == TAR_DIR && (S_ISDIR(st.st_mode) || is_whiteout(&st)))
		return 0;
	return fs_remove_tree(parent, leaf, e);
}

static int make_whiteout(struct extract *x, int parent, const char *leaf, struct err *e)
{
	const char *hidden = leaf + sizeof(WHITEOUT) - 1;
	struct stat st;

	if (strcmp(leaf, WHITEOUT_OPAQUE) == 0)
		return set_opaque(x, parent, ".", e);
	if (starts_with(leaf, WHITEOUT_META)) /* aufs' own notes */
		return 0;
	if (*hidden == '\0' || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0)
		return FAIL(e, E_FORMAT, "whiteout of nothing");
	/* It hides what is beneath, not what this layer itself has. */
	if (fstatat(parent, hidden, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return S_ISDIR(st.st_mode) ? set_opaque(x, parent, hidden, e) : 0;
	return mknodat(parent, hidden, S_IFCHR, 0) < 0 ? FAIL_SYS(e, "make whiteout") : 0;
}

/* Names with ".wh." in a part that is not the last have no meaning; aufs' own folders are skipped.
 */
static int check_name(const char *name, bool *ret_skip, struct err *e)
{
	struct str rest = str_of(name), part;
	int depth = 0;

	*ret_skip = false;
	if (strlen(name) >= PATH_MAX)
		return FAIL(e, E_FORMAT, "name of %zu bytes", strlen(name));
	while (str_cut(&rest, '/', &part)) {
		if (++depth > LIMIT_LAYER_DEPTH)
			return FAIL(e, E_FORMAT, "folders nested deeper than %d",
				    LIMIT_LAYER_DEPTH);
		if (str_starts(part, WHITEOUT_META) && !str_eqz(part, WHITEOUT_OPAQUE))
			*ret_skip = true;
		else if (str_starts(part, WHITEOUT) && rest.n)
			return FAIL(e, E_FORMAT, "whiteout used as a folder");
	}
	return 0;
}

static int make_root(const struct extract *x, const struct tar_entry *m, struct err *e)
{
	auto_close int fd = openat(x->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? FAIL_SYS(e, "open root") : set_metadata(x, fd, m, e);
}

static int make_entry(struct extract *x, const struct tar_entry *m, struct err *e)
{
	const char *leaf;
	bool skip;
	int parent, r = check_name(m->name, &skip, e);

	if (r < 0 || skip)
		return r;
	if (m->type == TAR_CHAR || m->type == TAR_BLOCK)
		return layer_device_is_standard(m)
			       ? 0
			       : FAIL(e, E_FORMAT, "device %u:%u: a layer may not bring devices",
				      m->dev_major, m->dev_minor);
	if (strcmp(m->name, ".") == 0) {
		r = make_root(x, m, e);
		return r < 0 ? r : remember(x, ".", time_of(m), m->mode, e);
	}
	parent = parent_of(x, m->name, &leaf, e);
	if (parent < 0)
		return parent;
	if (starts_with(leaf, WHITEOUT))
		return make_whiteout(x, parent, leaf, e);
	r = make_room(parent, leaf, m->type, e);
	if (r < 0)
		return r;
	switch (m->type) {
	case TAR_FILE: return make_file(x, parent, leaf, m, e);
	case TAR_DIR: return enter_dir(x, parent, leaf, m, e);
	case TAR_HARDLINK: r = make_hardlink(x, parent, leaf, m, e); break;
	case TAR_SYMLINK:
	case TAR_FIFO: return make_special(x, parent, leaf, m, e);
	case TAR_CHAR:
	case TAR_BLOCK: break;
	}
	return r;
}

static int finish_folders(const struct extract *x, struct err *e)
{
	for (size_t i = 0; i < x->folders_n; i++) {
		const struct folder_last *f = &x->folders[i];
		const struct timespec t[2] = { { .tv_nsec = UTIME_OMIT }, f->mtime };
		auto_close int fd = fs_open_in_root(x->root, f->name,
						    O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, NULL);

		/* Gone when a later entry replaced it. */
		if (fd >= 0 && (futimens(fd, t) < 0 || (!x->as_root && fchmod(fd, f->mode) < 0)))
			return FAIL_SYS(e, "finish folder '%.200s'", f->name);
	}
	return 0;
}

int layer_extract(struct layer_stream *stream, int root, const char *opaque, struct err *e)
{
	auto_release(extract_free) struct extract *x = calloc(1, sizeof(*x));
	const struct tar_entry *m;
	int r;

	if (!x)
		return FAIL_NOMEM(e);
	x->root = root;
	x->parent = -1;
	x->parent_name = BUF_INIT(PATH_MAX);
	x->as_root = geteuid() == 0;
	x->opaque_name = opaque;
	(void)umask(0);
	r = tar_reader_new(&x->tar, layer_stream_read, stream, e);
	while (r == 0 && (r = tar_next(x->tar, &m, e)) > 0) {
		r = make_entry(x, m, e);
		if (r < 0)
			return WRAP(e, r, "'%.200s'", m->name);
		/* Removing or making anything may change where a name leads. */
		if (m->type != TAR_FILE)
			forget_parent(x);
	}
	return r < 0 ? r : finish_folders(x, e);
}
