/* SPDX-License-Identifier: Apache-2.0 */
/* The sink of every layer that we write, and layers made anew from somebody's archive. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "oci/layer_internal.h"
#include "sandbox/sandbox.h"

static int sink_write(void *arg, const void *p, size_t n, struct err *e)
{
	struct layer_sink *s = arg;

	sha256_update(s->plain, p, n);
	return s->gzip ? gzip_writer_write(s->gzip, p, n, e) : s->write(s->arg, p, n, e);
}

static int sink_write_out(void *arg, const void *p, size_t n, struct err *e)
{
	const struct layer_sink *s = arg;

	return s->write(s->arg, p, n, e);
}

int layer_sink_start(struct layer_sink *s, tar_write_fn write, void *arg, struct err *e)
{
	int r;

	*s = (struct layer_sink){ .write = write, .arg = arg };
	r = sha256_new(&s->plain, e);
	r = r < 0 ? r : gzip_writer_new(&s->gzip, GZIP_THREADS, sink_write_out, s, e);
	return r < 0 ? r : tar_writer_new(&s->tar, sink_write, s, e);
}

int layer_sink_start_plain(struct layer_sink *s, tar_write_fn write, void *arg, struct err *e)
{
	int r;

	*s = (struct layer_sink){ .write = write, .arg = arg };
	r = sha256_new(&s->plain, e);
	return r < 0 ? r : tar_writer_new(&s->tar, sink_write, s, e);
}

int layer_sink_end(struct layer_sink *s, struct digest *ret_diff_id, struct err *e)
{
	unsigned char raw[SHA256_LEN];
	int r = tar_write_end(s->tar, e);

	r = r < 0 || !s->gzip ? r : gzip_writer_end(s->gzip, e);
	if (r < 0)
		return r;
	sha256_final(s->plain, raw);
	digest_from_raw(raw, ret_diff_id);
	return 0;
}

void layer_sink_free(struct layer_sink *s)
{
	tar_writer_free(s->tar);
	gzip_writer_free(s->gzip);
	sha256_free(s->plain);
	*s = (struct layer_sink){ 0 };
}

/* --- from an archive --- */

struct import {
	int fd, out;
	char head[6]; /* read to tell the kind; the stream may not be seekable */
	size_t head_n, head_at;
	enum compression kind;
	int64_t clamp;
	uint64_t plain_n;
	struct inflater *inflater;
	char chunk[128 * 1024];
};

