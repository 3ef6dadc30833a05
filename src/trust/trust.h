/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/fs.h"
#include "base/json.h"
#include "crypto/envelope.h"
#include "crypto/key.h"
#include "oci/store.h"

/*
 * Signing and verifying images with Notary Project signatures, and the folder <state>/trust/ that
 * holds what is trusted:
 *
 *     trustpolicy.json                    which signers are asked for, by repository
 *     truststore/x509/<type>/<store>/     certificates that end a trusted chain
 *     keys/<name>.pem keys/<name>.crt     keys that this host signs with, and their chains
 *     require-repository                  where it is, signatures must name their repository
 *     withdrawn.json                      keys that are revoked or rotated (withdrawn.h)
 *
 * Changes are made under a lock; each file is whole or not there.
 */
#define NOTARY_ARTIFACT_TYPE "application/vnd.cncf.notary.signature"
#define NOTARY_PAYLOAD_TYPE "application/vnd.cncf.notary.payload.v1+json"
#define TRUST_DEFAULT_NAME "default" /* of a key; of the trust store and the policy statement */
#define TRUST_DEFAULT_DAYS 1825

enum {
	LIMIT_SIGNATURES = 100, /* tried for one image */
	LIMIT_SIGNERS_TOLD = 32,
	LIMIT_TRUSTED_CERTS = 1024,
	TRUST_REPOSITORY_MAX = 528,
};

/* Keys and trust. */

struct withdrawal;

struct trust_init_opts {
	const char *name;   /* NULL: TRUST_DEFAULT_NAME */
	enum key_kind kind; /* of a key that is made; not KEY_ED25519 */
	int bits;	    /* KEY_RSA: 2048, 3072, 4096; 0: 3072 */
	const char *key;    /* instead of making one: a PEM file, "pkcs11:..." or "exec:..." */
	const char *key_passphrase; /* of that file; NULL: it is not encrypted */
	struct str cert;	    /* PEM of its chain, leaf first, instead of making one */
	struct buf *ret_request;    /* instead of a certificate: takes a request for one, PEM */
	const char *subject;	    /* "C=..,ST=..,O=..,CN=.."; NULL: made from the host's name */
	int days;		    /* 0: TRUST_DEFAULT_DAYS */
	const char *passphrase;	    /* encrypts the key's file, NULL: not; the PIN of a token */
	bool force;		    /* replace a key of that name; its certificate stays trusted */
};
/*
 * Makes a key known. Without a chain and without a request, its self-signed certificate is made and
 * trusted: it goes into the store "default", its subject among the identities of the policy's
 * statement for "*", which is made strict when there is no policy. E_USAGE when the key exists.
 * ret_thumbprint (may be NULL) is "" when there is no certificate yet.
 */
int trust_init(const struct state *state, const struct trust_init_opts *o,
	       char ret_thumbprint[THUMBPRINT_MAX], struct err *e);

/* Gives a key its certificates: PEM, leaf first, complete. E_FORMAT when they are of another key.
 * ret_thumbprint (may be NULL) is the leaf's. */
int trust_import_cert(const struct state *state, const char *name, struct str file,
		      char ret_thumbprint[THUMBPRINT_MAX], struct err *e);

struct trust_rotate_opts {
	const char *name;	/* the key whose place is taken; NULL: TRUST_DEFAULT_NAME */
	const char *to;		/* a key that takes it; NULL: one of the same type and subject is
				   made, which a self-signed key of a file allows */
	int64_t until;		/* what the old key signed counts until then */
	int days;		/* of the new certificate; 0: TRUST_DEFAULT_DAYS */
	const char *passphrase; /* for the new key's file */
};
/* The old key signs no more from now on (withdrawn.h), and its file is removed. */
int trust_rotate(const struct state *state, const struct trust_rotate_opts *o,
		 struct withdrawal *ret_old, char ret_thumbprint[THUMBPRINT_MAX], struct err *e);

struct trust_add_opts {
	const char *type;     /* of the trust store: "ca" (NULL), "signingAuthority" or "tsa" */
	const char *store;    /* NULL: "default" */
	const char *identity; /* "C=..,ST=..,O=..", or "*" for whomever a CA certifies. NULL: the
				 certificate's own subject, which is right for self-signed signers;
				 for a CA it is asked for */
	const struct strv *scopes; /* repositories, for a statement of its own; NULL: "*" */
};
/*
 * Trusts the certificates of a PEM (or DER) file: each a CA or self-signed. E_USAGE without an
 * identity where one is needed, and where the change of the policy would let a certificate that is
 * trusted already sign as others than before (its statement joins all stores with all identities).
 * ret (may be NULL) is {"type","store","statement","certificates":[{"thumbprint","subject"}]},
 * owned; without "statement" no part of the policy names the store.
 */
