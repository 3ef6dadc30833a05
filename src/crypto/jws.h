/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "crypto/key.h"
#include "crypto/x509.h"

/*
 * Signature envelopes of the Notary Project in JWS form (signing.md 1.2 and 1.3; RFC 7515 flattened
 * JSON serialization). Only the signing scheme notary.x509 is accepted.
 *
 * Reading is strict. Exactly the members payload, protected, header and signature; no name twice
 * at any level, nor in another case; base64url without padding or stray bits; each critical header
 * known here. The signature holds over the bytes as received. What it does not cover is the
 * unprotected header: the certificates in it are bound by the chain rules and the trust store, the
 * other members there (signingAgent, timestampSignature) are never used for a decision.
 */
#define JWS_MEDIA_TYPE "application/jose+json"

enum {
	LIMIT_JWS = 1024 * 1024, /* bytes of an envelope */
	LIMIT_JWS_CRIT = 16,	 /* names in "crit" */
	LIMIT_JWS_HEADERS = 64,	 /* members of the protected header */
};

struct jws_claims {
	int64_t signing_time; /* the signer's word, not proven */
	int64_t expiry;	      /* 0: none */
};

/*
 * Appends an envelope over payload. The key must be the one of the chain's leaf. agent tells what
 * program signed, or is NULL.
 */
int jws_sign(const struct key *k, const struct chain *chain, const char *content_type,
	     struct str payload, const struct jws_claims *claims, const char *agent,
	     struct buf *ret, struct err *e);

struct jws {
	struct buf payload; /* decoded */
	struct chain chain; /* leaf first; keeps the chain rules */
	struct jws_claims claims;
};

/*
 * Reads an envelope and checks that its signature holds under the leaf certificate, by the only
 * algorithm of its key, and that the chain keeps the rules of chain_check(). Whether the chain is
 * trusted, valid today, and whether the envelope expired is for the caller. E_FORMAT when it is
 * malformed, E_VERIFY when it does not hold.
 */
int jws_verify(struct str envelope, const char *content_type, struct jws *ret, struct err *e);
void jws_free(struct jws *j);
static inline void jws_release(struct jws *j)
{
	jws_free(j);
}
#define auto_jws __attribute__((cleanup(jws_release))) struct jws
