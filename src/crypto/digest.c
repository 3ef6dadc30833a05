/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/encode.h"
#include "crypto/sha256_small.h"

enum { SMALL_CHUNK = 16 * 1024, LARGE_CHUNK = 128 * 1024 };
static const char prefix[] = "sha256:";

int digest_parse(struct str s, struct digest *ret, struct err *e)
{
	unsigned char raw[SHA256_LEN];
	struct str hex = { s.p + 7, s.n - 7 };

	if (!str_starts(s, prefix) || s.n != sizeof(prefix) - 1 + DIGEST_HEX ||
	    hex_decode(hex, raw, sizeof(raw), NULL) < 0)
		return FAIL(e, E_FORMAT,
			    "'%.*s' is not a digest (want sha256: and 64 lower-case hex digits)",
			    (int)(s.n > 80 ? 80 : s.n), s.p);
	memcpy(ret->s, s.p, s.n);
	ret->s[s.n] = '\0';
	return 0;
}

bool digest_eq(const struct digest *a, const struct digest *b)
{
	return a->s[0] != '\0' && strcmp(a->s, b->s) == 0;
}

const char *digest_hex(const struct digest *d)
{
	return d->s[0] ? d->s + sizeof(prefix) - 1 : d->s;
}

void digest_from_raw(const unsigned char raw[static SHA256_LEN], struct digest *ret)
{
	static const char digits[] = "0123456789abcdef";
	char *p = ret->s + sizeof(prefix) - 1;

	memcpy(ret->s, prefix, sizeof(prefix) - 1);
	for (size_t i = 0; i < SHA256_LEN; i++) {
		*p++ = digits[raw[i] >> 4];
		*p++ = digits[raw[i] & 15];
	}
	*p = '\0';
}

void digest_of(const void *p, size_t n, struct digest *ret)
{
	unsigned char raw[SHA256_LEN];

	sha256_once(p, n, raw);
	digest_from_raw(raw, ret);
}

struct sha256 {
	EVP_MD_CTX *ctx;
};

/*
 * SHA-256 of memory cannot fail once the context exists; if OpenSSL nevertheless says so, going on
 * would compare against a wrong digest, so we stop here.
 */
static void must(int ok)
{
	if (ok != 1)
		abort();
}

int sha256_new(struct sha256 **ret, struct err *e)
{
	struct sha256 *h = calloc(1, sizeof(*h));

	if (!h)
		return FAIL_NOMEM(e);
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1) {
		sha256_free(h);
		return FAIL(e, E_NOMEM, "SHA-256: cannot be set up");
	}
	*ret = h;
	return 0;
}

void sha256_update(struct sha256 *h, const void *p, size_t n)
{
	must(EVP_DigestUpdate(h->ctx, p, n));
}

void sha256_final(struct sha256 *h, unsigned char ret[static SHA256_LEN])
{
	must(EVP_DigestFinal_ex(h->ctx, ret, NULL));
}

void sha256_free(struct sha256 *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

void sha256_once(const void *p, size_t n, unsigned char ret[static SHA256_LEN])
{
	if (n <= SHA256_SMALL)
		sha256_small(p, n, ret);
	else
		must(EVP_Digest(p, n, ret, NULL, EVP_sha256(), NULL));
}

/* One read into chunk: its bytes to h, *at moved on. 0: nothing is left. */
static ssize_t hash_chunk(int fd, struct sha256 *h, char *chunk, size_t cap, uint64_t *at)
{
	ssize_t n;

	do
		n = pread(fd, chunk, cap, (off_t)*at);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		sha256_update(h, chunk, (size_t)n);
		*at += (uint64_t)n;
	}
	return n;
}

/* Apart, so that its stack is used for what is large only: a page's first touch costs more than
 * the hash of what fits into it. */
__attribute__((noinline)) static int hash_large(int fd, struct sha256 *h, uint64_t *at,
						struct err *e)
{
	char chunk[LARGE_CHUNK];
	ssize_t n;

	while ((n = hash_chunk(fd, h, chunk, sizeof(chunk), at)) > 0)
		;
	return n < 0 ? FAIL_SYS(e, "read") : 0;
}

int digest_of_fd(int fd, struct digest *ret, uint64_t *ret_size, struct err *e)
{
	auto_release(sha256_free) struct sha256 *h = NULL;
	unsigned char raw[SHA256_LEN];
	char chunk[SMALL_CHUNK];
	uint64_t at = 0;
	ssize_t n;
	int r = sha256_new(&h, e);

	if (r < 0)
		return r;
	do
		n = hash_chunk(fd, h, chunk, sizeof(chunk), &at);
	while (n > 0 && n < (ssize_t)sizeof(chunk));
	if (n < 0)
		return FAIL_SYS(e, "read");
	if (n > 0 && (r = hash_large(fd, h, &at, e)) < 0)
		return r;
	sha256_final(h, raw);
	digest_from_raw(raw, ret);
	if (ret_size)
		*ret_size = at;
	return 0;
}
