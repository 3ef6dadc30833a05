/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "chain_maker.h"
#include "tap.h"

static const struct spec leaf = LEAF_SPEC;

static int check(const struct spec *specs, size_t n, struct err *e)
{
	auto_chain c = { .n = 0 };

	maker_chain(specs, n, &c, NULL);
	return chain_check(&c, e);
}

/* The leaf alone, self-signed, with a fault; the message must name it. */
static void refuse_leaf(struct spec s, const char *message)
{
	struct err e = ERR_INIT;

	CHECK(check(&s, 1, &e) == E_VERIFY);
	if (!strstr(e.msg, message))
		printf("# got: %s\n", e.msg);
	CHECK(strstr(e.msg, message) != NULL);
}

static void refuse_ca(struct spec ca, const char *message)
{
	struct err e = ERR_INIT;
	const struct spec specs[] = { leaf, ca };

	CHECK(check(specs, 2, &e) == E_VERIFY);
	if (!strstr(e.msg, message))
		printf("# got: %s\n", e.msg);
	CHECK(strstr(e.msg, message) != NULL);
}

static struct cert *make(enum key_kind kind, const char *subject, int days, struct err *e)
{
	auto_release(key_free) struct key *k = NULL;
	auto_dn d = { .n = 0 };
	struct cert *c = NULL;

	if (key_generate(kind, &k, e) == 0 && dn_parse(str_of(subject), &d, e) == 0)
		(void)cert_make_self_signed(k, &d, clock_now(), days, &c, e);
	return c;
}

TEST(made_certificate)
{
	static const enum key_kind kinds[] = { KEY_EC_P256, KEY_EC_P384 };

	for (size_t i = 0; i < 2; i++) {
		struct err e = ERR_INIT;
		struct cert *c = make(kinds[i], "C=US,ST=WA,O=acme,CN=build", 30, &e);
		auto_chain chain = { .v = { c }, .n = c ? 1 : 0 };
		auto_buf dn = BUF_INIT(LIMIT_DN_TEXT);
		auto_release(key_free) struct key *k = NULL;

		CHECK(c != NULL);
		CHECK(chain_check(&chain, &e) == 0);
		CHECK(chain_valid_at(&chain, clock_now(), &e) == 0);
		CHECK(chain_valid_at(&chain, cert_not_after(c), &e) == 0);
		CHECK(chain_valid_at(&chain, cert_not_after(c) + 1, &e) == E_VERIFY);
		CHECK(chain_valid_at(&chain, cert_not_before(c), &e) == 0);
		CHECK(chain_valid_at(&chain, cert_not_before(c) - 1, &e) == E_VERIFY);
		CHECK(cert_not_after(c) - cert_not_before(c) == 30 * 86400 - 1);
		CHECK(!cert_is_ca(c) && cert_is_self_signed(c) && !cert_names_revocation(c));
		dn_text(cert_subject(c), &dn);
		CHECK_STR(buf_str(&dn), "CN=build,O=acme,ST=WA,C=US");
		CHECK(cert_key(c, &k, &e) == 0 && key_kind(k) == kinds[i]);
	}
}

TEST(make_refusals)
{
	struct err e = ERR_INIT;

	CHECK(!make(KEY_EC_P256, "ST=WA,O=acme,CN=x", 30, &e) && e.code == E_USAGE);
	CHECK(!make(KEY_EC_P256, "C=USA,ST=WA,O=acme,CN=x", 30, &e) && e.code == E_USAGE);
	CHECK(!make(KEY_EC_P256, "C=US,ST=WA,O=acme", 30, &e) && e.code == E_USAGE);
	CHECK(!make(KEY_EC_P256, "C=US,ST=WA,O=acme,CN=x", 0, &e) && e.code == E_USAGE);
	CHECK(!make(KEY_EC_P256, "C=US,ST=WA,O=acme,CN=x", LIMIT_CERT_DAYS + 1, &e) &&
	      e.code == E_USAGE);
}

TEST(pem_round_trip)
{
	struct err e = ERR_INIT;
	const struct spec specs[] = { leaf, CA_SPEC("root") };
	auto_chain c = { .n = 0 }, back = { .n = 0 }, der = { .n = 0 };
	auto_buf pem = BUF_INIT(LIMIT_PEM_CERTS);
	char a[THUMBPRINT_MAX], b[THUMBPRINT_MAX];

	maker_chain(specs, 2, &c, NULL);
	CHECK(cert_to_pem(c.v[0], &pem, &e) == 0 && cert_to_pem(c.v[1], &pem, &e) == 0);
	CHECK(chain_from_file((struct str){ pem.p, pem.n }, &back, &e) == 0);
	CHECK(back.n == 2 && cert_equal(c.v[0], back.v[0]) && cert_equal(c.v[1], back.v[1]));
	CHECK(!cert_equal(c.v[0], c.v[1]));
	cert_thumbprint(c.v[0], a);
	cert_thumbprint(back.v[0], b);
	CHECK_STR(a, b);
	CHECK(strlen(a) == 64);
	CHECK(chain_from_file(cert_der(c.v[1]), &der, &e) == 0 && der.n == 1);
}

