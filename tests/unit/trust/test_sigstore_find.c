/* SPDX-License-Identifier: Apache-2.0 */
/* What is found beside an image, in all the forms in which cosign leaves it, and among junk. */
#include "crypto/sigstore_key.h"
#include "tap.h"
#include "temp_state.h"
#include "trust/predicates.h"
#include "trust/sigstore/internal.h"

#define REPOSITORY "127.0.0.1:5000/web"

/* A key that is trusted as "ci", and one that is not. */
struct signers {
	struct key *good, *bad;
	struct sigstore_trust trust;
};

static void signers_open(struct signers *k)
{
	auto_buf pem = BUF_INIT(LIMIT_KEY_PEM);
	struct err e = ERR_INIT;

	*k = (struct signers){ .good = NULL };
	if (key_generate(KEY_EC_P256, &k->good, &e) < 0 ||
	    key_generate(KEY_EC_P256, &k->bad, &e) < 0 ||
	    key_public_to_pem(k->good, &pem, &e) < 0 ||
	    sigstore_trust_key(&k->trust, "ci", (struct str){ buf_str(&pem), pem.n }, &e) < 0)
		abort();
}

static void signers_close(struct signers *k)
{
	key_free(k->good);
	key_free(k->bad);
	sigstore_trust_free(&k->trust);
}
#define auto_signers __attribute__((cleanup(signers_close))) struct signers

static json_t *envelope(const struct temp *t, const struct key *k, const char *repository)
{
	auto_buf text = BUF_INIT(4096);
	struct err e = ERR_INIT;
	json_t *j;

	buf_printf(&text,
		   "{\"_type\":\"" IN_TOTO_STATEMENT "\",\"subject\":[{\"name\":\"%s\",\"digest\":"
		   "{\"sha256\":\"%s\"}}],\"predicateType\":\"" PREDICATE_PROVENANCE_02
		   "\",\"predicate\":{}}",
		   repository, digest_hex(&t->image.digest));
	if (dsse_sign(k, IN_TOTO_PAYLOAD_TYPE, (struct str){ buf_str(&text), text.n }, NULL, &j,
		      &e) < 0)
		abort();
	return j;
}

static void put_json(const struct temp *t, const json_t *j, const char *type, struct desc *ret)
{
	auto_buf text = BUF_INIT(LIMIT_MANIFEST);
	struct err e = ERR_INIT;

	if (json_canonical(j, &text, &e) < 0 ||
	    store_blob_put(t->store, type, text.p, text.n, ret, &e) < 0)
		abort();
}

/* One more layer of an array; note makes annotations that differ. */
static void add_layer(json_t *layers, const struct desc *d, int note)
{
	json_t *layer = desc_json(d);
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", note);
	if (json_object_set_new(layer, "annotations", json_pack("{s:s}", "n", text)) < 0 ||
	    json_array_append_new(layers, layer) < 0)
		abort();
}

static void put_tag(const struct temp *t, enum cosign_kind kind, json_t *layers)
{
	auto_buf name = BUF_INIT(2 * LIMIT_REF);
	struct desc config, d;
	struct err e = ERR_INIT;
	struct ref at;

	if (store_blob_put(t->store, MT_OCI_CONFIG, "{}", 2, &config, &e) < 0)
		abort();
	auto_json *m = json_pack("{s:i, s:s, s:o, s:O}", "schemaVersion", 2, "mediaType",
				 MT_OCI_MANIFEST, "config", desc_json(&config), "layers", layers);

	put_json(t, m, MT_OCI_MANIFEST, &d);
	if (cosign_ref(&t->ref, &t->image.digest, kind, &at, &e) < 0)
		abort();
	ref_tagged(&at, &name);
	if (store_tag(t->store, buf_str(&name), &d, &e) < 0)
		abort();
}