int trust_add_cert(const struct state *state, struct str file, const struct trust_add_opts *o,
		   json_t **ret, struct err *e);

/* Which trust stores are meant; NULL: all. */
struct trust_where {
	const char *type, *store;
};

/* {"keys":[...],"certificates":[...],"policy":[...]}, owned. With a type or a store in where there
 * are no keys and no policy. */
int trust_list(const struct state *state, const struct trust_where *where, json_t **ret,
	       struct err *e);

/* The certificate chain of a key; or a trusted certificate by its SHA-256 fingerprint (or at least
 * 6 digits of it), or its file's name: as PEM. name NULL: the default key's. E_USAGE for what fits
 * two certificates. where (may be NULL) looks into those stores alone. */
int trust_export(const struct state *state, const char *name, const struct trust_where *where,
		 struct buf *ret, struct err *e);

/*
 * Removes a key (signatures made with it stay valid), or a trusted certificate, named as above,
 * from each store it is in. ret (may be NULL): what went, [{"key"}] or
 * [{"type","store","file","thumbprint","subject"}], owned.
 */
int trust_remove(const struct state *state, const char *name, const struct trust_where *where,
		 json_t **ret, struct err *e);

/* SHA-256 of the policy's file, as "sha256:..."; "" when there is none. */
int trust_policy_digest(const struct state *state, struct digest *ret, struct err *e);
/* Of all that this host trusts: that policy, trust stores, withdrawn keys, sigstore's keys and
 * root, and for which repositories there is a TUF root. Changes when one of them does. */
int trust_digest(const struct state *state, struct digest *ret, struct err *e);

struct trust_imported {
	size_t statements, certificates;
};
/* Takes over the trust policy and the trust stores of a folder as notation keeps it
 * ("~/.config/notation"); E_USAGE where a policy is already. Bad parts are refused with the whole.
 */
int trust_import_notation(const struct state *state, const char *folder, struct trust_imported *ret,
			  struct err *e);

/* Revoking (withdrawn.h). */

struct trust_revocation {
	const char *name;   /* a key's; the beginning of a thumbprint; "sha256:" + the key's id */
	struct str file;    /* instead, when not empty: a certificate or a public key, PEM or DER */
	const char *reason; /* may be NULL */
};
/* From now on nothing that the key signed is accepted here, under no certificate and by no policy
 * that verifies. *ret_changed is false when it was revoked already. */
int trust_revoke(const struct state *state, const struct trust_revocation *o,
		 struct withdrawal *ret, bool *ret_changed, struct err *e);
/* The list for other hosts, and one from elsewhere: it adds, and takes nothing back. */
int trust_revocations_export(const struct state *state, json_t **ret, struct err *e);
int trust_revocations_import(const struct state *state, struct str file, size_t *ret_new,
			     struct err *e);

/* A passphrase from a file, or "fd:N" from a descriptor; one newline at the end is not part of it.
 * ret is empty, with a cap of at least LIMIT_PASSPHRASE + 2. */
int trust_passphrase(const char *from, struct buf *ret, struct err *e);

/*
 * A key of this host to sign with, whatever is signed: its certificates, and a struct key whose
 * signatures are made by the process, token or program that holds the private half (holder.h). That
 * is started at the first signature and ends with trust_signer_close(); many signatures cost one
 * decryption. name NULL: TRUST_DEFAULT_NAME; also pkcs11: or exec: names of keys that 'trust init
 * --key' made known. E_VERIFY when the certificate is not valid now, or the key is revoked or
 * rotated. passphrase (may be NULL) is borrowed until the first signature.
 */
struct trust_signer;
int trust_signer_open(const struct state *state, const char *name, const char *passphrase,
		      struct trust_signer **ret, struct err *e);
const struct key *trust_signer_key(const struct trust_signer *s);     /* borrowed */
const struct chain *trust_signer_chain(const struct trust_signer *s); /* borrowed */
void trust_signer_close(struct trust_signer *s);
DEFINE_RELEASE_VOID(struct trust_signer, trust_signer_close)

/* Signing. */

