/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <openssl/x509v3.h>

#include "crypto/revocation.h"
#include "crypto/x509_internal.h"

/* Within [this - skew, next + skew]; next 0: REVOCATION_UNDATED after this. */
int revocation_current(int64_t from, int64_t until, int64_t now, struct err *e);
int revocation_time(const ASN1_TIME *t, int64_t *ret, struct err *e);
/* The first place of distribution points, all told, that can be asked; false for none. */
bool revocation_point(const CRL_DIST_POINTS *points, char ret[static LIMIT_REVOCATION_URL + 1]);
/* The name of a CRLReason (RFC 5280 5.3.1), -1 for none. */
const char *revocation_reason(int code);
/* A signature's algorithm uses SHA-2. */
bool revocation_strong(const X509_ALGOR *alg);