static void find(const struct temp *t, const struct signers *k, struct sigstore_findings *ret)
{
	const struct sigstore_query q = { .ref = &t->ref };
	struct err e = ERR_INIT;

	sigstore_findings_free(ret);
	if (sigstore_find(t->store, &t->image, &k->trust, &q, ret, &e) < 0) {
		printf("# %s\n", e.msg);
		abort();
	}
}

static void attest_tag(const struct temp *t, const struct key *k, const char *repository)
{
	auto_json *layers = json_array();
	auto_json *j = envelope(t, k, repository);
	struct desc d;

	put_json(t, j, DSSE_LAYER_TYPE, &d);
	add_layer(layers, &d, 0);
	put_tag(t, COSIGN_ATTESTATIONS, layers);
}

TEST(attestations_under_cosigns_tag)
{
	auto_temp t;
	auto_signers k;
	auto_sigstore_findings f = { 0 };

	temp_open(&t);
	signers_open(&k);
	attest_tag(&t, k.good, REPOSITORY);
	find(&t, &k, &f);
	CHECK(f.n == 1 && f.refused.n == 0);
	CHECK(f.n && f.v[0].format == SIGSTORE_ENVELOPE && !sigstore_is_signature(&f.v[0]));
	CHECK_STR(f.n ? f.v[0].predicate_type : "", PREDICATE_PROVENANCE_02);
	CHECK_STR(f.n ? f.v[0].signer : "", "ci");
	CHECK(f.n && strstr(buf_str(&f.v[0].statement), "subject"));
	/* With a tag in the name, as skopeo writes it. */
	attest_tag(&t, k.good, REPOSITORY ":1");
	find(&t, &k, &f);
	CHECK(f.n == 1);
	attest_tag(&t, k.good, "127.0.0.1:5000/elsewhere");
	find(&t, &k, &f);
	CHECK(f.n == 0 && f.refused.n == 1 && strstr(f.refused.v[0], "repository"));
	attest_tag(&t, k.good, "");
	find(&t, &k, &f);
	CHECK(f.n == 0 && f.refused.n == 1 && strstr(f.refused.v[0], "names no repository"));
	attest_tag(&t, k.bad, REPOSITORY);
	find(&t, &k, &f);
	CHECK(f.n == 0 && f.refused.n == 1 && strstr(f.refused.v[0], "none of the 1 trusted"));
}

/* cosign's "OCI 1.1 mode": what else is under a tag is a referrer. */
TEST(attestations_in_a_referrer)
{
	auto_temp t;
	auto_signers k;
	auto_sigstore_findings f = { 0 };
	struct err e = ERR_INIT;
	struct desc config, layer, d;

	temp_open(&t);
	signers_open(&k);
	auto_json *j = envelope(&t, k.good, REPOSITORY);

	put_json(&t, j, DSSE_LAYER_TYPE, &layer);
	CHECK(store_blob_put(t.store, MT_OCI_EMPTY, "{}", 2, &config, &e) == 0);
	auto_json *m =
		json_pack("{s:i, s:s, s:s, s:o, s:[o], s:o}", "schemaVersion", 2, "mediaType",
			  MT_OCI_MANIFEST, "artifactType",
			  cosign_artifact_type(COSIGN_ATTESTATIONS), "config", desc_json(&config),
			  "layers", desc_json(&layer), "subject", desc_json(&t.image));

	put_json(&t, m, MT_OCI_MANIFEST, &d);
	CHECK(store_add_referrer(t.store, &d, &t.image.digest, &e) == 0);
	find(&t, &k, &f);
	CHECK(f.n == 1 && f.refused.n == 0 && digest_eq(&f.v[0].carrier, &d.digest));
}

