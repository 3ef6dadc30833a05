/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/decoder.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <string.h>

#include "crypto/key.h"
#include "crypto/ssl.h"

/* PBKDF2 rounds for keys that we write: about 0.2 s a guess on the machines of 2026. */
enum { PBKDF2_ROUNDS = 600 * 1000, SALT_LEN = 16 };

DEFINE_RELEASE_VOID(OSSL_DECODER_CTX, OSSL_DECODER_CTX_free)
DEFINE_RELEASE_VOID(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)
DEFINE_RELEASE_VOID(X509_SIG, X509_SIG_free)
DEFINE_RELEASE_VOID(X509_ALGOR, X509_ALGOR_free)

/* Answers OpenSSL's question for a passphrase; without this it would ask on the terminal. */
struct ask {
	const char *passphrase; /* or NULL */
	bool asked;
};

static int answer(char *to, int cap, int writing, void *arg)
{
	struct ask *a = arg;
	size_t n = a->passphrase ? strlen(a->passphrase) : 0;

	(void)writing;
	a->asked = true;
	if (!a->passphrase || n > (size_t)cap)
		return -1;
	memcpy(to, a->passphrase, n);
	return (int)n;
}

/* Whatever form it has: slowly, since OpenSSL tries each form for each type of key. */
static int decode(struct str pem, struct ask *a, EVP_PKEY **ret, struct err *e)
{
	EVP_PKEY *pkey = NULL;
	auto_release(OSSL_DECODER_CTX_free) OSSL_DECODER_CTX *d = OSSL_DECODER_CTX_new_for_pkey(
		&pkey, "PEM", NULL, NULL, EVP_PKEY_KEYPAIR, NULL, NULL);
	const unsigned char *p = (const unsigned char *)pem.p;
	size_t left = pem.n;

	if (!d || OSSL_DECODER_CTX_set_pem_password_cb(d, answer, a) != 1)
		return FAIL_SSL(e, E_SYSTEM, "read key");
	(void)OSSL_DECODER_from_data(d, &p, &left);
	if (!pkey)
		return FAIL_SSL(e, E_FORMAT, "read key");
	ERR_clear_error();
	*ret = pkey;
	return 0;
}

/* From the first block that is a private key on: openssl ecparam writes the curve before it. */
static struct str private_part(struct str pem)
{
	struct str rest = pem, line;
	const char *at = pem.p;

	while (str_line(&rest, &line)) {
		line = str_trim(line);
		if (str_starts(line, "-----BEGIN ") && str_ends(line, "PRIVATE KEY-----"))
			return (struct str){ at, pem.n - (size_t)(at - pem.p) };
		at = rest.p;
	}
	return pem;
}

/* The block of this label, in memory that is wiped by OPENSSL_secure_clear_free(). */
static int read_block(struct str pem, const char *label, struct ask *a, unsigned char **ret,
		      size_t *ret_n, struct err *e)
{
	auto_release(BIO_free) BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	long n = 0;

	if (!bio || PEM_bytes_read_bio_secmem(ret, &n, NULL, label, bio, answer, a) != 1)
		return FAIL_SSL(e, E_FORMAT, "read key");
	*ret_n = (size_t)n;
	return 0;
}

/* Ed25519 (RFC 8410, 7) is 32 bytes in an OCTET STRING: as it is every trail's, it is read without
 * OpenSSL's decoders, whose making takes longer than all the rest of an entry. NULL: another. */
static EVP_PKEY *read_ed25519(const PKCS8_PRIV_KEY_INFO *p8)
{
	static const unsigned char head[] = { 0x04, 32 };
	const ASN1_OBJECT *type;
	const X509_ALGOR *alg;
	const unsigned char *p;
	int n, parameters;

	if (PKCS8_pkey_get0(&type, &p, &n, &alg, p8) != 1 || OBJ_obj2nid(type) != NID_ED25519)
		return NULL;
	X509_ALGOR_get0(NULL, &parameters, NULL, alg);
	if (parameters != V_ASN1_UNDEF || n != sizeof(head) + 32 ||
	    memcmp(p, head, sizeof(head)) != 0)
		return NULL;
	return EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, p + sizeof(head), 32);
}

/* PKCS#8 that is not encrypted names its type, so that only readers of that type are tried. */
static int decode_pkcs8(struct str pem, struct ask *a, EVP_PKEY **ret, struct err *e)
{
	auto_release(PKCS8_PRIV_KEY_INFO_free) PKCS8_PRIV_KEY_INFO *p8 = NULL;
	unsigned char *der = NULL;
	const unsigned char *p;
	size_t n;
	int r = read_block(pem, PEM_STRING_PKCS8INF, a, &der, &n, e);

	if (r < 0)
		return r;
	p = der;
	p8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)n);
	*ret = p8 ? read_ed25519(p8) : NULL;
	if (p8 && !*ret)
		*ret = EVP_PKCS82PKEY(p8);
	OPENSSL_secure_clear_free(der, n);
	if (!*ret)
		return FAIL_SSL(e, E_FORMAT, "read key");
	ERR_clear_error();
	return 0;
}

