/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/image/images.h"
#include "cli/trust/signing.h"
#include "pipeline/attest/attest.h"
#include "trust/rules.h"
#include "trust/sigstore/sigstore.h"

struct attest_opts {
	const char *key, *passphrase_file, *predicate, *type;
	bool yes, tlog_upload;
};

static const struct opt attest_options[] = {
	OPT_AT(struct attest_opts, predicate, "predicate", 0, OPT_STRING, "FILE",
	       "what is said of the image: an object in JSON ('-': standard input)"),
	OPT_AT(struct attest_opts, type, "type", 0, OPT_STRING, "TYPE",
	       "of it: slsaprovenance1, slsaprovenance, spdxjson, cyclonedx, vuln, openvex, link, "
	       "vsa, "
	       "custom (default) or a URI"),
	SIGNING_OPTIONS(struct attest_opts),
	COSIGN_HABITS(struct attest_opts),
	OPT_END,
};

/* What a file of the type always has: another one was not meant. */
static int check_kind(const char *type, const json_t *predicate, struct err *e)
{
	if (strcmp(type, PREDICATE_SPDX) == 0 &&
	    !json_is_string(json_object_get(predicate, "spdxVersion")))
		return FAIL(e, E_FORMAT, "it is no SPDX document: 'spdxVersion' is missing");
	if (strcmp(type, PREDICATE_CYCLONEDX) == 0 &&
	    !json_is_string(json_object_get(predicate, "bomFormat")))
		return FAIL(e, E_FORMAT, "it is no CycloneDX document: 'bomFormat' is missing");
	return 0;
}

static int read_predicate(const char *path, const char *type, json_t **ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_DSSE_PAYLOAD);
	auto_json *j = NULL;
	int r = fs_read_user(path, LIMIT_DSSE_PAYLOAD, &text, e);

	if (r == 0)
		r = json_parse(buf_str(&text), text.n, "predicate", &j, e);
	if (r == 0 && !json_is_object(j))
		r = FAIL(e, E_FORMAT, "predicate: not an object");
	if (r == 0)
		r = check_kind(type, j, e);
	if (r < 0)
		return WRAP(e, r, "--predicate '%s'", path);
	*ret = TAKE(j);
	return 0;
}

static int find_type(const char *word, const char **ret, struct err *e)
{
	*ret = rule_type_made(word ? word : "custom");
	if (*ret)
		return 0;
	if (rule_type_ok(word))
		return FAIL(e, E_USAGE, "--type '%.60s' is of several: want spdxjson or cyclonedx",
			    word);
	return FAIL(e, E_USAGE, "--type '%.60s' is no type of attestation", word);
}

static int attest(struct cli *c, const struct attest_opts *o, const char *text, const char *type,
		  struct desc *ret_image, struct desc *ret, bool *ret_existing, struct err *e)
{
	auto_release(store_close) struct store *s = NULL;
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2);
	auto_buf path = BUF_INIT(4096), bytes = BUF_INIT(LIMIT_DSSE_PAYLOAD);
	auto_json *predicate = NULL, *statement = NULL;
	struct sigstore_key key = { .name = NULL };
	const struct state *state;
	struct ref ref = { 0 };
	int r;

	if ((r = cli_store(c, &s, e)) < 0 || (r = store_lookup(s, text, &ref, ret_image, e)) < 0 ||
	    (r = cli_state(c, &state, e)) < 0)
		return r;
	if (!ref.name[0])
		return err_hint(e,
				FAIL(e, E_USAGE,
				     "'%.100s' is a digest: an attestation names the repository",
				     text),
				"plimsoll attest --predicate FILE HOST/NAME:TAG");
	cli_key_name(o->key, &path, &key.name);
	if ((r = read_predicate(o->predicate, type, &predicate, e)) < 0 ||
	    (r = statement_make(type, predicate, &ref, ret_image, &statement, e)) < 0 ||
	    (r = json_canonical(statement, &bytes, e)) < 0 ||
	    (r = cli_cosign_passphrase(o->passphrase_file, &secret, &key.passphrase, e)) < 0)
		return r;
	return sigstore_attest(state, s, ret_image, &key, (struct str){ bytes.p, bytes.n }, ret,
			       ret_existing, e);
}

static int report(struct cli *c, const char *type, const struct desc *image,
		  const struct desc *carrier, bool existing, struct err *e)
{
	auto_json *j = NULL;

	if (c->quiet && !c->json)
		return cli_print(c, e, "%s\n", carrier->digest.s);
	if (!c->json)
		return cli_print(c, e, "%s %s\nattestation %s\n",
				 existing ? "already attested" : "attested", image->digest.s,
				 carrier->digest.s);
	j = json_pack("{s:s, s:s, s:s, s:s, s:b}", "schema", "plimsoll.attest/v1", "digest",
		      image->digest.s, "attestation", carrier->digest.s, "type", type, "existing",
		      existing);
	return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
}

static int run_attest(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct attest_opts *o = opts;
	struct desc image = { 0 }, carrier = { 0 };
	bool existing = false;
	json_t *detail = NULL;
	const char *type;
	int r;

	(void)argc;
	if (!o->predicate)
		return FAIL(e, E_USAGE, "want --predicate FILE");
	if ((r = cli_no_tlog(o->tlog_upload, e)) < 0 || (r = find_type(o->type, &type, e)) < 0)
		return r;
	r = attest(c, o, argv[0], type, &image, &carrier, &existing, e);
	if (r == 0)
		detail = json_pack("{s:[{s:s, s:s}], s:i}", "attestations", "type", type, "digest",
				   carrier.digest.s, "new", existing ? 0 : 1);
	r = cli_note(c, "attest", argv[0], &image, r, detail, e);
	return r < 0 ? r : report(c, type, &image, &carrier, existing, e);
}

const struct command cmd_attest = {
	.name = "attest",
	.group = "Trust",
	.args = "IMAGE",
	.brief = "Sign what a file says of a stored image",
	.details = "The file becomes the predicate of an in-toto statement (v1) about the image in "
		   "its repository, signed as a DSSE envelope with a key of this host or a key "
		   "file of cosign's, and kept beside the image as a sigstore bundle, which push "
		   "sends along. 'verify --require TYPE' and rules of plimsoll.yaml ask for it. "
		   "What ship says of an image by itself is in 'plimsoll ship --help'. The same "
		   "again by the same key adds nothing.",
	.example = "plimsoll sbom --format cyclonedx-json web:1 | plimsoll attest --type cyclonedx "
		   "--predicate - registry.example/team/web:1\n"
		   "plimsoll attest --key cosign.key --type https://example.com/tested/v1 "
		   "--predicate tested.json registry.example/team/web:1",
	.opts = attest_options,
	.opts_size = sizeof(struct attest_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_attest,
};
