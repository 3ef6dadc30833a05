/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"

/*
 * podman's columns of top (pid, user, hpid, capeff, "%C" and the like), several to a word with
 * commas or spaces between. What they show is the container's own: numbers of processes and users
 * as it sees them; those with an h are the host's.
 */

/* Whether all words are such columns; false for none. */
bool top_columns_known(int argc, char **argv);
/* Prints them of every process beside the container's first one. */
int top_columns_print(struct cli *c, pid_t first, int argc, char **argv, struct err *e);
/* Their names, one a line. */
int top_columns_list(struct cli *c, struct err *e);
