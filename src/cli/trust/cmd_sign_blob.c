/* SPDX-License-Identifier: Apache-2.0 */
/* cosign's sign-blob: a file signed by a key of this host, or a key file of cosign's. */
#include "cli/trust/signing.h"
#include "cli/trust/sigstore.h"
#include "crypto/digest.h"
#include "pipeline/outfile.h"
#include "trust/holder.h"
#include "trust/sigstore/bundle.h"
#include "trust/trust.h"

struct sign_blob_opts {
	const char *key, *passphrase_file, *signature, *bundle;
	bool yes, tlog_upload;
};

static const struct opt sign_blob_options[] = {
	SIGNING_OPTIONS(struct sign_blob_opts),
	OPT_AT(struct sign_blob_opts, signature, "output-signature", 0, OPT_STRING, "FILE",
	       "write the signature, base64, to FILE, not to standard output"),
	OPT_AT(struct sign_blob_opts, bundle, "bundle", 0, OPT_STRING, "FILE",
	       "write a sigstore bundle, too"),
	COSIGN_HABITS(struct sign_blob_opts),
	OPT_END,
};

static int sign_blob(struct cli *c, const struct sign_blob_opts *o, struct str blob,
		     struct buf *ret_signature, struct buf *ret_bundle, struct err *e)
{
	auto_buf path = BUF_INIT(4096);
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2);
	struct sigstore_key key = { .name = NULL };
	const struct state *state;
	int r;

	cli_key_name(o->key, &path, &key.name);
	if ((r = cli_cosign_passphrase(o->passphrase_file, &secret, &key.passphrase, e)) < 0 ||
	    (r = cli_state(c, &state, e)) < 0)
		return r;
	return sigstore_sign_blob(state, &key, blob, ret_signature, ret_bundle, e);
}

/* As a signature of an image is: who asks what a key has signed finds this as well. */
static int note_blob(struct cli *c, const struct sign_blob_opts *o, const char *name,
		     const struct desc *d, int outcome, struct err *e)
{
	char shown[HOLDER_SHOWN];
	json_t *detail = NULL;

	if (outcome == 0)
		detail = json_pack("{s:s}", "key",
				   holder_shown(o->key ? o->key : TRUST_DEFAULT_NAME, shown));
	return cli_note(c, "sign-blob", name, d, outcome, detail, e);
}

static int report_blob(struct cli *c, const struct digest *d, const struct buf *sig, bool in_file,
		       struct err *e)
{
	auto_json *j = NULL;

	if (!c->json)
		return in_file ? 0 : cli_print(c, e, "%s\n", buf_str(sig));
	j = json_pack("{s:s, s:s, s:s}", "schema", "plimsoll.sign-blob/v1", "digest", d->s,
		      "signature", buf_str(sig));
	return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
}

static int run_sign_blob(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct sign_blob_opts *o = opts;
	auto_buf bytes = BUF_INIT(LIMIT_ARTIFACT),
		 sig = BUF_INIT(2 * (size_t)LIMIT_SIGNATURE_BYTES), bundle = BUF_INIT(LIMIT_BUNDLE);
	struct desc d = { .size = 0 };
	int r;

	(void)argc;
	if ((r = cli_no_tlog(o->tlog_upload, e)) < 0 || (r = outfile_check(o->bundle, e)) < 0 ||
	    (r = outfile_check(o->signature, e)) < 0 ||
	    (r = fs_read_user(argv[0], LIMIT_ARTIFACT, &bytes, e)) < 0)
		return r;
	digest_of(buf_str(&bytes), bytes.n, &d.digest);
	d.size = bytes.n;
	r = sign_blob(c, o, (struct str){ buf_str(&bytes), bytes.n }, &sig, &bundle, e);
	r = note_blob(c, o, argv[0], &d, r, e);
	if (r < 0)
		return r;
	if ((o->bundle && (r = outfile_write(o->bundle, bundle.p, bundle.n, e)) < 0) ||
	    (o->signature && (r = outfile_write(o->signature, sig.p, sig.n, e)) < 0))
		return r;
	return report_blob(c, &d.digest, &sig, o->signature, e);
}

const struct command cmd_sign_blob = {
	.name = "sign-blob",
	.group = "Trust",
	.args = "FILE",
	.brief = "Sign a file by a key of this host, or a key file of cosign's",
	.hidden = true,
	.opts = sign_blob_options,
	.opts_size = sizeof(struct sign_blob_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_sign_blob,
};
