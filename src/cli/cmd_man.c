/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/man.h"

enum { LIMIT_MAN = 1024 * 1024 };

static int run_man(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_MAN);
	const struct command *of = NULL;
	int r;

	(void)opts;
	for (size_t i = 0; argc && commands[i] && !of; i++)
		if (!commands[i]->hidden && strcmp(commands[i]->name, argv[0]) == 0)
			of = commands[i];
	if (argc && !of)
		return FAIL(e, E_USAGE, "no command '%s' (try 'plimsoll --help')", argv[0]);
	r = of ? man_command(of, &b, e) : man_top(commands, &b, e);
	return r < 0 ? r : cli_print(c, e, "%s", buf_str(&b));
}

const struct command cmd_man = {
	.name = "man",
	.group = "Other",
	.args = "[COMMAND]",
	.brief = "Print the source of a manual page",
	.details = "The page of plimsoll, or of one of its commands, in the form that scdoc(1) "
		   "reads.\n"
		   "The build makes plimsoll(1) and plimsoll-COMMAND(1) of them.",
	.example = "plimsoll man trail | scdoc | man -l -",
	.max_args = 1,
	.run = run_man,
};
