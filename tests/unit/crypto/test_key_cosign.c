/* SPDX-License-Identifier: Apache-2.0 */
/* cosign's key files, and the box in them. */
#include "base/encode.h"
#include "crypto/key_cosign.h"
#include "crypto/secretbox.h"
#include "crypto/sigstore_key.h"
#include "tap.h"

static void from_hex(const char *hex, void *ret, size_t n)
{
	struct err e = ERR_INIT;

	if (hex_decode(str_of(hex), ret, n, &e) < 0)
		abort();
}

/* Made with PyNaCl: SecretBox(bytes(range(32))).encrypt(bytes(range(131)), bytes(range(24))). */
TEST(box_of_another_program)
{
	static const char box_hex[] =
		"b236014311c8d539dbd074a0dc14c7c15efe3a4cc3cfa417b33585356482449842b454cc983029f80f"
		"bb7d8f49dabffea3fad7f66195d32591a4cab2564b856c13705aacc7a2ea7884261d86265ca9ca9cc1"
		"bd5a41538faa5cbbcb9a863ec6cda68280a8c64b78afc161c4517e66b9f1e13b66e53be7340f4703bb"
		"24f492316753bd50eea657e81ee5bb60fa01b42ac41b488f";
	unsigned char key[SECRETBOX_KEY], nonce[SECRETBOX_NONCE], message[131], box[131 + 16];
	auto_buf sealed = BUF_INIT(1000), opened = BUF_INIT(1000);
	struct err e = ERR_INIT;

	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (unsigned char)i;
	memcpy(key, message, sizeof(key));
	memcpy(nonce, message, sizeof(nonce));
	from_hex(box_hex, box, sizeof(box));
	CHECK(secretbox_seal(key, nonce, (struct str){ (const char *)message, sizeof(message) },
			     &sealed, &e) == 0);
	CHECK(sealed.n == sizeof(box) && memcmp(sealed.p, box, sizeof(box)) == 0);
	CHECK(secretbox_open(key, nonce, (struct str){ (const char *)box, sizeof(box) }, &opened,
			     &e) == 0);
	CHECK(opened.n == sizeof(message) && memcmp(opened.p, message, opened.n) == 0);
	for (size_t i = 0; i < sizeof(box); i++) {
		auto_buf none = BUF_INIT(1000);

		box[i] ^= 1;
		CHECK(secretbox_open(key, nonce, (struct str){ (const char *)box, sizeof(box) },
				     &none, &e) == E_VERIFY);
		CHECK(none.n == 0);
		box[i] ^= 1;
	}
	CHECK(secretbox_open(key, nonce, STR("short"), &opened, &e) == E_FORMAT);
}

TEST(every_kind_of_key_written_and_read)
{
	static const enum key_kind kinds[] = { KEY_EC_P256, KEY_ED25519, KEY_RSA };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		auto_release(key_free) struct key *k = NULL, *again = NULL, *wrong = NULL;
		auto_buf pem = BUF_INIT(LIMIT_KEY_PEM);
		struct str text;
		struct err e = ERR_INIT;

		CHECK(key_generate(kinds[i], &k, &e) == 0);
		CHECK(key_to_cosign(k, i ? "secret" : "", &pem, &e) == 0);
		text = (struct str){ pem.p, pem.n };
		CHECK(key_is_cosign(text) && strstr(pem.p, "BEGIN ENCRYPTED SIGSTORE PRIVATE KEY"));
		CHECK(key_from_file(text, i ? "secret" : "", &again, &e) == 0);
		CHECK(again && key_same_public(k, again));
		CHECK(key_from_file(text, "Secret", &wrong, &e) == E_USAGE);
		CHECK(strstr(e.msg, "passphrase is wrong"));
		CHECK(key_from_file(text, NULL, &wrong, &e) == E_USAGE);
	}
}

/* What Go's nacl and scrypt make; here by PyNaCl and hashlib, with N of older cosign. */
static const char old_file[] = "-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\n"
			       "eyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjozMjc2OCwiciI6\n"
			       "OCwicCI6MX0sInNhbHQiOiJvMlNYL055ZDhlaHJCOWhoNFJyZ1lFMFpPL3V1WExt\n"
			       "RGQ2YnJvSWlmakJBPSJ9LCJjaXBoZXIiOnsibmFtZSI6Im5hY2wvc2VjcmV0Ym94\n"
			       "Iiwibm9uY2UiOiIzNjFmS0dNQWNXTGdRSlptcUJkSUFmMmRScEdZdGw4ZSJ9LCJj\n"
			       "aXBoZXJ0ZXh0IjoiRzFXdGpnaGVaeFpLdlI3S0docVhiQmVKUnRqOE81OUU0KzI4\n"
			       "TEJmZGZWenNKUzBuZmxzbnRMM0d6Ykh6bDFFWWJZTTQzRjJCTGJwUHRrdlV0b2ta\n"
			       "ZDJjN1NqWWR4MWNNMDN6R2FmSU16TWN2Q005ZVEvVFVkNzZCcEJVNVk5em9xVFA5\n"
			       "MElmZWU4TEg2YVg4R2JiaExia3lvOUdFSUg1Z3cwSHRJZkhzUkt3SU12V1N5R2pn\n"
			       "S0lSSnlBUE1YTFpOaU1SOWQ4ajhCRU1Nanc9PSJ9\n"
			       "-----END ENCRYPTED COSIGN PRIVATE KEY-----\n";

