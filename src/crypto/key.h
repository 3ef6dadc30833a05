/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"

/*
 * Key pairs by OpenSSL 3 EVP. Private keys are PKCS#8 PEM, encrypted (PBES2, AES-256-CBC, PBKDF2
 * with SHA-256) when a passphrase is given. Memory that held a secret is cleansed.
 */
enum { LIMIT_KEY_PEM = 64 * 1024, LIMIT_PASSPHRASE = 1000 };

enum key_kind { KEY_EC_P256, KEY_EC_P384, KEY_EC_P521, KEY_ED25519, KEY_RSA };

struct key; /* private or public */

/* Loads what libcrypto needs from files. Call it before entering a sandbox that may open none. */
void crypto_init(void);

/* For buffers that hold secrets: cleansed before they are freed. Fill them with a single put, since
 * a grown buffer leaves its old memory behind. */
void secret_free(struct buf *b);
/* All of a file, at most max bytes, into an empty buffer and nowhere else; what names it. */
int secret_read(int fd, const char *what, size_t max, struct buf *ret, struct err *e);
#define auto_secret __attribute__((cleanup(secret_free))) struct buf

/* P-256, P-384, P-521, Ed25519, or RSA of 3072 bits. */
int key_generate(enum key_kind kind, struct key **ret, struct err *e);
int key_generate_rsa(int bits, struct key **ret, struct err *e); /* 2048, 3072 or 4096 */
/* "P-256", "P-384", "P-521", "RSA-2048", "RSA-3072", "RSA-4096" or "Ed25519"; bits is of RSA. */
int key_type_parse(const char *name, enum key_kind *ret, int *ret_bits, struct err *e);
const char *key_type_name(const struct key *k);
/* PKCS#8, SEC1 or PKCS#1, encrypted or not. Refused (E_FORMAT): RSA other than 2048, 3072 and 4096
 * bits, other curves, explicit curve parameters, other types. A wrong passphrase is E_USAGE.
 * passphrase NULL: the file must not be encrypted, else E_USAGE saying how a passphrase is given.
 */
int key_from_pem(struct str pem, const char *passphrase, struct key **ret, struct err *e);
int key_to_pem(const struct key *k, const char *passphrase, struct buf *ret, struct err *e);
int key_public_from_pem(struct str pem, struct key **ret, struct err *e);
int key_public_to_pem(const struct key *k, struct buf *ret, struct err *e);
/* Ed25519 only: 32 raw bytes. */
int key_public_raw(const struct key *k, unsigned char ret[static 32], struct err *e);
int key_public_from_raw(const unsigned char raw[static 32], struct key **ret, struct err *e);
enum key_kind key_kind(const struct key *k);
/* The only JWS "alg" for this key: "ES256", "PS512"... (signing.md 1.2); NULL for Ed25519. */
const char *key_jws_alg(const struct key *k);
bool key_same_public(const struct key *a, const struct key *b);
/* SubjectPublicKeyInfo in DER, a point never compressed. Appends. */
int key_spki(const struct key *k, struct buf *ret, struct err *e);
/* What names a public key whatever certificate it is in: SHA-256 of its SubjectPublicKeyInfo in
 * DER, lower-case hex. */
enum { KEY_ID_MAX = 65 };
int key_spki_id(const struct key *k, char ret[static KEY_ID_MAX], struct err *e);
void key_free(struct key *k);
DEFINE_RELEASE_VOID(struct key, key_free)

/* Signs a message. EC: raw r||s of fixed width, over SHA-256/384/512 by curve (RFC 7518 3.4).
 * Ed25519: 64 bytes (RFC 8032). RSA: PSS with MGF1, salt as long as the hash (by modulus size:
 * 256/384/512). Appends. */
int key_sign(const struct key *k, const void *msg, size_t n, struct buf *ret, struct err *e);
/* E_VERIFY when the signature does not hold, also for a wrong length. */
int key_verify(const struct key *k, const void *msg, size_t n, struct str sig, struct err *e);

/*
 * Signatures whose form the key does not decide: TUF and other formats name it beside the key. An
 * ECDSA signature is DER here, SEQUENCE { r, s } with nothing behind it (RFC 3279 2.2.3); RSA is
 * PSS with MGF1 of the same hash and a salt of any length, or PKCS #1 v1.5 (RFC 8017 8.1, 8.2).
 */
enum key_form { KEY_FORM_ED25519, KEY_FORM_ECDSA, KEY_FORM_RSA_PSS, KEY_FORM_RSA_PKCS1 };
/* hash is "SHA256", "SHA384" or "SHA512", and not used for Ed25519. A key of another type than the
 * form's is E_FORMAT; a signature that does not hold, or is not encoded so, E_VERIFY. */
int key_verify_as(const struct key *k, enum key_form form, const char *hash, const void *msg,
		  size_t n, struct str sig, struct err *e);
/* Appends the signature; PSS with a salt as long as the hash. */
int key_sign_as(const struct key *k, enum key_form form, const char *hash, const void *msg,
		size_t n, struct buf *ret, struct err *e);
/* The same of a hash that was made already, hash_n bytes of it: not for Ed25519. */
int key_sign_digest(const struct key *k, enum key_form form, const char *hash, const void *digest,
		    size_t digest_n, struct buf *ret, struct err *e);

/* r||s of this key's width (RFC 7518 3.4) as DER; what is of another length is put as it is. */
int key_ecdsa_der(const struct key *k, struct str raw, struct buf *ret, struct err *e);
/* The hash that goes with a key: "SHA256"...; NULL for Ed25519, which has its own. */
const char *key_hash(const struct key *k);

/*
 * A key whose private half somebody else holds: another process, a token, a key service. key_sign()
 * and key_sign_as() ask sign for the signature, in the encodings of key_sign_as(), and check it
 * under the public key before anybody gets to see it. arg is borrowed.
 */
struct key_remote {
	int (*sign)(void *arg, enum key_form form, const char *hash, const void *msg, size_t n,
		    struct buf *ret, struct err *e);
	void *arg;
};
int key_from_remote(const struct key *public_half, const struct key_remote *remote,
		    struct key **ret, struct err *e);

/*
 * For a process that is about to hold a private key: the numbers of keys that are read from now on
 * are in memory that is locked where the limit allows, and left out of dumps; what OpenSSL frees is
 * wiped.
 */
void crypto_hold_secrets(void);
