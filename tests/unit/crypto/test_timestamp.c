/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/timestamp.h"

#include "base/clock.h"
#include "tap.h"
#include "tsa_maker.h"

static const struct spec good[2] = { TSA_SPEC, CA_SPEC("tsa root") };
static const struct str data = { "signature", 9 };

static struct timestamp_trust trust_of(const struct tsa *t)
{
	return (struct timestamp_trust){ .anchors = &t->chain.v[1], .anchors_n = 1 };
}

static struct str str_of_buf(const struct buf *b)
{
	return (struct str){ b->p, b->n };
}

/* A token of t, verified against its own root. */
static int round_trip(struct tsa *t, struct timestamp *ret, struct err *e)
{
	const struct timestamp_trust trust = trust_of(t);
	auto_buf token = BUF_INIT(LIMIT_TIMESTAMP);
	int r = tsa_token(t, data, "sha256", &token, NULL, e);

	return r < 0 ? r : timestamp_verify(str_of_buf(&token), data, &trust, NULL, ret, e);
}

static void expect(struct tsa *t, int code, const char *message)
{
	auto_timestamp stamp = { 0 };
	struct err e = ERR_INIT;
	int r = round_trip(t, &stamp, &e);

	if (r != code || (message && !strstr(e.msg, message)))
		printf("# want '%s', got %d '%s'\n", message ? message : "", r, e.msg);
	CHECK(r == code && (!message || strstr(e.msg, message)));
}

TEST(good_tokens)
{
	static const char *const hashes[] = { "sha256", "sha384", "sha512" };
	auto_tsa t;
	struct err e = ERR_INIT;

	tsa_open(&t, good, clock_now());
	for (size_t i = 0; i < 3; i++) {
		const struct timestamp_trust trust = trust_of(&t);
		auto_buf token = BUF_INIT(LIMIT_TIMESTAMP);
		auto_timestamp stamp = { 0 };
		unsigned char nonce[TIMESTAMP_NONCE];

		CHECK(tsa_token(&t, data, hashes[i], &token, nonce, &e) == 0);
		CHECK(timestamp_verify(str_of_buf(&token), data, &trust, nonce, &stamp, &e) == 0);
		CHECK(stamp.time == t.now && stamp.accuracy == 1);
		CHECK(stamp.chain.n == 2 && cert_equal(stamp.chain.v[0], t.chain.v[0]) &&
		      cert_equal(stamp.chain.v[1], t.chain.v[1]));
		nonce[3] ^= 1;
		timestamp_free(&stamp);
		stamp = (struct timestamp){ 0 };
		CHECK(timestamp_verify(str_of_buf(&token), data, &trust, nonce, &stamp, &e) ==
			      E_VERIFY &&
		      strstr(e.msg, "nonce"));
		CHECK(timestamp_verify(str_of_buf(&token), (struct str){ "Signature", 9 }, &trust,
				       NULL, &stamp, &e) == E_VERIFY &&
		      strstr(e.msg, "other bytes"));
	}
}

TEST(accuracy_and_fractions)
{
	auto_tsa t;
	auto_timestamp none = { 0 }, baseline = { 0 }, fraction = { 0 };
	struct err e = ERR_INIT;

	tsa_open(&t, good, clock_now());
	t.accuracy = -1;
	CHECK(round_trip(&t, &none, &e) == 0 && none.accuracy == 0);
	t.policy = "0.4.0.2023.1.1";
	CHECK(round_trip(&t, &baseline, &e) == 0 && baseline.accuracy == 1);
	t.accuracy = 3, t.clock_digits = 3;
	CHECK(round_trip(&t, &fraction, &e) == 0 && fraction.accuracy == 4 &&
	      fraction.time == t.now);
	t.accuracy = LIMIT_TIMESTAMP_ACCURACY;
	expect(&t, 0, NULL);
	t.accuracy++;
	expect(&t, E_VERIFY, "accuracy");
}

/* Both forms of the signed attribute that names the certificate. */
TEST(certificate_ids)
{
	auto_tsa t;

	tsa_open(&t, good, clock_now());
	t.ess = EVP_sha1(); /* ESSCertID */
	expect(&t, 0, NULL);
	t.ess = EVP_sha512(); /* ESSCertIDv2 */
	expect(&t, 0, NULL);
}

TEST(weak_hashes)
{
	auto_tsa t, weak;
	struct spec specs[2] = { TSA_SPEC, CA_SPEC("tsa root") };

	tsa_open(&t, good, clock_now());
	t.md = EVP_sha1();
	expect(&t, E_VERIFY, "hash other than");
	specs[0].md = EVP_sha1();
	tsa_open(&weak, specs, clock_now());
	expect(&weak, E_VERIFY, "not accepted");
}

