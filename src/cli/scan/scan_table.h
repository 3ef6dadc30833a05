/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"
#include "scan/scan.h"

/* The report for a person: findings by the package to upgrade, the most urgent first, then a line
 * that counts them, and those that were left out of it. */
int scan_print_table(struct cli *c, const struct report *report, size_t hidden, struct err *e);
