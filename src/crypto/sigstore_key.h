/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/key.h"

/*
 * Signatures as cosign, sigstore and in-toto make them (signing.md 2): ECDSA in DER, RSA with PKCS
 * #1 v1.5, Ed25519. The hash goes by the key: SHA-256 for P-256 and RSA, SHA-384 for P-384, SHA-512
 * for P-521. Of the larger curves SHA-256 is read too, which is what cosign before 3 and
 * containers/image use for every key.
 */
enum { KEY_HINT_MAX = 45 };

/* Appends the signature of msg. */
int sigstore_sign(const struct key *k, const void *msg, size_t n, struct buf *ret, struct err *e);
/* The same, with SHA-256 whatever the curve: what readers of simple signing ask for. */
int sigstore_sign_sha256(const struct key *k, const void *msg, size_t n, struct buf *ret,
			 struct err *e);
/* E_VERIFY when it does not hold, or is not encoded in the one way. */
int sigstore_verify(const struct key *k, const void *msg, size_t n, struct str sig, struct err *e);
/* Of a message of which only the digest is known, made by hash ("SHA256"...). E_VERIFY for Ed25519,
 * which signs the message itself. */
int sigstore_verify_digest(const struct key *k, const char *hash, struct str digest, struct str sig,
			   struct err *e);

/* key_spki_id() in base64, as bundles have it for a hint. */
int key_hint(const struct key *k, char ret[static KEY_HINT_MAX], struct err *e);
/* SubjectPublicKeyInfo in DER; trailing bytes are refused. */
int key_public_der(const struct key *k, struct buf *ret, struct err *e);
int key_public_from_der(const void *p, size_t n, struct key **ret, struct err *e);
