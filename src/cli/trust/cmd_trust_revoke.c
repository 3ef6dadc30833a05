/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/cli.h"
#include "cli/trust/signing.h"
#include "cli/trust/trust_keys.h"
#include "trust/trust.h"
#include "trust/withdrawn.h"

struct revoke_opts {
	const char *cert, *reason, *import;
};

static const struct opt revoke_options[] = {
	OPT_AT(struct revoke_opts, reason, "reason", 0, OPT_STRING, "TEXT",
	       "why; it is shown where a signature is refused"),
	OPT_AT(struct revoke_opts, cert, "cert", 0, OPT_STRING, "FILE",
	       "revoke the key of this certificate, or this public key"),
	OPT_AT(struct revoke_opts, import, "import", 0, OPT_STRING, "FILE",
	       "add the list that 'trust export --revocations' printed on another host"),
	OPT_END,
};

static int report_one(struct cli *c, const struct withdrawal *w, bool changed, struct err *e)
{
	auto_json *j = json_object();
	int r;

	if (!c->json)
		return c->quiet ? cli_print(c, e, "sha256:%s\n", w->key)
				: cli_print(c, e, "%s sha256:%s%s%s\n",
					    changed ? "revoked" : "already revoked", w->key,
					    w->subject[0] ? " of " : "", w->subject);
	if ((r = json_put_string(j, "schema", "plimsoll.trust-revoke/v1", e)) < 0 ||
	    (r = json_put_string(j, "key", w->key, e)) < 0 ||
	    (r = json_put_string(j, "subject", w->subject[0] ? w->subject : NULL, e)) < 0 ||
	    (r = json_put(j, "changed", json_boolean(changed), e)) < 0)
		return r;
	return cli_print_json(c, j, e);
}

static int report_import(struct cli *c, size_t n, struct err *e)
{
	auto_json *j = json_object();
	int r;

	if (!c->json)
		return c->quiet ? 0 : cli_print(c, e, "%zu withdrawn keys are new\n", n);
	if ((r = json_put_string(j, "schema", "plimsoll.trust-revoke/v1", e)) < 0 ||
	    (r = json_put_u64(j, "imported", n, e)) < 0)
		return r;
	return cli_print_json(c, j, e);
}

/* The trail's word on a change of what is trusted. */
static int record(struct cli *c, const char *name, json_t *detail, int r, struct err *e)
{
	return cli_trust_note(c, "revoke", name, r, detail, e);
}

static int import(struct cli *c, const char *path, struct err *e)
{
	auto_buf file = BUF_INIT(LIMIT_WITHDRAWN_FILE + 1);
	const struct state *state;
	size_t n = 0;
	int r;

	if ((r = fs_read_user(path, LIMIT_WITHDRAWN_FILE, &file, e)) < 0 ||
	    (r = cli_state(c, &state, e)) < 0)
		return r;
	r = trust_revocations_import(state, (struct str){ buf_str(&file), file.n }, &n, e);
	r = record(c, "list", r == 0 ? json_pack("{s:I}", "new", (json_int_t)n) : NULL, r, e);
	return r < 0 ? WRAP(e, r, "import '%s'", path) : report_import(c, n, e);
}

static int revoke_key(struct cli *c, const struct revoke_opts *o, const char *name, struct err *e)
{
	struct trust_revocation what = { .name = name, .reason = o->reason };
	auto_buf file = BUF_INIT(LIMIT_PEM_CERTS + 1);
	const struct state *state;
	struct withdrawal w = { 0 };
	bool changed = false;
	int r;

	if ((r = o->cert ? fs_read_user(o->cert, LIMIT_PEM_CERTS, &file, e) : 0) < 0 ||
	    (r = cli_state(c, &state, e)) < 0)
		return r;
	what.file = (struct str){ file.p, file.n };
	if (o->cert && file.n == 0)
		return FAIL(e, E_FORMAT, "'%s' is empty", o->cert);
	r = trust_revoke(state, &what, &w, &changed, e);
	r = record(c, name ? name : o->cert,
		   r == 0 ? json_pack("{s:s, s:s}", "key", w.key, "reason", w.reason) : NULL, r, e);
	return r < 0 ? r : report_one(c, &w, changed, e);
}

static int run_revoke(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct revoke_opts *o = opts;

	if (argc + (o->cert != NULL) + (o->import != NULL) != 1)
		return FAIL(e, E_USAGE, "want one of NAME, --cert FILE and --import FILE");
	if (o->import && o->reason)
		return FAIL(e, E_USAGE, "--reason is of one key, not of a list");
	return o->import ? import(c, o->import, e) : revoke_key(c, o, argc ? argv[0] : NULL, e);
}

const struct command trust_revoke_command = {
	.name = "revoke",
	.args = "[NAME]",
	.brief = "Accept nothing more that a key signed, at once",
	.details = "NAME is a key's name, or the beginning of the thumbprint of a certificate or "
		   "of the id of a key that is known here (6 digits or more); of a key that is "
		   "not, key:sha256: and its id, as verify prints it. The key is revoked, not the "
		   "certificate: another certificate of it does not help, nor does a time of "
		   "signing before the revocation, and no level of the trust policy that verifies "
		   "makes an exception. A revocation is final. Other hosts take the list by "
		   "--import, which adds to theirs and takes nothing back.",
	.example = "plimsoll trust revoke ci --reason 'laptop stolen'\n"
		   "plimsoll trust export --revocations | "
		   "ssh production plimsoll trust revoke --import -",
	.opts = revoke_options,
	.opts_size = sizeof(struct revoke_opts),
	.max_args = 1,
	.run = run_revoke,
};