TEST(certificates_for_something_else)
{
	/* The responder checks its own certificate for the purpose, so that only what it lets
	 * through reaches the reader; `openssl ts` makes the others in tests/slow/timestamp.bats.
	 */
	static const struct {
		const char *ext_usage, *usage;
	} cases[] = {
		{ "critical,timeStamping,1.2.3.4", "critical,digitalSignature" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct spec specs[2] = { TSA_SPEC, CA_SPEC("tsa root") };
		auto_tsa t;

		specs[0].ext_usage = cases[i].ext_usage;
		specs[0].usage = cases[i].usage;
		tsa_open(&t, specs, clock_now());
		expect(&t, E_VERIFY, "time-stamping alone");
	}
}

TEST(validity_is_judged_at_the_time_it_states)
{
	struct spec old[2] = { TSA_SPEC, CA_SPEC("tsa root") };
	auto_tsa t;

	old[0].from_days = -100, old[0].days = 50; /* over today */
	old[1].from_days = -200, old[1].days = 400;
	tsa_open(&t, old, clock_now() - 75 * 86400L);
	expect(&t, 0, NULL);
	t.now = clock_now();
	expect(&t, E_VERIFY, "expired");
	t.now = clock_now() - 110 * 86400L;
	expect(&t, E_VERIFY, "not yet valid");
}

TEST(anchors)
{
	auto_tsa t, other;
	auto_buf token = BUF_INIT(LIMIT_TIMESTAMP);
	auto_timestamp by_leaf = { 0 }, none = { 0 };
	struct timestamp_trust trust;
	struct err e = ERR_INIT;

	tsa_open(&t, good, clock_now());
	tsa_open(&other, good, clock_now()); /* the same names, other keys */
	CHECK(tsa_token(&t, data, "sha256", &token, NULL, &e) == 0);
	trust = trust_of(&other);
	CHECK(timestamp_verify(str_of_buf(&token), data, &trust, NULL, &none, &e) == E_VERIFY);
	trust = (struct timestamp_trust){ 0 };
	CHECK(timestamp_verify(str_of_buf(&token), data, &trust, NULL, &none, &e) == E_VERIFY);
	/* A certificate that is trusted by itself ends the chain, as with Notary Project. */
	trust = (struct timestamp_trust){ .anchors = t.chain.v, .anchors_n = 1 };
	CHECK(timestamp_verify(str_of_buf(&token), data, &trust, NULL, &by_leaf, &e) == 0 &&
	      cert_equal(by_leaf.chain.v[0], t.chain.v[0]));
	trust.anchors_n = LIMIT_TIMESTAMP_CERTS + 1;
	CHECK(timestamp_verify(str_of_buf(&token), data, &trust, NULL, &none, &e) == E_FORMAT);
}

/* What a token says is covered by its signature: a flipped bit is refused. The few that are not
 * covered (the list of algorithms before the content, the encoding of absent parameters) change
 * nothing of what comes out. */
TEST(every_byte_flipped)
{
	auto_tsa t;
	auto_buf token = BUF_INIT(LIMIT_TIMESTAMP);
	struct timestamp_trust trust;
	struct err e = ERR_INIT;
	size_t accepted = 0;

	tsa_open(&t, good, clock_now());
	t.bare = true;
	CHECK(tsa_token(&t, data, "sha256", &token, NULL, &e) == 0);
	trust = trust_of(&t);
	for (size_t i = 0; i < token.n; i++) {
		auto_timestamp stamp = { 0 };
		const char was = token.p[i];

		token.p[i] = (char)(was ^ (1 << i % 8));
		if (timestamp_verify(str_of_buf(&token), data, &trust, NULL, &stamp, &e) == 0) {
			accepted++;
			CHECK(stamp.time == t.now && stamp.accuracy == 1 && stamp.chain.n == 2 &&
			      cert_equal(stamp.chain.v[0], t.chain.v[0]) &&
			      cert_equal(stamp.chain.v[1], t.chain.v[1]));
		}
		token.p[i] = was;
	}
	CHECK(accepted < 32);
}

TEST(sizes_and_trailing_bytes)
{
	auto_tsa t;
	auto_buf token = BUF_INIT(2 * LIMIT_TIMESTAMP), answer = BUF_INIT(LIMIT_TIMESTAMP);
	auto_timestamp none = { 0 };
	struct timestamp_trust trust;
	struct err e = ERR_INIT;

	tsa_open(&t, good, clock_now());
	CHECK(tsa_token(&t, data, "sha256", &token, NULL, &e) == 0);
	trust = trust_of(&t);
	for (size_t n = 0; n < token.n; n += n < 64 ? 1 : 97)
		CHECK(timestamp_verify((struct str){ token.p, n }, data, &trust, NULL, &none, &e) ==
		      E_FORMAT);
	buf_putc(&token, '\0');
	CHECK(timestamp_verify(str_of_buf(&token), data, &trust, NULL, &none, &e) == E_FORMAT &&
	      strstr(e.msg, "behind its end"));
	while (token.n < LIMIT_TIMESTAMP + 1)
		buf_putc(&token, '\0');
	CHECK(timestamp_verify(str_of_buf(&token), data, &trust, NULL, &none, &e) == E_FORMAT &&
	      strstr(e.msg, "want 1 to"));
	CHECK(timestamp_response((struct str){ "", 0 }, &answer, &e) == E_FORMAT);
	CHECK(timestamp_response((struct str){ token.p, 100 }, &answer, &e) == E_FORMAT);
	CHECK(answer.n == 0);
}

/* A refusal is told with the authority's words. */
TEST(refused_requests)
{
	auto_tsa t;
	auto_buf answer = BUF_INIT(LIMIT_TIMESTAMP), token = BUF_INIT(LIMIT_TIMESTAMP);
	struct err e = ERR_INIT;

	tsa_open(&t, good, clock_now());
	tsa_answer(&t, (struct str){ "nonsense", 8 }, &answer);
	CHECK(timestamp_response(str_of_buf(&answer), &token, &e) == E_REMOTE &&
	      strstr(e.msg, "refused (status 2)"));
	CHECK(timestamp_request(data, "md5", &token, (unsigned char[TIMESTAMP_NONCE]){ 0 }, &e) ==
	      E_NOTFOUND);
}

TAP_MAIN()
