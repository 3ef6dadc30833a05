/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

/* Hex and base64 (RFC 4648), strict: no spaces, no missing or superfluous padding, no stray bits.
 */
enum b64 { B64_STD, B64_URL }; /* B64_STD with "=" padding, B64_URL without (as JWS has it) */

void hex_put(struct buf *b, const void *p, size_t n); /* lower case */
int hex_decode(struct str s, void *ret, size_t n,
	       struct err *e); /* exactly n bytes; lower case only */
void b64_put(struct buf *b, enum b64 kind, const void *p, size_t n);
int b64_decode(struct str s, enum b64 kind, struct buf *ret, struct err *e); /* appends */
/* Either alphabet, but not a mixture, padded or not: DSSE and protobuf's JSON leave it open.
 * Appends. */
int b64_decode_any(struct str s, struct buf *ret, struct err *e);
