/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/json.h"
#include "base/str.h"
#include "crypto/dn.h"
#include "oci/ref.h"

/*
 * trustpolicy.json of the Notary Project (signing.md 1.8), strictly: unknown members, unknown
 * values and every rule that is not kept are E_FORMAT with the statement's name. Parsed whole
 * before anything of it is used.
 */
enum {
	LIMIT_POLICY = 1024 * 1024, /* bytes */
	LIMIT_STATEMENTS = 256,
	LIMIT_STATEMENT_NAME = 128,
	LIMIT_SCOPES = 1024,	/* of one statement */
	LIMIT_IDENTITIES = 256, /* of one statement */
	LIMIT_STORES = 64,	/* of one statement */
	LIMIT_STORE_NAME = 128,
};

/* What a statement may enforce, in the order of the specification's level table. */
enum policy_type {
	POLICY_INTEGRITY,
	POLICY_AUTHENTICITY,
	POLICY_TIMESTAMP,
	POLICY_EXPIRY,
	POLICY_REVOCATION,
	POLICY_TYPES,
};
enum policy_action { POLICY_SKIP, POLICY_LOG, POLICY_ENFORCE };

/* What certificates of a trust store may end a chain of: signers under a CA, signing authorities,
 * time-stamping authorities. */
enum store_type { STORE_CA, STORE_AUTHORITY, STORE_TSA, STORE_TYPES };
const char *store_type_name(enum store_type t); /* in policies and of folders */

struct statement {
	const char *name;  /* borrowed from the policy, as all strings here */
	const char *level; /* "strict", "permissive", "audit", "skip" */
	bool skip;	   /* level skip: nothing is verified */
	enum policy_action action[POLICY_TYPES];
	bool timestamp_after_expiry; /* verifyTimestamp: afterCertExpiry */
	json_t *scopes;		     /* array of strings */
	struct named_store {
		enum store_type type;
		const char *name;
	} stores[LIMIT_STORES];
	size_t stores_n;
	bool any_identity;     /* "*" */
	struct dn *identities; /* owned */
	size_t identities_n;
};

struct policy {
	json_t *json; /* owned */
	struct statement *v;
	size_t n;
};

int policy_parse(const char *p, size_t n, struct policy *ret, struct err *e);
void policy_free(struct policy *p);
static inline void policy_release(struct policy *p)
{
	policy_free(p);
}
#define auto_policy __attribute__((cleanup(policy_release))) struct policy

/* The statement for a repository: the one that names it, else the one of "*", else NULL. A local
 * image, which has no registry host, is named by "local/NAME". */
const struct statement *policy_select(const struct policy *p, const struct ref *ref);
/* Whether a statement is of named repositories, not of "*". */
bool policy_names_repositories(const struct policy *p);
bool policy_names_store(const struct statement *s, enum store_type type);
bool policy_identity(const struct statement *s, const struct dn *subject);

/* A trust store's or key's name: letters, digits, "_", "-", "." but not first, 1 to 128. */
bool trust_name_ok(const char *s);
