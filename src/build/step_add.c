/* SPDX-License-Identifier: Apache-2.0 */
/* ADD takes archives of the context apart. They are hostile: everything reads them in a sandboxed
 * child, and they reach the image by way of an unpacked layer, with all the checks that has. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "build/work.h"
#include "oci/compress.h"
#include "oci/layer.h"
#include "sandbox/sandbox.h"

static int64_t read_file(void *arg, void *p, size_t n, struct err *e)
{
	const int *fd = arg;

	for (;;) {
		ssize_t got = read(*fd, p, n);

		if (got >= 0)
			return got;
		if (errno != EINTR)
			return FAIL_SYS(e, "read archive");
	}
}

enum { TAR_BLOCK_SIZE = 512, CHECKSUM_AT = 148 };

struct probe {
	int fd;
	enum compression kind;
};

/*
 * Whether a block is a tar header: its checksum, in octal at byte 148, is the sum of all bytes with
 * itself read as blanks (POSIX.1-2017 pax, "ustar Interchange Format"). More is not asked here: an
 * archive with something wrong in it is to be refused, not copied as if it were none.
 */
static bool is_tar_header(const unsigned char block[static TAR_BLOCK_SIZE])
{
	unsigned long sum = 0, said = 0;
	size_t i = CHECKSUM_AT;

	for (size_t k = 0; k < TAR_BLOCK_SIZE; k++)
		sum += k >= CHECKSUM_AT && k < CHECKSUM_AT + 8 ? ' ' : block[k];
	while (i < CHECKSUM_AT + 8 && block[i] == ' ')
		i++;
	for (; i < CHECKSUM_AT + 8 && block[i] >= '0' && block[i] <= '7'; i++)
		said = said * 8 + (unsigned long)(block[i] - '0');
	return block[0] && said == sum;
}

/* In the sandbox: emits a byte when what comes out begins with a tar header. */
static int probe_child(void *arg, struct buf *emit, struct err *e)
{
	struct probe *p = arg;
	auto_release(inflater_free) struct inflater *i = NULL;
	unsigned char block[TAR_BLOCK_SIZE];
	size_t have = 0;

	(void)e;
	if (inflater_new(&i, p->kind, read_file, &p->fd, NULL) < 0)
		return 0;
	while (have < sizeof(block)) {
		int64_t n = inflater_read(i, block + have, sizeof(block) - have, NULL);

		if (n <= 0)
			return 0;
		have += (size_t)n;
	}
	if (is_tar_header(block))
		buf_putc(emit, 'y');
	return 0;
}

static int probe(struct probe *p, bool *ret, struct err *e)
{
	auto_buf answer = BUF_INIT(16);
	struct sandbox box = {
		.what = "look into archive", .keep = &p->fd, .keep_n = 1, .write_dir = -1
	};
	int r = sandbox_run(&box, probe_child, p, &answer, e);

	*ret = answer.n == 1;
	return r;
}

/* What is inside of bzip2 and xz only their programs can tell: their first bytes are looked at. */
static int probe_by_program(const char *program, int fd, bool *ret, struct err *e)
{
	const char *const argv[] = { program, "-dc", NULL };
	struct probe p = { .kind = COMPRESSION_NONE };
	int fds[2], r, status;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");

	auto_close int from = fds[0], to = fds[1];
	const struct proc proc = {
		.argv = argv, .in = fd, .out = to, .err = -1, .die_with_parent = true
	};

	r = proc_start(&proc, &pid, e);
	close_release(&to);
	if (r < 0)
		return r;
	p.fd = from;
	r = probe(&p, ret, e);
	close_release(&from); /* what is still writing ends by SIGPIPE */

	int w = proc_wait(pid, -1, &status, r < 0 ? NULL : e);

	return r < 0 ? r : w;
}

/* True when the file is a tar archive, compressed or not; its name does not count. */
int is_archive(int fd, const char *name, bool *ret, struct err *e)
{
	unsigned char head[6];
	ssize_t n = pread(fd, head, sizeof(head), 0);
	struct probe p = { .fd = fd };
	int r;

	if (n < 0)
		return FAIL_SYS(e, "read '%s'", name);
	p.kind = compression_detect(head, (size_t)n);
	if (p.kind == COMPRESSION_BZIP2)
		r = probe_by_program("bzip2", fd, ret, e);
	else if (p.kind == COMPRESSION_XZ)
		r = probe_by_program("xz", fd, ret, e);
	else
		r = probe(&p, ret, e);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		return FAIL_SYS(e, "rewind '%s'", name);
	return r;
}

static int unpack(struct stage_work *s, int fd, const struct tree_copy *t, struct err *e)
{
	const struct build_opts *o = s->w->o;
	struct source_root root = { .fd = -1, .keep_owner = true };
	struct tree_copy into = *t;
	auto_sources all = { 0 };
	struct digest diff_id;
	struct desc layer;
	int r = layer_from_tar(o->store, fd, t->clamp, &layer, &diff_id, NULL, e);

	if (r == 0)
		r = layer_unpack(o->state, o->store, &layer, &diff_id, NULL, e);
	if (r < 0)
		return r;

	auto_free char *path = layer_path(o->state, &diff_id);
	auto_close int dir =
		path ? fs_open_user(path, O_RDONLY | O_DIRECTORY, 0, e) : FAIL_NOMEM(e);

	if (dir < 0)
		return dir;
	root.fd = dir;
	/* The archive says whose its files are; the flags are for files that are copied. */
	into.set_owner = into.exact = false;
	into.mode = NULL;
	into.replace = true;
	into.into = true;
	r = sources_find(&root, ".", &all, e);
	return r < 0 ? r : tree_copy(&into, &root, &all.v[0], e);
}

int add_archive(struct stage_work *s, const struct source *src, const struct tree_copy *t,
		struct err *e)
{
	bool archive = false;
	int r;

	if (!S_ISREG(src->st.st_mode) || src->st.st_size == 0)
		return 0;

	auto_close int fd =
		open(fs_fd_path(src->fd, (char[32]){ 0 }), O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return FAIL_SYS(e, "open '%s'", src->path);
	r = is_archive(fd, src->path, &archive, e);
	if (r == 0 && archive)
		r = unpack(s, fd, t, e);
	return r < 0 ? WRAP(e, r, "archive '%.200s'", src->path) : archive;
}
