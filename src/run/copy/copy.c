/* SPDX-License-Identifier: Apache-2.0 */
/* Where copies come from and go to. */
#include "run/copy/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/userns.h"
#include "run/container.h"
#include "run/launch/nest.h"
#include "run/root/rest.h"

enum { LIMIT_LINKS = 40 };

void copy_place_free(struct copy_place *p)
{
	if (p->dir > 0)
		(void)close(p->dir);
	if (p->lock > 0)
		(void)close(p->lock);
	p->dir = p->lock = -1;
}

/* "a/b/" -> "a", "b"; trailing slashes off. */
static void split(const char *path, struct buf *ret_parent, char leaf[static 256])
{
	size_t n = strlen(path), from;

	while (n > 1 && path[n - 1] == '/')
		n--;
	for (from = n; from > 0 && path[from - 1] != '/'; from--)
		;
	(void)snprintf(leaf, 256, "%.*s", (int)(n - from < 255 ? n - from : 255), path + from);
	if (from == 0)
		buf_puts(ret_parent, ".");
	else
		buf_put(ret_parent, path, from);
}

static bool is_contents(const char *leaf)
{
	return !*leaf || strcmp(leaf, ".") == 0 || strcmp(leaf, "..") == 0 ||
	       strcmp(leaf, "/") == 0;
}

void copy_source_name(const char *path, char ret[static 256])
{
	auto_buf parent = BUF_INIT(8192);

	split(path, &parent, ret);
	if (is_contents(ret))
		ret[0] = '\0';
}

/* How one opens a path there: root -1 is the host, whose links are the caller's own business. */
static int open_at(int root, const char *path, int flags, struct err *e)
{
	if (root < 0)
		return fs_open_user(path, flags, 0, e);
	return fs_open_in_root(root, path, flags, 0, e);
}

/* path without a link in its last part, step by step: each within root. What changes meanwhile is
 * a link again, which the reader does not follow. missing: what it leads to need not be there. */
static int last_link(int root, struct buf *path, bool missing, struct err *e)
{
	for (int n = 0; n < LIMIT_LINKS; n++) {
		auto_close int fd = open_at(root, buf_str(path), O_PATH | O_NOFOLLOW, e);
		auto_buf parent = BUF_INIT(8192);
		char leaf[256], target[4096];
		ssize_t len;

		if (fd < 0)
			return missing && fd == E_NOTFOUND ? 0 : fd;
		len = readlinkat(fd, "", target, sizeof(target) - 1);
		if (len <= 0)
			return 0;
		target[len] = '\0';
		split(buf_str(path), &parent, leaf);
		buf_reset(path);
		buf_printf(path, "%s%s%s", target[0] == '/' ? "" : buf_str(&parent),
			   target[0] == '/' ? "" : "/", target);
	}
	return FAIL(e, E_USAGE, "links without end");
}

static bool says_folder(const char *path)
{
	return path[0] && path[strlen(path) - 1] == '/';
}

static int open_source(int root, const char *path, bool follow, struct copy_place *p, struct err *e)
{
	auto_buf parent = BUF_INIT(8192), real = BUF_INIT(8192);
	auto_close int fd = -1;
	struct stat st;
	int r = 0;

	buf_puts(&real, path);
	if (follow || says_folder(path))
		r = last_link(root, &real, false, e);
	if (r < 0)
		return r;
	split(buf_str(&real), &parent, p->leaf);
	fd = open_at(root, buf_str(&real), O_PATH | O_NOFOLLOW, e);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fd < 0 ? fd : FAIL_SYS(e, "look at '%s'", path);
	/* A folder is its own root: nothing above it is seen by who reads it. */
	if (S_ISDIR(st.st_mode)) {
		p->leaf[0] = '\0';
		p->dir = TAKE_FD(fd);
		p->is_folder = true;
		return 0;
	}
	if (says_folder(path))
		return FAIL(e, E_NOTFOUND, "'%s' is no folder", path);
	if (is_contents(p->leaf))
		return FAIL(e, E_USAGE, "'%s' is no folder", path);
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return FAIL(e, E_USAGE, "'%s' is no file, folder or link", path);
	p->dir = open_at(root, buf_str(&parent), O_PATH | O_DIRECTORY, e);
	return p->dir < 0 ? p->dir : 0;
}

/* An existing folder takes it under its own name, else its last part is the new name; with a slash
 * behind it that is for a folder only. */
static int open_target(int root, const char *path, const struct copy_source *source,
		       struct copy_place *p, struct err *e)
{
	auto_buf parent = BUF_INIT(8192), real = BUF_INIT(8192);
	int r, fd = open_at(root, path, O_PATH | O_DIRECTORY, NULL);

