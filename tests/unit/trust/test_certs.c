/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of the trust stores: added without making others more than they were, listed,
 * printed and removed by type, store, file and fingerprint. */
#include "base/clock.h"
#include "crypto/chain_maker.h"
#include "tap.h"
#include "temp_state.h"

/* A CA of that name, as PEM. */
static void make_ca(const char *name, struct buf *pem, char thumbprint[THUMBPRINT_MAX])
{
	const struct spec specs[] = { CA_SPEC(name) };
	auto_secret key = BUF_INIT(LIMIT_KEY_PEM);
	auto_chain c = { .n = 0 };
	struct err e = ERR_INIT;

	maker_chain(specs, 1, &c, &key);
	CHECK(cert_to_pem(c.v[0], pem, &e) == 0);
	if (thumbprint)
		cert_thumbprint(c.v[0], thumbprint);
}

/* Who signs himself, as PEM. */
static void make_own(const char *subject, struct buf *pem)
{
	auto_release(key_free) struct key *k = NULL;
	auto_release(cert_free) struct cert *c = NULL;
	auto_dn dn = { .n = 0 };
	struct err e = ERR_INIT;

	CHECK(key_generate(KEY_EC_P256, &k, &e) == 0 && dn_parse(str_of(subject), &dn, &e) == 0 &&
	      cert_make_self_signed(k, &dn, clock_now(), 10, &c, &e) == 0 &&
	      cert_to_pem(c, pem, &e) == 0);
}

static int add(const struct temp *t, const struct buf *pem, const char *type, const char *store,
	       const char *identity, struct err *e)
{
	const struct trust_add_opts o = { .type = type, .store = store, .identity = identity };

	return trust_add_cert(&t->state, (struct str){ pem->p, pem->n }, &o, NULL, e);
}

static int add_for(const struct temp *t, const struct buf *pem, const char *store,
		   const char *identity, const char *scope, struct err *e)
{
	auto_strv scopes = { 0 };
	const struct trust_add_opts o = { .store = store, .identity = identity, .scopes = &scopes };

	CHECK(strv_add(&scopes, scope, e) == 0);
	return trust_add_cert(&t->state, (struct str){ pem->p, pem->n }, &o, NULL, e);
}

static size_t count(const struct temp *t, const char *type, const char *store)
{
	const struct trust_where where = { type, store };
	auto_json *all = NULL;
	struct err e = ERR_INIT;

	CHECK(trust_list(&t->state, &where, &all, &e) == 0);
	return json_array_size(json_object_get(all, "certificates"));
}

/* What the policy says of a statement, as "stores / identities". */
static void statement(const struct temp *t, size_t i, char ret[static 400])
{
	auto_close int dir = trust_dir(&t->state, false, NULL);
	auto_policy p = { 0 };
	struct err e = ERR_INIT;

	CHECK(trust_policy_load(dir, &p, &e) == 0);
	ret[0] = '\0';
	if (i >= p.n)
		return;
	(void)snprintf(ret, 400, "%s %zu/", p.v[i].name, p.v[i].stores_n);
	(void)snprintf(ret + strlen(ret), 400 - strlen(ret), p.v[i].any_identity ? "*" : "%zu",
		       p.v[i].identities_n);
}

#define ACME "C=US,ST=WA,O=acme"
#define OTHER "C=US,ST=WA,O=other"

