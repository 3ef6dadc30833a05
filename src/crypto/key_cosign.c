/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/key_cosign.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/encode.h"
#include "base/json.h"
#include "crypto/secretbox.h"
#include "crypto/ssl.h"

DEFINE_RELEASE_VOID(EVP_KDF, EVP_KDF_free)
DEFINE_RELEASE_VOID(EVP_KDF_CTX, EVP_KDF_CTX_free)
DEFINE_RELEASE_VOID(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)

#define TYPE_NOW "ENCRYPTED SIGSTORE PRIVATE KEY"
#define TYPE_OLD "ENCRYPTED COSIGN PRIVATE KEY"

enum { SALT = 32, SCRYPT_N = 65536, SCRYPT_R = 8, SCRYPT_P = 1, PEM_COLUMNS = 64 };

struct sealed {
	uint64_t n, r, p;
	unsigned char salt[SALT], nonce[SECRETBOX_NONCE];
	struct buf box;
};

/* PEM: one block of either type, nothing before or behind it but white space. */

static bool block(struct str pem, const char *type, struct str *ret_body)
{
	char begin[64], end[64];
	size_t n = (size_t)snprintf(begin, sizeof(begin), "-----BEGIN %s-----", type);
	struct str s = str_trim(pem);

	(void)snprintf(end, sizeof(end), "-----END %s-----", type);
	if (!str_starts(s, begin))
		return false;
	*ret_body = (struct str){ s.p + n, s.n - n };
	if (!str_ends(*ret_body, end))
		return false;
	ret_body->n -= strlen(end);
	return true;
}

bool key_is_cosign(struct str pem)
{
	struct str s = str_trim(pem);

	return str_starts(s, "-----BEGIN " TYPE_NOW "-----") ||
	       str_starts(s, "-----BEGIN " TYPE_OLD "-----");
}

static int decode_block(struct str pem, struct buf *ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_KEY_PEM);
	struct str body, line;
	int r;

	if (pem.n > LIMIT_KEY_PEM)
		return FAIL(e, E_FORMAT, "private key: longer than %d bytes", LIMIT_KEY_PEM);
	if (!block(pem, TYPE_NOW, &body) && !block(pem, TYPE_OLD, &body))
		return FAIL(e, E_FORMAT, "private key: not one PEM block of cosign's");
	while (str_line(&body, &line)) {
		line = str_trim(line);
		buf_put(&text, line.p, line.n);
	}
	if ((r = buf_check(&text, "private key", e)) < 0)
		return r;
	return b64_decode((struct str){ buf_str(&text), text.n }, B64_STD, ret, e);
}

static int get_raw(const json_t *o, const char *key, unsigned char *ret, size_t n, struct err *e)
{
	auto_buf raw = BUF_INIT(n);
	const char *text;
	int r = json_get_string(o, key, &text, "private key", e);

	if (r < 0)
		return r;
	if (b64_decode(str_of(text), B64_STD, &raw, NULL) < 0 || raw.n != n)
		return FAIL(e, E_FORMAT, "private key: '%s' is not %zu bytes of base64", key, n);
	memcpy(ret, raw.p, n);
	return 0;
}

/* scrypt's own rules and ours. Checked before anything is derived: the file says what it costs. */
static int check_costs(const struct sealed *s, struct err *e)
{
	bool power = s->n > 1 && (s->n & (s->n - 1)) == 0;

	if (!power || s->r == 0 || s->p == 0)
		return FAIL(e, E_FORMAT, "private key: scrypt's N, r and p make no sense");
	if (s->n > LIMIT_SCRYPT_WORK || s->r > LIMIT_SCRYPT_WORK || s->p > LIMIT_SCRYPT_WORK ||
	    s->n * s->r > LIMIT_SCRYPT_MEMORY / 128 || s->n * s->r * s->p > LIMIT_SCRYPT_WORK)
		return FAIL(e, E_FORMAT,
			    "private key: it asks for more of scrypt than is allowed (N * r up to "
			    "%d, N * r * p up to %d)",
			    LIMIT_SCRYPT_MEMORY / 128, LIMIT_SCRYPT_WORK);
	return 0;
}