	if (fd >= 0) {
		p->dir = fd;
		(void)snprintf(p->leaf, sizeof(p->leaf), "%s", source->name);
		return 0;
	}
	if (says_folder(path) && !source->is_folder)
		return FAIL(e, E_NOTFOUND, "'%s' is no folder", path);
	/* A link stays, and what it leads to is written, as cp(1) and docker have it. */
	buf_puts(&real, path);
	r = last_link(root, &real, true, e);
	if (r < 0)
		return r;
	split(buf_str(&real), &parent, p->leaf);
	if (is_contents(p->leaf))
		return FAIL(e, E_NOTFOUND, "'%s' is no folder", path);
	p->dir = open_at(root, buf_str(&parent), O_PATH | O_DIRECTORY, e);
	return p->dir < 0 ? p->dir : 0;
}

/* Of the kernel, and as the host's root we could write to it. */
static int leave_out(int root, struct copy_place *p, struct err *e)
{
	static const char *const kernel[] = { "proc", "sys", "sys/fs/cgroup" };
	struct stat st, top;

	if (fstat(root, &top) < 0)
		return FAIL_SYS(e, "look at the root");
	for (size_t i = 0; i < sizeof(kernel) / sizeof(*kernel); i++) {
		auto_close int fd = fs_open_nolink(root, kernel[i], O_PATH | O_DIRECTORY, 0, NULL);

		/* Of one that does not run they are plain folders of its root. */
		if (fd >= 0 && fstat(fd, &st) == 0 && st.st_dev != top.st_dev)
			p->not_here[p->not_here_n++] = st.st_dev;
	}
	if (fstat(p->dir, &st) < 0)
		return FAIL_SYS(e, "look at the folder");
	for (size_t i = 0; i < p->not_here_n; i++)
		if (st.st_dev == p->not_here[i])
			return FAIL(e, E_POLICY,
				    "what is in /proc and /sys is the kernel's: nothing is "
				    "copied from or to there");
	return 0;
}

/* Where its files are: those of one that runs as it sees them, else put together for us. */
static int open_root(const struct state *state, const char *container, struct copy_place *p,
		     struct err *e)
{
	auto_container c = CONTAINER_INIT;
	struct container_status s;
	struct rest rest = REST_INIT;
	char path[64];
	int fd, r = container_reap(state, e);

	if (r == 0)
		r = container_find(state, container, &c, e);
	if (r == 0)
		r = container_status(&c, &s, e);
	if (r < 0)
		return r;
	r = nest_enter(&c.monitor, e);
	if (r < 0)
		return r;
	p->id_base = userns_inside() ? 0 : c.id_base;
	if (s.phase != PHASE_RUNNING) {
		r = rest_open(state, &c, &rest, e);
		p->lock = rest.lock;
		return r < 0 ? r : rest.root;
	}
	(void)snprintf(path, sizeof(path), "/proc/%d/root", (int)s.pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? FAIL_SYS(e, "open the root of container '%s'", c.name) : fd;
}

int copy_place_container(const struct state *state, const char *container, const char *path,
			 const struct copy_source *target_of, bool follow, struct copy_place *ret,
			 struct err *e)
{
	struct copy_place p = { .dir = -1, .lock = -1 };
	auto_close int root = open_root(state, container, &p, e);
	int r = root < 0 ? root : 0;

	if (r == 0)
		r = target_of ? open_target(root, path, target_of, &p, e)
			      : open_source(root, path, follow, &p, e);
	if (r == 0)
		r = leave_out(root, &p, e);
	if (r < 0) {
		copy_place_free(&p);
		return WRAP(e, r, "%s:%s", container, path);
	}
	*ret = p;
	return 0;
}

int copy_place_host(const char *path, const struct copy_source *target_of, bool follow,
		    struct copy_place *ret, struct err *e)
{
	struct copy_place p = { .dir = -1, .lock = -1, .host = true };
	int r = target_of ? open_target(-1, path, target_of, &p, e)
			  : open_source(-1, path, follow, &p, e);

	if (r < 0) {
		copy_place_free(&p);
		return r;
	}
	*ret = p;
	return 0;
}

int copy_place_root(const struct state *state, const char *container, struct copy_place *ret,
		    struct err *e)
{
	struct copy_place p = { .dir = -1, .lock = -1, .one_mount = true, .is_folder = true };
	struct statx st;
	int r = 0;

	p.dir = open_root(state, container, &p, e);
	if (p.dir < 0)
		r = p.dir;
	else if (statx(p.dir, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0)
		r = FAIL_SYS(e, "look at the root");
	else if (!(st.stx_mask & STATX_MNT_ID))
		r = FAIL(e, E_SYSTEM, "the kernel does not tell mounts apart: Linux 5.8 does");
	if (r < 0) {
		copy_place_free(&p);
		return WRAP(e, r, "container '%s'", container);
	}
	p.mount = st.stx_mnt_id;
	*ret = p;
	return 0;
}