TEST(nobody_gains_by_a_certificate_of_another)
{
	auto_buf one = BUF_INIT(LIMIT_PEM_CERTS), two = BUF_INIT(LIMIT_PEM_CERTS);
	struct err e = ERR_INIT;
	char was[400], is[400];
	auto_temp t;

	temp_open(&t);
	make_ca("one", &one, NULL);
	make_ca("two", &two, NULL);
	CHECK(add(&t, &one, NULL, "one", ACME, &e) == 0);
	statement(&t, 0, was);
	CHECK_STR(was, "default 1/1");
	/* The first would certify whomever it likes, or the other's names. */
	CHECK(add(&t, &two, NULL, "two", "*", &e) == E_USAGE);
	CHECK(strstr(e.msg, "'CN=one,O=acme,ST=WA,C=US' of the trust store ca:one") != NULL);
	CHECK(strstr(e.hint, "--scope") != NULL);
	CHECK(add(&t, &two, NULL, "two", OTHER, &e) == E_USAGE);
	CHECK(add(&t, &two, NULL, "one", "*", &e) == E_USAGE);
	CHECK(add(&t, &two, "signingAuthority", "two", "*", &e) == E_USAGE);
	statement(&t, 0, is);
	CHECK_STR(is, was);
	CHECK(count(&t, NULL, NULL) == 1);
	/* What was there already is no gain; nor is what is narrower; nor what is added again. */
	CHECK(add(&t, &two, NULL, "two", ACME, &e) == 0);
	CHECK(add(&t, &two, NULL, "two", ACME ",CN=ci", &e) == 0);
	CHECK(add(&t, &one, NULL, "one", "*", &e) == E_USAGE); /* it is two's gain now */
	CHECK(count(&t, NULL, NULL) == 2);
}

TEST(the_same_certificate_may_gain)
{
	auto_buf one = BUF_INIT(LIMIT_PEM_CERTS);
	struct err e = ERR_INIT;
	char is[400];
	auto_temp t;

	temp_open(&t);
	make_ca("one", &one, NULL);
	CHECK(add(&t, &one, NULL, NULL, ACME, &e) == 0);
	CHECK(add(&t, &one, NULL, NULL, "*", &e) == 0);
	statement(&t, 0, is);
	CHECK_STR(is, "default 1/*");
}

/* Who signs himself gains nothing by a name that is not his. */
TEST(self_signed_signers)
{
	auto_buf one = BUF_INIT(LIMIT_PEM_CERTS), two = BUF_INIT(LIMIT_PEM_CERTS);
	const struct trust_init_opts o = { .kind = KEY_EC_P256, .subject = OTHER ",CN=own" },
				     next = { .name = "next",
					      .kind = KEY_EC_P256,
					      .subject = "C=US,ST=WA,O=third,CN=own" };
	struct err e = ERR_INIT;
	auto_temp t;

	temp_open(&t);
	CHECK(trust_init(&t.state, &o, NULL, &e) == 0);
	make_ca("one", &one, NULL);
	make_ca("two", &two, NULL);
	CHECK(add(&t, &one, NULL, "one", "*", &e) == 0);
	/* "*" is there: nothing more can be gained. */
	CHECK(add(&t, &two, NULL, "two", "*", &e) == 0);
	CHECK(trust_init(&t.state, &next, NULL, &e) == 0);
}

/* Another CA's name would be one that the CA here may certify. */
TEST(an_own_certificate_is_no_exception)
{
	auto_buf one = BUF_INIT(LIMIT_PEM_CERTS);
	const struct trust_init_opts o = { .kind = KEY_EC_P256, .subject = OTHER ",CN=own" },
				     within = { .kind = KEY_EC_P256, .subject = ACME ",CN=own" };
	struct err e = ERR_INIT;
	auto_temp t;

	temp_open(&t);
	make_ca("one", &one, NULL);
	CHECK(add(&t, &one, NULL, "one", ACME, &e) == 0);
	CHECK(trust_init(&t.state, &o, NULL, &e) == E_USAGE);
	CHECK(strstr(e.hint, "--csr") && !fs_exists(t.state.fd, "trust/keys/default.pem") &&
	      !fs_exists(t.state.fd, "trust/keys/default.pub"));
	CHECK(count(&t, NULL, NULL) == 1);
	/* What cannot be looked at is not taken for none, and replaced. */
	CHECK(symlinkat("elsewhere.pem", t.state.fd, "trust/keys/default.pem") == 0);
	CHECK(trust_init(&t.state, &within, NULL, &e) < 0);
	CHECK(unlinkat(t.state.fd, "trust/keys/default.pem", 0) == 0);
	CHECK(trust_init(&t.state, &within, NULL, &e) == 0);
	CHECK(count(&t, "ca", "default") == 1);
}

