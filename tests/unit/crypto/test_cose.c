/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cbor.h"
#include "crypto/cose.h"
#include "one_signer.h"
#include "tap.h"

#define CTY "application/vnd.cncf.notary.payload.v1+json"
#define PAYLOAD "{\"targetArtifact\":{\"digest\":\"sha256:00\",\"mediaType\":\"a/b\",\"size\":7}}"
#define P "io.cncf.notary."
#define NOON 1795000000

/* Raw CBOR of n items or pairs. */
struct raw {
	unsigned n;
	struct str bytes;
};
#define RAW(n, s) ((struct raw){ (n), { (s), sizeof(s) - 1 } })
#define T5(s) "\x65" s
#define SCHEME_LABEL "\x78\x1c" P "signingScheme"
#define TIME_LABEL "\x78\x1a" P "signingTime"
#define EXPIRY_LABEL "\x75" P "expiry"
#define CTY_LABEL_TEXT "\x78\x2b" CTY
#define ES256 "\x01\x26"
#define CRIT "\x02\x81" SCHEME_LABEL
#define CONTENT_TYPE "\x03" CTY_LABEL_TEXT
#define SCHEME SCHEME_LABEL "\x6bnotary.x509"
#define TIME TIME_LABEL "\xc1\x1a\x6a\xfd\x98\xc0"

#define GOOD RAW(5, ES256 CRIT CONTENT_TYPE SCHEME TIME)

struct crafted {
	struct raw protected, unprotected; /* unprotected without bytes: the chain */
	const char *tail;		   /* behind the envelope */
	size_t tail_n;
	const char *head_tail; /* behind the protected map, inside of its bytes */
};

static void put_chain(struct buf *b)
{
	cbor_put_head(b, CBOR_MAP, 1);
	cbor_put_int(b, 33);
	cbor_put_head(b, CBOR_ARRAY, chain.n);
	for (size_t i = 0; i < chain.n; i++)
		cbor_put_bytes(b, cert_der(chain.v[i]));
}

/* An envelope around any headers, rightly signed. */
static void craft(const struct crafted *c, struct buf *ret)
{
	auto_buf head = BUF_INIT(LIMIT_ENVELOPE), input = BUF_INIT(LIMIT_ENVELOPE);
	auto_buf sig = BUF_INIT(1024);
	struct err e = ERR_INIT;

	cbor_put_head(&head, CBOR_MAP, c->protected.n);
	buf_put(&head, c->protected.bytes.p, c->protected.bytes.n);
	buf_puts(&head, c->head_tail ? c->head_tail : "");
	cbor_put_head(&input, CBOR_ARRAY, 4);
	cbor_put_text(&input, "Signature1");
	cbor_put_bytes(&input, (struct str){ head.p, head.n });
	cbor_put_bytes(&input, STR(""));
	cbor_put_bytes(&input, STR(PAYLOAD));
	CHECK(key_sign(key, input.p, input.n, &sig, &e) == 0);
	cbor_put_head(ret, CBOR_TAG, 18);
	cbor_put_head(ret, CBOR_ARRAY, 4);
	cbor_put_bytes(ret, (struct str){ head.p, head.n });
	if (c->unprotected.bytes.p) {
		cbor_put_head(ret, CBOR_MAP, c->unprotected.n);
		buf_put(ret, c->unprotected.bytes.p, c->unprotected.bytes.n);
	} else {
		put_chain(ret);
	}
	cbor_put_bytes(ret, STR(PAYLOAD));
	cbor_put_bytes(ret, (struct str){ sig.p, sig.n });
	buf_put(ret, c->tail ? c->tail : "", c->tail_n);
}

static int verify(struct str bytes, struct err *e)
{
	auto_envelope v = { .payload = BUF_INIT(0) };

	return envelope_verify(ENVELOPE_COSE, bytes, CTY, &v, e);
}

static void expect_crafted(const struct crafted *c, int code, const char *message)
{
	struct err e = ERR_INIT;
	auto_buf b = BUF_INIT(LIMIT_ENVELOPE);
	int r;

	setup();
	craft(c, &b);
	r = verify((struct str){ b.p, b.n }, &e);
	if (r != code || (message && !strstr(e.msg, message)))
		printf("# %d '%s', expected '%s'\n", r, e.msg, message ? message : "");
	CHECK(r == code);
	CHECK(!message || strstr(e.msg, message));
}

