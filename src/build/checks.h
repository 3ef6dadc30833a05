/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "build/build.h"
#include "dockerfile/lint.h"

/*
 * The build checks without the build: o needs no state, store, progress or hooks. Bases are not
 * asked for their environment. A Dockerfile that cannot be built is an error as with build_run();
 * what was found before that is in ret all the same.
 */
int build_check(const struct build_opts *o, struct lint *ret, struct err *e);