TEST(statements_of_their_own)
{
	auto_buf one = BUF_INIT(LIMIT_PEM_CERTS), two = BUF_INIT(LIMIT_PEM_CERTS),
		 three = BUF_INIT(LIMIT_PEM_CERTS);
	struct err e = ERR_INIT;
	char is[400];
	auto_temp t;

	temp_open(&t);
	make_ca("one", &one, NULL);
	make_ca("two", &two, NULL);
	make_ca("three", &three, NULL);
	CHECK(add(&t, &one, NULL, "one", ACME, &e) == 0);
	CHECK(add_for(&t, &two, "two", "*", "a.b/two", &e) == 0);
	statement(&t, 0, is);
	CHECK_STR(is, "default 1/1");
	statement(&t, 1, is);
	CHECK_STR(is, "two 1/*");
	/* The same repository: its statement, by the same rule, and "*" is what it gets there. */
	CHECK(add_for(&t, &three, "three", OTHER, "a.b/two", &e) == E_USAGE);
	CHECK(add_for(&t, &three, "three", "*", "a.b/two", &e) == 0);
	statement(&t, 1, is);
	CHECK_STR(is, "two 2/*");
	/* A store that is named already would gain by the other's names. */
	CHECK(add_for(&t, &three, "one", "*", "a.b/three", &e) == E_USAGE);
	/* Names are unique. */
	CHECK(add_for(&t, &two, "two", ACME, "a.b/four", &e) == 0);
	statement(&t, 2, is);
	CHECK_STR(is, "two-2 1/1");
	CHECK(add_for(&t, &two, "two", ACME, "a.b/*", &e) == E_FORMAT);
	CHECK(add_for(&t, &two, "two", ACME, "a.b/c:1", &e) == E_FORMAT);
}

/* Who is added counts wherever the store is named: that is asked for, or refused. */
TEST(no_other_statement_of_the_store)
{
	auto_buf ca = BUF_INIT(LIMIT_PEM_CERTS), own = BUF_INIT(LIMIT_PEM_CERTS),
		 next = BUF_INIT(LIMIT_PEM_CERTS), dev = BUF_INIT(LIMIT_PEM_CERTS);
	struct err e = ERR_INIT;
	auto_temp t;

	temp_open(&t);
	make_ca("dev", &ca, NULL);
	make_own(OTHER ",CN=own", &own);
	make_own(OTHER ",CN=own", &next);
	make_own(OTHER ",CN=own", &dev);
	CHECK(add(&t, &own, NULL, NULL, NULL, &e) == 0);
	CHECK(add_for(&t, &ca, "default", ACME, "a.b/dev", &e) == E_USAGE);
	CHECK(strstr(e.msg, "would count for statement 'default', too"));
	CHECK(strstr(e.hint, "--store NAME"));
	/* Nor one who calls himself as another does. */
	CHECK(add_for(&t, &dev, "default", OTHER, "a.b/dev", &e) == E_USAGE);
	CHECK(count(&t, NULL, NULL) == 1);
	CHECK(add_for(&t, &ca, "dev", ACME, "a.b/dev", &e) == 0);
	/* The same signer's next certificate, and a store that two statements name. */
	CHECK(add_for(&t, &own, "default", OTHER, "a.b/web", &e) == 0);
	CHECK(add(&t, &next, NULL, NULL, NULL, &e) == 0);
	CHECK(count(&t, "ca", "default") == 2);
}

/* A CA beside a signer may call itself as he does, whoever was there first. */
TEST(the_order_decides_nothing)
{
	auto_buf ca = BUF_INIT(LIMIT_PEM_CERTS);
	const struct trust_init_opts o = { .kind = KEY_EC_P256, .subject = OTHER ",CN=own" };
	struct err e = ERR_INIT;
	auto_temp t;

	temp_open(&t);
	make_ca("one", &ca, NULL);
	CHECK(trust_init(&t.state, &o, NULL, &e) == 0);
	CHECK(add(&t, &ca, NULL, "one", ACME, &e) == E_USAGE);
	CHECK(strstr(e.msg, "could sign as others of statement 'default', too"));
	CHECK(count(&t, NULL, NULL) == 1);
	CHECK(add(&t, &ca, NULL, "one", OTHER, &e) == 0);
	CHECK(add(&t, &ca, NULL, "one", OTHER, &e) == 0);
}

