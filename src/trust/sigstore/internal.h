/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trust/internal.h"
#include "trust/sigstore/bundle.h"
#include "trust/sigstore/sigstore.h"

#define DIR_SIGSTORE "sigstore"
#define DIR_SIGSTORE_KEYS DIR_SIGSTORE "/keys"

/* sign_bytes.c */

/*
 * Signs a message with a key of this host, or a key file, in a child that can do nothing else; the
 * signature that comes back is checked under the public key that came with it. sha256: whatever the
 * curve. Both results are the caller's.
 */
int sigstore_sign_bytes(int dir, const struct sigstore_key *k, bool sha256, struct str msg,
			struct key **ret_public, struct buf *ret_signature, struct err *e);

/* attach.c: the manifest that carries a bundle, a referrer of what it is about. */

int bundle_attach(struct store *s, struct str bundle, const char *predicate_type,
		  const struct desc *manifest, int64_t now, struct desc *ret, struct err *e);
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
/* Reads a statement, v1 or v0.1. E_FORMAT. */
int statement_read(struct str payload, const struct digest *about, struct statement_info *ret,
		   struct err *e);

/* judge.c: one bundle against the trusted keys, without any file. */
struct judgement {
	struct str bundle;
	const struct desc *manifest;
	const struct sigstore_trust *trust;
	const char *repository; /* that it must name, when it names one; NULL: any */
};
struct verdict {
	size_t signer; /* index in trust */
	struct statement_info statement;
};
int bundle_judge(const struct judgement *j, struct verdict *ret, struct buf *ret_statement,
		 struct err *e);
