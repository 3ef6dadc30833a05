/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/dsse.h"
#include "crypto/sigstore_key.h"
#include "oci/store.h"
#include "trust/withdrawn.h"

/*
 * Signatures and attestations as sigstore has them (signing.md 2): DSSE envelopes in bundles, which
 * are referrers of their image; and cosign's simple signing under a tag beside it. What is trusted
 * stands in <state>/trust/sigstore/:
 *
 *     keys/<name>.pub   public keys whose signatures count
 */
#define IN_TOTO_PAYLOAD_TYPE "application/vnd.in-toto+json"
#define IN_TOTO_STATEMENT "https://in-toto.io/Statement/v1"
/* How the parameters of our provenances are to be read, and how such a build is done again. */
#define BUILD_TYPE "urn:plimsoll:build:dockerfile:v1"
#define COSIGN_SIGN_PREDICATE                                                                      \
	"https://sigstore.dev/cosign/sign/v1" /* a signature, nothing more                         \
					       */

enum {
	LIMIT_PREDICATE_TYPE = 255,
	LIMIT_STATEMENT_SUBJECTS = 1024,
	LIMIT_TRIED = 1000, /* signatures and attestations of one image */
	TRY_SECONDS = 120,
};

/* What signs: a key of this host by its name (NULL: TRUST_DEFAULT_NAME), or a key file by a path
 * with a "/" in it. */
struct sigstore_key {
	const char *name;
	const char *passphrase; /* NULL: not encrypted */
};

/*
 * Signs an in-toto statement, whose subject must have the manifest's digest, and attaches it to the
 * manifest in a bundle. When the same key signed the same bytes for it before, nothing is added,
 * *ret is that bundle's manifest and *ret_existing (may be NULL) is true.
 */
int sigstore_attest(const struct state *state, struct store *s, const struct desc *manifest,
		    const struct sigstore_key *k, struct str statement, struct desc *ret,
		    bool *ret_existing, struct err *e);

/* Signing an image: a bundle whose statement says no more than that, or cosign's simple signing. */
enum sigstore_format {
	SIGSTORE_BUNDLE,
	SIGSTORE_SIMPLE,
	SIGSTORE_ENVELOPE, /* found only: a DSSE envelope under the tag of attestations */
};
struct sigstore_sign_opts {
	enum sigstore_format format;
	struct sigstore_key key;
	const json_t *annotations; /* object of strings to be signed too, or NULL */
};
/*
 * Either names the repository of ref. *ret is the manifest that carries the signature, and
 * *ret_existing (may be NULL) is true when this key has signed the same before: then nothing is
 * added.
 */
int sigstore_sign_image(const struct state *state, struct store *s, const struct ref *ref,
			const struct desc *manifest, const struct sigstore_sign_opts *o,
			struct desc *ret, bool *ret_existing, struct err *e);

/* Who is trusted. */

struct sigstore_signer {
	char name[2 * 128]; /* of the key's file; "store/file" of a certificate */
	bool by_certificate;
	struct key *key;
	char id[KEY_ID_MAX]; /* key_spki_id() */
};
/* A keyless signer. Each that is not NULL must hold: a text that is equal, or an extended regular
 * expression (POSIX) that is found anywhere in it. Borrowed. */
struct sigstore_identity {
	const char *label; /* how a result calls it */
	const char *name, *name_pattern;
	const char *issuer, *issuer_pattern;
};
struct sigstore_trust {
	struct sigstore_signer *v;
	size_t n;
	/* Further names of keys in v: one that is trusted twice is one signer. */
	struct sigstore_alias {
		char name[2 * 128], id[KEY_ID_MAX];
	} *aliases;
	size_t aliases_n;
	struct buf root;	    /* trusted_root.json; empty: nobody keyless is trusted */
	struct withdrawn withdrawn; /* keys that count nowhere in what proves a signature */
	const struct sigstore_identity *identities; /* borrowed from the caller */
	size_t identities_n;
};
/*
 * The public keys of trust/sigstore/keys, the trusted root beside them, and the public keys of the
 * certificates that the trust policy's statement for the repository names: no CAs, valid now, of a
 * subject that it admits, not withdrawn. None is success. Keyless signers are for the caller to
 * name, in identities.
 */
int sigstore_trust_load(const struct state *state, const struct ref *ref,
			struct sigstore_trust *ret, struct err *e);
/* Adds a public key, PEM, under a name. */
int sigstore_trust_key(struct sigstore_trust *t, const char *name, struct str pem, struct err *e);
/* Takes this trusted root, or several, one on each line, instead of what is there. E_FORMAT when it
 * is none. */
int sigstore_trust_root(struct sigstore_trust *t, struct str json, struct err *e);
/* The trusted root of the trust folder; none is success. */
int sigstore_trust_load_root(const struct state *state, struct sigstore_trust *t, struct err *e);
/* Whether the key that goes by this id is trusted under this name. */
bool sigstore_trust_is(const struct sigstore_trust *t, const char *name, const char *id);
/* Leaves out the keys that are withdrawn (trust/withdrawn.h), also those of logs, authorities and
 * certificates once they are met. */
