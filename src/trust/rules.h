/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/json.h"
#include "base/str.h"
#include "crypto/dn.h"

/* clang-format off */
/*
 * The section `trust:` of plimsoll.yaml: what trustpolicy.json cannot say. It only ever asks for
 * more: an image passes when trustpolicy.json and its rule both let it pass.
 *
 *     trust:
 *       signers:
 *         release: {certificate: 5e0c...}                 # SHA-256 of the certificate, hex
 *         qa: {subject: "C=DE, ST=HH, O=Example, CN=qa"}  # parts that its subject must have
 *         ci: {key: ci}                                   # trust/sigstore/keys/ci.pub
 *         hsm: {key-id: 91af...}                          # SHA-256 of the public key, hex
 *         bot: {identity: "https://...", issuer: "https://..."}  # keyless, both exactly
 *       rules:
 *         registry.example/prod:                          # and all below; the longest scope wins
 *           signers: [release, qa]
 *           threshold: 2                                  # of those; all, when not given
 *           require: [provenance, sbom, vuln, vsa]        # or types as URIs
 *           attesters: [ci]                               # who signs those; else the signers
 *           builder: https://ci.example/builders/N        # of the provenance: a pattern
 *           source: git+https://git.example/team/web      # a pattern, too
 *           clean-source: true                            # nothing but what the commit has
 *           max-scan-age: 24h
 *           verifier: https://ci.example/gate             # of the verification summary
 *           fresh: true                                   # TUF has to say that it is the newest
 *           unnamed: true                                 # signatures without a repository, too
 *         registry.example/old: {reject: true}
 *         "*": {require: [provenance]}
 *
 * Unknown members, unknown names and values of another type are errors of the whole section.
 */
/* clang-format on */
enum {
	LIMIT_RULES = 256,
	LIMIT_RULES_SIGNERS = 256,
	LIMIT_RULE_SIGNERS = 32,
	LIMIT_RULE_TYPES = 16,
	LIMIT_RULE_TEXT = 512,	   /* a scope, a pattern, a type */
	LIMIT_RULE_MATCHED = 4096, /* what a pattern is held against */
};

struct rule_signer {
	const char *name; /* borrowed from the section, as all strings here */
	/* One of these, or a subject; else NULL. An issuer goes with an identity. */
	const char *certificate, *key, *key_id, *identity, *issuer;
	bool has_subject;
	struct dn subject;
};

/* Also a question of the caller (--require), as a rule that has types and no scope. */
struct rule {
	const char *scope; /* "*", or HOST[/PART...] */
	bool reject;
	const struct rule_signer *signers[LIMIT_RULE_SIGNERS], *attesters[LIMIT_RULE_SIGNERS];
	size_t signers_n, attesters_n, threshold;
	const char *types[LIMIT_RULE_TYPES]; /* of attestations, as they were written */
	size_t types_n;
	const char *builder, *source, *verifier; /* patterns, or NULL */
	bool clean_source, fresh, unnamed;
	int64_t max_scan_age; /* seconds; 0: any */
};

struct rules {
	json_t *json; /* owned */
	struct rule_signer *signers;
	size_t signers_n;
	struct rule *v;
	size_t n;
};

/* section is copied. E_USAGE, with the place. */
int rules_parse(const json_t *section, struct rules *ret, struct err *e);
void rules_free(struct rules *r);
static inline void rules_release(struct rules *r)
{
	rules_free(r);
}
#define auto_rules __attribute__((cleanup(rules_release))) struct rules

/* The rule of a repository, as trust_repository() names it: that of the longest scope which is the
 * repository or a part of its path, else that of "*", else NULL. */
const struct rule *rules_select(const struct rules *r, const char *repository);

/* "provenance", a word of cosign's, or an absolute URI. */
bool rule_type_ok(const char *type);
/* The predicate's type of an attestation that is made by that word; a URI is its own. NULL: it is
 * of several ("sbom"), or no type. */
const char *rule_type_made(const char *word);
/* Whether a predicate's type is what was asked for by that word. */
bool rule_type_covers(const char *word, const char *predicate_type);

/* "*" in a pattern stands for characters other than "/", within a URL's host for those of hosts
 * only, "**" for any. What has "." or ".." as a part of its path, plain or as "%2e", or more than
 * LIMIT_RULE_MATCHED bytes matches nothing. */
bool rule_pattern_match(const char *pattern, const char *s);