TEST(types)
{
	auto_buf one = BUF_INIT(LIMIT_PEM_CERTS);
	auto_json *added = NULL;
	struct err e = ERR_INIT;
	char is[400];
	auto_temp t;

	temp_open(&t);
	make_ca("one", &one, NULL);
	CHECK(add(&t, &one, "tsa", "clock", NULL, &e) == 0);
	CHECK(!fs_exists(t.state.fd, "trust/trustpolicy.json"));
	CHECK(add(&t, &one, "tsa", "clock", "*", &e) == E_USAGE);
	CHECK(add(&t, &one, "TSA", "clock", NULL, &e) == E_USAGE);
	CHECK(add(&t, &one, "signingAuthority", "sa", ACME, &e) == 0);
	statement(&t, 0, is);
	CHECK_STR(is, "default 1/1");
	CHECK(count(&t, "tsa", NULL) == 1 && count(&t, "signingAuthority", NULL) == 1 &&
	      count(&t, "ca", NULL) == 0 && count(&t, NULL, "clock") == 1 &&
	      count(&t, NULL, NULL) == 2);
	CHECK(trust_list(&t.state, &(struct trust_where){ "x", NULL }, &added, &e) == E_USAGE);
}

/* Removing. */

static int take(const struct temp *t, const char *name, const char *type, const char *store,
		json_t **ret, struct err *e)
{
	const struct trust_where where = { type, store };

	json_decref(*ret);
	*ret = NULL;
	return trust_remove(&t->state, name, &where, ret, e);
}

static void put(const struct temp *t, const char *path, const struct buf *a, const struct buf *b)
{
	auto_buf both = BUF_INIT(LIMIT_PEM_CERTS);
	struct err e = ERR_INIT;

	buf_put(&both, a->p, a->n);
	if (b)
		buf_put(&both, b->p, b->n);
	CHECK(fs_write_file(t->state.fd, path, both.p, both.n, 0600, &e) == 0);
}

TEST(removing_by_fingerprint_and_file)
{
	auto_buf one = BUF_INIT(LIMIT_PEM_CERTS), two = BUF_INIT(LIMIT_PEM_CERTS),
		 out = BUF_INIT(LIMIT_PEM_CERTS);
	char hex[THUMBPRINT_MAX], other[THUMBPRINT_MAX], colons[128] = "SHA256:";
	auto_json *gone = NULL;
	struct err e = ERR_INIT;
	auto_temp t;

	temp_open(&t);
	make_ca("one", &one, hex);
	make_ca("two", &two, other);
	CHECK(add(&t, &one, NULL, "a", "*", &e) == 0 && add(&t, &one, "tsa", "b", NULL, &e) == 0);
	put(&t, "trust/truststore/x509/ca/a/both.crt", &one, &two);
	/* A file of two certificates, by its name and by one of them. */
	CHECK(trust_export(&t.state, "both.crt", NULL, &out, &e) == 0);
	CHECK(out.n == one.n + two.n);
	/* By a fingerprint as other commands print it. */
	buf_reset(&out);
	(void)snprintf(colons, sizeof(colons), "sha256:%s", other);
	CHECK(trust_export(&t.state, colons, NULL, &out, &e) == 0 && out.n == two.n);
	CHECK(trust_export(&t.state, "AB:CD:EF:01", NULL, &out, &e) == E_NOTFOUND);
	/* A name of a key elsewhere may hold a secret. */
	CHECK(trust_export(&t.state, "exec:/bin/x?token=SECRET", NULL, &out, &e) == E_NOTFOUND);
	CHECK(strstr(e.msg, "exec:/bin/x") && !strstr(e.msg, "SECRET"));
	CHECK(take(&t, other, NULL, NULL, &gone, &e) == 0 && json_array_size(gone) == 1);
	CHECK_STR(json_string_or_null(json_array_get(gone, 0), "file"), "both.crt");
	CHECK(count(&t, "ca", NULL) == 2);
	/* Where a type is given, only there; else everywhere, each of them told. */
	CHECK(take(&t, hex, "tsa", "a", &gone, &e) == E_NOTFOUND);
	CHECK(take(&t, hex, "tsa", NULL, &gone, &e) == 0 && json_array_size(gone) == 1);
	CHECK_STR(json_string_or_null(json_array_get(gone, 0), "thumbprint"), hex);
	CHECK(count(&t, "tsa", NULL) == 0 && count(&t, "ca", NULL) == 2);
	/* As openssl prints it. */
	colons[0] = '\0';
	for (size_t i = 0; i < 12; i++)
		(void)snprintf(colons + strlen(colons), sizeof(colons) - strlen(colons), "%s%c",
			       i && i % 2 == 0 ? ":" : "", hex[i] - (hex[i] >= 'a' ? 32 : 0));
	CHECK(take(&t, colons, NULL, NULL, &gone, &e) == 0 && json_array_size(gone) == 2);
	CHECK(count(&t, NULL, NULL) == 0);
	CHECK(!fs_exists(t.state.fd, "trust/truststore/x509/ca/a/both.crt"));
	CHECK(take(&t, hex, NULL, NULL, &gone, &e) == E_NOTFOUND);
}

