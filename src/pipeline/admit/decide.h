/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/road.h"
#include "trust/trust.h"

/*
 * Whether an image of the store may be used, by all that this host asks for: TUF where a root is
 * trusted (tuf_admit()), trustpolicy.json, the rule of plimsoll.yaml for its repository
 * (trust/rules.h), and types of attestations that the caller asks for besides. All of them must let
 * it pass. Nothing is recorded: the caller does.
 */
struct decide_opts {
	const struct strv *require; /* types of attestations; may be NULL */
	/* Object of strings that the signature which trustpolicy.json asks for must have signed, so
	 * one that it skips is refused; may be NULL. */
	const json_t *annotations;
};

struct decision {
	struct trust_result
		trust; /* the first signature that passed trustpolicy.json, or skipped */
	/* It was refused because a server did not answer, and for nothing that was found out. */
	bool unasked;
	bool by_rule; /* signers or attestations were asked for besides, and are there: something
			 was verified, also where trustpolicy.json skips the repository */
	/* What was looked at, also after a refusal:
	 * {"repository","digest","policy","rule","tuf","checks",
	 * "signatures","attestations","refused"}, see docs/policy.md. Owned; may be NULL. */
	json_t *doc;
};

/*
 * E_VERIFY and E_POLICY are refusals; then ret->doc tells all that was looked at. A repository that
 * trustpolicy.json skips passes with trust.skipped set: whether that is enough is the caller's.
 */
int decide(const struct road *road, const struct ref *ref, const struct desc *d,
	   const struct decide_opts *o, struct decision *ret, struct err *e);
/* As above, for those who let nothing run that nobody verified: E_VERIFY when it was skipped. */
int decide_verified(const struct road *road, const struct ref *ref, const struct desc *d,
		    const struct decide_opts *o, struct decision *ret, struct err *e);
/* What the trail has of it, which bounds what an entry holds: rule, TUF and checks. Owned; NULL:
 * there is nothing. */
json_t *decision_brief(const struct decision *d);
void decision_free(struct decision *d);
static inline void decision_release(struct decision *d)
{
	decision_free(d);
}
#define auto_decision __attribute__((cleanup(decision_release))) struct decision