static void expect(struct raw protected, int code, const char *message)
{
	expect_crafted(&(struct crafted){ .protected = protected }, code, message);
}

TEST(crafted_good)
{
	expect(GOOD, 0, NULL);
	/* In any order; what is neither known nor critical is ignored (RFC 9052, 3.1). */
	expect(RAW(5, TIME SCHEME CONTENT_TYPE CRIT ES256), 0, NULL);
	expect(RAW(6, ES256 CRIT CONTENT_TYPE SCHEME TIME T5("other") "\x82\x01\xf6"), 0, NULL);
	expect(RAW(6, ES256 "\x02\x82" SCHEME_LABEL EXPIRY_LABEL CONTENT_TYPE EXPIRY_LABEL
			    "\xc1\x1a\x6a\xfd\x98\xc1" SCHEME TIME),
	       0, NULL);
}

TEST(crit_rules)
{
	expect(RAW(6, ES256 "\x02\x82" SCHEME_LABEL T5("other")
			      CONTENT_TYPE SCHEME TIME T5("other") "\x01"),
	       E_FORMAT, "critical 'other' is not understood");
	expect(RAW(5, ES256 "\x02\x82" SCHEME_LABEL "\x01" CONTENT_TYPE SCHEME TIME), E_FORMAT,
	       "critical '1' is not understood");
	expect(RAW(5, ES256 "\x02\x82" SCHEME_LABEL TIME_LABEL CONTENT_TYPE SCHEME TIME), E_FORMAT,
	       "is not understood");
	expect(RAW(5, ES256 "\x02\x82" SCHEME_LABEL EXPIRY_LABEL CONTENT_TYPE SCHEME TIME),
	       E_FORMAT, "is not in the header");
	expect(RAW(5, ES256 "\x02\x82" SCHEME_LABEL SCHEME_LABEL CONTENT_TYPE SCHEME TIME),
	       E_FORMAT, "twice in 'crit'");
	expect(RAW(5, ES256 "\x02\x80" CONTENT_TYPE SCHEME TIME), E_FORMAT, "must be critical");
	expect(RAW(4, ES256 CONTENT_TYPE SCHEME TIME), E_FORMAT, "'crit' is missing");
	expect(RAW(5, ES256 "\x02" SCHEME_LABEL CONTENT_TYPE SCHEME TIME), E_FORMAT,
	       "want an array, got text");
	expect(RAW(5, ES256 "\x02\x82" SCHEME_LABEL "\xf6" CONTENT_TYPE SCHEME TIME), E_FORMAT,
	       "want a number");
	expect(RAW(6, ES256 CRIT CONTENT_TYPE EXPIRY_LABEL "\xc1\x1a\x7a\xfd\x98\xc1" SCHEME TIME),
	       E_FORMAT, "expiry' must be critical");
}

TEST(what_must_be_there)
{
	expect(RAW(4, CRIT CONTENT_TYPE SCHEME TIME), E_FORMAT, "'alg' is missing");
	expect(RAW(4, ES256 CRIT SCHEME TIME), E_FORMAT, "'content type' is missing");
	expect(RAW(4, ES256 CRIT CONTENT_TYPE TIME), E_FORMAT, "signingScheme' is missing");
	expect(RAW(4, ES256 CRIT CONTENT_TYPE SCHEME), E_FORMAT, "signingTime' is missing");
	expect(RAW(0, ""), E_FORMAT, "is missing");
}

TEST(alg_is_a_function_of_the_key)
{
	static const struct raw heads[] = {
		RAW(5, "\x01\x38\x22" CRIT CONTENT_TYPE SCHEME TIME),	  /* ES384 */
		RAW(5, "\x01\x38\x24" CRIT CONTENT_TYPE SCHEME TIME),	  /* PS256 */
		RAW(5, "\x01\x39\x01\x00" CRIT CONTENT_TYPE SCHEME TIME), /* RS256 */
		RAW(5, "\x01\x27" CRIT CONTENT_TYPE SCHEME TIME),	  /* EdDSA */
		RAW(5, "\x01\x05" CRIT CONTENT_TYPE SCHEME TIME),	  /* HMAC */
		RAW(5, "\x01\x00" CRIT CONTENT_TYPE SCHEME TIME),
	};

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		expect(heads[i], E_VERIFY, "alg is not ES256");
	expect(RAW(5, "\x01" T5("ES256") CRIT CONTENT_TYPE SCHEME TIME), E_FORMAT, "want a number");
}

