/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/fulcio.h"

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "crypto/x509_internal.h"

#define OID_ISSUER "1.3.6.1.4.1.57264.1.8"
#define OID_ISSUER_OLD "1.3.6.1.4.1.57264.1.1" /* the bytes as they are, not a DER string */
#define OID_OTHER_NAME "1.3.6.1.4.1.57264.1.7"

DEFINE_RELEASE_VOID(GENERAL_NAMES, GENERAL_NAMES_free)
DEFINE_RELEASE_VOID(ASN1_OBJECT, ASN1_OBJECT_free)
DEFINE_RELEASE_VOID(ASN1_TYPE, ASN1_TYPE_free)
DEFINE_RELEASE_VOID(X509_STORE, X509_STORE_free)
DEFINE_RELEASE_VOID(X509_STORE_CTX, X509_STORE_CTX_free)

/* Text from a certificate: UTF-8 without NUL, so that no comparison ends early. */
static int put_text(const unsigned char *p, int n, char ret[static LIMIT_IDENTITY + 1],
		    const char *what, struct err *e)
{
	const struct str s = { (const char *)p, n > 0 ? (size_t)n : 0 };

	if (s.n == 0 || s.n > LIMIT_IDENTITY || !str_utf8(s))
		return FAIL(e, E_FORMAT, "certificate: %s is no text of 1 to %d bytes", what,
			    LIMIT_IDENTITY);
	memcpy(ret, p, s.n);
	ret[s.n] = '\0';
	return 0;
}

static const ASN1_STRING *name_string(const GENERAL_NAME *g)
{
	auto_release(ASN1_OBJECT_free) ASN1_OBJECT *other = OBJ_txt2obj(OID_OTHER_NAME, 1);
	int type;
	const void *v = GENERAL_NAME_get0_value(g, &type);

	if (type == GEN_EMAIL || type == GEN_URI)
		return v;
	if (type == GEN_OTHERNAME && other &&
	    OBJ_cmp(((const OTHERNAME *)v)->type_id, other) == 0 &&
	    ((const OTHERNAME *)v)->value->type == V_ASN1_UTF8STRING)
		return ((const OTHERNAME *)v)->value->value.utf8string;
	return NULL;
}

static int read_name(const struct cert *leaf, struct fulcio_identity *ret, struct err *e)
{
	int critical = -1;
	auto_release(GENERAL_NAMES_free) GENERAL_NAMES *names =
		X509_get_ext_d2i(leaf->x, NID_subject_alt_name, &critical, NULL);
	const ASN1_STRING *s;

	ERR_clear_error();
	if (!names || sk_GENERAL_NAME_num(names) != 1)
		return FAIL(e, E_VERIFY, "certificate: want exactly one subject alternative name");
	s = name_string(sk_GENERAL_NAME_value(names, 0));
	if (!s)
		return FAIL(e, E_VERIFY,
			    "certificate: its name is no e-mail address, URI or sigstore's own");
	return put_text(ASN1_STRING_get0_data(s), ASN1_STRING_length(s), ret->name, "its name", e);
}

/* The extension's bytes; NULL when it is not there. A second one of the kind is an error. */
static int find_extension(const struct cert *leaf, const char *oid, const ASN1_OCTET_STRING **ret,
			  struct err *e)
{
	auto_release(ASN1_OBJECT_free) ASN1_OBJECT *o = OBJ_txt2obj(oid, 1);
	int at = o ? X509_get_ext_by_OBJ(leaf->x, o, -1) : -1;

	if (!o)
		return FAIL_NOMEM(e);
	if (at >= 0 && X509_get_ext_by_OBJ(leaf->x, o, at) >= 0)
		return FAIL(e, E_FORMAT, "certificate: extension %s twice", oid);
	*ret = at < 0 ? NULL : X509_EXTENSION_get_data(X509_get_ext(leaf->x, at));
	return 0;
}

static int read_der_string(const ASN1_OCTET_STRING *v, char *ret, struct err *e)
{
	const unsigned char *p = ASN1_STRING_get0_data(v);
	const unsigned char *end = p + ASN1_STRING_length(v);
	auto_release(ASN1_TYPE_free) ASN1_TYPE *t = d2i_ASN1_TYPE(NULL, &p, end - p);

	ERR_clear_error();
	if (!t || p != end || t->type != V_ASN1_UTF8STRING)
		return FAIL(e, E_FORMAT, "certificate: its issuer is not one UTF8String");
	return put_text(ASN1_STRING_get0_data(t->value.utf8string),
			ASN1_STRING_length(t->value.utf8string), ret, "its issuer", e);
}

