/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/trust/signing.h"
#include "cli/trust/sigstore.h"
#include "cli/trust/trust_keys.h"
#include "cli/trust/trust_tuf.h"
#include "trust/holder.h"
#include "trust/trust.h"

int cli_trust_note(struct cli *c, const char *kind, const char *name, int outcome, json_t *detail,
		   struct err *e)
{
	struct digest policy = { .s = "" };
	const struct state *state;
	char shown[HOLDER_SHOWN];

	/* A token's PIN or a program's parameter may be in it. */
	if (name && holder_is_where(name))
		name = holder_shown(name, shown);
	/* A failure says what it was about by its reason. */
	if (outcome == 0 && cli_state(c, &state, NULL) == 0 &&
	    trust_policy_digest(state, &policy, NULL) == 0 && policy.s[0]) {
		detail = detail ? detail : json_object();
		if (json_put_string(detail, "policy", policy.s, e) < 0) {
			json_decref(detail);
			return FAIL_NOMEM(e);
		}
	}
	return cli_note(c, kind, name, &(struct desc){ 0 }, outcome, detail, e);
}

/* export */

struct export_opts {
	struct trust_where where;
	bool revocations;
};

static const struct opt export_options[] = {
	TRUST_WHERE(struct export_opts),
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
		return argc || o->where.type || o->where.store
			       ? FAIL(e, E_USAGE, "--revocations takes no NAME and no trust store")
			       : export_revocations(c, state, e);
	r = trust_export(state, argc ? argv[0] : NULL, &o->where, &pem, e);
	if (r < 0)
		return r;
	if (!c->json)
		return cli_print(c, e, "%s", buf_str(&pem));

	auto_json *j = json_pack("{s:s, s:s}", "schema", "plimsoll.trust-export/v1", "certificates",
				 buf_str(&pem));

	return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
}

static const struct command trust_export_command = {
	.name = "export",
	.args = "[NAME]",
	.brief = "Print a key's certificate, or a trusted certificate, as PEM",
	.details =
		"NAME is a key's name; or a trusted certificate's SHA-256 fingerprint (its first "
		"6 digits or more, if they are of one alone) or the name of its file. Private "
		"keys are never printed.",
	.example = "plimsoll trust export > builder.pem\n"
		   "plimsoll trust export --type tsa --store clock 9f2c1b40aa31\n"
		   "plimsoll trust export --revocations > revoked.json",
	.opts = export_options,
	.opts_size = sizeof(struct export_opts),
	.max_args = 1,
	.run = run_export,
};

/* remove */

struct remove_opts {
	struct trust_where where;
};

static const struct opt remove_options[] = {
	TRUST_WHERE(struct remove_opts),
	OPT_END,
};

/* A public key of cosign's, or the trusted root. */
static int remove_sigstore(const struct state *state, const char *name, json_t **ret, struct err *e)
{
	struct err own = ERR_INIT;
	int r = sigstore_remove(state, name, &own);

	/* What is not there either is told as a key that is missing. */
	if (r == E_NOTFOUND)
		return r;
	if (r < 0) {
		if (e)
			*e = own;
		return r;
	}
	*ret = json_pack("[{s:s}]", "sigstore", name);
	return *ret ? 0 : FAIL_NOMEM(e);
}

/* A key of this host may have the name of somebody's public key, of which the user may think. */
static void note_other(struct cli *c, const struct state *state, const char *name)
{
	auto_json *all = json_object();
	auto_buf line = BUF_INIT(512);
	const json_t *o;
	size_t i;

	if (!all || sigstore_list(state, all, NULL) < 0)
		return;
	json_array_foreach(json_object_get(all, "signers"), i, o)
	{
		if (strcmp(json_string_or_null(o, "name"), name) == 0)
			buf_printf(&line,
				   "the public key '%s' is trusted still: 'plimsoll trust remove "
				   "%s' once more",
				   name, name);
	}
	if (line.n && buf_check(&line, "note", NULL) == 0)
		progress_line(c->progress, buf_str(&line));
}

static int remove_it(struct cli *c, const struct trust_where *where, const char *name, json_t **ret,
		     struct err *e)
{
	const struct state *state;
	int r = cli_state(c, &state, e);

	if (r < 0)
		return r;
	r = trust_remove(state, name, where, ret, e);
	if (where->type || where->store)
		return r;
	if (r == 0)
		note_other(c, state, name);
	return r == E_NOTFOUND ? remove_sigstore(state, name, ret, e) : r;
}

static int report_removed(struct cli *c, json_t *removed, struct err *e)
{
	auto_json *j = NULL;
	const json_t *o;
	size_t i;
	int r = 0;

	if (c->json) {
		j = json_pack("{s:s, s:O}", "schema", "plimsoll.trust-remove/v1", "removed",
			      removed);
		return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
	}
	json_array_foreach(removed, i, o)
	{
		const char *key = json_string_or_null(o, "key"),
			   *sigstore = json_string_or_null(o, "sigstore");

		if (r < 0 || c->quiet)
			return r;
		r = key	       ? cli_print(c, e, "removed key %s\n", key)
		    : sigstore ? cli_print(c, e, "removed %s\n", sigstore)
			       : cli_print(c, e, "removed %s from %s:%s (%s)\n",
					   json_string_or_null(o, "thumbprint"),
					   json_string_or_null(o, "type"),
					   json_string_or_null(o, "store"),
					   json_string_or_null(o, "subject"));
	}
	return r;
}

static int run_remove(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct remove_opts *o = opts;
	auto_json *removed = NULL;
	int r = remove_it(c, &o->where, argv[0], &removed, e);
	json_t *detail = r == 0 ? json_pack("{s:O}", "removed", removed) : NULL;

	(void)argc;
	r = cli_trust_note(c, "trust-remove", argv[0], r, detail, e);
	return r < 0 ? r : report_removed(c, removed, e);
}

static const struct command trust_remove_command = {
	.name = "remove",
	.args = "NAME",
	.brief = "Remove a key, or stop trusting a certificate",
	.details =
		"NAME is a key's name; or a trusted certificate's SHA-256 fingerprint (its first "
		"6 digits or more, if they are of one alone) or the name of its file: it goes "
		"from each trust store, or from those of --type and --store. What went is "
		"printed. Removing a key leaves its certificate trusted, so what it "
		"signed stays valid; remove the certificate to end that. A public key that was "
		"added goes by its name, sigstore's trusted root by trusted_root.json.",
	.example = "plimsoll trust remove ci\n"
		   "plimsoll trust remove 9f2c1b40aa31\n"
		   "plimsoll trust remove --type tsa --store clock root.pem",
	.opts = remove_options,
	.opts_size = sizeof(struct remove_opts),
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
	&trust_notary_command,
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
