/* SPDX-License-Identifier: Apache-2.0 */
/* DSSE: what is signed, how signers are counted, what is refused. */
#include "base/encode.h"
#include "crypto/dsse.h"
#include "crypto/sigstore_key.h"
#include "tap.h"

#define TYPE "http://example.com/HelloWorld"

static void make_key(enum key_kind kind, struct key **ret)
{
	struct err e = ERR_INIT;

	if (key_generate(kind, ret, &e) < 0)
		abort();
}

static void sign(const struct key *k, const char *payload, json_t **ret)
{
	struct err e = ERR_INIT;

	if (dsse_sign(k, TYPE, str_of(payload), NULL, ret, &e) < 0)
		abort();
}

static int parse_text(const char *text, struct dsse *d, struct err *e)
{
	auto_json *j = NULL;
	int r = json_parse(text, strlen(text), "DSSE", &j, e);

	return r < 0 ? r : dsse_parse(j, d, e);
}

static int parses(const char *text)
{
	auto_dsse d = { 0 };
	struct err e = ERR_INIT;

	return parse_text(text, &d, &e);
}

TEST(pae_is_that_of_the_specification)
{
	auto_buf b = BUF_INIT(100);
	struct err e = ERR_INIT;

	CHECK(dsse_pae(TYPE, STR("hello world"), &b, &e) == 0);
	CHECK_STR(b.p, "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
	buf_reset(&b);
	CHECK(dsse_pae("\xc3\xa9", STR(""), &b, &e) == 0);
	CHECK_STR(b.p, "DSSEv1 2 \xc3\xa9 0 "); /* bytes are counted, not characters */
}

TEST(every_kind_of_key_signs_and_verifies)
{
	static const enum key_kind kinds[] = { KEY_EC_P256, KEY_EC_P384, KEY_EC_P521, KEY_ED25519,
					       KEY_RSA };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		auto_release(key_free) struct key *k = NULL, *other = NULL;
		auto_json *env = NULL;
		auto_dsse d = { 0 };
		struct err e = ERR_INIT;
		const struct key *one;

		make_key(kinds[i], &k);
		make_key(KEY_EC_P256, &other);
		sign(k, "hello", &env);
		CHECK(dsse_parse(env, &d, &e) == 0);
		one = k;
		CHECK(dsse_verify(&d, &one, 1, 1, NULL, &e) == 1);
		one = other;
		CHECK(dsse_verify(&d, &one, 1, 1, NULL, &e) == E_VERIFY);
		d.payload.p[0] ^= 1;
		one = k;
		CHECK(dsse_verify(&d, &one, 1, 1, NULL, &e) == E_VERIFY);
	}
}

/* Two signatures of one key under two names are one signer. */
TEST(signers_are_counted_by_key)
{
	auto_release(key_free) struct key *a = NULL, *b = NULL, *a_again = NULL;
	auto_json *env = NULL, *second = NULL, *third = NULL;
	auto_dsse d = { 0 };
	auto_buf pem = BUF_INIT(LIMIT_KEY_PEM);
	struct err e = ERR_INIT;
	json_t *list;
	bool held[3];

	make_key(KEY_EC_P256, &a);
	make_key(KEY_EC_P256, &b);
	CHECK(key_public_to_pem(a, &pem, &e) == 0 &&
	      key_public_from_pem((struct str){ pem.p, pem.n }, &a_again, &e) == 0);
	sign(a, "hello", &env);
	sign(a, "hello", &second);
	list = json_object_get(env, "signatures");
	CHECK(json_array_extend(list, json_object_get(second, "signatures")) == 0);
	(void)json_object_set_new(json_array_get(list, 1), "keyid", json_string("another"));
	CHECK(dsse_parse(env, &d, &e) == 0 && d.n == 2);
	CHECK_STR(d.v[1].keyid, "another");

	const struct key *keys[] = { a, a_again, b };

	CHECK(dsse_verify(&d, keys, 3, 1, held, &e) == 1);
	CHECK(held[0] && held[1] && !held[2]);
	CHECK(dsse_verify(&d, keys, 3, 2, NULL, &e) == E_VERIFY);
	CHECK(dsse_verify(&d, keys, 3, 0, NULL, &e) == E_INTERNAL);
	CHECK(dsse_verify(&d, keys, 0, 1, NULL, &e) == E_VERIFY);

	sign(b, "hello", &third);
	CHECK(json_array_extend(list, json_object_get(third, "signatures")) == 0);
	dsse_free(&d);
	CHECK(dsse_parse(env, &d, &e) == 0);
	CHECK(dsse_verify(&d, keys, 3, 2, NULL, &e) == 2);
}

