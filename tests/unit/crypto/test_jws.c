/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"
#include "crypto/jws.h"
#include "one_signer.h"
#include "tap.h"

#define CTY "application/vnd.cncf.notary.payload.v1+json"
#define PAYLOAD "{\"targetArtifact\":{\"digest\":\"sha256:00\",\"mediaType\":\"a/b\",\"size\":7}}"
#define P "io.cncf.notary."

static int verify(const struct buf *b, struct err *e)
{
	auto_envelope j = { .payload = BUF_INIT(0) };

	return envelope_verify(ENVELOPE_JWS, (struct str){ b->p, b->n }, CTY, &j, e);
}

/* An envelope around any protected header and unprotected header, rightly signed. */
static void craft(const char *head, const char *header, const char *extra, struct buf *ret)
{
	auto_buf input = BUF_INIT(LIMIT_ENVELOPE), sig = BUF_INIT(1024),
		 der = BUF_INIT(LIMIT_ENVELOPE);
	struct err e = ERR_INIT;

	b64_put(&input, B64_URL, head, strlen(head));
	buf_putc(&input, '.');
	b64_put(&input, B64_URL, PAYLOAD, strlen(PAYLOAD));
	CHECK(key_sign(key, input.p, input.n, &sig, &e) == 0);
	buf_printf(ret, "{\"protected\":\"%.*s\",\"payload\":\"%s\",\"header\":",
		   (int)(strchr(input.p, '.') - input.p), input.p, strchr(input.p, '.') + 1);
	if (header) {
		buf_puts(ret, header);
	} else {
		buf_puts(ret, "{\"x5c\":[");
		for (size_t i = 0; i < chain.n; i++) {
			buf_puts(ret, i ? ",\"" : "\"");
			b64_put(ret, B64_STD, cert_der(chain.v[i]).p, cert_der(chain.v[i]).n);
			buf_putc(ret, '"');
		}
		buf_puts(ret, "]}");
	}
	buf_puts(ret, ",\"signature\":\"");
	b64_put(ret, B64_URL, sig.p, sig.n);
	buf_printf(ret, "\"%s}", extra ? extra : "");
}

#define GOOD_BODY                                                                                  \
	"\"alg\":\"ES256\",\"cty\":\"" CTY "\",\"" P "signingScheme\":\"notary.x509\",\"" P        \
	"signingTime\":\"2026-11-25T12:00:00Z\""
#define GOOD_HEAD "{\"crit\":[\"" P "signingScheme\"]," GOOD_BODY "}"

static void expect(const char *head, const char *header, const char *extra, int code,
		   const char *message)
{
	struct err e = ERR_INIT;
	auto_buf b = BUF_INIT(LIMIT_ENVELOPE);
	int r;

	setup();
	craft(head, header, extra, &b);
	r = verify(&b, &e);
	if (r != code || (message && !strstr(e.msg, message)))
		printf("# %s -> %d '%s', expected '%s'\n", head, r, e.msg, message ? message : "");
	CHECK(r == code);
	CHECK(!message || strstr(e.msg, message));
}

TEST(crafted_good)
{
	expect(GOOD_HEAD, NULL, NULL, 0, NULL);
	/* A header that is neither known nor critical is ignored (RFC 7515, 4). */
	expect("{\"crit\":[\"" P "signingScheme\"],\"com.example.note\":\"x\"," GOOD_BODY "}", NULL,
	       NULL, 0, NULL);
	/* 0 is none, and nothing that expires. */
	expect("{\"crit\":[\"" P "signingScheme\",\"" P "expiry\"],\"" P
	       "expiry\":\"1970-01-01T00:00:00Z\"," GOOD_BODY "}",
	       NULL, NULL, E_FORMAT, "'" P "expiry' is not a time of this age");
	expect("{\"crit\":[\"" P "signingScheme\",\"" P "expiry\"],\"" P
	       "expiry\":\"2026-11-25T12:00:01Z\"," GOOD_BODY "}",
	       NULL, NULL, 0, NULL);
}

