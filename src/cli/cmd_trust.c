/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/cli.h"
#include "cli/signing.h"
#include "cli/sigstore.h"
#include "cli/trust_keys.h"
#include "cli/trust_tuf.h"
#include "trust/trust.h"

/* add */

struct add_opts {
	const char *store, *identity;
};

static const struct opt add_options[] = {
	OPT_AT(struct add_opts, store, "name", 0, OPT_STRING, "STORE",
	       "trust store that takes the certificate (default), or name of the key"),
	OPT_AT(struct add_opts, identity, "identity", 0, OPT_STRING, "DN",
	       "the signer that is trusted: C=..,ST=..,O=.., or * for any (its own subject)"),
	OPT_END,
};

static int run_add(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct add_opts *o = opts;
	auto_buf file = BUF_INIT(LIMIT_PEM_CERTS + 1);
	const struct state *state;
	bool taken = false;
	int r;

	(void)argc;
	if ((r = fs_read_user(argv[0], LIMIT_PEM_CERTS, &file, e)) < 0 ||
	    (r = cli_state(c, &state, e)) < 0)
		return r;
	r = cli_trust_add_sigstore(c, argv[0], o->store, (struct str){ buf_str(&file), file.n },
				   &taken, e);
	if (r == 0 && !taken)
		r = trust_add_cert(state, (struct str){ buf_str(&file), file.n }, o->store,
				   o->identity, e);
	return r < 0 ? WRAP(e, r, "trust '%s'", argv[0]) : 0;
}

