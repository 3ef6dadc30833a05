/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer_maker.h"
#include "tap.h"

#define ISSUER                                                                                     \
	{ .name = "ca", .basic = "critical,CA:TRUE", .usage = "critical,keyCertSign,cRLSign" }
#define SIGNER                                                                                     \
	{ .name = "leaf",                                                                          \
	  .usage = "critical,digitalSignature",                                                    \
	  .crl = "URI:" CRL_URL,                                                                   \
	  .info = "OCSP;URI:" OCSP_URL }
#define DELTA_URL "http://127.0.0.1:1/delta.crl"
#define LIVE .from = -60, .until = 3600

static const struct spec specs[2] = { SIGNER, ISSUER };

typedef int reader(struct str, const struct cert *, const struct cert *, int64_t,
		   struct revocation *, struct err *);

static void expect(reader *read, struct issuer *i, const struct told *o, int code,
		   enum revocation_status status, const char *message)
{
	auto_buf b = BUF_INIT(LIMIT_OCSP);
	struct revocation res = { 0 };
	struct err e = ERR_INIT;
	int r;

	(read == crl_read ? issuer_crl : issuer_ocsp)(i, o, &b);
	r = read((struct str){ b.p, b.n }, i->chain.v[0], i->chain.v[1], i->now, &res, &e);
	if (r != code || (message && !strstr(e.msg, message)))
		printf("# want '%s', got %d '%s'\n", message ? message : "", r, e.msg);
	CHECK(r == code && (!message || strstr(e.msg, message)));
	CHECK(r < 0 || res.status == status);
	if (r == 0 && status == REVOCATION_REVOKED) {
		CHECK(res.since == i->now + o->since);
		CHECK_STR(res.reason, o->reason == 1 ? "key compromise" : "");
		CHECK(read != crl_read || res.invalid == (o->invalid ? i->now + o->invalid : 0));
	}
}

TEST(sources)
{
	struct spec many[2] = { SIGNER, ISSUER };
	struct revocation_sources s;
	struct err e = ERR_INIT;
	auto_issuer i, none, other;

	issuer_open_as(&i, specs, "OCSPSigning");
	CHECK(revocation_sources(i.chain.v[0], &s, &e) == 0 && s.named && s.ocsp_n == 1 &&
	      s.crl_n == 1);
	CHECK_STR(s.ocsp[0], OCSP_URL);
	CHECK_STR(s.crl[0], CRL_URL);
	many[0].crl = many[0].info = NULL;
	issuer_open_as(&none, many, "OCSPSigning");
	CHECK(revocation_sources(none.chain.v[0], &s, &e) == 0 && !s.named);
	/* What nobody here can ask is named all the same, and no more than a few are asked. */
	many[0].crl = "URI:ldap://x/y,URI:https://x/y,URI:HTTP://a/1,URI:http://a/2,URI:http://a/3,"
		      "URI:http://a/4";
	many[0].info = "OCSP;URI:https://x/,caIssuers;URI:http://x/";
	issuer_open_as(&other, many, "OCSPSigning");
	CHECK(revocation_sources(other.chain.v[0], &s, &e) == 0 && s.named && s.ocsp_n == 0 &&
	      s.crl_n == LIMIT_REVOCATION_URLS);
	CHECK_STR(s.crl[2], "http://a/3");
}

static void both(reader *read)
{
	const struct told good = { LIVE }, of_other = { LIVE, .revoked = 2, .since = -100 },
			  revoked = { LIVE, .revoked = 1, .since = -100, .reason = 1 },
			  plain = { LIVE, .revoked = 1, .since = -100 },
			  old = { .from = -7200, .until = -REVOCATION_SKEW - 1 },
			  edge = { .from = -7200, .until = -REVOCATION_SKEW + 60 },
			  future = { .from = REVOCATION_SKEW + 60, .until = 7200 },
			  sha1 = { LIVE, .md = EVP_sha1() };
	auto_issuer i;

	issuer_open_as(&i, specs, "OCSPSigning");
	expect(read, &i, &good, 0, REVOCATION_GOOD, NULL);
	expect(read, &i, &revoked, 0, REVOCATION_REVOKED, NULL);
	expect(read, &i, &plain, 0, REVOCATION_REVOKED, NULL);
	if (read == crl_read)
		expect(read, &i, &of_other, 0, REVOCATION_GOOD, NULL);
	else
		expect(read, &i, &of_other, E_VERIFY, REVOCATION_GOOD, "another certificate");
	expect(read, &i, &old, E_VERIFY, REVOCATION_GOOD, "it was good until");
	expect(read, &i, &edge, 0, REVOCATION_GOOD, NULL);
	expect(read, &i, &future, E_VERIFY, REVOCATION_GOOD, "in the future");
	expect(read, &i, &sha1, E_VERIFY, REVOCATION_GOOD, "SHA-2");
}

