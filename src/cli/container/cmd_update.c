/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/container/containers.h"
#include "run/life/limits.h"
#include "run/run.h"

struct update_opts {
	const char *memory, *memory_reservation, *memory_swap, *cpus, *cpuset_cpus, *pids_limit,
		*cpu_shares, *restart;
};

struct updating {
	const struct state *state;
	struct new_limits limits;
	struct restart_policy restart;
	json_t *options;
};

static int update_one(struct cli *c, void *arg, const char *name, struct err *e)
{
	const struct updating *u = arg;
	struct subject subject;
	int r;

	cli_subject(u->state, name, &subject);
	r = run_update(u->state, name, &u->limits, e);
	return cli_note_container(c, "update", name, &subject, r, json_deep_copy(u->options), e);
}

static int parse_size(const char *text, const char *option, uint64_t *ret, struct err *e)
{
	int r = text ? run_parse_size(text, ret, e) : 0;

	return text && r == 0 && *ret == 0
		       ? FAIL(e, E_POLICY, "--%s %s: a limit is never taken away", option, text)
		       : r;
}

static int parse_number(const char *text, const char *option, uint64_t *ret, struct err *e)
{
	if (!text)
		return 0;
	if (strcmp(text, "0") == 0 || strcmp(text, "-1") == 0)
		return FAIL(e, E_POLICY, "--%s %s: a limit is never taken away", option, text);
	if (str_u64(str_of(text), INT64_MAX, ret, NULL) < 0)
		return FAIL(e, E_USAGE, "--%s '%.60s': want a number", option, text);
	return 0;
}

static int parse(const struct update_opts *o, struct updating *u, struct err *e)
{
	struct new_limits *l = &u->limits;
	int r;

	if (o->memory_swap && strcmp(o->memory_swap, "-1") == 0)
		return FAIL(e, E_POLICY, "--memory-swap -1: a container's memory has a limit");
	if (o->memory_swap && !o->memory)
		return FAIL(e, E_USAGE, "--memory-swap goes with --memory");
	r = parse_size(o->memory, "memory", &l->memory, e);
	if (r == 0)
		r = parse_size(o->memory_swap, "memory-swap", &l->memory_swap, e);
	if (r == 0)
		r = parse_size(o->memory_reservation, "memory-reservation", &l->memory_reservation,
			       e);
	if (r == 0 && o->cpus)
		r = run_parse_cpus(o->cpus, &l->cpu_milli, e);
	if (r == 0)
		r = parse_number(o->cpu_shares, "cpu-shares", &l->cpu_shares, e);
	if (r == 0)
		r = parse_number(o->pids_limit, "pids-limit", &l->pids, e);
	if (r == 0 && o->restart)
		r = restart_parse(o->restart, &u->restart, e);
	l->cpuset = o->cpuset_cpus;
	l->restart = o->restart ? &u->restart : NULL;
	return r;
}

/* As run.json has them: by run's own names and kinds. */
static int keep(const struct update_opts *o, struct updating *u, struct err *e)
{
	const struct {
		const char *name, *text;
	} texts[] = { { "memory", o->memory },
		      { "memory-swap", o->memory_swap },
		      { "memory-reservation", o->memory_reservation },
		      { "cpus", o->cpus },
		      { "cpuset-cpus", o->cpuset_cpus },
		      { "restart", o->restart } };
	int r = u->options ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; r == 0 && i < sizeof(texts) / sizeof(*texts); i++)
		if (texts[i].text)
			r = json_put_string(u->options, texts[i].name, texts[i].text, e);
	if (r == 0 && u->limits.cpu_shares)
		r = json_put_u64(u->options, "cpu-shares", u->limits.cpu_shares, e);
	if (r == 0 && u->limits.pids)
		r = json_put_u64(u->options, "pids-limit", u->limits.pids, e);
	if (r == 0 && json_object_size(u->options) == 0)
		r = FAIL(e, E_USAGE,
			 "want what to change: --memory, --cpus, --pids-limit, "
			 "--restart and the like");
	return r;
}

static int run_update_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_json *options = json_object();
	struct updating u = { .options = options };
	int r = parse(opts, &u, e);

	if (r == 0)
		r = keep(opts, &u, e);
	u.limits.options = options;
	if (r == 0)
		r = cli_state(c, &u.state, e);
	return r == 0 ? cli_each_container(c, argc, argv, EACH_NAMED, update_one, &u, e) : r;
}

#define FIELD(field, name_, letter_, arg_, help_)                                                  \
	OPT_AT(struct update_opts, field, name_, letter_, OPT_STRING, arg_, help_)

static const struct opt update_table[] = {
	FIELD(memory, "memory", 'm', "SIZE", "at most this memory"),
	FIELD(memory_reservation, "memory-reservation", 0, "SIZE",
	      "what it is pressed back to when the host's memory is short"),
	FIELD(memory_swap, "memory-swap", 0, "SIZE",
	      "memory and swap together, with --memory (default: no swap)"),
	FIELD(cpus, "cpus", 0, "N", "at most this many cores"),
	FIELD(cpu_shares, "cpu-shares", 'c', "N", "weight against others, 2 to 1024"),
	FIELD(cpuset_cpus, "cpuset-cpus", 0, "LIST", "on these cores only: 0-1,3"),
	FIELD(pids_limit, "pids-limit", 0, "N", "at most N processes"),
	FIELD(restart, "restart", 0, "POLICY", "no, on-failure[:N], always, unless-stopped"),
	OPT_END,
};

/* Under two names: update, container update. */
#define UPDATE_COMMAND                                                                             \
	.name = "update", .args = "CONTAINER...",                                                  \
	.brief = "Change the limits and the restart policy of containers",                         \
	.details =                                                                                 \
		"At once of those that run, and for their next starts. A limit becomes another "   \
		"one and is never taken away; the trail has what was changed. Memory below "       \
		"what is in use is refused by control groups v1 and kills with v2.",               \
	.example = "plimsoll update --memory 512m --cpus 1.5 web\n"                                \
		   "plimsoll update --restart always web db",                                      \
	.opts = update_table, .opts_size = sizeof(struct update_opts), .min_args = 1,              \
	.max_args = -1, .run = run_update_command

const struct command cmd_update = { .group = "Containers", UPDATE_COMMAND };
const struct command cmd_container_update = { UPDATE_COMMAND };
