/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"

/*
 * Content digests in OCI form, "sha256:" + 64 lower-case hex digits (image-spec, descriptor.md,
 * "Digests"). sha256 is the only algorithm that is accepted: registries refuse the others.
 */
struct digest {
	char s[72]; /* NUL-terminated; "" is none */
};
enum { SHA256_LEN = 32, DIGEST_HEX = 64 };

int digest_parse(struct str s, struct digest *ret, struct err *e);
bool digest_eq(const struct digest *a, const struct digest *b);
const char *digest_hex(const struct digest *d); /* the 64 digits within d */
void digest_of(const void *p, size_t n, struct digest *ret);
/* Of all that fd holds, from its start wherever it stands; it has to be a file. ret_size (may be
 * NULL) is how much that is. */
int digest_of_fd(int fd, struct digest *ret, uint64_t *ret_size, struct err *e);
void digest_from_raw(const unsigned char raw[static SHA256_LEN], struct digest *ret);

/* Streaming. The context is opaque and heap-owned; final may be called once. */
struct sha256;
int sha256_new(struct sha256 **ret, struct err *e);
void sha256_update(struct sha256 *h, const void *p, size_t n);
void sha256_final(struct sha256 *h, unsigned char ret[static SHA256_LEN]);
void sha256_free(struct sha256 *h); /* NULL is fine */
DEFINE_RELEASE_VOID(struct sha256, sha256_free)
void sha256_once(const void *p, size_t n, unsigned char ret[static SHA256_LEN]);

/*
 * The same by the name that a document gives the algorithm: "sha256", "sha384" or "sha512". Any
 * other is E_NOTFOUND: what cannot be checked here is for the caller to refuse.
 */
enum { HASH_MAX = 64 };
struct hash;
int hash_new(const char *name, struct hash **ret, struct err *e);
void hash_update(struct hash *h, const void *p, size_t n);
size_t hash_final(struct hash *h, unsigned char ret[static HASH_MAX]); /* once; how many bytes */
void hash_free(struct hash *h);					       /* NULL is fine */
DEFINE_RELEASE_VOID(struct hash, hash_free)
