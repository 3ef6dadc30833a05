/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/ssl.h"
#include "crypto/x509.h"

struct cert {
	X509 *x;
	unsigned char *der; /* as received */
	size_t der_n;
	struct dn subject;
	int64_t not_before, not_after;
};
