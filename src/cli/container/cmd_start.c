/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/container/run_start.h"
#include "cli/container/select.h"
#include "run/life/usage.h"

struct start_opts {
	bool attach, all, interactive;
	struct selection select;
};

struct starting {
	const struct state *state;
	bool attach;
	int status; /* of the one that was attached to */
};

/* 1: it runs. E_USAGE when it is paused: it would not do what was asked for. */
static int is_running(const struct state *state, const char *name, struct err *e)
{
	auto_container found = CONTAINER_INIT;
	struct container_status status;
	int r = container_reap(state, e);

	if (r == 0)
		r = container_find(state, name, &found, e);
	if (r == 0)
		r = container_status(&found, &status, e);
	if (r == 0 && status.phase == PHASE_RUNNING && usage_frozen(status.pid))
		return err_hint(e, FAIL(e, E_USAGE, "container '%s' is paused", found.name),
				"plimsoll unpause %s", found.name);
	return r < 0 ? r : !found.clean;
}

static int start_one(struct cli *c, void *arg, const char *name, struct err *e)
{
	struct starting *s = arg;
	int r = is_running(s->state, name, e);

	if (r > 0 && s->attach)
		return err_hint(e, FAIL(e, E_USAGE, "container '%s' is running", name),
				"plimsoll attach %s", name);
	if (r != 0)
		return r < 0 ? r : 0; /* as docker: what runs is started */
	r = cli_run_again(
		c, &(struct cli_again){ .container = name, .cause = "start", .attach = s->attach },
		e);
	if (r > 0) {
		s->status = r;
		r = 0;
	}
	return r == 0 && s->attach ? EACH_SAID : r;
}

static int run_start_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct start_opts *o = opts;
	const struct strv names = { .v = argv, .n = (size_t)argc };
	struct starting s = { .attach = o->attach || o->interactive };
	int r = cli_state(c, &s.state, e);

	if (r == 0 && s.attach && (argc > 1 || o->all || o->select.filter.n))
		return FAIL(e, E_USAGE, "--attach is for one container at a time");
	if (r == 0)
		r = cli_each_selected(c, &o->select, &names, o->all,
				      o->select.filter.n ? EACH_ONE : EACH_STOPPED, start_one, &s,
				      e);
	return r < 0 ? r : s.status;
}

static const struct opt start_table[] = {
	OPT_AT(struct start_opts, all, "all", 0, OPT_FLAG, NULL, "every one that does not run"),
	SELECT_OPTIONS(struct start_opts),
	OPT_AT(struct start_opts, attach, "attach", 'a', OPT_FLAG, NULL,
	       "in the foreground; the exit status is the container's"),
	OPT_AT(struct start_opts, interactive, "interactive", 'i', OPT_FLAG, NULL,
	       "the same; standard input is handed on to one that was made with --interactive"),
	OPT_END,
};

const struct command cmd_start = {
	.name = "start",
	.group = "Containers",
	.args = "CONTAINER...",
	.brief = "Start containers that ended or were created",
	.details = "With what 'plimsoll run' or 'plimsoll create' was told. The image is admitted "
		   "anew: its signature, today's findings and the policy decide, and a refusal is "
		   "an entry of the trail. Of several containers all are tried, whatever became of "
		   "others.",
	.example = "plimsoll start web\nplimsoll start --attach job",
	.opts = start_table,
	.opts_size = sizeof(struct start_opts),
	.min_args = 0,
	.max_args = -1,
	.any_owner = true,
	.limited = true,
	.run = run_start_command,
};

struct restart_opts {
	const char *time;
	bool all, running;
	struct strv cidfile;
	struct selection select;
};

struct restarting {
	const struct state *state;
	unsigned seconds;
};

static int restart_one(struct cli *c, void *arg, const char *name, struct err *e)
{
	const struct restarting *s = arg;
	struct subject subject;
	int r;

	cli_subject(s->state, name, &subject);
	r = run_stop(s->state, name, 0, s->seconds, e);
	r = cli_note_container(c, "stop", name, &subject, r, NULL, e);
	if (r == 0)
		/* Not ourselves: from in there the next one could not be stopped. */
		r = cli_run_anew(c, name, e);
	return r;
}

static int run_restart_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct restart_opts *o = opts;
	struct restarting s = { .seconds = RUN_STOP_TIMEOUT };
	auto_strv names = { 0 };
	uint64_t seconds = RUN_STOP_TIMEOUT;
	int r = cli_state(c, &s.state, e);

	if (r == 0 && o->time && str_u64(str_of(o->time), 86400, &seconds, NULL) < 0)
		r = FAIL(e, E_USAGE, "--time '%s': want a number of seconds", o->time);
	s.seconds = (unsigned)seconds;
	if (r == 0)
		r = cli_named(argc, argv, &o->cidfile, &names, e);
	return r == 0 ? cli_each_selected(c, &o->select, &names, o->all || o->running,
					  o->running ? EACH_RUNNING : EACH_ONE, restart_one, &s, e)
		      : r;
}

static const struct opt restart_table[] = {
	OPT_AT(struct restart_opts, all, "all", 'a', OPT_FLAG, NULL, "every one, running or not"),
	SELECT_OPTIONS(struct restart_opts),
	CIDFILE_OPTION(struct restart_opts),
	OPT_AT(struct restart_opts, running, "running", 0, OPT_FLAG, NULL, "every one that runs"),
	OPT_AT(struct restart_opts, time, "time", 't', OPT_STRING, "SECONDS",
	       "wait this long before killing it (default: --stop-timeout of run, or 10)"),
	OPT_ALIAS("timeout", "time"),
	OPT_END,
};

const struct command cmd_restart = {
	.name = "restart",
	.group = "Containers",
	.args = "CONTAINER...",
	.brief = "Stop containers and start them again",
	.details = "The image is admitted anew before it starts: see 'plimsoll start --help'. Of "
		   "several containers all are tried, whatever became of others.",
	.example = "plimsoll restart web\nplimsoll restart --running",
	.opts = restart_table,
	.opts_size = sizeof(struct restart_opts),
	.min_args = 0,
	.max_args = -1,
	.limited = true,
	.run = run_restart_command,
};
