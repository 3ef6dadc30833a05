/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trust/rules.h"
#include "trust/sigstore/sigstore.h"
#include "trust/trust.h"

/*
 * A rule against what was verified of one manifest. More evidence never makes a refusal of what
 * passed with less: each thing that is asked for is there once, and good, or not. So nobody gains
 * by taking a signature or an attestation away.
 */
enum { RULE_CLOCK_SKEW = 60 }; /* seconds that a scan may be of the future */

struct evidence {
	const struct trust_signers *notary;
	const struct sigstore_findings *found; /* bundles: signatures and attestations */
	const struct sigstore_trust *trust;    /* under which those were found */
	const char *repository;		       /* as trust_repository() names it */
	bool fresh;			       /* TUF says that it is the newest */
	int64_t now;
};

/*
 * Adds to the arrays "checks" and "attestations" of doc what was looked at, with its outcome, all
 * of it also after the first that does not hold. E_VERIFY: signatures or attestations are missing,
 * or do not hold. E_POLICY: they hold, and what they say is not what the rule asks for.
 */
int rule_judge(const struct rule *rule, const struct evidence *ev, json_t *doc, struct err *e);

/* rules_predicate.c: whether what a statement says is what the rule asks of its type. E_POLICY. */
int rule_predicate(const struct rule *rule, const char *predicate_type, const json_t *statement,
		   int64_t now, struct err *e);