TEST(crl)
{
	both(crl_read);
}
TEST(ocsp)
{
	both(ocsp_read);
}

TEST(crl_details)
{
	const struct told invalid = { LIVE, .revoked = 1, .since = -100, .invalid = -5000 },
			  critical = { LIVE, .revoked = 2, .since = -100, .invalid = -5000,
				       .entry_critical = 1 },
			  delta = { LIVE, .delta = 1 }, undated = { .from = -60 },
			  other = { LIVE, .by_other = 1 };
	struct told forged = { LIVE };
	struct spec weak[2] = { SIGNER, CA_SPEC("ca") };
	auto_issuer i, cannot;

	issuer_open_as(&i, specs, "OCSPSigning");
	issuer_open_as(&cannot, weak, "OCSPSigning");
	expect(crl_read, &i, &invalid, 0, REVOCATION_REVOKED, NULL);
	expect(crl_read, &i, &critical, E_VERIFY, REVOCATION_GOOD, "critical extension");
	expect(crl_read, &i, &delta, E_VERIFY, REVOCATION_GOOD, "delta CRL");
	expect(crl_read, &i, &undated, E_FORMAT, REVOCATION_GOOD, "date");
	expect(crl_read, &i, &other, E_VERIFY, REVOCATION_GOOD, "another issuer");
	expect(crl_read, &cannot, &(struct told){ LIVE }, E_VERIFY, REVOCATION_GOOD,
	       "does not allow");
	forged.key = i.leaf_key;
	expect(crl_read, &i, &forged, E_VERIFY, REVOCATION_GOOD, "signature does not hold");
}

/* A part of a CRL says nothing of certificates that are in another part. */
TEST(crl_parts)
{
	static const struct {
		const char *idp;
		int code;
	} cases[] = {
		{ "critical,fullname:URI:" CRL_URL, 0 },
		{ "fullname:URI:" CRL_URL, 0 },
		{ "critical,fullname:URI:http://127.0.0.1:1/other.crl", E_VERIFY },
		{ "critical,onlyuser:TRUE", 0 },
		{ "critical,onlyCA:TRUE", E_VERIFY },
		{ "critical,onlyAA:TRUE", E_VERIFY },
		{ "critical,indirectCRL:TRUE", E_VERIFY },
		{ "critical,onlysomereasons:keyCompromise", E_VERIFY },
	};
	auto_issuer i;

	issuer_open_as(&i, specs, "OCSPSigning");
	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++)
		expect(crl_read, &i, &(struct told){ LIVE, .idp = cases[k].idp }, cases[k].code,
		       REVOCATION_GOOD, NULL);
}

