/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/containers.h"
#include "cli/road.h"
#include "pipeline/admit.h"
#include "run/run.h"

struct run_cli_opts {
	const char *max_age;
	bool detach, interactive, tty, rm, writable, privileged, ignore_unfixed;
	const char *name, *user, *workdir, *entrypoint, *hostname, *network, *pid, *ipc, *memory,
		*cpus, *fail_on;
	uint64_t pids_limit;
	struct strv env, env_file, publish, volume, tmpfs, label, cap_add, cap_drop;
};

/* What opens the host to a container. Known, so that the refusal says why. */
static int check_refused(const struct run_cli_opts *o, struct err *e)
{
	const struct {
		bool asked;
		const char *flag, *why;
	} table[] = {
		{ o->privileged, "--privileged", "root in it would be root of the host" },
		{ o->pid && strcmp(o->pid, "private") != 0, "--pid",
		  "a container sees its own processes only" },
		{ o->ipc && strcmp(o->ipc, "private") != 0, "--ipc",
		  "a container has its own shared memory" },
		{ o->network && strcmp(o->network, "host") == 0, "--network host",
		  "services on the host's loopback would trust the container" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (table[i].asked) {
			int r = FAIL(e, E_POLICY, "%s: %s", table[i].flag, table[i].why);

			return err_hint(e, r, "run without %s", table[i].flag);
		}
	if (o->network && strcmp(o->network, "none") != 0 && strcmp(o->network, "pasta") != 0)
		return FAIL(e, E_USAGE, "--network is pasta (default) or none, not '%s'",
			    o->network);
	return 0;
}

static int parse_values(const struct run_cli_opts *o, struct run_opts *ret, struct ports *ports,
			struct strv *env, struct err *e)
{
	int r = o->memory ? run_parse_size(o->memory, &ret->memory, e) : 0;

	if (r == 0 && o->cpus)
		r = run_parse_cpus(o->cpus, &ret->cpu_milli, e);
	for (size_t i = 0; r == 0 && i < o->publish.n; i++)
		r = port_parse(o->publish.v[i], ports, e);
	for (size_t i = 0; r == 0 && i < o->env_file.n; i++)
		r = run_parse_env_file(o->env_file.v[i], env, e);
	for (size_t i = 0; r == 0 && i < o->env.n; i++) {
		const char *name = o->env.v[i], *value = getenv(name);

		/* "-e NAME" hands on our own variable, as docker does. */
		if (strchr(name, '='))
			r = strv_add(env, name, e);
		else if (value)
			r = strv_addf(env, e, "%s=%s", name, value);
	}
	return r;
}

static void options_of(const struct run_cli_opts *o, char **argv, struct run_opts *ret)
{
	*ret = (struct run_opts){
		.name = o->name,
		.image = argv[0],
		.command = { .entrypoint = o->entrypoint,
			     .args = (const char *const *)argv + 1,
			     .user = o->user,
			     .workdir = o->workdir },
		.detach = o->detach,
		.interactive = o->interactive,
		.tty = o->tty,
		.auto_remove = o->rm,
		.writable = o->writable,
		.no_network = o->network && strcmp(o->network, "none") == 0,
		.volumes = &o->volume,
		.tmpfs = &o->tmpfs,
		.labels = &o->label,
		.cap_add = &o->cap_add,
		.cap_drop = &o->cap_drop,
		.hostname = o->hostname,
		.pids = o->pids_limit,
	};
}

/* What of the options the trail keeps: not the environment, which may hold secrets. */
static json_t *run_detail(const struct run_opts *o)
{
	auto_json *argv = cli_argv(o->command.args);

	return json_pack("{s:s?, s:O?}", "name", o->name, "command",
			 json_object_get(argv, "command"));
}

/* With the entry of the run itself: no container runs that the trail does not know of. */
static int admit_image(struct cli *c, const struct run_cli_opts *o, const struct run_opts *run,
		       struct road *road, struct err *e)
{
	const struct road_step next = { "run", run_detail(run) };
	struct admission admission = { 0 };
	struct gate gate;
	struct ref ref;
	int r = ref_parse(road->name, &ref, e);

	if (r == 0)
		r = cli_gate(c, o->fail_on, o->ignore_unfixed, o->max_age, &gate, e);
	if (r == 0)
		r = admit_and(road, &ref, &gate, &next, &admission, e);
	else
		json_decref(next.detail);
	admission_free(&admission);
	return r;
}

static int start(struct cli *c, struct road *road, struct run_opts *o, struct err *e)
{
	char self[4096] = { 0 }, id[CONTAINER_ID + 1];
	const char *const exit_command[] = { self, "--state", road->state->path, "ended", NULL };
	int status = 0, r;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return FAIL_SYS(e, "find our own program");
	o->exit_command = exit_command;
	r = run_start(road->state, road->store, &road->image, o, road->progress, id, &status, e);
	if (r < 0 && r != E_SIGNAL) {
		c->exit_status = status;
		r = road_note(road, "run", r, run_detail(o), e);
	}
	if (r < 0)
		return r;
	return o->detach ? cli_print(c, e, "%s\n", id) : status;
}

static int run_run(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct run_cli_opts *o = opts;
	auto_road road = { 0 };
	auto_strv env = { 0 };
	struct ports *ports = calloc(1, sizeof(*ports));
	auto_free struct ports *owned = ports;
	struct run_opts run;
	int r = check_refused(o, e);

	(void)argc;
	if (!ports)
		return FAIL_NOMEM(e);
	options_of(o, argv, &run);
	run.ports = ports;
	run.command.env = &env;
	if (r == 0)
		r = parse_values(o, &run, ports, &env, e);
	if (r == 0 && o->tty && !o->detach && !isatty(STDIN_FILENO))
		r = FAIL(e, E_USAGE, "--tty: standard input is not a terminal");
	if (r == 0)
		r = cli_road(c, argv[0], &road, e);
	if (r == 0)
		r = run_check(road.state, &run, e);
	if (r == 0)
		r = admit_image(c, o, &run, &road, e);
	return r == 0 ? start(c, &road, &run, e) : r;
}

static int run_ended_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct state *state;
	int r = cli_state(c, &state, e);

	(void)opts;
	(void)argc;
	return r == 0 ? run_ended(state, argv[0], e) : r;
}

#define FIELD(field, name_, letter_, kind_, arg_, help_)                                           \
	OPT_AT(struct run_cli_opts, field, name_, letter_, kind_, arg_, help_)

static const struct opt run_table[] = {
	FIELD(detach, "detach", 'd', OPT_FLAG, NULL, "run in the background and print the id"),
	FIELD(interactive, "interactive", 'i', OPT_FLAG, NULL, "hand on standard input"),
	FIELD(tty, "tty", 't', OPT_FLAG, NULL, "give it a terminal"),
	FIELD(rm, "rm", 0, OPT_FLAG, NULL, "remove the container once it ended"),
	FIELD(name, "name", 0, OPT_STRING, "NAME", "name of the container"),
	FIELD(publish, "publish", 'p', OPT_LIST, "[IP:]HOST:PORT[/udp]",
	      "hand connections to a port of the host on (every address without IP)"),
	FIELD(volume, "volume", 'v', OPT_LIST, "HOST:PATH[:ro]", "show a folder of the host"),
	FIELD(tmpfs, "tmpfs", 0, OPT_LIST, "PATH[:size=64m]", "a folder in memory"),
	FIELD(env, "env", 'e', OPT_LIST, "NAME[=VALUE]", "set an environment variable"),
	FIELD(env_file, "env-file", 0, OPT_LIST, "FILE", "set those of a file"),
	FIELD(user, "user", 'u', OPT_STRING, "USER[:GROUP]", "run as this user"),
	FIELD(workdir, "workdir", 'w', OPT_STRING, "PATH", "run in this folder"),
	FIELD(entrypoint, "entrypoint", 0, OPT_STRING, "PROGRAM", "run this, not the image's"),
	FIELD(hostname, "hostname", 0, OPT_STRING, "NAME", "host name (default: the short id)"),
	FIELD(network, "network", 0, OPT_STRING, "KIND", "pasta (default) or none"),
	FIELD(memory, "memory", 'm', OPT_STRING, "SIZE", "at most this memory (default 1g)"),
	FIELD(cpus, "cpus", 0, OPT_STRING, "N", "at most this many cores (default 1)"),
	FIELD(pids_limit, "pids-limit", 0, OPT_U64, "N", "at most N processes (default 512)"),
	{ .name = "read-only",
	  .kind = OPT_FLAG,
	  .offset = offsetof(struct run_cli_opts, writable),
	  .help = "root cannot be written (default; --read-only=false: it can)",
	  .inverted = true },
	FIELD(cap_add, "cap-add", 0, OPT_LIST, "CAPABILITY", "give a capability more"),
	FIELD(cap_drop, "cap-drop", 0, OPT_LIST, "CAPABILITY", "take one away, or ALL"),
	FIELD(label, "label", 'l', OPT_LIST, "KEY=VALUE", "note on the container"),
	FIELD(fail_on, "fail-on", 0, OPT_STRING, "SEVERITY",
	      "refuse findings of this severity and above (high; what has no fix passes)"),
	MAX_AGE_OPTION(struct run_cli_opts),
	FIELD(ignore_unfixed, "ignore-unfixed", 0, OPT_FLAG, NULL,
	      "with --fail-on: let findings pass for which no fix is known"),
	FIELD(privileged, "privileged", 0, OPT_FLAG, NULL, "refused"),
	FIELD(pid, "pid", 0, OPT_STRING, "KIND", "private (default); others are refused"),
	FIELD(ipc, "ipc", 0, OPT_STRING, "KIND", "private (default); others are refused"),
	OPT_END,
};

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
	.opts = run_table,
	.opts_size = sizeof(struct run_cli_opts),
	.min_args = 1,
	.max_args = -1,
	.stop_at_arg = true,
	.run = run_run,
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