TEST(content_type_scheme_and_others)
{
	expect(RAW(5, ES256 CRIT "\x03" T5("a/b+c") SCHEME TIME), E_VERIFY, "content type 'a/b+c'");
	expect(RAW(5, ES256 CRIT "\x03\x18\x32" SCHEME TIME), E_FORMAT, "want text");
	expect(RAW(5, ES256 CRIT CONTENT_TYPE SCHEME_LABEL "\x6bNotary.x509" TIME), E_VERIFY,
	       "not supported");
	expect(RAW(6, ES256 CRIT CONTENT_TYPE SCHEME TIME "\x78\x23" P "authenticSigningTime"
							  "\xc1\x1a\x6a\xfd\x98\xc0"),
	       E_FORMAT, "authenticSigningTime");
	expect(RAW(6, ES256 CRIT CONTENT_TYPE SCHEME TIME "\x78\x21" P "verificationPlugin\x61x"),
	       E_VERIFY, "plugin");
	expect(RAW(6, ES256 CRIT CONTENT_TYPE SCHEME TIME "\x75" P "Expiry\x01"), E_FORMAT,
	       "in another case");
}

TEST(times)
{
	static const struct raw heads[] = {
		RAW(5, ES256 CRIT CONTENT_TYPE SCHEME TIME_LABEL "\x1a\x6a\xfd\x98\xc0"),
		RAW(5, ES256 CRIT CONTENT_TYPE SCHEME TIME_LABEL "\xc0\x1a\x6a\xfd\x98\xc0"),
		RAW(5, ES256 CRIT CONTENT_TYPE SCHEME TIME_LABEL
		    "\xc1\xfb\x41\xda\xbf\x66\x30\x00\x00\x00"),
		RAW(5, ES256 CRIT CONTENT_TYPE SCHEME TIME_LABEL "\xc1\x20"),
		RAW(5, ES256 CRIT CONTENT_TYPE SCHEME TIME_LABEL "\xc1\x00"),
		RAW(5, ES256 CRIT CONTENT_TYPE SCHEME TIME_LABEL "\x74"
								 "2026-11-25T12:00:00Z"),
	};

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		expect(heads[i], E_FORMAT, "signingTime'");
	expect(RAW(6, ES256 "\x02\x82" SCHEME_LABEL EXPIRY_LABEL CONTENT_TYPE EXPIRY_LABEL
			    "\xc1\x1a\x6a\xfd\x98\xc0" SCHEME TIME),
	       E_VERIFY, "not after the signing time");
}

TEST(twice)
{
	expect(RAW(6, ES256 "\x01\x38\x22" CRIT CONTENT_TYPE SCHEME TIME), E_FORMAT,
	       "'1' is there twice");
	expect(RAW(7, ES256 CRIT CONTENT_TYPE SCHEME TIME T5("other") "\x01" T5("other") "\x02"),
	       E_FORMAT, "'other' is there twice");
	/* In both headers; certificates: chain_in_the_protected_header. */
	expect_crafted(
		&(struct crafted){
			.protected = RAW(6, ES256 CRIT CONTENT_TYPE SCHEME TIME T5("other") "\x40"),
			.unprotected = RAW(1, T5("other") "\x40") },
		E_FORMAT, "'other' is there twice");
}

TEST(header_count_limit)
{
	struct crafted c = { .protected = GOOD };
	auto_buf b = BUF_INIT(4096);

	buf_put(&b, c.protected.bytes.p, c.protected.bytes.n);
	for (int64_t i = 100; c.protected.n < LIMIT_ENVELOPE_HEADERS - 1; i++, c.protected.n++) {
		cbor_put_int(&b, i);
		cbor_put_int(&b, 1);
	}
	c.protected.bytes = (struct str){ b.p, b.n };
	expect_crafted(&c, 0, NULL); /* with the chain's label they are 64 */
	cbor_put_int(&b, -100);
	cbor_put_int(&b, 1);
	c.protected = (struct raw){ LIMIT_ENVELOPE_HEADERS, { b.p, b.n } };
	expect_crafted(&c, E_FORMAT, "more than 64 members");
}

