/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/x509.h"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "crypto/digest.h"
#include "crypto/x509_internal.h"

enum { SERIAL_BYTES = 16 };

DEFINE_RELEASE_VOID(X509_EXTENSION, X509_EXTENSION_free)

void cert_free(struct cert *c)
{
	if (!c)
		return;
	X509_free(c->x);
	free(c->der);
	dn_free(&c->subject);
	free(c);
}

static int read_time(const ASN1_TIME *t, int64_t *ret, struct err *e)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return FAIL_SSL(e, E_FORMAT, "certificate: validity");
	*ret = (int64_t)timegm(&tm);
	return 0;
}

/* The names of dn.h for OpenSSL's objects; types unknown to it come out as dotted OIDs. */
static const char *type_name(const ASN1_OBJECT *o, char *buf, size_t n)
{
	static const struct {
		int nid;
		const char *name;
	} names[] = {
		{ NID_countryName, "C" },
		{ NID_stateOrProvinceName, "ST" },
		{ NID_localityName, "L" },
		{ NID_organizationName, "O" },
		{ NID_organizationalUnitName, "OU" },
		{ NID_commonName, "CN" },
		{ NID_streetAddress, "STREET" },
		{ NID_domainComponent, "DC" },
		{ NID_userId, "UID" },
		{ NID_postalCode, "POSTALCODE" },
		{ NID_serialNumber, "SERIALNUMBER" },
	};
	int nid = OBJ_obj2nid(o);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].nid == nid)
			return names[i].name;
	return OBJ_obj2txt(buf, (int)n, o, 1) > 0 ? buf : "?";
}

/* RFC 4514 writes the last RDN first. */
static int read_subject(const X509_NAME *name, struct dn *ret, struct err *e)
{
	for (int i = X509_NAME_entry_count(name) - 1; i >= 0; i--) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
		unsigned char *utf8 = NULL;
		char oid[80];
		int r, n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));

		if (n < 0)
			return FAIL_SSL(e, E_FORMAT, "certificate: subject");
		r = dn_add(ret, type_name(X509_NAME_ENTRY_get_object(entry), oid, sizeof(oid)),
			   (struct str){ (const char *)utf8, (size_t)n }, e);
		OPENSSL_free(utf8);
		if (r < 0)
			return WRAP(e, r, "certificate: subject");
	}
	return 0;
}

/* The bytes must be what DER would write: another encoding of the same certificate is refused. */
static int parse_der(struct cert *c, struct err *e)
{
	const unsigned char *p = c->der;
	unsigned char *again = NULL;
	int n;
	bool same;

	c->x = d2i_X509(NULL, &p, (long)c->der_n);
	if (!c->x)
		return FAIL_SSL(e, E_FORMAT, "certificate");
	if (p != c->der + c->der_n)
		return FAIL(e, E_FORMAT, "certificate: bytes behind its end");
	n = i2d_X509(c->x, &again);
	same = n > 0 && (size_t)n == c->der_n && memcmp(again, c->der, c->der_n) == 0;
	OPENSSL_free(again);
	return same ? 0 : FAIL(e, E_FORMAT, "certificate: not in DER");
}

int cert_from_der(const void *p, size_t n, struct cert **ret, struct err *e)
{
	auto_release(cert_free) struct cert *c = calloc(1, sizeof(*c));
	int r;

	if (n == 0 || n > LIMIT_CERT)
		return FAIL(e, E_FORMAT, "certificate: want 1 to %d bytes, got %zu", LIMIT_CERT, n);
	if (!c || !(c->der = malloc(n)))
		return FAIL_NOMEM(e);
	memcpy(c->der, p, n);
	c->der_n = n;
	if ((r = parse_der(c, e)) < 0 ||
	    (r = read_time(X509_get0_notBefore(c->x), &c->not_before, e)) < 0 ||
	    (r = read_time(X509_get0_notAfter(c->x), &c->not_after, e)) < 0 ||
	    (r = read_subject(X509_get_subject_name(c->x), &c->subject, e)) < 0)
		return r;
	*ret = TAKE(c);
	return 0;
}

struct str cert_der(const struct cert *c)
{
	return (struct str){ (const char *)c->der, c->der_n };
}

const struct dn *cert_subject(const struct cert *c)
{
	return &c->subject;
}

void cert_thumbprint(const struct cert *c, char ret[static THUMBPRINT_MAX])
{
	struct digest d;

	digest_of(c->der, c->der_n, &d);
	memcpy(ret, digest_hex(&d), THUMBPRINT_MAX);
}

int64_t cert_not_before(const struct cert *c)
{
	return c->not_before;
}

int64_t cert_not_after(const struct cert *c)
{
	return c->not_after;
}

bool cert_equal(const struct cert *a, const struct cert *b)
{
	return a->der_n == b->der_n && memcmp(a->der, b->der, a->der_n) == 0;
}

