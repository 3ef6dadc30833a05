/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/trust/sigstore.h"
#include "cli/trust/trust_keys.h"
#include "crypto/digest.h"

struct add_opts {
	struct trust_where where;
	const char *name, *identity;
	struct strv scopes;
};

static const struct opt add_options[] = {
	TRUST_WHERE(struct add_opts),
	OPT_AT(struct add_opts, name, "name", 0, OPT_STRING, "NAME",
	       "name of a public key; the same as --store for a certificate (default)"),
	OPT_AT(struct add_opts, identity, "identity", 0, OPT_STRING, "DN",
	       "the signer that is trusted: C=..,ST=..,O=.., or * for any (its own subject)"),
	OPT_AT(struct add_opts, scopes, "scope", 0, OPT_LIST, "REPOSITORY",
	       "only for HOST/NAME, by a statement of its own (again for more)"),
	OPT_END,
};

/* A store that no statement names changes nothing: that is said. */
static int report(struct cli *c, const json_t *added, struct err *e)
{
	const char *type = json_string_or_null(added, "type"),
		   *store = json_string_or_null(added, "store");
	auto_buf line = BUF_INIT(512);

	if (json_string_or_null(added, "statement"))
		return 0;
	buf_printf(&line, "%s:%s counts where a statement of trustpolicy.json names it", type,
		   store);
	if (strcmp(type, "tsa") == 0)
		buf_printf(&line, "; it asks for timestamps then");
	progress_line(c->progress, buf_str(&line));
	return buf_check(&line, "note", e);
}

static int add_certificate(struct cli *c, const struct add_opts *o, struct str file, json_t **ret,
			   struct err *e)
{
	const struct trust_add_opts to = { .type = o->where.type,
					   .store = o->where.store ? o->where.store : o->name,
					   .identity = o->identity,
					   .scopes = &o->scopes };
	const struct state *state;
	int r;

	if (o->where.store && o->name)
		return FAIL(e, E_USAGE, "--name and --store are the same for a certificate");
	if ((r = cli_state(c, &state, e)) < 0)
		return r;
	return trust_add_cert(state, file, &to, ret, e);
}

/* ret is for the trail, owned. */
static int add(struct cli *c, const struct add_opts *o, const char *path, json_t **ret,
	       struct err *e)
{
	auto_buf file = BUF_INIT(LIMIT_PEM_CERTS + 1);
	auto_json *added = NULL;
	const bool certificate = o->where.type || o->where.store || o->identity || o->scopes.n;
	struct digest d;
	bool taken = false;
	int r = fs_read_user(path, LIMIT_PEM_CERTS, &file, e);

	if (r < 0)
		return r;
	r = cli_trust_add_sigstore(c, path, o->name, certificate,
				   (struct str){ buf_str(&file), file.n }, &taken, e);
	if (r == 0 && !taken)
		r = add_certificate(c, o, (struct str){ buf_str(&file), file.n }, &added, e);
	if (r == 0 && !added)
		r = (added = json_object()) ? 0 : FAIL_NOMEM(e);
	digest_of(buf_str(&file), file.n, &d);
	r = r < 0 ? r : json_put_string(added, "file", d.s, e);
	if (r == 0)
		*ret = TAKE(added);
	return r;
}

static int run_add(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_json *added = NULL;
	int r = add(c, opts, argv[0], &added, e);

	(void)argc;
	r = cli_trust_note(c, "trust-add", argv[0], r, json_incref(added), e);
	if (r < 0)
		return WRAP(e, r, "trust '%s'", argv[0]);
	r = json_object_get(added, "type") ? report(c, added, e) : 0;
	if (r < 0 || !c->json)
		return r;
	r = json_put_string(added, "schema", "plimsoll.trust-add/v1", e);
	return r < 0 ? r : cli_print_json(c, added, e);
}

const struct command trust_add_command = {
	.name = "add",
	.args = "FILE",
	.brief = "Trust the signer of a certificate, a cosign key or sigstore's trusted root",
	.details =
		"FILE is a certificate in PEM or DER, '-' for standard input. A self-signed "
		"certificate trusts its own subject. A CA's needs --identity as well: which of "
		"the signers that it certifies are meant. A strict trust policy is made when "
		"there is none. A statement of the policy joins each of its trust stores with each "
		"of its identities, so a certificate is refused by which another one could sign "
		"as more than before: --store and --scope give it a statement of its own. FILE may "
		"also be a public key in PEM, as cosign has it, which is "
		"kept under its file's name or that of --name; or a trusted_root.json, which "
		"replaces the one there.",
	.example = "plimsoll trust add builder.pem\n"
		   "plimsoll trust add --identity 'C=DE,ST=Hamburg,O=Example' ca.pem\n"
		   "plimsoll trust add --store partner --scope registry.example/partner/app "
		   "--identity '*' partner-ca.pem\n"
		   "plimsoll trust add --type tsa --store clock tsa-root.pem\n"
		   "plimsoll trust add cosign.pub\n"
		   "plimsoll trust add trusted_root.json",
	.opts = add_options,
	.opts_size = sizeof(struct add_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_add,
};
