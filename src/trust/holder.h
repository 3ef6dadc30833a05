/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/x509.h"

/*
 * Who holds a private key: never this process. A holder answers one question, "sign this", and is
 * one of three kinds, by where the key is:
 *
 * - a file: a child in the strictest sandbox reads and decrypts it, and can then do nothing but
 * read requests and write signatures: no files, no network, no programs, no other process; not
 *   dumpable, not traceable by its own user, its memory locked and wiped.
 * - "pkcs11:...": a child that loads the token's module. A module opens files, and may speak to a
 *   daemon, so it has less of a sandbox (docs/keys.md); the key itself stays in the token.
 * - "exec:/path?id=...": a program that speaks the plugin protocol of notation, started for each
 *   signature.
 *
 * What a holder gives is checked under the public key by key_sign_as() before it is used.
 */
#define KEY_PKCS11 "pkcs11:"
#define KEY_EXEC "exec:"

enum {
	LIMIT_KEY_WHERE = 2048,		 /* bytes of a pkcs11: or exec: name */
	LIMIT_HOLDER_MESSAGE = 16 << 20, /* bytes to be signed */
	LIMIT_HOLDER_SIGNATURE = 1024,
	HOLDER_SHOWN = 200,	    /* bytes of a name in messages */
	HOLDER_WAIT_MS = 60 * 1000, /* for one answer */
	HOLDER_CLOSE_MS = 5 * 1000, /* for its end, before it is killed */
};

struct holder;

/*
 * name is a key of this host (keys/<name>.pem or keys/<name>.where in dir, which is <state>/trust),
 * the path of a key file when it has a "/", or begins with pkcs11: or exec:. passphrase is the
 * file's or the token's PIN, or NULL; it is borrowed, and used once. E_USAGE for a wrong one.
 */
int holder_open(int dir, const char *name, const char *passphrase, struct holder **ret,
		struct err *e);
/* The same for the file of a key; fd is taken over. */
int holder_open_fd(int fd, const char *name, const char *passphrase, struct holder **ret,
		   struct err *e);
bool holder_is_where(const char *name); /* pkcs11: or exec: */
/* The name for a message: of a pkcs11: name nothing that could hold a PIN, of an exec: name the
 * program alone, since what it is told may be a secret. Returns ret. */
const char *holder_shown(const char *name, char ret[static HOLDER_SHOWN]);
/* Borrowed, and signs by the holder. */
const struct key *holder_key(const struct holder *h);
/* For a key of one's own made by key_from_remote(), which checks the signature. */
int holder_sign(struct holder *h, enum key_form form, const char *hash, const void *msg, size_t n,
		struct buf *ret, struct err *e);
/* The certificates that came with the key from an exec: holder, leaf first; NULL when none did. */
const struct chain *holder_chain(const struct holder *h);
void holder_close(struct holder *h);
DEFINE_RELEASE_VOID(struct holder, holder_close)

/* Where the key of a name is, for people: "file", or the text of its .where. E_NOTFOUND when there
 * is neither. */
int holder_where(int dir, const char *name, struct buf *ret, struct err *e);
