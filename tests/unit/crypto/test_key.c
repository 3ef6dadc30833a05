/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "crypto/key.h"
#include "tap.h"

static const enum key_kind kinds[] = { KEY_EC_P256, KEY_EC_P384, KEY_EC_P521, KEY_ED25519,
				       KEY_RSA };
static const size_t sizes[] = { 64, 96, 132, 64, 384 };

static struct str str_buf(const struct buf *b)
{
	return (struct str){ b->p, b->n };
}

static void flip_all(const struct key *k, struct buf *sig)
{
	struct err e = ERR_INIT;

	for (size_t i = 0; i < sig->n; i++) {
		sig->p[i] = (char)(sig->p[i] ^ 1);
		CHECK(key_verify(k, "hello", 5, str_buf(sig), &e) == E_VERIFY);
		sig->p[i] = (char)(sig->p[i] ^ 1);
	}
}

TEST(sign_verify_all_kinds)
{
	for (size_t i = 0; i < 5; i++) {
		struct err e = ERR_INIT;
		auto_release(key_free) struct key *k = NULL;
		auto_release(key_free) struct key *other = NULL;
		auto_buf sig = BUF_INIT(1024);

		CHECK(key_generate(kinds[i], &k, &e) == 0);
		CHECK(key_generate(kinds[i], &other, &e) == 0);
		if (!k || !other)
			return;
		CHECK(key_kind(k) == kinds[i]);
		CHECK(key_sign(k, "hello", 5, &sig, &e) == 0);
		CHECK(sig.n == sizes[i]);
		CHECK(key_verify(k, "hello", 5, str_buf(&sig), &e) == 0);
		CHECK(key_verify(k, "hellO", 5, str_buf(&sig), &e) == E_VERIFY);
		CHECK(key_verify(other, "hello", 5, str_buf(&sig), &e) == E_VERIFY);
		CHECK(key_verify(k, "hello", 5, (struct str){ sig.p, sig.n - 1 }, &e) == E_VERIFY);
		CHECK(key_same_public(k, k) && !key_same_public(k, other));
		flip_all(k, &sig);
		buf_putc(&sig, 0);
		CHECK(key_verify(k, "hello", 5, str_buf(&sig), &e) == E_VERIFY);
	}
}

TEST(pem_round_trip)
{
	for (size_t i = 0; i < 5; i++) {
		struct err e = ERR_INIT;
		auto_release(key_free) struct key *k = NULL, *back = NULL, *pub = NULL;
		auto_secret pem = BUF_INIT(LIMIT_KEY_PEM);
		auto_buf pub_pem = BUF_INIT(LIMIT_KEY_PEM), sig = BUF_INIT(1024);

		CHECK(key_generate(kinds[i], &k, &e) == 0);
		CHECK(key_to_pem(k, NULL, &pem, &e) == 0);
		CHECK(starts_with(buf_str(&pem), "-----BEGIN PRIVATE KEY-----\n"));
		CHECK(key_from_pem(str_buf(&pem), NULL, &back, &e) == 0);
		CHECK(key_public_to_pem(k, &pub_pem, &e) == 0);
		CHECK(key_public_from_pem(str_buf(&pub_pem), &pub, &e) == 0);
		if (!back || !pub)
			return;
		CHECK(key_same_public(k, back) && key_same_public(k, pub));
		CHECK(key_sign(back, "x", 1, &sig, &e) == 0);
		CHECK(key_verify(pub, "x", 1, str_buf(&sig), &e) == 0);
		CHECK(key_sign(pub, "x", 1, &sig, &e) == E_INTERNAL);
		CHECK(key_to_pem(pub, NULL, &pem, &e) == E_INTERNAL);
	}
}