TEST(crit_rules)
{
	expect("{\"crit\":[\"" P
	       "signingScheme\",\"com.example.x\"],\"com.example.x\":\"1\"," GOOD_BODY "}",
	       NULL, NULL, E_FORMAT, "critical 'com.example.x' is not understood");
	expect("{\"crit\":[\"" P "signingScheme\",\"alg\"]," GOOD_BODY "}", NULL, NULL, E_FORMAT,
	       "critical 'alg'");
	expect("{\"crit\":[\"" P "signingScheme\",\"" P "signingTime\"]," GOOD_BODY "}", NULL, NULL,
	       E_FORMAT, "is not understood");
	expect("{\"crit\":[\"" P "signingScheme\",\"" P "expiry\"]," GOOD_BODY "}", NULL, NULL,
	       E_FORMAT, "is not in the header");
	expect("{\"crit\":[\"" P "signingScheme\",\"" P "signingScheme\"]," GOOD_BODY "}", NULL,
	       NULL, E_FORMAT, "twice in 'crit'");
	expect("{\"crit\":[]," GOOD_BODY "}", NULL, NULL, E_FORMAT, "must be critical");
	expect("{" GOOD_BODY "}", NULL, NULL, E_FORMAT, "'crit' is missing");
	expect("{\"crit\":\"" P "signingScheme\"," GOOD_BODY "}", NULL, NULL, E_FORMAT,
	       "'crit' is not an array");
	expect("{\"crit\":[\"" P "signingScheme\",1]," GOOD_BODY "}", NULL, NULL, E_FORMAT,
	       "more than names");
	expect("{\"crit\":[\"" P "signingScheme\"],\"" P
	       "expiry\":\"2027-01-01T00:00:00Z\"," GOOD_BODY "}",
	       NULL, NULL, E_FORMAT, "expiry' must be critical");
}

TEST(crit_limit)
{
	auto_buf h = BUF_INIT(LIMIT_ENVELOPE);

	buf_puts(&h, "{\"crit\":[\"" P "signingScheme\"");
	for (int i = 1; i < LIMIT_CRIT; i++)
		buf_printf(&h, ",\"x%d\"", i);
	buf_puts(&h, "]," GOOD_BODY "}");
	expect(buf_str(&h), NULL, NULL, E_FORMAT, "critical 'x1' is not understood");
	buf_reset(&h);
	buf_puts(&h, "{\"crit\":[\"" P "signingScheme\"");
	for (int i = 1; i <= LIMIT_CRIT; i++)
		buf_printf(&h, ",\"x%d\"", i);
	buf_puts(&h, "]," GOOD_BODY "}");
	expect(buf_str(&h), NULL, NULL, E_FORMAT, "more than 16 names");
}

TEST(header_count_limit)
{
	auto_buf h = BUF_INIT(LIMIT_ENVELOPE);

	buf_puts(&h, "{\"crit\":[\"" P "signingScheme\"]," GOOD_BODY);
	for (int i = 5; i < LIMIT_ENVELOPE_HEADERS; i++)
		buf_printf(&h, ",\"x%d\":1", i);
	buf_putc(&h, '}');
	expect(buf_str(&h), NULL, NULL, 0, NULL);
	h.n--;
	buf_puts(&h, ",\"y\":1}");
	expect(buf_str(&h), NULL, NULL, E_FORMAT, "more than 64 members");
}

#define HEAD(alg, cty, scheme, time)                                                               \
	"{\"crit\":[\"" P "signingScheme\"],\"alg\":\"" alg "\",\"cty\":\"" cty "\",\"" P          \
	"signingScheme\":\"" scheme "\",\"" P "signingTime\":\"" time "\"}"
#define NOON "2026-11-25T12:00:00Z"

TEST(alg_is_a_function_of_the_key)
{
	static const char *const algs[] = { "ES384", "ES512", "PS256", "RS256", "HS256",
					    "none",  "es256", "EdDSA", "" };

	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
		auto_buf h = BUF_INIT(4096);

		buf_printf(&h, HEAD("%s", CTY, "notary.x509", NOON), algs[i]);
		expect(buf_str(&h), NULL, NULL, E_VERIFY, "alg is not ES256");
	}
}

