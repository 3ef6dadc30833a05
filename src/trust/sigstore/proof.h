/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/fulcio.h"
#include "trust/sigstore/tlog.h"
#include "trust/withdrawn.h"

/*
 * One bundle verified, whatever it is about: who signed these bytes, and how that is known. By a
 * key that is trusted as it is; or keyless, by a certificate of an authority in the trusted root,
 * the time of signing proven by a log or a time-stamp authority.
 */
struct proof_want {
	struct str message; /* the artifact; .p NULL: only its digest is known. Not used for an
			       envelope, which has its payload with it */
	struct str sha256;  /* the artifact's digest, 32 bytes; not used for an envelope */
	const struct key *const *keys; /* that are trusted */
	size_t keys_n;
	const struct trusted_root *root; /* NULL: nothing keyless is accepted, and what logs and
					    time-stamp authorities say of a keyed one not read */
	bool keyless; /* certificates are accepted; their identity is for the caller */
	const struct withdrawn *withdrawn; /* keys that nothing is accepted by, be they a signer's,
					      a CA's, a log's or a time-stamp authority's. NULL:
					      none */
	int64_t now;
};
struct proof {
	bool keyless;
	size_t key;			 /* index in keys */
	struct fulcio_identity identity; /* keyless */
	char key_id[KEY_ID_MAX];	 /* of the key, or of the certificate's */
	int64_t time;			 /* proven; 0: none */
	bool logged;			 /* a transparency log has it */
};
/* E_VERIFY with the reason, E_FORMAT for what is malformed. */
int bundle_prove(const struct bundle *b, const struct proof_want *w, struct proof *ret,
		 struct err *e);
