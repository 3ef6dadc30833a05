/* SPDX-License-Identifier: Apache-2.0 */
/* What cosign's users type for files and names; hidden, since each is another command's business.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/image/images.h"
#include "cli/trust/signing.h"
#include "cli/trust/sigstore.h"
#include "crypto/digest.h"
#include "trust/holder.h"
#include "trust/sigstore/bundle.h"
#include "trust/sigstore/tag.h"

int cli_read_artifact(const char *text, struct buf *bytes, struct digest *ret,
		      struct str *ret_artifact, struct err *e)
{
	struct stat st;
	int r;

	*ret_artifact = (struct str){ NULL, 0 };
	if (stat(text, &st) < 0 && starts_with(text, "sha256:") &&
	    digest_parse(str_of(text), ret, NULL) == 0)
		return 0;
	if ((r = fs_read_user(text, bytes->cap, bytes, e)) < 0)
		return r;
	digest_of(buf_str(bytes), bytes->n, ret);
	*ret_artifact = (struct str){ buf_str(bytes), bytes->n };
	return 0;
}

static int report(struct cli *c, const struct digest *d, const struct sigstore_found *f,
		  struct err *e)
{
	auto_json *j = NULL;
	int r;

	if (!c->json)
		return cli_print(c, e, c->quiet ? "%s\n" : "verified %s\n", d->s);
	if ((r = cli_sigstore_json(f, &j, e)) < 0 ||
	    (r = json_put_string(j, "schema", "plimsoll.verify-bundle/v1", e)) < 0 ||
	    (r = json_put_string(j, "digest", d->s, e)) < 0)
		return r;
	return cli_print_json(c, j, e);
}

int cli_verify_blob(struct cli *c, const struct sigstore_options *o, struct str bundle,
		    const struct digest *digest, struct str artifact, struct err *e)
{
	auto_sigstore_trust trust = { 0 };
	struct sigstore_found found = { 0 };
	struct sigstore_identity identity;
	int r;

	if ((r = cli_sigstore_trust(c, o, &identity, &trust, e)) < 0 ||
	    (r = sigstore_verify_blob(bundle, digest, artifact, &trust, &found, e)) < 0)
		return r;
	r = report(c, digest, &found, e);
	buf_free(&found.statement);
	return r;
}

/* verify-blob */

struct verify_blob_opts {
	struct sigstore_options sigstore;
	const char *bundle, *signature;
};

static const struct opt verify_blob_options[] = {
	OPT_AT(struct verify_blob_opts, bundle, "bundle", 0, OPT_STRING, "FILE", "the bundle"),
	OPT_AT(struct verify_blob_opts, signature, "signature", 0, OPT_STRING, "FILE",
	       "the signature, base64, or its text itself; goes with --key"),
	SIGSTORE_SIGNER_OPTIONS(struct verify_blob_opts),
	OPT_END,
};

/* A file's, or the text itself. */
static int read_signature(const char *text, const struct digest *d, struct buf *ret, struct err *e)
{
	auto_buf file = BUF_INIT(2 * (size_t)LIMIT_SIGNATURE_BYTES);
	struct str sig = str_of(text);
	struct stat st;
	int r;

	if (stat(text, &st) == 0) {
		if ((r = fs_read_user(text, file.cap, &file, e)) < 0)
			return r;
		sig = str_trim((struct str){ buf_str(&file), file.n });
	}
	return sigstore_wrap_signature(d, sig, NULL, ret, e);
}

static int run_verify_blob(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct verify_blob_opts *o = opts;
	auto_buf bundle = BUF_INIT(LIMIT_BUNDLE), bytes = BUF_INIT(LIMIT_ARTIFACT);
	struct str artifact;
	struct digest d;
	int r;

	(void)argc;
	if (!o->bundle == !o->signature)
		return FAIL(e, E_USAGE, "want one of --bundle FILE, --signature FILE");
	if (o->signature && !o->sigstore.keys.n)
		return FAIL(
			e, E_USAGE,
			"--signature goes with --key: what proves a keyless one is in a bundle");
	if ((r = cli_read_artifact(argv[0], &bytes, &d, &artifact, e)) < 0)
		return r;
	r = o->bundle ? fs_read_user(o->bundle, LIMIT_BUNDLE, &bundle, e)
		      : read_signature(o->signature, &d, &bundle, e);
	return r < 0 ? r
		     : cli_verify_blob(c, &o->sigstore, (struct str){ buf_str(&bundle), bundle.n },
				       &d, artifact, e);
}

