/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/cli.h"
#include "cli/trust/signing.h"
#include "cli/trust/trust_keys.h"
#include "trust/holder.h"
#include "trust/trust.h"

/* init */

struct init_opts {
	const char *name, *algorithm, *type, *subject, *passphrase_file;
	const char *key, *key_passphrase_file, *cert;
	uint64_t days;
	bool force, csr;
};

static const struct opt init_options[] = {
	OPT_AT(struct init_opts, name, "name", 0, OPT_STRING, "NAME", "name of the key (default)"),
	OPT_AT(struct init_opts, type, "key-type", 0, OPT_STRING, "TYPE",
	       "P-256, P-384, P-521, RSA-2048, RSA-3072 or RSA-4096 (P-256)"),
	OPT_AT(struct init_opts, algorithm, "algorithm", 0, OPT_STRING, "TYPE",
	       "the same as --key-type"),
	OPT_AT(struct init_opts, key, "key", 0, OPT_STRING, "KEY",
	       "make no key, take this one: a PEM file, pkcs11:URI or exec:PROGRAM"),
	OPT_AT(struct init_opts, key_passphrase_file, "key-passphrase-file", 0, OPT_STRING, "FILE",
	       "the passphrase that the file given to --key is encrypted with"),
	OPT_AT(struct init_opts, cert, "cert", 0, OPT_STRING, "FILE",
	       "the key's certificates from a CA, leaf first, instead of a self-signed one"),
	OPT_AT(struct init_opts, csr, "csr", 0, OPT_FLAG, NULL,
	       "print a certificate request for a CA instead of making a certificate"),
	OPT_AT(struct init_opts, subject, "subject", 0, OPT_STRING, "DN",
	       "the certificate's subject: C=..,ST=..,O=..,CN=.. (of this host)"),
	OPT_AT(struct init_opts, days, "days", 0, OPT_U64, "N",
	       "days that the certificate is valid (1825)"),
	OPT_AT(struct init_opts, passphrase_file, "passphrase-file", 0, OPT_STRING, "FILE",
	       "encrypt the key with the passphrase in FILE, or from descriptor N for fd:N; the "
	       "PIN of a token"),
	OPT_AT(struct init_opts, force, "force", 'f', OPT_FLAG, NULL,
	       "replace a key of that name; its certificate stays trusted"),
	OPT_END,
};

static int report_init(struct cli *c, const char *name, const char *thumbprint, struct err *e)
{
	auto_json *j = json_object();
	int r;

	if (c->quiet && !c->json)
		return cli_print(c, e, "%s\n", thumbprint);
	if (!c->json)
		return cli_print(c, e, "key %s\ncertificate sha256:%s\n", name, thumbprint);
	if ((r = json_put_string(j, "schema", "plimsoll.trust-init/v1", e)) < 0 ||
	    (r = json_put_string(j, "name", name, e)) < 0 ||
	    (r = json_put_string(j, "thumbprint", thumbprint, e)) < 0)
		return r;
	return cli_print_json(c, j, e);
}

static int report_request(struct cli *c, const char *name, const struct buf *pem, struct err *e)
{
	auto_json *j = json_object();
	int r;

	if (!c->json)
		return cli_print(c, e, "%s", buf_str(pem));
	if ((r = json_put_string(j, "schema", "plimsoll.trust-init/v1", e)) < 0 ||
	    (r = json_put_string(j, "name", name, e)) < 0 ||
	    (r = json_put_string(j, "request", buf_str(pem), e)) < 0)
		return r;
	return cli_print_json(c, j, e);
}

static int check_options(const struct init_opts *o, struct err *e)
{
	const bool elsewhere = o->key && holder_is_where(o->key);

	if (o->days > LIMIT_CERT_DAYS)
		return FAIL(e, E_USAGE, "--days: at most %d", LIMIT_CERT_DAYS);
	if (o->type && o->algorithm)
		return FAIL(e, E_USAGE, "--key-type and --algorithm are the same: want one");
	if (o->key && (o->type || o->algorithm))
		return FAIL(e, E_USAGE, "--key-type is of a key that is made, not of --key");
	if (o->key_passphrase_file && (!o->key || elsewhere))
		return FAIL(e, E_USAGE, "--key-passphrase-file is of a --key in a file%s",
			    elsewhere ? "; a token's PIN comes by --passphrase-file" : "");
	if (o->cert && (o->csr || o->subject || o->days))
		return FAIL(e, E_USAGE, "--cert says all that --csr, --subject and --days would");
	return 0;
}

static int init(struct cli *c, const struct init_opts *o, struct trust_init_opts *to,
		char thumbprint[THUMBPRINT_MAX], struct err *e)
{
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2), old = BUF_INIT(LIMIT_PASSPHRASE + 2);
	auto_buf cert = BUF_INIT(LIMIT_PEM_CERTS + 1);
	const char *type = o->type ? o->type : o->algorithm ? o->algorithm : "P-256";
	const struct state *state;
	int r;

	if ((r = key_type_parse(type, &to->kind, &to->bits, e)) < 0 ||
	    (r = cli_passphrase(o->passphrase_file, &secret, &to->passphrase, e)) < 0)
		return r;
	if (o->key_passphrase_file) {
		r = trust_passphrase(o->key_passphrase_file, &old, e);
		to->key_passphrase = buf_str(&old);
	}
	if (r == 0 && o->cert)
		r = fs_read_user(o->cert, LIMIT_PEM_CERTS, &cert, e);
	to->cert = (struct str){ cert.p, cert.n };
	if (r == 0 && o->cert && cert.n == 0)
		r = FAIL(e, E_FORMAT, "'%s' is empty", o->cert);
	if (r < 0 || (r = cli_state(c, &state, e)) < 0)
		return r;
	return trust_init(state, to, thumbprint, e);
}

