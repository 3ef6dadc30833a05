/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/lanes.h"
#include "base/proc.h"
#include "crypto/digest.h"
#include "oci/compress.h"
#include "sandbox/sandbox.h"
#include "scan/advisory/import_internal.h"
#include "scan/advisory/record.h"
#include "scan/advisory/sorter.h"

/* Batches of files, and the sandboxed children that read them. */

/* What one child may write of one source: as much as all that is published today, ten times. */
#define LIMIT_RECORDS ((uint64_t)32 * 1024 * 1024 * 1024)
/* Of a file that a program has to unpack to disk. */
#define LIMIT_UNPACKED ((uint64_t)4 * 1024 * 1024 * 1024)

static void drop_batch(struct intake *in)
{
	for (size_t i = 0; i < in->n; i++) {
		(void)close(in->batch[i].fd);
		free(in->batch[i].name);
	}
	in->n = 0;
	in->bytes = 0;
}

void intake_release(struct intake *in)
{
	drop_batch(in);
	for (size_t i = 0; i < MAX_READERS; i++)
		close_release(&in->records[i]);
	free(in->parts);
}

/*
 * A child that reads a batch. All readers go over the same files, and each takes its share of the
 * documents: splitting a stream into documents is ten times as fast as reading them. Its records go
 * to a file, behind those of the batches before, so that nobody has to hold them.
 */
struct reader {
	const struct intake *in;
	struct unit_share share;
	struct unit_tally tally;
	int fd; /* where records go */
	struct buf out;
	uint64_t written;
	struct sandboxed child;
	struct sandbox box;
	int keep[BATCH + 1];
};

/* What a child tells its parent. */
struct told {
	uint64_t units, members, skipped, lost;
	uint32_t files_lost;	/* a bit each: something in it was passed over */
	uint32_t files_skipped; /* of folders, that were no advisories */
	uint32_t files_broken;	/* single documents that could not be read, told by each reader */
	char first[UNIT_TALLY_TEXT], broken[UNIT_TALLY_TEXT];
};
static_assert(BATCH <= 32, "a bit a file");