TEST(encrypted_pem)
{
	struct err e = ERR_INIT;
	auto_release(key_free) struct key *k = NULL, *back = NULL;
	auto_secret pem = BUF_INIT(LIMIT_KEY_PEM);

	CHECK(key_generate(KEY_EC_P256, &k, &e) == 0);
	CHECK(key_to_pem(k, "", &pem, &e) == E_USAGE);
	CHECK(key_to_pem(k, "open sesame", &pem, &e) == 0);
	CHECK(starts_with(buf_str(&pem), "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
	CHECK(key_from_pem(str_buf(&pem), NULL, &back, &e) == E_USAGE);
	CHECK(strstr(e.hint, "--passphrase-file") != NULL);
	CHECK(key_from_pem(str_buf(&pem), "open sesamE", &back, &e) == E_USAGE);
	CHECK(key_from_pem(str_buf(&pem), "open sesame", &back, &e) == 0);
	CHECK(back && key_same_public(k, back));
}

TEST(ed25519_raw)
{
	/* RFC 8032, section 7.1, test 2. */
	static const char pub[] =
		"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
	static const char sig[] =
		"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
		"085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
	struct err e = ERR_INIT;
	unsigned char raw[32], s[64], back[32];
	auto_release(key_free) struct key *k = NULL;

	CHECK(hex_decode(str_of(pub), raw, 32, &e) == 0);
	CHECK(hex_decode(str_of(sig), s, 64, &e) == 0);
	CHECK(key_public_from_raw(raw, &k, &e) == 0);
	CHECK(key_public_raw(k, back, &e) == 0 && memcmp(raw, back, 32) == 0);
	CHECK(key_verify(k, "\x72", 1, (struct str){ (char *)s, 64 }, &e) == 0);
	CHECK(key_verify(k, "\x73", 1, (struct str){ (char *)s, 64 }, &e) == E_VERIFY);
}

/* Made with: openssl genrsa 1024 | openssl rsa -pubout; openssl ecparam -name secp256k1 ... */
TEST(weak_keys_are_refused)
{
	static const char rsa1024[] =
		"-----BEGIN PUBLIC "
		"KEY-----\nMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDMaXXb6F8rQox47bex8UpGpwe2\n"
		"OPG2TxReC6FLYava4bqTHVUok23HhibgBD+AKOcI/KaSxTkZ9X236R3L3UnOgjcG\n"
		"DDtjsVZMtsg7t66N/m+XrwOHzJB4MXZRjHUWsTFfn9qDmimtzaEk03C0FaJUCPBV\n"
		"/zNYZrhOR5eD3zYPZwIDAQAB\n-----END PUBLIC KEY-----\n";
	static const char k1[] =
		"-----BEGIN PUBLIC "
		"KEY-----\nMFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEm0sWheIjNswjdrbg/8r4AFKl0EduJvxk\n"
		"br+NZMY5uE0TqvGxPmnmBiJYgPlGlYo/nScD+d5WUy16wTmpuhU7fA==\n-----END PUBLIC "
		"KEY-----\n";
	struct err e = ERR_INIT;
	struct key *k = NULL;

	CHECK(key_public_from_pem(str_of(rsa1024), &k, &e) == E_FORMAT);
	CHECK(strstr(e.msg, "1024 bits") != NULL);
	CHECK(key_public_from_pem(str_of(k1), &k, &e) == E_FORMAT);
	CHECK(strstr(e.msg, "secp256k1") != NULL);
}

TEST(not_a_key)
{
	static const char *const bad[] = {
		"", "x", "-----BEGIN PRIVATE KEY-----\n",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"
	};
	struct err e = ERR_INIT;
	struct key *k = NULL;
	auto_free char *big = calloc(1, LIMIT_KEY_PEM + 1);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(key_from_pem(str_of(bad[i]), NULL, &k, &e) == E_FORMAT);
		CHECK(key_public_from_pem(str_of(bad[i]), &k, &e) == E_FORMAT);
	}
	CHECK(big &&
	      key_from_pem((struct str){ big, LIMIT_KEY_PEM + 1 }, NULL, &k, &e) == E_FORMAT);
	CHECK(strstr(e.msg, "longer than") != NULL);
	CHECK(k == NULL);
}

/* The forms that a document names beside the key. */
TEST(forms)
{
	static const struct {
		enum key_kind kind;
		enum key_form form;
		const char *hash;
	} cases[] = {
		{ KEY_ED25519, KEY_FORM_ED25519, NULL },
		{ KEY_EC_P256, KEY_FORM_ECDSA, "SHA256" },
		{ KEY_EC_P384, KEY_FORM_ECDSA, "SHA384" },
		{ KEY_RSA, KEY_FORM_RSA_PSS, "SHA256" },
		{ KEY_RSA, KEY_FORM_RSA_PKCS1, "SHA512" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_release(key_free) struct key *k = NULL;
		auto_buf sig = BUF_INIT(1024);
		struct err e = ERR_INIT;
		struct str all;

		CHECK(key_generate(cases[i].kind, &k, &e) == 0);
		CHECK(key_sign_as(k, cases[i].form, cases[i].hash, "hello", 5, &sig, &e) == 0);
		all = str_buf(&sig);
		CHECK(key_verify_as(k, cases[i].form, cases[i].hash, "hello", 5, all, &e) == 0);
		CHECK(key_verify_as(k, cases[i].form, cases[i].hash, "hallo", 5, all, &e) ==
		      E_VERIFY);
		/* Nothing behind it, nothing missing; another hash, another form. */
		buf_putc(&sig, '\0');
		CHECK(key_verify_as(k, cases[i].form, cases[i].hash, "hello", 5, str_buf(&sig),
				    &e) == E_VERIFY);
		all.n--;
		CHECK(key_verify_as(k, cases[i].form, cases[i].hash, "hello", 5, all, &e) ==
		      E_VERIFY);
		CHECK(key_verify_as(k, cases[i].form, cases[i].hash, "hello", 5, STR(""), &e) ==
		      E_VERIFY);
		all = (struct str){ sig.p, sig.n - 1 };
		if (cases[i].hash)
			CHECK(key_verify_as(k, cases[i].form,
					    strcmp(cases[i].hash, "SHA384") ? "SHA384" : "SHA256",
					    "hello", 5, all, &e) == E_VERIFY);
		for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
			int want = cases[n].form == cases[i].form      ? 0
				   : cases[i].kind == KEY_RSA && n > 2 ? E_VERIFY
								       : E_FORMAT;

			if (want)
				CHECK(key_verify_as(k, cases[n].form, cases[i].hash, "hello", 5,
						    all, &e) == want);
		}
	}
}

TEST(ecdsa_has_one_encoding)
{
	auto_release(key_free) struct key *k = NULL;
	auto_buf sig = BUF_INIT(1024), longer = BUF_INIT(1024);
	struct err e = ERR_INIT;

	CHECK(key_generate(KEY_EC_P256, &k, &e) == 0);
	CHECK(key_sign_as(k, KEY_FORM_ECDSA, "SHA256", "hello", 5, &sig, &e) == 0);
	/* The same SEQUENCE with its length in two bytes: BER, not DER. */
	buf_put(&longer, "\x30\x81", 2);
	buf_put(&longer, sig.p + 1, sig.n - 1);
	CHECK(key_verify_as(k, KEY_FORM_ECDSA, "SHA256", "hello", 5, str_buf(&longer), &e) ==
	      E_VERIFY);
}

TAP_MAIN()
