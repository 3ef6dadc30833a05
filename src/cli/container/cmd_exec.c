/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/container/containers.h"
#include "cli/container/refused.h"
#include "cli/container/run_attempt.h"
#include "run/options/allow.h"
#include "run/run.h"

struct exec_cli_opts {
	bool interactive, tty, detach, privileged, latest;
	const char *user, *workdir, *reason;
	struct strv env, env_file;
};

/* The policy is that of the container's image. What it allowed and why goes into detail. */
static int allow(struct cli *c, const struct state *state, const char *name, const char *reason,
		 json_t *detail, struct err *e)
{
	auto_free struct run_policy *policy = NULL;
	auto_container found = CONTAINER_INIT;
	int r = container_find(state, name, &found, e);

	if (r == 0)
		r = cli_run_policy(c, found.image ?: "", &policy, e);
	if (r < 0)
		return r;
	r = run_allowed(policy, "privileged", reason, e);
	if (r == 0 && detail)
		r = json_put(detail, "allowed", json_incref(policy->granted), e);
	run_policy_free(policy);
	return r;
}

static int run_exec_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct exec_cli_opts *o = opts;
	const int named = !o->latest;
	auto_free char *name = NULL;
	auto_strv env = { 0 };
	const struct exec_opts x = { .argv = (const char *const *)argv + named,
				     .env = &env,
				     .user = o->user,
				     .workdir = o->workdir,
				     .interactive = o->interactive && !o->detach,
				     .detach = o->detach,
				     .privileged = o->privileged,
				     .tty = o->tty && !o->detach };
	const struct state *state;
	struct subject subject;
	json_t *detail;
	int status = 0, r = 0;

	if (argc <= named)
		return FAIL(e, E_USAGE, "want a container and a command");
	r = cli_one_container(c, o->latest, named, argv, &name, e);
	for (size_t i = 0; r == 0 && i < o->env_file.n; i++)
		r = run_parse_env_file(o->env_file.v[i], &env, e);
	for (size_t i = 0; r == 0 && i < o->env.n; i++)
		r = run_parse_env(o->env.v[i], &env, e);
	if (r == 0 && x.tty && x.interactive && !isatty(STDIN_FILENO))
		r = FAIL(e, E_USAGE, "--tty: standard input is not a terminal");
	if (r == 0)
		r = cli_state(c, &state, e);
	if (r < 0)
		return r;
	/* Written down first: who ran what in it matters also when it never ends. */
	cli_subject(state, name, &subject);
	detail = cli_argv((const char *const *)argv + named);
	if (o->privileged)
		r = allow(c, state, name, o->reason, detail, e);
	if (r < 0) {
		json_decref(detail);
		return r;
	}
	r = cli_note_container(c, "exec", name, &subject, 0, detail, e);
	if (r == 0)
		r = run_exec(state, name, &x, &status, e);
	if (r < 0)
		c->exit_status = r == E_NOTFOUND || r == E_USAGE ? 0 : status;
	return r < 0 ? r : status;
}

static const struct opt exec_table[] = {
	OPT_AT(struct exec_cli_opts, interactive, "interactive", 'i', OPT_FLAG, NULL,
	       "hand on standard input"),
	OPT_AT(struct exec_cli_opts, latest, "latest", 'l', OPT_FLAG, NULL,
	       "in the newest container"),
	OPT_AT(struct exec_cli_opts, tty, "tty", 't', OPT_FLAG, NULL, "give it a terminal"),
	OPT_AT(struct exec_cli_opts, env, "env", 'e', OPT_LIST, "NAME[=VALUE]",
	       "set an environment variable"),
	OPT_AT(struct exec_cli_opts, env_file, "env-file", 0, OPT_LIST, "FILE",
	       "set those of a file"),
	OPT_AT(struct exec_cli_opts, detach, "detach", 'd', OPT_FLAG, NULL,
	       "leave it in the background, without input and output"),
	OPT_AT(struct exec_cli_opts, privileged, "privileged", 0, OPT_FLAG, NULL,
	       "by policy: every capability in its user namespace, and no Landlock"),
	OPT_AT(struct exec_cli_opts, reason, "reason", 0, OPT_STRING, "TEXT",
	       "why it needs --privileged; the trail keeps it"),
	OPT_AT(struct exec_cli_opts, user, "user", 'u', OPT_STRING, "USER[:GROUP]",
	       "run as this user"),
	OPT_AT(struct exec_cli_opts, workdir, "workdir", 'w', OPT_STRING, "PATH",
	       "run in this folder"),
	OPT_END,
};

const struct command cmd_exec = {
	.name = "exec",
	.group = "Containers",
	.args = "CONTAINER COMMAND [ARG...]",
	.brief = "Run a further command in a running container",
	.details = "It is confined as the container's first process is. The exit status is the "
		   "command's own; 126 when it could not be invoked, 127 when it was not found.",
	.example = "plimsoll exec -it web sh",
	.opts = exec_table,
	.refused = exec_refused,
	.opts_size = sizeof(struct exec_cli_opts),
	.min_args = 1,
	.max_args = -1,
	.limited = true,
	.stop_at_arg = true,
	.run = run_exec_command,
};
