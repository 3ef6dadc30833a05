/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/denials_output.h"
#include "run/container.h"

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

static int run_explain(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_container found = CONTAINER_INIT;
	auto_denials d = { 0 };
	const struct state *state;
	int r = cli_state(c, &state, e);

	(void)opts;
	(void)argc;
	if (r == 0)
		r = container_find(state, argv[0], &found, e);
	if (r < 0)
		return r;
	r = denials_read(found.fd, &d, e);
	if (r < 0 && r != E_NOTFOUND)
		return r;
	if (c->json)
		return print_json(c, &found, &d, e);
	if (d.n == 0)
		return cli_print(c, e, "%s was refused nothing\n", found.name);
	r = cli_flush(c, e);
	for (size_t i = 0; i < d.n; i++)
		denial_print(stdout, &d.v[i]);
	return r;
}

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
		   "plimsoll explain --format json web",
	.min_args = 1,
	.max_args = 1,
	.run = run_explain,
};
