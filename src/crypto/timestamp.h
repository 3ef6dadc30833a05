/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "base/str.h"
#include "crypto/x509.h"

/*
 * Time-stamp tokens of RFC 3161: an authority's signed word that some bytes were there at a time.
 * Notary Project puts one over a signature into the unprotected header, sigstore's bundles carry
 * them (signing.md 8). Parsing hostile tokens belongs in a sandbox; call crypto_init() before it.
 */
enum {
	LIMIT_TIMESTAMP = 64 * 1024,	      /* bytes of a token or of an answer */
	LIMIT_TIMESTAMP_ACCURACY = 24 * 3600, /* seconds; a vaguer authority proves nothing */
	LIMIT_TIMESTAMP_CERTS = 1024,	      /* anchors, and as many others */
	TIMESTAMP_NONCE = 16,		      /* bytes */
};

/* Whom to believe. All of it is borrowed. */
struct timestamp_trust {
	struct cert *const *anchors; /* a chain leads to one of these, self-signed or not */
	size_t anchors_n;
	struct cert *const *others; /* may help to build it; tokens need not carry certificates */
	size_t others_n;
};

struct timestamp {
	int64_t time;	  /* genTime, whole seconds, rounded down */
	int64_t accuracy; /* seconds: the true time is within time - accuracy and time + accuracy */
	struct chain chain; /* the authority's, signer first */
};

/*
 * Reads a TimeStampToken (DER, nothing behind it) and checks that it holds: version 1; its imprint
 * is of data, by SHA-256, SHA-384 or SHA-512; one signer, whose certificate the signed attribute
 * names (RFC 2634 or RFC 5035) and whose signature covers content type and content; the certificate
 * is for time-stamping alone, critically; its chain leads to an anchor and was valid at the time
 * that the token states, without SHA-1 or weak keys. nonce NULL: any or none; else the token must
 * have it. E_FORMAT when it is malformed, E_VERIFY when it does not hold. Whether the anchor was in
 * use at that time is for the caller, who knows of such windows.
 */
int timestamp_verify(struct str token, struct str data, const struct timestamp_trust *trust,
		     const unsigned char *nonce, struct timestamp *ret, struct err *e);
void timestamp_free(struct timestamp *t);
static inline void timestamp_release(struct timestamp *t)
{
	timestamp_free(t);
}
#define auto_timestamp __attribute__((cleanup(timestamp_release))) struct timestamp

/*
 * A TimeStampReq over data, with a fresh nonce and the wish for certificates, to be sent as
 * application/timestamp-query. hash is "sha256", "sha384" or "sha512". Appends.
 */
int timestamp_request(struct str data, const char *hash, struct buf *ret,
		      unsigned char ret_nonce[static TIMESTAMP_NONCE], struct err *e);
/* The token of a TimeStampResp, not yet verified; E_REMOTE with the authority's reason when it did
 * not grant one, E_FORMAT for what is no answer. Appends. */
int timestamp_response(struct str answer, struct buf *ret, struct err *e);
