/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/dsse.h"
#include "crypto/sigstore_key.h"
#include "oci/store.h"

/*
 * Signatures and attestations as sigstore has them (signing.md 2): DSSE envelopes in bundles, which
 * are referrers of their image; and cosign's simple signing under a tag beside it. What is trusted
 * stands in <state>/trust/sigstore/:
 *
 *     keys/<name>.pub   public keys whose signatures count
 */
#define IN_TOTO_PAYLOAD_TYPE "application/vnd.in-toto+json"
#define IN_TOTO_STATEMENT "https://in-toto.io/Statement/v1"
#define COSIGN_SIGN_PREDICATE                                                                      \
	"https://sigstore.dev/cosign/sign/v1" /* a signature, nothing more                         \
					       */

enum { LIMIT_PREDICATE_TYPE = 255, LIMIT_STATEMENT_SUBJECTS = 1024 };

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

/* Who is trusted. */

struct sigstore_signer {
	char name[2 * 128]; /* of the key's file; "store/file" of a certificate */
	bool by_certificate;
	struct key *key;
	char id[THUMBPRINT_MAX]; /* key_id() */
};
struct sigstore_trust {
	struct sigstore_signer *v;
	size_t n;
};
/*
 * The public keys of trust/sigstore/keys, and those of the certificates that the trust policy's
 * statement for the repository names: no CAs, valid now, of a subject that it admits. None is
 * success.
 */
int sigstore_trust_load(const struct state *state, const struct ref *ref,
			struct sigstore_trust *ret, struct err *e);
/* Adds a public key, PEM, under a name. */
int sigstore_trust_key(struct sigstore_trust *t, const char *name, struct str pem, struct err *e);
void sigstore_trust_free(struct sigstore_trust *t);
static inline void sigstore_trust_release(struct sigstore_trust *t)
{
	sigstore_trust_free(t);
}
#define auto_sigstore_trust __attribute__((cleanup(sigstore_trust_release))) struct sigstore_trust

/* What they signed. */

struct sigstore_found {
	struct digest carrier; /* the manifest that brought it */
	char signer[2 * 128];  /* the name of the signer in struct sigstore_trust */
	char key_id[THUMBPRINT_MAX];
	char predicate_type[LIMIT_PREDICATE_TYPE + 1];
	char repository[512]; /* the name that was signed, "" when none was */
	struct buf statement; /* the bytes that were verified */
};
struct sigstore_findings {
	struct sigstore_found *v;
	size_t n;
	struct strv refused; /* a line each: what, and why */
	bool more;	     /* there were more than LIMIT_SIGNATURES */
};
struct sigstore_query {
	const struct ref *ref; /* where the manifest is to be used; NULL: names are not compared */
	const char *predicate_type; /* NULL: any */
};
/*
 * All bundles attached to a manifest whose signature holds under a trusted key, whose statement is
 * about the manifest, and which name the repository of ref, when they name one. What does not is in
 * refused. Each bundle is parsed and verified in a sandboxed child of its own.
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