/* Here by the name of their files; two fingerprints that begin alike are not made in a test. */
TEST(what_fits_two_is_refused)
{
	auto_buf one = BUF_INIT(LIMIT_PEM_CERTS), two = BUF_INIT(LIMIT_PEM_CERTS),
		 out = BUF_INIT(LIMIT_PEM_CERTS);
	auto_json *gone = NULL;
	struct err e = ERR_INIT;
	auto_temp t;

	temp_open(&t);
	make_ca("one", &one, NULL);
	make_ca("two", &two, NULL);
	CHECK(add(&t, &one, NULL, "a", "*", &e) == 0 && add(&t, &two, NULL, "b", "*", &e) == 0);
	put(&t, "trust/truststore/x509/ca/a/root.pem", &one, NULL);
	put(&t, "trust/truststore/x509/ca/b/root.pem", &two, NULL);
	CHECK(take(&t, "root.pem", NULL, NULL, &gone, &e) == E_USAGE && !gone);
	CHECK(strstr(e.msg, "more than one certificate") && strstr(e.hint, "--store"));
	CHECK(trust_export(&t.state, "root.pem", NULL, &out, &e) == E_USAGE && out.n == 0);
	CHECK(count(&t, NULL, NULL) == 4);
	CHECK(take(&t, "root.pem", NULL, "b", &gone, &e) == 0);
	CHECK(count(&t, NULL, "b") == 1 && count(&t, NULL, "a") == 2);
	CHECK(take(&t, "../b/root.pem", NULL, NULL, &gone, &e) == E_NOTFOUND);
	CHECK(take(&t, "abcde", NULL, NULL, &gone, &e) == E_NOTFOUND);
}

/* A CA's revocation by the fingerprint of a certificate in any kind of store. */
TEST(revoking_what_is_in_other_stores)
{
	auto_buf one = BUF_INIT(LIMIT_PEM_CERTS);
	char hex[THUMBPRINT_MAX];
	struct trust_revocation what = { .name = hex };
	struct withdrawal w = { 0 };
	struct err e = ERR_INIT;
	bool changed = false;
	auto_temp t;

	temp_open(&t);
	make_ca("one", &one, hex);
	CHECK(add(&t, &one, "signingAuthority", "sa", ACME, &e) == 0);
	CHECK(trust_revoke(&t.state, &what, &w, &changed, &e) == 0 && changed);
	CHECK_STR(w.subject, "CN=one,O=acme,ST=WA,C=US");
}

TAP_MAIN()
