/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/images.h"
#include "cli/signing.h"
#include "trust/sigstore/sigstore.h"
#include "trust/trust.h"

struct sign_opts {
	const char *key, *passphrase_file, *expiry, *format, *timestamp_url, *timestamp_root;
	struct strv annotations;
	bool any_repository, yes, tlog_upload;
};

static const struct opt sign_options[] = {
	SIGNING_OPTIONS(struct sign_opts),
	OPT_AT(struct sign_opts, expiry, "expiry", 'e', OPT_STRING, "DURATION",
	       "the signature ends after this: 15m, 720h, 90d (never)"),
	OPT_AT(struct sign_opts, format, "signature-format", 0, OPT_STRING, "FORM",
	       "jws (default), cose, cosign (simple signing) or bundle"),
	OPT_AT(struct sign_opts, annotations, "annotation", 'a', OPT_LIST, "KEY=VALUE",
	       "sign this annotation too (again for more)"),
	OPT_AT(struct sign_opts, annotations, "user-metadata", 'm', OPT_LIST, "KEY=VALUE",
	       "the same, as notation calls it"),
	OPT_AT(struct sign_opts, any_repository, "any-repository", 0, OPT_FLAG, NULL,
	       "leave the repository's name out: the signature holds wherever the image is"),
	OPT_AT(struct sign_opts, timestamp_url, "timestamp-url", 0, OPT_STRING, "URL",
	       "have it stamped by this authority (RFC 3161): it outlives the certificate"),
	OPT_AT(struct sign_opts, timestamp_root, "timestamp-root-cert", 0, OPT_STRING, "FILE",
	       "certificates that end the authority's chain; goes with --timestamp-url"),
	COSIGN_HABITS(struct sign_opts),
	OPT_END,
};

/* One of ours, or one of sigstore's. */
struct form {
	bool sigstore;
	enum envelope_form envelope;
	enum sigstore_format format;
};

static int signature_form(const char *name, struct form *ret, struct err *e)
{
	static const struct {
		const char *name;
		struct form form;
	} forms[] = {
		{ "jws", { .envelope = ENVELOPE_JWS } },
		{ "cose", { .envelope = ENVELOPE_COSE } },
		{ "cosign", { .sigstore = true, .format = SIGSTORE_SIMPLE } },
		{ "bundle", { .sigstore = true, .format = SIGSTORE_BUNDLE } },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcmp(name ? name : "jws", forms[i].name) == 0) {
			*ret = forms[i].form;
			return 0;
		}
	return FAIL(e, E_USAGE, "--signature-format '%.40s': want jws, cose, cosign or bundle",
		    name);
}

static int report(struct cli *c, const struct desc *image, const struct desc *signature,
		  bool existing, struct err *e)
{
	auto_json *j = json_object();
	int r;

	if (c->quiet && !c->json)
		return cli_print(c, e, "%s\n", signature->digest.s);
	if (!c->json)
		return cli_print(c, e, "%s %s\nsignature %s\n",
				 existing ? "already signed" : "signed", image->digest.s,
				 signature->digest.s);
	if ((r = json_put_string(j, "schema", "plimsoll.sign/v1", e)) < 0 ||
	    (r = json_put_string(j, "digest", image->digest.s, e)) < 0 ||
	    (r = json_put_string(j, "signature", signature->digest.s, e)) < 0 ||
	    (r = json_put(j, "existing", json_boolean(existing), e)) < 0)
		return r;
	return cli_print_json(c, j, e);
}

/* An authority that nobody vouches for would prove nothing. */
static int stamping(const struct sign_opts *o, struct buf *roots, struct trust_sign_opts *ret,
		    struct err *e)
{
	int r;

	if (!o->timestamp_url != !o->timestamp_root)
		return FAIL(e, E_USAGE, "--timestamp-url and --timestamp-root-cert go together");
	if (!o->timestamp_url)
		return 0;
	r = fs_read_user(o->timestamp_root, LIMIT_PEM_CERTS, roots, e);
	ret->timestamp_url = o->timestamp_url;
	ret->timestamp_roots = (struct str){ buf_str(roots), roots->n };
	return r;
}

static int sign_notary(const struct sign_opts *o, const struct state *state, struct store *s,
		       const struct ref *ref, const struct desc *image, enum envelope_form form,
		       const json_t *notes, struct desc *ret, bool *ret_existing, struct err *e)
{
	struct trust_sign_opts so = {
		.key = o->key, .form = form, .annotations = notes, .ref = ref
	};
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2);
	auto_buf roots = BUF_INIT(LIMIT_PEM_CERTS);
	int r;

	if ((r = stamping(o, &roots, &so, e)) < 0 ||
	    (r = o->expiry ? cli_duration(o->expiry, &so.expiry, e) : 0) < 0 ||
	    (r = cli_passphrase(o->passphrase_file, &secret, &so.passphrase, e)) < 0)
		return r;
	return trust_sign(state, s, image, &so, ret, ret_existing, e);
}

