/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A CA in the test's own process, which tells by CRL and OCSP what it revoked. */
#include <openssl/ocsp.h>

#include "chain_maker.h"
#include "crypto/revocation.h"

#define CRL_URL "http://127.0.0.1:1/ca.crl"
#define OCSP_URL "http://127.0.0.1:1/ocsp"

struct issuer {
	EVP_PKEY *key, *leaf_key, *responder_key;
	X509 *x, *leaf_x, *responder_x;
	struct chain chain; /* leaf, CA */
	int64_t now;
};

__attribute__((unused)) static void issuer_open_as(struct issuer *i, const struct spec specs[2],
						   const char *responder_for)
{
	const struct spec responder = { .name = "responder",
					.usage = "critical,digitalSignature",
					.ext_usage = responder_for };

	*i = (struct issuer){ .key = maker_key(specs[1].curve),
			      .leaf_key = maker_key(specs[0].curve),
			      .responder_key = maker_key(NULL) };
	i->x = maker_cert(&specs[1], i->key, NULL, NULL);
	i->leaf_x = maker_cert(&specs[0], i->leaf_key, i->x, i->key);
	i->responder_x = maker_cert(&responder, i->responder_key, i->x, i->key);
	maker_add(&i->chain, i->leaf_x);
	maker_add(&i->chain, i->x);
	i->now = (int64_t)time(NULL);
}

__attribute__((unused)) static void issuer_close(struct issuer *i)
{
	chain_free(&i->chain);
	EVP_PKEY_free(i->key);
	EVP_PKEY_free(i->leaf_key);
	EVP_PKEY_free(i->responder_key);
	X509_free(i->x);
	X509_free(i->leaf_x);
	X509_free(i->responder_x);
}
#define auto_issuer __attribute__((cleanup(issuer_close))) struct issuer

/* What a CRL or an answer is to say. Times are seconds from now. */
struct told {
	int revoked;	  /* 1: the leaf is on it, 2: another certificate */
	int reason;	  /* 0: none */
	long since;	  /* when */
	long invalid;	  /* 0: no invalidity date */
	long from, until; /* until 0: left out */
	const EVP_MD *md; /* NULL: SHA-256 */
	const char *idp;  /* "critical,..." of the issuing distribution point */
	int delta, entry_critical, by_other, twice; /* delta: the number that it begins with */
	int number;				    /* of the CRL; 0: none */
	const char *changes;			    /* "URI:..." of a delta CRL */
	X509 *signer;				    /* NULL: the issuer */
	EVP_PKEY *key;
	int unknown;
};

static void crl_ext(X509_CRL *crl, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	if (!e || X509_CRL_add_ext(crl, e, -1) != 1)
		abort();
	X509_EXTENSION_free(e);
}

static void crl_number(X509_CRL *crl, int nid, int number)
{
	ASN1_INTEGER *n = ASN1_INTEGER_new();

	(void)ASN1_INTEGER_set(n, number);
	if (number && X509_CRL_add1_ext_i2d(crl, nid, n, nid == NID_delta_crl, 0) != 1)
		abort();
	ASN1_INTEGER_free(n);
}

static void crl_entry(struct issuer *i, const struct told *o, X509_CRL *crl)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_TIME *when = ASN1_TIME_set(NULL, (time_t)(i->now + o->since));
	ASN1_INTEGER *other = ASN1_INTEGER_new();

	(void)ASN1_INTEGER_set(other, 1);
	(void)X509_REVOKED_set_serialNumber(
		entry, o->revoked == 2 ? other : X509_get_serialNumber(i->leaf_x));
	(void)X509_REVOKED_set_revocationDate(entry, when);
	if (o->reason) {
		ASN1_ENUMERATED *r = ASN1_ENUMERATED_new();

		(void)ASN1_ENUMERATED_set(r, o->reason);
		(void)X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, r, 0, 0);
		ASN1_ENUMERATED_free(r);
	}
	if (o->invalid) {
		ASN1_GENERALIZEDTIME *t =
			ASN1_GENERALIZEDTIME_set(NULL, (time_t)(i->now + o->invalid));

		(void)X509_REVOKED_add1_ext_i2d(entry, NID_invalidity_date, t, o->entry_critical,
						0);
		ASN1_GENERALIZEDTIME_free(t);
	}
	(void)X509_CRL_add0_revoked(crl, entry);
	ASN1_TIME_free(when);
	ASN1_INTEGER_free(other);
}

