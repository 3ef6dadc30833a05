/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trust/sigstore/bundle.h"
#include "trust/sigstore/root.h"

/*
 * Entries of Rekor, sigstore's transparency log: that the log has one (tlog.c), and that it is of
 * this signature (tlog_body.c).
 */

/* What the log of an entry has proven. */
struct tlog_proof {
	const struct log_key *log; /* borrowed from the root */
	int64_t time;		   /* by a promise; 0: none, the log tells no time (Rekor v2) */
};
/*
 * The promise (SET) and the inclusion proof with its checkpoint, whichever are there and at least
 * one: each must hold under the key of the log that the entry names. E_VERIFY.
 */
int tlog_verify(const struct tlog_entry *t, const struct trusted_root *root, struct tlog_proof *ret,
		struct err *e);

/* What an entry must be of. */
struct tlog_subject {
	const struct bundle *bundle;
	const struct key *key;	 /* that signed */
	const struct cert *cert; /* its certificate, or NULL */
	struct str message; /* what was signed: an artifact, or its PAE; .p NULL: digest only */
	struct str sha256;  /* its digest, 32 bytes */
};
/* The entry's body names this signature, this key or certificate and this digest or envelope. Kinds
 * hashedrekord 0.0.1 and 0.0.2, dsse 0.0.1 and 0.0.2, intoto 0.0.2, and 0.0.1 where the envelope's
 * own bytes are at hand. E_VERIFY, E_FORMAT. */
int tlog_check_body(const struct tlog_entry *t, const struct tlog_subject *s, struct err *e);
