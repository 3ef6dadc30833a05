/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "crypto/key.h"

/* For the files of this room only: OpenSSL's types under our ownership and error rules. */

DEFINE_RELEASE_VOID(EVP_PKEY, EVP_PKEY_free)
DEFINE_RELEASE_VOID(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
DEFINE_RELEASE_VOID(EVP_MD_CTX, EVP_MD_CTX_free)
DEFINE_RELEASE_VOID(ECDSA_SIG, ECDSA_SIG_free)
DEFINE_RELEASE(BIO *, BIO_free, NULL)
DEFINE_RELEASE_VOID(X509, X509_free)
DEFINE_RELEASE_VOID(X509_NAME, X509_NAME_free)

struct key {
	EVP_PKEY *pkey;
	enum key_kind kind;
	int bits;		  /* of the modulus or the field */
	size_t width;		  /* EC: bytes of r and of s */
	bool has_priv;		  /* false: verifies only */
	struct key_remote remote; /* who signs when has_priv is false; sign NULL: nobody */
};

/* Checks kind and strength; takes pkey over, also on failure. */
int key_wrap(EVP_PKEY *pkey, bool has_priv, const char *what, struct key **ret, struct err *e);

/* Bytes as PEM, in lines of 64 characters. Appends. Not for secrets. */
void pem_put(const char *label, struct str der, struct buf *ret);

/* An ECDSA signature in DER and in no other encoding (key_form.c). */
bool key_der_signature(struct str sig);

/* Sets the error with OpenSSL's last reason and empties its queue, so that nothing stale is left.
 */
int ssl_fail(struct err *e, const char *file, int line, enum err_code code, const char *what);
#define FAIL_SSL(e, code, what) ssl_fail((e), __FILE__, __LINE__, (code), (what))
