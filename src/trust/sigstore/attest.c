/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "sandbox/sandbox.h"
#include "trust/sigstore/internal.h"

/* Whether a bundle is what was signed now: the same bytes, by the same key. */
struct comparison {
	struct str bundle;
	struct str statement;
	const struct key *key;
};

static int compare_in_child(void *arg, struct buf *emit, struct err *e)
{
	const struct comparison *c = arg;
	auto_bundle b = { 0 };
	int r = bundle_parse(c->bundle, &b, e);

	(void)emit;
	if (r < 0)
		return r;
	if (!b.by_key || !b.is_dsse || strcmp(b.dsse.payload_type, IN_TOTO_PAYLOAD_TYPE) != 0 ||
	    !str_eq((struct str){ buf_str(&b.dsse.payload), b.dsse.payload.n }, c->statement))
		return FAIL(e, E_VERIFY, "another statement");
	r = dsse_verify(&b.dsse, &c->key, 1, 1, NULL, e);
	return r < 0 ? r : 0;
}

/* The annotation is nobody's word, but saves a process: where it lies, a statement is twice. */
static bool other_type(const json_t *entry, const char *predicate_type)
{
	const char *type =
		json_string_or_null(json_object_get(entry, "annotations"), ANNOTATION_PREDICATE);

	return type && strcmp(type, predicate_type) != 0;
}

/*
 * A bundle without the statement's bytes is of another statement, which takes no process to see:
 * of statements that are made every night there are many. Whoever writes Base64 with escapes is not
 * recognised, and the statement is there twice.
 */
static bool find_equal(const struct store *s, const struct desc *manifest, struct str statement,
		       const char *predicate_type, const struct key *key, struct desc *ret)
{
	const struct sandbox box = { .what = "bundle", .write_dir = -1, .cpu_seconds = 30 };
	auto_buf text = BUF_INIT(LIMIT_BUNDLE);
	auto_json *list = NULL;
	size_t tried = 0;

	b64_put(&text, B64_STD, statement.p, statement.n);
	if (text.failed || store_referrers(s, &manifest->digest, NULL, &list, NULL) < 0)
		return false;
	for (size_t i = 0; i < json_array_size(list) && tried < LIMIT_TRIED; i++) {
		auto_buf bundle = BUF_INIT(LIMIT_BUNDLE);
		struct comparison c = { .statement = statement, .key = key };
		const json_t *entry = json_array_get(list, i);
		struct desc d;

		if (!bundle_carried(entry) || other_type(entry, predicate_type) ||
		    desc_parse(entry, "referrer", &d, NULL) < 0 ||
		    bundle_read(s, &d, manifest, &bundle, NULL) < 0 ||
		    !memmem(buf_str(&bundle), bundle.n, text.p, text.n))
			continue;
		c.bundle = (struct str){ buf_str(&bundle), bundle.n };
		tried++;
		if (sandbox_run(&box, compare_in_child, &c, NULL, NULL) == 0) {
			*ret = d;
			return true;
		}
	}
	return false;
}

static int attest(const struct state *state, struct store *s, const struct desc *manifest,
		  const struct sigstore_key *k, struct str statement, const char *predicate_type,
		  struct desc *ret, bool *ret_existing, struct err *e)
{
	auto_buf pae = BUF_INIT(LIMIT_DSSE), sig = BUF_INIT(LIMIT_SIGNATURE_BYTES),
		 bundle = BUF_INIT(LIMIT_BUNDLE);
	auto_release(key_free) struct key *pub = NULL;
	auto_json *envelope = NULL;
	char hint[KEY_HINT_MAX];
	int r;

	if ((r = dsse_pae(IN_TOTO_PAYLOAD_TYPE, statement, &pae, e)) < 0 ||
	    (r = sigstore_sign_bytes(state, k, false, (struct str){ pae.p, pae.n }, &pub, &sig,
				     e)) < 0)
		return r;
	*ret_existing = find_equal(s, manifest, statement, predicate_type, pub, ret);
	if (*ret_existing)
		return 0;
	if ((r = key_hint(pub, hint, e)) < 0 ||
	    (r = dsse_make(IN_TOTO_PAYLOAD_TYPE, statement, (struct str){ sig.p, sig.n }, NULL,
			   &envelope, e)) < 0 ||
	    (r = bundle_make(envelope, hint, &bundle, e)) < 0)
		return r;
	return bundle_attach(s, (struct str){ bundle.p, bundle.n }, predicate_type, manifest,
			     clock_now(), ret, e);
}

int sigstore_attest(const struct state *state, struct store *s, const struct desc *manifest,
		    const struct sigstore_key *k, struct str statement, struct desc *ret,
		    bool *ret_existing, struct err *e)
{
	struct statement_info info;
	bool existing = false;
	struct desc d;
	int r;

	if (statement.n > LIMIT_DSSE_PAYLOAD)
		return FAIL(e, E_FORMAT, "attest %s: a statement of more than %d bytes",
			    manifest->digest.s, LIMIT_DSSE_PAYLOAD);
	/* What is not whole is not signed. */
	r = store_blob_verify(s, manifest, e);
	if (r == 0)
		r = statement_read(statement, &manifest->digest, NULL, &info, e);
	if (r == 0 && !info.covers)
		r = FAIL(e, E_INTERNAL, "the statement is not about it");
	if (r == 0)
		r = attest(state, s, manifest, k, statement, info.predicate_type, &d, &existing, e);
	if (r < 0)
		return WRAP(e, r, "attest %s", manifest->digest.s);
	*ret = d;
	if (ret_existing)
		*ret_existing = existing;
	return 0;
}
