/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of a process that holds a private key. OpenSSL puts the numbers of a key into its secure
 * heap, but leaves what it decoded them from in the ordinary one (decode_der2key.c frees it as it
 * is): in such a process everything that OpenSSL frees is wiped.
 */
#include <errno.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/lazy.h"
#include "crypto/key.h"

static bool holding;

static void *take(size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return malloc(n);
}

static void give(void *p, const char *file, int line)
{
	(void)file, (void)line;
	if (p && holding)
		OPENSSL_cleanse(p, malloc_usable_size(p));
	free(p);
}

static void *resize(void *p, size_t n, const char *file, int line)
{
	void *to;
	size_t had;

	if (!p || !holding)
		return realloc(p, n);
	had = malloc_usable_size(p);
	to = malloc(n);
	if (!to)
		return NULL;
	memcpy(to, p, had < n ? had : n);
	give(p, file, line);
	return to;
}

/* OpenSSL takes these only before it allocates anything. */
static void install(void)
{
	(void)CRYPTO_set_mem_functions(take, resize, give);
	/* What OpenSSL frees when a process ends, the kernel frees at once. Keys are wiped by those
	 * who have them. */
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
}

__attribute__((constructor)) static void install_first(void)
{
	lazy_begin("crypto", install);
}

void crypto_hold_secrets(void)
{
	holding = true;
	/* Enough for the numbers of an RSA key of 4096 bits, and for what is drawn at random. When
	 * it cannot be locked (RLIMIT_MEMLOCK) it is still left out of dumps and wiped. */
	(void)CRYPTO_secure_malloc_init(64 * 1024, 16);
}

int secret_read(int fd, const char *what, size_t max, struct buf *ret, struct err *e)
{
	size_t n = 0;
	ssize_t got = 1;

	ret->p = calloc(1, max + 2);
	if (!ret->p)
		return FAIL_NOMEM(e);
	ret->alloc = max + 2;
	while (got != 0 && n <= max) {
		got = read(fd, ret->p + n, max + 1 - n);
		if (got < 0 && errno != EINTR)
			return FAIL_SYS(e, "read %s", what);
		n += got > 0 ? (size_t)got : 0;
	}
	if (n > max)
		return FAIL(e, E_FORMAT, "%s: longer than %zu bytes", what, max);
	ret->n = n;
	return 0;
}

void secret_free(struct buf *b)
{
	if (b->p)
		OPENSSL_cleanse(b->p, b->alloc);
	buf_free(b);
}
