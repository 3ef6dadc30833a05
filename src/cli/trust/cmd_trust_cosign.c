/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and bundles of people who know cosign. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/trust/signing.h"
#include "cli/trust/sigstore.h"
#include "crypto/digest.h"
#include "trust/sigstore/bundle.h"

/* generate-key-pair, import-key-pair */

struct pair_opts {
	const char *prefix, *key, *passphrase_file, *type;
};

#define PAIR_OPTIONS                                                                               \
	OPT_AT(struct pair_opts, prefix, "output-key-prefix", 0, OPT_STRING, "NAME",               \
	       "write NAME.key and NAME.pub"),                                                     \
		OPT_AT(struct pair_opts, passphrase_file, "passphrase-file", 0, OPT_STRING,        \
		       "FILE", "passphrase, from descriptor N for fd:N (of COSIGN_PASSWORD)")

static const struct opt generate_options[] = {
	PAIR_OPTIONS,
	OPT_AT(struct pair_opts, type, "key-type", 0, OPT_STRING, "TYPE",
	       "P-256, P-384, P-521, RSA-2048, RSA-3072, RSA-4096 or Ed25519 (P-256)"),
	OPT_END,
};
static const struct opt import_options[] = {
	PAIR_OPTIONS,
	OPT_AT(struct pair_opts, key, "key", 0, OPT_STRING, "FILE",
	       "private key in PEM: PKCS#8, PKCS#1 or SEC1, not encrypted"),
	OPT_END,
};

/* Never over a file that is there: it may be the only copy of a key. */
static int create(const char *path, mode_t mode, struct err *e)
{
	return fs_open_user(path, O_WRONLY | O_CREAT | O_EXCL, mode, e);
}

static int write_public(int fd, const char *path, const struct buf *pem, struct err *e)
{
	int r = fs_write_all(fd, pem->p, pem->n, e);

	return r == 0 && fsync(fd) < 0 ? FAIL_SYS(e, "write %s", path) : r;
}

static int report_pair(struct cli *c, const char *key, const char *public, struct err *e)
{
	auto_json *j = NULL;

	if (!c->json)
		return cli_print(c, e, "%s\n%s\n", key, public);
	j = json_pack("{s:s, s:s, s:s}", "schema", "plimsoll.key-pair/v1", "key", key, "public",
		      public);
	return j ? cli_print_json(c, j, e) : FAIL(e, E_USAGE, "the files' name is not UTF-8");
}

/* Both files are ours before there is a key, and both or none stay. of: whose key it is, or NULL.
 */
static int write_pair(struct cli *c, const char *prefix, const struct sigstore_pair *o,
		      const char *of, struct err *e)
{
	auto_buf path = BUF_INIT(4096), pub_path = BUF_INIT(4096), pem = BUF_INIT(LIMIT_KEY_PEM);
	int r;

	buf_printf(&path, "%s.key", prefix);
	buf_printf(&pub_path, "%s.pub", prefix);
	if ((r = buf_check(&path, "name", e)) < 0 || (r = buf_check(&pub_path, "name", e)) < 0)
		return r;

	auto_close int key = create(buf_str(&path), 0600, e);
	auto_close int pub = key < 0 ? key : create(buf_str(&pub_path), 0644, e);

	r = pub < 0 ? pub : sigstore_make_pair(o, key, &pem, e);
	if (r < 0 && pub >= 0 && of)
		(void)WRAP(e, r, "--key '%s'", of);
	r = r < 0 ? r : write_public(pub, pub_path.p, &pem, e);
	if (r < 0) {
		if (key >= 0)
			(void)unlink(path.p);
		if (pub >= 0)
			(void)unlink(pub_path.p);
		return r;
	}
	return report_pair(c, path.p, pub_path.p, e);
}

static int passphrase_of(const struct pair_opts *o, struct buf *secret, const char **ret,
			 struct err *e)
{
	int r = cli_cosign_passphrase(o->passphrase_file, secret, ret, e);

	if (r == 0 && !*ret)
		return err_hint(e, FAIL(e, E_USAGE, "a key file is encrypted, with a passphrase"),
				"give --passphrase-file FILE, or set COSIGN_PASSWORD");
	return r;
}

static int run_generate(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct pair_opts *o = opts;
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2);
	struct sigstore_pair pair = { .kind = KEY_EC_P256, .from = -1 };
	int r;

	(void)argc, (void)argv;
	if ((o->type && (r = key_type_parse(o->type, &pair.kind, &pair.bits, e)) < 0) ||
	    (r = passphrase_of(o, &secret, &pair.passphrase, e)) < 0)
		return r;
	return write_pair(c, o->prefix ? o->prefix : "cosign", &pair, NULL, e);
}