TEST(layers_that_are_no_envelopes)
{
	auto_temp t;
	auto_signers k;
	auto_sigstore_findings f = { 0 };
	auto_json *layers = json_array();
	struct desc d;

	temp_open(&t);
	signers_open(&k);
	auto_json *two = envelope(&t, k.good, REPOSITORY);
	auto_json *one = envelope(&t, k.good, REPOSITORY);
	json_t *signatures = json_object_get(two, "signatures");

	put_json(&t, one, "application/octet-stream", &d);
	add_layer(layers, &d, 0);
	CHECK(json_array_append_new(signatures, json_deep_copy(json_array_get(signatures, 0))) ==
	      0);
	put_json(&t, two, DSSE_LAYER_TYPE, &d);
	add_layer(layers, &d, 0);
	(void)store_blob_put(t.store, DSSE_LAYER_TYPE, "{", 1, &d, NULL);
	add_layer(layers, &d, 0);
	put_tag(&t, COSIGN_ATTESTATIONS, layers);
	find(&t, &k, &f);
	CHECK(f.n == 0 && f.refused.n == 3);
	/* What is not even such a layer is told first, the others from the last to the first. */
	CHECK(f.refused.n == 3 && strstr(f.refused.v[0], "attestation in sha256") &&
	      strstr(f.refused.v[0], "octet-stream") && strstr(f.refused.v[1], "envelope") &&
	      strstr(f.refused.v[2], "exactly one signature"));
}

/* Carried by referrers as cosign's versions have named them. */
static void attach(const struct temp *t, const json_t *bundle, const char *type, int note)
{
	struct err e = ERR_INIT;
	struct desc config, layer, d;
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", note);
	put_json(t, bundle, type, &layer);
	if (store_blob_put(t->store, MT_OCI_EMPTY, "{}", 2, &config, &e) < 0)
		abort();
	auto_json *m = json_pack("{s:i, s:s, s:s, s:o, s:[o], s:o, s:{s:s}}", "schemaVersion", 2,
				 "mediaType", MT_OCI_MANIFEST, "artifactType", type, "config",
				 desc_json(&config), "layers", desc_json(&layer), "subject",
				 desc_json(&t->image), "annotations", "n", text);

	put_json(t, m, MT_OCI_MANIFEST, &d);
	if (store_add_referrer(t->store, &d, &t->image.digest, &e) < 0)
		abort();
}

static json_t *bundle(const struct temp *t, const struct key *k, const char *type)
{
	return json_pack("{s:s, s:{s:{}}, s:o}", "mediaType", type, "verificationMaterial",
			 "publicKey", "dsseEnvelope", envelope(t, k, REPOSITORY));
}

TEST(bundles_of_every_name)
{
	static const char *const types[] = {
		"application/vnd.dev.sigstore.bundle.v0.3+json",
		"application/vnd.dev.sigstore.bundle+json;version=0.3",
		"application/vnd.dev.sigstore.bundle+json;version=0.1",
	};
	auto_temp t;
	auto_signers k;
	auto_sigstore_findings f = { 0 };

	temp_open(&t);
	signers_open(&k);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		auto_json *b = bundle(&t, k.good, types[i]);

		attach(&t, b, types[i], 0);
		find(&t, &k, &f);
		CHECK(f.n == i + 1 && f.refused.n == 0);
	}
	/* The carrier tells no version; the bundle does. */
	auto_json *b = bundle(&t, k.good, types[0]);

	attach(&t, b, "application/vnd.dev.sigstore.bundle+json", 0);
	attach(&t, b, "application/vnd.example.other+json", 0);
	find(&t, &k, &f);
	CHECK(f.n == 4 && f.refused.n == 0);
}