TEST(unprotected_header)
{
#define EXPECT(code, text, n, s)                                                                   \
	expect_crafted(&(struct crafted){ .protected = GOOD, .unprotected = RAW(n, s) }, code, text)
	EXPECT(E_FORMAT, "'x5chain' (33) is missing", 0, "");
	EXPECT(E_FORMAT, "1 to 10 certificates", 1, "\x18\x21\x80");
	EXPECT(E_FORMAT, "1 to 10 certificates", 1, "\x18\x21\x8b@@@@@@@@@@@");
	EXPECT(E_FORMAT, "want bytes, got a number", 1, "\x18\x21\x81\x01");
	EXPECT(E_FORMAT, "'33'", 1, "\x18\x21\x41\x00");
	EXPECT(E_FORMAT, "'4': is not known", 1, "\x04\x41\x00");
	EXPECT(E_FORMAT, "want text", 1, "\x78\x1b" P "signingAgent\x01");
	EXPECT(E_FORMAT, "want bytes", 1, "\x78\x21" P "timestampSignature\x61x");
#undef EXPECT
}

/* A chain of one may stand without an array around it (RFC 9360, 2). */
TEST(one_certificate_alone)
{
	struct err e = ERR_INIT;
	struct spec s = LEAF_SPEC;
	auto_chain c = { .n = 0 };
	auto_secret pem = BUF_INIT(LIMIT_KEY_PEM);
	auto_buf u = BUF_INIT(LIMIT_ENVELOPE), b = BUF_INIT(LIMIT_ENVELOPE);
	struct crafted crafted = { .protected = GOOD };
	struct key *kept;

	setup();
	kept = key;
	maker_chain(&s, 1, &c, &pem);
	CHECK(key_from_pem((struct str){ pem.p, pem.n }, NULL, &key, &e) == 0);
	cbor_put_int(&u, 33);
	cbor_put_bytes(&u, cert_der(c.v[0]));
	crafted.unprotected = (struct raw){ 1, { u.p, u.n } };
	craft(&crafted, &b);
	CHECK(verify((struct str){ b.p, b.n }, &e) == 0);
	key_free(key);
	key = kept;
}

/* The certificates may stand in the protected header (signature-envelope-cose.md), but not in both.
 */
TEST(chain_in_the_protected_header)
{
	const struct raw good = GOOD;
	struct crafted c = { .unprotected = RAW(0, "") };
	auto_buf b = BUF_INIT(LIMIT_ENVELOPE), one_short = BUF_INIT(LIMIT_ENVELOPE);

	setup();
	buf_put(&b, good.bytes.p, good.bytes.n);
	cbor_put_int(&b, 33);
	cbor_put_head(&b, CBOR_ARRAY, chain.n);
	for (size_t i = 0; i < chain.n; i++)
		cbor_put_bytes(&b, cert_der(chain.v[i]));
	c.protected = (struct raw){ good.n + 1, { b.p, b.n } };
	expect_crafted(&c, 0, NULL);
	c.unprotected = (struct raw){ 0 }; /* the chain */
	expect_crafted(&c, E_FORMAT, "twice");
	c.unprotected = RAW(0, "");
	buf_put(&one_short, good.bytes.p, good.bytes.n);
	buf_puts(&one_short, "\x18\x21\x80");
	c.protected = (struct raw){ good.n + 1, { one_short.p, one_short.n } };
	expect_crafted(&c, E_FORMAT, "must hold 1 to");
}