static int run_import(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct pair_opts *o = opts;
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2);
	struct sigstore_pair pair = { .from = -1 };
	int r;

	(void)argc, (void)argv;
	if (!o->key)
		return FAIL(e, E_USAGE, "want --key FILE");
	if ((r = passphrase_of(o, &secret, &pair.passphrase, e)) < 0)
		return r;

	auto_close int from = fs_open_user(o->key, O_RDONLY | O_NOCTTY, 0, e);

	pair.from = from;
	return from < 0 ? WRAP(e, from, "--key '%s'", o->key)
			: write_pair(c, o->prefix ? o->prefix : "import-cosign", &pair, o->key, e);
}

const struct command trust_generate_key_pair_command = {
	.name = "generate-key-pair",
	.args = "",
	.brief = "Make a key file as cosign has them, and its public key",
	.details =
		"The private key is encrypted as cosign does it (scrypt, NaCl's secretbox), so "
		"that cosign, skopeo and podman can use it. Files that are there are not "
		"replaced. 'sign --key ./cosign.key' signs with it, 'trust add cosign.pub' makes "
		"others trust it.",
	.example = "COSIGN_PASSWORD=secret plimsoll trust generate-key-pair\n"
		   "plimsoll trust generate-key-pair --output-key-prefix release "
		   "--passphrase-file fd:3",
	.opts = generate_options,
	.opts_size = sizeof(struct pair_opts),
	.run = run_generate,
};

const struct command trust_import_key_pair_command = {
	.name = "import-key-pair",
	.args = "",
	.brief = "Turn a private key in PEM into a key file as cosign has them",
	.example = "COSIGN_PASSWORD=secret plimsoll trust import-key-pair --key signing.pem",
	.opts = import_options,
	.opts_size = sizeof(struct pair_opts),
	.run = run_import,
};

/* verify-bundle */

struct bundle_opts {
	struct sigstore_options sigstore;
	const char *bundle;
	bool staging;
};

static const struct opt bundle_options[] = {
	OPT_AT(struct bundle_opts, bundle, "bundle", 0, OPT_STRING, "FILE", "the bundle"),
	SIGSTORE_SIGNER_OPTIONS(struct bundle_opts),
	OPT_AT(struct bundle_opts, staging, "staging", 0, OPT_FLAG, NULL,
	       "of sigstore's staging instance: goes with the --trusted-root of that"),
	OPT_END,
};

static int run_verify_bundle(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct bundle_opts *o = opts;
	auto_buf bundle = BUF_INIT(LIMIT_BUNDLE), bytes = BUF_INIT(LIMIT_ARTIFACT);
	struct str artifact;
	struct digest d;
	int r;

	(void)argc;
	if (!o->bundle)
		return FAIL(e, E_USAGE, "want --bundle FILE");
	if (o->staging && !o->sigstore.trusted_root)
		return FAIL(e, E_USAGE,
			    "--staging: the trusted root of that instance is not here: give "
			    "--trusted-root FILE");
	if ((r = fs_read_user(o->bundle, LIMIT_BUNDLE, &bundle, e)) < 0 ||
	    (r = cli_read_artifact(argv[0], &bytes, &d, &artifact, e)) < 0)
		return r;
	return cli_verify_blob(c, &o->sigstore, (struct str){ buf_str(&bundle), bundle.n }, &d,
			       artifact, e);
}

const struct command trust_verify_bundle_command = {
	.name = "verify-bundle",
	.args = "FILE|DIGEST",
	.brief = "Verify a sigstore bundle of a file, or of its digest",
	.details = "Signatures of messages and attestations about them, by a key or keyless, in "
		   "bundles 0.1 to 0.3. Nothing is fetched: certificate authorities, logs and "
		   "time-stamp authorities are those of the trusted root.",
	.example = "plimsoll trust verify-bundle --bundle a.sigstore.json --key cosign.pub a.txt\n"
		   "plimsoll trust verify-bundle --bundle a.sigstore.json --certificate-identity "
		   "me@example.com --certificate-oidc-issuer https://accounts.example.com a.txt",
	.opts = bundle_options,
	.opts_size = sizeof(struct bundle_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_verify_bundle,
};

/* The same at the place where cosign and the sigstore clients have them. */

const struct command cmd_generate_key_pair = {
	.name = "generate-key-pair",
	.group = "Trust",
	.args = "",
	.brief = "Make a key file as cosign has them: 'plimsoll trust generate-key-pair'",
	.hidden = true,
	.opts = generate_options,
	.opts_size = sizeof(struct pair_opts),
	.run = run_generate,
};

const struct command cmd_import_key_pair = {
	.name = "import-key-pair",
	.group = "Trust",
	.args = "",
	.brief = "Turn a private key into cosign's: 'plimsoll trust import-key-pair'",
	.hidden = true,
	.opts = import_options,
	.opts_size = sizeof(struct pair_opts),
	.run = run_import,
};

const struct command cmd_verify_bundle = {
	.name = "verify-bundle",
	.group = "Trust",
	.args = "FILE|DIGEST",
	.brief = "Verify a sigstore bundle: 'plimsoll trust verify-bundle'",
	.hidden = true,
	.opts = bundle_options,
	.opts_size = sizeof(struct bundle_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_verify_bundle,
};