static int parse_kdf(const json_t *kdf, struct sealed *s, struct err *e)
{
	static const char what[] = "private key: kdf";
	const char *name;
	json_t *params;
	int r;

	if ((r = json_get_string(kdf, "name", &name, what, e)) < 0 ||
	    (r = json_get_object(kdf, "params", &params, what, e)) < 0 ||
	    (r = json_get_u64(params, "N", &s->n, what, e)) < 0 ||
	    (r = json_get_u64(params, "r", &s->r, what, e)) < 0 ||
	    (r = json_get_u64(params, "p", &s->p, what, e)) < 0 ||
	    (r = get_raw(kdf, "salt", s->salt, sizeof(s->salt), e)) < 0)
		return r;
	if (strcmp(name, "scrypt") != 0)
		return FAIL(e, E_FORMAT, "%s: '%.20s' is not scrypt", what, name);
	return check_costs(s, e);
}

static int parse(struct str json, struct sealed *s, struct err *e)
{
	auto_json *j = NULL;
	json_t *kdf, *cipher;
	const char *name, *box;
	int r;

	if ((r = json_parse(json.p, json.n, "private key", &j, e)) < 0 ||
	    (r = json_get_object(j, "kdf", &kdf, "private key", e)) < 0 ||
	    (r = json_get_object(j, "cipher", &cipher, "private key", e)) < 0 ||
	    (r = json_get_string(j, "ciphertext", &box, "private key", e)) < 0 ||
	    (r = parse_kdf(kdf, s, e)) < 0 ||
	    (r = json_get_string(cipher, "name", &name, "private key: cipher", e)) < 0 ||
	    (r = get_raw(cipher, "nonce", s->nonce, sizeof(s->nonce), e)) < 0)
		return r;
	if (strcmp(name, "nacl/secretbox") != 0)
		return FAIL(e, E_FORMAT, "private key: cipher '%.40s' is not nacl/secretbox", name);
	return b64_decode(str_of(box), B64_STD, &s->box, e);
}

static int derive(const struct sealed *s, const char *passphrase,
		  unsigned char ret[static SECRETBOX_KEY], struct err *e)
{
	auto_release(EVP_KDF_free) EVP_KDF *kdf = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
	auto_release(EVP_KDF_CTX_free) EVP_KDF_CTX *c = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	uint64_t n = s->n, r = s->r, p = s->p, max = (uint64_t)LIMIT_SCRYPT_MEMORY * 2;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_PASSWORD, (void *)(uintptr_t)passphrase, strlen(passphrase)),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)s->salt,
						  sizeof(s->salt)),
		OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
		OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_R, &r),
		OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_P, &p),
		OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &max),
		OSSL_PARAM_construct_end(),
	};

	if (!c || EVP_KDF_derive(c, ret, SECRETBOX_KEY, params) != 1)
		return FAIL_SSL(e, E_SYSTEM, "scrypt");
	return 0;
}

static int no_passphrase(struct err *e)
{
	int r = FAIL(e, E_USAGE, "private key: it is encrypted and no passphrase was given");

	return err_hint(e, r, "give --passphrase-file FILE, or set COSIGN_PASSWORD");
}

static int decode_pkcs8(struct str der, struct key **ret, struct err *e)
{
	const unsigned char *p = (const unsigned char *)der.p;
	auto_release(PKCS8_PRIV_KEY_INFO_free) PKCS8_PRIV_KEY_INFO *p8 =
		d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)der.n);
	EVP_PKEY *pkey = p8 ? EVP_PKCS82PKEY(p8) : NULL;

	if (!pkey || (const char *)p != der.p + der.n) {
		EVP_PKEY_free(pkey);
		ERR_clear_error();
		return FAIL(e, E_FORMAT, "private key: what was sealed is not PKCS#8");
	}
	return key_wrap(pkey, true, "private key", ret, e);
}

int key_from_cosign(struct str pem, const char *passphrase, struct key **ret, struct err *e)
{
	auto_buf json = BUF_INIT(LIMIT_KEY_PEM);
	auto_secret der = BUF_INIT(LIMIT_KEY_PEM);
	struct sealed s = { .box = BUF_INIT(LIMIT_KEY_PEM) };
	unsigned char key[SECRETBOX_KEY];
	int r;

	if ((r = decode_block(pem, &json, e)) == 0)
		r = parse((struct str){ buf_str(&json), json.n }, &s, e);
	if (r == 0 && !passphrase)
		r = no_passphrase(e);
	if (r == 0)
		r = derive(&s, passphrase, key, e);
	if (r == 0) {
		r = secretbox_open(key, s.nonce, (struct str){ buf_str(&s.box), s.box.n }, &der, e);
		if (r == E_VERIFY)
			r = FAIL(e, E_USAGE, "private key: the passphrase is wrong");
	}
	OPENSSL_cleanse(key, sizeof(key));
	buf_free(&s.box);
	return r < 0 ? r : decode_pkcs8((struct str){ buf_str(&der), der.n }, ret, e);
}

