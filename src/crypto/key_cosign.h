/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/key.h"

/*
 * Private keys in cosign's encrypted form (signing.md 2.2): PEM around JSON, scrypt, and NaCl's
 * secretbox around PKCS#8. Both types of PEM block are read; what is written is what cosign 2 and 3
 * write, N = 65536, r = 8, p = 1.
 */
enum {
	LIMIT_SCRYPT_MEMORY = 256 * 1024 * 1024, /* bytes: 128 * N * r */
	LIMIT_SCRYPT_WORK = 4 * 1024 * 1024,	 /* N * r * p; cosign's own is an eighth of it */
};

/* Whether a file claims to be one, by its PEM block. */
bool key_is_cosign(struct str pem);
/* passphrase may be empty, as cosign's may; NULL is E_USAGE. A wrong one is E_USAGE; costs over the
 * limits are E_FORMAT before anything is derived. */
int key_from_cosign(struct str pem, const char *passphrase, struct key **ret, struct err *e);
int key_to_cosign(const struct key *k, const char *passphrase, struct buf *ret, struct err *e);
/* Either form: what key_from_pem() reads, or cosign's. */
int key_from_file(struct str pem, const char *passphrase, struct key **ret, struct err *e);
