/* SPDX-License-Identifier: Apache-2.0 */
/* What it means for a signature that a certificate was revoked, or that nobody could say. */
#include "crypto/issuer_maker.h"
#include "stamper.h"
#include "trust/revocation.h"

#define LEVEL(override) "{\"level\":\"strict\",\"override\":{" override "}}"

static const struct told revoked = { .revoked = 1, .since = -100, .from = -60, .until = 3600 },
			 fine = { .from = -60, .until = 3600 };

/* What one server answered, in the place of all. */
static void answer(struct answers *ret, struct answer *one, struct issuer *by,
		   const struct told *told)
{
	*one = (struct answer){ .want = { .url = CRL_URL }, .bytes = BUF_INIT(LIMIT_CRL) };
	issuer_crl(by, told, &one->bytes);
	*ret = (struct answers){ .v = one, .n = 1 };
}

/* Another CA than the policy's: nobody asks whom its certificates name, and where the policy wants
 * to know whether they were revoked, that is no answer. */
TEST(nobody_is_asked_about_strangers)
{
	static const struct {
		const char *verification;
		bool names_crl;
		int code;
	} cases[] = {
		{ "{\"level\":\"audit\"}", true, 0 },
		{ "{\"level\":\"audit\",\"override\":{\"revocation\":\"skip\"}}", true, 0 },
		{ "{\"level\":\"audit\",\"override\":{\"revocation\":\"enforce\"}}", true,
		  E_VERIFY },
		{ "{\"level\":\"audit\",\"override\":{\"revocation\":\"enforce\"}}", false, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct spec specs[] = { LEAF_SPEC, CA_SPEC("root") };
		auto_world w;

		if (cases[i].names_crl)
			specs[0].crl = "URI:" CRL_URL;
		world_open(&w, specs, 2);
		w.trusted.n = 0;
		world_policy(&w, cases[i].verification, "[\"ca:s\"]", "[\"*\"]");
		expect(&w, GOOD_PAYLOAD, 0, cases[i].code,
		       cases[i].code ? "was revoked was not asked" : NULL);
	}
}

/* A world, and an authority whose certificate names a CRL. */
static void open_stamped(struct world *w, struct stamper *s, struct issuer *ca)
{
	static const struct spec specs[2] = { { .name = "tsa",
						.usage = "critical,digitalSignature",
						.ext_usage = "critical,timeStamping",
						.crl = "URI:" CRL_URL },
					      { .name = "tsa root",
						.basic = "critical,CA:TRUE",
						.usage = "critical,keyCertSign,cRLSign" } };

	world_open(w, leaf_ca, 2);
	stamper_open_as(s, specs, w->now);
	w->tsa = &s->trusted;
	*ca = (struct issuer){
		.key = s->tsa.root_key, .x = s->tsa.root, .leaf_x = s->tsa.signer, .now = w->now
	}; /* borrows */
}

/* The word of an authority whose key may be anybody's proves no time: that is a failure of the
 * timestamp, whatever the policy makes of a signer's revocation. */
TEST(authorities_that_were_revoked)
{
	static const struct {
		const char *verification;
		const struct told *told; /* NULL: no answer */
		int code;
	} cases[] = {
		{ LEVEL(""), &fine, 0 },
		{ LEVEL(""), &revoked, E_VERIFY },
		{ LEVEL("\"revocation\":\"log\""), &fine, 0 },
		{ LEVEL("\"revocation\":\"log\""), &revoked, E_VERIFY },
		{ LEVEL("\"revocation\":\"log\""), NULL, E_REMOTE },
		{ LEVEL("\"revocation\":\"skip\""), &revoked, 0 },
		{ LEVEL("\"authenticTimestamp\":\"log\""), &revoked, E_VERIFY },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_world w;
		auto_stamper s;
		struct issuer ca;
		struct answer one;
		struct answers all = { .n = 0 };

		open_stamped(&w, &s, &ca);
		if (cases[i].told) {
			answer(&all, &one, &ca, cases[i].told);
			w.answers = &all;
		}
		always(&w, cases[i].verification);
		expect_stamped(&w, &s, cases[i].code,
			       !cases[i].code  ? NULL
			       : cases[i].told ? "was revoked at"
					       : "could not be found out");
		if (cases[i].told)
			buf_free(&one.bytes);
	}
}

TEST(no_time_is_proven_by_what_is_only_logged)
{
	auto_world w;
	auto_stamper s;
	auto_buf b = BUF_INIT(LIMIT_ENVELOPE);
	struct issuer ca;
	struct answer one;
	struct answers all;
	struct trust_result res;
	struct err e = ERR_INIT;

	open_stamped(&w, &s, &ca);
	always(&w, LEVEL("\"revocation\":\"log\",\"authenticTimestamp\":\"log\""));
	stamped(&w, &s, NULL, &b);
	answer(&all, &one, &ca, &fine);
	w.answers = &all;
	CHECK(judge(&w, &b, &res, &e) == 0 && res.proven_time == w.now);
	CHECK(res.checks[TRUST_REVOCATION].outcome == TRUST_PASSED);
	buf_free(&one.bytes);
	answer(&all, &one, &ca, &revoked);
	CHECK(judge(&w, &b, &res, &e) == 0 && res.proven_time == 0);
	CHECK(res.checks[TRUST_TIMESTAMP].outcome == TRUST_LOGGED);
	CHECK(res.checks[TRUST_REVOCATION].outcome == TRUST_LOGGED);
	buf_free(&one.bytes);
}

/* That the signer's own revocation is only logged hides nothing of the authority's. */
TEST(signer_unknown_and_authority_revoked)
{
	struct spec specs[] = { LEAF_SPEC, CA_SPEC("root") };
	auto_world w, other;
	auto_stamper s;
	struct issuer ca;
	struct answer one;
	struct answers all;

	open_stamped(&other, &s, &ca);
	specs[0].crl = "URI:http://127.0.0.1:1/nobody.crl";
	world_open(&w, specs, 2);
	w.tsa = &s.trusted;
	always(&w, LEVEL("\"revocation\":\"log\""));
	answer(&all, &one, &ca, &revoked);
	w.answers = &all;
	expect_stamped(&w, &s, E_VERIFY, "was revoked at");
	buf_free(&one.bytes);
}

static int one_round(const struct world *w, const struct buf *envelope, struct wants *ret)
{
	const struct evaluation v = { .form = w->form,
				      .tsa = w->tsa,
				      .envelope = { envelope->p, envelope->n },
				      .manifest = &w->manifest,
				      .statement = &w->policy.v[0],
				      .trusted = &w->trusted,
				      .now = w->now,
				      .answers = w->answers,
				      .wants = ret };
	struct trust_result res;
	struct err e = ERR_INIT;

	ret->n = 0;
	return evaluate(&v, &res, &e);
}

/* What is to be asked next, as a URL; "" when it is decided. */
static const char *asked(const struct world *w, const struct buf *envelope, int *ret_code,
			 bool *ret_anew)
{
	static struct wants wants;

	*ret_code = one_round(w, envelope, &wants);
	*ret_anew = wants.n && wants.v[0].anew;
	return wants.n ? wants.v[0].url : "";
}

/* A CRL with changes decides nothing without them. */
TEST(changes_of_a_crl)
{
	static const struct told base = { .from = -60,
					  .until = 3600,
					  .number = 10,
					  .changes = "URI:http://127.0.0.1:1/delta.crl" },
				 none = { .from = -60, .until = 3600, .delta = 10, .number = 11 },
				 gone = { .revoked = 1,
					  .since = -100,
					  .from = -60,
					  .until = 3600,
					  .delta = 10,
					  .number = 11 },
				 later = { .from = -60, .until = 3600, .delta = 12, .number = 13 };
	auto_world w;
	auto_stamper s;
	auto_buf b = BUF_INIT(LIMIT_ENVELOPE);
	struct issuer ca;
	struct answer two[2];
	struct answers all;
	int code;
	bool anew;

	open_stamped(&w, &s, &ca);
	always(&w, LEVEL(""));
	stamped(&w, &s, NULL, &b);
	answer(&all, &two[0], &ca, &base);
	w.answers = &all;
	CHECK_STR(asked(&w, &b, &code, &anew), "http://127.0.0.1:1/delta.crl");
	CHECK(!anew);
	expect_stamped(&w, &s, E_REMOTE, "could not be found out");

	two[1] = (struct answer){ .want = { .url = "http://127.0.0.1:1/delta.crl" },
				  .bytes = BUF_INIT(LIMIT_CRL) };
	all.n = 2;
	issuer_crl(&ca, &none, &two[1].bytes);
	CHECK_STR(asked(&w, &b, &code, &anew), "");
	CHECK(code == 0);
	buf_reset(&two[1].bytes);
	issuer_crl(&ca, &gone, &two[1].bytes);
	CHECK_STR(asked(&w, &b, &code, &anew), "");
	CHECK(code == E_VERIFY);
	expect_stamped(&w, &s, E_VERIFY, "was revoked at");

	/* Two that do not go together: what was kept is asked for anew, the changes first. */
	buf_reset(&two[1].bytes);
	issuer_crl(&ca, &later, &two[1].bytes);
	two[0].cached = two[1].cached = true;
	CHECK_STR(asked(&w, &b, &code, &anew), "http://127.0.0.1:1/delta.crl");
	CHECK(anew);
	two[1].cached = false;
	CHECK_STR(asked(&w, &b, &code, &anew), CRL_URL);
	CHECK(anew);
	two[0].cached = false;
	expect_stamped(&w, &s, E_REMOTE, "of a later CRL");
	buf_free(&two[0].bytes);
	buf_free(&two[1].bytes);
}

/* Servers that are down, and a cache of which nothing is of use any more. */
struct servers {
	struct issuer *ca;
	struct answer v[LIMIT_WANTS];
	struct answers all;
};

static void told_by(struct servers *s, const struct want *w, struct answer *a)
{
	/* The last CRL's changes go with it; what the others' begin with is a later one. */
	const bool last = strstr(w->url, "/3.");
	const struct told base = { .from = -60,
				   .until = 3600,
				   .number = 10,
				   .changes = strstr(w->url, "/1.")
						      ? "URI:http://127.0.0.1:1/1.delta"
					      : strstr(w->url, "/2.")
						      ? "URI:http://127.0.0.1:1/2.delta"
						      : "URI:http://127.0.0.1:1/3.delta" },
			  delta = {
				  .from = -60, .until = 3600, .delta = last ? 10 : 12, .number = 13
			  };

	buf_reset(&a->bytes);
	a->cached = !w->anew;
	if (a->cached)
		buf_puts(&a->bytes, "kept too long");
	else if (w->ocsp)
		(void)snprintf(a->why, sizeof(a->why), "down");
	else
		issuer_crl(s->ca, strstr(w->url, "delta") ? &delta : &base, &a->bytes);
}

static void serve(struct servers *s, const struct wants *wants)
{
	for (size_t i = 0; i < wants->n; i++) {
		const struct want *w = &wants->v[i];
		size_t k = 0;

		while (k < s->all.n && strcmp(s->v[k].want.url, w->url) != 0)
			k++;
		if (k == s->all.n && k < LIMIT_WANTS) {
			s->v[k] = (struct answer){ .want = *w, .bytes = BUF_INIT(LIMIT_CRL) };
			s->all.n++;
		}
		told_by(s, w, &s->v[k]);
	}
}

/* However often one has to ask, a good answer at the end of the way is reached. */
TEST(the_longest_way)
{
	static const struct spec specs[2] = {
		{ .name = "tsa",
		  .usage = "critical,digitalSignature",
		  .ext_usage = "critical,timeStamping",
		  .crl = "URI:http://127.0.0.1:1/1.crl,URI:http://127.0.0.1:1/2.crl,"
			 "URI:http://127.0.0.1:1/3.crl",
		  .info = "OCSP;URI:http://127.0.0.1:1/1.ocsp,OCSP;URI:http://127.0.0.1:1/2.ocsp,"
			  "OCSP;URI:http://127.0.0.1:1/3.ocsp" },
		{ .name = "tsa root",
		  .basic = "critical,CA:TRUE",
		  .usage = "critical,keyCertSign,cRLSign" }
	};
	static struct wants wants;
	static struct servers servers;
	auto_world w;
	auto_stamper s;
	auto_buf b = BUF_INIT(LIMIT_ENVELOPE);
	struct issuer ca;
	int round = 0, code;

	world_open(&w, leaf_ca, 2);
	stamper_open_as(&s, specs, w.now);
	w.tsa = &s.trusted;
	always(&w, LEVEL(""));
	stamped(&w, &s, NULL, &b);
	ca = (struct issuer){
		.key = s.tsa.root_key, .x = s.tsa.root, .leaf_x = s.tsa.signer, .now = w.now
	}; /* borrows */
	servers = (struct servers){ .ca = &ca, .all = { .v = servers.v } };
	w.answers = &servers.all;
	do {
		code = one_round(&w, &b, &wants);
		serve(&servers, &wants);
	} while (++round < LIMIT_ROUNDS && wants.n);
	printf("# %d rounds\n", round);
	CHECK(code == 0 && wants.n == 0);
	for (size_t i = 0; i < servers.all.n; i++)
		buf_free(&servers.v[i].bytes);
}

TAP_MAIN()
