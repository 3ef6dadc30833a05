/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/str.h"
#include "confine/spec.h"
#include "run/step/step.h"

/* Mounts of a step as the runtime takes them. */
struct step_binds {
	struct spec_mount v[LIMIT_STEP_MOUNTS];
	size_t n;
	struct strv strings; /* what v points into */
};

/* Makes what is missing to mount on; in the root, what was made is added to made. root: of the
 * step's root filesystem. Targets in /proc, /sys and /dev are E_POLICY. */
int step_binds_make(int root, const struct step_bind *binds, size_t n, struct strv *made,
		    struct step_binds *ret, struct err *e);
void step_binds_free(struct step_binds *b);
