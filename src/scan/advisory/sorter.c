/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/sorter.h"

#include <fcntl.h>
#include <stdlib.h>

enum {
	RUN_BUFFER = 128 * 1024, /* read ahead of each run */
	LIMIT_RUNS = 4096,
};

/* As records stand in memory and in the file, followed by key and value. */
struct head {
	uint32_t key, value;
};

/* A sorted part of the file, and where we are in it. */
struct run {
	uint64_t at, end; /* of the file, what is not yet in bytes */
	struct buf bytes;
	size_t from; /* in bytes: the record at hand */
	struct head head;
};

struct sorter {
	const struct state *state;
	size_t memory;
	struct buf bytes; /* records */
	size_t *at;	  /* where each begins; sorted by sort_memory() */
	size_t n, alloc, next;
	int fd; /* -1: all of it is in memory */
	uint64_t file_n;
	struct run *runs;
	size_t runs_n, last; /* last: the run whose record was given, to step over; runs_n: none */
};

int temp_file(const struct state *state, struct err *e)
{
	char name[64];
	int fd, r = fs_temp_name(".advisories-", name, sizeof(name), e);

	if (r < 0)
		return r;
	fd = fs_open(state->fd, name, O_RDWR | O_CREAT | O_EXCL, 0600, e);
	if (fd >= 0)
		(void)unlinkat(state->fd, name, 0);
	return fd;
}

int sorter_new(struct sorter **ret, const struct state *state, size_t memory, struct err *e)
{
	struct sorter *s = calloc(1, sizeof(*s));

	if (!s)
		return FAIL_NOMEM(e);
	s->state = state;
	s->memory = memory;
	s->bytes = BUF_INIT(SIZE_MAX / 2);
	s->fd = -1;
	*ret = s;
	return 0;
}

void sorter_free(struct sorter *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->runs_n; i++)
		buf_free(&s->runs[i].bytes);
	free(s->runs);
	buf_free(&s->bytes);
	free(s->at);
	close_release(&s->fd);
	free(s);
}

static struct head head_at(const char *p)
{
	struct head h;

	memcpy(&h, p, sizeof(h));
	return h;
}

static int compare_keys(const char *a, const char *b)
{
	const struct head x = head_at(a), y = head_at(b);
	int r = memcmp(a + sizeof(x), b + sizeof(y), x.key < y.key ? x.key : y.key);

	return r ? r : (x.key > y.key) - (x.key < y.key);
}

static int by_key(const void *a, const void *b, void *bytes)
{
	const size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int r = compare_keys((const char *)bytes + x, (const char *)bytes + y);

	return r ? r : (x > y) - (x < y);
}

static void sort_memory(struct sorter *s)
{
	if (s->n > 1)
		qsort_r(s->at, s->n, sizeof(*s->at), by_key, s->bytes.p);
}

static int begin_run(struct sorter *s, struct err *e)
{
	struct run *more;

	if (s->runs_n >= LIMIT_RUNS)
		return FAIL(e, E_FORMAT, "more than %d runs to sort", LIMIT_RUNS);
	more = reallocarray(s->runs, s->runs_n + 1, sizeof(*more));
	if (!more)
		return FAIL_NOMEM(e);
	s->runs = more;
	s->runs[s->runs_n++] = (struct run){ .at = s->file_n, .bytes = BUF_INIT(SIZE_MAX / 2) };
	if (s->fd < 0)
		s->fd = temp_file(s->state, e);
	return s->fd < 0 ? s->fd : 0;
}

/* Everything in memory, sorted, to the end of the file. */
static int spill(struct sorter *s, struct err *e)
{
	auto_buf out = BUF_INIT(SIZE_MAX / 2);
	int r = begin_run(s, e);

	sort_memory(s);
	for (size_t i = 0; i < s->n && r == 0; i++) {
		const char *p = s->bytes.p + s->at[i];
		const struct head h = head_at(p);

		buf_put(&out, p, sizeof(h) + h.key + h.value);
		if (out.n < RUN_BUFFER && i + 1 < s->n)
			continue;
		r = buf_check(&out, "what is sorted", e);
		r = r < 0 ? r : fs_write_all(s->fd, out.p, out.n, e);
		s->file_n += out.n;
		buf_reset(&out);
	}
	if (r < 0)
		return r;
	s->runs[s->runs_n - 1].end = s->file_n;
	buf_reset(&s->bytes);
	s->n = 0;
	return 0;
}

