/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/build/build_check.h"

#include "build/checks.h"

static int print_json(struct cli *c, const struct lint *found, struct err *e)
{
	auto_json *list = json_array(), *j = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < found->n; i++) {
		const struct lint_finding *f = &found->v[i];

		r = json_push(list,
			      json_pack("{s:s, s:s, s:i, s:i, s:s, s:s}", "rule", f->rule,
					"description", f->reason, "line", f->line, "column",
					f->column, "message", f->message, "text", f->text),
			      e);
	}
	if (r < 0)
		return r;
	j = json_pack("{s:s, s:b, s:O}", "schema", "plimsoll.build-check/v1", "error", found->error,
		      "findings", list);
	return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
}

static int print_text(struct cli *c, const struct lint *found, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < found->unknown.n; i++)
		r = cli_print(c, e, "there is no build check %s\n\n", found->unknown.v[i]);
	for (size_t i = 0; r == 0 && i < found->n; i++)
		r = cli_print(c, e, "%s\n    (%s)\n\n", found->v[i].text, found->v[i].reason);
	if (r == 0 && found->n == 0)
		r = cli_print(c, e, "no findings\n");
	return r;
}

int cli_build_check(struct cli *c, const struct build_opts *o, struct err *e)
{
	auto_lint found = { 0 };
	struct err broken = ERR_INIT;
	int r, failed = build_check(o, &found, &broken);

	/* What was found in a Dockerfile that cannot be built is shown, then why it cannot. */
	if (failed < 0 && found.n == 0) {
		*e = broken;
		return failed;
	}
	r = c->json ? print_json(c, &found, e) : print_text(c, &found, e);
	if (r == 0 && failed < 0) {
		*e = broken;
		return failed;
	}
	if (r < 0 || found.n == 0)
		return r;
	return FAIL(e, E_POLICY, "%zu finding%s", found.n, found.n == 1 ? "" : "s");
}
