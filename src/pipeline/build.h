/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "build/build.h"
#include "pipeline/road.h"

/*
 * Builds with the bases that the trust policy accepts and with steps that are confined. o's state,
 * store, progress and hooks (but for
 * known, which is imported_known() or NULL) are set from the road; road->image is set. Recorded as
 * "build", with the bases by digest.
 */
int step_build(struct road *road, const struct build_opts *o, struct build_result *ret,
	       struct err *e);
