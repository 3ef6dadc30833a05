/* SPDX-License-Identifier: Apache-2.0 */
/* Proven times: timestamps and signing authorities. */
#include "stamper.h"

enum { DAY = 86400 };

TEST(stamped_in_both_forms)
{
	static const enum envelope_form forms[] = { ENVELOPE_JWS, ENVELOPE_COSE };
	auto_world w;
	auto_stamper s, other;

	world_open(&w, leaf_ca, 2);
	stamper_open(&s, w.now);
	stamper_open(&other, w.now);
	for (size_t i = 0; i < 2; i++) {
		auto_buf b = BUF_INIT(LIMIT_ENVELOPE), twice = BUF_INIT(LIMIT_ENVELOPE);
		struct trust_result res;
		struct err e = ERR_INIT;

		w.form = forms[i];
		w.tsa = &s.trusted;
		always(&w, "{\"level\":\"strict\"}");
		stamped(&w, &s, NULL, &b);
		CHECK(judge(&w, &b, &res, &e) == 0 && res.proven_time == w.now);
		CHECK(envelope_add_timestamp(w.form, (struct str){ b.p, b.n }, STR("x"), &twice,
					     &e) == E_FORMAT);
		/* Somebody else's word, or nobody's. */
		w.tsa = &other.trusted;
		CHECK(judge(&w, &b, &res, &e) == E_VERIFY && strstr(e.msg, "authority"));
		w.tsa = NULL;
		CHECK(judge(&w, &b, &res, &e) == E_VERIFY);
		/* Where the policy asks for none it is not looked at. */
		world_policy(&w, "{\"level\":\"strict\"}", "[\"ca:s\"]", "[\"*\"]");
		CHECK(judge(&w, &b, &res, &e) == 0 && res.proven_time == 0);
	}
}

TEST(stamp_of_something_else)
{
	auto_world w;
	auto_stamper s;
	auto_buf b = BUF_INIT(LIMIT_ENVELOPE), junk = BUF_INIT(LIMIT_ENVELOPE),
		 plain = BUF_INIT(LIMIT_ENVELOPE);
	struct trust_result res;
	struct err e = ERR_INIT;

	world_open(&w, leaf_ca, 2);
	stamper_open(&s, w.now);
	w.tsa = &s.trusted;
	always(&w, "{\"level\":\"strict\"}");
	stamped(&w, &s, "another signature", &b);
	CHECK(judge(&w, &b, &res, &e) == E_VERIFY && strstr(e.msg, "other bytes"));
	sign_as(&w, GOOD_PAYLOAD, 0, &plain);
	CHECK(judge(&w, &plain, &res, &e) == E_VERIFY && strstr(e.msg, "it has none"));
	CHECK(envelope_add_timestamp(w.form, (struct str){ plain.p, plain.n }, STR("no token"),
				     &junk, &e) == 0);
	CHECK(judge(&w, &junk, &res, &e) == E_VERIFY);
	always(&w, "{\"level\":\"permissive\"}");
	CHECK(judge(&w, &junk, &res, &e) == 0 &&
	      res.checks[TRUST_TIMESTAMP].outcome == TRUST_LOGGED && res.proven_time == 0);
}

/* The certificates had to be valid when it was signed, not when it is verified. */
TEST(validity_at_the_proven_time)
{
	struct spec specs[] = { LEAF_SPEC, CA_SPEC("root") };
	auto_world w;
	auto_stamper s;

	specs[0].from_days = -100, specs[0].days = 50; /* over for 50 days */
	specs[1].from_days = -200, specs[1].days = 400;
	world_open(&w, specs, 2);
	w.signing_time = w.now - 75 * DAY;
	stamper_open(&s, w.now - 75 * DAY);
	w.tsa = &s.trusted;
	always(&w, "{\"level\":\"strict\"}");
	expect_stamped(&w, &s, 0, NULL);
	always(&w, "{\"level\":\"strict\",\"verifyTimestamp\":\"afterCertExpiry\"}");
	expect_stamped(&w, &s, 0, NULL);
	s.tsa.now = w.now - 40 * DAY; /* the certificate was over */
	expect_stamped(&w, &s, E_VERIFY, "certificate 1 of the chain expired");
	s.tsa.now = w.now - 101 * DAY;
	expect_stamped(&w, &s, E_VERIFY, "not valid before");
	/* What the authority leaves open must not matter. */
	s.tsa.now = cert_not_after(w.chain.v[0]);
	s.tsa.accuracy = -1;
	expect_stamped(&w, &s, 0, NULL);
	s.tsa.accuracy = 1;
	expect_stamped(&w, &s, E_VERIFY, "expired");
	s.tsa.now = cert_not_before(w.chain.v[0]);
	expect_stamped(&w, &s, E_VERIFY, "not valid before");
	/* Without a store of authorities it is the time of today that counts. */
	world_policy(&w, "{\"level\":\"strict\"}", "[\"ca:s\"]", "[\"*\"]");
	expect_stamped(&w, &s, E_VERIFY, "expired");
}