/* No key id: that is nobody's word, and may change. */
TEST(every_byte_of_an_envelope_flipped)
{
	static const char masks[] = { 0x01, 0x20, 0x40, 0x08 };
	auto_temp t;
	auto_signers k;
	auto_buf text = BUF_INIT(8192), statement = BUF_INIT(8192);
	struct err e = ERR_INIT;
	struct verdict v;
	size_t bad = 0;

	temp_open(&t);
	signers_open(&k);
	auto_json *j = envelope(&t, k.good, REPOSITORY);
	struct judgement judgement = { .form = SIGNED_ENVELOPE,
				       .digest = &t.image.digest,
				       .trust = &k.trust,
				       .repository = REPOSITORY };

	CHECK(json_canonical(j, &text, &e) == 0);
	judgement.bytes = (struct str){ text.p, text.n };
	CHECK(envelope_judge(&judgement, &v, &statement, &e) == 0);
	for (size_t i = 0; i < text.n; i++) {
		text.p[i] = (char)(text.p[i] ^ masks[i % sizeof(masks)]);
		bad += envelope_judge(&judgement, &v, &statement, &e) == 0;
		text.p[i] = (char)(text.p[i] ^ masks[i % sizeof(masks)]);
	}
	CHECK(bad == 0);
	for (size_t n = 0; n < text.n; n++) {
		judgement.bytes.n = n;
		bad += envelope_judge(&judgement, &v, &statement, &e) == 0;
	}
	CHECK(bad == 0);
}

TEST(junk_hides_none)
{
	enum { JUNK = 105 };
	auto_temp t;
	auto_signers k;
	auto_sigstore_findings f = { 0 };

	temp_open(&t);
	signers_open(&k);
	auto_json *good = bundle(&t, k.good, SIGSTORE_BUNDLE_TYPE);
	auto_json *bad = bundle(&t, k.bad, SIGSTORE_BUNDLE_TYPE);

	/* The oldest is looked at last. */
	attach(&t, good, SIGSTORE_BUNDLE_TYPE, 0);
	for (int i = 1; i <= JUNK; i++)
		attach(&t, bad, SIGSTORE_BUNDLE_TYPE, i);
	find(&t, &k, &f);
	CHECK(f.n == 1 && f.refused.n == JUNK && f.unseen == 0);
}

TEST(what_was_not_looked_at_is_counted)
{
	auto_temp t;
	auto_signers k;
	auto_sigstore_findings f = { 0 };
	auto_json *layers = json_array(), *none = json_array();
	struct desc good, junk;

	temp_open(&t);
	signers_open(&k);
	auto_json *j = envelope(&t, k.good, REPOSITORY);

	put_json(&t, j, DSSE_LAYER_TYPE, &good);
	(void)store_blob_put(t.store, DSSE_LAYER_TYPE, "{", 1, &junk, NULL);
	add_layer(layers, &good, 0);
	for (int i = 1; i < LIMIT_LAYERS; i++)
		add_layer(layers, &junk, i);
	put_tag(&t, COSIGN_ATTESTATIONS, layers);
	find(&t, &k, &f);
	CHECK(f.n == 1 && f.unseen == 0 && f.refused.n == LIMIT_LAYERS - 1);
	(void)store_blob_put(t.store, SIMPLE_LAYER_TYPE, "{", 1, &junk, NULL);
	for (int i = 0; i < LIMIT_LAYERS; i++)
		add_layer(none, &junk, i);
	put_tag(&t, COSIGN_SIGNATURES, none);
	find(&t, &k, &f);
	CHECK(f.n == 0 && f.refused.n == LIMIT_TRIED);
	CHECK(f.unseen == 2 * LIMIT_LAYERS - LIMIT_TRIED);
	/* More than a manifest of ours ever has: the first are left. */
	add_layer(none, &junk, -1);
	put_tag(&t, COSIGN_SIGNATURES, none);
	find(&t, &k, &f);
	CHECK(f.n == 0 && f.unseen == 2 * LIMIT_LAYERS + 1 - LIMIT_TRIED);
}

