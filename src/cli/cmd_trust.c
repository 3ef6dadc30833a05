/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
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

/* "ok", "ok, rotate by 2027-01-01" when that is near, "rotated, until ...", "revoked". */
static void state_text(const json_t *o, char *ret, size_t n)
{
	const char *state = json_string_or_null(o, "state"),
		   *until = json_string_or_null(o, "until"),
		   *by = json_string_or_null(o, "rotateBy");
	int64_t when = INT64_MAX;

	if (by)
		(void)clock_parse_rfc3339(str_of(by), &when, NULL);
	if (until)
		(void)snprintf(ret, n, "rotated, counts until %s", until);
	else if (by && when <= clock_now() && state && strcmp(state, "ok") == 0)
		(void)snprintf(ret, n, "ok, rotate now");
	else
		(void)snprintf(ret, n, "%s", state ? state : "");
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_or_null(o, key);

	return s ? s : "-";
}

static int row(struct table *t, const char *kind, const char *name, const json_t *o, struct err *e)
{
	char thumbprint[16], state[80];
	auto_buf key = BUF_INIT(4096);
	const char *cells[] = {
		kind, name, state, text_of(o, "notAfter"), NULL, thumbprint, text_of(o, "subject")
	};

	(void)snprintf(thumbprint, sizeof(thumbprint), "%.12s", text_of(o, "thumbprint"));
	state_text(o, state, sizeof(state));
	if (json_string_or_null(o, "algorithm"))
		buf_printf(&key, "%s, %s", text_of(o, "algorithm"), text_of(o, "where"));
	cells[4] = key.n ? buf_str(&key) : "-";
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
	static const char *const headings[] = { "KIND", "NAME",	      "STATE",	"VALID UNTIL",
						"KEY",	"THUMBPRINT", "SUBJECT" };
	auto_release(table_free) struct table *t = NULL;
	auto_json *all = NULL;
	const struct state *state;
	int r;

	(void)opts, (void)argc, (void)argv;
	if ((r = cli_state(c, &state, e)) < 0 || (r = trust_list(state, &all, e)) < 0 ||
	    (r = sigstore_list(state, all, e)) < 0)
		return r;
	if (c->json) {
		r = json_put_string(all, "schema", "plimsoll.trust-list/v1", e);
		return r < 0 ? r : cli_print_json(c, all, e);
	}
	if ((r = table_new(&t, headings, 7, e)) < 0 ||
	    (r = rows(t, json_object_get(all, "keys"), "key", "name", e)) < 0 ||
	    (r = rows(t, json_object_get(all, "certificates"), "trusted", "store", e)) < 0 ||
	    (r = cli_sigstore_rows(all, t, e)) < 0)
		return r;
	return cli_print_table(c, t, e);
}

static const struct command trust_list_command = {
	.name = "list",
	.args = "",
	.brief = "List keys of this host, trusted certificates and signers",
	.details = "STATE is ok, revoked, rotated and until when, or expired; KEY is its type and "
		   "where the private half is. With --format json there is more: each key's id, "
		   "the date by which it is better rotated, and the trust policy's statements.",
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
	if (r == 0)
		r = trust_remove(state, argv[0], e);
	return r == E_NOTFOUND && sigstore_remove(state, argv[0], NULL) == 0 ? 0 : r;
}

static const struct command trust_remove_command = {
	.name = "remove",
	.args = "NAME",
	.brief = "Remove a key, or stop trusting a certificate",
	.details = "NAME is a key's name or the beginning of a trusted certificate's thumbprint (6 "
		   "digits or more). Removing a key leaves its certificate trusted, so what it "
		   "signed stays valid; remove the certificate to end that. A public key that was "
		   "added goes by its name, sigstore's trusted root by trusted_root.json.",
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
	&trust_import_notation_command,
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