TEST(old_file_of_another_program)
{
	static const char pub_pem[] =
		"-----BEGIN PUBLIC KEY-----\n"
		"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEJwF0An07/XOGZ0adL9idSBLENRTD\n"
		"GsQ1RMaV1t2nWjHLwGRYV9Cw+OQevz3PWQXsX/pFUNJ1j5HqZR5ETIn+gA==\n"
		"-----END PUBLIC KEY-----\n";
	auto_release(key_free) struct key *k = NULL, *pub = NULL;
	struct err e = ERR_INIT;

	CHECK(key_from_cosign(str_of(old_file), "correct horse", &k, &e) == 0);
	CHECK(key_public_from_pem(str_of(pub_pem), &pub, &e) == 0);
	CHECK(k && pub && key_same_public(k, pub));
}

static void put_file(struct buf *b, const char *json)
{
	buf_puts(b, "-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\n");
	b64_put(b, B64_STD, json, strlen(json));
	buf_puts(b, "\n-----END ENCRYPTED COSIGN PRIVATE KEY-----\n");
}

static int read_json(const char *n, const char *r, const char *p, const char *more, struct err *e)
{
	auto_release(key_free) struct key *k = NULL;
	auto_buf json = BUF_INIT(4096), b = BUF_INIT(8192);

	buf_printf(&json,
		   "{\"kdf\":{\"name\":\"scrypt\",\"params\":{\"N\":%s,\"r\":%s,\"p\":%s},"
		   "\"salt\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"},"
		   "\"cipher\":{\"name\":\"nacl/secretbox\","
		   "\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"},"
		   "\"ciphertext\":\"AAAAAAAAAAAAAAAAAAAAAA==\"%s}",
		   n, r, p, more);
	put_file(&b, json.p);
	return key_from_cosign((struct str){ b.p, b.n }, "x", &k, e);
}

TEST(costs_are_capped_before_deriving)
{
	struct err e = ERR_INIT;

	CHECK(read_json("16", "8", "1", "", &e) == E_USAGE); /* derived, and the box is none */
	CHECK(read_json("1048576", "4", "1", "", &e) == E_FORMAT);
	CHECK(strstr(e.msg, "scrypt") != NULL);
	CHECK(read_json("65536", "8", "9", "", &e) == E_FORMAT);
	CHECK(read_json("4294967296", "4294967296", "1", "", &e) == E_FORMAT);
	CHECK(read_json("9223372036854775807", "1", "1", "", &e) == E_FORMAT);
	CHECK(read_json("1000", "8", "1", "", &e) == E_FORMAT); /* no power of two */
	CHECK(read_json("0", "8", "1", "", &e) == E_FORMAT);
	CHECK(read_json("1", "8", "1", "", &e) == E_FORMAT);
	CHECK(read_json("16", "0", "1", "", &e) == E_FORMAT);
	CHECK(read_json("16", "8", "0", "", &e) == E_FORMAT);
	CHECK(read_json("-16", "8", "1", "", &e) == E_FORMAT);
	CHECK(read_json("16", "8", "1", ",\"ciphertext\":\"\"", &e) == E_FORMAT); /* twice */
}

TEST(malformed_files)
{
	static const char *const bad[] = {
		"",
		"-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----",
		"-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\nAAAA\n"
		"-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
		"-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\n\n"
		"-----END ENCRYPTED COSIGN PRIVATE KEY-----\n",
		"-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\n*\n"
		"-----END ENCRYPTED COSIGN PRIVATE KEY-----\n",
		"-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\ne30=\n"
		"-----END ENCRYPTED COSIGN PRIVATE KEY-----\ntrailing",
		"-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\ne30=\n"
		"-----END ENCRYPTED COSIGN PRIVATE KEY-----\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		auto_release(key_free) struct key *k = NULL;
		struct err e = ERR_INIT;

		CHECK(key_from_cosign(str_of(bad[i]), "x", &k, &e) == E_FORMAT);
	}
}

/* Each byte of the JSON in turn: what remains readable is another key, or none. scrypt is made
 * cheap by a file with N = 16. */
TEST(every_byte_flipped)
{
	static const char json[] =
		"{\"kdf\":{\"name\":\"scrypt\",\"params\":{\"N\":16,\"r\":8,\"p\":1},\"salt\":\"y+"
		"ho8/YQLYVErqGqrWH0QH1wpUsjLe9y0oIAzeo1gyg=\"},\"cipher\":{\"name\":\"nacl/"
		"secretbox\",\"nonce\":\"TVxAM/"
		"GwnT2ou1JMUFDA0QN1aoZJmmn9\"},\"ciphertext\":"
		"\"rBlgRc564DUKIyZMhvPSO2Ke4XqUACidq56/J+Tda9t8akflCtUy+n0mmCW8/"
		"KjkZicoKvyWYUMJzjAa2UlsWDz4j661f4b7QyFjzWOMgO8DhGJrNBp+"
		"E64BYIeHV1ykBZ9TwkqGzSBnhxLwRC8HH7w+"
		"VDKOTut5reEMOq4kRbdOJH6XWWKG68K8FbXBArqiw0tPkl7t1PIuNw==\"}";
	auto_release(key_free) struct key *k = NULL;
	char copy[sizeof(json)];
	struct err e = ERR_INIT;
	auto_buf whole = BUF_INIT(8192);

	put_file(&whole, json);
	CHECK(key_from_cosign((struct str){ whole.p, whole.n }, "pw", &k, &e) == 0);
	for (size_t i = 0; i + 1 < sizeof(json); i++) {
		auto_release(key_free) struct key *other = NULL;
		auto_buf b = BUF_INIT(8192);

		memcpy(copy, json, sizeof(json));
		copy[i] ^= 1;
		put_file(&b, copy);
		if (key_from_cosign((struct str){ b.p, b.n }, "pw", &other, &e) == 0)
			printf("# byte %zu '%c'\n", i, json[i]);
		CHECK(other == NULL);
	}
}

TAP_MAIN()