static int64_t import_packed(void *arg, void *p, size_t n, struct err *e)
{
	struct import *x = arg;
	ssize_t got;

	if (x->head_at < x->head_n) {
		n = n < x->head_n - x->head_at ? n : x->head_n - x->head_at;
		memcpy(p, x->head + x->head_at, n);
		x->head_at += n;
		return (int64_t)n;
	}
	do {
		got = read(x->fd, p, n);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? FAIL_SYS(e, "read archive") : got;
}

static int64_t import_plain(void *arg, void *p, size_t n, struct err *e)
{
	struct import *x = arg;
	int64_t got = inflater_read(x->inflater, p, n, e);

	if (got > 0)
		x->plain_n += (uint64_t)got;
	if (x->plain_n > LIMIT_LAYER_BYTES)
		return FAIL(e, E_FORMAT, "more than %llu bytes when unpacked",
			    (unsigned long long)LIMIT_LAYER_BYTES);
	return got;
}

static int import_write(void *arg, const void *p, size_t n, struct err *e)
{
	const struct import *x = arg;

	return fs_write_all(x->out, p, n, e);
}

/* Drops what a layer may not carry. false: the whole entry. The array stays the reader's. */
static int import_filter(struct tar_entry *m, int64_t clamp, bool *ret_keep, struct err *e)
{
	struct str ignored;
	size_t kept = 0;

	*ret_keep = !layer_device_is_standard(m);
	if (*ret_keep && (m->type == TAR_CHAR || m->type == TAR_BLOCK))
		return FAIL(e, E_FORMAT, "device %u:%u: a layer may not bring devices",
			    m->dev_major, m->dev_minor);
	if (starts_with(layer_leaf(m->name, &ignored), WHITEOUT))
		return FAIL(e, E_FORMAT, "a whiteout in a root filesystem");
	for (size_t i = 0; i < m->xattrs_n; i++) {
		struct tar_xattr x = m->xattrs[i];

		if (!layer_xattr_is_kept(x.name))
			continue;
		/* A swap, so that the reader frees each once. */
		m->xattrs[i] = m->xattrs[kept];
		m->xattrs[kept++] = x;
	}
	m->xattrs_n = kept;
	m->mtime_ns = 0;
	if (m->mtime > clamp)
		m->mtime = clamp;
	return 0;
}

static int import_entry(struct import *x, struct tar_reader *in, struct tar_writer *out,
			const struct tar_entry *entry, struct err *e)
{
	struct tar_entry m = *entry;
	bool keep;
	int64_t n;
	int r = import_filter(&m, x->clamp, &keep, e);

	if (r < 0 || !keep)
		return r;
	r = tar_write_entry(out, &m, e);
	while (r == 0 && (n = tar_read(in, x->chunk, sizeof(x->chunk), e)) != 0)
		r = n < 0 ? (int)n : tar_write_data(out, x->chunk, (size_t)n, e);
	return r;
}

static int import_child(void *arg, struct buf *emit, struct err *e)
{
	struct import *x = arg;
	auto_layer_sink sink = { 0 };
	auto_release(tar_reader_free) struct tar_reader *t = NULL;
	const struct tar_entry *m;
	struct digest diff_id;
	size_t entries = 0;
	int r = layer_sink_start(&sink, import_write, x, e);

	r = r < 0 ? r : inflater_new(&x->inflater, x->kind, import_packed, x, e);
	r = r < 0 ? r : tar_reader_new(&t, import_plain, x, e);
	while (r == 0 && (r = tar_next(t, &m, e)) > 0) {
		r = import_entry(x, t, sink.tar, m, e);
		if (r < 0)
			return WRAP(e, r, "'%.200s'", m->name);
		entries++;
	}
	if (r == 0 && entries == 0)
		r = FAIL(e, E_FORMAT, "no files in it");
	r = r < 0 ? r : layer_sink_end(&sink, &diff_id, e);
	if (r == 0)
		buf_puts(emit, diff_id.s);
	return r;
}

static int import_peek(struct import *x, struct err *e)
{
	while (x->head_n < sizeof(x->head)) {
		ssize_t n = read(x->fd, x->head + x->head_n, sizeof(x->head) - x->head_n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FAIL_SYS(e, "read archive");
		if (n == 0)
			break;
		x->head_n += (size_t)n;
	}
	x->kind = compression_detect(x->head, x->head_n);
	return 0;
}

/* A program reads from the start: back to it, or by way of a file when the stream is a pipe. */
static int rewind_for_program(struct import *x, const struct store *s, int *ret, struct err *e)
{
	auto_close int spool = -1;
	int r;

	if (lseek(x->fd, -(off_t)x->head_n, SEEK_CUR) >= 0) {
		*ret = fcntl(x->fd, F_DUPFD_CLOEXEC, 3);
		return *ret < 0 ? FAIL_SYS(e, "dup") : 0;
	}
	spool = openat(store_fd(s), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (spool < 0)
		return FAIL_SYS(e, "make a temporary file");
	r = fs_write_all(spool, x->head, x->head_n, e);
	r = r < 0 ? r : fs_copy(spool, x->fd, UINT64_MAX, e);
	if (r == 0 && lseek(spool, 0, SEEK_SET) < 0)
		r = FAIL_SYS(e, "seek");
	if (r == 0)
		*ret = TAKE_FD(spool);
	return r;
}

/* Starts bzip2 or xz; x then reads its output. *ret_from is to be closed after the read. */
static int start_program(struct import *x, const struct store *s, pid_t *ret_pid, int *ret_from,
			 struct err *e)
{
	const char *const argv[] = { x->kind == COMPRESSION_XZ ? "xz" : "bzip2", "-dc", NULL };
	auto_close int in = -1;
	int fds[2], r = rewind_for_program(x, s, &in, e);

	if (r < 0)
		return r;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");

	const struct proc p = {
		.argv = argv, .in = in, .out = fds[1], .err = -1, .die_with_parent = true
	};

	r = proc_start(&p, ret_pid, e);
	(void)close(fds[1]);
	if (r < 0) {
		(void)close(fds[0]);
		return r;
	}
	*ret_from = x->fd = fds[0];
	x->head_n = 0;
	x->kind = COMPRESSION_NONE;
	return 0;
}

static int run_import(struct import *x, struct buf *ret, struct err *e)
{
	const int keep[] = { x->fd, x->out };
	unsigned char raw[SHA256_LEN];
	const struct sandbox box = {
		.what = "archive",
		.keep = keep,
		.keep_n = 2,
		.write_dir = -1,
		.threads = true,
		.cpu_seconds = 3600,
	};

	sha256_once("", 0, raw); /* OpenSSL reads its configuration now */
	return sandbox_run(&box, import_child, x, ret, e);
}

static int import(struct import *x, const struct store *s, struct buf *ret, struct err *e)
{
	const char *program = x->kind == COMPRESSION_XZ ? "xz" : "bzip2";
	auto_close int from = -1;
	pid_t pid = -1;
	int status = 0, r = 0, w;

	if (x->kind == COMPRESSION_BZIP2 || x->kind == COMPRESSION_XZ)
		r = start_program(x, s, &pid, &from, e);
	r = r < 0 ? r : run_import(x, ret, e);
	if (pid <= 0)
		return r;
	/* What is still writing ends by SIGPIPE. */
	(void)close(TAKE_FD(from));
	w = proc_wait(pid, -1, &status, r < 0 ? NULL : e);
	r = r < 0 ? r : w;
	return r == 0 && status ? FAIL(e, E_FORMAT, "archive: %s: exit status %d", program, status)
				: r;
}

int layer_from_tar(struct store *s, int fd, int64_t clamp_mtime, struct desc *ret,
		   struct digest *ret_diff_id, struct progress *p, struct err *e)
{
	auto_release(blob_writer_free) struct blob_writer *w = NULL;
	auto_free struct import *x = calloc(1, sizeof(*x));
	auto_buf text = BUF_INIT(sizeof(struct digest));
	struct digest diff_id;
	int r;

	if (!x)
		return FAIL_NOMEM(e);
	x->fd = fd;
	x->clamp = clamp_mtime;
	r = import_peek(x, e);
	r = r < 0 ? r : blob_writer_new(&w, s, e);
	if (r < 0)
		return r;
	x->out = blob_writer_fd(w);
	progress_begin(p, "read archive", 0);
	r = import(x, s, &text, e);
	r = r < 0 ? r : digest_parse((struct str){ buf_str(&text), text.n }, &diff_id, e);
	r = r < 0 ? r : blob_writer_rehash(w, e);
	r = r < 0 ? r : blob_writer_commit(w, MT_OCI_LAYER_GZIP, NULL, ret, e);
	progress_end(p, r < 0 ? "failed" : NULL);
	if (r == 0)
		*ret_diff_id = diff_id;
	return r;
}
