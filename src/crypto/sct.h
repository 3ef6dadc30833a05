/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/x509.h"

/*
 * Signed certificate timestamps (RFC 6962, 3.2 and 3.3): a transparency log's promise, embedded in
 * a certificate, to have it listed. Checked over the certificate as it was before they were in it.
 */
enum { LIMIT_SCTS = 16, SCT_LOG_ID = 32 };

struct sct_log {
	unsigned char id[SCT_LOG_ID]; /* SHA-256 of the log's key */
	const struct key *key;	      /* borrowed */
	int64_t start, end;	      /* its use, both inclusive */
};

/*
 * At least one timestamp of leaf is by one of the logs, made while that was in use. issuer is who
 * signed leaf, as the chain has proven it. E_VERIFY, E_FORMAT.
 */
int sct_verify(const struct cert *leaf, const struct cert *issuer, const struct sct_log *logs,
	       size_t n, struct err *e);
