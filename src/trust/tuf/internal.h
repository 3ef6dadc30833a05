/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trust/tuf/tuf.h"

/* What the files of src/trust/tuf share. */

enum tuf_kind { TUF_ROOT, TUF_TIMESTAMP, TUF_SNAPSHOT, TUF_TARGETS };
const char *tuf_kind_name(enum tuf_kind k); /* as "_type" says it */

/* One file, read and checked for its form (not for its signatures). */
struct tuf_doc {
	enum tuf_kind kind;
	json_t *all;	    /* owned */
	json_t *body;	    /* "signed" of it */
	json_t *signatures; /* an array, keyids unique */
	uint64_t version;   /* 1 and up */
	int64_t expires;
};
int tuf_doc_parse(struct str bytes, enum tuf_kind kind, struct tuf_doc **ret, struct err *e);
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
};
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
