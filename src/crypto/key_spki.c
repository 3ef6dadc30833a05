/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public keys as SubjectPublicKeyInfo (RFC 5280 4.1.2.7; RFC 5480, 8017 A.1 and 8410). They are
 * written here: OpenSSL 3.0 makes a chain of encoders for each, which takes half of the time that
 * it takes to verify a signature. What it says itself is what the tests compare with.
 */
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "crypto/ssl.h"

DEFINE_RELEASE_VOID(BIGNUM, BN_free)

enum {
	LIMIT_SPKI = 1024, /* RSA-4096 needs 550 */
	EC_BYTES = 66,	   /* of a coordinate of P-521 */
	DER_INTEGER = 0x02,
	DER_SEQUENCE = 0x30,
	DER_BIT_STRING = 0x03,
};

/* AlgorithmIdentifier of each kind, whole. */
static const unsigned char p256[] = { 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
				      0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
				      0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
static const unsigned char p384[] = { 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
				      0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22 };
static const unsigned char p521[] = { 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
				      0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23 };
static const unsigned char ed25519[] = { 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70 };
static const unsigned char rsa[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
				     0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };

static struct str algorithm(const struct key *k)
{
#define BYTES(a) ((struct str){ (const char *)(a), sizeof(a) })
	switch (k->kind) {
	case KEY_EC_P256: return BYTES(p256);
	case KEY_EC_P384: return BYTES(p384);
	case KEY_EC_P521: return BYTES(p521);
	case KEY_ED25519: return BYTES(ed25519);
	case KEY_RSA: break;
	}
	return BYTES(rsa);
#undef BYTES
}

/* Tag and length of at most 65535, the shortest way. */
static void put_head(struct buf *b, int tag, size_t n)
{
	buf_putc(b, (char)tag);
	if (n > 255)
		buf_put(b, (char[]){ (char)0x82, (char)(n >> 8), (char)(n & 0xff) }, 3);
	else if (n > 127)
		buf_put(b, (char[]){ (char)0x81, (char)n }, 2);
	else
		buf_putc(b, (char)n);
}

/* A positive INTEGER: a zero before it where it would look negative. */
static bool put_integer(struct buf *b, const EVP_PKEY *pkey, const char *name)
{
	unsigned char raw[512];
	auto_release(BN_free) BIGNUM *v = NULL;
	size_t n, zero;

	if (EVP_PKEY_get_bn_param(pkey, name, &v) != 1 || BN_is_zero(v) ||
	    BN_num_bytes(v) > (int)sizeof(raw))
		return false;
	n = (size_t)BN_bn2bin(v, raw);
	zero = raw[0] >> 7;
	put_head(b, DER_INTEGER, n + zero);
	if (zero)
		buf_putc(b, '\0');
	buf_put(b, raw, n);
	return true;
}

static bool put_coordinate(struct buf *b, const struct key *k, const char *name)
{
	unsigned char raw[EC_BYTES];
	auto_release(BN_free) BIGNUM *v = NULL;

	if (EVP_PKEY_get_bn_param(k->pkey, name, &v) != 1 ||
	    BN_bn2binpad(v, raw, (int)k->width) != (int)k->width)
		return false;
	buf_put(b, raw, k->width);
	return true;
}

/* What the BIT STRING holds. */
static bool put_public(struct buf *b, const struct key *k)
{
	auto_buf numbers = BUF_INIT(LIMIT_SPKI);

	if (k->kind == KEY_ED25519) {
		unsigned char raw[32];

		if (key_public_raw(k, raw, NULL) < 0)
			return false;
		buf_put(b, raw, sizeof(raw));
		return true;
	}
	if (k->width) {
		buf_putc(b, 0x04); /* a point that is not compressed */
		return put_coordinate(b, k, OSSL_PKEY_PARAM_EC_PUB_X) &&
		       put_coordinate(b, k, OSSL_PKEY_PARAM_EC_PUB_Y);
	}
	if (!put_integer(&numbers, k->pkey, OSSL_PKEY_PARAM_RSA_N) ||
	    !put_integer(&numbers, k->pkey, OSSL_PKEY_PARAM_RSA_E))
		return false;
	put_head(b, DER_SEQUENCE, numbers.n);
	buf_put(b, numbers.p, numbers.n);
	return true;
}

/* For a key whose numbers cannot be asked for, as an engine's. */
static int spki_by_openssl(const struct key *k, struct buf *ret, struct err *e)
{
	unsigned char *der = NULL;
	int n;

	ERR_clear_error();
	n = i2d_PUBKEY(k->pkey, &der);
	if (n <= 0)
		return FAIL_SSL(e, E_SYSTEM, "public key");
	buf_put(ret, der, (size_t)n);
	OPENSSL_free(der);
	return buf_check(ret, "public key", e);
}

int key_spki(const struct key *k, struct buf *ret, struct err *e)
{
	const struct str alg = algorithm(k);
	auto_buf bits = BUF_INIT(LIMIT_SPKI);
	auto_buf body = BUF_INIT(LIMIT_SPKI);

	if (!put_public(&bits, k) || bits.failed)
		return spki_by_openssl(k, ret, e);
	buf_put(&body, alg.p, alg.n);
	put_head(&body, DER_BIT_STRING, bits.n + 1);
	buf_putc(&body, '\0'); /* no unused bits */
	buf_put(&body, bits.p, bits.n);
	put_head(ret, DER_SEQUENCE, body.n);
	buf_put(ret, body.p, body.n);
	return body.failed ? buf_check(&body, "public key", e) : buf_check(ret, "public key", e);
}

int key_spki_id(const struct key *k, char ret[static KEY_ID_MAX], struct err *e)
{
	auto_buf der = BUF_INIT(LIMIT_SPKI);
	struct digest d;
	int r = key_spki(k, &der, e);

	if (r < 0)
		return r;
	digest_of(der.p, der.n, &d);
	memcpy(ret, digest_hex(&d), KEY_ID_MAX);
	return 0;
}

void pem_put(const char *label, struct str der, struct buf *ret)
{
	auto_buf b64 = BUF_INIT(2 * der.n + 4);

	b64_put(&b64, B64_STD, der.p, der.n);
	if (b64.failed)
		ret->failed = b64.failed;
	buf_printf(ret, "-----BEGIN %s-----\n", label);
	for (size_t i = 0; i < b64.n; i += 64) {
		buf_put(ret, b64.p + i, b64.n - i < 64 ? b64.n - i : 64);
		buf_putc(ret, '\n');
	}
	buf_printf(ret, "-----END %s-----\n", label);
}

int key_public_to_pem(const struct key *k, struct buf *ret, struct err *e)
{
	auto_buf der = BUF_INIT(LIMIT_SPKI);
	int r = key_spki(k, &der, e);

	if (r < 0)
		return r;
	pem_put("PUBLIC KEY", (struct str){ der.p, der.n }, ret);
	return buf_check(ret, "public key", e);
}
