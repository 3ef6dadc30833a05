/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates whose fields no sane CA writes, under an otherwise good chain. */
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "chain_maker.h"
#include "tap.h"

static const struct spec leaf = LEAF_SPEC;

/* A self-signed leaf with one thing changed before it is signed (again). */
static int changed(void (*change)(X509 *), EVP_PKEY *key, struct err *e)
{
	auto_chain c = { .n = 0 };
	EVP_PKEY *own = key ? key : maker_key(NULL);
	X509 *x = maker_cert(&leaf, own, NULL, NULL);
	unsigned char *der = NULL;
	int n, r;

	if (change)
		change(x);
	if (X509_sign(x, own, EVP_sha256()) == 0)
		abort();
	n = i2d_X509(x, &der);
	r = chain_add(&c, der, (size_t)n, e);
	if (r == 0)
		r = chain_check(&c, e);
	OPENSSL_free(der);
	X509_free(x);
	EVP_PKEY_free(own);
	return r;
}

static void expect(void (*change)(X509 *), int code, const char *message)
{
	struct err e = ERR_INIT;
	int r = changed(change, NULL, &e);

	if (r != code || (message && !strstr(e.msg, message)))
		printf("# want '%s', got %d '%s'\n", message ? message : "", r, e.msg);
	CHECK(r == code && (!message || strstr(e.msg, message)));
}

static void set_serial(X509 *x, const char *hex)
{
	BIGNUM *n = NULL;

	(void)BN_hex2bn(&n, hex);
	(void)BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
}
static void serial_negative(X509 *x)
{
	set_serial(x, "-5");
}
static void serial_20(X509 *x)
{
	set_serial(x, "7fffffffffffffffffffffffffffffffffffffff");
}
static void serial_21(X509 *x)
{
	set_serial(x, "7fffffffffffffffffffffffffffffffffffffffff");
}

TEST(serial_numbers)
{
	expect(NULL, 0, NULL);
	expect(serial_negative, E_VERIFY, "negative");
	expect(serial_20, 0, NULL);
	expect(serial_21, E_VERIFY, "longer than 20 bytes");
}

static void set_time(ASN1_TIME *t, int type, const char *text)
{
	(void)ASN1_STRING_set(t, text, -1);
	t->type = type;
}
static void generalized_too_early(X509 *x)
{
	set_time(X509_getm_notAfter(x), V_ASN1_GENERALIZEDTIME, "20491231235959Z");
}
static void forever(X509 *x)
{
	set_time(X509_getm_notAfter(x), V_ASN1_GENERALIZEDTIME, "99991231235959Z");
}
static void year_0(X509 *x)
{
	set_time(X509_getm_notBefore(x), V_ASN1_GENERALIZEDTIME, "00000101000000Z");
}
static void fraction(X509 *x)
{
	set_time(X509_getm_notAfter(x), V_ASN1_GENERALIZEDTIME, "20600101000000.5Z");
}
static void zone(X509 *x)
{
	set_time(X509_getm_notAfter(x), V_ASN1_UTCTIME, "4901010000+0100");
}
static void no_seconds(X509 *x)
{
	set_time(X509_getm_notAfter(x), V_ASN1_UTCTIME, "4901010000Z");
}
static void no_date(X509 *x)
{
	set_time(X509_getm_notAfter(x), V_ASN1_UTCTIME, "491301000000Z");
}
static void ends_first(X509 *x)
{
	set_time(X509_getm_notAfter(x), V_ASN1_UTCTIME, "000101000000Z");
}

TEST(validity)
{
	expect(forever, 0, NULL);
	expect(generalized_too_early, E_VERIFY, "RFC 5280");
	expect(year_0, E_VERIFY, "RFC 5280");
	expect(fraction, E_VERIFY, "RFC 5280");
	expect(ends_first, E_VERIFY, "ends before it begins");
	expect(no_date, E_FORMAT, "validity");
	CHECK(changed(zone, NULL, NULL) < 0);
	CHECK(changed(no_seconds, NULL, NULL) < 0);
}

static void rename_to(X509 *x, X509_NAME *name)
{
	(void)X509_set_subject_name(x, name);
	(void)X509_set_issuer_name(x, name);
	X509_NAME_free(name);
}
static void nobody(X509 *x)
{
	rename_to(x, X509_NAME_new());
}
static void nul_in_name(X509 *x)
{
	X509_NAME *n = X509_NAME_new();

	maker_name(n, "good");
	(void)X509_NAME_add_entry_by_txt(n, "OU", MBSTRING_UTF8,
					 (const unsigned char *)"good\0evil", 9, -1, 0);
	rename_to(x, n);
}
TEST(names)
{
	expect(nobody, E_VERIFY, "no subject");
	expect(nul_in_name, E_FORMAT, "UTF-8");
}

