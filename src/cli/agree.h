/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"

/*
 * What takes something away asks first, as docker does: warning and the question go to standard
 * error, the answer comes from standard input ("y", "yes"). forced: nothing is asked. E_USAGE with
 * an exit status of 1 for any other answer, and for none.
 */
int cli_agree(struct cli *c, bool forced, const char *what, const char *warning, struct err *e);
