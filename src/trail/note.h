/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "crypto/key.h"

/*
 * C2SP signed-note: a text that ends with a newline, an empty line, and one line for each
 * signature:
 *
 *     — <key name> <base64 of a 4-byte key id and the signature>
 *
 * Only Ed25519 (signature type 0x01) is known here; lines of other keys are passed over, as the
 * specification has it, so that a log can be cosigned and can change its key.
 */
enum {
	LIMIT_NOTE = 1000000,	    /* bytes, as golang.org/x/mod */
	LIMIT_NOTE_SIGS = 100,	    /* lines, the same */
	LIMIT_NOTE_SIG = 16 * 1024, /* bytes of one signature, which post-quantum ones need */
	LIMIT_KEY_NAME = 255,
};

/* A named key. The id is the first 4 bytes of SHA256(name || "\n" || 0x01 || public key). */
struct note_key {
	char name[LIMIT_KEY_NAME + 1];
	unsigned char id[4];
	struct key *key; /* owned; private in a signer */
};
void note_key_free(struct note_key *k);
static inline void note_key_release(struct note_key *k)
{
	note_key_free(k);
}
#define auto_note_key __attribute__((cleanup(note_key_release))) struct note_key

/* Non-empty UTF-8 without white space (Unicode's) and "+", at most LIMIT_KEY_NAME bytes. */
int note_name_check(struct str name, struct err *e);
/* Takes over key, an Ed25519 one, on success. */
int note_key_new(const char *name, struct key *key, struct note_key *ret, struct err *e);
/* The verifier key text, "<name>+<id in hex>+<base64 of 0x01 and the public key>". */
int note_key_parse(struct str vkey, struct note_key *ret, struct err *e);
int note_key_format(const struct note_key *k, struct buf *ret, struct err *e);

struct note_sig {
	struct str name; /* borrowed from the note */
	unsigned char id[4];
	struct str base64; /* of id and signature */
};
struct note {
	struct str text; /* borrowed; ends with a newline */
	struct note_sig sigs[LIMIT_NOTE_SIGS];
	size_t n;
};

/* Splits a note, checking its form but no signature: E_FORMAT. */
int note_parse(struct str s, struct note *ret, struct err *e);
/*
 * E_VERIFY unless at least one of keys signed the note; also when a line bears the name and id of
 * one of keys and its signature does not hold.
 */
int note_verify(const struct note *n, const struct note_key *const *keys, size_t keys_n,
		struct err *e);
/* Appends text, the empty line and signer's line. */
int note_sign(struct str text, const struct note_key *signer, struct buf *ret, struct err *e);
