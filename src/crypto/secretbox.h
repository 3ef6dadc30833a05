/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "base/str.h"

/*
 * NaCl's secretbox, XSalsa20 with Poly1305, which OpenSSL does not have: cosign's key files are
 * sealed with it. A box is the 16 bytes of its authenticator, then as many as the message has.
 */
enum { SECRETBOX_KEY = 32, SECRETBOX_NONCE = 24, SECRETBOX_MAC = 16 };

/* Appends the box. */
int secretbox_seal(const unsigned char key[static SECRETBOX_KEY],
		   const unsigned char nonce[static SECRETBOX_NONCE], struct str message,
		   struct buf *ret, struct err *e);
/* Appends the message; E_VERIFY when it is not what this key sealed. ret is cleansed by its owner.
 */
int secretbox_open(const unsigned char key[static SECRETBOX_KEY],
		   const unsigned char nonce[static SECRETBOX_NONCE], struct str box,
		   struct buf *ret, struct err *e);
