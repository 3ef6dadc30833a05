/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/x509.h"

/*
 * Certificates of sigstore's authority, Fulcio (signing.md 2.4): short-lived, for code signing, of
 * a person's or a workflow's identity as an OpenID provider vouched for it.
 */
enum { LIMIT_IDENTITY = 1023 };

struct fulcio_identity {
	char name[LIMIT_IDENTITY + 1];	 /* the one e-mail address, URI or other name of the leaf */
	char issuer[LIMIT_IDENTITY + 1]; /* who vouched for it: extension .1.8, or the older .1.1 */
};
/* Exactly one name; an issuer, and of two that are told the same. E_VERIFY, E_FORMAT. */
int fulcio_identity(const struct cert *leaf, struct fulcio_identity *ret, struct err *e);

/*
 * leaf was certified for code signing by an authority: the chain of it from its issuer to the
 * anchor, all valid at that time. ret_issuer is borrowed from authority. E_VERIFY.
 */
int fulcio_check(const struct cert *leaf, const struct chain *authority, int64_t when,
		 const struct cert **ret_issuer, struct err *e);
