/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/containers.h"
#include "cli/signing.h"
#include "run/volume.h"

/* Records what was done to a volume. */
static int note(struct cli *c, const char *kind, const char *name, int outcome, struct err *e)
{
	const struct desc none = { 0 };

	return cli_note(c, kind, name, &none, outcome, NULL, e);
}

struct create_opts {
	struct strv label;
};

static int run_volume_create(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct create_opts *o = opts;
	const struct state *state;
	char random[64];
	const char *name = argv[0];
	int r = cli_state(c, &state, e);

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

static int describe_all(struct cli *c, char **names, size_t n, json_t **ret, struct err *e)
{
	const struct state *state;
	auto_json *list = json_array();
	int r = list ? cli_state(c, &state, e) : FAIL_NOMEM(e);

	for (size_t i = 0; r == 0 && i < n; i++) {
		json_t *one = NULL;

		r = volume_describe(state, names[i], &one, e);
		if (r == 0)
			r = json_push(list, one, e);
	}
	if (r == 0)
		*ret = TAKE(list);
	return r;
}

static int run_volume_inspect(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_json *list = NULL;
	int r = describe_all(c, argv, (size_t)argc, &list, e);

	(void)opts;
	return r == 0 ? cli_print_json(c, list, e) : r;
}

static int print_table(struct cli *c, const json_t *list, struct err *e)
{
	static const char *const headings[] = { "NAME", "CREATED", "CONTAINERS" };
	auto_release(table_free) struct table *t = NULL;
	const json_t *v;
	size_t i;
	int r = table_new(&t, headings, 3, e);

	json_array_foreach(list, i, v)
	{
		auto_buf users = BUF_INIT(LIMIT_STATE_JSON);
		const json_t *user;
		size_t n;

		json_array_foreach(json_object_get(v, "containers"), n, user)
		{
			buf_printf(&users, "%s%s", n ? ", " : "", json_string_value(user));
		}
		if (r == 0)
			r = table_row(t,
				      (const char *const[]){ json_string_or_null(v, "name"),
							     json_string_or_null(v, "created"),
							     users.n ? buf_str(&users) : NULL },
				      e);
	}
	return r == 0 ? cli_print_table(c, t, e) : r;
}

static int run_volume_ls(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct state *state;
	auto_strv names = { 0 };
	auto_json *list = NULL;
	int r = cli_state(c, &state, e);

	(void)opts;
	(void)argc;
	(void)argv;
	if (r == 0)
		r = volume_list(state, &names, e);
	for (size_t i = 0; r == 0 && c->quiet && i < names.n; i++)
		r = cli_print(c, e, "%s\n", names.v[i]);
	if (r < 0 || c->quiet)
		return r;
	r = describe_all(c, names.v, names.n, &list, e);
	if (r < 0)
		return r;
	return c->json ? cli_print_json(c, list, e) : print_table(c, list, e);
}

static int remove_one(struct cli *c, const struct state *state, const char *name, struct err *e)
{
	int r = note(c, "volume-rm", name, volume_remove(state, name, e), e);

	return r == 0 ? cli_print(c, e, "%s\n", name) : r;
}

static int run_volume_rm(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct state *state;
	int r = cli_state(c, &state, e);

	(void)opts;
	for (int i = 0; r == 0 && i < argc; i++)
		r = remove_one(c, state, argv[i], e);
	return r;
}

static int run_volume_prune(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct state *state;
	auto_strv names = { 0 };
	int r = cli_state(c, &state, e);

	(void)opts;
	(void)argc;
	(void)argv;
	if (r == 0)
		r = volume_list(state, &names, e);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		auto_json *j = NULL;

		r = volume_describe(state, names.v[i], &j, e);
		if (r == 0 && json_array_size(json_object_get(j, "containers")) == 0)
			r = remove_one(c, state, names.v[i], e);
	}
	return r;
}

static const struct opt create_table[] = {
	OPT_AT(struct create_opts, label, "label", 'l', OPT_LIST, "KEY=VALUE",
	       "note on the volume"),
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
static const struct command volume_ls_command = {
	.name = "ls",
	.args = "",
	.brief = "List the volumes, and the containers that have them",
	.example = "plimsoll volume ls",
	.run = run_volume_ls,
};
static const struct command volume_inspect_command = {
	.name = "inspect",
	.args = "NAME...",
	.brief = "Show volumes as JSON, with where they lie",
	.example = "plimsoll volume inspect data",
	.min_args = 1,
	.max_args = -1,
	.run = run_volume_inspect,
};
static const struct command volume_rm_command = {
	.name = "rm",
	.args = "NAME...",
	.brief = "Remove volumes that no container has",
	.example = "plimsoll volume rm data",
	.min_args = 1,
	.max_args = -1,
	.run = run_volume_rm,
};
static const struct command volume_prune_command = {
	.name = "prune",
	.args = "",
	.brief = "Remove every volume that no container has",
	.example = "plimsoll volume prune",
	.run = run_volume_prune,
};

static const struct command *const volume_subs[] = {
	&volume_create_command, &volume_ls_command,    &volume_inspect_command,
	&volume_rm_command,	&volume_prune_command, NULL,
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