/* A complete CRL that has changes, and what the two say together. */
TEST(delta_crls)
{
#define BASE LIVE, .number = 10, .changes = "URI:" DELTA_URL
#define DELTA LIVE, .delta = 10, .number = 11
#define ON_IT .revoked = 1, .since = -100
	enum { HOLD = 6, REMOVED = 8 };
	static const struct {
		struct told base, delta;
		int code;
		enum revocation_status status;
		const char *message;
	} cases[] = {
		{ { BASE }, { DELTA }, 0, REVOCATION_GOOD, NULL },
		{ { BASE }, { DELTA, ON_IT }, 0, REVOCATION_REVOKED, NULL },
		{ { BASE }, { DELTA, .revoked = 2 }, 0, REVOCATION_GOOD, NULL },
		{ { BASE, ON_IT, .reason = HOLD }, { DELTA }, 0, REVOCATION_REVOKED, NULL },
		{ { BASE, ON_IT, .reason = HOLD },
		  { DELTA, ON_IT, .reason = REMOVED },
		  0,
		  REVOCATION_GOOD,
		  NULL },
		{ { BASE, ON_IT, .reason = HOLD },
		  { DELTA, ON_IT, .reason = 1 },
		  0,
		  REVOCATION_REVOKED,
		  NULL },
		{ { BASE }, { LIVE, .delta = 9, .number = 11 }, 0, REVOCATION_GOOD, NULL },
		{ { BASE }, { LIVE, .delta = 9, .number = 10 }, 0, REVOCATION_GOOD, NULL },
		{ { BASE }, { LIVE, .delta = 11, .number = 12 }, E_VERIFY, 0, "of a later CRL" },
		{ { BASE }, { LIVE, .delta = 8, .number = 9 }, E_VERIFY, 0, "of an older CRL" },
		{ { BASE }, { LIVE, .delta = 10 }, E_VERIFY, 0, "number" },
		{ { LIVE, .changes = "URI:" DELTA_URL }, { DELTA }, E_VERIFY, 0, "number" },
		{ { BASE }, { LIVE, .number = 11 }, E_VERIFY, 0, "not a delta CRL" },
		{ { BASE }, { DELTA, .by_other = 1 }, E_VERIFY, 0, "another issuer" },
		{ { BASE },
		  { .from = -7200, .until = -3600, .delta = 10, .number = 11 },
		  E_VERIFY,
		  0,
		  "good until" },
		{ { BASE }, { DELTA, .idp = "critical,onlyCA:TRUE" }, E_VERIFY, 0, "another kind" },
	};
	auto_issuer i;

	issuer_open_as(&i, specs, "OCSPSigning");
	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		auto_buf base = BUF_INIT(LIMIT_CRL), delta = BUF_INIT(LIMIT_CRL);
		struct revocation res = { 0 };
		struct err e = ERR_INIT;
		int r;

		issuer_crl(&i, &cases[k].base, &base);
		issuer_crl(&i, &cases[k].delta, &delta);
		CHECK(crl_read((struct str){ base.p, base.n }, i.chain.v[0], i.chain.v[1], i.now,
			       &res, &e) == 0);
		CHECK(res.changes);
		CHECK_STR(res.changes_url, DELTA_URL);
		r = crl_read_changes((struct str){ delta.p, delta.n },
				     (struct str){ base.p, base.n }, i.chain.v[0], i.chain.v[1],
				     i.now, &res, &e);
		if (r != cases[k].code)
			printf("# %zu: %d %s\n", k, r, e.msg);
		CHECK(r == cases[k].code);
		CHECK(r < 0 ? strstr(e.msg, cases[k].message) && res.changes
			    : res.status == cases[k].status && !res.changes);
	}
}

/* What a CRL says without its changes: where they are, unless nothing can take it back. */
TEST(crls_with_changes)
{
	static const struct {
		struct told told;
		bool changes;
		const char *url;
	} cases[] = {
		{ { LIVE, .number = 10 }, false, "" },
		{ { BASE }, true, DELTA_URL },
		{ { BASE, ON_IT, .reason = 1 }, false, "" },
		{ { LIVE, .changes = "URI:ldap://x/y" }, true, "" },
		{ { LIVE, .changes = "URI:ldap://x/y,URI:http://a/1" }, true, "http://a/1" },
	};
	auto_issuer i;

	issuer_open_as(&i, specs, "OCSPSigning");
	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		auto_buf b = BUF_INIT(LIMIT_CRL);
		struct revocation res = { 0 };
		struct err e = ERR_INIT;

		issuer_crl(&i, &cases[k].told, &b);
		CHECK(crl_read((struct str){ b.p, b.n }, i.chain.v[0], i.chain.v[1], i.now, &res,
			       &e) == 0);
		CHECK(res.changes == cases[k].changes);
		CHECK_STR(res.changes_url, cases[k].url);
	}
#undef BASE
#undef DELTA
#undef ON_IT
}

TEST(ocsp_details)
{
	struct told by = { LIVE };
	const struct told undated = { .from = -60 },
			  long_ago = { .from = -REVOCATION_UNDATED - REVOCATION_SKEW - 1 },
			  twice = { LIVE, .twice = 1 }, unknown = { LIVE, .unknown = 1 };
	auto_issuer i, stranger, client;

	issuer_open_as(&i, specs, "OCSPSigning");
	issuer_open_as(&stranger, specs, "OCSPSigning"); /* the same names, other keys */
	issuer_open_as(&client, specs, "clientAuth");
	expect(ocsp_read, &i, &undated, 0, REVOCATION_GOOD, NULL);
	expect(ocsp_read, &i, &long_ago, E_VERIFY, REVOCATION_GOOD, "it was good until");
	expect(ocsp_read, &i, &twice, E_VERIFY, REVOCATION_GOOD, "twice");
	expect(ocsp_read, &i, &unknown, 0, REVOCATION_UNKNOWN, NULL);
	/* Whom the issuer certified for it, and nobody else. */
	by.signer = i.responder_x, by.key = i.responder_key;
	expect(ocsp_read, &i, &by, 0, REVOCATION_GOOD, NULL);
	by.signer = client.responder_x, by.key = client.responder_key;
	expect(ocsp_read, &client, &by, E_VERIFY, REVOCATION_GOOD, "not the issuer's");
	by.signer = i.leaf_x, by.key = i.leaf_key;
	expect(ocsp_read, &i, &by, E_VERIFY, REVOCATION_GOOD, "not the issuer's");
	by.signer = stranger.x, by.key = stranger.key;
	expect(ocsp_read, &i, &by, E_VERIFY, REVOCATION_GOOD, "not the issuer's");
	by.signer = stranger.responder_x, by.key = stranger.responder_key;
	expect(ocsp_read, &i, &by, E_VERIFY, REVOCATION_GOOD, "not the issuer's");
}