/* For the trail: which certificate signs from now on, and where its key is. */
static json_t *detail_of(const struct init_opts *o, const char *thumbprint)
{
	char shown[HOLDER_SHOWN] = "file";

	if (o->key && holder_is_where(o->key))
		(void)holder_shown(o->key, shown);
	return json_pack("{s:s, s:s*, s:b}", "where", shown, "certificate",
			 thumbprint[0] ? thumbprint : NULL, "replaced", o->force);
}

static int run_init(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct init_opts *o = opts;
	auto_buf request = BUF_INIT(LIMIT_PEM_CERTS);
	struct trust_init_opts to = { .name = o->name,
				      .subject = o->subject,
				      .force = o->force,
				      .key = o->key,
				      .days = (int)o->days,
				      .ret_request = o->csr ? &request : NULL };
	const char *name = o->name ? o->name : TRUST_DEFAULT_NAME;
	char thumbprint[THUMBPRINT_MAX] = "";
	int r = check_options(o, e);

	(void)argc, (void)argv;
	if (r < 0)
		return r;
	r = init(c, o, &to, thumbprint, e);
	r = cli_trust_note(c, "trust-init", name, r, r == 0 ? detail_of(o, thumbprint) : NULL, e);
	if (r < 0)
		return r;
	return o->csr ? report_request(c, name, &request, e) : report_init(c, name, thumbprint, e);
}

const struct command trust_init_command = {
	.name = "init",
	.args = "",
	.brief = "Make a signing key, its certificate and a strict trust policy",
	.details =
		"The key stays in the state folder (trust/keys), for its owner only; with a "
		"passphrase it is encrypted. The self-signed certificate is trusted at once: "
		"'plimsoll trust export' prints it for other hosts. A policy that is there "
		"already is kept, and the new signer added to it. A key that is there already "
		"is named by --key: a PEM file (PKCS #8, PKCS #1 or SEC 1) is copied, a token's "
		"key (pkcs11:, RFC 7512) and a program's (exec:) stay where they are. With --csr "
		"a CA certifies the key: its answer goes to 'plimsoll trust import-cert'.",
	.example = "plimsoll trust init\n"
		   "plimsoll trust init --name ci --key-type P-384 "
		   "--subject 'C=DE,ST=Hamburg,O=Example,CN=ci' --passphrase-file fd:3\n"
		   "plimsoll trust init --name hsm --key 'pkcs11:token=ci;object=sign' "
		   "--passphrase-file /run/pin\n"
		   "plimsoll trust init --csr --subject 'C=DE,ST=Hamburg,O=Example,CN=ci' > ci.csr",
	.opts = init_options,
	.opts_size = sizeof(struct init_opts),
	.run = run_init,
};

/* import-cert */

static int run_import_cert(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const char *name = argc == 2 ? argv[0] : NULL, *path = argv[argc - 1];
	auto_buf file = BUF_INIT(LIMIT_PEM_CERTS + 1);
	char thumbprint[THUMBPRINT_MAX] = "";
	const struct state *state;
	int r;

	(void)opts;
	if ((r = fs_read_user(path, LIMIT_PEM_CERTS, &file, e)) < 0 ||
	    (r = cli_state(c, &state, e)) < 0)
		return r;
	r = trust_import_cert(state, name, (struct str){ buf_str(&file), file.n }, thumbprint, e);
	if (r < 0)
		r = WRAP(e, r, "'%s'", path);
	if (!name)
		name = TRUST_DEFAULT_NAME;
	r = cli_trust_note(c, "trust-import-cert", name, r,
			   r == 0 ? json_pack("{s:s}", "certificate", thumbprint) : NULL, e);
	if (r < 0 || !c->json)
		return r;

	auto_json *j = json_pack("{s:s, s:s, s:s}", "schema", "plimsoll.trust-import-cert/v1",
				 "name", name, "thumbprint", thumbprint);

	return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
}

const struct command trust_import_cert_command = {
	.name = "import-cert",
	.args = "[NAME] CHAIN",
	.brief = "Give a key the certificates that a CA made for it",
	.details = "CHAIN is PEM, '-' for standard input: the key's certificate first, then those "
		   "that certify it up to the root. They must be of this key and keep the rules of "
		   "code-signing chains. The CA is not trusted by that: 'plimsoll trust add' does.",
	.example = "plimsoll trust init --csr > ci.csr\n"
		   "plimsoll trust import-cert chain.pem\n"
		   "plimsoll trust add --identity 'C=DE,ST=Hamburg,O=Example' ca.pem",
	.min_args = 1,
	.max_args = 2,
	.run = run_import_cert,
};
