/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trust/internal.h"
#include "trust/sigstore/bundle.h"
#include "trust/sigstore/proof.h"
#include "trust/sigstore/sigstore.h"
#include "trust/sigstore/simple.h"
#include "trust/sigstore/tag.h"

#define ANNOTATION_PREDICATE "dev.sigstore.bundle.predicateType"

#define DIR_SIGSTORE "sigstore"
#define DIR_SIGSTORE_KEYS DIR_SIGSTORE "/keys"
#define FILE_TRUSTED_ROOT DIR_SIGSTORE "/trusted_root.json"

enum { LIMIT_SIGNERS = 256 };

/* sign_bytes.c */

/*
 * Signs a message by whoever holds the key (trust/holder.h), which gives a signature that was
 * checked under its public key. sha256: whatever the curve. ret_public is the caller's.
 */
int sigstore_sign_bytes(const struct state *state, const struct sigstore_key *k, bool sha256,
			struct str msg, struct key **ret_public, struct buf *ret_signature,
			struct err *e);

/* attach.c: the manifest that carries a bundle, a referrer of what it is about. */

int bundle_attach(struct store *s, struct str bundle, const char *predicate_type,
		  const struct desc *manifest, int64_t now, struct desc *ret, struct err *e);
/* Whether a descriptor of store_referrers() says that it carries one, of any version. */
bool bundle_carried(const json_t *entry);
/* Checks the shape of such a manifest and reads its bundle. E_FORMAT, E_VERIFY. */
int bundle_read(const struct store *s, const struct desc *carrier, const struct desc *manifest,
		struct buf *ret, struct err *e);

/* statement.c: in-toto statements about manifests. */

/* The statement that signs a manifest: no predicate but the subject. name may be NULL. Appends. */
int statement_make_signature(const struct desc *manifest, const char *name,
			     const json_t *annotations, struct buf *ret, struct err *e);
struct statement_info {
	char predicate_type[LIMIT_PREDICATE_TYPE + 1];
	bool covers;	/* one of its subjects has the digest */
	char name[512]; /* of that subject, "" when none */
};
/* Reads a statement, v1 or v0.1. Where several subjects have the digest, name is that of the
 * repository that is preferred (NULL: of none), else of the first. E_FORMAT. */
int statement_read(struct str payload, const struct digest *about, const char *preferred,
		   struct statement_info *ret, struct err *e);
bool same_repository(const char *name, const char *want);

/* Whether the subject's annotations say all of want, an object of strings. E_VERIFY. */
int statement_says(struct str payload, const struct digest *about, const char *preferred,
		   const json_t *want, struct err *e);

/* sign_simple.c */
int simple_sign(const struct state *state, struct store *s, const struct ref *ref,
		const char *repository, const struct desc *manifest,
		const struct sigstore_sign_opts *o, struct desc *ret, bool *ret_existing,
		struct err *e);

/* simple_bundle.c: the annotations of a layer under one of cosign's tags, and what they are of. A
 * simple signature is one of them; an envelope (with exactly one signature) is the layer. E_FORMAT.
 */
int simple_to_bundle(const json_t *annotations, struct bundle *ret, struct err *e);
int envelope_to_bundle(struct str envelope, const json_t *annotations, struct bundle *ret,
		       struct err *e);

/* judge.c: one signature against whom we trust, without any file. */
enum signed_form {
	SIGNED_BUNDLE,
	SIGNED_SIMPLE,	 /* a payload of simple signing; the signature is in the annotations */
	SIGNED_ENVELOPE, /* DSSE, with annotations */
};
struct judgement {
	enum signed_form form;
	struct str bytes;
	const json_t *annotations;
	const struct digest *digest; /* of what must have been signed */
	struct str artifact;	     /* that itself; .p NULL: not at hand */
	const struct sigstore_trust *trust;
	const char *repository; /* that must be named; NULL: any, or none */
	const char *preferred;	/* of a statement about several the name that is told; or NULL */
	const json_t *annotations_wanted; /* that must have been signed, too; or NULL */
};
struct verdict {
	size_t signer; /* index in the keys of trust, or in its identities */
	struct proof proof;
	struct statement_info statement; /* its name is a simple signing's reference, too */
};
int bundle_judge(const struct judgement *j, struct verdict *ret, struct buf *ret_statement,
		 struct err *e);
int simple_judge(const struct judgement *j, struct verdict *ret, struct err *e);
int envelope_judge(const struct judgement *j, struct verdict *ret, struct buf *ret_statement,
		   struct err *e);

/* batch.c: many of them, each as if in a sandboxed child of its own. r of each is 0 and found is
 * filled (its carrier is not), or r is negative and why tells the reason. */
struct trial {
	struct judgement j;
	int r;
	struct err why;
	struct sigstore_found found;
};
/* until: by the monotonic clock, in ms; past it nothing is tried a second time. */
void signatures_judge(struct trial *v, size_t n, uint64_t until);