static void issuer_crl(struct issuer *i, const struct told *o, struct buf *ret)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *from = ASN1_TIME_set(NULL, (time_t)(i->now + o->from));
	ASN1_TIME *until = ASN1_TIME_set(NULL, (time_t)(i->now + o->until));
	unsigned char *der = NULL;
	int n;

	(void)X509_CRL_set_version(crl, 1);
	(void)X509_CRL_set_issuer_name(crl, X509_get_subject_name(o->by_other ? i->leaf_x : i->x));
	(void)X509_CRL_set1_lastUpdate(crl, from);
	if (o->until)
		(void)X509_CRL_set1_nextUpdate(crl, until);
	if (o->revoked)
		crl_entry(i, o, crl);
	if (o->idp)
		crl_ext(crl, NID_issuing_distribution_point, o->idp);
	crl_number(crl, NID_delta_crl, o->delta);
	crl_number(crl, NID_crl_number, o->number);
	if (o->changes)
		crl_ext(crl, NID_freshest_crl, o->changes);
	(void)X509_CRL_sort(crl);
	if (X509_CRL_sign(crl, o->key ? o->key : i->key, o->md ? o->md : EVP_sha256()) == 0)
		abort();
	n = i2d_X509_CRL(crl, &der);
	buf_put(ret, der, (size_t)n);
	OPENSSL_free(der);
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	X509_CRL_free(crl);
}

__attribute__((unused)) static void issuer_ocsp(struct issuer *i, const struct told *o,
						struct buf *ret)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	X509 *of = o->revoked == 2 ? i->responder_x : i->leaf_x;
	ASN1_TIME *from = ASN1_GENERALIZEDTIME_set(NULL, (time_t)(i->now + o->from));
	ASN1_TIME *until =
		o->until ? ASN1_GENERALIZEDTIME_set(NULL, (time_t)(i->now + o->until)) : NULL;
	ASN1_TIME *since = ASN1_GENERALIZEDTIME_set(NULL, (time_t)(i->now + o->since));
	int status = o->unknown	       ? V_OCSP_CERTSTATUS_UNKNOWN
		     : o->revoked == 1 ? V_OCSP_CERTSTATUS_REVOKED
				       : V_OCSP_CERTSTATUS_GOOD;
	OCSP_RESPONSE *resp;
	unsigned char *der = NULL;
	int n;

	for (int k = 0; k < 1 + o->twice; k++) {
		OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), of, i->x);

		if (!OCSP_basic_add1_status(basic, id, k ? V_OCSP_CERTSTATUS_GOOD : status,
					    o->reason ? o->reason : -1,
					    status == V_OCSP_CERTSTATUS_REVOKED ? since : NULL,
					    from, until))
			abort();
		OCSP_CERTID_free(id);
	}
	/* A delegate's certificate goes along; the issuer's own is known. */
	if (OCSP_basic_sign(basic, o->signer ? o->signer : i->x, o->key ? o->key : i->key,
			    o->md ? o->md : EVP_sha256(), NULL, o->signer ? 0 : OCSP_NOCERTS) != 1)
		abort();
	resp = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	n = i2d_OCSP_RESPONSE(resp, &der);
	buf_put(ret, der, (size_t)n);
	OPENSSL_free(der);
	OCSP_RESPONSE_free(resp);
	OCSP_BASICRESP_free(basic);
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	ASN1_TIME_free(since);
}
