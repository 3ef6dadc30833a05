/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sha256_small.h"

#include <sha2.h>

_Static_assert(SHA256_LEN == SHA256_DIGEST_LENGTH, "SHA-256 is 32 bytes");

void sha256_small(const unsigned char *p, size_t n, unsigned char ret[static SHA256_LEN])
{
	SHA2_CTX c;

	SHA256Init(&c);
	SHA256Update(&c, p, n);
	SHA256Final(ret, &c);
}