int sorter_put(struct sorter *s, struct str key, struct str value, struct err *e)
{
	const struct head h = { (uint32_t)key.n, (uint32_t)value.n };
	int r;

	if (key.n > UINT32_MAX || value.n > UINT32_MAX)
		return FAIL(e, E_FORMAT, "too long to be sorted");
	if (s->n && s->bytes.n + s->n * sizeof(*s->at) + key.n + value.n > s->memory) {
		r = spill(s, e);
		if (r < 0)
			return r;
	}
	if (s->n == s->alloc) {
		size_t alloc = s->alloc ? 2 * s->alloc : 1024;
		size_t *more = reallocarray(s->at, alloc, sizeof(*more));

		if (!more)
			return FAIL_NOMEM(e);
		s->at = more;
		s->alloc = alloc;
	}
	s->at[s->n++] = s->bytes.n;
	buf_put(&s->bytes, &h, sizeof(h));
	buf_put(&s->bytes, key.p, key.n);
	buf_put(&s->bytes, value.p, value.n);
	return buf_check(&s->bytes, "what is sorted", e);
}

/* Makes sure that n bytes of the record at hand are there, if the run has them. */
static int fill(struct sorter *s, struct run *run, size_t n, struct err *e)
{
	if (run->bytes.n - run->from >= n)
		return 0;
	if (run->from) {
		memmove(run->bytes.p, run->bytes.p + run->from, run->bytes.n - run->from);
		run->bytes.n -= run->from;
		run->from = 0;
	}
	while (run->bytes.n < n && run->at < run->end) {
		char chunk[RUN_BUFFER];
		uint64_t want =
			run->end - run->at < sizeof(chunk) ? run->end - run->at : sizeof(chunk);
		ssize_t got = pread(s->fd, chunk, (size_t)want, (off_t)run->at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return FAIL_SYS(e, "read what was sorted");
		buf_put(&run->bytes, chunk, (size_t)got);
		run->at += (uint64_t)got;
	}
	return buf_check(&run->bytes, "what is sorted", e);
}

/* The record at hand whole in memory, or the run at its end (head.key 0 and no bytes). */
static int load(struct sorter *s, struct run *run, struct err *e)
{
	int r = fill(s, run, sizeof(run->head), e);

	if (r < 0 || run->bytes.n == run->from)
		return r;
	run->head = head_at(run->bytes.p + run->from);
	return fill(s, run, sizeof(run->head) + run->head.key + run->head.value, e);
}

int sorter_sort(struct sorter *s, struct err *e)
{
	int r = 0;

	if (s->fd < 0) {
		sort_memory(s);
		return 0;
	}
	if (s->n)
		r = spill(s, e);
	buf_free(&s->bytes);
	for (size_t i = 0; i < s->runs_n && r == 0; i++)
		r = load(s, &s->runs[i], e);
	s->last = s->runs_n;
	return r;
}

static void give(const char *p, struct str *ret_key, struct str *ret_value)
{
	const struct head h = head_at(p);

	*ret_key = (struct str){ p + sizeof(h), h.key };
	*ret_value = (struct str){ p + sizeof(h) + h.key, h.value };
}

static int next_of_runs(struct sorter *s, struct str *ret_key, struct str *ret_value, struct err *e)
{
	size_t least = s->runs_n;

	if (s->last < s->runs_n) {
		struct run *run = &s->runs[s->last];
		int r;

		run->from += sizeof(run->head) + run->head.key + run->head.value;
		r = load(s, run, e);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < s->runs_n; i++) {
		const struct run *run = &s->runs[i],
				 *best = &s->runs[least < s->runs_n ? least : i];

		if (run->bytes.n > run->from &&
		    (least == s->runs_n ||
		     compare_keys(run->bytes.p + run->from, best->bytes.p + best->from) < 0))
			least = i;
	}
	s->last = least;
	if (least == s->runs_n)
		return 0;
	give(s->runs[least].bytes.p + s->runs[least].from, ret_key, ret_value);
	return 1;
}

int sorter_next(struct sorter *s, struct str *ret_key, struct str *ret_value, struct err *e)
{
	if (s->fd >= 0)
		return next_of_runs(s, ret_key, ret_value, e);
	if (s->next == s->n)
		return 0;
	give(s->bytes.p + s->at[s->next++], ret_key, ret_value);
	return 1;
}
