/* SPDX-License-Identifier: Apache-2.0 */
/* What an archive is, and where its members lie: told by a sandboxed child. */
#include "pipeline/import/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"
#include "oci/compress.h"
#include "oci/layer.h"
#include "oci/tar.h"
#include "pipeline/import/internal.h"
#include "sandbox/sandbox.h"

enum { LIMIT_LISTING = 32 * 1024 * 1024, CHUNK = 128 * 1024 };

/* Read in the child: the archive's bytes, inflated, and how many there were so far. */
struct source {
	int fd, out; /* out -1: nothing is written */
	enum compression kind;
	struct inflater *inflater;
	uint64_t at;
};

static int64_t read_packed(void *arg, void *p, size_t n, struct err *e)
{
	const struct source *s = arg;
	ssize_t got;

	do {
		got = read(s->fd, p, n);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? FAIL_SYS(e, "read archive") : got;
}

static int64_t read_plain(void *arg, void *p, size_t n, struct err *e)
{
	struct source *s = arg;
	int64_t got = inflater_read(s->inflater, p, n, e);

	if (got > 0)
		s->at += (uint64_t)got;
	if (s->at > LIMIT_LAYER_BYTES)
		return FAIL(e, E_FORMAT, "more than %llu bytes when unpacked",
			    (unsigned long long)LIMIT_LAYER_BYTES);
	return got;
}

/* --- in the child: the list of members --- */

/* A folder at the top that no image archive has and every root filesystem does. */
static bool is_rootfs_folder(const char *name)
{
	static const char *const folders[] = { "bin", "boot", "dev",  "etc",  "home", "lib",
					       "mnt", "opt",  "proc", "root", "run",  "sbin",
					       "srv", "sys",  "tmp",  "usr",  "var" };
	size_t n = strcspn(name, "/");

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		if (strlen(folders[i]) == n && strncmp(name, folders[i], n) == 0)
			return true;
	return false;
}

/* "F<offset> <size>", "S<target>" or "H<target>", NUL, the name, NUL. Both targets are relative:
 * one to its folder, the other to the archive. */
static void put_member(const struct tar_entry *m, uint64_t at, struct buf *emit)
{
	if (m->type == TAR_FILE)
		buf_printf(emit, "F%" PRIu64 " %" PRIu64, at, m->size);
	else if (m->type == TAR_SYMLINK || m->type == TAR_HARDLINK)
		buf_printf(emit, "%c%s", m->type == TAR_SYMLINK ? 'S' : 'H', m->link);
	else
		return;
	buf_putc(emit, '\0');
	buf_puts(emit, m->name);
	buf_putc(emit, '\0');
}

/* Emits nothing for a root filesystem, else 'D' or 'O' and the members. */
static int list_child(void *arg, struct buf *emit, struct err *e)
{
	struct source *s = arg;
	auto_release(tar_reader_free) struct tar_reader *t = NULL;
	auto_buf list = BUF_INIT(LIMIT_LISTING);
	const struct tar_entry *m;
	bool docker = false, oci = false;
	size_t n = 0;
	int r = inflater_new(&s->inflater, s->kind, read_packed, s, e);

	r = r < 0 ? r : tar_reader_new(&t, read_plain, s, e);
	while (r == 0 && (r = tar_next(t, &m, e)) > 0) {
		r = 0;
		if (is_rootfs_folder(m->name))
			return 0;
		docker |= m->type != TAR_DIR && strcmp(m->name, "manifest.json") == 0;
		oci |= m->type != TAR_DIR && strcmp(m->name, "oci-layout") == 0;
		if (n++ < LIMIT_ARCHIVE_MEMBERS)
			put_member(m, s->at, &list);
	}
	if (r < 0 || (!docker && !oci))
		return r;
	if (n > LIMIT_ARCHIVE_MEMBERS)
		return FAIL(e, E_FORMAT, "more than %d members in an image archive",
			    LIMIT_ARCHIVE_MEMBERS);
	r = buf_check(&list, "list of members", e);
	buf_putc(emit, oci ? 'O' : 'D');
	buf_put(emit, list.p, list.n);
	return r;
}

static int inflate_child(void *arg, struct buf *emit, struct err *e)
{
	struct source *s = arg;
	auto_free char *chunk = malloc(CHUNK);
	int64_t n = 0;
	int r = chunk ? inflater_new(&s->inflater, s->kind, read_packed, s, e) : FAIL_NOMEM(e);

	(void)emit;
	while (r == 0 && (n = read_plain(s, chunk, CHUNK, e)) > 0)
		r = fs_write_all(s->out, chunk, (size_t)n, e);
	return n < 0 ? (int)n : r;
}

static int in_sandbox(struct source *s, int (*fn)(void *arg, struct buf *emit, struct err *e),
		      struct buf *ret, struct err *e)
{
	const int keep[] = { s->fd, s->out };
	const struct sandbox box = {
		.what = "archive",
		.keep = keep,
		.keep_n = s->out < 0 ? 1 : 2,
		.write_dir = -1,
		.cpu_seconds = 3600,
	};

	if (lseek(s->fd, 0, SEEK_SET) < 0)
		return FAIL_SYS(e, "seek in the archive");
	return sandbox_run(&box, fn, s, ret, e);
}

/* --- in the parent: the list, distrusted --- */

/* Where a symbolic link leads, as a name of the archive; out of it is E_FORMAT. */
static int link_target(const char *name, const char *target, struct buf *ret, struct err *e)
{
	const char *slash = strrchr(name, '/');
	struct str rest = str_of(target), part;

	if (*target == '/')
		return FAIL(e, E_FORMAT, "'%.200s' is a link out of the archive", name);
	buf_put(ret, name, slash ? (size_t)(slash - name) : 0);
	while (str_cut(&rest, '/', &part)) {
		if (part.n == 0 || str_eqz(part, "."))
			continue;
		if (!str_eqz(part, "..")) {
			buf_puts(ret, ret->n ? "/" : "");
			buf_put(ret, part.p, part.n);
			continue;
		}
		if (ret->n == 0)
			return FAIL(e, E_FORMAT, "'%.200s' is a link out of the archive", name);
		while (ret->n && ret->p[ret->n - 1] != '/')
			ret->p[--ret->n] = '\0';
		if (ret->n)
			ret->p[--ret->n] = '\0';
	}
	return buf_check(ret, "link", e);
}

static int file_place(const char *text, json_t **ret, struct err *e)
{
	struct str rest = str_of(text), at;
	uint64_t offset, size;
	int r = str_cut(&rest, ' ', &at) ? str_u64(at, INT64_MAX / 2, &offset, e)
					 : FAIL(e, E_FORMAT, "no size");

	if (r == 0)
		r = str_u64(rest, INT64_MAX / 2, &size, e);
	if (r < 0)
		return r;
	*ret = json_pack("[I,I]", (json_int_t)offset, (json_int_t)size);
	return *ret ? 0 : FAIL_NOMEM(e);
}

static int take_member(json_t *members, const char *what, const char *name, struct err *e)
{
	auto_buf target = BUF_INIT(2 * LIMIT_TAR_NAME);
	auto_json *place = NULL;
	int r = 0;

	if (!str_utf8(str_of(name)))
		return 0; /* nothing could refer to it */
	if (json_object_get(members, name))
		return FAIL(e, E_FORMAT, "'%.200s' stands in the archive twice", name);
	if (*what == 'F')
		r = file_place(what + 1, &place, e);
	else if (*what == 'S')
		r = link_target(name, what + 1, &target, e);
	else
		buf_puts(&target, what + 1);
	if (r == 0 && !place)
		place = str_utf8(str_of(buf_str(&target))) ? json_string(buf_str(&target))
							   : json_null();
	return r < 0 ? r : json_put(members, name, TAKE(place), e);
}

static int take_list(const struct buf *list, struct archive *a, struct err *e)
{
	const char *p = list->p + 1, *end = list->p + list->n;
	int r = 0;

	a->kind = *list->p == 'O' ? ARCHIVE_OCI : ARCHIVE_DOCKER;
	a->members = json_object();
	if (!a->members)
		return FAIL_NOMEM(e);
	while (r == 0 && p < end) {
		const char *name = p + strnlen(p, (size_t)(end - p)) + 1;
		const char *next =
			name < end ? name + strnlen(name, (size_t)(end - name)) + 1 : end;

		if (name >= end || next > end)
			return FAIL(e, E_FORMAT, "list of members is cut short");
		r = take_member(a->members, p, name, e);
		p = next;
	}
	return r;
}

/* --- bytes that can be read twice --- */

static int spool_new(const struct store *s, struct err *e)
{
	int fd = openat(store_fd(s), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd < 0 ? FAIL_SYS(e, "make a temporary file") : fd;
}

static int spool_from(int spool, int fd, struct err *e)
{
	auto_free char *chunk = malloc(CHUNK);
	uint64_t have = 0;

	if (!chunk)
		return FAIL_NOMEM(e);
	for (;;) {
		ssize_t n = read(fd, chunk, CHUNK);
		int r = proc_interrupted(e);

		if (r == 0 && n < 0 && errno != EINTR)
			r = FAIL_SYS(e, "read archive");
		if (r == 0 && n > 0)
			r = fs_write_all(spool, chunk, (size_t)n, e);
		if (r < 0 || n == 0)
			return r;
		have += n > 0 ? (uint64_t)n : 0;
		if (have > LIMIT_LAYER_BYTES)
			return FAIL(e, E_FORMAT, "more than %llu bytes",
				    (unsigned long long)LIMIT_LAYER_BYTES);
	}
}

static int detect(int fd, enum compression *ret, struct err *e)
{
	char head[6];
	ssize_t n = pread(fd, head, sizeof(head), 0);

	if (n < 0)
		return FAIL_SYS(e, "read archive");
	*ret = compression_detect(head, (size_t)n);
	return 0;
}

/* Puts what s reads, or a program makes of it, in its place. */
static int replace(const struct store *s, struct archive *a, struct source *src, struct err *e)
{
	auto_close int spool = spool_new(s, e);
	int r = spool;

	if (r >= 0 && (src->kind == COMPRESSION_XZ || src->kind == COMPRESSION_BZIP2)) {
		r = compression_by_program(src->kind, a->fd, spool, LIMIT_LAYER_BYTES, e);
	} else if (r >= 0) {
		src->out = spool;
		r = in_sandbox(src, inflate_child, NULL, e);
	}
	if (r < 0)
		return r;
	(void)close(a->fd);
	a->fd = src->fd = TAKE_FD(spool);
	src->kind = COMPRESSION_NONE;
	src->out = -1;
	return 0;
}

static int make_seekable(const struct store *s, struct archive *a, struct err *e)
{
	auto_close int spool = -1;
	int r;

	if (lseek(a->fd, 0, SEEK_CUR) == 0)
		return 0;
	spool = spool_new(s, e);
	r = spool < 0 ? spool : spool_from(spool, a->fd, e);
	if (r < 0)
		return r;
	(void)close(a->fd);
	a->fd = TAKE_FD(spool);
	return 0;
}

static int look_into(const struct store *s, struct archive *a, struct err *e)
{
	auto_buf list = BUF_INIT(LIMIT_LISTING + 1);
	struct source src = { .out = -1 };
	int r = make_seekable(s, a, e);

	src.fd = a->fd;
	if (r == 0)
		r = detect(a->fd, &src.kind, e);
	if (r == 0 && (src.kind == COMPRESSION_XZ || src.kind == COMPRESSION_BZIP2))
		r = replace(s, a, &src, e);
	if (r == 0)
		r = in_sandbox(&src, list_child, &list, e);
	if (r == 0 && list.n)
		r = take_list(&list, a, e);
	if (r == 0 && list.n && src.kind != COMPRESSION_NONE)
		r = replace(s, a, &src, e);
	if (r == 0 && lseek(a->fd, 0, SEEK_SET) < 0)
		return FAIL_SYS(e, "seek in the archive");
	return r;
}

int archive_open(const struct store *s, const char *path, struct archive *ret, struct err *e)
{
	auto_archive a = ARCHIVE_NONE;
	bool standard_input = strcmp(path, "-") == 0;
	struct stat st;
	int r;

	a.fd = standard_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
			      : fs_open_user(path, O_RDONLY | O_NOCTTY, 0, e);
	if (a.fd < 0)
		return standard_input ? FAIL_SYS(e, "standard input") : a.fd;
	a.mtime = fstat(a.fd, &st) == 0 && S_ISREG(st.st_mode) ? (int64_t)st.st_mtim.tv_sec
							       : clock_now();
	r = look_into(s, &a, e);
	if (r < 0)
		return r;
	*ret = a;
	a = ARCHIVE_NONE;
	return 0;
}

void archive_close(struct archive *a)
{
	if (a->fd >= 0)
		(void)close(a->fd);
	json_decref(a->members);
	*a = ARCHIVE_NONE;
}
