/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/envelope.h"

/*
 * Envelopes in COSE form (signing.md 1.4; COSE_Sign1 of RFC 9052, certificates of RFC 9360).
 *
 * Reading is strict. Tag 18 and four items with nothing behind them, in CBOR as cbor.h takes it; no
 * name twice, in the protected and the unprotected header together; each critical header known
 * here, each label that matters of its one type.
 */
int cose_sign(const struct key *k, const struct chain *chain, const char *content_type,
	      struct str payload, const struct claims *claims, const char *agent, struct buf *ret,
	      struct err *e);
int cose_add_timestamp(struct str envelope, struct str token, struct buf *ret, struct err *e);
int cose_verify(struct str envelope, const char *content_type, struct envelope *ret, struct err *e);
