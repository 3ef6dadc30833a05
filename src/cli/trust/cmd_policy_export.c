/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/trust/cmd_policy.h"
#include "pipeline/tuf/scope.h"
#include "trust/rules_export.h"

struct export_opts {
	const char *format;
};

static const struct opt export_opts[] = {
	OPT_AT(struct export_opts, format, "format", 0, OPT_STRING, "FORMAT",
	       "containers: for podman, skopeo and CRI-O"),
	OPT_END,
};

static int run_policy_export(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct export_opts *o = opts;
	auto_strv notes = { 0 }, tuf = { 0 };
	const struct state *state;
	int r;

	(void)argc;
	if (o->format && strcmp(o->format, "containers") != 0)
		return FAIL(e, E_USAGE, "--format is containers, not '%.40s'", o->format);
	r = cli_state(c, &state, e);
	if (r == 0)
		r = tuf_scope_list(state, &tuf, e);
	if (r == 0)
		r = rules_export_containers(state, c->rules, &tuf, argv[0], &notes, e);
	for (size_t i = 0; i < notes.n; i++)
		progress_line(c->progress, notes.v[i]);
	return r;
}

const struct command cmd_policy_export = {
	.name = "export",
	.args = "DIR",
	.brief = "Write this host's policy for podman, skopeo and CRI-O",
	.details =
		"DIR/policy.json and DIR/registries.d, with the keys they name in DIR/keys. They "
		"let "
		"pass what plimsoll lets pass, or less: what cannot be said there is 'reject', and "
		"a line on standard error tells why. They know cosign's simple signatures by keys, "
		"so a scope is more than 'reject' where trustpolicy.json skips it, its rule in "
		"plimsoll.yaml asks for nothing but signers that are keys, and no TUF root is "
		"trusted for it.",
	.example = "plimsoll policy export --format containers /etc/containers/plimsoll",
	.opts = export_opts,
	.opts_size = sizeof(struct export_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_policy_export,
};