/* Somebody who attests every night comes to the limit, and one night more. */
TEST(what_is_merged_is_newer)
{
	auto_temp t;
	auto_json *full = json_array(), *newer = json_array();
	auto_json *theirs = json_pack("{s:O}", "layers", newer);
	struct manifest other = { .json = theirs };
	auto_manifest m = { 0 };
	struct err e = ERR_INIT;
	struct desc d;
	bool changed = false;

	temp_open(&t);
	if (store_blob_put(t.store, DSSE_LAYER_TYPE, "x", 1, &d, &e) < 0)
		abort();
	for (int i = 0; i < LIMIT_COSIGN_LAYERS; i++)
		add_layer(full, &d, i);
	put_tag(&t, COSIGN_ATTESTATIONS, full);
	add_layer(newer, &d, LIMIT_COSIGN_LAYERS);
	for (int i = 0; i < 2; i++) {
		CHECK(cosign_merge(t.store, &t.ref, &t.image.digest, COSIGN_ATTESTATIONS, &other,
				   &changed, &e) == 0);
		CHECK(changed == (i == 0));
	}
	CHECK(cosign_load(t.store, &t.ref, &t.image.digest, COSIGN_ATTESTATIONS, &m, NULL, NULL,
			  &e) == 0);
	CHECK(m.layers_n == LIMIT_COSIGN_LAYERS);
	CHECK(cosign_has_layer(json_object_get(m.json, "layers"), json_array_get(newer, 0)));
	CHECK(!cosign_has_layer(json_object_get(m.json, "layers"), json_array_get(full, 0)));
}

TEST(one_key_under_two_names)
{
	auto_signers k;
	auto_buf pem = BUF_INIT(LIMIT_KEY_PEM);
	struct err e = ERR_INIT;

	signers_open(&k);
	CHECK(key_public_to_pem(k.good, &pem, &e) == 0 &&
	      sigstore_trust_key(&k.trust, "second", (struct str){ buf_str(&pem), pem.n }, &e) ==
		      0);
	CHECK(k.trust.n == 1 && k.trust.aliases_n == 1);
	CHECK(sigstore_trust_is(&k.trust, "ci", k.trust.v[0].id));
	CHECK(sigstore_trust_is(&k.trust, "second", k.trust.v[0].id));
	CHECK(!sigstore_trust_is(&k.trust, "third", k.trust.v[0].id));
	CHECK(!sigstore_trust_is(&k.trust, "ci", "00"));
}

/* Two subjects with one digest: name and annotations are told of the same one. */
TEST(a_statement_of_two_names)
{
	struct statement_info info;
	struct err e = ERR_INIT;
	struct digest d;
	auto_buf text = BUF_INIT(4096);
	auto_json *prod = json_pack("{s:s}", "env", "prod"),
		  *dev = json_pack("{s:s}", "env", "dev");

	digest_of("x", 1, &d);
	buf_printf(&text,
		   "{\"_type\":\"" IN_TOTO_STATEMENT "\",\"predicateType\":\"p\",\"predicate\":{},"
		   "\"subject\":[{\"name\":\"r.example/prod\",\"digest\":{\"sha256\":\"%s\"},"
		   "\"annotations\":{\"env\":\"prod\"}},"
		   "{\"name\":\"r.example/dev\",\"digest\":{\"sha256\":\"%s\"},"
		   "\"annotations\":{\"env\":\"dev\"}}]}",
		   digest_hex(&d), digest_hex(&d));

	const struct str payload = { buf_str(&text), text.n };

	CHECK(statement_read(payload, &d, NULL, &info, &e) == 0 && info.covers);
	CHECK_STR(info.name, "r.example/prod");
	CHECK(statement_read(payload, &d, "r.example/dev", &info, &e) == 0 && info.covers);
	CHECK_STR(info.name, "r.example/dev");
	CHECK(statement_says(payload, &d, "r.example/dev", dev, &e) == 0);
	CHECK(statement_says(payload, &d, "r.example/dev", prod, &e) == E_VERIFY);
	CHECK(statement_says(payload, &d, NULL, prod, &e) == 0);
}

TAP_MAIN()