static int read_issuer(const struct cert *leaf, struct fulcio_identity *ret, struct err *e)
{
	const ASN1_OCTET_STRING *now, *old;
	char legacy[LIMIT_IDENTITY + 1];
	int r;

	if ((r = find_extension(leaf, OID_ISSUER, &now, e)) < 0 ||
	    (r = find_extension(leaf, OID_ISSUER_OLD, &old, e)) < 0)
		return r;
	if (!now && !old)
		return FAIL(e, E_VERIFY, "certificate: it does not tell who issued the identity");
	if (old && (r = put_text(ASN1_STRING_get0_data(old), ASN1_STRING_length(old), legacy,
				 "its issuer", e)) < 0)
		return r;
	if (!now) {
		memcpy(ret->issuer, legacy, sizeof(legacy));
		return 0;
	}
	if ((r = read_der_string(now, ret->issuer, e)) < 0)
		return r;
	if (old && strcmp(ret->issuer, legacy) != 0)
		return FAIL(e, E_VERIFY, "certificate: it tells two issuers of the identity");
	return 0;
}

int fulcio_identity(const struct cert *leaf, struct fulcio_identity *ret, struct err *e)
{
	struct fulcio_identity id = { 0 };
	int r;

	if ((r = read_name(leaf, &id, e)) < 0 || (r = read_issuer(leaf, &id, e)) < 0)
		return r;
	*ret = id;
	return 0;
}

/* The chain. */

static int check_leaf(const struct cert *leaf, struct err *e)
{
	uint32_t flags = X509_get_extension_flags(leaf->x);

	if (flags & (EXFLAG_CA | EXFLAG_INVALID))
		return FAIL(e, E_VERIFY, "the signer's certificate is a CA's, or malformed");
	if (!(flags & EXFLAG_KUSAGE) || !(X509_get_key_usage(leaf->x) & KU_DIGITAL_SIGNATURE))
		return FAIL(e, E_VERIFY, "the signer's certificate is not for digital signatures");
	if (!(flags & EXFLAG_XKUSAGE) || X509_get_extended_key_usage(leaf->x) != XKU_CODE_SIGN)
		return FAIL(e, E_VERIFY, "the signer's certificate is not for code signing alone");
	return 0;
}

static int make_stacks(const struct chain *authority, X509_STORE *store, x509_stack *others,
		       struct err *e)
{
	for (size_t i = 0; i < authority->n; i++) {
		X509 *x = authority->v[i]->x;

		if (i + 1 == authority->n ? X509_STORE_add_cert(store, x) != 1
					  : sk_X509_push(others, x) <= 0)
			return FAIL_NOMEM(e);
	}
	return 0;
}

/* A certificate is valid through its last second (RFC 5280, 4.1.2.5), in which OpenSSL calls it
 * expired. */
static int in_last_second(int ok, X509_STORE_CTX *c)
{
	const X509 *x = X509_STORE_CTX_get_current_cert(c);
	time_t before = X509_VERIFY_PARAM_get_time(X509_STORE_CTX_get0_param(c)) - 1;

	if (ok || X509_STORE_CTX_get_error(c) != X509_V_ERR_CERT_HAS_EXPIRED || !x ||
	    X509_cmp_time(X509_get0_notAfter(x), &before) <= 0)
		return ok;
	X509_STORE_CTX_set_error(c, X509_V_OK);
	return 1;
}

static const struct cert *find_issuer(const struct chain *authority, X509_STORE_CTX *c)
{
	const STACK_OF(X509) *built = X509_STORE_CTX_get0_chain(c);

	for (size_t i = 0; sk_X509_num(built) > 1 && i < authority->n; i++)
		if (X509_cmp(sk_X509_value(built, 1), authority->v[i]->x) == 0)
			return authority->v[i];
	return NULL;
}

int fulcio_check(const struct cert *leaf, const struct chain *authority, int64_t when,
		 const struct cert **ret_issuer, struct err *e)
{
	auto_release(X509_STORE_free) X509_STORE *store = X509_STORE_new();
	auto_release(X509_STORE_CTX_free) X509_STORE_CTX *c = X509_STORE_CTX_new();
	auto_x509_stack *others = sk_X509_new_null();
	int r = check_leaf(leaf, e);

	if (r < 0)
		return r;
	if (!store || !c || !others)
		return FAIL_NOMEM(e);
	if ((r = make_stacks(authority, store, others, e)) < 0)
		return r;
	if (X509_STORE_CTX_init(c, store, leaf->x, others) != 1)
		return FAIL_SSL(e, E_SYSTEM, "certificate chain");
	X509_STORE_CTX_set_time(c, 0, (time_t)when);
	X509_STORE_CTX_set_flags(c, X509_V_FLAG_PARTIAL_CHAIN);
	X509_STORE_CTX_set_verify_cb(c, in_last_second);
	X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(c), 2);
	if (X509_verify_cert(c) != 1) {
		r = FAIL(e, E_VERIFY, "the signer's certificate: %s",
			 X509_verify_cert_error_string(X509_STORE_CTX_get_error(c)));
		ERR_clear_error();
		return r;
	}
	*ret_issuer = find_issuer(authority, c);
	return *ret_issuer ? 0 : FAIL(e, E_VERIFY, "the signer's certificate has no issuer");
}
