/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/image/images.h"
#include "cli/trust/sign_targets.h"
#include "cli/trust/signing.h"
#include "trust/holder.h"
#include "trust/sigstore/sigstore.h"
#include "trust/trust.h"

struct sign_opts {
	const char *expiry, *format, *timestamp_url, *timestamp_root;
	struct strv keys, passphrase_files, annotations;
	bool any_repository, recursive, yes, tlog_upload;
	/* Of these, the one that is signed with now. */
	const char *key, *passphrase;
};

static const struct opt sign_options[] = {
	OPT_AT(struct sign_opts, keys, "key", 'k', OPT_LIST, "NAME",
	       "key to sign with (default); again for a signature by each"),
	OPT_AT(struct sign_opts, passphrase_files, "passphrase-file", 0, OPT_LIST, "FILE",
	       "read the key's passphrase from FILE, or from descriptor N for fd:N; again for each "
	       "key, in their order"),
	OPT_AT(struct sign_opts, recursive, "recursive", 'r', OPT_FLAG, NULL,
	       "sign each image of an index as well as the index"),
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

/* done receives it for --format json. */
static int report(struct cli *c, json_t *done, const struct desc *image,
		  const struct desc *signature, bool existing, struct err *e)
{
	if (c->json)
		return json_push(done,
				 json_pack("{s:s, s:s, s:b}", "digest", image->digest.s,
					   "signature", signature->digest.s, "existing", existing),
				 e);
	if (c->quiet)
		return cli_print(c, e, "%s\n", signature->digest.s);
	return cli_print(c, e, "%s %s\nsignature %s\n", existing ? "already signed" : "signed",
			 image->digest.s, signature->digest.s);
}

/* The first, which is the image's by the first key; of several, all in a list as well. */
static int print_json(struct cli *c, json_t *done, struct err *e)
{
	auto_json *j = json_deep_copy(json_array_get(done, 0));
	int r = json_put_string(j, "schema", "plimsoll.sign/v1", e);

	if (r == 0 && json_array_size(done) > 1)
		r = json_put(j, "signatures", json_incref(done), e);
	return r < 0 ? r : cli_print_json(c, j, e);
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
	struct trust_sign_opts so = { .key = o->key,
				      .passphrase = o->passphrase,
				      .form = form,
				      .annotations = notes,
				      .ref = ref };
	auto_buf roots = BUF_INIT(LIMIT_PEM_CERTS);
	int r;

	if ((r = stamping(o, &roots, &so, e)) < 0 ||
	    (r = o->expiry ? cli_duration(o->expiry, &so.expiry, e) : 0) < 0)
		return r;
	return trust_sign(state, s, image, &so, ret, ret_existing, e);
}

static int sign_sigstore(const struct sign_opts *o, const struct state *state, struct store *s,
			 const struct ref *ref, const struct desc *image,
			 enum sigstore_format format, const json_t *notes, struct desc *ret,
			 bool *ret_existing, struct err *e)
{
	struct sigstore_sign_opts so = { .format = format,
					 .key = { o->key, o->passphrase },
					 .annotations = notes };
	auto_buf path = BUF_INIT(4096);

	if (o->any_repository)
		return FAIL(e, E_USAGE,
			    "--any-repository: sigstore's signatures are made for a repository");
	if (o->expiry)
		return FAIL(e, E_USAGE, "--expiry: sigstore's signatures have none");
	if (o->timestamp_url || o->timestamp_root)
		return FAIL(e, E_USAGE, "--timestamp-url: only for jws and cose");
	cli_key_name(o->key, &path, &so.key.name);
	return sigstore_sign_image(state, s, ref, image, &so, ret, ret_existing, e);
}

/* Signing one thing after another. */

struct signing {
	struct cli *c;
	struct sign_opts o;
	const char *text;
	struct ref ref;
	struct form form;
	struct store *s;
	json_t *notes;
	struct buf secret; /* the passphrase that was read last */
	json_t *done;	   /* what is reported */
};

static void signing_release(struct signing *x)
{
	store_close(x->s);
	json_decref(x->notes);
	json_decref(x->done);
	secret_free(&x->secret);
}
#define auto_signing __attribute__((cleanup(signing_release))) struct signing

static int begin(struct signing *x, struct desc *ret_image, struct err *e)
{
	int r;

	if ((r = cli_store(x->c, &x->s, e)) < 0 ||
	    (r = store_lookup(x->s, x->text, &x->ref, ret_image, e)) < 0 ||
	    (r = cli_annotations(&x->o.annotations, &x->notes, e)) < 0 ||
	    (r = signature_form(x->o.format, &x->form, e)) < 0)
		return r;
	if (x->o.passphrase_files.n > 1 && x->o.passphrase_files.n != x->o.keys.n)
		return FAIL(e, E_USAGE, "%zu passphrases are given for %zu keys",
			    x->o.passphrase_files.n, x->o.keys.n);
	if (!x->form.sigstore && !x->o.any_repository && !x->ref.name[0])
		return err_hint(
			e,
			FAIL(e, E_USAGE, "'%.100s' is a digest: a signature is for a repository",
			     x->text),
			"plimsoll sign HOST/NAME:TAG, or --any-repository for one that holds "
			"anywhere");
	return 0;
}

/* The key'th of the keys: one passphrase is of all of them. */
static int take_key(struct signing *x, size_t key, struct err *e)
{
	const struct strv *files = &x->o.passphrase_files;
	const char *file = files->n == 0 ? NULL : files->v[files->n > 1 ? key : 0];

	x->o.key = x->o.keys.n ? x->o.keys.v[key] : NULL;
	if (key > 0 && files->n < 2)
		return 0;
	secret_free(&x->secret);
	x->secret = (struct buf)BUF_INIT(LIMIT_PASSPHRASE + 2);
	return x->form.sigstore ? cli_cosign_passphrase(file, &x->secret, &x->o.passphrase, e)
				: cli_passphrase(file, &x->secret, &x->o.passphrase, e);
}

static int sign_one(struct signing *x, const struct desc *d, struct desc *ret, bool *ret_existing,
		    struct err *e)
{
	const struct state *state;
	int r = cli_state(x->c, &state, e);

	if (r < 0)
		return r;
	if (x->form.sigstore)
		return sign_sigstore(&x->o, state, x->s, &x->ref, d, x->form.format, x->notes, ret,
				     ret_existing, e);
	return sign_notary(&x->o, state, x->s, x->o.any_repository ? NULL : &x->ref, d,
			   x->form.envelope, x->notes, ret, ret_existing, e);
}

/* Each signature is a step of its own in the trail. */
static int sign_and_note(struct signing *x, const struct desc *d, struct err *e)
{
	const char *key = x->o.key ? x->o.key : TRUST_DEFAULT_NAME;
	char shown[HOLDER_SHOWN];
	struct desc signature = { 0 };
	bool existing = false;
	json_t *detail = NULL;
	int r = sign_one(x, d, &signature, &existing, e);

	if (r == 0)
		detail = json_pack("{s:s, s:b, s:s}", "signature", signature.digest.s, "existing",
				   existing, "key", holder_shown(key, shown));
	r = cli_note(x->c, "sign", x->text, d, r, detail, e);
	return r < 0 ? r : report(x->c, x->done, d, &signature, existing, e);
}

static int sign_all(struct signing *x, const struct desc *image, struct err *e)
{
	const size_t keys = x->o.keys.n ? x->o.keys.n : 1;
	auto_sign_targets t = { 0 };
	int r = sign_targets(x->s, image, x->o.recursive, &t, e);

	if (r < 0)
		return cli_note(x->c, "sign", x->text, image, r, NULL, e);
	for (size_t k = 0; r == 0 && k < keys; k++) {
		r = take_key(x, k, e);
		if (r < 0)
			return cli_note(x->c, "sign", x->text, image, r, NULL, e);
		for (size_t i = 0; r == 0 && i < t.n; i++)
			r = sign_and_note(x, &t.v[i], e);
	}
	return r;
}

static int run_sign(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_signing x = { .c = c,
			   .o = *(const struct sign_opts *)opts,
			   .text = argv[0],
			   .secret = BUF_INIT(0),
			   .done = json_array() };
	struct desc image = { 0 };
	int r = cli_no_tlog(x.o.tlog_upload, e);

	(void)argc;
	if (r < 0)
		return r;
	r = begin(&x, &image, e);
	if (r < 0)
		return cli_note(c, "sign", argv[0], &image, r, NULL, e);
	r = sign_all(&x, &image, e);
	return r < 0 || !c->json ? r : print_json(c, x.done, e);
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
		"adds nothing. Each --key signs, for a policy that asks for several. An index is "
		"signed as what it is, and with --recursive each of its images, too, for those who "
		"pull one by its digest. With --timestamp-url it stays valid "
		"after its certificate has ended, where the policy names that authority in a tsa "
		"store. Without --passphrase-file, PLIMSOLL_PASSPHRASE_FILE names the file.",
	.example = "plimsoll sign web:1\n"
		   "plimsoll sign --key release --key qa --recursive 127.0.0.1:5000/web:1\n"
		   "plimsoll sign --key ci --expiry 720h 127.0.0.1:5000/web:1\n"
		   "plimsoll sign --signature-format cosign --key cosign.key 127.0.0.1:5000/web:1",
	.opts = sign_options,
	.opts_size = sizeof(struct sign_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_sign,
};
