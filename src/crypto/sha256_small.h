/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "crypto/digest.h"

/* SHA-256 of what is small, for digest.c alone: by libmd, which dpkg has on every Debian, since
 * OpenSSL's library takes longer to be loaded than a manifest to be hashed (base/lazy.h). Of more
 * than some KiB OpenSSL is several times as fast. */
enum { SHA256_SMALL = 16 * 1024 };
void sha256_small(const unsigned char *p, size_t n, unsigned char ret[static SHA256_LEN]);
