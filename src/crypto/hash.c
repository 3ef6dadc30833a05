/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "crypto/digest.h"
#include "crypto/ssl.h"

struct hash {
	EVP_MD_CTX *ctx;
	bool broken; /* OpenSSL failed in the middle: the result would be of something else */
};

static const EVP_MD *algorithm(const char *name)
{
	if (strcmp(name, "sha256") == 0)
		return EVP_sha256();
	if (strcmp(name, "sha384") == 0)
		return EVP_sha384();
	return strcmp(name, "sha512") == 0 ? EVP_sha512() : NULL;
}

int hash_new(const char *name, struct hash **ret, struct err *e)
{
	const EVP_MD *md = algorithm(name);
	auto_release(hash_free) struct hash *h = NULL;

	if (!md)
		return FAIL(e, E_NOTFOUND, "hash algorithm '%.40s' is not known here", name);
	h = calloc(1, sizeof(*h));
	if (!h)
		return FAIL_NOMEM(e);
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx || EVP_DigestInit_ex(h->ctx, md, NULL) != 1)
		return FAIL_SSL(e, E_SYSTEM, name);
	*ret = TAKE(h);
	return 0;
}

void hash_update(struct hash *h, const void *p, size_t n)
{
	if (EVP_DigestUpdate(h->ctx, p, n) != 1)
		h->broken = true;
}

size_t hash_final(struct hash *h, unsigned char ret[static HASH_MAX])
{
	unsigned n = 0;

	if (h->broken || EVP_DigestFinal_ex(h->ctx, ret, &n) != 1)
		return 0; /* equal to nothing that is compared with it */
	return n;
}

void hash_free(struct hash *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}
