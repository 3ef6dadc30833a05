/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/timestamp.h"
#include "trust/policy.h"
#include "trust/trust.h"
#include "trust/withdrawn.h"

#define DIR_TRUST "trust"
#define FILE_POLICY "trustpolicy.json"
#define FILE_POLICY_OCI "trustpolicy.oci.json" /* as newer notation calls it */
/* Where this file is, of any content, signatures must name their repository. */
#define FILE_NAMED "require-repository"
#define DIR_KEYS "keys"
#define ANNOTATION_THUMBPRINTS "io.cncf.notary.x509chain.thumbprint#S256"
/* Begins the refusal of a signature that is of another repository. */
#define SIGNED_FOR "it is signed for "
#define DIR_ALL_STORES "truststore/x509"

/* files.c: the folder <state>/trust. */

/* Opens it, made when missing if make. E_NOTFOUND. */
int trust_dir(const struct state *state, bool make, struct err *e);
int trust_lock(int dir, struct err *e); /* close to release */
/* A thumbprint, or as many of its first digits as name one. */
bool trust_thumbprint_like(const char *s);
/* The same of what other tools print, too: "sha256:..", "AB:CD:..". */
bool trust_fingerprint(const char *name, char ret[static THUMBPRINT_MAX]);
/* Names in a folder beneath dir, sorted; a missing folder has none. */
int trust_names(int dir, const char *path, struct strv *ret, struct err *e);
/* A regular file, no symbolic link on the way. */
int trust_read(int dir, const char *path, size_t max, struct buf *ret, struct err *e);

/* stores.c */

enum {
	WHERE_LEN = LIMIT_STORE_NAME + 256 + 1, /* "store/file" */
	STORE_PATH_LEN = sizeof(DIR_ALL_STORES) + 20 + WHERE_LEN,
};
/* Of a file, of a store (file NULL) or of all of a type (store NULL). */
void trust_store_path(char ret[static STORE_PATH_LEN], enum store_type type, const char *store,
		      const char *file);

/* Certificates of trust stores. */
struct trusted {
	struct cert **v;
	char (*where)[WHERE_LEN]; /* "store/file" of each */
	size_t n;
};
/* Appends a store's certificates: those of its files *.pem, *.crt and *.cer, each of which may hold
 * several. A store that is not there has none. */
int trusted_load_of(int dir, enum store_type type, const char *store, struct trusted *ret,
		    struct err *e);
int trusted_load(int dir, const char *store, struct trusted *ret, struct err *e); /* a ca store */
void trusted_free(struct trusted *t);
static inline void trusted_release(struct trusted *t)
{
	trusted_free(t);
}
#define auto_trusted __attribute__((cleanup(trusted_release))) struct trusted
/* Names of the stores of a type, sorted. */
int trust_store_names(int dir, enum store_type type, struct strv *ret, struct err *e);
/* Names of a store's certificate files, sorted; folders are passed over, links are E_FORMAT. */
int trust_store_files(int dir, enum store_type type, const char *store, struct strv *ret,
		      struct err *e);
/* A certificate into a store, under its thumbprint: the same twice is one file. */
int trust_store_cert(int dir, enum store_type type, const char *store, const struct cert *c,
		     struct err *e);
int store_type_parse(const char *s, enum store_type *ret, struct err *e); /* E_USAGE */

/* One of all. Borrowed. */
struct stored {
	enum store_type type;
	const char *store, *file;
	const struct cert *cert;
};
/* Other than 0 ends the walk, and is its outcome. */
typedef int stored_visit(const struct stored *one, void *arg, struct err *e);
/* By type, store and file. where NULL: everywhere. */
int trust_each_cert(int dir, const struct trust_where *where, stored_visit *visit, void *arg,
		    struct err *e);

/* keys/<name>.crt, leaf first. E_NOTFOUND with a hint. */
int trust_key_chain(int dir, const char *name, struct chain *ret, struct err *e);

/* key_files.c, under the lock. */

