/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "build/build.h"
#include "cli/cli.h"

/* build --check: prints what the build checks find and builds nothing. E_POLICY with findings. */
int cli_build_check(struct cli *c, const struct build_opts *o, struct err *e);
