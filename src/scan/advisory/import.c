/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/db.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/lanes.h"
#include "base/proc.h"
#include "base/progress.h"
#include "crypto/digest.h"
#include "sandbox/sandbox.h"
#include "scan/advisory/record.h"
#include "scan/advisory/sorter.h"
#include "scan/advisory/unit.h"

enum {
	BATCH = 31,			/* files that sandboxed children read at a time */
	BATCH_BYTES = 64 * 1024 * 1024, /* or fewer, when they are large */
	MAX_READERS = 4,
	WRITE = 1024 * 1024,
	LIMIT_IMPORT_FILES = 1000 * 1000,
	LIMIT_IMPORT_DEPTH = 16,
};
/* What one child may write of one batch: as much as all that is published today, ten times. */
#define LIMIT_RECORDS ((uint64_t)32 * 1024 * 1024 * 1024)

struct importer {
	const struct state *state;
	struct advisory_build *build;
	struct progress *progress;
	struct advisory_import *counts;
	struct {
		int fd;
		char *name;
		bool named; /* by the user, not found in a folder */
	} batch[BATCH];
	size_t n;
	uint64_t bytes;
};

static void drop_batch(struct importer *im)
{
	for (size_t i = 0; i < im->n; i++) {
		(void)close(im->batch[i].fd);
		free(im->batch[i].name);
	}
	im->n = 0;
	im->bytes = 0;
}

static void importer_release(struct importer *im)
{
	drop_batch(im);
}

/*
 * A child that reads a batch. All readers go over the same files, and each takes its share of the
 * documents: splitting a stream into documents is ten times as fast as reading them. Its records go
 * to a file, so that nobody has to hold them.
 */
struct reader {
	const struct importer *im;
	struct unit_share share;
	int fd; /* where records go */
	struct buf out;
	uint64_t written;
	struct sandboxed child;
	struct sandbox box;
	int keep[BATCH + 1];
};

static void readers_release(struct reader (*readers)[MAX_READERS])
{
	for (size_t i = 0; i < MAX_READERS; i++) {
		struct reader *rd = &(*readers)[i];

		if (rd->child.pid > 0) /* after a failure of another: its end is not waited for */
			(void)sandbox_wait(&rd->box, &rd->child, NULL, NULL);
		close_release(&rd->fd);
	}
}

static int flush_records(struct reader *rd, struct err *e)
{
	int r = buf_check(&rd->out, "advisories", e);

	r = r < 0 ? r : fs_write_all(rd->fd, rd->out.p, rd->out.n, e);
	rd->written += rd->out.n;
	buf_reset(&rd->out);
	if (r == 0 && rd->written > LIMIT_RECORDS)
		r = FAIL(e, E_FORMAT, "more than %llu bytes of advisories",
			 (unsigned long long)LIMIT_RECORDS);
	return r;
}

static int put_record(void *arg, const json_t *unit, struct err *e)
{
	struct reader *rd = arg;
	int r = record_of_unit(unit, &rd->out, e);

	return r < 0 || rd->out.n < WRITE ? r : flush_records(rd, e);
}

/* In the child. It emits how many files of folders were no advisories. */
static int read_batch(void *arg, struct buf *emit, struct err *e)
{
	struct reader *rd = arg;
	const struct importer *im = rd->im;
	const struct unit_sink to = { .put = put_record, .arg = rd, .share = &rd->share };
	uint64_t skipped = 0;
	int r = 0;

	rd->out = BUF_INIT(4U * LIMIT_RECORD);
	for (size_t i = 0; i < im->n && r == 0; i++) {
		r = advisory_parse_fd(im->batch[i].fd, im->batch[i].name, &to, e);
		if (r == E_NOTFOUND && !im->batch[i].named)
			skipped++, r = 0;
	}
	r = r < 0 ? r : flush_records(rd, e);
	buf_put(emit, &skipped, sizeof(skipped));
	return r == E_NOTFOUND ? E_FORMAT : r;
}

static int start_reader(struct importer *im, struct reader *rd, unsigned i, unsigned n,
			struct err *e)
{
	rd->im = im;
	rd->share = (struct unit_share){ .of = n, .mine = i };
	rd->fd = temp_file(im->state, e);
	if (rd->fd < 0)
		return rd->fd;
	rd->box = (struct sandbox){ .what = "read advisories", .keep = rd->keep, .write_dir = -1 };
	for (size_t k = 0; k < im->n; k++)
		rd->keep[rd->box.keep_n++] = im->batch[k].fd;
	rd->keep[rd->box.keep_n++] = rd->fd;
	return sandbox_start(&rd->box, read_batch, rd, sizeof(uint64_t), &rd->child, e);
}

