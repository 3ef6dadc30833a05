/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/fs.h"
#include "base/progress.h"
#include "oci/store.h"
#include "trust/rules.h"

/*
 * What the steps of the road share. A step works on road->image, and ends in road_note(): one entry
 * of the audit trail, whether it went well, was refused or failed.
 */
struct road {
	const struct state *state;
	struct store *store;
	struct progress *progress; /* may be NULL */
	const char *name;	   /* the image as the user named it */
	struct desc image;	   /* its manifest; digest "" until there is one */
	const struct rules *rules; /* of plimsoll.yaml; NULL: there are none */
};

/*
 * Records how a step ended: outcome is what it returned, with *e filled when negative. E_POLICY and
 * E_VERIFY are recorded as refused, other errors as failed. detail (may be NULL) is stolen. Returns
 * outcome; if the entry cannot be written, a success turns into that error: what is not written
 * down did not pass.
 */
int road_note(const struct road *road, const char *kind, int outcome, json_t *detail,
	      struct err *e);

/* The same for steps that follow one another and stand or fall together, in one append: either all
 * are written down or none. The outcome is that of all of them; each detail is stolen. */
struct road_step {
	const char *kind;
	json_t *detail; /* may be NULL */
};
int road_note_all(const struct road *road, const struct road_step *v, size_t n, int outcome,
		  struct err *e);