static void readers_release(struct reader (*readers)[MAX_READERS])
{
	for (size_t i = 0; i < MAX_READERS; i++) {
		struct reader *rd = &(*readers)[i];

		if (rd->child.pid > 0) /* after a failure of another: its end is not waited for */
			(void)sandbox_wait(&rd->box, &rd->child, NULL, NULL);
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

	return r < 0 || rd->out.n < IMPORT_WRITE ? r : flush_records(rd, e);
}

/* One file of the batch, in the child. */
static int read_file(struct reader *rd, size_t i, struct told *told, struct err *e)
{
	const struct waiting *file = &rd->in->batch[i];
	const struct unit_sink to = {
		.put = put_record, .arg = rd, .share = &rd->share, .tally = &rd->tally
	};
	const uint64_t lost = rd->tally.lost;
	int r = advisory_parse_fd(file->fd, file->name, &to, e);

	if (r == E_NOTFOUND && !file->named) {
		told->files_skipped |= UINT32_C(1) << i;
		r = 0;
	}
	if ((r == E_FORMAT || r == E_NOTFOUND) && file->single && rd->tally.lenient) {
		told->files_broken |= UINT32_C(1) << i;
		if (!*told->broken)
			(void)snprintf(told->broken, sizeof(told->broken), "%.*s",
				       UNIT_TALLY_TEXT - 1, e->msg);
		r = 0;
	}
	if (rd->tally.lost > lost)
		told->files_lost |= UINT32_C(1) << i;
	return r;
}

/* In the child. It emits what it has to tell. */
static int read_batch(void *arg, struct buf *emit, struct err *e)
{
	struct reader *rd = arg;
	struct told told = { .units = 0 };
	int r = 0;

	rd->out = BUF_INIT(4U * LIMIT_RECORD);
	rd->tally = (struct unit_tally){ .lenient = rd->in->lenient };
	for (size_t i = 0; i < rd->in->n && r == 0; i++)
		r = read_file(rd, i, &told, e);
	r = r < 0 ? r : flush_records(rd, e);
	told.units = rd->tally.units;
	told.members = rd->tally.members;
	told.skipped = rd->tally.skipped;
	told.lost = rd->tally.lost;
	memcpy(told.first, rd->tally.first, sizeof(told.first));
	buf_put(emit, &told, sizeof(told));
	return r == E_NOTFOUND ? E_FORMAT : r;
}

static int start_reader(struct intake *in, struct reader *rd, unsigned i, unsigned n, struct err *e)
{
	struct stat st;

	if (in->records[i] < 0)
		in->records[i] = temp_file(in->state, e);
	rd->fd = in->records[i];
	if (rd->fd < 0)
		return rd->fd;
	if (fstat(rd->fd, &st) < 0)
		return FAIL_SYS(e, "write what was read");
	rd->in = in;
	rd->share = (struct unit_share){ .of = n, .mine = i };
	rd->written = (uint64_t)st.st_size;
	rd->box = (struct sandbox){ .what = "read advisories", .keep = rd->keep, .write_dir = -1 };
	for (size_t k = 0; k < in->n; k++)
		rd->keep[rd->box.keep_n++] = in->batch[k].fd;
	rd->keep[rd->box.keep_n++] = rd->fd;
	return sandbox_start(&rd->box, read_batch, rd, sizeof(struct told), &rd->child, e);
}

static void note_lost(struct intake *in, const char *why, uint64_t n)
{
	if (n && !*in->counts.first_lost) {
		(void)snprintf(in->counts.first_lost, sizeof(in->counts.first_lost), "%s", why);
		text_sanitize(in->counts.first_lost); /* it may have been cut within a character */
	}
	in->counts.lost += n;
}

/* What this batch added to a reader's file: what comes later replaces what came before. */
static int add_part(struct intake *in, unsigned reader, int fd, struct err *e)
{
	struct intake_part *more;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return FAIL_SYS(e, "read what was read");
	more = reallocarray(in->parts, in->parts_n + 1, sizeof(*more));
	if (!more)
		return FAIL_NOMEM(e);
	in->parts = more;
	in->parts[in->parts_n++] = (struct intake_part){ reader, (uint64_t)st.st_size };
	return 0;
}

/* broken: single documents of this batch that another reader told of already. */
static int finish_reader(struct intake *in, struct reader *rd, uint32_t *broken, struct err *e)
{
	auto_buf out = BUF_INIT(sizeof(struct told));
	struct told told;
	int r = sandbox_wait(&rd->box, &rd->child, &out, e);

	if (r == 0 && out.n != sizeof(told))
		r = FAIL(e, E_FORMAT, "the child's result is cut short");
	if (r < 0)
		return r;
	memcpy(&told, out.p, sizeof(told));
	told.first[sizeof(told.first) - 1] = told.broken[sizeof(told.broken) - 1] = '\0';
	for (size_t i = 0; i < in->n; i++) {
		const uint32_t bit = UINT32_C(1) << i;

		if (told.files_broken & bit & ~*broken)
			note_lost(in, told.broken, 1);
		if (in->files && (told.files_broken | told.files_lost) & bit)
			in->files[in->batch[i].path].lost = true;
		if (rd->share.mine == 0 && told.files_skipped & bit)
			in->counts.skipped++;
	}
	*broken |= told.files_broken;
	in->counts.files += told.members;
	note_lost(in, told.first, told.lost);
	in->counts.skipped += told.skipped;
	in->counts.units += told.units;
	return add_part(in, rd->share.mine, rd->fd, e);
}

int intake_flush(struct intake *in, struct err *e)
{
	__attribute__((cleanup(readers_release))) struct reader readers[MAX_READERS] = { 0 };
	unsigned n = lanes_threads() < MAX_READERS ? lanes_threads() : MAX_READERS;
	unsigned char raw[SHA256_LEN];
	uint32_t broken = 0;
	int r = 0;

	if (!in->n)
		return 0;
	if (in->bytes < IMPORT_WRITE)
		n = 1;
	/* What the children may not do: reading /dev/urandom, OpenSSL's configuration. */
	json_object_seed(0);
	sha256_once("", 0, raw);
	for (unsigned i = 0; i < n && r == 0; i++)
		r = start_reader(in, &readers[i], i, n, e);
	for (unsigned i = 0; i < n && r == 0; i++)
		r = finish_reader(in, &readers[i], &broken, e);
	if (r < 0)
		return r;
	in->counts.files += in->n;
	drop_batch(in);
	progress_advance(in->progress, in->counts.files);
	return proc_interrupted(e);
}

/* What the sandbox cannot read is unpacked by the programs of these names, to a file. */
static int unpack(const struct intake *in, int *fd, const char *name, struct err *e)
{
	char magic[6];
	ssize_t n = pread(*fd, magic, sizeof(magic), 0);
	enum compression kind = n > 0 ? compression_detect(magic, (size_t)n) : COMPRESSION_NONE;
	auto_close int out = -1;
	int r;

	if (kind != COMPRESSION_XZ && kind != COMPRESSION_BZIP2)
		return 0; /* an error of reading comes again where it is read */
	out = temp_file(in->state, e);
	if (out < 0)
		return out;
	r = compression_by_program(kind, *fd, out, LIMIT_UNPACKED, e);
	if (r < 0)
		return WRAP(e, r, "%s", name);
	(void)close(*fd);
	*fd = TAKE_FD(out);
	return 0;
}

int intake_file(struct intake *in, struct waiting file, struct err *e)
{
	auto_close int fd = file.fd;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return FAIL_SYS(e, "%s", file.name);
	if (!S_ISREG(st.st_mode))
		return file.named ? FAIL(e, E_FORMAT, "%s: neither a file nor a folder", file.name)
				  : 0;
	if (in->counts.files + in->n >= LIMIT_IMPORT_FILES)
		return FAIL(e, E_FORMAT, "more than %d files", LIMIT_IMPORT_FILES);
	r = unpack(in, &fd, file.name, e);
	if (r == 0 && fstat(fd, &st) < 0)
		r = FAIL_SYS(e, "%s", file.name);
	if (r < 0)
		return r;
	file.name = strdup(file.name);
	if (!file.name)
		return FAIL_NOMEM(e);
	file.fd = TAKE_FD(fd);
	in->batch[in->n++] = file;
	in->bytes += (uint64_t)st.st_size;
	return in->n == BATCH || in->bytes >= BATCH_BYTES ? intake_flush(in, e) : 0;
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
static int next_record(int fd, struct buf *b, size_t *at, uint64_t *given, struct str *ret,
		       struct err *e)
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
	*given += (uint64_t)(u.p - (b->p + *at)) + n;
	*at = (size_t)(u.p - b->p);
	r = fill(fd, b, *at + n, e);
	if (r == 0 && b->n < *at + n)
		r = FAIL(e, E_FORMAT, "damaged: a unit that is cut short");
	*ret = (struct str){ b->p + *at, (size_t)n };
	*at += n;
	return r < 0 ? r : 1;
}

/* What a reader wrote, on its way to the build. */
struct stream {
	struct buf b;
	size_t at;
	uint64_t given; /* bytes of its file */
};

static void streams_release(struct stream (*streams)[MAX_READERS])
{
	for (size_t i = 0; i < MAX_READERS; i++)
		buf_free(&(*streams)[i].b);
}

static int start_stream(struct stream *s, int fd, struct err *e)
{
	s->b = BUF_INIT(2U * LIMIT_RECORD);
	buf_putc(&s->b, '\0'); /* so that there is memory */
	buf_reset(&s->b);
	return fd >= 0 && lseek(fd, 0, SEEK_SET) < 0 ? FAIL_SYS(e, "read what was read") : 0;
}

/* The next records of a reader, up to that place of its file. */
static int give(struct stream *s, int fd, uint64_t end, struct advisory_build *build, struct err *e)
{
	struct str record;

	while (s->given < end) {
		int r = next_record(fd, &s->b, &s->at, &s->given, &record, e);

		if (r == 0)
			return FAIL(e, E_FORMAT, "damaged: units are missing");
		r = r < 0 ? r : advisory_build_record(build, record, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int intake_give(struct intake *in, struct advisory_build *build, struct err *e)
{
	__attribute__((cleanup(streams_release))) struct stream streams[MAX_READERS] = { 0 };
	int r = 0;

	for (size_t i = 0; i < MAX_READERS && r == 0; i++)
		r = start_stream(&streams[i], in->records[i], e);
	for (size_t i = 0; i < in->parts_n && r == 0; i++) {
		const struct intake_part *p = &in->parts[i];

		r = give(&streams[p->reader], in->records[p->reader], p->end, build, e);
	}
	return r;
}
