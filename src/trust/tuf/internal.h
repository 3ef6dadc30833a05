/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/key.h"
#include "trust/tuf/tuf.h"

/* What the files of src/trust/tuf share. */

enum tuf_kind { TUF_ROOT, TUF_TIMESTAMP, TUF_SNAPSHOT, TUF_TARGETS };
const char *tuf_kind_name(enum tuf_kind k); /* as "_type" says it */

struct tuf_dialect;

/* One file, read and checked for its form (not for its signatures). */
struct tuf_doc {
	const struct tuf_dialect *dialect;
	enum tuf_kind kind;
	json_t *all;	    /* owned */
	json_t *body;	    /* "signed" of it */
	json_t *signatures; /* an array, keyids unique */
	uint64_t version;   /* 1 and up */
	int64_t expires;
	struct buf message; /* Notary v1: what was signed; body has its hashes in hexadecimal */
	struct buf bytes;   /* Notary v1: of a root, the file itself, which snapshots list */
};
int tuf_doc_parse(const struct tuf_dialect *dialect, struct str bytes, enum tuf_kind kind,
		  struct tuf_doc **ret, struct err *e);
void tuf_doc_free(struct tuf_doc *d);
DEFINE_RELEASE_VOID(struct tuf_doc, tuf_doc_free)

/* targets.c */
int tuf_targets_form(const json_t *body, struct err *e);
/* The same for "keys" and for anything with keyids and threshold. */
int tuf_keys_form(json_t *keys, struct err *e);
int tuf_role_form(const json_t *role, const char *what, struct err *e);
int tuf_hashes_form(json_t *hashes, struct err *e);

/* Whose signatures a file needs; borrowed. */
struct tuf_role {
	const json_t *keys;   /* keyid -> key */
	const json_t *keyids; /* array */
	uint64_t threshold;
	const struct tuf_notary1
		*root; /* Notary v1: of what its certificates have to be; or NULL */
	int64_t at;    /* when they have to be valid; 0: whenever they were issued */
};

/*
 * How a repository writes its metadata. No document of one dialect is one of the other: "_type" is
 * spelled otherwise.
 */
struct tuf_dialect {
	const char *types[4]; /* "_type" of each kind */
	const char *suffix;   /* of what timestamp and snapshot list */
	bool versions;	      /* they list versions */
	/* What comes before the body's own form; *ret is when it expires. */
	int (*head)(struct tuf_doc *d, const char *what, int64_t *ret, struct err *e);
	int (*body)(struct tuf_doc *d, struct err *e);
	/* One signature by one key; *ret is the key that made it, owned. */
	int (*verify)(const struct tuf_role *role, const char *keyid, const json_t *key,
		      const json_t *signature, struct str message, struct key **ret, struct err *e);
	bool (*is_for)(const json_t *role, const char *path);
};
extern const struct tuf_dialect tuf_1_0;	    /* metadata.c */
extern const struct tuf_dialect tuf_dialect_notary; /* notary1.c */
int tuf_verify_signature(const struct tuf_role *role, const char *keyid, const json_t *key,
			 const json_t *signature, struct str message, struct key **ret,
			 struct err *e);
bool tuf_is_for(const json_t *role, const char *path);
/* notary1_keys.c: the same for Notary v1; keys, whose ids are what they have to be. */
int notary1_verify(const struct tuf_role *role, const char *keyid, const json_t *key,
		   const json_t *signature, struct str message, struct key **ret, struct err *e);
int notary1_keys_form(json_t *keys, struct err *e);
/* One role of a delegation is the other with one more part. */
bool notary1_is_child(const char *role, const char *delegator);
int notary1_only(json_t *o, const char *members, const char *what, struct err *e);
int tuf_root_role(const struct tuf_doc *root, const char *name, struct tuf_role *ret,
		  struct err *e);
/* What a targets file says of a role it delegates to; E_VERIFY when it does not. */
int tuf_delegated_role(const struct tuf_doc *targets, const char *name, struct tuf_role *ret,
		       struct err *e);

/* As tuf_delegates(), of one file. */
int tuf_delegates_of(const struct tuf_doc *d, const char *path, struct strv *ret, bool *ret_last,
		     struct err *e);

/* Enough different keys of the role signed the file, else E_VERIFY. */
int tuf_verify(const struct tuf_doc *d, const struct tuf_role *role, struct err *e);

/* How many different keys of the role signed it, up to the threshold; why (may be NULL): what was
 * wrong with the last signature that did not count. */
int tuf_count(const struct tuf_doc *d, const struct tuf_role *role, uint64_t *ret, struct err *why,
	      struct err *e);
/* A key (its form was checked) that signatures can be verified with; E_FORMAT. */
int tuf_key_check(const json_t *key, struct err *e);

/* Canonical JSON. A real number is E_FORMAT. Appends. */
int tuf_canonical(json_t *j, struct buf *ret, struct err *e);

/* The glob of a delegation: '*', '?' and '[...]' never match a '/'. */
bool tuf_match(const char *pattern, const char *path);
/* The name of the bin of succinct_roles that a target belongs to, and whether a name is that of a
 * bin. bits: 1 to 32. */
void tuf_bin_of(const char *path, unsigned bits, const char *prefix, struct buf *ret);
bool tuf_is_bin(const char *name, unsigned bits, const char *prefix);
