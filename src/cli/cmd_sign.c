/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/images.h"
#include "cli/signing.h"
#include "trust/trust.h"

struct sign_opts {
	const char *key, *passphrase_file, *expiry, *format;
	struct strv annotations;
	bool any_repository;
};

static const struct opt sign_options[] = {
	SIGNING_OPTIONS(struct sign_opts),
	OPT_AT(struct sign_opts, expiry, "expiry", 'e', OPT_STRING, "DURATION",
	       "the signature ends after this: 15m, 720h, 90d (never)"),
	OPT_AT(struct sign_opts, format, "signature-format", 0, OPT_STRING, "FORM",
	       "form of the envelope: jws (default) or cose"),
	OPT_AT(struct sign_opts, annotations, "annotation", 'a', OPT_LIST, "KEY=VALUE",
	       "sign this annotation too (again for more)"),
	OPT_AT(struct sign_opts, any_repository, "any-repository", 0, OPT_FLAG, NULL,
	       "leave the repository's name out: the signature holds wherever the image is"),
	OPT_END,
};

static int annotations(const struct strv *list, json_t **ret, struct err *e)
{
	auto_json *o = json_object();

	for (size_t i = 0; i < list->n; i++) {
		const char *eq = strchr(list->v[i], '=');
		auto_free char *key = NULL;
		int r;

		if (!eq || eq == list->v[i])
			return FAIL(e, E_USAGE, "--annotation '%.100s': want KEY=VALUE",
				    list->v[i]);
		key = str_dup((struct str){ list->v[i], (size_t)(eq - list->v[i]) });
		r = key ? json_put_string(o, key, eq + 1, e) : FAIL_NOMEM(e);
		if (r < 0)
			return r;
	}
	*ret = TAKE(o);
	return 0;
}

static int envelope_form(const char *name, enum envelope_form *ret, struct err *e)
{
	if (name && strcmp(name, "jws") != 0 && strcmp(name, "cose") != 0)
		return FAIL(e, E_USAGE, "--signature-format '%.40s': want jws or cose", name);
	*ret = name && strcmp(name, "cose") == 0 ? ENVELOPE_COSE : ENVELOPE_JWS;
	return 0;
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

static int sign(struct cli *c, const struct sign_opts *o, const char *text, struct desc *ret_image,
		struct desc *ret, bool *ret_existing, struct err *e)
{
	struct trust_sign_opts so = { .key = o->key };
	auto_release(store_close) struct store *s = NULL;
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2);
	auto_json *notes = NULL;
	const struct state *state;
	struct ref ref = { 0 };
	int r;

	if ((r = cli_store(c, &s, e)) < 0 || (r = store_lookup(s, text, &ref, ret_image, e)) < 0 ||
	    (r = annotations(&o->annotations, &notes, e)) < 0 ||
	    (r = envelope_form(o->format, &so.form, e)) < 0 ||
	    (r = o->expiry ? cli_duration(o->expiry, &so.expiry, e) : 0) < 0 ||
	    (r = cli_passphrase(o->passphrase_file, &secret, &so.passphrase, e)) < 0 ||
	    (r = cli_state(c, &state, e)) < 0)
		return r;
	so.annotations = notes;
	if (!o->any_repository && !ref.name[0])
		return err_hint(e,
				FAIL(e, E_USAGE,
				     "'%.100s' is a digest: a signature is for a repository", text),
				"plimsoll sign HOST/NAME:TAG, or --any-repository for one that "
				"holds anywhere");
	so.ref = o->any_repository ? NULL : &ref;
	return trust_sign(state, s, ret_image, &so, ret, ret_existing, e);
}

static int run_sign(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	struct desc image = { 0 }, signature = { 0 };
	bool existing = false;
	int r = sign(c, opts, argv[0], &image, &signature, &existing, e);
	json_t *detail = NULL;

	(void)argc;
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
	.details = "The signature is a Notary Project envelope (JWS or COSE), kept beside the "
		   "image and "
		   "pushed with it. It covers the manifest's digest and the name of the "
		   "repository: an image that gets another name is signed again under it. "
		   "Signing again with the same key in the same form adds nothing. "
		   "Without "
		   "--passphrase-file, PLIMSOLL_PASSPHRASE_FILE names the file.",
	.example = "plimsoll sign web:1\n"
		   "plimsoll sign --key ci --expiry 720h 127.0.0.1:5000/web:1",
	.opts = sign_options,
	.opts_size = sizeof(struct sign_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_sign,
};
