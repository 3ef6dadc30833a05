/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "crypto/revocation_internal.h"

static void access_free(AUTHORITY_INFO_ACCESS *a)
{
	AUTHORITY_INFO_ACCESS_free(a);
}
DEFINE_RELEASE_VOID(AUTHORITY_INFO_ACCESS, access_free)
DEFINE_RELEASE_VOID(CRL_DIST_POINTS, CRL_DIST_POINTS_free)
DEFINE_RELEASE_VOID(RSA_PSS_PARAMS, RSA_PSS_PARAMS_free)

/* Only plain http: TLS would need an answer about its own certificates first. */
static void add_url(const GENERAL_NAME *name, char list[][LIMIT_REVOCATION_URL + 1], size_t *n)
{
	const ASN1_IA5STRING *s;
	const char *p;
	size_t len;

	if (name->type != GEN_URI || *n == LIMIT_REVOCATION_URLS)
		return;
	s = name->d.uniformResourceIdentifier;
	p = (const char *)ASN1_STRING_get0_data(s);
	len = (size_t)ASN1_STRING_length(s);
	if (len > LIMIT_REVOCATION_URL || len < 8 || strncasecmp(p, "http://", 7) != 0)
		return;
	for (size_t i = 0; i < len; i++)
		if (p[i] <= ' ' || p[i] > '~')
			return;
	memcpy(list[*n], p, len);
	list[(*n)++][len] = '\0';
}

static void read_points(const CRL_DIST_POINTS *points, struct revocation_sources *ret)
{
	for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
		const DIST_POINT *p = sk_DIST_POINT_value(points, i);

		/* Those of another issuer, or for some reasons only, do not tell all. */
		if (p->CRLissuer || p->reasons || !p->distpoint || p->distpoint->type != 0)
			continue;
		for (int j = 0; j < sk_GENERAL_NAME_num(p->distpoint->name.fullname); j++)
			add_url(sk_GENERAL_NAME_value(p->distpoint->name.fullname, j), ret->crl,
				&ret->crl_n);
	}
}

bool revocation_point(const CRL_DIST_POINTS *points, char ret[static LIMIT_REVOCATION_URL + 1])
{
	struct revocation_sources s = { 0 };

	read_points(points, &s);
	memcpy(ret, s.crl[0], sizeof(s.crl[0]));
	return s.crl_n > 0;
}

int revocation_sources(const struct cert *c, struct revocation_sources *ret, struct err *e)
{
	struct revocation_sources s = { 0 };
	int crit = 0;
	auto_release(access_free) AUTHORITY_INFO_ACCESS *info =
		X509_get_ext_d2i(c->x, NID_info_access, &crit, NULL);

	if (!info && crit != -1)
		return FAIL_SSL(e, E_FORMAT, "certificate: authority information access");
	for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(info); i++) {
		const ACCESS_DESCRIPTION *d = sk_ACCESS_DESCRIPTION_value(info, i);

		if (OBJ_obj2nid(d->method) != NID_ad_OCSP)
			continue;
		s.named = true;
		add_url(d->location, s.ocsp, &s.ocsp_n);
	}

	auto_release(CRL_DIST_POINTS_free) CRL_DIST_POINTS *points =
		X509_get_ext_d2i(c->x, NID_crl_distribution_points, &crit, NULL);

	if (!points && crit != -1)
		return FAIL_SSL(e, E_FORMAT, "certificate: CRL distribution points");
	s.named |= points != NULL;
	read_points(points, &s);
	*ret = s;
	return 0;
}

int revocation_time(const ASN1_TIME *t, int64_t *ret, struct err *e)
{
	struct tm tm;

	if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
		return FAIL_SSL(e, E_FORMAT, "a date");
	*ret = (int64_t)timegm(&tm);
	return 0;
}

int revocation_current(int64_t from, int64_t until, int64_t now, struct err *e)
{
	char at[RFC3339_MAX];

	if (from > now + REVOCATION_SKEW) {
		clock_rfc3339(from, at);
		return FAIL(e, E_VERIFY, "it is of %s, which is in the future", at);
	}
	if (!until)
		until = from + REVOCATION_UNDATED;
	if (until + REVOCATION_SKEW < now) {
		clock_rfc3339(until, at);
		return FAIL(e, E_VERIFY, "it was good until %s", at);
	}
	return 0;
}

const char *revocation_reason(int code)
{
	static const char *const names[] = {
		"unspecified",		"key compromise",   "CA compromise", "affiliation changed",
		"superseded",		"cessation of use", "on hold",	     "",
		"removed from the CRL", "privilege ended",  "AA compromise",
	};

	return code < 0 || (size_t)code >= sizeof(names) / sizeof(names[0]) ? "" : names[code];
}

static bool is_sha2(int md)
{
	return md == NID_sha256 || md == NID_sha384 || md == NID_sha512;
}

/* PSS names its hash in its parameters; without them it is SHA-1. */
static bool pss_strong(const X509_ALGOR *alg)
{
	auto_release(RSA_PSS_PARAMS_free) RSA_PSS_PARAMS *p =
		alg->parameter && alg->parameter->type == V_ASN1_SEQUENCE
			? ASN1_item_unpack(alg->parameter->value.sequence,
					   ASN1_ITEM_rptr(RSA_PSS_PARAMS))
			: NULL;

	return p && p->hashAlgorithm && is_sha2(OBJ_obj2nid(p->hashAlgorithm->algorithm));
}

bool revocation_strong(const X509_ALGOR *alg)
{
	int md = NID_undef, pk = NID_undef, nid = OBJ_obj2nid(alg->algorithm);

	if (nid == NID_rsassaPss)
		return pss_strong(alg);
	return OBJ_find_sigid_algs(nid, &md, &pk) == 1 && is_sha2(md);
}
