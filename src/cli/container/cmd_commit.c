/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

/* Known so that whoever types it is told why not. */
static int run_commit(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	(void)c, (void)opts, (void)argc, (void)argv;
	return err_hint(
		e,
		FAIL(e, E_POLICY,
		     "there is no commit: of an image made from what a container did "
		     "nobody knows how it was made, and only builds and imports are scanned "
		     "and signed"),
		"write a Dockerfile and use plimsoll build; plimsoll diff and plimsoll cp "
		"show what the container changed");
}

const struct command cmd_commit = {
	.name = "commit",
	.group = "Containers",
	.args = "",
	.brief = "Refused: only builds make images",
	.hidden = true,
	.max_args = -1,
	.any_words = true,
	.run = run_commit,
};
