/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/spool.h"

#include <stdlib.h>

#include "base/lanes.h"
#include "scan/advisory/sorter.h"

enum {
	SAMPLES = 4 * 1024 * 1024, /* bytes that a dictionary is made of */
	LIMIT_SAMPLES = 8 * 1024,
	WRITE = 256 * 1024,
	SMALL = 512 * 1024, /* a kind that is smaller has large blocks, and no dictionary */
};

/* Before each block in the file; the key that it begins with, and the block, follow. */
struct spooled {
	uint32_t first, key, raw; /* first: the number of its first entry */
};

struct spool {
	int fd;
	struct buf out;	      /* not yet in the file */
	struct spooled block; /* being filled */
	struct buf key, raw;
	uint32_t entries;
	size_t look_at; /* when raw has as many bytes, whether it is enough is estimated */
	struct block_writer *estimator;
	uint64_t bytes, blocks, file_n, at;
};

int spool_new(struct spool **ret, const struct state *state, struct err *e)
{
	auto_release(spool_free) struct spool *s = calloc(1, sizeof(*s));

	if (!s)
		return FAIL_NOMEM(e);
	s->out = s->key = s->raw = BUF_INIT(2U * LIMIT_BLOCK);
	s->fd = temp_file(state, e);
	if (s->fd < 0)
		return s->fd;
	s->estimator = block_writer_new();
	if (!s->estimator)
		return FAIL_NOMEM(e);
	*ret = TAKE(s);
	return 0;
}

void spool_free(struct spool *s)
{
	if (!s)
		return;
	close_release(&s->fd);
	buf_free(&s->out);
	buf_free(&s->key);
	buf_free(&s->raw);
	block_writer_free(s->estimator);
	free(s);
}

uint64_t spool_bytes(const struct spool *s)
{
	return s->bytes;
}

static int flush(struct spool *s, struct err *e)
{
	int r = buf_check(&s->out, "advisories", e);

	r = r < 0 ? r : fs_write_all(s->fd, s->out.p, s->out.n, e);
	s->file_n += s->out.n;
	buf_reset(&s->out);
	return r;
}

static int close_block(struct spool *s, struct err *e)
{
	int r = buf_check(&s->raw, "a block", e);

	if (r < 0 || !s->raw.n)
		return r;
	s->block.key = (uint32_t)s->key.n;
	s->block.raw = (uint32_t)s->raw.n;
	buf_put(&s->out, &s->block, sizeof(s->block));
	buf_put(&s->out, s->key.p, s->key.n);
	buf_put(&s->out, s->raw.p, s->raw.n);
	s->bytes += s->raw.n;
	s->blocks++;
	buf_reset(&s->raw);
	return s->out.n >= WRITE ? flush(s, e) : 0;
}

/*
 * Whether the block is to be closed before n more bytes come. What compresses well, since it says
 * the same of ten releases, may have many bytes; an entry that is large stands alone, so that
 * nobody else's reader has to get past it.
 */
static bool is_full(struct spool *s, size_t n)
{
	size_t packed;

	if (s->raw.n && s->raw.n + n > BLOCK_MOST)
		return true;
	if (s->raw.n < s->look_at)
		return false;
	packed = block_estimate(s->estimator, (struct str){ s->raw.p, s->raw.n });
	s->look_at = s->raw.n + s->raw.n / 4;
	return packed >= BLOCK_PACKED;
}

int spool_put(struct spool *s, const char *key, struct str value, struct err *e)
{
	int r;

	if (is_full(s, value.n)) {
		r = close_block(s, e);
		if (r < 0)
			return r;
	}
	if (value.n > LIMIT_BLOCK - 8192U)
		return FAIL(e, E_FORMAT, "%.200s: more than %d bytes", key, LIMIT_BLOCK);
	if (!s->raw.n) {
		s->block = (struct spooled){ .first = s->entries };
		s->look_at = BLOCK_LEAST;
		buf_reset(&s->key);
		buf_puts(&s->key, key);
	}
	pack_str(&s->raw, key);
	pack_block(&s->raw, value);
	s->entries++;
	return buf_check(&s->raw, "a block", e);
}