static void add_octets(X509 *x, size_t n, int critical)
{
	ASN1_OCTET_STRING *s = ASN1_OCTET_STRING_new();
	unsigned char *bytes = calloc(n, 1);
	ASN1_OBJECT *oid = OBJ_txt2obj("1.2.3.4.5", 1);
	X509_EXTENSION *ext;

	(void)ASN1_OCTET_STRING_set(s, bytes, (int)n);
	ext = X509_EXTENSION_create_by_OBJ(NULL, oid, critical, s);
	(void)X509_add_ext(x, ext, -1);
	X509_EXTENSION_free(ext);
	ASN1_OBJECT_free(oid);
	ASN1_OCTET_STRING_free(s);
	free(bytes);
}
static void ext_100k(X509 *x)
{
	add_octets(x, 100000, 0);
}
static void ext_30k(X509 *x)
{
	add_octets(x, 30000, 0);
}
static void ext_twice(X509 *x)
{
	add_octets(x, 10, 0);
	add_octets(x, 11, 0);
}
static void ext_critical(X509 *x)
{
	add_octets(x, 10, 1);
}
static void names_only(X509 *x)
{
	maker_ext(x, NID_name_constraints, "critical,permitted;DNS:example.org");
}

TEST(extensions)
{
	expect(ext_30k, 0, NULL);
	expect(ext_100k, E_FORMAT, "bytes");
	expect(ext_twice, E_VERIFY, "twice");
	expect(ext_critical, E_VERIFY, "not understood");
	expect(names_only, E_VERIFY, "not understood");
}

/* An RSA key of any public exponent; what is signed with it is not the point. */
static EVP_PKEY *rsa_with(const char *exponent)
{
	EVP_PKEY *good = EVP_RSA_gen(2048), *odd = NULL;
	BIGNUM *n = NULL, *e = NULL;
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM *p;

	(void)EVP_PKEY_get_bn_param(good, OSSL_PKEY_PARAM_RSA_N, &n);
	(void)BN_hex2bn(&e, exponent);
	(void)OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n);
	(void)OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e);
	p = OSSL_PARAM_BLD_to_param(b);
	(void)EVP_PKEY_fromdata_init(ctx);
	(void)EVP_PKEY_fromdata(ctx, &odd, EVP_PKEY_PUBLIC_KEY, p);
	OSSL_PARAM_free(p);
	OSSL_PARAM_BLD_free(b);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(good);
	BN_free(n);
	BN_free(e);
	return odd;
}

/* Its certificate under a good CA: leaf or CA below the root. */
static void refuse_key(EVP_PKEY *key, const char *message)
{
	static const struct spec ca = CA_SPEC("root"), middle = CA_SPEC("middle");
	EVP_PKEY *root_key = maker_key(NULL);
	X509 *root = maker_cert(&ca, root_key, NULL, NULL);

	for (int i = 0; i < 2; i++) {
		X509 *x = maker_cert(i ? &middle : &leaf, key, root, root_key);
		auto_chain c = { .n = 0 };
		struct err e = ERR_INIT;

		maker_add(&c, x);
		maker_add(&c, root);
		CHECK(chain_check(&c, &e) == E_VERIFY);
		if (i == 0 && !strstr(e.msg, message))
			printf("# want '%s', got '%s'\n", message, e.msg);
		CHECK(i || strstr(e.msg, message));
		X509_free(x);
	}
	X509_free(root);
	EVP_PKEY_free(root_key);
	EVP_PKEY_free(key);
}

TEST(exponents)
{
	static const char *const bad[] = { "1", "3", "10000", "1000000000000000000000001" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EVP_PKEY *k = rsa_with(bad[i]);

		if (k) /* OpenSSL makes no key at all of some */
			refuse_key(k, "exponent");
	}
}

TEST(curves)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *explicit = NULL;
	OSSL_PARAM params[3];
	char group[] = "P-256", encoding[] = "explicit";

	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
	params[1] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, encoding, 0);
	params[2] = OSSL_PARAM_construct_end();
	(void)EVP_PKEY_keygen_init(ctx);
	(void)EVP_PKEY_CTX_set_params(ctx, params);
	(void)EVP_PKEY_generate(ctx, &explicit);
	EVP_PKEY_CTX_free(ctx);
	refuse_key(explicit, "not accepted");
	refuse_key(maker_key("secp256k1"), "not accepted");
	refuse_key(maker_key("P-224"), "not accepted");
}

/* Every byte of the point changed in turn: nothing off the curve is a key, whoever signed it. The
 * key is looked at before the signature over it. */
TEST(points_off_the_curve)
{
	EVP_PKEY *key = maker_key(NULL);
	X509 *x = maker_cert(&leaf, key, NULL, NULL);
	unsigned char *der = NULL, point[65];
	size_t point_n = 0, refused = 0;
	int n = i2d_X509(x, &der);
	unsigned char *at;

	(void)EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point),
					      &point_n);
	at = memmem(der, (size_t)n, point, point_n);
	CHECK(at && point_n == 65);
	for (size_t i = 0; at && i < point_n; i++) {
		auto_chain c = { .n = 0 };
		struct err e = ERR_INIT;

		at[i] ^= 1;
		if (chain_add(&c, der, (size_t)n, &e) < 0 || chain_check(&c, &e) < 0)
			refused += strstr(e.msg, "key") != NULL;
		at[i] ^= 1;
	}
	CHECK(refused == point_n);
	OPENSSL_free(der);
	X509_free(x);
	EVP_PKEY_free(key);
}

TAP_MAIN()
