/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/inspect.h"
#include "pipeline/steps.h"

/*
 * The road in: what runs was signed by somebody whom this host trusts, and is below its line by
 * today's advisories. Checked each time by digest; a name is resolved once.
 */
struct admission {
	struct trust_result trust;
	struct report report; /* also set when the gate refused */
	json_t *tuf;	      /* what is newest, by whom: tuf_admit(); or NULL */
};

/*
 * Sets road->image to the manifest that may run: what ref means in the store, else fetched from its
 * registry. An image index is verified as such, and its image for this machine is what may run.
 * One entry "admit", with what was checked; E_VERIFY and E_POLICY are refusals.
 */
int admit(struct road *road, const struct ref *ref, const struct gate *g, struct admission *ret,
	  struct err *e);
void admission_free(struct admission *a);
