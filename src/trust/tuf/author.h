/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/fs.h"
#include "crypto/key.h"
#include "trust/tuf/tuf.h"

/*
 * The repository's half of TUF: keys, the bodies ("signed") of its files, and signatures. Nothing
 * here fetches or publishes; pipeline/tuf/publish.h does.
 *
 * Keys are <state>/trust/tuf/keys/KEYID.pem (PKCS#8, mode 0600) beside KEYID.json, which is public:
 * {"key":{...},"name":"..."}. A keyid is the SHA-256 of the key's canonical JSON. A private key is
 * read and used in a sandboxed child that can do nothing else.
 */
#define DIR_TUF "trust/tuf"
#define TUF_SPEC_VERSION "1.0.31"

enum {
	TUF_KEYID_MAX = 65,	   /* with the NUL */
	LIMIT_TUF_KEY_FILE = 16384 /* a public key in a file */
};

/* Makes a key. name (1 to 80 letters, digits, '_', '-', '.') is for people: not unique. kind is
 * KEY_ED25519 or KEY_EC_P256. passphrase NULL: it is not encrypted. */
int tuf_key_make(const struct state *state, const char *name, enum key_kind kind,
		 const char *passphrase, char ret_keyid[static TUF_KEYID_MAX], struct err *e);
/* Array of {"keyid","name","key":{...}} by name, of all keys of this host; owned. */
int tuf_keys_here(const struct state *state, json_t **ret, struct err *e);
/* The public half of one of them, by name or the beginning of its keyid (6 digits or more), owned.
 * E_NOTFOUND; E_USAGE when several fit. */
int tuf_key_here(const struct state *state, const char *name, json_t **ret, struct err *e);
/* Whether the private half of a key of this host needs a passphrase. E_NOTFOUND. */
int tuf_key_is_encrypted(const struct state *state, const char *keyid, bool *ret, struct err *e);
/* The public half from a file: as tuf_key_here() gives it, or PEM. owned. */
int tuf_key_parse(struct str file, json_t **ret, struct err *e);
int tuf_keyid(json_t *key, char ret[static TUF_KEYID_MAX], struct err *e);

/* Bodies. Each is an owned object of version 0 that expires in 1970: see tuf_body_bump(). */
int tuf_root_new(json_t **ret, struct err *e);
int tuf_targets_new(json_t **ret, struct err *e);
int tuf_metas_new(const char *type, json_t **ret, struct err *e); /* "snapshot", "timestamp" */
/* The next version, which expires then. E_VERIFY when there is none: somebody took it to the last
 * number there is. */
int tuf_body_bump(json_t *body, int64_t expires, struct err *e);
/* What a snapshot or timestamp says of a file. */
int tuf_body_meta(json_t *body, const char *role, uint64_t version, struct str bytes,
		  struct err *e);

/* Keys of a role; by is a root's body, or that of targets, whose delegations are meant. */
int tuf_role_add_key(json_t *by, const char *role, json_t *key, struct err *e);
/* Also the key itself when no other role has it. E_NOTFOUND. */
int tuf_role_remove_key(json_t *by, const char *role, const char *keyid, struct err *e);
/* E_USAGE when it is 0 or more than the role has keys. */
int tuf_role_threshold(json_t *by, const char *role, uint64_t threshold, struct err *e);
/* {"keyids","threshold",…}, borrowed, or NULL. */
json_t *tuf_role_of(const json_t *by, const char *role);

/* Delegates to a new role, after those that are there; patterns are globs of paths. */
int tuf_delegate(json_t *targets, const char *role, const struct strv *patterns, bool terminating,
		 struct err *e);
int tuf_undelegate(json_t *targets, const char *role, struct err *e); /* E_NOTFOUND */

/* Signing. */

struct tuf_signer {
	const struct state *state;
	const char *passphrase; /* of every key that is encrypted; NULL: none is */
};
struct tuf_signed {
	uint64_t have, need; /* signatures that hold, of different keys */
};
/* Signs {"signed","signatures"} with the keys of this host that are a role's of by. Keys that
 * cannot be used count as not here; ret tells what there is now, and the last failure is in why
 * (may be NULL). */
int tuf_sign(const struct tuf_signer *s, const json_t *by, const char *role, json_t *envelope,
	     struct tuf_signed *ret, struct err *why, struct err *e);
/* A whole file: {"signatures":[…],"signed":body}, as bytes. E_USAGE with a hint when this host has
 * too few of the keys. */
int tuf_sign_file(const struct tuf_signer *s, const json_t *by, const char *role, json_t *body,
		  struct buf *ret, struct err *e);
/* The number of keys of the role that are on this host. */
int tuf_keys_of_role(const struct state *state, const json_t *by, const char *role, uint64_t *ret,
		     struct err *e);

/* Signs with this key of this host, whatever role it is of. */
int tuf_sign_with(const struct tuf_signer *s, const char *keyid, json_t *envelope, struct err *e);
/* What the signatures that are there come to. */
int tuf_signed_by(const json_t *by, const char *role, json_t *envelope, struct tuf_signed *ret,
		  struct err *e);

/* Reads {"signed","signatures"} of a root that may lack signatures (the form is checked). Owned. */
int tuf_root_parse(struct str bytes, json_t **ret, struct err *e);
/* Takes the signatures of from, in the place of those of the same keys, if both are of the same
 * body: E_USAGE otherwise. Those of other keys are kept; nothing is verified. */
int tuf_signatures_take(json_t *envelope, const json_t *from, struct err *e);