struct trust_sign_opts {
	const char *key;	/* NULL: TRUST_DEFAULT_NAME */
	const char *passphrase; /* NULL: the key is not encrypted */
	enum envelope_form form;
	int64_t expiry;		    /* seconds from now; 0: none */
	const json_t *annotations;  /* object of strings to be signed too, or NULL */
	const struct ref *ref;	    /* its repository is signed too, so that the signature cannot be
				       carried to another; NULL: it holds wherever the image is */
	const char *timestamp_url;  /* an RFC 3161 authority that stamps it, or NULL */
	struct str timestamp_roots; /* certificates that end its chain, PEM or DER */
};
/*
 * Signs a manifest (or index) of the store and attaches the signature to it there. The key is read
 * and used in a sandboxed child that can do nothing else. When an equal signature of the same
 * form by the same key is there already, nothing is added and *ret_existing (may be NULL) is true.
 */
int trust_sign(const struct state *state, struct store *s, const struct desc *manifest,
	       const struct trust_sign_opts *o, struct desc *ret, bool *ret_existing,
	       struct err *e);

/* Verifying. */

enum trust_check {
	TRUST_INTEGRITY, /* signature, algorithm, payload = this manifest */
	TRUST_CHAIN,	 /* certificate chain rules, validity today */
	TRUST_STORE,	 /* a certificate of the chain is trusted */
	TRUST_IDENTITY,	 /* the signer's subject is one the policy asks for */
	TRUST_TIMESTAMP, /* the certificates were valid, at a proven time where one is asked for */
	TRUST_EXPIRY,	 /* of the signature */
	TRUST_REVOCATION,
	TRUST_NAME, /* the repository's, when it is signed */
	TRUST_CHECKS,
};
enum trust_outcome {
	TRUST_NOT_CHECKED, /* the note tells why */
	TRUST_PASSED,
	TRUST_LOGGED, /* failed, and the policy's level only logs it */
};
struct trust_note {
	enum trust_outcome outcome;
	char text[640]; /* whole names of stores, files and repositories */
};
struct trust_result {
	bool skipped; /* the policy's level is skip: nothing was verified, all below is empty */
	char statement[129]; /* name of the policy statement */
	char level[16];
	char subject[1024]; /* of the signer's certificate, RFC 4514 */
	char thumbprint[THUMBPRINT_MAX];
	char trusted[THUMBPRINT_MAX]; /* of the certificate found in the trust store */
	char key[THUMBPRINT_MAX]; /* SHA-256 of the signer's public key: who signed, when counted */
	char repository[TRUST_REPOSITORY_MAX]; /* that it is signed for; "": the signature has none
						*/
	int64_t signing_time;		       /* as the signer says */
	int64_t proven_time;		       /* as a trusted authority says; 0: nobody does */
	int64_t proven_accuracy;	       /* seconds that it may be off */
	int64_t expiry;			       /* 0: none */
	struct digest signature;	       /* the signature's manifest */
	struct trust_note checks[TRUST_CHECKS];
};
const char *trust_check_name(enum trust_check c);

/*
 * Verifies the signatures of a manifest (or index) in the store by the trust policy, one by one
 * until one passes; ref gives the repository that selects the policy statement. E_VERIFY tells the
 * reason for each signature and what mends it. Envelopes are read in a sandboxed child.
 */
int trust_verify(const struct state *state, const struct store *s, const struct ref *ref,
		 const struct desc *manifest, struct trust_result *ret, struct err *e);

/*
 * All signatures that pass, one of each key, certificate and repository: who asks for m signers
 * counts different keys. A level of skip gives one result, marked skipped. Otherwise as
 * trust_verify(): none is E_VERIFY. annotations (object of strings, or NULL) must have been signed
 * with each.
 */
struct trust_signers {
	struct trust_result *v; /* at most LIMIT_SIGNERS_TOLD */
	size_t n;
	bool more; /* there were more signatures than are tried */
	/* Nothing was wrong with one that was not accepted, but that nobody answered whether its
	 * certificates were revoked. Also set when none was accepted. */
	bool unanswered;
};
void trust_signers_free(struct trust_signers *all);
#define auto_trust_signers __attribute__((cleanup(trust_signers_free))) struct trust_signers
int trust_verify_all(const struct state *state, const struct store *s, const struct ref *ref,
		     const struct desc *manifest, const json_t *annotations,
		     struct trust_signers *ret, struct err *e);

/* The name that signatures for ref carry: HOST/NAME, local/NAME for an image of this store alone,
 * "" for one that is known by its digest alone. Appends. */
void trust_repository(const struct ref *ref, struct buf *ret);