/* Appends the next n bytes of the file. */
static int read_bytes(struct spool *s, size_t n, struct buf *ret, struct err *e)
{
	char chunk[16 * 1024];

	while (n) {
		size_t want = n < sizeof(chunk) ? n : sizeof(chunk);
		ssize_t got = pread(s->fd, chunk, want, (off_t)s->at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return FAIL_SYS(e, "read what was compiled");
		buf_put(ret, chunk, (size_t)got);
		s->at += (uint64_t)got;
		n -= (size_t)got;
	}
	return buf_check(ret, "a block", e);
}

/* What one thread compresses at a time. */
struct job {
	const struct block_dictionary *dictionary;
	struct spooled head;
	struct buf key, raw, packed;
	int error;
	struct err e;
};

/* Appends the next block of the file to the job, unless it has some and would be too large. */
static int read_one(struct spool *s, struct job *ret, bool *ret_more, struct err *e)
{
	const uint64_t from = s->at;
	struct spooled head;
	int r;

	buf_reset(&ret->packed);
	r = read_bytes(s, sizeof(head), &ret->packed, e);
	if (r < 0)
		return r;
	memcpy(&head, ret->packed.p, sizeof(head));
	*ret_more = !ret->raw.n || ret->raw.n + head.raw <= BLOCK_MOST;
	if (!*ret_more) {
		s->at = from;
		return 0;
	}
	if (!ret->raw.n) {
		ret->head = head;
		r = read_bytes(s, head.key, &ret->key, e);
	} else {
		s->at += head.key;
	}
	return r < 0 ? r : read_bytes(s, head.raw, &ret->raw, e);
}

/* The next block of the file: 1, or 0 at the end. Of a small kind, as many as go into one. */
static int read_block(struct spool *s, struct job *ret, struct err *e)
{
	bool more = true;
	int r = 0;

	ret->raw.cap = ret->key.cap = ret->packed.cap = 2U * LIMIT_BLOCK;
	buf_reset(&ret->raw);
	buf_reset(&ret->key);
	if (s->at == s->file_n)
		return 0;
	do {
		r = read_one(s, ret, &more, e);
	} while (r == 0 && more && s->bytes < SMALL && s->at < s->file_n);
	return r < 0 ? r : 1;
}

static void compress_job(void *slot, void *own)
{
	struct job *job = slot;

	buf_reset(&job->packed);
	job->e = ERR_INIT;
	job->error = block_compress(own, job->dictionary, (struct str){ job->raw.p, job->raw.n },
				    &job->packed, &job->e);
}

static void drop_job(void *slot)
{
	struct job *job = slot;

	buf_free(&job->key);
	buf_free(&job->raw);
	buf_free(&job->packed);
}

static void *new_writer(void)
{
	return block_writer_new();
}

static void free_writer(void *own)
{
	block_writer_free(own);
}

/* The statements that blocks are stored with. */
struct storing {
	unsigned kind;
	sqlite3_stmt *block, *start;
	int64_t *n;
};

static int store_job(void *arg, void *slot, struct err *e)
{
	struct storing *st = arg;
	const struct job *job = slot;
	const struct str packed = { job->packed.p, job->packed.n };
	const int64_t kind = st->kind;
	int r;

	if (job->error < 0) {
		*e = job->e;
		return job->error;
	}
	r = sql_run(st->block, e, "ib", *st->n, packed);
	if (r == 0 && kind == KIND_UNITS)
		r = sql_run(st->start, e, "iii", kind, (int64_t)job->head.first, *st->n);
	else if (r == 0)
		r = sql_run(st->start, e, "isi", kind, buf_str(&job->key), *st->n);
	++*st->n;
	return r;
}

/* Blocks from all over the file, as many as make a good sample. */
static int sample(struct spool *s, struct buf *ret, size_t *sizes, size_t *n, struct err *e)
{
	const uint64_t by_size = s->bytes / SAMPLES + 1, by_number = s->blocks / LIMIT_SAMPLES + 1;
	const uint64_t step = by_size > by_number ? by_size : by_number;
	struct job job = { 0 };
	int r = 0;

	s->at = 0;
	*n = 0;
	for (uint64_t i = 0; r >= 0 && (r = read_block(s, &job, e)) > 0; i++) {
		/* A large one would be most of it. */
		if (i % step || job.raw.n > BLOCK_MOST || *n == LIMIT_SAMPLES)
			continue;
		buf_put(ret, job.raw.p, job.raw.n);
		sizes[(*n)++] = job.raw.n;
	}
	drop_job(&job);
	return r < 0 ? r : buf_check(ret, "samples", e);
}

static int make_dictionary(struct spool *s, struct buf *ret, struct err *e)
{
	auto_free size_t *sizes = calloc(LIMIT_SAMPLES, sizeof(*sizes));
	auto_buf samples = BUF_INIT(SIZE_MAX / 2);
	size_t n;
	int r;

	if (s->bytes < SMALL)
		return 0;
	r = sizes ? sample(s, &samples, sizes, &n, e) : FAIL_NOMEM(e);

	return r < 0 ? r
		     : block_train((struct str){ samples.p, samples.n }, sizes, n, s->blocks, ret,
				   e);
}

static int store_blocks(struct spool *s, const struct block_dictionary *dictionary,
			struct storing *st, struct err *e)
{
	auto_release(lanes_free) struct lanes *lanes = NULL;
	const struct lanes_opts o = { .threads = lanes_threads(),
				      .slots = 64,
				      .slot_size = sizeof(struct job),
				      .work = compress_job,
				      .take = store_job,
				      .arg = st,
				      .drop = drop_job,
				      .thread_new = new_writer,
				      .thread_free = free_writer };
	int r = lanes_new(&lanes, &o, e);

	s->at = 0;
	while (r >= 0) {
		struct job *job = lanes_slot(lanes);

		job->dictionary = dictionary;
		r = read_block(s, job, e);
		if (r <= 0)
			break;
		r = lanes_submit(lanes, e);
	}
	return r < 0 ? r : lanes_finish(lanes, e);
}

/* A dictionary, as a block that is not compressed. */
static int put_dictionary(struct storing *st, struct str bytes, struct err *e)
{
	int r = sql_run(st->block, e, "ib", *st->n, bytes);

	r = r < 0 ? r
		  : sql_run(st->start, e, "iii", (int64_t)KIND_DICTIONARY + st->kind, (int64_t)0,
			    *st->n);
	++*st->n;
	return r;
}

int spool_store(struct spool *s, unsigned kind, int level, sqlite3 *db, int64_t *n, struct err *e)
{
	auto_release(block_dictionary_free) struct block_dictionary *d = NULL;
	auto_buf bytes = BUF_INIT(LIMIT_DICTIONARY);
	auto_stmt *block = NULL, *start = NULL;
	int r = close_block(s, e);

	r = r < 0 ? r : flush(s, e);
	r = r < 0 ? r : make_dictionary(s, &bytes, e);
	r = r < 0 ? r : sql_prepare(db, "INSERT INTO block VALUES(?1, ?2)", &block, e);
	r = r < 0 ? r : sql_prepare(db, "INSERT INTO start VALUES(?1, ?2, ?3)", &start, e);

	const struct str text = { bytes.p, bytes.n };
	struct storing st = { kind, block, start, n };

	r = r < 0 || !text.n ? r : put_dictionary(&st, text, e);
	r = r < 0 ? r : block_dictionary_new(&d, text, level, e);
	return r < 0 ? r : store_blocks(s, d, &st, e);
}