const struct command cmd_verify_blob = {
	.name = "verify-blob",
	.group = "Trust",
	.args = "FILE|DIGEST",
	.brief = "Verify a signature of a file",
	.hidden = true,
	.opts = verify_blob_options,
	.opts_size = sizeof(struct verify_blob_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_verify_blob,
};

/* A text, or for --format json that as the one member of an object. */
static int print_one(struct cli *c, const char *schema, const char *key, const char *text,
		     bool line, struct err *e)
{
	auto_json *j = NULL;

	if (!c->json)
		return cli_print(c, e, line ? "%s\n" : "%s", text);
	j = json_pack("{s:s, s:s}", "schema", schema, key, text);
	return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
}

/* public-key */

struct public_opts {
	const char *key, *passphrase_file;
};

static const struct opt public_options[] = {
	OPT_AT(struct public_opts, key, "key", 0, OPT_STRING, "FILE",
	       "a private key's file: cosign's, or PEM"),
	OPT_AT(struct public_opts, passphrase_file, "passphrase-file", 0, OPT_STRING, "FILE",
	       "passphrase, from descriptor N for fd:N (of COSIGN_PASSWORD)"),
	OPT_END,
};

static int run_public_key(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct public_opts *o = opts;
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2);
	auto_buf text = BUF_INIT(LIMIT_KEY_PEM);
	auto_release(holder_close) struct holder *h = NULL;
	const char *passphrase;
	int fd, r;

	(void)argc, (void)argv;
	if (!o->key)
		return FAIL(e, E_USAGE, "want --key FILE");
	if ((r = cli_cosign_passphrase(o->passphrase_file, &secret, &passphrase, e)) < 0)
		return r;
	fd = strcmp(o->key, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
				      : fs_open_user(o->key, O_RDONLY | O_NOCTTY, 0, e);
	if (fd < 0)
		return strcmp(o->key, "-") == 0 ? FAIL_SYS(e, "standard input")
						: WRAP(e, fd, "--key");
	if ((r = holder_open_fd(fd, o->key, passphrase, &h, e)) < 0 ||
	    (r = key_public_to_pem(holder_key(h), &text, e)) < 0)
		return r;
	return print_one(c, "plimsoll.public-key/v1", "publicKey", buf_str(&text), false, e);
}

const struct command cmd_public_key = {
	.name = "public-key",
	.group = "Trust",
	.args = "",
	.brief = "Print the public key of a key file",
	.hidden = true,
	.opts = public_options,
	.opts_size = sizeof(struct public_opts),
	.run = run_public_key,
};

/* triangulate */

struct triangulate_opts {
	const char *type;
};

static const struct opt triangulate_options[] = {
	OPT_AT(struct triangulate_opts, type, "type", 0, OPT_STRING, "TYPE",
	       "signature (default) or attestation"),
	OPT_END,
};

static int run_triangulate(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct triangulate_opts *o = opts;
	const char *type = o->type ? o->type : "signature";
	auto_release(store_close) struct store *s = NULL;
	auto_buf name = BUF_INIT(2 * LIMIT_REF);
	enum cosign_kind kind = COSIGN_SIGNATURES;
	struct ref ref, at;
	struct desc d;
	int r;

	(void)argc;
	if (strcmp(type, "attestation") == 0)
		kind = COSIGN_ATTESTATIONS;
	else if (strcmp(type, "signature") != 0)
		return FAIL(e, E_USAGE, "--type '%.40s': want signature or attestation", type);
	if ((r = cli_store(c, &s, e)) < 0 || (r = store_lookup(s, argv[0], &ref, &d, e)) < 0 ||
	    (r = cosign_ref(&ref, &d.digest, kind, &at, e)) < 0)
		return r;
	ref_tagged(&at, &name);
	return print_one(c, "plimsoll.triangulate/v1", "reference", buf_str(&name), true, e);
}

const struct command cmd_triangulate = {
	.name = "triangulate",
	.group = "Trust",
	.args = "IMAGE",
	.brief = "Print the tag under which cosign keeps a stored image's signatures",
	.hidden = true,
	.opts = triangulate_options,
	.opts_size = sizeof(struct triangulate_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_triangulate,
};