static int sign_sigstore(const struct sign_opts *o, const struct state *state, struct store *s,
			 const struct ref *ref, const struct desc *image,
			 enum sigstore_format format, const json_t *notes, struct desc *ret,
			 bool *ret_existing, struct err *e)
{
	struct sigstore_sign_opts so = { .format = format, .annotations = notes };
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2);
	auto_buf path = BUF_INIT(4096);
	int r;

	if (o->any_repository)
		return FAIL(e, E_USAGE,
			    "--any-repository: sigstore's signatures are made for a repository");
	if (o->expiry)
		return FAIL(e, E_USAGE, "--expiry: sigstore's signatures have none");
	if (o->timestamp_url || o->timestamp_root)
		return FAIL(e, E_USAGE, "--timestamp-url: only for jws and cose");
	cli_key_name(o->key, &path, &so.key.name);
	r = cli_cosign_passphrase(o->passphrase_file, &secret, &so.key.passphrase, e);
	return r < 0 ? r : sigstore_sign_image(state, s, ref, image, &so, ret, ret_existing, e);
}

static int sign(struct cli *c, const struct sign_opts *o, const char *text, struct desc *ret_image,
		struct desc *ret, bool *ret_existing, struct err *e)
{
	auto_release(store_close) struct store *s = NULL;
	auto_json *notes = NULL;
	const struct state *state;
	struct form form = { .sigstore = false };
	struct ref ref = { 0 };
	int r;

	if ((r = cli_store(c, &s, e)) < 0 || (r = store_lookup(s, text, &ref, ret_image, e)) < 0 ||
	    (r = cli_annotations(&o->annotations, &notes, e)) < 0 ||
	    (r = signature_form(o->format, &form, e)) < 0 || (r = cli_state(c, &state, e)) < 0)
		return r;
	if (form.sigstore)
		return sign_sigstore(o, state, s, &ref, ret_image, form.format, notes, ret,
				     ret_existing, e);
	if (!o->any_repository && !ref.name[0])
		return err_hint(e,
				FAIL(e, E_USAGE,
				     "'%.100s' is a digest: a signature is for a repository", text),
				"plimsoll sign HOST/NAME:TAG, or --any-repository for one that "
				"holds anywhere");
	return sign_notary(o, state, s, o->any_repository ? NULL : &ref, ret_image, form.envelope,
			   notes, ret, ret_existing, e);
}

static int run_sign(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	struct desc image = { 0 }, signature = { 0 };
	const struct sign_opts *o = opts;
	bool existing = false;
	json_t *detail = NULL;
	int r = cli_no_tlog(o->tlog_upload, e);

	(void)argc;
	if (r < 0)
		return r;
	r = sign(c, o, argv[0], &image, &signature, &existing, e);
	if (r == 0)
		detail = json_pack("{s:s, s:b}", "signature", signature.digest.s, "existing",
				   existing);
	r = cli_note(c, "sign", argv[0], &image, r, detail, e);
	return r < 0 ? r : report(c, &image, &signature, existing, e);
}

const struct command cmd_sign = {
	.name = "sign",
	.group = "Trust",
	.args = "IMAGE",
	.brief = "Sign a stored image with a key of this host",
	.details =
		"The signature is a Notary Project envelope (JWS or COSE), kept beside the image "
		"and pushed with it. It covers the manifest's digest and the name of the "
		"repository: an image that gets another name is signed again under it. "
		"With --signature-format cosign it is cosign's simple signing, under a tag beside "
		"the image, and with bundle a sigstore bundle: both name the repository, and --key "
		"may be a key file of cosign's. Signing again with the same key in the same form "
		"adds nothing. With --timestamp-url it stays valid "
		"after its certificate has ended, where the policy names that authority in a tsa "
		"store. Without --passphrase-file, PLIMSOLL_PASSPHRASE_FILE names the file.",
	.example = "plimsoll sign web:1\n"
		   "plimsoll sign --key ci --expiry 720h 127.0.0.1:5000/web:1\n"
		   "plimsoll sign --signature-format cosign --key cosign.key 127.0.0.1:5000/web:1",
	.opts = sign_options,
	.opts_size = sizeof(struct sign_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_sign,
};
