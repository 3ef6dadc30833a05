/* SPDX-License-Identifier: Apache-2.0 */
/* Out of a folder: the end of a copy that reads, in its sandbox. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "run/copy/copy_end.h"

enum { LIMIT_DEPTH = 200, NAME = 4096 };

static int put(void *arg, const void *p, size_t n, struct err *e)
{
	const struct end *x = arg;

	return fs_write_all(x->fd, p, n, e);
}

static uint32_t id_out(const struct copy_place *p, uint32_t id)
{
	return id >= p->id_base && id - p->id_base < 65536 ? id - p->id_base : id;
}

/* Exactly as long as was said, whatever the file does meanwhile. */
static int send_data(struct end *x, int fd, uint64_t size, struct err *e)
{
	while (size > 0) {
		const size_t want = size < sizeof(x->chunk) ? (size_t)size : sizeof(x->chunk);
		ssize_t n = read(fd, x->chunk, want);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FAIL_SYS(e, "read");
		if (n == 0) {
			memset(x->chunk, 0, want);
			n = (ssize_t)want;
		}
		r = tar_write_data(x->out, x->chunk, (size_t)n, e);
		if (r < 0)
			return r;
		size -= (uint64_t)n;
	}
	return 0;
}

static int send_file(struct end *x, int dir, const char *leaf, struct tar_entry *m, struct err *e)
{
	/* It may have become a pipe since it was looked at. */
	auto_close int fd =
		openat(dir, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return FAIL_SYS(e, "open");
	if (!S_ISREG(st.st_mode))
		return FAIL(e, E_SYSTEM, "it is no file any more");
	if (x->place->one_mount && st.st_nlink > 1) {
		const char *first;

		r = links_name(&x->links, &st, m->name, &first, e);
		if (r == 0 && first) {
			m->type = TAR_HARDLINK;
			m->link = (char *)(uintptr_t)first;
			return tar_write_entry(x->out, m, e);
		}
		if (r < 0)
			return r;
	}
	x->bytes += (uint64_t)st.st_size;
	if (x->bytes > LIMIT_COPY)
		return FAIL(e, E_FORMAT, "more than %llu bytes", (unsigned long long)LIMIT_COPY);
	m->size = (uint64_t)st.st_size;
	r = tar_write_entry(x->out, m, e);
	return r == 0 ? send_data(x, fd, m->size, e) : r;
}

static int send_link(struct end *x, int dir, const char *leaf, const struct tar_entry *m,
		     struct err *e)
{
	struct tar_entry link = *m;
	char target[NAME];
	ssize_t n = readlinkat(dir, leaf, target, sizeof(target) - 1);

	if (n < 0)
		return FAIL_SYS(e, "read link");
	target[n] = '\0';
	link.link = target;
	return n ? tar_write_entry(x->out, &link, e) : 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a folder, sorted. Takes over fd. */
static int names_of(int fd, struct strv *ret, struct err *e)
{
	auto_closedir DIR *d = fdopendir(fd);
	struct dirent *ent;
	int r = 0;

	if (!d) {
		(void)close(fd);
		return FAIL_SYS(e, "list");
	}
	while (r == 0 && (ent = readdir(d)))
		if (strcmp(ent->d_name, ".") != 0 && strcmp(ent->d_name, "..") != 0)
			r = strv_add(ret, ent->d_name, e);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare);
	return r;
}

static bool left_out(const struct copy_place *p, dev_t dev)
{
	for (size_t i = 0; i < p->not_here_n; i++)
		if (p->not_here[i] == dev)
			return true;
	return false;
}

static int send_one(struct end *x, int dir, const char *leaf, const char *name, int depth,
		    struct err *e);

static int send_folder(struct end *x, int dir, const char *leaf, const char *name, int depth,
		       struct err *e)
{
	auto_close int fd = openat(dir, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_strv names = { 0 };
	int again, r;

	if (fd < 0)
		return FAIL_SYS(e, "open folder");
	if (depth == LIMIT_DEPTH)
		return FAIL(e, E_FORMAT, "folders nested deeper than %d", LIMIT_DEPTH);
	again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = again < 0 ? FAIL_SYS(e, "open folder") : names_of(again, &names, e);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		auto_free char *path = NULL;

		if (asprintf(&path, "%s%s%s", name, *name ? "/" : "", names.v[i]) < 0)
			return FAIL_NOMEM(e);
		r = send_one(x, fd, names.v[i], path, depth + 1, e);
	}
	return r;
}

/* Something is mounted there; the place has the number of its own mount. */
static int is_mounted(const struct end *x, int dir, const char *leaf, bool *ret, struct err *e)
{
	struct statx st;

	*ret = false;
	if (!x->place->one_mount)
		return 0;
	if (statx(dir, leaf, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_MNT_ID, &st) < 0)
		return FAIL_SYS(e, "look at a mount");
	*ret = st.stx_mnt_id != x->place->mount;
	return 0;
}

/* What it is mounted on is a folder or a file: without what it shows. */
static int send_mounted(struct end *x, const struct stat *st, struct tar_entry *m, struct err *e)
{
	m->type = S_ISDIR(st->st_mode) ? TAR_DIR : TAR_FILE;
	m->mode = S_ISDIR(st->st_mode) ? 0755 : 0644;
	m->uid = m->gid = 0;
	return tar_write_entry(x->out, m, e);
}

/* One that is gone since its folder was listed is none. */
static int send_one(struct end *x, int dir, const char *leaf, const char *name, int depth,
		    struct err *e)
{
	struct stat st;
	struct tar_entry m = { .name = (char *)(uintptr_t)name };
	bool mounted;
	int r;

	if (fstatat(dir, leaf, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT && depth ? 0 : FAIL_SYS(e, "look at '%.200s'", name);
	m.mode = st.st_mode & 07777;
	m.uid = id_out(x->place, st.st_uid);
	m.gid = id_out(x->place, st.st_gid);
	m.mtime = st.st_mtim.tv_sec;
	m.mtime_ns = (uint32_t)st.st_mtim.tv_nsec;
	r = is_mounted(x, dir, leaf, &mounted, e);
	if (r < 0 || mounted)
		return r < 0 ? r : send_mounted(x, &st, &m, e);
	if (S_ISDIR(st.st_mode) && !left_out(x->place, st.st_dev)) {
		m.type = TAR_DIR;
		r = *name ? tar_write_entry(x->out, &m, e) : 0;
		return r == 0 ? send_folder(x, dir, leaf, name, depth, e) : r;
	}
	if (S_ISREG(st.st_mode) && !left_out(x->place, st.st_dev)) {
		m.type = TAR_FILE;
		r = send_file(x, dir, leaf, &m, e);
	} else if (S_ISLNK(st.st_mode)) {
		m.type = TAR_SYMLINK;
		r = send_link(x, dir, leaf, &m, e);
	} else if (S_ISFIFO(st.st_mode) && x->place->one_mount) {
		m.type = TAR_FIFO;
		r = tar_write_entry(x->out, &m, e);
	} else {
		x->skipped++;
	}
	return r < 0 ? WRAP(e, r, "'%.200s'", name) : 0;
}

int copy_send_child(void *arg, struct buf *emit, struct err *e)
{
	struct end *x = arg;
	const char *leaf = x->place->leaf;
	int r = tar_writer_new(&x->out, put, x, e);

	if (r == 0)
		r = send_one(x, x->place->dir, *leaf ? leaf : ".", x->as, 0, e);
	if (r == 0)
		r = tar_write_end(x->out, e);
	buf_printf(emit, "%llu", (unsigned long long)x->skipped);
	return r;
}
