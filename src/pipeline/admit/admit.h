/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/admit/decide.h"
#include "pipeline/inspect.h"
#include "pipeline/steps.h"

/*
 * The road in: what runs was signed by somebody whom this host trusts, and is below its line by
 * today's advisories. Checked each time by digest; a name is resolved once.
 */
struct admission {
	struct decision decision;
	struct report report; /* also set when the gate refused */
	struct desc judged;   /* what was signed: the manifest, or an index that has it */
	struct digest policy; /* of all that decided: see admission_policy() */
	size_t over;	      /* findings over the gate's line */
};

/*
 * Sets road->image to the manifest that may run: what ref means in the store, else fetched from its
 * registry. An image index is verified as such, and its image for this machine is what may run.
 * One entry "admit", with what was checked, and the decision as a verification summary (attest.h);
 * E_VERIFY and E_POLICY are refusals.
 */
int admit(struct road *road, const struct ref *ref, const struct gate *g, struct admission *ret,
	  struct err *e);
/* The same for one who goes on at once: an image that is admitted gets the entry of what is done
 * with it, too, in the same append (road_note_all()). next's detail is stolen in any case. */
int admit_and(struct road *road, const struct ref *ref, const struct gate *g,
	      const struct road_step *next, struct admission *ret, struct err *e);
/* The same for what is in the store and is known by road->image, the manifest or index that was
 * signed: nothing is fetched, nothing recorded. On success road->image is what may run. */
int admit_judged(struct road *road, const struct ref *ref, const struct gate *g,
		 struct admission *ret, struct err *e);
void admission_free(struct admission *a);