/* A responder's key may be stolen, too: where it can be revoked, and nobody asks, it says nothing.
 */
TEST(responders_that_may_be_revoked)
{
	static const struct {
		const char *crl, *nocheck;
		int code;
	} cases[] = {
		{ NULL, NULL, 0 },
		{ NULL, "yes", 0 },
		{ "URI:" CRL_URL, "yes", 0 },
		{ "URI:" CRL_URL, NULL, E_VERIFY },
		{ "URI:ldap://x/y", NULL, E_VERIFY },
	};
	auto_issuer i;

	issuer_open_as(&i, specs, "OCSPSigning");
	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		const struct spec responder = { .name = "r",
						.usage = "critical,digitalSignature",
						.ext_usage = "OCSPSigning",
						.crl = cases[k].crl };
		X509 *x = maker_cert(&responder, i.responder_key, i.x, i.key);
		const struct told by = { LIVE, .signer = x, .key = i.responder_key };

		if (cases[k].nocheck) {
			maker_ext(x, NID_id_pkix_OCSP_noCheck, cases[k].nocheck);
			if (X509_sign(x, i.key, EVP_sha256()) == 0)
				abort();
		}
		expect(ocsp_read, &i, &by, cases[k].code, REVOCATION_GOOD,
		       cases[k].code ? "may have been revoked" : NULL);
		X509_free(x);
	}
}

/* "Good" is never read out of a flipped answer that says "revoked". */
TEST(every_byte_flipped)
{
	reader *const readers[] = { crl_read, ocsp_read };
	const struct told revoked = { LIVE, .revoked = 1, .since = -100 };
	auto_issuer i;

	issuer_open_as(&i, specs, "OCSPSigning");
	for (size_t k = 0; k < 2; k++) {
		auto_buf b = BUF_INIT(LIMIT_OCSP);
		size_t held = 0;

		(k == 0 ? issuer_crl : issuer_ocsp)(&i, &revoked, &b);
		for (size_t at = 0; at < b.n; at++) {
			struct revocation res = { 0 };
			struct err e = ERR_INIT;

			b.p[at] = (char)(b.p[at] ^ (1 << at % 8));
			if (readers[k]((struct str){ b.p, b.n }, i.chain.v[0], i.chain.v[1], i.now,
				       &res, &e) == 0) {
				held++;
				CHECK(res.status == REVOCATION_REVOKED);
			}
			b.p[at] = (char)(b.p[at] ^ (1 << at % 8));
		}
		printf("# %zu of %zu flips changed nothing\n", held, b.n);
		CHECK(held < b.n / 4);
	}
}

TEST(sizes)
{
	reader *const readers[] = { crl_read, ocsp_read };
	const struct told good = { LIVE };
	struct revocation res;
	struct err e = ERR_INIT;
	auto_issuer i;

	issuer_open_as(&i, specs, "OCSPSigning");
	for (size_t k = 0; k < 2; k++) {
		auto_buf b = BUF_INIT((size_t)LIMIT_CRL + 1);
		size_t limit = k == 0 ? LIMIT_CRL : LIMIT_OCSP, whole;

		(k == 0 ? issuer_crl : issuer_ocsp)(&i, &good, &b);
		whole = b.n;
		for (size_t n = 0; n < whole; n += 7)
			CHECK(readers[k]((struct str){ b.p, n }, i.chain.v[0], i.chain.v[1], i.now,
					 &res, &e) == E_FORMAT);
		buf_putc(&b, '\0');
		CHECK(readers[k]((struct str){ b.p, b.n }, i.chain.v[0], i.chain.v[1], i.now, &res,
				 &e) == E_FORMAT);
		while (b.n < limit + 1)
			buf_put(&b, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
				limit + 1 - b.n < 16 ? limit + 1 - b.n : 16);
		CHECK(readers[k]((struct str){ b.p, b.n }, i.chain.v[0], i.chain.v[1], i.now, &res,
				 &e) == E_FORMAT &&
		      strstr(e.msg, "want 1 to"));
	}
}

TAP_MAIN()
