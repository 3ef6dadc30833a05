/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/fs.h"
#include "run/machine.h"
#include "run/options/allow.h"

/*
 * What the default profile needs of a machine, and whether it is there: asked at every start, so
 * cheap. Seccomp, Landlock and the limits of memory, processes and CPU are needed unless the policy
 * says `without`; AppArmor and memfds that cannot be executed where it says `require`.
 */
unsigned needs_lacking(const struct machine *m); /* bit 1 << enum need */
/* Those of lacking that the policy (may be NULL) does not excuse. */
unsigned needs_unexcused(unsigned lacking, const struct run_policy *p);
const char *need_lacks(enum need n); /* "this kernel has no Landlock: ..." */
const char *need_mend(enum need n);  /* what to do about it */

/* E_POLICY when something is lacking that is not excused. A limit that is lacking and excused is
 * taken out of l; what is left of the limits is machine_check()'s. */
int needs_check(const struct machine *m, const struct run_policy *p, struct profile_limits *l,
		struct err *e);

/*
 * facts.c: all that `plimsoll doctor` tells. [{"group","name","state","found","mend"}], state being
 * "fine", "lacking" (refuses a start), "excused" (would, but for the policy) or "note". Takes some
 * milliseconds: what can only be known by trying is tried, in forked children.
 */
int facts_find(const struct state *state, const struct run_policy *p, json_t **ret, struct err *e);
