/* SPDX-License-Identifier: Apache-2.0 */
#include "build/file_memo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* The file: the line below, the records as they are in memory, the SHA-256 of both. It is never
 * moved to another machine. */
static const char head[] = "plimsoll files 1\n";

enum {
	HEAD = sizeof(head) - 1,
	RECORD = sizeof(struct file_known),
	FILE_MAX = HEAD + LIMIT_FILE_MEMO * RECORD + SHA256_LEN,
	LOCK_MS = 1000,
};
/* Longer than a tick of any kernel's clock for files. */
#define SLACK_NS INT64_C(20000000)

_Static_assert(sizeof(struct file_known) == 5 * 8 + SHA256_LEN, "struct file_known has holes");

static int64_t to_ns(struct timespec t)
{
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	const struct file_known *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->ino == y->ino ? 0 : x->ino < y->ino ? -1 : 1;
}

void file_memo_open(struct file_memo *ret, const struct state *state, const struct stat *folder)
{
	char text[64];
	struct digest d;
	int n = snprintf(text, sizeof(text), "%llu:%llu", (unsigned long long)folder->st_dev,
			 (unsigned long long)folder->st_ino);

	digest_of(text, (size_t)n, &d);
	*ret = (struct file_memo){ .state = state };
	(void)snprintf(ret->name, sizeof(ret->name), "cache/files/%s", digest_hex(&d));
}

/* The records of the file, sorted as they were written. Nothing when it is not whole. */
static void read_file(const struct file_memo *m, struct file_known **ret, size_t *ret_n)
{
	auto_buf b = BUF_INIT(FILE_MAX + 1);
	unsigned char raw[SHA256_LEN];
	struct file_known *v;
	size_t n;

	*ret = NULL;
	*ret_n = 0;
	if (fs_read(m->state->fd, m->name, FILE_MAX, &b, NULL) < 0 || b.n < HEAD + SHA256_LEN ||
	    (b.n - HEAD - SHA256_LEN) % RECORD || memcmp(b.p, head, HEAD) != 0)
		return;
	sha256_once(b.p, b.n - SHA256_LEN, raw);
	if (memcmp(raw, b.p + b.n - SHA256_LEN, SHA256_LEN) != 0)
		return;
	n = (b.n - HEAD - SHA256_LEN) / RECORD;
	v = calloc(n ? n : 1, RECORD);
	if (!v)
		return;
	memcpy(v, b.p + HEAD, n * RECORD);
	*ret = v;
	*ret_n = n;
}

bool file_memo_get(struct file_memo *m, const struct stat *st, unsigned char ret[static SHA256_LEN])
{
	const struct file_known want = { .dev = st->st_dev, .ino = st->st_ino };
	const struct file_known *k;

	if (!m->state)
		return false;
	if (!m->loaded)
		read_file(m, &m->v, &m->n);
	m->loaded = true;
	k = m->n ? bsearch(&want, m->v, m->n, RECORD, compare) : NULL;
	if (!k || k->size != (uint64_t)st->st_size || k->mtime_ns != to_ns(st->st_mtim) ||
	    k->ctime_ns != to_ns(st->st_ctim))
		return false;
	memcpy(ret, k->sha256, SHA256_LEN);
	return true;
}

void file_memo_add(struct file_memo *m, const struct stat *st, int64_t read_ns,
		   const unsigned char sha256[static SHA256_LEN])
{
	struct file_known k = { .dev = st->st_dev,
				.ino = st->st_ino,
				.size = (uint64_t)st->st_size,
				.mtime_ns = to_ns(st->st_mtim),
				.ctime_ns = to_ns(st->st_ctim) };

	if (!m->state || m->added_n == LIMIT_FILE_MEMO || k.ctime_ns > read_ns - SLACK_NS ||
	    k.mtime_ns > read_ns - SLACK_NS)
		return;
	if (m->added_n == m->alloc) {
		size_t more = m->alloc ? m->alloc * 2 : 256;
		struct file_known *v = reallocarray(m->added, more, RECORD);

		if (!v)
			return;
		m->added = v;
		m->alloc = more;
	}
	memcpy(k.sha256, sha256, SHA256_LEN);
	m->added[m->added_n++] = k;
}

/* Both lists sorted, of two records of one file the added one. */
static size_t merge(const struct file_known *old, size_t old_n, const struct file_known *new,
		    size_t new_n, struct file_known *ret)
{
	size_t i = 0, k = 0, n = 0;

	while (i < old_n || k < new_n) {
		int c = i == old_n ? 1 : k == new_n ? -1 : compare(&old[i], &new[k]);
		const struct file_known *take = c < 0 ? &old[i] : &new[k];

		i += c <= 0;
		k += c >= 0;
		if (n && compare(&ret[n - 1], take) == 0)
			ret[n - 1] = *take; /* a file of several names was added for each */
		else
			ret[n++] = *take;
	}
	return n;
}

static int write_file(const struct file_memo *m, const struct file_known *v, size_t n,
		      struct err *e)
{
	auto_buf b = BUF_INIT(FILE_MAX + 1);
	unsigned char raw[SHA256_LEN];
	int r;

	buf_put(&b, head, HEAD);
	buf_put(&b, v, n * RECORD);
	sha256_once(buf_str(&b), b.n, raw);
	buf_put(&b, raw, SHA256_LEN);
	r = buf_check(&b, "digests of files", e);
	return r < 0 ? r : fs_write_cache(m->state->fd, m->name, b.p, b.n, 0600, e);
}

int file_memo_save(struct file_memo *m, struct err *e)
{
	auto_free struct file_known *old = NULL, *all = NULL;
	auto_close int lock = -1;
	size_t old_n = 0;
	int r;

	if (!m->state || m->added_n == 0)
		return 0;
	r = fs_mkdir_p(m->state->fd, "cache/files", 0700, e);
	if (r < 0)
		return r;
	lock = fs_lock(m->state->fd, "cache/files/.lock", LOCK_MS, e);
	if (lock < 0)
		return lock;
	read_file(m, &old, &old_n);
	if (old_n + m->added_n > LIMIT_FILE_MEMO)
		old_n = 0;
	all = calloc(old_n + m->added_n, RECORD);
	if (!all)
		return FAIL_NOMEM(e);
	qsort(m->added, m->added_n, RECORD, compare);
	old_n = merge(old, old_n, m->added, m->added_n, all);
	r = write_file(m, all, old_n, e);
	free(m->v);
	m->v = TAKE(all);
	m->n = old_n;
	m->loaded = true;
	m->added_n = 0;
	return r;
}

void file_memo_free(struct file_memo *m)
{
	free(m->v);
	free(m->added);
	memset(m, 0, sizeof(*m));
}