TEST(content_type_and_scheme)
{
	expect(HEAD("ES256", "application/json", "notary.x509", NOON), NULL, NULL, E_VERIFY,
	       "content type");
	expect(HEAD("ES256", CTY, "notary.x509.signingauthority", NOON), NULL, NULL, E_VERIFY,
	       "signingauthority' is not supported");
	expect(HEAD("ES256", CTY, "Notary.x509", NOON), NULL, NULL, E_VERIFY, "not supported");
	expect("{\"crit\":[\"" P "signingScheme\"],\"" P "authenticSigningTime\":\"" NOON
	       "\"," GOOD_BODY "}",
	       NULL, NULL, E_FORMAT, "authenticSigningTime");
	expect("{\"crit\":[\"" P "signingScheme\",\"" P "verificationPlugin\"],\"" P
	       "verificationPlugin\":\"x\"," GOOD_BODY "}",
	       NULL, NULL, E_VERIFY, "plugin");
	expect("{\"crit\":[\"" P "signingScheme\"],\"b64\":false," GOOD_BODY "}", NULL, NULL,
	       E_FORMAT, "'b64'");
}

/* Its time is another header, critical, and never beside a signer's own. */
TEST(signing_authority)
{
#define AUTHORITY(crit, times)                                                                     \
	"{\"crit\":[\"" P "signingScheme\"" crit "],\"alg\":\"ES256\",\"cty\":\"" CTY "\",\"" P    \
	"signingScheme\":\"notary.x509.signingAuthority\"" times "}"
#define AUTHENTIC ",\"" P "authenticSigningTime\":\"" NOON "\""
	expect(AUTHORITY(",\"" P "authenticSigningTime\"", AUTHENTIC), NULL, NULL, 0, NULL);
	expect(AUTHORITY("", AUTHENTIC), NULL, NULL, E_FORMAT, "must be critical");
	expect(AUTHORITY(",\"" P "authenticSigningTime\"", ""), NULL, NULL, E_FORMAT,
	       "is not in the header");
	expect(AUTHORITY("", ""), NULL, NULL, E_FORMAT, "authenticSigningTime' is missing");
	expect(AUTHORITY("", ",\"" P "signingTime\":\"" NOON "\""), NULL, NULL, E_FORMAT,
	       "signingTime' with scheme");
	expect(AUTHORITY(",\"" P "authenticSigningTime\"",
			 AUTHENTIC ",\"" P "signingTime\":\"" NOON "\""),
	       NULL, NULL, E_FORMAT, "signingTime' with scheme");
#undef AUTHORITY
#undef AUTHENTIC
}

TEST(times)
{
	static const char *const bad[] = {
		"2026-11-25T12:00:00.5Z", "2026-11-25 12:00:00Z", "2026-11-25t12:00:00Z",
		"2026-11-25T12:00:00z",	  "2026-11-25T12:00:00",  "2026-13-25T12:00:00Z",
		"2026-02-30T12:00:00Z",	  "1795000000",		  "",
		"2026-11-25T12:00:00Z "
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		auto_buf h = BUF_INIT(4096);

		buf_printf(&h, HEAD("ES256", CTY, "notary.x509", "%s"), bad[i]);
		expect(buf_str(&h), NULL, NULL, E_FORMAT, "signingTime'");
	}
	expect(HEAD("ES256", CTY, "notary.x509", "2026-11-25T12:00:00+02:00"), NULL, NULL, 0, NULL);
	expect("{\"crit\":[\"" P "signingScheme\",\"" P "expiry\"],\"" P "expiry\":\"" NOON
	       "\"," GOOD_BODY "}",
	       NULL, NULL, E_VERIFY, "not after the signing time");
}

/* Readers that fold the case (Go's JSON) take these for the real header. */
TEST(case_variants)
{
	expect("{\"crit\":[\"" P "signingScheme\"],\"CTY\":\"x\"," GOOD_BODY "}", NULL, NULL,
	       E_FORMAT, "in another case");
	expect("{\"crit\":[\"" P "signingScheme\"],\"Alg\":\"none\"," GOOD_BODY "}", NULL, NULL,
	       E_FORMAT, "in another case");
	expect("{\"crit\":[\"" P "signingScheme\"],\"" P "Expiry\":\"" NOON "\"," GOOD_BODY "}",
	       NULL, NULL, E_FORMAT, "in another case");
}

TEST(duplicate_members)
{
	expect("{\"alg\":\"none\",\"crit\":[\"" P "signingScheme\"]," GOOD_BODY "}", NULL, NULL,
	       E_FORMAT, "duplicate");
	expect(GOOD_HEAD, NULL, ",\"payload\":\"e30\"", E_FORMAT, "duplicate");
	expect(GOOD_HEAD, "{\"x5c\":[\"AA==\"],\"x5c\":[\"AA==\"]}", NULL, E_FORMAT, "duplicate");
}

