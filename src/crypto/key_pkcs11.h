/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/key.h"

/*
 * A key in a PKCS #11 token, by OpenSSL's engine for it: Debian 12 has no provider. uri is RFC 7512
 * without a query; module the path of the token's library, NULL: all that p11-kit knows. It loads
 * libraries and speaks to the token, so it is for a process of its own. E_NOTFOUND when the engine
 * is not installed, E_USAGE when the token refuses the PIN or has no such key.
 */
int key_from_pkcs11(const char *uri, const char *module, const char *pin, struct key **ret,
		    struct err *e);
