/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/trust_keys.h"
#include "trust/trust.h"

static int run_import_notation(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct state *state;
	struct trust_imported got = { 0 };
	int r = cli_state(c, &state, e);

	(void)opts, (void)argc;
	if (r < 0)
		return r;
	r = trust_import_notation(state, argv[0], &got, e);
	r = cli_trust_note(c, "trust-import-notation", argv[0], r,
			   r == 0 ? json_pack("{s:I, s:I}", "statements",
					      (json_int_t)got.statements, "certificates",
					      (json_int_t)got.certificates)
				  : NULL,
			   e);
	if (r < 0 || (c->quiet && !c->json))
		return r;
	if (c->json) {
		auto_json *j =
			json_pack("{s:s, s:I, s:I}", "schema", "plimsoll.trust-import-notation/v1",
				  "statements", (json_int_t)got.statements, "certificates",
				  (json_int_t)got.certificates);

		return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
	}
	return cli_print(c, e, "%zu policy statement%s, %zu certificate%s\n", got.statements,
			 got.statements == 1 ? "" : "s", got.certificates,
			 got.certificates == 1 ? "" : "s");
}

const struct command trust_import_notation_command = {
	.name = "import-notation",
	.args = "FOLDER",
	.brief = "Take over the trust policy and trust stores of notation",
	.details = "FOLDER is notation's configuration, with trustpolicy.json (or "
		   "trustpolicy.oci.json) and truststore/x509. It is read as strictly as our own, "
		   "and taken whole or not at all; keys are not. A policy that is here already is "
		   "not replaced.",
	.example = "plimsoll trust import-notation ~/.config/notation",
	.min_args = 1,
	.max_args = 1,
	.run = run_import_notation,
};