int key_from_file(struct str pem, const char *passphrase, struct key **ret, struct err *e)
{
	return key_is_cosign(pem) ? key_from_cosign(pem, passphrase, ret, e)
				  : key_from_pem(pem, passphrase, ret, e);
}

/* Writing. */

static int seal(const struct key *k, const char *passphrase, struct sealed *s, struct err *e)
{
	auto_release(PKCS8_PRIV_KEY_INFO_free) PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(k->pkey);
	unsigned char key[SECRETBOX_KEY], *der = NULL;
	int n = p8 ? i2d_PKCS8_PRIV_KEY_INFO(p8, &der) : -1, r;

	if (n <= 0)
		return FAIL_SSL(e, E_SYSTEM, "write key");
	if (RAND_bytes(s->salt, sizeof(s->salt)) != 1 ||
	    RAND_bytes(s->nonce, sizeof(s->nonce)) != 1)
		r = FAIL_SSL(e, E_SYSTEM, "random bytes");
	else
		r = derive(s, passphrase, key, e);
	if (r == 0)
		r = secretbox_seal(key, s->nonce, (struct str){ (const char *)der, (size_t)n },
				   &s->box, e);
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_clear_free(der, (size_t)n);
	return r;
}

static int write_json(const struct sealed *s, struct buf *ret, struct err *e)
{
	auto_buf salt = BUF_INIT(64), nonce = BUF_INIT(64), box = BUF_INIT(LIMIT_KEY_PEM);
	auto_json *j = NULL;

	b64_put(&salt, B64_STD, s->salt, sizeof(s->salt));
	b64_put(&nonce, B64_STD, s->nonce, sizeof(s->nonce));
	b64_put(&box, B64_STD, s->box.p, s->box.n);
	j = json_pack("{s:{s:s, s:{s:I, s:I, s:I}, s:s}, s:{s:s, s:s}, s:s}", "kdf", "name",
		      "scrypt", "params", "N", (json_int_t)s->n, "r", (json_int_t)s->r, "p",
		      (json_int_t)s->p, "salt", buf_str(&salt), "cipher", "name", "nacl/secretbox",
		      "nonce", buf_str(&nonce), "ciphertext", buf_str(&box));
	return j ? json_canonical(j, ret, e) : FAIL_NOMEM(e);
}

int key_to_cosign(const struct key *k, const char *passphrase, struct buf *ret, struct err *e)
{
	auto_buf json = BUF_INIT(LIMIT_KEY_PEM), text = BUF_INIT(LIMIT_KEY_PEM);
	struct sealed s = {
		.n = SCRYPT_N, .r = SCRYPT_R, .p = SCRYPT_P, .box = BUF_INIT(LIMIT_KEY_PEM)
	};
	int r;

	if (!k->has_priv)
		return FAIL(e, E_INTERNAL, "write key: this is a public key");
	if (strlen(passphrase) > LIMIT_PASSPHRASE)
		return FAIL(e, E_USAGE, "a passphrase has at most %d bytes", LIMIT_PASSPHRASE);
	r = seal(k, passphrase, &s, e);
	if (r == 0)
		r = write_json(&s, &json, e);
	buf_free(&s.box);
	if (r < 0)
		return r;
	b64_put(&text, B64_STD, json.p, json.n);
	buf_puts(ret, "-----BEGIN " TYPE_NOW "-----\n");
	for (size_t i = 0; i < text.n; i += PEM_COLUMNS) {
		buf_put(ret, text.p + i, text.n - i < PEM_COLUMNS ? text.n - i : PEM_COLUMNS);
		buf_putc(ret, '\n');
	}
	buf_puts(ret, "-----END " TYPE_NOW "-----\n");
	return buf_check(ret, "private key", e);
}
