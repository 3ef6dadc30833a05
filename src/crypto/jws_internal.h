/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "crypto/jws.h"

/* Header names (signing.md 1.3). */
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

/* Reads the decoded protected header; ret_alg is borrowed from header. E_FORMAT. */
int jws_read_protected(json_t *header, const char *content_type, const char **ret_alg,
		       struct jws_claims *ret, struct err *e);
/* Reads the unprotected header, whose names must not stand in the protected one too. */
int jws_read_unprotected(json_t *header, json_t *protected_header, struct chain *ret,
			 struct err *e);
