/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"

/* Scripts that complete our command line, printed from a command table. */
int completion_bash(const struct command *const *table, struct buf *ret, struct err *e);
int completion_zsh(const struct command *const *table, struct buf *ret, struct err *e);
int completion_fish(const struct command *const *table, struct buf *ret, struct err *e);
