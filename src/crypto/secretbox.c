/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/secretbox.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "crypto/ssl.h"

DEFINE_RELEASE_VOID(EVP_MAC, EVP_MAC_free)
DEFINE_RELEASE_VOID(EVP_MAC_CTX, EVP_MAC_CTX_free)

enum { BLOCK = 64, WORDS = 16, ROUNDS = 20 };

/* "expand 32-byte k", the constant of Salsa20 with keys of 32 bytes. */
static const unsigned char sigma[] = "expand 32-byte k";

static uint32_t load(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void store(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> 8 * i);
}

static uint32_t rotate(uint32_t v, int by)
{
	return v << by | v >> (32 - by);
}

static void quarter(uint32_t x[static WORDS], int a, int b, int c, int d)
{
	x[b] ^= rotate(x[a] + x[d], 7);
	x[c] ^= rotate(x[b] + x[a], 9);
	x[d] ^= rotate(x[c] + x[b], 13);
	x[a] ^= rotate(x[d] + x[c], 18);
}

static void double_rounds(uint32_t x[static WORDS])
{
	for (int i = 0; i < ROUNDS; i += 2) {
		quarter(x, 0, 4, 8, 12);
		quarter(x, 5, 9, 13, 1);
		quarter(x, 10, 14, 2, 6);
		quarter(x, 15, 3, 7, 11);
		quarter(x, 0, 1, 2, 3);
		quarter(x, 5, 6, 7, 4);
		quarter(x, 10, 11, 8, 9);
		quarter(x, 15, 12, 13, 14);
	}
}

/* The state: sigma on the diagonal, the key around it, 16 bytes of input in the middle. */
static void setup(uint32_t x[static WORDS], const unsigned char *key, const unsigned char *in)
{
	for (int i = 0; i < 4; i++) {
		x[5 * i] = load(sigma + 4 * i);
		x[1 + i] = load(key + 4 * i);
		x[6 + i] = load(in + 4 * i);
		x[11 + i] = load(key + 16 + 4 * i);
	}
}

/* A key of its own for each nonce: the words of the state that hold sigma and the input. */
static void hsalsa20(const unsigned char *key, const unsigned char *in, unsigned char *ret)
{
	static const int taken[] = { 0, 5, 10, 15, 6, 7, 8, 9 };
	uint32_t x[WORDS];

	setup(x, key, in);
	double_rounds(x);
	for (int i = 0; i < 8; i++)
		store(ret + 4 * i, x[taken[i]]);
	OPENSSL_cleanse(x, sizeof(x));
}

static void salsa20_block(const unsigned char *key, const unsigned char *nonce, uint64_t counter,
			  unsigned char *ret)
{
	unsigned char in[16];
	uint32_t first[WORDS], x[WORDS];

	memcpy(in, nonce, 8);
	store(in + 8, (uint32_t)counter);
	store(in + 12, (uint32_t)(counter >> 32));
	setup(first, key, in);
	memcpy(x, first, sizeof(x));
	double_rounds(x);
	for (int i = 0; i < WORDS; i++)
		store(ret + 4 * i, x[i] + first[i]);
	OPENSSL_cleanse(x, sizeof(x));
	OPENSSL_cleanse(first, sizeof(first));
}

/* The first 32 bytes of the stream are the authenticator's key, the message goes with the rest. */
static void stream_xor(const unsigned char *key, const unsigned char *nonce, unsigned char *p,
		       size_t n, unsigned char ret_mac_key[static 32])
{
	unsigned char sub[SECRETBOX_KEY], block[BLOCK];
	size_t at = 32;

	hsalsa20(key, nonce, sub);
	salsa20_block(sub, nonce + 16, 0, block);
	memcpy(ret_mac_key, block, 32);
	for (size_t i = 0; i < n; i++, at++) {
		if (at % BLOCK == 0)
			salsa20_block(sub, nonce + 16, at / BLOCK, block);
		p[i] ^= block[at % BLOCK];
	}
	OPENSSL_cleanse(sub, sizeof(sub));
	OPENSSL_cleanse(block, sizeof(block));
}

static int poly1305(const unsigned char *key, struct str text,
		    unsigned char ret[static SECRETBOX_MAC], struct err *e)
{
	auto_release(EVP_MAC_free) EVP_MAC *mac = EVP_MAC_fetch(NULL, "POLY1305", NULL);
	auto_release(EVP_MAC_CTX_free) EVP_MAC_CTX *c = mac ? EVP_MAC_CTX_new(mac) : NULL;
	size_t n;

	if (!c || EVP_MAC_init(c, key, 32, NULL) != 1 ||
	    EVP_MAC_update(c, (const unsigned char *)text.p, text.n) != 1 ||
	    EVP_MAC_final(c, ret, &n, SECRETBOX_MAC) != 1)
		return FAIL_SSL(e, E_SYSTEM, "Poly1305");
	return 0;
}

int secretbox_seal(const unsigned char key[static SECRETBOX_KEY],
		   const unsigned char nonce[static SECRETBOX_NONCE], struct str message,
		   struct buf *ret, struct err *e)
{
	auto_secret text = BUF_INIT(message.n);
	unsigned char mac_key[32], mac[SECRETBOX_MAC];
	int r;

	buf_put(&text, message.p, message.n);
	if ((r = buf_check(&text, "secretbox", e)) < 0)
		return r;
	stream_xor(key, nonce, (unsigned char *)text.p, text.n, mac_key);
	r = poly1305(mac_key, (struct str){ buf_str(&text), text.n }, mac, e);
	OPENSSL_cleanse(mac_key, sizeof(mac_key));
	if (r < 0)
		return r;
	buf_put(ret, mac, sizeof(mac));
	buf_put(ret, text.p, text.n);
	return buf_check(ret, "secretbox", e);
}

int secretbox_open(const unsigned char key[static SECRETBOX_KEY],
		   const unsigned char nonce[static SECRETBOX_NONCE], struct str box,
		   struct buf *ret, struct err *e)
{
	auto_secret text = BUF_INIT(box.n);
	unsigned char mac_key[32], mac[SECRETBOX_MAC];
	struct str sealed;
	int r;

	if (box.n < SECRETBOX_MAC)
		return FAIL(e, E_FORMAT, "secretbox: %zu bytes", box.n);
	sealed = (struct str){ box.p + SECRETBOX_MAC, box.n - SECRETBOX_MAC };
	buf_put(&text, sealed.p, sealed.n);
	if ((r = buf_check(&text, "secretbox", e)) < 0)
		return r;
	stream_xor(key, nonce, (unsigned char *)text.p, text.n, mac_key);
	r = poly1305(mac_key, sealed, mac, e);
	OPENSSL_cleanse(mac_key, sizeof(mac_key));
	if (r < 0)
		return r;
	if (CRYPTO_memcmp(mac, box.p, sizeof(mac)) != 0)
		return FAIL(e, E_VERIFY, "secretbox: not sealed by this key");
	buf_put(ret, text.p, text.n);
	return buf_check(ret, "secretbox", e);
}