int cert_key(const struct cert *c, struct key **ret, struct err *e)
{
	EVP_PKEY *pkey = X509_get_pubkey(c->x);

	if (!pkey)
		return FAIL_SSL(e, E_FORMAT, "certificate: public key");
	return key_wrap(pkey, false, "certificate: public key", ret, e);
}

int cert_to_pem(const struct cert *c, struct buf *ret, struct err *e)
{
	pem_put("CERTIFICATE", cert_der(c), ret);
	return buf_check(ret, "certificate", e);
}

/* Making one. */

int x509_name(const struct dn *subject, X509_NAME **ret, struct err *e)
{
	static const char *const required[] = { "C", "ST", "O", "CN" };
	auto_release(X509_NAME_free) X509_NAME *name = X509_NAME_new();

	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++)
		if (!dn_get(subject, required[i]))
			return FAIL(e, E_USAGE, "certificate subject: %s is missing", required[i]);
	for (size_t i = 0; i < subject->n; i++) {
		const struct dn_part *p = &subject->parts[i];

		if (!name ||
		    X509_NAME_add_entry_by_txt(name, p->type, MBSTRING_UTF8,
					       (const unsigned char *)p->value, -1, -1, 0) != 1) {
			ERR_clear_error();
			return FAIL(e, E_USAGE, "certificate subject: %s=%s is not accepted%s",
				    p->type, p->value,
				    strcmp(p->type, "C") == 0 ? "; C is a two-letter country" : "");
		}
	}
	*ret = TAKE(name);
	return 0;
}

static int set_names(X509 *x, const struct dn *subject, struct err *e)
{
	auto_release(X509_NAME_free) X509_NAME *name = NULL;
	int r = x509_name(subject, &name, e);

	if (r < 0)
		return r;
	if (X509_set_subject_name(x, name) != 1 || X509_set_issuer_name(x, name) != 1)
		return FAIL_SSL(e, E_SYSTEM, "certificate subject");
	return 0;
}

static int set_serial(X509 *x, struct err *e)
{
	unsigned char raw[SERIAL_BYTES];
	BIGNUM *n;
	bool good;

	if (RAND_bytes(raw, sizeof(raw)) != 1)
		return FAIL_SSL(e, E_SYSTEM, "certificate serial");
	raw[0] = (unsigned char)((raw[0] & 0x7f) | 0x40); /* positive, and never short */
	n = BN_bin2bn(raw, sizeof(raw), NULL);
	good = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return good ? 0 : FAIL_SSL(e, E_SYSTEM, "certificate serial");
}

static int set_extensions(X509 *x, struct err *e)
{
	static const struct {
		int nid;
		const char *value;
	} list[] = {
		{ NID_basic_constraints, "critical,CA:FALSE" },
		{ NID_key_usage, "critical,digitalSignature" },
		{ NID_ext_key_usage, "codeSigning" },
		{ NID_subject_key_identifier, "hash" },
	};
	X509V3_CTX ctx;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		auto_release(X509_EXTENSION_free) X509_EXTENSION *ext =
			X509V3_EXT_conf_nid(NULL, &ctx, list[i].nid, list[i].value);

		if (!ext || X509_add_ext(x, ext, -1) != 1)
			return FAIL_SSL(e, E_SYSTEM, "certificate extension");
	}
	return 0;
}

static int from_x509(X509 *x, struct cert **ret, struct err *e)
{
	unsigned char *der = NULL;
	int r, n = i2d_X509(x, &der);

	if (n <= 0)
		return FAIL_SSL(e, E_SYSTEM, "certificate");
	r = cert_from_der(der, (size_t)n, ret, e);
	OPENSSL_free(der);
	return r;
}

int cert_make_self_signed(const struct key *key, const struct dn *subject, int64_t not_before,
			  int days, struct cert **ret, struct err *e)
{
	auto_release(X509_free) X509 *x = X509_new();
	int r;

	if (days < 1 || days > LIMIT_CERT_DAYS)
		return FAIL(e, E_USAGE, "certificate: want 1 to %d days, got %d", LIMIT_CERT_DAYS,
			    days);
	if (!x)
		return FAIL_NOMEM(e);
	if (X509_set_version(x, X509_VERSION_3) != 1 || X509_set_pubkey(x, key->pkey) != 1 ||
	    !ASN1_TIME_set(X509_getm_notBefore(x), (time_t)not_before) ||
	    !ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(not_before + (int64_t)days * 86400 - 1)))
		return FAIL_SSL(e, E_SYSTEM, "certificate");
	if ((r = set_serial(x, e)) < 0 || (r = set_names(x, subject, e)) < 0 ||
	    (r = set_extensions(x, e)) < 0)
		return r;
	r = x509_sign(x, key, e);
	return r < 0 ? r : from_x509(x, ret, e);
}
