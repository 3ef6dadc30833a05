/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"

/* An explanation (scan/explain.h) for a person: a paragraph for each answer. */
int scan_print_explanation(struct cli *c, const json_t *explanation, struct err *e);
