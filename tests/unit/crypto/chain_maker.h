/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Makes certificate chains for tests, good ones and ones with a single fault. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/x509.h"

struct spec {
	const char *name;  /* common name */
	const char *curve; /* NULL: P-256; "RSA2048", "RSA3072", "RSA4096", "RSA1024", "ED25519" */
	const char *basic; /* NULL: left out */
	const char *usage; /* NULL: left out */
	const char *ext_usage;
	const char *extra_critical; /* one more extension: "nameConstraints" text, or NULL */
	const EVP_MD *md;	    /* NULL: SHA-256 */
	int from_days, days;	    /* 0, 0: from an hour ago, 30 days */
	int version_1;
	const char *crl;  /* "URI:http://..." */
	const char *info; /* "OCSP;URI:http://..." */
};

#define LEAF_SPEC                                                                                  \
	{ .name = "leaf", .usage = "critical,digitalSignature", .ext_usage = "codeSigning" }
#define CA_SPEC(cn) { .name = (cn), .basic = "critical,CA:TRUE", .usage = "critical,keyCertSign" }

static EVP_PKEY *maker_key(const char *curve)
{
	if (curve && strcmp(curve, "RSA2048") == 0)
		return EVP_RSA_gen(2048);
	if (curve && strcmp(curve, "RSA3072") == 0)
		return EVP_RSA_gen(3072);
	if (curve && strcmp(curve, "RSA4096") == 0)
		return EVP_RSA_gen(4096);
	if (curve && strcmp(curve, "RSA1024") == 0)
		return EVP_RSA_gen(1024);
	if (curve && strcmp(curve, "ED25519") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return EVP_EC_gen(curve ? curve : "P-256");
}

static void maker_name(X509_NAME *n, const char *cn)
{
	static const char *const fixed[][2] = { { "C", "US" }, { "ST", "WA" }, { "O", "acme" } };

	for (size_t i = 0; i < 3; i++)
		(void)X509_NAME_add_entry_by_txt(n, fixed[i][0], MBSTRING_UTF8,
						 (const unsigned char *)fixed[i][1], -1, -1, 0);
	/* X.509's limit of 64 is not asked for of what is UTF-8 already. */
	(void)X509_NAME_add_entry_by_txt(n, "CN", V_ASN1_UTF8STRING, (const unsigned char *)cn, -1,
					 -1, 0);
}

static void maker_ext(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e;

	if (!value)
		return;
	e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	if (!e)
		abort();
	(void)X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
}

/* issuer NULL: self-signed. */
static X509 *maker_cert(const struct spec *s, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
	static long serial = 42;
	X509 *x = X509_new();
	long from = s->from_days || s->days ? s->from_days * 86400L : -3600;

	(void)X509_set_version(x, s->version_1 ? 0 : 2);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
	(void)X509_gmtime_adj(X509_getm_notBefore(x), from);
	(void)X509_gmtime_adj(X509_getm_notAfter(x), from + (s->days ? s->days : 30) * 86400L);
	maker_name(X509_get_subject_name(x), s->name);
	(void)X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x));
	(void)X509_set_pubkey(x, key);
	maker_ext(x, NID_basic_constraints, s->basic);
	maker_ext(x, NID_key_usage, s->usage);
	maker_ext(x, NID_ext_key_usage, s->ext_usage);
	maker_ext(x, NID_name_constraints, s->extra_critical);
	maker_ext(x, NID_crl_distribution_points, s->crl);
	maker_ext(x, NID_info_access, s->info);
	if (X509_sign(x, issuer ? issuer_key : key,
		      EVP_PKEY_is_a(issuer ? issuer_key : key, "ED25519") ? NULL
		      : s->md ? s->md
			      : EVP_sha256()) == 0)
		abort();
	return x;
}

static void maker_add(struct chain *c, X509 *x)
{
	unsigned char *der = NULL;
	struct err e = ERR_INIT;
	int n = i2d_X509(x, &der);

	if (n <= 0 || chain_add(c, der, (size_t)n, &e) < 0) {
		(void)printf("# chain_add: %s\n", e.msg);
		abort();
	}
	OPENSSL_free(der);
}

static void maker_pem(EVP_PKEY *key, struct buf *ret)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p;
	long n;

	(void)PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	n = BIO_get_mem_data(bio, &p);
	buf_put(ret, p, (size_t)n);
	(void)BIO_free(bio);
}

/* specs leaf first, root last; the chain in that order. leaf_pem may be NULL. */
__attribute__((unused)) static void maker_chain(const struct spec *specs, size_t n,
						struct chain *ret, struct buf *leaf_pem)
{
	EVP_PKEY *keys[LIMIT_CHAIN + 1] = { 0 };
	X509 *certs[LIMIT_CHAIN + 1] = { 0 };

	for (size_t i = n; i-- > 0;) {
		keys[i] = maker_key(specs[i].curve);
		certs[i] = maker_cert(&specs[i], keys[i], i + 1 < n ? certs[i + 1] : NULL,
				      i + 1 < n ? keys[i + 1] : NULL);
	}
	for (size_t i = 0; i < n && ret->n < LIMIT_CHAIN; i++)
		maker_add(ret, certs[i]);
	if (leaf_pem)
		maker_pem(keys[0], leaf_pem);
	for (size_t i = 0; i < n; i++) {
		EVP_PKEY_free(keys[i]);
		X509_free(certs[i]);
	}
}
