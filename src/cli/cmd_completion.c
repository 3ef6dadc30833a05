/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/completion.h"

enum { LIMIT_COMPLETION = 1024 * 1024 };

static int run_completion(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	static const struct {
		const char *shell;
		int (*print)(const struct command *const *table, struct buf *ret, struct err *e);
	} shells[] = {
		{ "bash", completion_bash },
		{ "zsh", completion_zsh },
		{ "fish", completion_fish },
	};
	auto_buf b = BUF_INIT(LIMIT_COMPLETION);

	(void)opts, (void)argc;
	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++) {
		int r;

		if (strcmp(argv[0], shells[i].shell) != 0)
			continue;
		r = shells[i].print(commands, &b, e);
		return r < 0 ? r : cli_print(c, e, "%s", buf_str(&b));
	}
	return FAIL(e, E_USAGE, "no completion for '%s': bash, zsh and fish are known", argv[0]);
}

const struct command cmd_completion = {
	.name = "completion",
	.group = "Other",
	.args = "bash|zsh|fish",
	.brief = "Print a script that completes plimsoll's command line",
	.details = "Every command and option in the script comes from the table that the command "
		   "line\n"
		   "is parsed by.",
	.example = "plimsoll completion bash > /etc/bash_completion.d/plimsoll\n"
		   "plimsoll completion zsh > ~/.zfunc/_plimsoll\n"
		   "plimsoll completion fish > ~/.config/fish/completions/plimsoll.fish",
	.min_args = 1,
	.max_args = 1,
	.run = run_completion,
};