static const struct command trust_add_command = {
	.name = "add",
	.args = "FILE",
	.brief = "Trust the signer of a certificate, a cosign key or sigstore's trusted root",
	.details =
		"FILE is a certificate in PEM or DER, '-' for standard input. A self-signed "
		"certificate trusts its own subject. A CA's needs --identity as well: which of "
		"the signers that it certifies are meant. A strict trust policy is made when "
		"there is none. FILE may also be a public key in PEM, as cosign has it, which is "
		"kept under its file's name or that of --name; or a trusted_root.json, which "
		"replaces the one there.",
	.example = "plimsoll trust add builder.pem\n"
		   "plimsoll trust add --identity 'C=DE,ST=Hamburg,O=Example' ca.pem\n"
		   "plimsoll trust add cosign.pub\n"
		   "plimsoll trust add trusted_root.json",
	.opts = add_options,
	.opts_size = sizeof(struct add_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_add,
};

/* list */

static int row(struct table *t, const char *kind, const char *name, const json_t *cert,
	       struct err *e)
{
	char shown[32];
	const char *thumbprint = json_string_or_null(cert, "thumbprint");
	const char *cells[] = { kind, name, json_string_or_null(cert, "subject"), shown,
				json_string_or_null(cert, "notAfter") };

	(void)snprintf(shown, sizeof(shown), "%.12s", thumbprint ? thumbprint : "");
	return table_row(t, cells, e);
}

static int rows(struct table *t, const json_t *list, const char *kind, const char *name_key,
		struct err *e)
{
	size_t i;
	const json_t *o;

	json_array_foreach(list, i, o)
	{
		int r = row(t, kind, json_string_or_null(o, name_key), o, e);

		if (r < 0)
			return r;
	}
	return 0;
}

static int run_list(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	static const char *const headings[] = { "KIND", "NAME", "SUBJECT", "THUMBPRINT",
						"VALID UNTIL" };
	auto_release(table_free) struct table *t = NULL;
	auto_json *all = NULL;
	const struct state *state;
	int r;

	(void)opts, (void)argc, (void)argv;
	if ((r = cli_state(c, &state, e)) < 0 || (r = trust_list(state, &all, e)) < 0)
		return r;
	if (c->json) {
		r = json_put_string(all, "schema", "plimsoll.trust-list/v1", e);
		return r < 0 ? r : cli_print_json(c, all, e);
	}
	if ((r = table_new(&t, headings, 5, e)) < 0 ||
	    (r = rows(t, json_object_get(all, "keys"), "key", "name", e)) < 0 ||
	    (r = rows(t, json_object_get(all, "certificates"), "trusted", "store", e)) < 0)
		return r;
	return cli_print_table(c, t, e);
}

static const struct command trust_list_command = {
	.name = "list",
	.args = "",
	.brief = "List keys of this host and trusted certificates",
	.details = "With --format json the trust policy's statements are shown too.",
	.example = "plimsoll trust list",
	.run = run_list,
};

/* export */

struct export_opts {
	bool revocations;
};

static const struct opt export_options[] = {
	OPT_AT(struct export_opts, revocations, "revocations", 0, OPT_FLAG, NULL,
	       "print the list of withdrawn keys instead, for 'trust revoke --import'"),
	OPT_END,
};

static int export_revocations(struct cli *c, const struct state *state, struct err *e)
{
	auto_json *j = NULL;
	int r = trust_revocations_export(state, &j, e);

	return r < 0 ? r : cli_print_json(c, j, e);
}

static int run_export(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct export_opts *o = opts;
	auto_buf pem = BUF_INIT(LIMIT_PEM_CERTS);
	const struct state *state;
	int r = cli_state(c, &state, e);

	if (r < 0)
		return r;
	if (o->revocations)
		return argc ? FAIL(e, E_USAGE, "--revocations takes no NAME")
			    : export_revocations(c, state, e);
	r = trust_export(state, argc ? argv[0] : NULL, &pem, e);
	return r < 0 ? r : cli_print(c, e, "%s", buf_str(&pem));
}

static const struct command trust_export_command = {
	.name = "export",
	.args = "[NAME]",
	.brief = "Print a key's certificate, or a trusted certificate, as PEM",
	.details = "NAME is a key's name, or the beginning of a certificate's thumbprint (6 digits "
		   "or more). Private keys are never printed.",
	.example = "plimsoll trust export > builder.pem\n"
		   "plimsoll trust export --revocations > revoked.json",
	.opts = export_options,
	.opts_size = sizeof(struct export_opts),
	.max_args = 1,
	.run = run_export,
};

/* remove */

static int run_remove(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct state *state;
	int r = cli_state(c, &state, e);

	(void)opts, (void)argc;
	return r < 0 ? r : trust_remove(state, argv[0], e);
}

static const struct command trust_remove_command = {
	.name = "remove",
	.args = "NAME",
	.brief = "Remove a key, or stop trusting a certificate",
	.details = "NAME is a key's name or the beginning of a trusted certificate's thumbprint (6 "
		   "digits or more). Removing a key leaves its certificate trusted, so what it "
		   "signed stays valid; remove the certificate to end that.",
	.example = "plimsoll trust remove ci\n"
		   "plimsoll trust remove 9f2c1b40aa31",
	.min_args = 1,
	.max_args = 1,
	.run = run_remove,
};

/* clang-format off: one a line, so that several hands can add theirs */
static const struct command *const subs[] = {
	&trust_init_command,
	&trust_import_cert_command,
	&trust_add_command,
	&trust_list_command,
	&trust_export_command,
	&trust_rotate_command,
	&trust_revoke_command,
	&trust_remove_command,
	&trust_generate_key_pair_command,
	&trust_import_key_pair_command,
	&trust_verify_bundle_command,
	&trust_tuf_command,
	&trust_tuf_client_command,
	NULL,
};
/* clang-format on */

const struct command cmd_trust = {
	.name = "trust",
	.group = "Trust",
	.args = "",
	.brief = "Keys, trusted certificates and the trust policy",
	.details = "A builder makes a key once, with init, and gives its certificate out; a host "
		   "that runs its images adds that certificate. The policy is Notary Project's "
		   "trustpolicy.json, in the folder trust of the state folder.",
	.example = "plimsoll trust init\n"
		   "plimsoll trust export > builder.pem\n"
		   "plimsoll trust add builder.pem",
	.subs = subs,
};