/* What the specification asks of the authority's own certificate and of its CAs. */
TEST(certificates_of_authorities)
{
#define ROOT_SPEC { .name = "r", .basic = "critical,CA:TRUE", .usage = "critical,keyCertSign" }
	static const struct {
		const char *usage, *basic, *root_basic, *root_usage;
		const EVP_MD *(*root_md)(void);
		const char *message; /* NULL: accepted */
	} cases[] = {
		{ .usage = "critical,digitalSignature" },
		{ .usage = "critical,digitalSignature,nonRepudiation" },
		{ .usage = "critical,digitalSignature", .basic = "CA:FALSE" },
		{ .usage = NULL, .message = "keyUsage must be critical" },
		{ .usage = "digitalSignature", .message = "keyUsage must be critical" },
		{ .usage = "critical,nonRepudiation", .message = "digitalSignature" },
		{ .usage = "critical,digitalSignature",
		  .basic = "critical,CA:TRUE",
		  .message = "CA certificate may not sign" },
		{ .usage = "critical,digitalSignature",
		  .root_basic = "CA:TRUE",
		  .message = "basicConstraints must be critical" },
		{ .usage = "critical,digitalSignature",
		  .root_usage = "keyCertSign",
		  .message = "allow keyCertSign" },
		{ .usage = "critical,digitalSignature",
		  .root_md = EVP_sha1,
		  .message = "hash other than" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct spec specs[2] = { TSA_SPEC, ROOT_SPEC };
		auto_world w;
		auto_stamper s;

		specs[0].usage = cases[i].usage;
		specs[0].basic = cases[i].basic;
		if (cases[i].root_basic)
			specs[1].basic = cases[i].root_basic;
		if (cases[i].root_usage)
			specs[1].usage = cases[i].root_usage;
		specs[1].md = cases[i].root_md ? cases[i].root_md() : NULL;
		world_open(&w, leaf_ca, 2);
		stamper_open_as(&s, specs, w.now);
		w.tsa = &s.trusted;
		always(&w, "{\"level\":\"strict\"}");
		expect_stamped(&w, &s, cases[i].message ? E_VERIFY : 0, cases[i].message);
	}
#undef ROOT_SPEC
}

TEST(clocks_that_are_wrong)
{
	auto_world w;
	auto_stamper s;

	world_open(&w, leaf_ca, 2);
	stamper_open(&s, w.now + 300);
	w.tsa = &s.trusted;
	always(&w, "{\"level\":\"strict\"}");
	expect_stamped(&w, &s, 0, NULL);
	s.tsa.now++;
	expect_stamped(&w, &s, E_VERIFY, "one clock is wrong");
}

/* The scheme of a signing authority, which has stores of its own and proves the time itself. */
TEST(signing_authorities)
{
	static const enum envelope_form forms[] = { ENVELOPE_JWS, ENVELOPE_COSE };
	struct spec specs[] = { LEAF_SPEC, CA_SPEC("root") };
	struct trusted ca;
	auto_world w;

	specs[0].from_days = -100, specs[0].days = 50;
	specs[1].from_days = -200, specs[1].days = 400;
	world_open(&w, specs, 2);
	ca = w.trusted;
	w.authority = true;
	for (size_t i = 0; i < 2; i++) {
		w.form = forms[i];
		w.signing_time = w.now - 75 * DAY;
		world_policy(&w, "{\"level\":\"strict\"}",
			     "[\"ca:s\",\"tsa:t\",\"signingAuthority:a\"]", "[\"*\"]");
		w.authorities = &ca;
		w.trusted.n = 0;
		expect(&w, GOOD_PAYLOAD, 0, 0, NULL);
		w.signing_time = w.now - 40 * DAY;
		expect(&w, GOOD_PAYLOAD, 0, E_VERIFY, "certificate 1 of the chain expired");
		w.signing_time = w.now + 301;
		expect(&w, GOOD_PAYLOAD, 0, E_VERIFY, "one clock is wrong");
		/* A CA that is trusted for signers is not trusted for this. */
		w.authorities = NULL;
		w.trusted.n = 1;
		w.signing_time = w.now - 75 * DAY;
		expect(&w, GOOD_PAYLOAD, 0, E_VERIFY, "trust store of signing authorities");
	}
	/* Nor the other way round. */
	w.authority = false;
	w.authorities = &ca;
	w.trusted.n = 0;
	expect(&w, GOOD_PAYLOAD, 0, E_VERIFY, "trust store");
}

TEST(added_timestamps_are_bounded)
{
	auto_world w;
	auto_buf plain = BUF_INIT(LIMIT_ENVELOPE), ret = BUF_INIT(LIMIT_ENVELOPE),
		 most = BUF_INIT(LIMIT_TIMESTAMP + 1);
	struct err e = ERR_INIT;

	world_open(&w, leaf_ca, 2);
	sign_as(&w, GOOD_PAYLOAD, 0, &plain);
	while (most.n < LIMIT_TIMESTAMP + 1)
		buf_putc(&most, 'x');
	CHECK(envelope_add_timestamp(w.form, (struct str){ plain.p, plain.n },
				     (struct str){ most.p, most.n }, &ret, &e) == E_FORMAT);
	CHECK(envelope_add_timestamp(w.form, (struct str){ plain.p, plain.n },
				     (struct str){ most.p, most.n - 1 }, &ret, &e) == 0);
	CHECK(envelope_add_timestamp(w.form, (struct str){ plain.p, plain.n },
				     (struct str){ "", 0 }, &ret, &e) == E_FORMAT);
}

TAP_MAIN()
