/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/cbor.h"
#include "crypto/cose.h"
#include "crypto/envelope_internal.h"

/* Labels of RFC 9052, section 3.1, and RFC 9360, section 2. */
enum { COSE_ALG = 1, COSE_CRIT = 2, COSE_CONTENT_TYPE = 3, COSE_X5CHAIN = 33 };

struct cose_headers {
	const char *content_type; /* the one that is wanted */
	int64_t alg;
	struct claims claims;
	int64_t authentic_time;
	struct chain *chain; /* receives the certificates, where this header has them */

	/* For cose_header.c: the labels so far, as they are encoded, to find one that is there
	 * twice; and what was there. */
	struct str seen[LIMIT_ENVELOPE_HEADERS];
	size_t seen_n;
	bool has_alg, has_crit, has_content_type, has_scheme, has_time, has_expiry;
	bool has_authentic; /* the time is a signing authority's */
	bool crit_scheme, crit_expiry, crit_authentic;
};

/* Reads the protected header. E_FORMAT, E_VERIFY for what is well-formed and not accepted. */
int cose_read_protected(struct str head, struct cose_headers *h, struct err *e);
/* Reads the unprotected header, whose labels must not stand in the protected one too: the chain,
 * unless the protected one has it, and the timestamp when there is one. */
int cose_read_unprotected(struct cbor *c, struct cose_headers *h, struct envelope *ret,
			  struct err *e);