/* More of a file of records, until n bytes are there or it ends. */
static int fill(int fd, struct buf *b, size_t n, struct err *e)
{
	char chunk[64 * 1024];

	while (b->n < n) {
		ssize_t got = read(fd, chunk, sizeof(chunk));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return FAIL_SYS(e, "read what was read");
		if (got == 0)
			break;
		buf_put(b, chunk, (size_t)got);
		if (b->failed)
			return buf_check(b, "a unit", e);
	}
	return 0;
}

/* The record at the beginning of b, whole: 1, or 0 at the end of the file. */
static int next_record(int fd, struct buf *b, size_t *at, struct str *ret, struct err *e)
{
	enum { LENGTH_MAX = 10 };
	struct unpack u;
	uint64_t n;
	int r;

	if (b->n - *at < LENGTH_MAX) {
		memmove(b->p, b->p + *at, b->n - *at);
		b->n -= *at;
		*at = 0;
		r = fill(fd, b, LENGTH_MAX, e);
		if (r < 0 || !b->n)
			return r;
	}
	u = unpack_of((struct str){ b->p + *at, b->n - *at });
	n = unpack_u64(&u, LIMIT_RECORD);
	if (u.bad)
		return FAIL(e, E_FORMAT, "damaged: the length of a unit");
	*at = (size_t)(u.p - b->p);
	r = fill(fd, b, *at + n, e);
	if (r == 0 && b->n < *at + n)
		r = FAIL(e, E_FORMAT, "damaged: a unit that is cut short");
	*ret = (struct str){ b->p + *at, (size_t)n };
	*at += n;
	return r < 0 ? r : 1;
}

/* What a child read goes to the build. */
static int take_records(struct importer *im, int fd, struct err *e)
{
	auto_buf b = BUF_INIT(2U * LIMIT_RECORD);
	struct str record;
	size_t at = 0;
	int r;

	buf_putc(&b, '\0'); /* so that there is memory */
	buf_reset(&b);
	if (lseek(fd, 0, SEEK_SET) < 0)
		return FAIL_SYS(e, "read what was read");
	while ((r = next_record(fd, &b, &at, &record, e)) > 0) {
		im->counts->units++;
		r = advisory_build_record(im->build, record, e);
		if (r < 0)
			return r;
	}
	return r;
}

static int finish_reader(struct importer *im, struct reader *rd, struct err *e)
{
	auto_buf out = BUF_INIT(sizeof(uint64_t));
	uint64_t skipped;
	int r = sandbox_wait(&rd->box, &rd->child, &out, e);

	if (r == 0 && out.n != sizeof(skipped))
		r = FAIL(e, E_FORMAT, "the child's result is cut short");
	if (r < 0)
		return r;
	memcpy(&skipped, out.p, sizeof(skipped));
	if (rd->share.mine == 0)
		im->counts->skipped += skipped;
	return take_records(im, rd->fd, e);
}

static int flush(struct importer *im, struct err *e)
{
	__attribute__((cleanup(readers_release))) struct reader readers[MAX_READERS] = { 0 };
	unsigned n = lanes_threads() < MAX_READERS ? lanes_threads() : MAX_READERS;
	unsigned char raw[SHA256_LEN];
	int r = 0;

	for (unsigned i = 0; i < MAX_READERS; i++)
		readers[i].fd = -1;
	if (!im->n)
		return 0;
	if (im->bytes < WRITE)
		n = 1;
	/* What the children may not do: reading /dev/urandom, OpenSSL's configuration. */
	json_object_seed(0);
	sha256_once("", 0, raw);
	for (unsigned i = 0; i < n && r == 0; i++)
		r = start_reader(im, &readers[i], i, n, e);
	for (unsigned i = 0; i < n && r == 0; i++)
		r = finish_reader(im, &readers[i], e);
	if (r < 0)
		return r;
	im->counts->files += im->n;
	drop_batch(im);
	progress_advance(im->progress, im->counts->files);
	return proc_interrupted(e);
}

