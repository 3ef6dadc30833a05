/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/container/containers.h"
#include "run/root/changes.h"

struct diff_opts {
	const char *format;
	bool latest;
};

struct printing {
	struct cli *c;
	json_t *changed, *added, *deleted; /* podman's form; NULL: lines */
};

static int emit(void *arg, char kind, const char *path, struct err *e)
{
	const struct printing *p = arg;
	json_t *list = kind == 'A' ? p->added : kind == 'D' ? p->deleted : p->changed;
	auto_free char *shown = str_dup(str_of(path));

	if (!shown)
		return FAIL_NOMEM(e);
	/* The container chose the name. */
	if (list || cli_to_terminal(p->c))
		text_sanitize(shown);
	return list ? json_push(list, json_string(shown), e)
		    : cli_print(p->c, e, "%c %s\n", kind, shown);
}

static int run_diff(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct diff_opts *o = opts;
	auto_json *changed = json_array(), *added = json_array(), *deleted = json_array();
	auto_json *all = json_object();
	struct printing p = { .c = c };
	const struct changes_sink sink = { emit, &p };
	auto_free char *named = NULL;
	const struct state *state;
	int r = cli_state(c, &state, e);

	if (o->format && strcmp(o->format, "json") != 0)
		return FAIL(e, E_USAGE, "--format '%.60s': want json", o->format);
	if (r == 0)
		r = cli_one_container(c, o->latest, argc, argv, &named, e);
	if (o->format || c->json)
		p = (struct printing){ c, changed, added, deleted };
	if (r == 0)
		r = changes_read(state, named, &sink, e);
	if (r < 0 || !p.changed)
		return r;
	if ((json_array_size(changed) && (r = json_put(all, "changed", json_incref(changed), e))) ||
	    (json_array_size(added) && (r = json_put(all, "added", json_incref(added), e))) ||
	    (json_array_size(deleted) && (r = json_put(all, "deleted", json_incref(deleted), e))))
		return r;
	return cli_print_json(c, all, e);
}

static const struct opt diff_table[] = {
	OPT_AT(struct diff_opts, format, "format", 0, OPT_STRING, "json",
	       "as an object with changed, added and deleted"),
	OPT_AT(struct diff_opts, latest, "latest", 'l', OPT_FLAG, NULL, "of the newest container"),
	OPT_END,
};

/* Under two names: diff, container diff. */
#define DIFF_COMMAND                                                                               \
	.name = "diff", .args = "CONTAINER",                                                       \
	.brief = "Show what a container changed of its image's files",                             \
	.details = "One path a line, A added, C changed, D deleted; of what was run with "         \
		   "--read-only=false, also once it ended. A read-only root has no changes. What " \
		   "was made to mount on, and what is in volumes and in memory, is left out.",     \
	.example = "plimsoll diff web", .opts = diff_table, .opts_size = sizeof(struct diff_opts), \
	.max_args = 1, .run = run_diff

const struct command cmd_diff = { .group = "Containers", DIFF_COMMAND };
const struct command cmd_container_diff = { DIFF_COMMAND };
