/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "crypto/dn.h"
#include "crypto/key.h"

/*
 * X.509 certificates as Notary Project signatures need them (signing.md 1.6, RFC 5280). A
 * certificate keeps the exact DER bytes it was read from: equality and thumbprints are of those.
 * Parsing hostile certificates belongs in a sandbox; call crypto_init() before it.
 */
enum {
	LIMIT_CERT = 32 * 1024,	   /* bytes of DER */
	LIMIT_CHAIN = 10,	   /* certificates of a chain */
	LIMIT_PEM_CERTS = 1 << 20, /* bytes of a PEM file */
	LIMIT_CERT_DAYS = 36500,
	THUMBPRINT_MAX = 65,
};

struct cert;

/* Exactly one certificate in DER, nothing behind it. */
int cert_from_der(const void *p, size_t n, struct cert **ret, struct err *e);
void cert_free(struct cert *c);
DEFINE_RELEASE_VOID(struct cert, cert_free)

struct str cert_der(const struct cert *c);	     /* borrowed */
const struct dn *cert_subject(const struct cert *c); /* parts in RFC 4514 order: CN first */
void cert_thumbprint(const struct cert *c, char ret[static THUMBPRINT_MAX]); /* SHA-256, hex */
int64_t cert_not_before(const struct cert *c);
int64_t cert_not_after(const struct cert *c);
bool cert_equal(const struct cert *a, const struct cert *b);
bool cert_is_ca(const struct cert *c); /* basicConstraints CA=true */
/* Issued by itself, and the signature under its own key holds. */
bool cert_is_self_signed(const struct cert *c);
/* Names a CRL or an OCSP responder, so that there is something to ask about revocation. */
bool cert_names_revocation(const struct cert *c);
/* The public key, owned by the caller; E_FORMAT for keys that key.h refuses. */
int cert_key(const struct cert *c, struct key **ret, struct err *e);
/* Appends "-----BEGIN CERTIFICATE-----...". */
int cert_to_pem(const struct cert *c, struct buf *ret, struct err *e);

/* Certificates in order: for a signature leaf first, root last. */
struct chain {
	struct cert *v[LIMIT_CHAIN];
	size_t n;
};
int chain_add(struct chain *c, const void *der, size_t n, struct err *e);
/* All certificates of a PEM file, at least one; other PEM blocks and text between are refused. A
 * file that begins as DER does is read as one certificate. */
int chain_from_file(struct str bytes, struct chain *ret, struct err *e);
void chain_free(struct chain *c);
static inline void chain_release(struct chain *c)
{
	chain_free(c);
}
#define auto_chain __attribute__((cleanup(chain_release))) struct chain

/*
 * The rules of a code-signing chain: complete, in order, each signed by the next, ending in its
 * only self-signed root; leaf and CA extensions; path lengths; no SHA-1; sizes. Stricter than
 * Notary Project: an extension that is critical and not evaluated here is refused (RFC 5280, 4.2).
 * A single self-signed certificate must keep the rules of a leaf. E_VERIFY.
 */
int chain_check(const struct chain *c, struct err *e);
/* The same of a time-stamping authority's, as timestamp.h gives it: what that has not looked at is
 * what leaf and CAs may be used for, and how strong all are. E_VERIFY. */
int chain_check_stamper(const struct chain *c, struct err *e);
/* Every certificate is within its validity at this time; E_VERIFY names the first that is not. */
int chain_valid_at(const struct chain *c, int64_t when, struct err *e);

/* What every certificate of chain_check() must keep, whatever it is for: its form, version 3,
 * SHA-2, a key of a type and size that is accepted. E_VERIFY. */
int cert_check_strength(const struct cert *c, struct err *e);
/* The first certificate of c was issued by one of cas, by way of the others of c as far as they are
 * needed; all valid at that time. Every one of cas is an end of the way, self-signed or not. */
int chain_issued_under(const struct chain *c, const struct chain *cas, int64_t when, struct err *e);

/* A self-signed code-signing certificate for key; subject must hold C, ST, O and CN. */
int cert_make_self_signed(const struct key *key, const struct dn *subject, int64_t not_before,
			  int days, struct cert **ret, struct err *e);
/* A request for a code-signing certificate (PKCS #10), as PEM; the same subject. Appends. */
int cert_request(const struct key *key, const struct dn *subject, struct buf *ret, struct err *e);
