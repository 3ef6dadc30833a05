/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/x509v3.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "crypto/x509_internal.h"

DEFINE_RELEASE_VOID(BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free)
DEFINE_RELEASE_VOID(ASN1_BIT_STRING, ASN1_BIT_STRING_free)
DEFINE_RELEASE_VOID(EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free)

/* Bits of keyUsage (RFC 5280, 4.2.1.3). */
enum {
	KU_BIT_SIGNATURE = 0,
	KU_BIT_KEY_ENCIPHERMENT = 2,
	KU_BIT_DATA_ENCIPHERMENT = 3,
	KU_BIT_KEY_AGREEMENT = 4,
	KU_BIT_CERT_SIGN = 5,
	KU_BIT_CRL_SIGN = 6,
	KU_BIT_ENCIPHER_ONLY = 7,
	KU_BIT_DECIPHER_ONLY = 8,
};
enum { CA_RSA_BITS_MIN = 2048, CA_RSA_BITS_MAX = 8192 };

int chain_add(struct chain *c, const void *der, size_t n, struct err *e)
{
	if (c->n >= LIMIT_CHAIN)
		return FAIL(e, E_FORMAT, "certificate chain: more than %d certificates",
			    LIMIT_CHAIN);

	int r = cert_from_der(der, n, &c->v[c->n], e);

	if (r == 0)
		c->n++;
	return r;
}

void chain_free(struct chain *c)
{
	for (size_t i = 0; i < c->n; i++)
		cert_free(c->v[i]);
	c->n = 0;
}

static int pem_block(struct str *rest, struct chain *c, struct err *e)
{
	auto_buf b64 = BUF_INIT(2 * LIMIT_CERT), der = BUF_INIT(LIMIT_CERT);
	struct str line;

	while (str_line(rest, &line)) {
		line = str_trim(line);
		if (str_eq(line, STR("-----END CERTIFICATE-----"))) {
			int r = buf_check(&b64, "certificate PEM", e);

			if (r == 0)
				r = b64_decode((struct str){ b64.p, b64.n }, B64_STD, &der, e);
			return r < 0 ? r : chain_add(c, der.p, der.n, e);
		}
		buf_put(&b64, line.p, line.n);
	}
	return FAIL(e, E_FORMAT, "certificate PEM: no END line");
}

int chain_from_file(struct str bytes, struct chain *ret, struct err *e)
{
	auto_chain c = { .n = 0 };
	struct str line;
	int r = 0;

	if (bytes.n > LIMIT_PEM_CERTS)
		return FAIL(e, E_FORMAT, "certificate file: longer than %d bytes", LIMIT_PEM_CERTS);
	if (bytes.n && bytes.p[0] == 0x30) { /* SEQUENCE: DER */
		r = chain_add(&c, bytes.p, bytes.n, e);
		bytes.n = 0;
	}
	while (r == 0 && str_line(&bytes, &line)) {
		line = str_trim(line);
		if (str_eq(line, STR("-----BEGIN CERTIFICATE-----")))
			r = pem_block(&bytes, &c, e);
		else if (line.n)
			r = FAIL(e, E_FORMAT, "certificate file: want only CERTIFICATE blocks");
	}
	if (r == 0 && c.n == 0)
		r = FAIL(e, E_FORMAT, "certificate file: no certificate in it");
	if (r < 0)
		return r;
	*ret = c;
	c.n = 0;
	return 0;
}

/* An extension by number: present, absent (*ret NULL), or E_VERIFY when malformed or twice there.
 */
static int extension(const struct cert *c, int nid, void **ret, bool *ret_critical, struct err *e)
{
	int crit = 0;
	void *ext = X509_get_ext_d2i(c->x, nid, &crit, NULL);

	if (!ext && crit != -1)
		return FAIL_SSL(e, E_VERIFY, crit == -2 ? "extension stands twice" : "extension");
	*ret = ext;
	*ret_critical = crit == 1;
	return 0;
}

bool cert_is_ca(const struct cert *c)
{
	void *ext = NULL;
	bool crit;
	int r = extension(c, NID_basic_constraints, &ext, &crit, NULL);
	auto_release(BASIC_CONSTRAINTS_free) BASIC_CONSTRAINTS *bc = ext;

	return r == 0 && bc && bc->ca;
}

bool cert_names_revocation(const struct cert *c)
{
	return X509_get_ext_by_NID(c->x, NID_crl_distribution_points, -1) >= 0 ||
	       X509_get_ext_by_NID(c->x, NID_info_access, -1) >= 0 ||
	       X509_get_ext_by_NID(c->x, NID_freshest_crl, -1) >= 0;
}

static bool issued_by(const struct cert *c, const struct cert *issuer)
{
	EVP_PKEY *key = X509_get0_pubkey(issuer->x);
	bool good =
		key &&
		X509_NAME_cmp(X509_get_issuer_name(c->x), X509_get_subject_name(issuer->x)) == 0 &&
		X509_verify(c->x, key) == 1;

	ERR_clear_error();
	return good;
}

