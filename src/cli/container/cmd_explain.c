/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/container/denials_output.h"
#include "run/container.h"
#include "run/denials/denials_apparmor.h"
#include "run/denials/denials_watch.h"

struct explain_opts {
	bool follow;
};

static int print_json(struct cli *c, const struct container *found, const struct denials *d,
		      struct err *e)
{
	json_t *list = NULL;
	auto_json *j = NULL;
	int r = denials_json(d, &list, e);

	if (r < 0)
		return r;
	j = json_pack("{s:s, s:s, s:s, s:o}", "schema", "plimsoll.denials/v1", "container",
		      found->id, "name", found->name, "denials", list);
	return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
}

/* It may have been in nobody's way so far. */
static int read_all(const struct container *found, struct denials *ret, struct err *e)
{
	int r;

	denials_apparmor_look(found);
	r = denials_read(found->fd, ret, e);

	return r == E_NOTFOUND ? 0 : r;
}

static int print_one(struct cli *c, const struct denials *d, size_t i, struct err *e)
{
	auto_json *j = NULL;
	int r = 0;

	if (c->json)
		r = denial_json(d, &d->v[i], &j, e);
	else
		denial_print(c->out, d, &d->v[i]);
	if (r == 0 && j)
		r = cli_print_json_line(c, j, e);
	return r == 0 ? cli_flush(c, e) : r;
}

/* One after the other as they come; in JSON one object a line. */
static int follow(struct cli *c, const struct container *found, struct err *e)
{
	auto_close int watch = denials_watch(found->fd, e);
	size_t told = 0;
	int r = watch < 0 ? watch : 1;

	while (r == 1) {
		auto_denials d = { 0 };

		r = read_all(found, &d, e);
		for (; r == 0 && told < d.n; told++)
			r = print_one(c, &d, told, e);
		if (r == 0)
			r = denials_await(found, watch, e);
	}
	return r == E_SIGNAL ? 0 : r;
}

static int run_explain(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct explain_opts *o = opts;
	auto_container found = CONTAINER_INIT;
	auto_denials d = { 0 };
	const struct state *state;
	int r = cli_state(c, &state, e);

	(void)argc;
	if (r == 0)
		r = container_find(state, argv[0], &found, e);
	if (r == 0 && o->follow)
		return follow(c, &found, e);
	if (r == 0)
		r = read_all(&found, &d, e);
	if (r < 0)
		return r;
	if (c->json)
		return print_json(c, &found, &d, e);
	if (d.n == 0)
		return cli_print(c, e, "%s was refused nothing\n", found.name);
	for (size_t i = 0; r == 0 && i < d.n; i++)
		r = print_one(c, &d, i, e);
	return r;
}

static const struct opt explain_table[] = {
	OPT_AT(struct explain_opts, follow, "follow", 'f', OPT_FLAG, NULL,
	       "go on as they come, until it ended"),
	OPT_END,
};

const struct command cmd_explain = {
	.name = "explain",
	.group = "Containers",
	.args = "CONTAINER",
	.brief = "Show what a container was refused, and what would allow it",
	.details = "Each refusal once: the system call, path or capability, the rule, and the "
		   "option or "
		   "line of a profile that would allow just that. Of a container in the background "
		   "the system call list and its limits are known, and with run --explain also "
		   "read-only and noexec paths and missing capabilities.",
	.example = "plimsoll explain web\n"
		   "plimsoll explain -f web\n"
		   "plimsoll explain --format json web",
	.opts = explain_table,
	.opts_size = sizeof(struct explain_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_explain,
};