TEST(not_an_envelope)
{
	static const struct str bad[] = {
		STR(""),
		STR("{}"),
		STR("\x84\x41\xa0\xa0\x41\x00\x41\x00"),     /* no tag */
		STR("\xd1\x84\x41\xa0\xa0\x41\x00\x41\x00"), /* of a MAC */
		STR("\xd2\x83\x41\xa0\xa0\x41\x00"),
		STR("\xd2\x85\x41\xa0\xa0\x41\x00\x41\x00\x41\x00"),
		STR("\xd2\x9f\x41\xa0\xa0\x41\x00\x41\x00\xff"), /* indefinite */
		STR("\xd2\x84\xa0\xa0\x41\x00\x41\x00"),	 /* a map, not bytes */
		STR("\xd2\x84\x40\xa0\xf6\x41\x00"),		 /* detached payload */
		STR("\xd8\x12\x84\x41\xa0\xa0\x41\x00\x41\x00"), /* the tag in a longer form */
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = ERR_INIT;

		CHECK(verify(bad[i], &e) == E_FORMAT && e.msg[0]);
	}
	expect_crafted(&(struct crafted){ .protected = GOOD, .tail = "", .tail_n = 1 }, E_FORMAT,
		       "1 bytes behind its end");
	expect_crafted(&(struct crafted){ .protected = GOOD, .head_tail = "x" }, E_FORMAT,
		       "1 bytes behind its end");
}

TEST(round_trip)
{
	struct err e = ERR_INIT;
	const struct claims claims = { .signing_time = NOON, .expiry = NOON + 60 };
	auto_buf b = BUF_INIT(LIMIT_ENVELOPE);
	auto_envelope v = { .payload = BUF_INIT(0) };

	setup();
	CHECK(envelope_sign(ENVELOPE_COSE, key, &chain, CTY, STR(PAYLOAD), &claims, "test/1", &b,
			    &e) == 0);
	CHECK(envelope_verify(ENVELOPE_COSE, (struct str){ b.p, b.n }, CTY, &v, &e) == 0);
	CHECK_STR(buf_str(&v.payload), PAYLOAD);
	CHECK(v.claims.signing_time == claims.signing_time && v.claims.expiry == claims.expiry);
	CHECK(v.chain.n == 2 && cert_equal(v.chain.v[0], chain.v[0]));
	CHECK(envelope_verify(ENVELOPE_JWS, (struct str){ b.p, b.n }, CTY, &v, &e) == E_FORMAT);
}

/* One bit anywhere: refused, or it was in what no signature covers and nothing is decided by. */
TEST(every_bit)
{
	const struct claims claims = { .signing_time = NOON };
	struct err e = ERR_INIT;
	auto_buf b = BUF_INIT(LIMIT_ENVELOPE);

	setup();
	CHECK(cose_sign(key, &chain, CTY, STR(PAYLOAD), &claims, NULL, &b, &e) == 0);
	for (size_t i = 0; i < b.n; i++) {
		b.p[i] = (char)(b.p[i] ^ 1 << i % 8);
		if (verify((struct str){ b.p, b.n }, &e) == 0)
			printf("# byte %zu of %zu may be changed\n", i, b.n);
		CHECK(verify((struct str){ b.p, b.n }, &e) < 0);
		b.p[i] = (char)(b.p[i] ^ 1 << i % 8);
	}
	for (size_t n = 0; n < b.n; n += 7)
		CHECK(verify((struct str){ b.p, n }, &e) == E_FORMAT);
}

TEST(all_key_kinds)
{
	static const char *const curves[] = { "P-256",	 "P-384",   "P-521",
					      "RSA2048", "RSA3072", "RSA4096" };

	for (size_t i = 0; i < 6; i++) {
		struct err e = ERR_INIT;
		struct spec s = LEAF_SPEC;
		auto_chain c = { .n = 0 };
		auto_secret pem = BUF_INIT(LIMIT_KEY_PEM);
		auto_release(key_free) struct key *k = NULL;
		auto_buf b = BUF_INIT(LIMIT_ENVELOPE);
		const struct claims claims = { .signing_time = NOON };

		s.curve = curves[i];
		maker_chain(&s, 1, &c, &pem);
		CHECK(key_from_pem((struct str){ pem.p, pem.n }, NULL, &k, &e) == 0);
		CHECK(cose_sign(k, &c, CTY, STR("{}"), &claims, NULL, &b, &e) == 0);
		CHECK(verify((struct str){ b.p, b.n }, &e) == 0);
	}
}

TAP_MAIN()