enum key_file { KEY_FILE_PEM, KEY_FILE_WHERE, KEY_FILE_CRT, KEY_FILE_PUB, KEY_FILES };
enum { KEY_PATH_LEN = sizeof(DIR_KEYS) + LIMIT_STORE_NAME + 16 };
#define KEY_UNBORN ".new-" /* begins the name of a private half that is no key yet */

void key_path(char ret[static KEY_PATH_LEN], const char *name, enum key_file which);
bool key_has(int dir, const char *name, enum key_file which);
int key_sync_folder(int dir, struct err *e);
int key_write_chain(int dir, const char *name, const struct chain *c, struct err *e);
int key_write_public(int dir, const char *name, const struct key *k, struct err *e);
bool trust_key_there(int dir, const char *name);
int trust_key_remove(int dir, const char *name, struct err *e);
int trust_key_public(int dir, const char *name, struct key **ret, struct err *e);

/* One key that takes the place of another. */
struct key_move {
	char from[LIMIT_STORE_NAME + 1], to[LIMIT_STORE_NAME + 1];
	char old[KEY_ID_MAX]; /* whose place it is */
	bool has[KEY_FILES];
};
/* from takes the place of to, which is gone with all its files. Whoever is killed meanwhile leaves
 * a note, by which trust_keys_recover() does the rest. */
int trust_key_move(int dir, const char *from, const char *to, const char *old, struct err *e);
/* 1 when a move was finished, *ret (may be NULL); private halves that never became keys go. */
int trust_keys_recover(int dir, struct key_move *ret, struct err *e);
bool trust_keys_unfinished(int dir); /* a move is */
/* trust_lock(), and what is unfinished done. *ret (may be NULL) has from "" when nothing was. */
int trust_lock_keys(int dir, struct key_move *ret, struct err *e);

struct holder;

/* key_chain.c */

/* The leaf is of this key, and the chain is one that signatures may have. */
int key_take_chain(struct str file, const struct key *k, struct chain *ret, struct err *e);
/* As the options ask; none when a request for a certificate was asked for. */
int key_make_chain(const struct trust_init_opts *o, const char *name, const struct holder *h,
		   struct chain *ret, struct err *e);

/* keys.c, under the lock. */
int trust_init_locked(int dir, const struct trust_init_opts *o, const char *name,
		      char ret_thumbprint[THUMBPRINT_MAX], struct err *e);

/* holder.c: the name of a key as the user said it: a name, or where it is (pkcs11:, exec:). Owned.
 */
int trust_key_name(int dir, const char *name, char **ret, struct err *e);

/* revoke.c */

/* The subject as text that is fit for a terminal, cut to n bytes. */
void trust_subject(const struct cert *c, char *ret, size_t n);
/* Names the certificate's key and subject; the rest of *ret stays as it is. */
int withdrawal_of(const struct cert *c, struct withdrawal *ret, struct err *e);

/* policy_edit.c */

/* Reads the policy; E_NOTFOUND when there is none. */
int trust_policy_load(int dir, struct policy *ret, struct err *e);
/* Certificates that are to be trusted, and as whose. */
struct admission {
	enum store_type type;
	const char *store;
	const struct strv *identities; /* "*" or DNs */
	const struct strv *scopes;     /* repositories; NULL or none: "*" */
	const struct chain *added;
	bool own; /* of a key that is made here */
};
/*
 * Puts them into the store, and names store and identities in the statement of the scopes: the one
 * that has all of them, or a new one, which is strict. A policy without a statement for "*" is left
 * as it is when that is meant, and so is every policy for a tsa store: naming one there asks for
 * timestamps. ret_statement is the statement's name, "" for none.
 *
 * In a statement each store goes with each identity, so E_USAGE where a certificate that is in one
 * of its stores already, and not among the added, could sign as more than before; and where one of
 * the added could sign as more than identities, or for more than scopes. Nothing is written then.
 */
int trust_policy_admit(int dir, const struct admission *a,
		       char ret_statement[static LIMIT_STATEMENT_NAME + 1], struct err *e);

/* policy_gain.c: E_USAGE where a certificate, added or there, could sign more by the policy is than
 * by was, and nobody said so; statement is the one that the admission changed. */