bool cert_is_self_signed(const struct cert *c)
{
	return issued_by(c, c);
}

/* What every certificate of a chain must keep: version 3, SHA-2, a strong key. */
static int check_common(const struct cert *c, struct err *e)
{
	int md, pk, bits;
	const EVP_PKEY *key = X509_get0_pubkey(c->x);

	if (X509_get_version(c->x) != X509_VERSION_3)
		return FAIL(e, E_VERIFY, "not an X.509 version 3 certificate");
	if (X509_get_signature_info(c->x, &md, &pk, NULL, NULL) != 1 ||
	    (md != NID_sha256 && md != NID_sha384 && md != NID_sha512)) {
		ERR_clear_error();
		return FAIL(e, E_VERIFY,
			    "signed with a hash other than SHA-256, SHA-384 or SHA-512");
	}
	if (!key)
		return FAIL_SSL(e, E_VERIFY, "public key");
	bits = EVP_PKEY_get_bits(key);
	if (EVP_PKEY_is_a(key, "RSA") && (bits < CA_RSA_BITS_MIN || bits > CA_RSA_BITS_MAX))
		return FAIL(e, E_VERIFY, "RSA key of %d bits, want %d to %d", bits, CA_RSA_BITS_MIN,
			    CA_RSA_BITS_MAX);
	if (!EVP_PKEY_is_a(key, "RSA")) { /* the curves of key.h */
		auto_release(key_free) struct key *k = NULL;

		if (cert_key(c, &k, e) < 0 || k->kind == KEY_ED25519)
			return FAIL(e, E_VERIFY, "key of a type or curve that is not accepted");
	}
	return 0;
}

int cert_check_strength(const struct cert *c, struct err *e)
{
	int r = cert_check_form(c, e);

	return r < 0 ? r : check_common(c, e);
}

static int check_critical(const struct cert *c, struct err *e)
{
	for (int i = 0; i < X509_get_ext_count(c->x); i++) {
		X509_EXTENSION *ext = X509_get_ext(c->x, i);
		int nid = OBJ_obj2nid(X509_EXTENSION_get_object(ext));
		char oid[80] = "?";

		if (!X509_EXTENSION_get_critical(ext) || nid == NID_basic_constraints ||
		    nid == NID_key_usage || nid == NID_ext_key_usage)
			continue;
		(void)OBJ_obj2txt(oid, sizeof(oid), X509_EXTENSION_get_object(ext), 0);
		return FAIL(e, E_VERIFY, "critical extension '%s' is not understood", oid);
	}
	return 0;
}

static int check_leaf_usage(const struct cert *c, struct err *e)
{
	static const int never[] = { KU_BIT_KEY_ENCIPHERMENT, KU_BIT_DATA_ENCIPHERMENT,
				     KU_BIT_KEY_AGREEMENT,    KU_BIT_CERT_SIGN,
				     KU_BIT_CRL_SIGN,	      KU_BIT_ENCIPHER_ONLY,
				     KU_BIT_DECIPHER_ONLY };
	void *ext = NULL;
	bool crit;
	int r = extension(c, NID_key_usage, &ext, &crit, e);
	auto_release(ASN1_BIT_STRING_free) ASN1_BIT_STRING *ku = ext;

	if (r < 0)
		return r;
	if (!ku || !crit || !ASN1_BIT_STRING_get_bit(ku, KU_BIT_SIGNATURE))
		return FAIL(e, E_VERIFY, "keyUsage must be critical and allow digitalSignature");
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (ASN1_BIT_STRING_get_bit(ku, never[i]))
			return FAIL(e, E_VERIFY, "keyUsage allows more than signing (bit %d)",
				    never[i]);
	return 0;
}

static int check_leaf_purpose(const struct cert *c, struct err *e)
{
	static const int never[] = { NID_anyExtendedKeyUsage, NID_server_auth, NID_client_auth,
				     NID_email_protect,	      NID_time_stamp,  NID_OCSP_sign };
	void *ext = NULL;
	bool crit;
	int r = extension(c, NID_ext_key_usage, &ext, &crit, e);
	auto_release(EXTENDED_KEY_USAGE_free) EXTENDED_KEY_USAGE *eku = ext;

	if (r < 0 || !eku)
		return r;
	for (int i = 0; i < sk_ASN1_OBJECT_num(eku); i++) {
		int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(eku, i));

		for (size_t j = 0; j < sizeof(never) / sizeof(never[0]); j++)
			if (nid == never[j])
				return FAIL(e, E_VERIFY, "extended key usage '%s' is not for code",
					    OBJ_nid2sn(nid));
	}
	return 0;
}

