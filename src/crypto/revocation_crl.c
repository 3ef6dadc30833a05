/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/x509v3.h>
#include <string.h>

#include "crypto/revocation_internal.h"

DEFINE_RELEASE_VOID(X509_CRL, X509_CRL_free)
DEFINE_RELEASE_VOID(ISSUING_DIST_POINT, ISSUING_DIST_POINT_free)
DEFINE_RELEASE_VOID(ASN1_GENERALIZEDTIME, ASN1_GENERALIZEDTIME_free)
DEFINE_RELEASE_VOID(ASN1_ENUMERATED, ASN1_ENUMERATED_free)
DEFINE_RELEASE_VOID(ASN1_INTEGER, ASN1_INTEGER_free)
DEFINE_RELEASE_VOID(CRL_DIST_POINTS, CRL_DIST_POINTS_free)

enum { REASON_HOLD = 6 };

/* A CRL may be cut into parts: the one that was fetched must be the certificate's. */
static bool names_one_of(const DIST_POINT_NAME *point, const struct revocation_sources *s)
{
	if (point->type != 0)
		return false;
	for (int i = 0; i < sk_GENERAL_NAME_num(point->name.fullname); i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(point->name.fullname, i);
		struct str url;

		if (n->type != GEN_URI)
			continue;
		url.p = (const char *)ASN1_STRING_get0_data(n->d.uniformResourceIdentifier);
		url.n = (size_t)ASN1_STRING_length(n->d.uniformResourceIdentifier);
		for (size_t j = 0; j < s->crl_n; j++)
			if (str_eqz(url, s->crl[j]))
				return true;
	}
	return false;
}

static int check_scope(const ISSUING_DIST_POINT *idp, const struct cert *c, struct err *e)
{
	struct revocation_sources s;
	bool ca = cert_is_ca(c);
	int r;

	if (idp->indirectCRL > 0 || idp->onlysomereasons || idp->onlyattr > 0)
		return FAIL(e, E_VERIFY,
			    "it does not tell all: of other issuers, for some reasons, "
			    "or of attributes only");
	if ((idp->onlyuser > 0 && ca) || (idp->onlyCA > 0 && !ca))
		return FAIL(e, E_VERIFY, "it is of another kind of certificates");
	if (!idp->distpoint)
		return 0;
	r = revocation_sources(c, &s, e);
	if (r < 0)
		return r;
	return names_one_of(idp->distpoint, &s)
		       ? 0
		       : FAIL(e, E_VERIFY, "it is the part of other certificates");
}

static int check_extensions(X509_CRL *crl, bool delta, const struct cert *c, struct err *e)
{
	int crit = 0;
	auto_release(ISSUING_DIST_POINT_free) ISSUING_DIST_POINT *idp =
		X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, &crit, NULL);

	if (!idp && crit != -1)
		return FAIL_SSL(e, E_FORMAT, "issuing distribution point");
	if (delta != (X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) >= 0))
		return FAIL(e, E_VERIFY,
			    delta ? "it is not a delta CRL"
				  : "it is a delta CRL, in the place of a complete one");
	for (int i = 0; i < X509_CRL_get_ext_count(crl); i++) {
		X509_EXTENSION *ext = X509_CRL_get_ext(crl, i);
		int nid = OBJ_obj2nid(X509_EXTENSION_get_object(ext));

		if (X509_EXTENSION_get_critical(ext) && nid != NID_issuing_distribution_point &&
		    nid != NID_delta_crl)
			return FAIL(e, E_VERIFY,
				    "it has a critical extension that is not understood");
	}
	return idp ? check_scope(idp, c, e) : 0;
}