int policy_gain_check(int dir, const struct admission *a, const struct policy *was,
		      const struct policy *is, const char *statement, struct err *e);

/* payload.c */

/*
 * What is signed: {"targetArtifact":{...}} of a manifest (signing.md 1.1), with the repository's
 * name ("": none) in the annotation ANNOTATION_REPOSITORY. Appends.
 */
int payload_make(const struct desc *manifest, const char *repository, const json_t *annotations,
		 struct buf *ret, struct err *e);
/* The payload names this manifest: media type, digest and size, and has these annotations (object
 * of strings; NULL: whatever it has); E_VERIFY otherwise. ret_repository is the name that it is
 * signed for, "" when it has none. */
int payload_check(struct str payload, const struct desc *manifest, const json_t *annotations,
		  char ret_repository[static TRUST_REPOSITORY_MAX], struct err *e);

/* timestamp_ask.c: the envelope with a timestamp of the authority that o names, verified. Appends.
 */
int trust_timestamp(enum envelope_form form, const struct trust_sign_opts *o, struct str envelope,
		    struct buf *ret, struct err *e);

/* signature.c: the manifest that carries an envelope. */

/* Checks the shape of a signature manifest and reads its envelope. E_FORMAT, E_VERIFY. */
int signature_read(const struct store *s, const struct desc *signature, const struct desc *manifest,
		   enum envelope_form *ret_form, struct buf *ret_envelope, struct err *e);
/* Stores an envelope and its manifest, as a referrer of manifest. */
int signature_attach(struct store *s, enum envelope_form form, struct str envelope,
		     const struct chain *chain, const struct desc *manifest, int64_t now,
		     struct desc *ret, struct err *e);

struct answers;
struct wants;

/* evaluate.c: one envelope against one policy statement, without any file. */
struct evaluation {
	enum envelope_form form;
	struct str envelope;
	const struct desc *manifest;
	const json_t *annotations; /* that must have been signed; NULL: none */
	const struct statement *statement;
	const struct trusted *trusted;	       /* ca stores */
	const struct trusted *authority, *tsa; /* NULL: empty */
	const char *repository;	    /* asked for; NULL or "": known by its digest alone */
	bool named;		    /* a signature must name its repository */
	struct withdrawn withdrawn; /* borrowed */
	int64_t now;
	const struct answers *answers; /* about revocation, so far; NULL: none */
	struct wants *wants;	       /* receives what else is to be asked */
};
/* With a question left in v->wants, nothing is decided. */
int evaluate(const struct evaluation *v, struct trust_result *ret, struct err *e);
/* evaluate_child.c: the same in a sandboxed child, with its questions asked. */
int evaluate_sandboxed(const struct evaluation *v, struct answers *answers,
		       struct trust_result *ret, struct err *e);

/* For the files of evaluate(). What failed ends the evaluation where the policy enforces it, and is
 * noted where it only logs; why holds the failure. */
int evaluate_failed(const struct statement *s, enum policy_type type, struct trust_result *res,
		    enum trust_check c, const struct err *why, struct err *e);
void evaluate_note(struct trust_result *res, enum trust_check c, enum trust_outcome outcome,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* evaluate_time.c: at which time the certificates had to be valid, and whether they were. ret_tsa
 * receives the chain of the time-stamping authority that proved it. */
int evaluate_time(const struct evaluation *v, const struct envelope *j, struct trust_result *res,
		  struct chain *ret_tsa, struct err *e);
/* A token of one whom the anchors certify, by the rules for certificates of time-stamping
 * authorities: timestamp_verify(), and chain_check_stamper(). E_FORMAT, E_VERIFY. */
int evaluate_stamp(struct str token, struct str signature, const struct timestamp_trust *trust,
		   const unsigned char *nonce, struct timestamp *ret, struct err *e);
/* evaluate_revocation.c: whether one of the certificates was revoked. */
int evaluate_revocation(const struct evaluation *v, const struct envelope *j,
			const struct chain *tsa, struct trust_result *res, struct err *e);