TEST(top_level_members)
{
	expect(GOOD_HEAD, NULL, ",\"extra\":1", E_FORMAT, "want exactly");
	expect(GOOD_HEAD, NULL, ",\"Payload\":\"e30\"", E_FORMAT, "want exactly");
	expect(GOOD_HEAD, NULL, ",\"signatures\":[]", E_FORMAT, "want exactly");
}

TEST(unprotected_header)
{
	expect(GOOD_HEAD, "{}", NULL, E_FORMAT, "'x5c' is missing");
	expect(GOOD_HEAD, "[]", NULL, E_FORMAT, "'header' is not an object");
	expect(GOOD_HEAD, "{\"x5c\":[]}", NULL, E_FORMAT, "1 to 10 certificates");
	expect(GOOD_HEAD,
	       "{\"x5c\":[\"AA==\",\"AA==\",\"AA==\",\"AA==\",\"AA==\",\"AA==\",\"AA==\","
	       "\"AA==\",\"AA==\",\"AA==\",\"AA==\"]}",
	       NULL, E_FORMAT, "1 to 10 certificates");
	expect(GOOD_HEAD, "{\"x5c\":[1]}", NULL, E_FORMAT, "not a string");
	expect(GOOD_HEAD, "{\"x5c\":\"AA==\"}", NULL, E_FORMAT, "not an array");
	expect(GOOD_HEAD, "{\"x5c\":[\"A\"]}", NULL, E_FORMAT, "base64");
	expect(GOOD_HEAD, "{\"x5c\":[\"AB==\"]}", NULL, E_FORMAT, "bits left over");
	expect(GOOD_HEAD, "{\"X5C\":[],\"x5c\":[]}", NULL, E_FORMAT, "'X5C' is not known");
	expect("{\"crit\":[\"" P "signingScheme\"],\"x5c\":1," GOOD_BODY "}", NULL, NULL, E_FORMAT,
	       "in the protected header too");
}

TEST(not_an_envelope)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[]",
		"null",
		"\"x\"",
		"{\"payload\":\"\"}",
		"{\"payload\":1,\"protected\":\"\",\"header\":{},\"signature\":\"\"}",
		"{\"payload\":\"\",\"protected\":\"\",\"header\":{},\"signature\":\"\"}",
		"{\"payload\":\"\",\"protected\":\"e30\",\"header\":{},\"signature\":\"\"}",
		"{\"payload\":\"\",\"protected\":\"W10\",\"header\":{},\"signature\":\"\"}"
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = ERR_INIT;
		auto_buf b = BUF_INIT(4096);

		buf_puts(&b, bad[i]);
		CHECK(verify(&b, &e) == E_FORMAT);
	}
}

static void sign(struct buf *ret, const struct claims *claims)
{
	struct err e = ERR_INIT;

	setup();
	CHECK(jws_sign(key, &chain, CTY, STR(PAYLOAD), claims, "test/1", ret, &e) == 0);
}

TEST(round_trip)
{
	struct err e = ERR_INIT;
	const struct claims claims = { .signing_time = 1795000000, .expiry = 1795000060 };
	auto_buf b = BUF_INIT(LIMIT_ENVELOPE);
	auto_envelope j = { .payload = BUF_INIT(0) };

	sign(&b, &claims);
	CHECK(jws_verify((struct str){ b.p, b.n }, CTY, &j, &e) == 0);
	CHECK_STR(buf_str(&j.payload), PAYLOAD);
	CHECK(j.claims.signing_time == claims.signing_time && j.claims.expiry == claims.expiry);
	CHECK(j.chain.n == 2 && cert_equal(j.chain.v[0], chain.v[0]));
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
		const struct claims claims = { .signing_time = 1795000000 };

		s.curve = curves[i];
		maker_chain(&s, 1, &c, &pem);
		CHECK(key_from_pem((struct str){ pem.p, pem.n }, NULL, &k, &e) == 0);
		CHECK(jws_sign(k, &c, CTY, STR("{}"), &claims, NULL, &b, &e) == 0);
		CHECK(verify(&b, &e) == 0);
	}
}