int sigstore_trust_drop_withdrawn(const struct state *state, struct sigstore_trust *t,
				  struct err *e);
/* An identity whose patterns compile, which tells a name and an issuer. E_USAGE. */
int sigstore_identity_check(const struct sigstore_identity *i, struct err *e);
void sigstore_trust_free(struct sigstore_trust *t);
static inline void sigstore_trust_release(struct sigstore_trust *t)
{
	sigstore_trust_free(t);
}
#define auto_sigstore_trust __attribute__((cleanup(sigstore_trust_release))) struct sigstore_trust

/* What they signed. */

struct sigstore_found {
	enum sigstore_format format;
	struct digest carrier; /* the manifest that brought it */
	bool keyless;
	char signer[2 * 128]; /* the name of the signer in struct sigstore_trust, or the label */
	char key_id[KEY_ID_MAX];
	char identity[1024], issuer[1024];	       /* keyless: of the certificate */
	int64_t time;				       /* proven; 0: nothing proves one */
	char predicate_type[LIMIT_PREDICATE_TYPE + 1]; /* "" of a simple signing */
	char repository[512]; /* the name that was signed, "" when none was */
	struct buf statement; /* the bytes that were verified; empty of a simple signing */
};
/* It says no more than that it was signed: not an attestation. */
static inline bool sigstore_is_signature(const struct sigstore_found *f)
{
	return f->format == SIGSTORE_SIMPLE || f->statement.n == 0 ||
	       strcmp(f->predicate_type, COSIGN_SIGN_PREDICATE) == 0;
}

struct sigstore_findings {
	struct sigstore_found *v;
	size_t n;
	struct strv refused; /* a line each: what, and why */
	size_t unseen;	     /* so many were not looked at: past the limits of what is tried */
};
struct sigstore_query {
	const struct ref *ref; /* where the manifest is to be used: its repository must be signed,
				  and cosign's tag is looked for there */
	bool any_repository;   /* accept what names another one, or none */
	const char *predicate_type; /* NULL: any */
	const json_t *annotations;  /* what a simple signature or a subject must say, as it was
				       signed: an object of strings, or NULL. Borrowed */
};
/*
 * All bundles, simple signatures and attestations under cosign's tag of a manifest that hold under
 * whom is trusted, are about this manifest, and name its repository. What does not is in refused.
 * They are parsed and verified in sandboxed children, LIMIT_TRIED of them at most, and none is
 * begun after TRY_SECONDS; how many were left is in unseen.
 */
int sigstore_find(const struct store *s, const struct desc *manifest,
		  const struct sigstore_trust *trust, const struct sigstore_query *q,
		  struct sigstore_findings *ret, struct err *e);
void sigstore_findings_free(struct sigstore_findings *f);
static inline void sigstore_findings_release(struct sigstore_findings *f)
{
	sigstore_findings_free(f);
}
#define auto_sigstore_findings                                                                     \
	__attribute__((cleanup(sigstore_findings_release))) struct sigstore_findings

/*
 * A bundle of an artifact that is no image, as the sigstore clients' verify-bundle has it. digest
 * is the artifact's; artifact is it itself, .p NULL when only the digest is known. ret's statement
 * and predicate type are those of an envelope.
 */
int sigstore_verify_blob(struct str bundle, const struct digest *digest, struct str artifact,
			 const struct sigstore_trust *trust, struct sigstore_found *ret,
			 struct err *e);

/*
 * The same the other way round: signs some bytes, by SHA-256. ret_signature gets the signature in
 * base64, ret_bundle (may be NULL) a bundle 0.3 of it.
 */
int sigstore_sign_blob(const struct state *state, const struct sigstore_key *k, struct str blob,
		       struct buf *ret_signature, struct buf *ret_bundle, struct err *e);
/* A bundle of a bare signature, base64, over what has the digest. hint may be NULL. Appends. */
int sigstore_wrap_signature(const struct digest *digest, struct str signature, const char *hint,
			    struct buf *ret, struct err *e);

/* key_pair.c */

struct sigstore_pair {
	enum key_kind kind; /* of one that is made */
	int bits;	    /* of RSA */
	int from;	    /* a private key in PEM, not encrypted; -1: one is made */
	const char *passphrase;
};
/* Writes the private half to out, as key_to_cosign() has it, and appends the public one as PEM. */
int sigstore_make_pair(const struct sigstore_pair *o, int out, struct buf *ret_public,
		       struct err *e);

/* folder.c */

/* Trust of a file for good: a public key in PEM under a name (trust/sigstore/keys), or a trusted
 * root, which replaces the one there. E_USAGE when the name is taken by another key. */
int sigstore_add_key(const struct state *state, const char *name, struct str pem, struct err *e);
int sigstore_add_root(const struct state *state, struct str json, struct err *e);
/* Removes such a key, or the root by its file's name, "trusted_root.json". E_NOTFOUND. */
int sigstore_remove(const struct state *state, const char *name, struct err *e);
/* {"signers":[{"name","key","algorithm"}],"trustedRoot":{...} or null} into all. */
int sigstore_list(const struct state *state, json_t *all, struct err *e);
/* Whether a file is a trusted root, by its media type. */
bool sigstore_is_root(struct str json);
