/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/build/road.h"
#include "cli/trust/cmd_policy.h"
#include "cli/trust/decision_output.h"

/* The decision is the output, whatever it is; then the error tells the exit status. */
static int print(struct cli *c, struct decision *d, int outcome, const struct err *why,
		 struct err *e)
{
	int r = json_put_string(d->doc, "schema", "plimsoll.policy/v1", e);

	if (r == 0)
		r = json_put_string(d->doc, "outcome", outcome == 0 ? "admitted" : "refused", e);
	if (r == 0 && outcome < 0)
		r = json_put_string(d->doc, "reason", why->msg, e);
	if (r < 0)
		return r;
	return c->json ? cli_print_json(c, d->doc, e) : decision_print(c, d, e);
}

static int run_policy_check(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_decision decision = { .doc = NULL };
	auto_road road = { 0 };
	struct ref ref;
	int r = cli_road(c, argv[0], &road, e);

	(void)opts, (void)argc;
	if (r == 0)
		r = cli_look(&road, &ref, e);
	if (r == 0)
		r = decide_verified(&road, &ref, &road.image, &(struct decide_opts){ 0 }, &decision,
				    e);
	if ((r == 0 || r == E_VERIFY || r == E_POLICY) && decision.doc) {
		struct err out = ERR_INIT;
		int k = print(c, &decision, r, e, &out);

		if (k < 0) {
			*e = out;
			return k;
		}
	}
	return r;
}

const struct command cmd_policy_check = {
	.name = "check",
	.args = "IMAGE",
	.brief = "Say which rule decides on an image, and why",
	.details =
		"Every check, signature and attestation with its outcome, also after the first "
		"that fails. Nothing runs and nothing is recorded; an image that is not here is "
		"asked for at its registry, without its layers. Vulnerabilities are scan's matter. "
		"Exit status 3: what is said of the image is not what the rule asks for. 4: a "
		"signature or an attestation is missing, or does not hold.",
	.example = "plimsoll policy check registry.example/prod/web:1\n"
		   "plimsoll policy check --format json web:1",
	.min_args = 1,
	.max_args = 1,
	.run = run_policy_check,
};