TEST(sign_refusals)
{
	struct err e = ERR_INIT;
	auto_release(key_free) struct key *other = NULL;
	auto_buf b = BUF_INIT(LIMIT_ENVELOPE);
	struct claims claims = { .signing_time = 10, .expiry = 10 };

	setup();
	CHECK(envelope_sign(ENVELOPE_JWS, key, &chain, CTY, STR("{}"), &claims, NULL, &b, &e) ==
	      E_USAGE);
	claims.expiry = 0;
	CHECK(key_generate(KEY_EC_P256, &other, &e) == 0);
	CHECK(jws_sign(other, &chain, CTY, STR("{}"), &claims, NULL, &b, &e) == E_FORMAT);
	CHECK(strstr(e.msg, "not of this key") != NULL && b.n == 0);
}

/* Every byte in turn, three ways: the lowest bit, the case of a letter, out of ASCII. Only what the
 * agent is called may change, and the old spelling of its header: nothing reads them. */
TEST(flip_every_byte)
{
	static const int masks[] = { 0x01, 0x20, 0x80 };
	static const char agent_header[] = "signingAgent\":\"test/1";
	const struct claims claims = { .signing_time = 1795000000 };
	auto_buf b = BUF_INIT(LIMIT_ENVELOPE);
	struct err e = ERR_INIT;
	size_t agent, accepted = 0;

	sign(&b, &claims);
	CHECK(verify(&b, &e) == 0);
	agent = (size_t)(strstr(b.p, agent_header) - b.p);
	for (size_t i = 0; i < 3 * b.n; i++) {
		size_t at = i / 3;
		int mask = masks[i % 3];

		if ((at == agent && mask == 0x20) || (at >= agent + strlen("signingAgent\":\"") &&
						      at < agent + strlen(agent_header)))
			continue;
		b.p[at] = (char)(b.p[at] ^ mask);
		if (verify(&b, &e) == 0) {
			printf("# accepted: byte %zu mask %#x\n", at, (unsigned)mask);
			accepted++;
		}
		b.p[at] = (char)(b.p[at] ^ mask);
	}
	CHECK(accepted == 0);
	CHECK(verify(&b, &e) == 0); /* and it was a good one all along */
}

TEST(cut_short_anywhere)
{
	const struct claims claims = { .signing_time = 1795000000 };
	auto_buf b = BUF_INIT(LIMIT_ENVELOPE);
	size_t n;

	sign(&b, &claims);
	n = b.n;
	for (size_t i = 0; i < n; i += 7) {
		struct err e = ERR_INIT;

		b.n = i;
		CHECK(verify(&b, &e) < 0);
	}
	b.n = n;
}

TEST(base64_is_canonical)
{
	struct err e = ERR_INIT;
	auto_buf b = BUF_INIT(LIMIT_ENVELOPE), padded = BUF_INIT(LIMIT_ENVELOPE);
	const struct claims claims = { .signing_time = 1795000000 };
	const char *sig;

	sign(&b, &claims);
	sig = strstr(b.p, "\"signature\":\"");
	buf_put(&padded, b.p, b.n - 2);
	buf_puts(&padded, "==\"}");
	CHECK(verify(&padded, &e) == E_FORMAT && strstr(e.msg, "signature: base64"));
	/* 64 bytes end in two unused bits: "A" and "B" would decode alike. */
	CHECK(strlen(sig) == strlen("\"signature\":\"") + 86 + 2);
	b.p[b.n - 3] = b.p[b.n - 3] == 'A' ? 'B' : (char)(b.p[b.n - 3] + 1);
	CHECK(verify(&b, &e) == E_FORMAT && strstr(e.msg, "bits left over"));
}

TEST(size_limit)
{
	struct err e = ERR_INIT;
	auto_buf b = BUF_INIT(2 * LIMIT_ENVELOPE);
	const struct claims claims = { .signing_time = 1795000000 };

	sign(&b, &claims);
	while (b.n < LIMIT_ENVELOPE)
		buf_putc(&b, ' ');
	CHECK(verify(&b, &e) == 0);
	buf_putc(&b, ' ');
	CHECK(verify(&b, &e) == E_FORMAT && strstr(e.msg, "longer than"));
}

TAP_MAIN()