TEST(file_refusals)
{
	static const char *const bad[] = {
		"",
		"\n",
		"hello",
		"-----BEGIN CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		"\x30",
		"\x30\x03\x02\x01\x01"
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = ERR_INIT;
		struct chain c = { .n = 99 };

		CHECK(chain_from_file(str_of(bad[i]), &c, &e) == E_FORMAT);
		CHECK(c.n == 99);
	}
}

TEST(chains_of_all_lengths)
{
	struct spec specs[LIMIT_CHAIN + 1] = { leaf };

	for (size_t i = 1; i <= LIMIT_CHAIN; i++)
		specs[i] = (struct spec)CA_SPEC("ca");
	for (size_t i = 1; i < LIMIT_CHAIN; i++) {
		static const char *const names[] = { "1", "2", "3", "4", "5", "6", "7", "8", "9" };

		specs[i].name = names[i - 1];
	}
	for (size_t n = 1; n <= LIMIT_CHAIN; n++) {
		struct err e = ERR_INIT;

		CHECK(check(specs, n, &e) == 0);
		if (e.code)
			printf("# %zu: %s\n", n, e.msg);
	}

	struct err e = ERR_INIT;
	auto_chain full = { .n = 0 };

	maker_chain(specs, LIMIT_CHAIN, &full, NULL);
	CHECK(chain_add(&full, cert_der(full.v[0]).p, cert_der(full.v[0]).n, &e) == E_FORMAT);
	CHECK(full.n == LIMIT_CHAIN);
}

TEST(empty_chain)
{
	struct err e = ERR_INIT;
	struct chain c = { .n = 0 };

	CHECK(chain_check(&c, &e) == E_VERIFY);
}

TEST(leaf_rules)
{
	struct spec s;

#define BAD(field, value, message) (s = leaf, s.field = (value), refuse_leaf(s, message))
	BAD(basic, "critical,CA:TRUE", "CA certificate may not sign");
	BAD(usage, NULL, "keyUsage");
	BAD(usage, "digitalSignature", "keyUsage must be critical");
	BAD(usage, "critical,nonRepudiation", "digitalSignature");
	BAD(usage, "critical,digitalSignature,keyCertSign", "more than signing");
	BAD(usage, "critical,digitalSignature,cRLSign", "more than signing");
	BAD(usage, "critical,digitalSignature,keyEncipherment", "more than signing");
	BAD(usage, "critical,digitalSignature,dataEncipherment", "more than signing");
	BAD(usage, "critical,digitalSignature,keyAgreement", "more than signing");
	BAD(usage, "critical,digitalSignature,encipherOnly", "more than signing");
	BAD(usage, "critical,digitalSignature,decipherOnly", "more than signing");
	BAD(ext_usage, "codeSigning,serverAuth", "serverAuth");
	BAD(ext_usage, "clientAuth", "clientAuth");
	BAD(ext_usage, "emailProtection", "emailProtection");
	BAD(ext_usage, "timeStamping", "timeStamping");
	BAD(ext_usage, "OCSPSigning", "OCSPSigning");
	BAD(ext_usage, "anyExtendedKeyUsage", "anyExtendedKeyUsage");
	BAD(md, EVP_sha1(), "hash other than");
	BAD(curve, "secp256k1", "curve");
	BAD(curve, "ED25519", "hash other than"); /* its signature names none */
	BAD(curve, "RSA1024", "RSA key of 1024 bits");
	BAD(version_1, 1, "version 3");
	BAD(extra_critical, "critical,permitted;DNS:example.com", "critical extension");
#undef BAD
	struct err e = ERR_INIT;
	struct spec good = leaf;

	good.usage = "critical,digitalSignature,nonRepudiation";
	good.ext_usage = NULL;
	good.curve = "RSA2048";
	good.extra_critical = "permitted;DNS:example.com"; /* not critical: ignored */
	CHECK(check(&good, 1, &e) == 0);
}

