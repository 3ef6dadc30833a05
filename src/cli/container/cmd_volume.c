/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/agree.h"
#include "cli/container/containers.h"
#include "cli/container/prune.h"
#include "cli/container/volumes.h"
#include "cli/trust/signing.h"
#include "run/root/volume.h"

/* Records what was done to a volume. */
static int note(struct cli *c, const char *kind, const char *name, int outcome, struct err *e)
{
	const struct desc none = { 0 };

	return cli_note(c, kind, name, &none, outcome, NULL, e);
}

struct create_opts {
	struct strv label, opt;
	const char *driver;
};

/* A driver's options mount what the host has: that is for -v, and for the policy. */
static int check_driver(const struct create_opts *o, struct err *e)
{
	if (o->driver && strcmp(o->driver, "local") != 0)
		return FAIL(e, E_USAGE, "--driver '%.60s': there is only local", o->driver);
	if (o->opt.n)
		return err_hint(e,
				FAIL(e, E_USAGE,
				     "--opt '%.60s': a volume is a folder of the state and has no "
				     "options",
				     o->opt.v[0]),
				"-v HOST:PATH, or --tmpfs PATH:size=64m");
	return 0;
}

static int run_volume_create(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct create_opts *o = opts;
	const struct state *state;
	char random[64];
	const char *name = argv[0];
	int r = check_driver(o, e);

	if (r == 0)
		r = cli_state(c, &state, e);
	if (r == 0 && argc == 0) {
		r = fs_temp_name("v", random, sizeof(random), e);
		name = random;
	}
	if (r == 0)
		r = volume_create(state, name, &o->label, e);
	if (r == 0 || argc)
		r = note(c, "volume-create", name, r, e);
	return r == 0 ? cli_print(c, e, "%s\n", name) : r;
}

struct rm_opts {
	bool force;
};

static int remove_one(struct cli *c, void *arg, const char *name, struct err *e)
{
	const struct rm_opts *o = arg;
	const struct state *state;
	int r = cli_state(c, &state, e);

	if (r == 0)
		r = volume_remove(state, name, e);
	/* Gone is what was asked for, as for docker. */
	if (r == E_NOTFOUND && o && o->force)
		return 0;
	return note(c, "volume-rm", name, r, e);
}

static int run_volume_rm(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	return cli_each_container(c, argc, argv, EACH_NAMED, remove_one, opts, e);
}

struct prune_opts {
	bool force, all;
	struct strv filter;
};

static int run_volume_prune(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	static const char *const known[] = { "label", "label!", "all", NULL };
	const struct prune_opts *o = opts;
	struct filters filters;
	auto_strv gone = { 0 };
	uint64_t bytes = 0;
	int r = filters_parse(&o->filter, known, &filters, e), printed = 0;

	(void)argc;
	(void)argv;
	if (r == 0)
		r = cli_agree(c, o->force, "volume prune",
			      "This will remove all volumes not used by at least one container, "
			      "those with a name too.",
			      e);
	if (r == 0)
		r = prune_volumes(c, &filters, &gone, &bytes, e);
	for (size_t i = 0; printed == 0 && i < gone.n; i++)
		printed = cli_print(c, e, "%s\n", gone.v[i]);
	return r < 0 ? r : printed;
}

static const struct opt create_table[] = {
	OPT_AT(struct create_opts, label, "label", 'l', OPT_LIST, "KEY=VALUE",
	       "note on the volume"),
	OPT_AT(struct create_opts, driver, "driver", 'd', OPT_STRING, "NAME",
	       "local, which is the only one"),
	OPT_AT(struct create_opts, opt, "opt", 'o', OPT_LIST, "KEY=VALUE", "refused"),
	OPT_END,
};

static const struct command volume_create_command = {
	.name = "create",
	.args = "[NAME]",
	.brief = "Make a volume",
	.details = "One that is there stays as it is. 'plimsoll run -v NAME:/path' makes it, too.",
	.example = "plimsoll volume create data",
	.opts = create_table,
	.opts_size = sizeof(struct create_opts),
	.max_args = 1,
	.run = run_volume_create,
};
static const struct opt rm_table[] = {
	OPT_AT(struct rm_opts, force, "force", 'f', OPT_FLAG, NULL,
	       "one that is not there is no error; one that a container has stays"),
	OPT_END,
};

static const struct command volume_rm_command = {
	.name = "rm",
	.args = "NAME...",
	.brief = "Remove volumes that no container has",
	.details = "Of several all are tried, whatever became of others.",
	.example = "plimsoll volume rm data",
	.opts = rm_table,
	.opts_size = sizeof(struct rm_opts),
	.min_args = 1,
	.max_args = -1,
	.run = run_volume_rm,
};
static const struct opt prune_table[] = {
	OPT_ALWAYS(struct prune_opts, all, "all", 'a', "those with a name, too; so it is always"),
	OPT_AT(struct prune_opts, filter, "filter", 0, OPT_LIST, "NAME=VALUE",
	       "only with this label=KEY[=VALUE], or without it: label!=KEY[=VALUE]"),
	OPT_AT(struct prune_opts, force, "force", 'f', OPT_FLAG, NULL, "ask nothing"),
	OPT_END,
};

static const struct command volume_prune_command = {
	.name = "prune",
	.args = "",
	.brief = "Remove every volume that no container has",
	.example = "plimsoll volume prune\nplimsoll volume prune -f --filter label=scratch",
	.opts = prune_table,
	.opts_size = sizeof(struct prune_opts),
	.run = run_volume_prune,
};

extern const struct command cmd_volume_exists;

static const struct command *const volume_subs[] = {
	&volume_create_command, &volume_ls_command,
	&volume_list_command,	&volume_inspect_command,
	&volume_rm_command,	&volume_prune_command,
	&cmd_volume_exists,	NULL,
};

const struct command cmd_volume = {
	.name = "volume",
	.args = "",
	.group = "Containers",
	.brief = "Folders that outlive containers",
	.details = "A named volume lies in the state folder. Its files have the ids that the "
		   "containers see, so that several containers, each with ids of its own on the "
		   "host, can share it. It begins with what the image holds at that path.",
	.example = "plimsoll run -d --name db -v data:/var/lib/db db:1\nplimsoll volume ls",
	.subs = volume_subs,
};