static int check_signature(X509_CRL *crl, const struct cert *issuer, struct err *e)
{
	const X509_ALGOR *alg = NULL;
	EVP_PKEY *key = X509_get0_pubkey(issuer->x);

	X509_CRL_get0_signature(crl, NULL, &alg);
	if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(issuer->x)) != 0)
		return FAIL(e, E_VERIFY, "it is of another issuer");
	if (!(X509_get_key_usage(issuer->x) & KU_CRL_SIGN))
		return FAIL(e, E_VERIFY, "its issuer's certificate does not allow to sign it");
	if (!revocation_strong(alg))
		return FAIL(e, E_VERIFY, "it is signed with a hash other than SHA-2");
	if (!key || X509_CRL_verify(crl, key) != 1)
		return FAIL_SSL(e, E_VERIFY, "its signature does not hold");
	return 0;
}

/* A critical extension of any entry may change whose entry it is (RFC 5280 5.3.3). */
static int check_entries(X509_CRL *crl, struct err *e)
{
	STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(crl);

	for (int i = 0; i < sk_X509_REVOKED_num(list); i++) {
		const X509_REVOKED *entry = sk_X509_REVOKED_value(list, i);
		int at = -1;

		while ((at = X509_REVOKED_get_ext_by_critical(entry, 1, at)) >= 0)
			if (OBJ_obj2nid(X509_EXTENSION_get_object(
				    X509_REVOKED_get_ext(entry, at))) != NID_crl_reason)
				return FAIL(e, E_VERIFY,
					    "an entry has a critical extension that is not "
					    "understood");
	}
	return 0;
}

static int read_entry(X509_REVOKED *entry, struct revocation *ret, struct err *e)
{
	auto_release(ASN1_ENUMERATED_free) ASN1_ENUMERATED *reason =
		X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
	auto_release(ASN1_GENERALIZEDTIME_free) ASN1_GENERALIZEDTIME *invalid =
		X509_REVOKED_get_ext_d2i(entry, NID_invalidity_date, NULL, NULL);
	int code = reason ? (int)ASN1_ENUMERATED_get(reason) : -1;
	int r = revocation_time(X509_REVOKED_get0_revocationDate(entry), &ret->since, e);

	ret->status = REVOCATION_REVOKED;
	ret->reason = revocation_reason(code);
	ret->hold = code == REASON_HOLD;
	ret->invalid = 0;
	return r < 0 || !invalid ? r : revocation_time(invalid, &ret->invalid, e);
}

/* Where the changes are told, which this CRL does not have. */
static int read_changes(X509_CRL *crl, struct revocation *ret, struct err *e)
{
	int crit = 0;
	auto_release(CRL_DIST_POINTS_free) CRL_DIST_POINTS *points =
		X509_CRL_get_ext_d2i(crl, NID_freshest_crl, &crit, NULL);

	if (!points && crit != -1)
		return FAIL_SSL(e, E_FORMAT, "freshest CRL");
	ret->changes = points != NULL;
	if (!points || !revocation_point(points, ret->changes_url))
		ret->changes_url[0] = '\0';
	return 0;
}

/* Whose it is, and that it is valid. */
static int check_crl(X509_CRL *crl, bool delta, const struct cert *c, const struct cert *issuer,
		     int64_t now, int64_t *ret_until, struct err *e)
{
	int64_t from = 0;
	int r;

	if ((r = check_signature(crl, issuer, e)) < 0 ||
	    (r = check_extensions(crl, delta, c, e)) < 0 || (r = check_entries(crl, e)) < 0 ||
	    (r = revocation_time(X509_CRL_get0_lastUpdate(crl), &from, e)) < 0 ||
	    (r = revocation_time(X509_CRL_get0_nextUpdate(crl), ret_until, e)) < 0)
		return r;
	return revocation_current(from, *ret_until, now, e);
}

static int read_crl(X509_CRL *crl, const struct cert *c, const struct cert *issuer, int64_t now,
		    struct revocation *ret, struct err *e)
{
	X509_REVOKED *entry = NULL;
	int r = check_crl(crl, false, c, issuer, now, &ret->next_update, e);

	if (r < 0)
		return r;
	ret->reason = "";
	ret->status = REVOCATION_GOOD;
	if (X509_CRL_get0_by_cert(crl, &entry, c->x) != 0)
		r = read_entry(entry, ret, e);
	if (r == 0 && (ret->status == REVOCATION_GOOD || ret->hold))
		r = read_changes(crl, ret, e);
	return r;
}

