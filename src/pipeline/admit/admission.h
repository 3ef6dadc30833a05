/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/admit/admit.h"
#include "run/container.h"
#include "run/options/allow.h"

/*
 * What let a container start, kept beside it as containers/<id>/admission.json:
 *
 *   {"schema":ADMISSION_SCHEMA, "image":"web:1", "judged":{"mediaType","digest","size"},
 *    "digest":"sha256:…", "time":…, "checked":…, "outcome":"admitted", "reason":"…",
 *    "signer","thumbprint","signature","statement","rule", "policy":"sha256:…",
 *    "gate":{"failOn","ignoreUnfixed","maxAge","given"}, "findings":{"critical":0,…},
 *    "over":0, "advisories":{"changed":…,"asked":…}, "allowed":[{"what","reason"}]}
 *
 * judged is what was signed, digest the manifest that runs. time is of the start, checked of the
 * last decision, outcome what that was: "admitted", "refused", "unchecked". A gate that was given
 * on the command line stays the container's; else it is the configuration's of the day.
 */
#define ADMISSION_SCHEMA "plimsoll.admission/v1"
#define ADMISSION_FILE "admission.json"
enum { LIMIT_ADMISSION = 1 << 20 };

/* The digest of what decides beside the image: what is trusted (trust_digest()), the rules, the
 * gate. */
int admission_policy(const struct state *state, const struct rules *rules, const struct gate *g,
		     struct digest *ret, struct err *e);

struct admission_terms {
	const struct gate *gate;
	bool gate_given;       /* on the command line */
	const json_t *allowed; /* what run_allowed() granted; may be NULL */
};
/* The record of an admission that passed, for run_opts. Owned. */
int admission_record(const struct road *road, const struct admission *a,
		     const struct admission_terms *t, json_t **ret, struct err *e);

/* A container's record, checked. E_NOTFOUND: it has none, being of an older plimsoll. */
int admission_load(const struct container *c, json_t **ret, struct err *e);
int admission_save(const struct container *c, const json_t *record, struct err *e);
/* Its gate, if one was given; else today's. */
int admission_gate(const json_t *record, const struct gate *today, struct gate *ret, struct err *e);
/* What was found of findings and signers is put into the record. */
int admission_note(json_t *record, const struct admission *a, struct err *e);
