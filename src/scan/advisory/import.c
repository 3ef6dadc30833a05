/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/db.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/proc.h"
#include "base/progress.h"
#include "sandbox/sandbox.h"
#include "scan/advisory/unit.h"

enum {
	BATCH = 32,			 /* files that one sandboxed child reads */
	BATCH_BYTES = 64 * 1024 * 1024,	 /* or fewer, when they are large */
	LIMIT_EMIT = 1024 * 1024 * 1024, /* what it may answer */
	LIMIT_IMPORT_FILES = 1000 * 1000,
	LIMIT_IMPORT_DEPTH = 16,
};

struct importer {
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

/* In the child. A file of a folder that is no advisory is an empty line. */
static int parse_batch(void *arg, struct buf *emit, struct err *e)
{
	const struct importer *im = arg;

	for (size_t i = 0; i < im->n; i++) {
		size_t before = emit->n;
		int r = advisory_parse_file(im->batch[i].fd, im->batch[i].name, emit, e);

		if (r == E_NOTFOUND && !im->batch[i].named) {
			emit->n = before;
			buf_putc(emit, '\n');
		} else if (r < 0) {
			return r == E_NOTFOUND ? E_FORMAT : r;
		}
	}
	return buf_check(emit, "advisories", e);
}

static int take_line(struct importer *im, struct str line, struct err *e)
{
	auto_json *unit = NULL;
	int r;

	if (!line.n) {
		im->counts->skipped++;
		return 0;
	}
	r = json_parse(line.p, line.n, "advisory", &unit, e);
	if (r < 0)
		return r;
	im->counts->units++;
	return advisory_build_unit(im->build, unit, line, e);
}

static int flush(struct importer *im, struct err *e)
{
	auto_buf out = BUF_INIT(LIMIT_EMIT);
	int keep[BATCH], r;
	struct str rest, line;
	struct sandbox s = { .what = "read advisories", .keep = keep, .write_dir = -1 };

	for (size_t i = 0; i < im->n; i++)
		keep[s.keep_n++] = im->batch[i].fd;
	json_object_seed(0); /* reads /dev/urandom, which the child may not */
	r = s.keep_n ? sandbox_run(&s, parse_batch, im, &out, e) : 0;
	if (r < 0)
		return r;
	im->counts->files += im->n;
	drop_batch(im);
	rest = (struct str){ out.p, out.n };
	while (str_line(&rest, &line)) {
		r = take_line(im, line, e);
		if (r < 0)
			return r;
	}
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

	__attribute__((cleanup(importer_release))) struct importer im = { .build = build,
									  .progress = progress,
									  .counts = &counts };

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