TEST(malformed_envelopes)
{
	static const char *const bad[] = {
		"[]",
		"{}",
		"{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[]}",
		"{\"payload\":\"\",\"payloadType\":\"\",\"signatures\":[{\"sig\":\"AA==\"}]}",
		"{\"payload\":7,\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AA==\"}]}",
		"{\"payload\":\"A\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AA==\"}]}",
		"{\"payload\":\"-+==\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AA==\"}]}",
		"{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"\"}]}",
		"{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[{\"keyid\":\"k\"}]}",
		"{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AA==\","
		"\"keyid\":1}]}",
		"{\"payload\":\"\",\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":"
		"\"AA==\"}]}",
		"{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AA==\",\"sig\":"
		"\"AA==\"}]}",
		"{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":{\"sig\":\"AA==\"}}",
		"{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AA==\"}]} x",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parses(bad[i]) != E_FORMAT)
			printf("# accepted: %s\n", bad[i]);
		CHECK(parses(bad[i]) == E_FORMAT);
	}
	/* Unknown members, either alphabet, padded or not. */
	CHECK(parses("{\"payload\":\"_w\",\"payloadType\":\"t\",\"x\":1,\"signatures\":[{\"sig\":"
		     "\"AA==\",\"cert\":\"\"}]}") == 0);
	CHECK(parses("{\"payload\":\"/w==\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AA\","
		     "\"keyid\":null}]}") == 0);
}

static int with_signatures(size_t n, size_t bytes)
{
	auto_buf b = BUF_INIT(1 << 20), raw = BUF_INIT(1 << 20);

	for (size_t i = 0; i < bytes; i++)
		buf_putc(&raw, 'x');
	buf_puts(&b, "{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[");
	for (size_t i = 0; i < n; i++) {
		buf_puts(&b, i ? ",{\"sig\":\"" : "{\"sig\":\"");
		b64_put(&b, B64_STD, raw.p, raw.n);
		buf_puts(&b, "\"}");
	}
	buf_puts(&b, "]}");
	return parses(b.p);
}

TEST(limits)
{
	CHECK(with_signatures(LIMIT_DSSE_SIGNATURES, 4) == 0);
	CHECK(with_signatures(LIMIT_DSSE_SIGNATURES + 1, 4) == E_FORMAT);
	CHECK(with_signatures(1, LIMIT_DSSE_SIGNATURE) == 0);
	CHECK(with_signatures(1, LIMIT_DSSE_SIGNATURE + 1) == E_FORMAT);
}

TEST(names_of_keys)
{
	/* SHA-256 of this very SubjectPublicKeyInfo, by openssl pkey -pubin -outform DER |
	 * sha256sum */
	static const char pem[] =
		"-----BEGIN PUBLIC KEY-----\n"
		"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEoc3WO/OpS9nc3v1G39Hd2Q0MmCaT\n"
		"FXv+nAiLPSaz/UHANnmZ+2G/5752EJopjXgSHE98iZ/T8M/6DzUzf+nycw==\n"
		"-----END PUBLIC KEY-----\n";
	auto_release(key_free) struct key *k = NULL, *again = NULL;
	auto_buf der = BUF_INIT(LIMIT_KEY_PEM), raw = BUF_INIT(64), hex = BUF_INIT(65);
	char id[KEY_ID_MAX], hint[KEY_HINT_MAX];
	struct err e = ERR_INIT;

	CHECK(key_public_from_pem(STR(""), &k, &e) == E_FORMAT);
	CHECK(key_public_from_pem(str_of(pem), &k, &e) == 0);
	CHECK(key_spki_id(k, id, &e) == 0 && key_hint(k, hint, &e) == 0);
	CHECK_STR(id, "c3b188c57bea7552f932908394205ac00c4f0379b2d76a7747773800d21fcf7c");
	CHECK(b64_decode(str_of(hint), B64_STD, &raw, &e) == 0);
	hex_put(&hex, raw.p, raw.n);
	CHECK_STR(hex.p, id);
	CHECK(key_public_der(k, &der, &e) == 0 && der.n == 91);
	CHECK(key_public_from_der(der.p, der.n, &again, &e) == 0 && key_same_public(k, again));
	buf_putc(&der, 'x');
	key_free(again);
	again = NULL;
	CHECK(key_public_from_der(der.p, der.n, &again, &e) == E_FORMAT);
}

TAP_MAIN()
