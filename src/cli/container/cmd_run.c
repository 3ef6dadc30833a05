/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/container/refused.h"
#include "cli/container/run_start.h"

static int run_run(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	struct run_cli_opts *o = opts;
	const struct cli_start s = { .opts = o,
				     .image = argv[0],
				     .args = (const char *const *)argv + 1 };

	(void)argc;
	/* Without --interactive nothing is read of it: output as to a terminal, from cron, too. */
	if (o->tty && o->interactive && !o->detach && !isatty(STDIN_FILENO))
		return FAIL(e, E_USAGE, "--tty: standard input is not a terminal");
	return cli_run_new(c, &s, e);
}

static int run_create(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct cli_start s = { .opts = opts,
				     .image = argv[0],
				     .args = (const char *const *)argv + 1,
				     .create_only = true };

	(void)argc;
	return cli_run_new(c, &s, e);
}

/* What will not be otherwise in a moment. */
static bool is_final(int r)
{
	return r == E_POLICY || r == E_VERIFY || r == E_USAGE || r == E_FORMAT || r == E_NOTFOUND;
}

static int run_ended_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct cli_again again = { .container = argv[0],
					 .cause = "restart",
					 .by_policy = true };
	const struct state *state;
	struct err why = ERR_INIT;
	auto_close int lock = -1;
	int r = cli_state(c, &state, e), tried = 0;

	(void)opts;
	(void)argc;
	if (r == 0)
		r = run_ended(state, argv[0], e);
	if (r == 1)
		lock = run_restart_lock(state, argv[0], e);
	while (r == 1 && lock >= 0) {
		r = run_await_restart(state, argv[0], tried < 0 ? &why : NULL, e);
		if (r <= 0)
			return r;
		why = ERR_INIT;
		tried = cli_run_again(c, &again, &why);
		/* It runs, has a monitor of its own now, or was stopped. */
		if (tried >= 0 || tried == E_SIGNAL)
			return 0;
		if (is_final(tried))
			return run_give_up(state, argv[0], &why, e);
		r = 1;
	}
	return r;
}

const struct command cmd_run = {
	.name = "run",
	.group = "The road",
	.args = "IMAGE [COMMAND [ARG...]]",
	.brief = "Admit an image and run it, locked down",
	.details =
		"The image's signature and its findings by today's advisories are checked first, "
		"and "
		"the decision is written to the trail; what then runs is that digest. By default a "
		"container has no capability, gains no privileges, has user ids of its own, may "
		"use the system calls of an allow list, has a read-only root, a "
		"/tmp of 64 MiB without execution, 1 GiB of memory, 512 processes, one core, and a "
		"network of its own.\n\n"
		"--cap-add service gives what a service needs that is started as root and drops to "
		"a user of its own: CHOWN, DAC_OVERRIDE, KILL, SETGID and SETUID. --cap-add gives "
		"AUDIT_WRITE, FOWNER, FSETID, IPC_LOCK, LEASE, NET_BIND_SERVICE, "
		"NET_RAW, SETFCAP, SETPCAP, SYS_CHROOT and SYS_NICE; the others reach the host.\n\n"
		"The exit status is the container's own, 128 + N when signal N ended it; 125 when "
		"it "
		"could not be started, 126 when the command could not be invoked, 127 when it was "
		"not found; 3 and 4 when it was not admitted.",
	.example = "plimsoll run --rm 127.0.0.1:5000/web:1\n"
		   "plimsoll run -d --name web -p 127.0.0.1:8080:8080 web:1",
	.opts = run_option_table,
	.refused = run_refused,
	.opts_size = sizeof(struct run_cli_opts),
	.min_args = 1,
	.max_args = -1,
	.stop_at_arg = true,
	.any_owner = true,
	.limited = true,
	.run = run_run,
};

const struct command cmd_create = {
	.name = "create",
	.group = "Containers",
	.args = "IMAGE [COMMAND [ARG...]]",
	.brief = "Admit an image and make a container of it, to be started later",
	.details = "Takes what 'plimsoll run' takes and prints the id. The image is admitted now, "
		   "and again when the container is started.",
	.example = "plimsoll create --name web -p 127.0.0.1:8080:8080 web:1\nplimsoll start web",
	.opts = run_option_table,
	.refused = run_refused,
	.opts_size = sizeof(struct run_cli_opts),
	.min_args = 1,
	.max_args = -1,
	.stop_at_arg = true,
	.any_owner = true,
	.limited = true,
	.run = run_create,
};

const struct command cmd_ended = {
	.name = "ended",
	.group = "Other",
	.hidden = true,
	.args = "CONTAINER",
	.brief = "Clean up behind a container that ended (called by its monitor)",
	.min_args = 1,
	.max_args = 1,
	.run = run_ended_command,
};
