/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/fetch/body.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { HASH_CHUNK = 128 * 1024 };

/* Reads up to cap bytes; none is an error, as callers know that there are some. */
static ssize_t read_at(int fd, void *p, size_t cap, uint64_t at, struct err *e)
{
	ssize_t got;

	do {
		got = pread(fd, p, cap, (off_t)at);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return FAIL_SYS(e, "read the body");
	return got ? got : FAIL(e, E_SYSTEM, "the body to send ends early");
}

/* Hashes what lies before the part. */
static int hash_before(struct body *b, struct err *e)
{
	auto_free char *chunk = malloc(HASH_CHUNK);
	uint64_t at = 0;
	int r;

	if (!chunk)
		return FAIL_NOMEM(e);
	r = sha256_new(&b->hash, e);
	while (r == 0 && at < b->at) {
		uint64_t left = b->at - at;
		ssize_t got =
			read_at(b->fd, chunk, left < HASH_CHUNK ? (size_t)left : HASH_CHUNK, at, e);

		if (got < 0)
			return (int)got;
		sha256_update(b->hash, chunk, (size_t)got);
		at += (uint64_t)got;
	}
	return r;
}

int body_open(struct body *b, int fd, const struct fetch_request *q, struct err *e)
{
	*b = (struct body){ .fd = fd, .at = q->body_at, .n = q->body_n, .has_sum = q->has_sum };
	memcpy(b->sum, q->sum, sizeof(b->sum));
	return b->has_sum ? hash_before(b, e) : 0;
}

void body_close(struct body *b)
{
	sha256_free(b->hash);
	b->hash = NULL;
}

/* The whole of it is read: is it what was meant? */
static int check(struct body *b, struct err *e)
{
	unsigned char got[SHA256_LEN];
	struct digest d;

	sha256_final(b->hash, got);
	if (memcmp(got, b->sum, sizeof(got)) == 0)
		return 0;
	digest_from_raw(got, &d);
	return FAIL(e, E_VERIFY, "%s", d.s);
}

ssize_t body_read(struct body *b, void *p, size_t cap, struct err *e)
{
	uint64_t left = b->n - b->sent;
	ssize_t got;
	int r = 0;

	if (left == 0 || cap == 0)
		return 0;
	got = read_at(b->fd, p, cap < left ? cap : (size_t)left, b->at + b->sent, e);
	if (got < 0)
		return got;
	b->sent += (uint64_t)got;
	if (!b->has_sum)
		return got;
	sha256_update(b->hash, p, (size_t)got);
	if (b->sent == b->n)
		r = check(b, e);
	return r < 0 ? r : got;
}
