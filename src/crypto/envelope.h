/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "crypto/key.h"
#include "crypto/x509.h"

/*
 * Signature envelopes of the Notary Project, in either of their two forms: JWS (signing.md 1.3) and
 * COSE (signing.md 1.4). Both say the same: a payload, the chain of its signer's certificates, and
 * what the signer claims. The signing schemes are notary.x509 and notary.x509.signingAuthority, the
 * algorithm is the only one that the leaf's key has (signing.md 1.2).
 *
 * The signature holds over the bytes as received. What it does not cover is the unprotected header:
 * the certificates in it are bound by the chain rules and the trust store, a timestamp is a
 * signature of its own over the envelope's, and signingAgent is never used for a decision.
 */
#define JWS_MEDIA_TYPE "application/jose+json"
#define COSE_MEDIA_TYPE "application/cose"

enum envelope_form { ENVELOPE_JWS, ENVELOPE_COSE };

enum {
	LIMIT_ENVELOPE = 1024 * 1024, /* bytes */
	LIMIT_CRIT = 16,	      /* names that are marked critical */
	LIMIT_ENVELOPE_HEADERS = 64,  /* members of the protected header */
};

struct claims {
	bool authority;	      /* scheme notary.x509.signingAuthority, else notary.x509 */
	int64_t signing_time; /* the signer's word; that of a signing authority counts as proven */
	int64_t expiry;	      /* 0: none */
};

struct envelope {
	struct buf payload;   /* decoded */
	struct buf signature; /* raw: what a timestamp is over */
	struct buf timestamp; /* a token as received, not verified; empty: none */
	struct chain chain;   /* leaf first; keeps the chain rules */
	struct claims claims;
};

/* By a layer's media type; E_FORMAT for another. */
int envelope_form_of(const char *media_type, enum envelope_form *ret, struct err *e);
const char *envelope_media_type(enum envelope_form form);

/*
 * Appends an envelope over payload. The key must be the one of the chain's leaf. agent tells what
 * program signed, or is NULL.
 */
int envelope_sign(enum envelope_form form, const struct key *k, const struct chain *chain,
		  const char *content_type, struct str payload, const struct claims *claims,
		  const char *agent, struct buf *ret, struct err *e);

/* Appends the envelope with a timestamp in its unprotected header; E_FORMAT when one is there. */
int envelope_add_timestamp(enum envelope_form form, struct str bytes, struct str token,
			   struct buf *ret, struct err *e);
/* The hash of the leaf's algorithm, which timestamps use too: "sha256", "sha384" or "sha512". */
int envelope_hash(const struct chain *chain, const char **ret, struct err *e);

/*
 * Reads an envelope and checks that its signature holds under the leaf certificate, by the only
 * algorithm of its key, and that the chain keeps the rules of chain_check(). Whether the chain is
 * trusted, valid today, and whether the envelope expired is for the caller. E_FORMAT when it is
 * malformed, E_VERIFY when it does not hold.
 */
int envelope_verify(enum envelope_form form, struct str bytes, const char *content_type,
		    struct envelope *ret, struct err *e);
void envelope_free(struct envelope *v);
static inline void envelope_release(struct envelope *v)
{
	envelope_free(v);
}
#define auto_envelope __attribute__((cleanup(envelope_release))) struct envelope