static int check_leaf(const struct cert *c, struct err *e)
{
	auto_release(key_free) struct key *k = NULL;
	void *ext = NULL;
	bool crit;
	int r = extension(c, NID_basic_constraints, &ext, &crit, e);
	auto_release(BASIC_CONSTRAINTS_free) BASIC_CONSTRAINTS *bc = ext;

	if (r < 0)
		return r;
	if (bc && bc->ca)
		return FAIL(e, E_VERIFY, "a CA certificate may not sign images");
	if ((r = check_leaf_usage(c, e)) < 0 || (r = check_leaf_purpose(c, e)) < 0)
		return r;
	r = cert_key(c, &k, e);
	if (r < 0 || !key_jws_alg(k))
		return FAIL(e, E_VERIFY, "key of a type or size that is not accepted");
	return 0;
}

/* below: how many CA certificates stand between this one and the leaf. */
static int check_ca_basic(const struct cert *c, size_t below, struct err *e)
{
	void *ext = NULL;
	bool crit;
	int64_t max;
	int r = extension(c, NID_basic_constraints, &ext, &crit, e);
	auto_release(BASIC_CONSTRAINTS_free) BASIC_CONSTRAINTS *bc = ext;

	if (r < 0)
		return r;
	if (!bc || !crit || !bc->ca)
		return FAIL(e, E_VERIFY, "basicConstraints must be critical with CA=true");
	if (!bc->pathlen)
		return 0;
	if (ASN1_INTEGER_get_int64(&max, bc->pathlen) != 1 || max < (int64_t)below) {
		ERR_clear_error();
		return FAIL(e, E_VERIFY, "path length allows fewer CAs than the %zu below", below);
	}
	return 0;
}

static int check_ca(const struct cert *c, size_t below, struct err *e)
{
	void *ext = NULL;
	bool crit;
	int r = extension(c, NID_key_usage, &ext, &crit, e);
	auto_release(ASN1_BIT_STRING_free) ASN1_BIT_STRING *ku = ext;

	if (r < 0)
		return r;
	if (!ku || !crit || !ASN1_BIT_STRING_get_bit(ku, KU_BIT_CERT_SIGN))
		return FAIL(e, E_VERIFY, "keyUsage must be critical and allow keyCertSign");
	return check_ca_basic(c, below, e);
}

static int check_links(const struct chain *c, struct err *e)
{
	for (size_t i = 0; i + 1 < c->n; i++) {
		if (cert_is_self_signed(c->v[i]))
			return FAIL(e, E_VERIFY,
				    "certificate chain: certificate %zu is self-signed but not the "
				    "last",
				    i + 1);
		if (!issued_by(c->v[i], c->v[i + 1]))
			return FAIL(e, E_VERIFY,
				    "certificate chain: certificate %zu was not issued by the next",
				    i + 1);
	}
	if (!cert_is_self_signed(c->v[c->n - 1]))
		return FAIL(e, E_VERIFY,
			    "certificate chain: the last certificate is not a self-signed root");
	return 0;
}

int chain_check(const struct chain *c, struct err *e)
{
	int r = c->n ? 0 : FAIL(e, E_VERIFY, "certificate chain: empty");

	for (size_t i = 0; r == 0 && i < c->n; i++) {
		r = cert_check_strength(c->v[i], e);
		if (r == 0)
			r = check_critical(c->v[i], e);
		if (r == 0)
			r = i == 0 ? check_leaf(c->v[i], e) : check_ca(c->v[i], i - 1, e);
		if (r < 0)
			return WRAP(e, r, "certificate chain: certificate %zu", i + 1);
	}
	return r < 0 ? r : check_links(c, e);
}

int chain_check_stamper(const struct chain *c, struct err *e)
{
	int r = c->n ? 0 : FAIL(e, E_VERIFY, "certificate chain: empty");

	for (size_t i = 0; r == 0 && i < c->n; i++) {
		r = cert_check_strength(c->v[i], e);
		if (r == 0 && i > 0)
			r = check_ca(c->v[i], i - 1, e);
		else if (r == 0 && cert_is_ca(c->v[i]))
			r = FAIL(e, E_VERIFY, "a CA certificate may not sign timestamps");
		else if (r == 0)
			r = check_leaf_usage(c->v[i], e);
		if (r < 0)
			return WRAP(e, r, "authority's certificate %zu", i + 1);
	}
	return r;
}

int chain_valid_at(const struct chain *c, int64_t when, struct err *e)
{
	char at[RFC3339_MAX], limit[RFC3339_MAX];

	clock_rfc3339(when, at);
	for (size_t i = 0; i < c->n; i++) {
		if (when < c->v[i]->not_before) {
			clock_rfc3339(c->v[i]->not_before, limit);
			return FAIL(e, E_VERIFY,
				    "certificate %zu of the chain is not valid before %s; it is %s",
				    i + 1, limit, at);
		}
		if (when > c->v[i]->not_after) {
			clock_rfc3339(c->v[i]->not_after, limit);
			return FAIL(e, E_VERIFY,
				    "certificate %zu of the chain expired at %s; it is %s", i + 1,
				    limit, at);
		}
	}
	return 0;
}