/* Takes the descriptor over. */
static int add_file(struct importer *im, int fd, const char *name, bool named, struct err *e)
{
	auto_close int owned = fd;
	struct stat st;
	int r = 0;

	if (fstat(fd, &st) < 0)
		return FAIL_SYS(e, "%s", name);
	if (!S_ISREG(st.st_mode))
		return named ? FAIL(e, E_FORMAT, "%s: neither a file nor a folder", name) : 0;
	if (im->counts->files + im->n >= LIMIT_IMPORT_FILES)
		return FAIL(e, E_FORMAT, "more than %d files", LIMIT_IMPORT_FILES);
	im->batch[im->n].name = strdup(name);
	if (!im->batch[im->n].name)
		return FAIL_NOMEM(e);
	im->batch[im->n].named = named;
	im->batch[im->n++].fd = TAKE_FD(owned);
	im->bytes += (uint64_t)st.st_size;
	if (im->n == BATCH || im->bytes >= BATCH_BYTES)
		r = flush(im, e);
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_names(int dir, const char *path, struct strv *ret, struct err *e)
{
	int fd = fs_open(dir, ".", O_RDONLY | O_DIRECTORY, 0, e);
	auto_closedir DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (fd < 0)
		return fd;
	if (!d) {
		(void)close(fd);
		return FAIL_SYS(e, "read %s", path);
	}
	for (const struct dirent *ent; (ent = readdir(d));) {
		int r = ent->d_name[0] == '.' ? 0 : strv_add(ret, ent->d_name, e);

		if (r < 0)
			return r;
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
	return 0;
}

static bool is_advisory_name(const char *name)
{
	return ends_with(name, ".json") || ends_with(name, ".jsonl") || ends_with(name, ".yaml") ||
	       ends_with(name, ".yml");
}

static int add_folder(struct importer *im, int dir, const char *path, int depth, struct err *e)
{
	auto_strv names = { 0 };
	int r = list_names(dir, path, &names, e);

	if (r == 0 && depth > LIMIT_IMPORT_DEPTH)
		r = FAIL(e, E_FORMAT, "%s: folders deeper than %d", path, LIMIT_IMPORT_DEPTH);
	for (size_t i = 0; i < names.n && r == 0; i++) {
		auto_buf sub = BUF_INIT(64 * 1024);
		auto_close int fd = fs_open_nolink(dir, names.v[i], O_RDONLY | O_NONBLOCK, 0, NULL);
		struct stat st;

		buf_printf(&sub, "%s/%s", path, names.v[i]);
		if (fd < 0 || fstat(fd, &st) < 0)
			continue; /* a link, a socket */
		if (S_ISDIR(st.st_mode))
			r = add_folder(im, fd, buf_str(&sub), depth + 1, e);
		else if (is_advisory_name(names.v[i]))
			r = add_file(im, TAKE_FD(fd), buf_str(&sub), false, e);
	}
	return r;
}

static int add_path(struct importer *im, const char *path, struct err *e)
{
	auto_close int fd = fs_open_user(path, O_RDONLY | O_NONBLOCK, 0, e);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return FAIL_SYS(e, "%s", path);
	if (S_ISDIR(st.st_mode))
		return add_folder(im, fd, path, 0, e);
	return add_file(im, TAKE_FD(fd), path, true, e);
}

int advisory_import(const struct state *state, char *const *paths, size_t n, int64_t now,
		    struct progress *progress, struct advisory_import *ret, struct err *e)
{
	auto_release(advisory_build_free) struct advisory_build *build = NULL;
	struct advisory_import counts = { 0 };
	int r = advisory_build_begin(&build, state, now, e);

	if (r < 0)
		return r;

	__attribute__((cleanup(importer_release))) struct importer im = {
		.state = state, .build = build, .progress = progress, .counts = &counts
	};

	progress_begin(progress, "import advisories", 0);
	for (size_t i = 0; i < n && r == 0; i++)
		r = add_path(&im, paths[i], e);
	r = r < 0 ? r : flush(&im, e);
	if (r == 0 && counts.units == 0)
		r = FAIL(e, E_FORMAT, "no advisories in what was named");
	r = r < 0 ? r : advisory_build_commit(build, &counts.changed, e);
	if (r < 0)
		return r;
	progress_end(progress, NULL);
	*ret = counts;
	return 0;
}
