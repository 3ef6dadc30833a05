/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/envelope.h"

/*
 * Envelopes in JWS form (signing.md 1.2 and 1.3; RFC 7515 flattened JSON serialization).
 *
 * Reading is strict. Exactly the members payload, protected, header and signature; no name twice
 * at any level, nor in another case; base64url without padding or stray bits; each critical header
 * known here.
 */
int jws_sign(const struct key *k, const struct chain *chain, const char *content_type,
	     struct str payload, const struct claims *claims, const char *agent, struct buf *ret,
	     struct err *e);
int jws_add_timestamp(struct str envelope, struct str token, struct buf *ret, struct err *e);
int jws_verify(struct str envelope, const char *content_type, struct envelope *ret, struct err *e);
