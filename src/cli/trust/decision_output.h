/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"
#include "pipeline/admit/decide.h"

/* What was looked at, a line each: checks, signatures, attestations, what was refused. */
int decision_print(struct cli *c, const struct decision *d, struct err *e);
