/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a certificate must be like before its meaning is looked at (RFC 5280, 4.1): readers that
 * disagree about such fields would judge different certificates.
 */
#include <openssl/core_names.h>
#include <openssl/x509v3.h>

#include "crypto/x509_internal.h"

enum {
	SERIAL_BYTES_MAX = 20, /* RFC 5280, 4.1.2.2 */
	UTC_TIME = 13,	       /* YYMMDDHHMMSSZ */
	GENERAL_TIME = 15,     /* YYYYMMDDHHMMSSZ */
	EXPONENT_BITS_MIN = 17,
	EXPONENT_BITS_MAX = 64, /* a huge one makes each look at a signature take long */
};
static const int64_t year_2050 = 2524608000;

DEFINE_RELEASE_VOID(BIGNUM, BN_free)

static int check_serial(const struct cert *c, struct err *e)
{
	const ASN1_INTEGER *n = X509_get0_serialNumber(c->x);

	if (ASN1_STRING_type(n) == V_ASN1_NEG_INTEGER)
		return FAIL(e, E_VERIFY, "its serial number is negative");
	if (ASN1_STRING_length(n) > SERIAL_BYTES_MAX)
		return FAIL(e, E_VERIFY, "its serial number is longer than %d bytes",
			    SERIAL_BYTES_MAX);
	return 0;
}

/* UTCTime until 2049, GeneralizedTime from then on, both in seconds and in UTC. */
static bool proper_time(const ASN1_TIME *t, int64_t at)
{
	int n = ASN1_STRING_length(t);
	bool utc = ASN1_STRING_type(t) == V_ASN1_UTCTIME;

	return utc == (at < year_2050) && n == (utc ? UTC_TIME : GENERAL_TIME) &&
	       ASN1_STRING_get0_data(t)[n - 1] == 'Z';
}

static int check_validity(const struct cert *c, struct err *e)
{
	if (!proper_time(X509_get0_notBefore(c->x), c->not_before) ||
	    !proper_time(X509_get0_notAfter(c->x), c->not_after))
		return FAIL(e, E_VERIFY, "its validity is not written as RFC 5280 says");
	if (c->not_before > c->not_after)
		return FAIL(e, E_VERIFY, "its validity ends before it begins");
	return 0;
}

static int check_exponent(const struct cert *c, struct err *e)
{
	const EVP_PKEY *key = X509_get0_pubkey(c->x);
	auto_release(BN_free) BIGNUM *exp = NULL;

	if (!key || !EVP_PKEY_is_a(key, "RSA"))
		return 0;
	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exp) != 1)
		return FAIL_SSL(e, E_VERIFY, "RSA exponent");
	if (!BN_is_odd(exp) || BN_num_bits(exp) < EXPONENT_BITS_MIN ||
	    BN_num_bits(exp) > EXPONENT_BITS_MAX)
		return FAIL(e, E_VERIFY, "its RSA exponent is even, small or huge");
	return 0;
}

/* Each extension but once: the first and the last would say different things. */
static int check_twice(const struct cert *c, struct err *e)
{
	for (int i = 0; i < X509_get_ext_count(c->x); i++) {
		const ASN1_OBJECT *o = X509_EXTENSION_get_object(X509_get_ext(c->x, i));

		if (X509_get_ext_by_OBJ(c->x, o, i) >= 0)
			return FAIL(e, E_VERIFY, "an extension stands twice");
	}
	return 0;
}

int cert_check_form(const struct cert *c, struct err *e)
{
	int r;

	if ((r = check_serial(c, e)) < 0 || (r = check_validity(c, e)) < 0 ||
	    (r = check_exponent(c, e)) < 0)
		return r;
	if (c->subject.n == 0)
		return FAIL(e, E_VERIFY, "it has no subject");
	return check_twice(c, e);
}
