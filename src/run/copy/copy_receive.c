/* SPDX-License-Identifier: Apache-2.0 */
/* Into a folder: the end of a copy that writes, in its sandbox. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "run/copy/copy_end.h"

static int64_t get(void *arg, void *p, size_t n, struct err *e)
{
	const struct end *x = arg;
	ssize_t got;

	do {
		got = read(x->fd, p, n);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? FAIL_SYS(e, "read archive") : got;
}

/* The folder that an entry goes into; what is missing on the way is made. No link is followed. */
static int parent_of(const struct end *x, const char *name, const char **ret_leaf, struct err *e)
{
	const char *slash = strrchr(name, '/');
	auto_free char *path = NULL;
	int r;

	*ret_leaf = slash ? slash + 1 : name;
	if (!slash)
		return fs_open_nolink(x->place->dir, ".", O_PATH | O_DIRECTORY, 0, e);
	path = str_dup((struct str){ name, (size_t)(slash - name) });
	if (!path)
		return FAIL_NOMEM(e);
	r = fs_open_nolink(x->place->dir, path, O_PATH | O_DIRECTORY, 0, e);
	if (r != E_NOTFOUND)
		return r;
	r = fs_mkdir_p(x->place->dir, path, 0755, e);
	return r < 0 ? r : fs_open_nolink(x->place->dir, path, O_PATH | O_DIRECTORY, 0, e);
}

static int set_owner(const struct copy_place *p, int fd, const char *leaf,
		     const struct tar_entry *m, struct err *e)
{
	const uid_t uid = p->keep_ids ? m->uid : 0;
	const gid_t gid = p->keep_ids ? m->gid : 0;

	if (p->host && !p->keep_ids)
		return 0;
	if (!p->host && (uid > 65535 || gid > 65535))
		return FAIL(e, E_FORMAT, "owner %u:%u is not among the container's ids", uid, gid);
	return fchownat(fd, leaf, p->id_base + uid, p->id_base + gid,
			AT_SYMLINK_NOFOLLOW | (*leaf ? 0 : AT_EMPTY_PATH)) < 0
		       ? FAIL_SYS(e, "set owner")
		       : 0;
}

static mode_t mode_of(const struct copy_place *p, const struct tar_entry *m)
{
	return p->host ? m->mode & 0777 : m->mode;
}

static int receive_file(struct end *x, int dir, const char *leaf, const struct tar_entry *m,
			struct err *e)
{
	auto_close int fd =
		openat(dir, leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	const struct timespec t[2] = { { .tv_nsec = UTIME_OMIT }, { m->mtime, m->mtime_ns } };
	int64_t n = 0;
	int r;

	if (fd < 0)
		return FAIL_SYS(e, "make file");
	while ((n = tar_read(x->in, x->chunk, sizeof(x->chunk), e)) > 0) {
		x->bytes += (uint64_t)n;
		if (x->bytes > LIMIT_COPY)
			return FAIL(e, E_FORMAT, "more than %llu bytes",
				    (unsigned long long)LIMIT_COPY);
		r = fs_write_all(fd, x->chunk, (size_t)n, e);
		if (r < 0)
			return r;
	}
	r = n < 0 ? (int)n : set_owner(x->place, fd, "", m, e);
	if (r == 0 && (fchmod(fd, mode_of(x->place, m)) < 0 || futimens(fd, t) < 0))
		r = FAIL_SYS(e, "set mode");
	return r;
}

static int receive_folder(struct end *x, int dir, const char *leaf, const struct tar_entry *m,
			  struct err *e)
{
	auto_close int fd = -1;
	const bool made = mkdirat(dir, leaf, 0700) == 0;
	int r = 0;

	if (!made && errno != EEXIST)
		return FAIL_SYS(e, "make folder");
	fd = openat(dir, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return FAIL_SYS(e, "there is something that is no folder");
	if (made)
		r = set_owner(x->place, fd, "", m, e);
	/* What is put into it must be possible for us. */
	if (r == 0 && made && fchmod(fd, mode_of(x->place, m) | 0700) < 0)
		r = FAIL_SYS(e, "set mode");
	return r;
}

static int make_room(int dir, const char *leaf, struct err *e)
{
	if (unlinkat(dir, leaf, 0) == 0 || errno == ENOENT)
		return 0;
	return errno == EISDIR ? FAIL(e, E_USAGE, "a folder is there") : FAIL_SYS(e, "replace");
}

static int receive_one(struct end *x, const struct tar_entry *m, struct err *e)
{
	const char *leaf;
	auto_close int dir = -1;
	int r = 0;

	if (strcmp(m->name, ".") == 0)
		return 0;
	dir = parent_of(x, m->name, &leaf, e);
	if (dir < 0)
		return dir;
	switch (m->type) {
	case TAR_DIR: return receive_folder(x, dir, leaf, m, e);
	case TAR_FILE:
		r = make_room(dir, leaf, e);
		return r == 0 ? receive_file(x, dir, leaf, m, e) : r;
	case TAR_SYMLINK:
		r = make_room(dir, leaf, e);
		if (r == 0 && symlinkat(m->link, dir, leaf) < 0)
			r = FAIL_SYS(e, "make link");
		return r == 0 ? set_owner(x->place, dir, leaf, m, e) : r;
	case TAR_HARDLINK: return FAIL(e, E_FORMAT, "hard links are not copied");
	case TAR_CHAR:
	case TAR_BLOCK:
	case TAR_FIFO: break;
	}
	return FAIL(e, E_FORMAT, "devices and pipes are not copied");
}

int copy_receive_child(void *arg, struct buf *emit, struct err *e)
{
	struct end *x = arg;
	const struct tar_entry *m;
	int r = tar_reader_new(&x->in, get, x, e);

	(void)emit;
	(void)umask(0);
	while (r == 0 && (r = tar_next(x->in, &m, e)) > 0) {
		r = receive_one(x, m, e);
		if (r < 0)
			return WRAP(e, r, "'%.200s'", m->name);
	}
	return r;
}
