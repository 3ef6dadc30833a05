/* SPDX-License-Identifier: Apache-2.0 */
/* Single files of a copied tree: content, owner, mode, attributes, time. */
#include "build/tree_put.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "dockerfile/mode.h"

struct owner tree_put_owner(const struct tree_put *g, const struct stat *st)
{
	if (g->c->set_owner)
		return g->c->owner;
	return g->keep_owner ? (struct owner){ st->st_uid, st->st_gid } : (struct owner){ 0, 0 };
}

mode_t tree_put_mode(const struct tree_put *g, const struct stat *st)
{
	return g->c->mode ? mode_apply(g->c->mode, st->st_mode) : st->st_mode & 07777;
}

void tree_put_times(const struct tree_put *g, const struct stat *st, struct timespec ret[2])
{
	bool own = !g->c->exact && st->st_mtime < g->c->clamp;
	int64_t t = own ? st->st_mtime : g->c->clamp;

	ret[0] = ret[1] = (struct timespec){ .tv_sec = t };
}

int tree_put_folders(const struct tree_copy *c, const char *path, struct err *e)
{
	struct made how = { c->owner, c->mode ? mode_apply(c->mode, S_IFDIR | 0755) : 0755,
			    c->clamp };

	return tree_mkdir(c->root, path, &how, e);
}

int tree_put_clear(const struct tree_put *g, int dir, const char *name, const char *shown,
		   struct err *e)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : FAIL_SYS(e, "read '%s'", shown);
	if (S_ISDIR(st.st_mode) && g->c->replace)
		return fs_remove_tree(dir, name, e);
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

int tree_put_regular(const struct tree_put *g, int from, const struct stat *st, int dir,
		     const char *name, struct err *e)
{
	struct owner o = tree_put_owner(g, st);
	struct timespec t[2];
	int r = tree_put_clear(g, dir, name, name, e);

	if (r < 0)
		return r;

	auto_close int to =
		openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (to < 0)
		return FAIL_SYS(e, "make '%s'", name);
	r = copy_bytes(to, from, e);
	if (r == 0 && (fchown(to, o.uid, o.gid) < 0 || fchmod(to, tree_put_mode(g, st)) < 0))
		r = FAIL_SYS(e, "set owner and mode");
	if (r == 0 && g->keep_owner)
		r = tree_copy_xattrs(to, from, false, e);
	tree_put_times(g, st, t);
	if (r == 0 && futimens(to, t) < 0)
		r = FAIL_SYS(e, "set time");
	return r < 0 ? WRAP(e, r, "copy to '%s'", name) : 0;
}

int tree_put_link(const struct tree_put *g, const struct walk_item *it, int dir, struct err *e)
{
	struct owner o = tree_put_owner(g, it->st);
	char target[4097];
	ssize_t n = readlinkat(it->dir, it->name, target, sizeof(target) - 1);
	struct timespec t[2];
	int r;

	if (n < 0)
		return FAIL_SYS(e, "read link '%s'", it->path);
	target[n] = '\0';
	r = tree_put_clear(g, dir, it->name, it->path, e);
	if (r < 0)
		return r;
	tree_put_times(g, it->st, t);
	if (symlinkat(target, dir, it->name) < 0 ||
	    fchownat(dir, it->name, o.uid, o.gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    utimensat(dir, it->name, t, AT_SYMLINK_NOFOLLOW) < 0)
		return FAIL_SYS(e, "make link '%s'", it->path);
	return 0;
}

int tree_put_fifo(const struct tree_put *g, const struct walk_item *it, int dir, struct err *e)
{
	struct owner o = tree_put_owner(g, it->st);
	struct timespec t[2];
	int r = tree_put_clear(g, dir, it->name, it->path, e);

	if (r < 0)
		return r;
	tree_put_times(g, it->st, t);
	if (mkfifoat(dir, it->name, 0600) < 0 ||
	    fchownat(dir, it->name, o.uid, o.gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(dir, it->name, tree_put_mode(g, it->st), 0) < 0 ||
	    utimensat(dir, it->name, t, AT_SYMLINK_NOFOLLOW) < 0)
		return FAIL_SYS(e, "make pipe '%s'", it->path);
	return 0;
}
