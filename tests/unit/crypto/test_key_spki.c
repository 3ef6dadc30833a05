/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys as we write them, held against what OpenSSL writes. */
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/cleanup.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "tap.h"

static EVP_PKEY *openssl_key(struct str pem)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	EVP_PKEY *k = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);

	BIO_free(bio);
	return k;
}

static void check_same(const struct key *k)
{
	auto_buf der = BUF_INIT(4096), pem = BUF_INIT(4096);
	struct err e = ERR_INIT;
	struct digest d;
	char id[KEY_ID_MAX];
	unsigned char *want = NULL;
	char *text;
	BIO *bio = BIO_new(BIO_s_mem());
	EVP_PKEY *pkey;
	int n;

	CHECK(key_public_to_pem(k, &pem, &e) == 0 && key_spki(k, &der, &e) == 0);
	CHECK(key_spki_id(k, id, &e) == 0);
	pkey = openssl_key((struct str){ pem.p, pem.n });
	CHECK(pkey);
	n = i2d_PUBKEY(pkey, &want);
	CHECK(n > 0 && (size_t)n == der.n && memcmp(want, der.p, der.n) == 0);
	digest_of(want, (size_t)n, &d);
	CHECK_STR(id, digest_hex(&d));
	CHECK(PEM_write_bio_PUBKEY(bio, pkey) == 1);
	CHECK((size_t)BIO_get_mem_data(bio, &text) == pem.n && memcmp(text, pem.p, pem.n) == 0);
	BIO_free(bio);
	EVP_PKEY_free(pkey);
	OPENSSL_free(want);
}

/* Several of each, so that numbers with leading zeros are among them. */
TEST(every_kind_as_openssl_writes_it)
{
	static const enum key_kind kinds[] = { KEY_EC_P256, KEY_EC_P384, KEY_EC_P521, KEY_ED25519 };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		for (int round = 0; round < 100; round++) {
			auto_release(key_free) struct key *k = NULL;
			struct err e = ERR_INIT;

			CHECK(key_generate(kinds[i], &k, &e) == 0);
			check_same(k);
		}
}

TEST(rsa_of_every_size)
{
	static const int bits[] = { 2048, 3072, 4096 };

	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		auto_release(key_free) struct key *k = NULL;
		struct err e = ERR_INIT;

		CHECK(key_generate_rsa(bits[i], &k, &e) == 0);
		check_same(k);
	}
}

/* A point has two encodings: the key's name is that of the longer one. */
TEST(compressed_points_have_the_same_name)
{
	auto_release(key_free) struct key *k = NULL, *same = NULL;
	auto_buf pem = BUF_INIT(4096), again = BUF_INIT(4096);
	char id[KEY_ID_MAX], other[KEY_ID_MAX], *text;
	struct err e = ERR_INIT;
	BIO *bio = BIO_new(BIO_s_mem());
	EVP_PKEY *pkey;
	long n;

	CHECK(key_generate(KEY_EC_P256, &k, &e) == 0);
	CHECK(key_public_to_pem(k, &pem, &e) == 0 && key_spki_id(k, id, &e) == 0);
	pkey = openssl_key((struct str){ pem.p, pem.n });
	CHECK(EVP_PKEY_set_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
					     OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_COMPRESSED) == 1);
	CHECK(PEM_write_bio_PUBKEY(bio, pkey) == 1);
	n = BIO_get_mem_data(bio, &text);
	CHECK(n > 0 && (size_t)n < pem.n);
	CHECK(key_public_from_pem((struct str){ text, (size_t)n }, &same, &e) == 0);
	CHECK(key_spki_id(same, other, &e) == 0 && key_public_to_pem(same, &again, &e) == 0);
	CHECK_STR(other, id);
	CHECK_STR(buf_str(&again), buf_str(&pem));
	BIO_free(bio);
	EVP_PKEY_free(pkey);
}

/* What stands behind a key in its block is not read over. */
TEST(bytes_behind_a_public_key)
{
	static const char pem[] = "-----BEGIN PUBLIC KEY-----\n"
				  "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
				  "-----END PUBLIC KEY-----\n";
	static const char longer[] =
		"-----BEGIN PUBLIC KEY-----\n"
		"MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuEA\n"
		"-----END PUBLIC KEY-----\n";
	auto_release(key_free) struct key *k = NULL;
	struct key *none = NULL;
	struct err e = ERR_INIT;

	CHECK(key_public_from_pem(str_of(pem), &k, &e) == 0 && key_kind(k) == KEY_ED25519);
	CHECK(key_public_from_pem(str_of(longer), &none, &e) == E_FORMAT && !none);
}

/* RFC 8410, 10.3, and what it must not be taken for. */
TEST(ed25519_private_keys)
{
	static const char good[] =
		"-----BEGIN PRIVATE KEY-----\n"
		"MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
		"-----END PRIVATE KEY-----\n";
	/* 31 bytes of key; parameters of its algorithm (NULL) */
	static const char *const bad[] = {
		"-----BEGIN PRIVATE KEY-----\n"
		"MC0CAQAwBQYDK2VwBCEEH9Tuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVg=\n"
		"-----END PRIVATE KEY-----\n",
		"-----BEGIN PRIVATE KEY-----\n"
		"MDACAQAwBwYDK2VwBQAEIgQg1O5y2/kTWErVttjx92n4rTr+fCjL8dT74Jeoj0R1WEI=\n"
		"-----END PRIVATE KEY-----\n",
	};
	auto_release(key_free) struct key *k = NULL;
	auto_buf pub = BUF_INIT(4096);
	struct key *none = NULL;
	struct err e = ERR_INIT;

	CHECK(key_from_pem(str_of(good), NULL, &k, &e) == 0 && key_kind(k) == KEY_ED25519);
	CHECK(key_public_to_pem(k, &pub, &e) == 0);
	CHECK(strstr(buf_str(&pub), "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=") != NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(key_from_pem(str_of(bad[i]), NULL, &none, &e) == E_FORMAT && !none);
}

TAP_MAIN()
