/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/envelope.h"

/* Header names that both forms have (signing.md 1.3 and 1.4). */
#define H_PREFIX "io.cncf.notary."
#define H_SCHEME H_PREFIX "signingScheme"
#define H_TIME H_PREFIX "signingTime"
#define H_AUTHENTIC_TIME H_PREFIX "authenticSigningTime"
#define H_EXPIRY H_PREFIX "expiry"
#define H_PLUGIN H_PREFIX "verificationPlugin"
#define H_PLUGIN_VERSION H_PREFIX "verificationPluginMinVersion"
#define H_TIMESTAMP H_PREFIX "timestampSignature"
#define H_AGENT H_PREFIX "signingAgent"
#define H_AGENT_OLD H_PREFIX "SigningAgent"
#define SCHEME_X509 "notary.x509"
#define SCHEME_AUTHORITY "notary.x509.signingAuthority"

/* A string of the signer's choosing, made fit to be shown in a message. */
struct shown {
	char s[64];
};
struct shown shown_of(struct str s);

/* The chain keeps the rules and its leaf is of key k, whose only algorithm is given. */
int envelope_signer(const struct key *k, const struct chain *chain, const char **ret_alg,
		    struct err *e);
/* The chain keeps the rules, alg is the only one of its leaf's key, and the signature over input
 * holds. */
int envelope_check_signature(const struct chain *chain, const char *alg, struct str input,
			     struct str signature, struct err *e);
/* The scheme by its name; E_VERIFY for one that is neither. */
int envelope_read_scheme(struct str scheme, bool *ret_authority, struct err *e);
/* The refusal of a signature that only a plugin could verify. */
int envelope_needs_plugin(struct err *e);
/* Names the header that a scheme has its time in; it is critical for a signing authority. */
const char *envelope_time_name(bool authority);
/* An expiry is after the signing time. */
int envelope_check_claims(const struct claims *c, struct err *e);