TEST(ca_rules)
{
	struct spec s;

#define BAD(field, value, message)                                                                 \
	(s = (struct spec)CA_SPEC("root"), s.field = (value), refuse_ca(s, message))
	BAD(basic, NULL, "basicConstraints");
	BAD(basic, "CA:TRUE", "must be critical");
	BAD(basic, "critical,CA:FALSE", "CA=true");
	BAD(usage, NULL, "keyUsage");
	BAD(usage, "keyCertSign", "must be critical");
	BAD(usage, "critical,cRLSign", "keyCertSign");
	BAD(curve, "RSA1024", "1024 bits");
	BAD(md, EVP_sha1(), "hash other than");
#undef BAD
	struct err e = ERR_INIT;
	struct spec path[] = { leaf, CA_SPEC("mid"), CA_SPEC("root") };

	path[2].basic = "critical,CA:TRUE,pathlen:1";
	CHECK(check(path, 3, &e) == 0);
	path[2].basic = "critical,CA:TRUE,pathlen:0";
	CHECK(check(path, 3, &e) == E_VERIFY && strstr(e.msg, "path length"));
}

TEST(order_and_completeness)
{
	const struct spec specs[] = { leaf, CA_SPEC("mid"), CA_SPEC("root") };
	static const struct {
		size_t pick[4];
		size_t n;
		const char *message;
	} bad[] = {
		{ { 0, 1 }, 2, "not a self-signed root" },
		{ { 0, 2, 1 }, 3, "not issued by the next" },
		{ { 0, 2 }, 2, "not issued by the next" },
		{ { 0, 1, 2, 2 }, 4, "self-signed but not the last" }, /* the root twice */
		{ { 1, 2 }, 2, "CA certificate may not sign" },
		{ { 0 }, 1, "not a self-signed root" },
		{ { 0, 0, 1, 2 }, 4, "keyCertSign" },
	};
	auto_chain c = { .n = 0 };

	maker_chain(specs, 3, &c, NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = ERR_INIT;
		struct chain view = { .n = bad[i].n }; /* borrows */

		for (size_t j = 0; j < bad[i].n; j++)
			view.v[j] = c.v[bad[i].pick[j]];
		CHECK(chain_check(&view, &e) == E_VERIFY);
		if (!strstr(e.msg, bad[i].message))
			printf("# %zu: %s\n", i, e.msg);
		CHECK(strstr(e.msg, bad[i].message) != NULL);
	}
}

/* Another CA of the same name did not sign it. */
TEST(same_name_other_key)
{
	struct err e = ERR_INIT;
	const struct spec specs[] = { leaf, CA_SPEC("root") };
	auto_chain a = { .n = 0 }, b = { .n = 0 };

	maker_chain(specs, 2, &a, NULL);
	maker_chain(specs, 2, &b, NULL);

	struct chain mixed = { .v = { a.v[0], b.v[1] }, .n = 2 };

	CHECK(chain_check(&mixed, &e) == E_VERIFY && strstr(e.msg, "not issued by the next"));
}

/* Every byte of every certificate, in turn: unreadable, or not the same chain any more. */
TEST(flip_every_byte)
{
	const struct spec specs[] = { leaf, CA_SPEC("root") };
	auto_chain c = { .n = 0 };

	maker_chain(specs, 2, &c, NULL);
	for (size_t which = 0; which < 2; which++) {
		struct str der = cert_der(c.v[which]);
		auto_free char *copy = malloc(der.n);
		unsigned accepted = 0;

		if (!copy)
			return;
		for (size_t i = 0; i < der.n; i++) {
			struct err e = ERR_INIT;
			auto_release(cert_free) struct cert *x = NULL;

			memcpy(copy, der.p, der.n);
			copy[i] = (char)(copy[i] ^ 1);
			if (cert_from_der(copy, der.n, &x, &e) < 0)
				continue;

			struct chain view = { .v = { which ? c.v[0] : x, which ? x : c.v[1] },
					      .n = 2 };

			accepted += chain_check(&view, &e) == 0;
		}
		CHECK(accepted == 0);
	}
}

TEST(bytes_behind_and_limit)
{
	struct err e = ERR_INIT;
	auto_chain c = { .n = 0 };
	struct cert *x = NULL;
	auto_free char *big = calloc(1, LIMIT_CERT + 1);

	maker_chain(&leaf, 1, &c, NULL);
	if (!big)
		return;
	memcpy(big, cert_der(c.v[0]).p, cert_der(c.v[0]).n);
	CHECK(cert_from_der(big, cert_der(c.v[0]).n + 1, &x, &e) == E_FORMAT);
	CHECK(strstr(e.msg, "bytes behind") != NULL);
	CHECK(cert_from_der(big, LIMIT_CERT, &x, &e) == E_FORMAT && strstr(e.msg, "bytes behind"));
	CHECK(cert_from_der(big, LIMIT_CERT + 1, &x, &e) == E_FORMAT && strstr(e.msg, "want 1 to"));
	CHECK(cert_from_der(big, 0, &x, &e) == E_FORMAT);
}

TAP_MAIN()
