/* SPDX-License-Identifier: Apache-2.0 */
/* Statements signed with a key of the host, in bundles beside their image, and found again. */
#include "children.h"
#include "tap.h"
#include "temp_state.h"
#include "trust/sigstore/internal.h"

#define PROVENANCE "https://slsa.dev/provenance/v1"

static void make_statement(const struct digest *about, const char *name, const char *predicate,
			   struct buf *ret)
{
	buf_printf(ret,
		   "{\"_type\":\"" IN_TOTO_STATEMENT
		   "\",\"subject\":[{\"name\":\"%s\",\"digest\":{\"sha256\":\"%s\"}}],"
		   "\"predicateType\":\"%s\",\"predicate\":{\"a\":1}}",
		   name, digest_hex(about), predicate);
}

static void init_key(struct temp *t, const char *name, char *ret_thumbprint)
{
	const struct trust_init_opts o = { .name = name };
	struct err e = ERR_INIT;

	if (trust_init(&t->state, &o, ret_thumbprint, &e) < 0)
		abort();
}

static int attest(struct temp *t, const char *key, const char *name, const char *predicate,
		  struct desc *ret, bool *ret_existing, struct err *e)
{
	const struct sigstore_key k = { .name = key };
	auto_buf statement = BUF_INIT(4096);

	make_statement(&t->image.digest, name, predicate, &statement);
	return sigstore_attest(&t->state, t->store, &t->image, &k,
			       (struct str){ statement.p, statement.n }, ret, ret_existing, e);
}

static void find(struct temp *t, const char *predicate, struct sigstore_findings *ret)
{
	auto_sigstore_trust trust = { 0 };
	const struct sigstore_query q = { .ref = &t->ref, .predicate_type = predicate };
	struct err e = ERR_INIT;

	if (sigstore_trust_load(&t->state, &t->ref, &trust, &e) < 0 ||
	    sigstore_find(t->store, &t->image, &trust, &q, ret, &e) < 0) {
		printf("# %s\n", e.msg);
		abort();
	}
	for (size_t i = 0; i < ret->refused.n; i++)
		printf("# %s\n", ret->refused.v[i]);
}

TEST(signed_once_and_found)
{
	auto_temp t;
	auto_sigstore_findings f = { 0 };
	struct desc first, second;
	bool existing = true;
	struct err e = ERR_INIT;

	temp_open(&t);
	init_key(&t, NULL, NULL);
	CHECK(attest(&t, NULL, "127.0.0.1:5000/web", PROVENANCE, &first, &existing, &e) == 0);
	CHECK(!existing);
	CHECK(attest(&t, NULL, "127.0.0.1:5000/web", PROVENANCE, &second, &existing, &e) == 0);
	CHECK(existing && digest_eq(&first.digest, &second.digest));
	find(&t, PROVENANCE, &f);
	CHECK(f.n == 1 && f.refused.n == 0);
	CHECK(f.n && digest_eq(&f.v[0].carrier, &first.digest));
	CHECK(f.n && strstr(buf_str(&f.v[0].statement), "\"predicate\":{\"a\":1}"));
	CHECK_STR(f.n ? f.v[0].repository : "", "127.0.0.1:5000/web");
	sigstore_findings_free(&f);
	find(&t, "https://spdx.dev/Document", &f);
	CHECK(f.n == 0 && f.refused.n == 0);
}

TEST(of_another_repository_or_signer)
{
	auto_temp t;
	auto_sigstore_findings f = { 0 };
	char thumbprint[THUMBPRINT_MAX];
	struct desc d;
	struct err e = ERR_INIT;

	temp_open(&t);
	init_key(&t, NULL, NULL);
	init_key(&t, "other", thumbprint);
	CHECK(attest(&t, NULL, "127.0.0.1:5000/elsewhere", PROVENANCE, &d, NULL, &e) == 0);
	find(&t, NULL, &f);
	CHECK(f.n == 0 && f.refused.n == 1 && strstr(f.refused.v[0], "repository"));
	sigstore_findings_free(&f);

	CHECK(attest(&t, "other", "127.0.0.1:5000/web", PROVENANCE, &d, NULL, &e) == 0);
	find(&t, NULL, &f);
	CHECK(f.n == 1 && f.refused.n == 1);
	CHECK(f.n && strstr(f.v[0].signer, "default/"));
	sigstore_findings_free(&f);
	/* Its certificate is trusted no more, so its key is not. */
	CHECK(trust_remove(&t.state, thumbprint, NULL, NULL, &e) == 0);
	find(&t, NULL, &f);
	CHECK(f.n == 0 && f.refused.n == 2);
}

static bool attest_now(void *arg)
{
	struct desc d;

	return attest(arg, NULL, "127.0.0.1:5000/web", PROVENANCE, &d, NULL, NULL) == 0;
}

/* A statement is made every night; to see that it is a new one costs nothing for each old one. */
TEST(many_nights)
{
	auto_temp few, many;
	struct err e = ERR_INIT;
	struct desc d;
	int least;

	temp_open(&few);
	temp_open(&many);
	init_key(&few, NULL, NULL);
	init_key(&many, NULL, NULL);
	for (int i = 0; i < 12; i++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "127.0.0.1:5000/web-%d", i);
		CHECK(attest(&many, NULL, name, PROVENANCE, &d, NULL, &e) == 0);
	}
	least = children_of(attest_now, &few);
	if (least < 0)
		TAP_SKIP("no PID namespace");
	CHECK(least > 0 && children_of(attest_now, &many) == least);
	/* What is there already takes one to be recognised. */
	CHECK(children_of(attest_now, &many) == least + 1);
}

TEST(a_statement_about_something_else_is_not_signed)
{
	auto_temp t;
	const struct sigstore_key k = { .name = NULL };
	struct digest other;
	auto_buf statement = BUF_INIT(4096);
	struct desc d;
	struct err e = ERR_INIT;

	temp_open(&t);
	init_key(&t, NULL, NULL);
	digest_of("x", 1, &other);
	make_statement(&other, "web", PROVENANCE, &statement);
	CHECK(sigstore_attest(&t.state, t.store, &t.image, &k,
			      (struct str){ statement.p, statement.n }, &d, NULL,
			      &e) == E_INTERNAL);
	CHECK(attest(&t, "nobody", "web", PROVENANCE, &d, NULL, &e) == E_NOTFOUND);
}

TAP_MAIN()
