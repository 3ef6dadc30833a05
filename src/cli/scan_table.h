/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"
#include "scan/scan.h"

/* The report for a person: findings by the package to upgrade, the most urgent first, then a line
 * that counts them. shown has a place for each finding. */
int scan_print_table(struct cli *c, const struct report *report, const bool *shown, struct err *e);