static int parse(struct str bytes, X509_CRL **ret, struct err *e)
{
	const unsigned char *p = (const unsigned char *)bytes.p;
	auto_release(X509_CRL_free) X509_CRL *crl = NULL;

	if (bytes.n == 0 || bytes.n > LIMIT_CRL)
		return FAIL(e, E_FORMAT, "CRL: want 1 to %d bytes, got %zu", LIMIT_CRL, bytes.n);
	crl = d2i_X509_CRL(NULL, &p, (long)bytes.n);
	if (!crl || p != (const unsigned char *)bytes.p + bytes.n)
		return FAIL_SSL(e, E_FORMAT, "CRL");
	*ret = TAKE(crl);
	return 0;
}

int crl_read(struct str bytes, const struct cert *c, const struct cert *issuer, int64_t now,
	     struct revocation *ret, struct err *e)
{
	auto_release(X509_CRL_free) X509_CRL *crl = NULL;
	struct revocation res = { 0 };
	int r = parse(bytes, &crl, e);

	if (r < 0)
		return r;
	r = read_crl(crl, c, issuer, now, &res, e);
	ERR_clear_error();
	if (r < 0)
		return WRAP(e, r, "CRL");
	*ret = res;
	return 0;
}

static ASN1_INTEGER *number(X509_CRL *crl, int nid)
{
	return X509_CRL_get_ext_d2i(crl, nid, NULL, NULL);
}

/* The changes begin with the CRL that we have or an older one, and do not end before it. */
static int check_numbers(X509_CRL *delta, X509_CRL *crl, struct err *e)
{
	auto_release(ASN1_INTEGER_free) ASN1_INTEGER *begin = number(delta, NID_delta_crl);
	auto_release(ASN1_INTEGER_free) ASN1_INTEGER *end = number(delta, NID_crl_number);
	auto_release(ASN1_INTEGER_free) ASN1_INTEGER *have = number(crl, NID_crl_number);

	if (!begin || !end || !have)
		return FAIL_SSL(e, E_VERIFY, "it or its CRL has no number");
	if (ASN1_INTEGER_cmp(begin, have) > 0 || ASN1_INTEGER_cmp(end, have) < 0)
		return FAIL(e, E_VERIFY, "its changes are of %s CRL than the one that is here",
			    ASN1_INTEGER_cmp(begin, have) > 0 ? "a later" : "an older");
	return 0;
}

static int read_delta(X509_CRL *delta, X509_CRL *crl, const struct cert *c,
		      const struct cert *issuer, int64_t now, struct revocation *ret, struct err *e)
{
	X509_REVOKED *entry = NULL;
	int64_t until = 0;
	int r;

	if ((r = check_crl(delta, true, c, issuer, now, &until, e)) < 0 ||
	    (r = check_numbers(delta, crl, e)) < 0)
		return r;
	ret->changes = false;
	ret->next_update = until < ret->next_update ? until : ret->next_update;
	switch (X509_CRL_get0_by_cert(delta, &entry, c->x)) {
	case 0: return 0;
	case 1: return read_entry(entry, ret, e);
	default: break; /* removed from the CRL */
	}
	ret->status = REVOCATION_GOOD;
	ret->reason = "";
	ret->hold = false;
	return 0;
}

int crl_read_changes(struct str delta, struct str bytes, const struct cert *c,
		     const struct cert *issuer, int64_t now, struct revocation *ret, struct err *e)
{
	auto_release(X509_CRL_free) X509_CRL *crl = NULL;
	auto_release(X509_CRL_free) X509_CRL *changes = NULL;
	struct revocation res = *ret;
	int r;

	if ((r = parse(bytes, &crl, e)) == 0 && (r = parse(delta, &changes, e)) == 0)
		r = read_delta(changes, crl, c, issuer, now, &res, e);
	ERR_clear_error();
	if (r < 0)
		return WRAP(e, r, "delta CRL");
	*ret = res;
	return 0;
}
