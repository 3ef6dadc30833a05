/* SPDX-License-Identifier: Apache-2.0 */
/* Both ends of a copy, each in its sandbox. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "oci/tar.h"
#include "run/copy.h"
#include "sandbox/sandbox.h"

enum { LIMIT_DEPTH = 200, LIMIT_CPU_S = 3600, NAME = 4096 };
#define LIMIT_COPY ((uint64_t)64 * 1024 * 1024 * 1024)

struct end {
	const struct copy_place *place;
	const char *as;
	int fd;
	struct tar_writer *out;
	struct tar_reader *in;
	uint64_t bytes, skipped;
	char chunk[65536];
};

/* --- out of a folder --- */

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

/* One that is gone since its folder was listed is none. */
static int send_one(struct end *x, int dir, const char *leaf, const char *name, int depth,
		    struct err *e)
{
	struct stat st;
	struct tar_entry m = { .name = (char *)(uintptr_t)name };
	int r = 0;

	if (fstatat(dir, leaf, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT && depth ? 0 : FAIL_SYS(e, "look at '%.200s'", name);
	m.mode = st.st_mode & 07777;
	m.uid = id_out(x->place, st.st_uid);
	m.gid = id_out(x->place, st.st_gid);
	m.mtime = st.st_mtim.tv_sec;
	m.mtime_ns = (uint32_t)st.st_mtim.tv_nsec;
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
	} else {
		x->skipped++;
	}
	return r < 0 ? WRAP(e, r, "'%.200s'", name) : 0;
}

static int send_child(void *arg, struct buf *emit, struct err *e)
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

/* --- into a folder --- */

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

static int receive_child(void *arg, struct buf *emit, struct err *e)
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

/* --- the two processes --- */

/* Files of a container are made by its own root: the file systems of its user namespace know no
 * other. The sandbox gives its child back the capabilities that this takes. */
static void act_as(uint32_t id)
{
	(void)setfsgid(id);
	(void)setfsuid(id);
}

static int count(const struct buf *said, uint64_t *ret)
{
	uint64_t n = 0;

	(void)str_u64(str_of(buf_str(said)), UINT64_MAX, &n, NULL);
	*ret = n;
	return 0;
}

/* One end, begun: a descriptor that is not one of the three that every sandbox closes. */
struct running {
	struct end *x;
	struct sandbox box;
	struct sandboxed child;
};

static int begin(struct running *ret, const struct copy_place *place, const char *as, int fd,
		 struct err *e)
{
	int (*const fn)(void *, struct buf *, struct err *) = as ? send_child : receive_child;
	struct end *x = calloc(1, sizeof(*x));
	const uid_t uid = geteuid();
	const gid_t gid = getegid();
	int r;

	if (!x)
		return FAIL_NOMEM(e);
	*x = (struct end){ .place = place, .as = as, .fd = fcntl(fd, F_DUPFD_CLOEXEC, 3) };
	ret->x = x;
	ret->box = (struct sandbox){ .what = as ? "copy out" : "copy in",
				     .keep = &x->fd,
				     .keep_n = 1,
				     .write_dir = place->dir,
				     .keep_caps = uid == 0,
				     .cpu_seconds = LIMIT_CPU_S };
	if (x->fd < 0) {
		free(x);
		return FAIL_SYS(e, "dup");
	}
	if (uid == 0)
		act_as(place->id_base);
	r = sandbox_start(&ret->box, fn, x, 64, &ret->child, e);
	if (uid == 0) {
		(void)setfsgid(gid);
		(void)setfsuid(uid);
	}
	(void)close(x->fd);
	if (r < 0)
		free(x);
	return r;
}

static int finish(struct running *p, uint64_t *ret_skipped, struct err *e)
{
	auto_buf said = BUF_INIT(64);
	int r = sandbox_wait(&p->box, &p->child, &said, e);

	free(p->x);
	return r < 0 || !ret_skipped ? r : count(&said, ret_skipped);
}

int copy_send(const struct copy_place *from, const char *as, int fd, uint64_t *ret_skipped,
	      struct err *e)
{
	struct running p;
	int r = begin(&p, from, as, fd, e);

	return r == 0 ? finish(&p, ret_skipped, e) : r;
}

/* The kernel's word for it is not the user's. */
static int explain(const struct copy_place *to, int r, struct err *e)
{
	if (r < 0 && e && e->sys == EROFS && !to->host)
		return err_hint(
			e, r,
			"its root is read-only: copy to a volume or to /tmp, or run it with "
			"--read-only=false");
	return r;
}

int copy_receive(const struct copy_place *to, int fd, struct err *e)
{
	struct running p;
	int r = begin(&p, to, NULL, fd, e);

	return r == 0 ? explain(to, finish(&p, NULL, e), e) : r;
}

int copy_between(const struct copy_place *from, const struct copy_place *to, uint64_t *ret_skipped,
		 struct err *e)
{
	struct err other = ERR_INIT;
	struct running p;
	int fds[2], r, w;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");
	r = begin(&p, from, to->leaf, fds[1], e);
	(void)close(fds[1]);
	if (r < 0) {
		(void)close(fds[0]);
		return r;
	}
	r = copy_receive(to, fds[0], e);
	(void)close(fds[0]);
	w = finish(&p, ret_skipped, &other);
	/* What the one end could not read is why the other had too little. */
	if (w < 0 && (r == 0 || r == E_FORMAT) && other.sys != EPIPE) {
		if (e)
			*e = other;
		return w;
	}
	return r;
}
