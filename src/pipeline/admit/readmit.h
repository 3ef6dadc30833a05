/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/admit/admission.h"

/*
 * Admission, taken anew for what runs: whether the image of every running container would be let
 * start now, by today's trust policy, withdrawn keys, revocation, TUF, rules, advisories and gate.
 *
 * - refused: something was found out that refuses it.
 * - unchecked: it could not be found out: a server that does not answer, advisories that are
 *   missing or too old, an image that is no longer in the store.
 *
 * What the policy says of either is done: reported, or stopped. What changed since the last time is
 * an entry "readmit" of the trail, and a document for the webhook.
 */
#define READMIT_SCHEMA "plimsoll.readmit/v1"

struct readmit_opts {
	const struct gate *gate; /* of the configuration, today */
	const struct run_policy *policy;
	bool due; /* there is a webhook: changes wait for it in the index of watching */
	int64_t now;
};

struct readmitted {
	/* Those that are not admitted, now or for the first time again:
	 * [{"id","name","image","digest","outcome","reason","changed","stopped"}]. Owned. */
	json_t *containers;
	size_t judged, refused, unchecked, stopped;
};
void readmitted_free(struct readmitted *r);
static inline void readmitted_release(struct readmitted *r)
{
	readmitted_free(r);
}
#define auto_readmitted __attribute__((cleanup(readmitted_release))) struct readmitted

/* No containers: nothing is done, and nothing is made. */
int readmit_running(const struct road *road, const struct readmit_opts *o, struct readmitted *ret,
		    struct err *e);

enum readmit_outcome { READMIT_ADMITTED, READMIT_REFUSED, READMIT_UNCHECKED };
const char *readmit_word(enum readmit_outcome o); /* "refused" */

/*
 * readmit_judge.c: one image, as a container's record names it. found gets what admission_note()
 * puts into a record; why is set when it is not admitted. Negative only for what ends the whole:
 * no memory, a signal.
 */
int readmit_judge(const struct road *road, const json_t *record, const struct gate *g,
		  enum readmit_outcome *ret, json_t *found, struct err *why, struct err *e);
