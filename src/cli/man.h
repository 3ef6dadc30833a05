/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"

/* Manual pages in the form of scdoc(5), printed from a command table. */
int man_top(const struct command *const *table, struct buf *ret, struct err *e); /* plimsoll(1) */
int man_command(const struct command *c, struct buf *ret, struct err *e); /* plimsoll-<name>(1) */