static int decode_public(struct str pem, struct ask *a, EVP_PKEY **ret, struct err *e)
{
	unsigned char *der = NULL;
	const unsigned char *p;
	size_t n;
	int r = read_block(pem, PEM_STRING_PUBLIC, a, &der, &n, e);

	if (r < 0)
		return r;
	p = der;
	*ret = d2i_PUBKEY(NULL, &p, (long)n);
	if (*ret && p != der + n) {
		EVP_PKEY_free(*ret);
		*ret = NULL;
	}
	OPENSSL_secure_clear_free(der, n);
	if (!*ret)
		return FAIL_SSL(e, E_FORMAT, "read key");
	ERR_clear_error();
	return 0;
}

int key_from_pem(struct str pem, const char *passphrase, struct key **ret, struct err *e)
{
	struct ask a = { .passphrase = passphrase };
	EVP_PKEY *pkey;
	int r;

	if (pem.n > LIMIT_KEY_PEM)
		return FAIL(e, E_FORMAT, "private key: longer than %d bytes", LIMIT_KEY_PEM);
	pem = private_part(pem);
	r = str_starts(pem, "-----BEGIN " PEM_STRING_PKCS8INF "-----")
		    ? decode_pkcs8(pem, &a, &pkey, e)
		    : decode(pem, &a, &pkey, e);
	if (r < 0 && a.asked && !passphrase) {
		r = FAIL(e, E_USAGE, "private key: it is encrypted and no passphrase was given");
		return err_hint(e, r,
				"give --passphrase-file FILE, or set PLIMSOLL_PASSPHRASE_FILE");
	}
	if (r < 0 && a.asked)
		return FAIL(e, E_USAGE, "private key: the passphrase is wrong");
	if (r < 0)
		return FAIL(e, E_FORMAT, "private key: not a PEM private key that can be read");
	return key_wrap(pkey, true, "private key", ret, e);
}

int key_public_from_pem(struct str pem, struct key **ret, struct err *e)
{
	struct ask a = { 0 };
	EVP_PKEY *pkey;
	int r;

	if (pem.n > LIMIT_KEY_PEM)
		return FAIL(e, E_FORMAT, "public key: longer than %d bytes", LIMIT_KEY_PEM);
	r = decode_public(pem, &a, &pkey, e);
	if (r < 0)
		return FAIL(e, E_FORMAT, "public key: not a PEM public key that can be read");
	return key_wrap(pkey, false, "public key", ret, e);
}

/* What a memory BIO holds, as one put, so that a secret leaves no copy behind in a grown buffer. */
static int drain(BIO *bio, const char *what, struct buf *ret, struct err *e)
{
	char *p;
	long n = BIO_get_mem_data(bio, &p);

	buf_put(ret, p, n > 0 ? (size_t)n : 0);
	return buf_check(ret, what, e);
}

static int write_encrypted(BIO *bio, PKCS8_PRIV_KEY_INFO *p8, const char *passphrase, struct err *e)
{
	auto_release(X509_ALGOR_free) X509_ALGOR *pbe = PKCS5_pbe2_set_iv(
		EVP_aes_256_cbc(), PBKDF2_ROUNDS, NULL, SALT_LEN, NULL, NID_hmacWithSHA256);
	auto_release(X509_SIG_free) X509_SIG *sealed = NULL;

	if (pbe)
		sealed = PKCS8_set0_pbe(passphrase, (int)strlen(passphrase), p8, pbe);
	if (!sealed)
		return FAIL_SSL(e, E_SYSTEM, "encrypt key");
	(void)TAKE(pbe); /* now sealed's */
	if (PEM_write_bio_PKCS8(bio, sealed) != 1)
		return FAIL_SSL(e, E_SYSTEM, "write key");
	return 0;
}

int key_to_pem(const struct key *k, const char *passphrase, struct buf *ret, struct err *e)
{
	auto_release(BIO_free) BIO *bio = BIO_new(BIO_s_secmem()); /* cleansed when freed */
	auto_release(PKCS8_PRIV_KEY_INFO_free) PKCS8_PRIV_KEY_INFO *p8 = NULL;
	int r = 0;

	if (!k->has_priv)
		return FAIL(e, E_INTERNAL, "write key: this is a public key");
	if (passphrase && (!*passphrase || strlen(passphrase) > LIMIT_PASSPHRASE))
		return FAIL(e, E_USAGE, "a passphrase has 1 to %d bytes", LIMIT_PASSPHRASE);
	p8 = EVP_PKEY2PKCS8(k->pkey);
	if (!bio || !p8)
		return FAIL_SSL(e, E_SYSTEM, "write key");
	if (passphrase)
		r = write_encrypted(bio, p8, passphrase, e);
	else if (PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, p8) != 1)
		r = FAIL_SSL(e, E_SYSTEM, "write key");
	return r < 0 ? r : drain(bio, "private key", ret, e);
}

int key_public_raw(const struct key *k, unsigned char ret[static 32], struct err *e)
{
	size_t n = 32;

	if (k->kind != KEY_ED25519)
		return FAIL(e, E_INTERNAL, "raw public key: not an Ed25519 key");
	if (EVP_PKEY_get_raw_public_key(k->pkey, ret, &n) != 1 || n != 32)
		return FAIL_SSL(e, E_SYSTEM, "raw public key");
	return 0;
}

int key_public_from_raw(const unsigned char raw[static 32], struct key **ret, struct err *e)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, raw, 32);

	if (!pkey)
		return FAIL_SSL(e, E_FORMAT, "Ed25519 public key");
	return key_wrap(pkey, false, "public key", ret, e);
}
