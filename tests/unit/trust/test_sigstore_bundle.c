/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles and simple signing payloads: their limits, and every byte of them changed in turn. */
#include <stdlib.h>

#include "base/encode.h"
#include "tap.h"
#include "trust/sigstore/internal.h"

#define ARTIFACT "the artifact\n" /* of tests/lib/sigstore_cases.py */

static const unsigned char masks[] = { 0x01, 0x20, 0x80, 0x02, 0x10 };

/* A seed of the fuzzer: a trusted root, a NUL and a bundle. */
static bool load_seed(const char *name, struct buf *whole, struct str *ret_root,
		      struct str *ret_bundle)
{
	const char *src = getenv("PLIMSOLL_SRC");
	char path[4096];
	size_t n;

	if (!src)
		return false;
	(void)snprintf(path, sizeof(path), "%s/fuzz/corpus/sigstore_bundle/%s", src, name);
	*whole = BUF_INIT(LIMIT_BUNDLE);
	if (fs_read_user(path, LIMIT_BUNDLE, whole, NULL) < 0)
		abort();
	n = strlen(whole->p);
	*ret_root = (struct str){ whole->p, n };
	*ret_bundle = (struct str){ whole->p + n + 1, whole->n - n - 1 };
	return true;
}

static int prove(struct str bundle, const struct trusted_root *root, struct err *e)
{
	auto_bundle b = { 0 };
	unsigned char digest[SHA256_LEN];
	const struct proof_want w = { .message = str_of(ARTIFACT),
				      .sha256 = { (const char *)digest, sizeof(digest) },
				      .root = root,
				      .keyless = true };
	struct proof p;
	int r = bundle_parse(bundle, &b, e);

	sha256_once(ARTIFACT, strlen(ARTIFACT), digest);
	return r < 0 ? r : bundle_prove(&b, &w, &p, e);
}

static struct str find_token(struct str bundle)
{
	static const char member[] = "\"signedTimestamp\":\"";
	const char *at = memmem(bundle.p, bundle.n, member, strlen(member));

	if (!at)
		return (struct str){ bundle.p, 0 };
	at += strlen(member);
	return (struct str){ at, strcspn(at, "\"") };
}

static void flip_all(const char *seed)
{
	auto_buf whole = BUF_INIT(0);
	auto_trusted_root root = { 0 };
	struct str root_json, bundle;
	struct err e = ERR_INIT;
	struct str token;
	int bad = 0;

	if (!load_seed(seed, &whole, &root_json, &bundle))
		TAP_SKIP("needs PLIMSOLL_SRC");
	CHECK(trusted_root_parse(root_json, &root, &e) == 0);
	CHECK(prove(bundle, &root, &e) == 0);

	auto_free char *copy = malloc(bundle.n);

	/* What is in a time-stamp is for the tests of those. */
	token = find_token(bundle);
	for (size_t i = 0; copy && i < bundle.n; i++) {
		if (bundle.p + i >= token.p && bundle.p + i < token.p + token.n)
			continue;
		memcpy(copy, bundle.p, bundle.n);
		copy[i] = (char)(copy[i] ^ masks[i % sizeof(masks)]);
		if (prove((struct str){ copy, bundle.n }, &root, &e) < 0)
			continue;
		if (bad++ < 5)
			printf("# byte %zu of %s: %.40s\n", i, seed, bundle.p + i);
	}
	CHECK(copy && bad == 0);
}

TEST(every_byte_of_a_keyless_message_flipped)
{
	flip_all("v0.3");
}

TEST(every_byte_of_a_keyless_attestation_flipped)
{
	flip_all("dsse-entry-dsse");
}

TEST(every_byte_of_a_timestamped_bundle_flipped)
{
	flip_all("rekor2");
}

/* By key there is one part that nothing depends on: the hint. */
TEST(every_byte_of_a_bundle_by_key_flipped)
{
	auto_release(key_free) struct key *k = NULL;
	auto_json *env = NULL;
	auto_buf b = BUF_INIT(LIMIT_BUNDLE);
	char hint[KEY_HINT_MAX];
	struct err e = ERR_INIT;
	const char *at;
	int bad = 0;

	CHECK(key_generate(KEY_EC_P256, &k, &e) == 0 && key_hint(k, hint, &e) == 0 &&
	      dsse_sign(k, IN_TOTO_PAYLOAD_TYPE, STR("{\"a\":1}"), NULL, &env, &e) == 0 &&
	      bundle_make(env, hint, &b, &e) == 0);
	at = strstr(buf_str(&b), hint);
	for (size_t i = 0; i < b.n; i++) {
		const struct key *one = k;
		const struct proof_want w = { .keys = &one, .keys_n = 1 };
		auto_bundle parsed = { 0 };
		struct proof p;

		b.p[i] = (char)(b.p[i] ^ masks[i % sizeof(masks)]);
		if (bundle_parse((struct str){ b.p, b.n }, &parsed, &e) == 0 &&
		    bundle_prove(&parsed, &w, &p, &e) == 0 &&
		    !(b.p + i >= at && b.p + i < at + strlen(hint))) {
			printf("# byte %zu\n", i);
			bad++;
		}
		b.p[i] = (char)(b.p[i] ^ masks[i % sizeof(masks)]);
	}
	CHECK(bad == 0);
}

TEST(every_byte_of_a_simple_signature_flipped)
{
	auto_release(key_free) struct key *k = NULL;
	auto_buf payload = BUF_INIT(LIMIT_SIMPLE), sig = BUF_INIT(LIMIT_SIGNATURE_BYTES),
		 text = BUF_INIT(1024), pem = BUF_INIT(LIMIT_KEY_PEM);
	auto_sigstore_trust trust = { 0 };
	struct judgement j = { .trust = &trust, .repository = "registry.example/team/web" };
	struct digest d;
	struct verdict v;
	struct err e = ERR_INIT;
	auto_json *notes = json_object();

	digest_of("x", 1, &d);
	CHECK(key_generate(KEY_EC_P256, &k, &e) == 0 && key_public_to_pem(k, &pem, &e) == 0 &&
	      sigstore_trust_key(&trust, "k", (struct str){ pem.p, pem.n }, &e) == 0 &&
	      simple_make("registry.example/team/web", &d, NULL, &payload, &e) == 0 &&
	      sigstore_sign_sha256(k, payload.p, payload.n, &sig, &e) == 0);
	b64_put(&text, B64_STD, sig.p, sig.n);
	j.digest = &d;
	j.bytes = (struct str){ payload.p, payload.n };
	j.annotations = notes;
	CHECK(json_put_string(notes, SIMPLE_SIGNATURE, text.p, &e) == 0);
	CHECK(simple_judge(&j, &v, &e) == 0);
	for (size_t i = 0; i < payload.n; i++) {
		payload.p[i] = (char)(payload.p[i] ^ masks[i % sizeof(masks)]);
		CHECK(simple_judge(&j, &v, &e) < 0);
		payload.p[i] = (char)(payload.p[i] ^ masks[i % sizeof(masks)]);
	}
	for (size_t i = 0; i < sig.n; i++) {
		sig.p[i] = (char)(sig.p[i] ^ masks[i % sizeof(masks)]);
		buf_reset(&text);
		b64_put(&text, B64_STD, sig.p, sig.n);
		CHECK(json_put_string(notes, SIMPLE_SIGNATURE, text.p, &e) == 0);
		CHECK(simple_judge(&j, &v, &e) < 0);
		sig.p[i] = (char)(sig.p[i] ^ masks[i % sizeof(masks)]);
	}
}

/* Simple signing payloads, as strict as the containers' own reader. */

#define HEX "abababababababababababababababababababababababababababababababab"
#define IMAGE "\"image\":{\"docker-manifest-digest\":\"sha256:" HEX "\"}"
#define ID(name) "\"identity\":{\"docker-reference\":\"" name "\"}"
#define TYPE "\"type\":\"" SIMPLE_TYPE "\""
#define PAYLOAD(critical, more) "{\"critical\":{" critical "}" more "}"

static int simple(const char *text, const char *repository)
{
	struct digest d = { "sha256:" HEX };
	struct simple p;
	struct err e = ERR_INIT;
	int r = simple_parse(str_of(text), &p, &e);

	return r < 0 ? r : simple_check(&p, &d, repository, &e);
}

TEST(simple_payloads)
{
	static const char *const bad[] = {
		"",
		"null",
		PAYLOAD(IMAGE "," ID("r/a"), ",\"optional\":null"),
		PAYLOAD(IMAGE "," TYPE, ",\"optional\":null"),
		PAYLOAD(ID("r/a") "," TYPE, ",\"optional\":null"),
		PAYLOAD(IMAGE "," ID("r/a") "," TYPE ",\"x\":1", ""),
		PAYLOAD(IMAGE "," IMAGE "," ID("r/a") "," TYPE, ""),
		PAYLOAD(IMAGE "," ID("r/a") ",\"type\":\"atomic container signature\"", ""),
		PAYLOAD(IMAGE "," ID("r/a") ",\"Type\":\"" SIMPLE_TYPE "\"", ""),
		PAYLOAD(IMAGE "," ID("r/a") "," TYPE, ",\"extra\":1"),
		PAYLOAD(IMAGE "," ID("r/a") "," TYPE, ",\"optional\":[]"),
		PAYLOAD(IMAGE "," ID("r/a") "," TYPE, "") "x",
		PAYLOAD("\"image\":{\"docker-manifest-digest\":\"" HEX "\"}," ID("r/a") "," TYPE,
			""),
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(simple(bad[i], NULL) == E_FORMAT);
	CHECK(simple(PAYLOAD(IMAGE "," ID("h.example/a") "," TYPE, ""), "h.example/a") == 0);
	CHECK(simple(PAYLOAD(IMAGE "," ID("h.example/a:1") "," TYPE, ",\"optional\":{\"n\":1}"),
		     "h.example/a") == 0);
	CHECK(simple(PAYLOAD(IMAGE "," ID("h.example/a") "," TYPE, ""), "h.example/ab") ==
	      E_VERIFY);
	CHECK(simple(PAYLOAD(IMAGE "," ID("h.example/ab") "," TYPE, ""), "h.example/a") ==
	      E_VERIFY);
	CHECK(simple(PAYLOAD(IMAGE "," ID("") "," TYPE, ""), "h.example/a") == E_VERIFY);
	CHECK(simple(PAYLOAD(IMAGE "," ID("") "," TYPE, ""), NULL) == 0);
}

TEST(tags_of_signatures)
{
	CHECK(cosign_is_tag("sha256-" HEX ".sig"));
	CHECK(cosign_is_tag("sha256-" HEX ".att"));
	CHECK(!cosign_is_tag("sha256-" HEX ".sbom"));
	CHECK(!cosign_is_tag("sha256-" HEX));
	CHECK(!cosign_is_tag("sha256-AB" HEX ".sig"));
	CHECK(!cosign_is_tag("1.0"));
}

/* Limits: at them, and one past. */

static int with_entries(size_t entries, size_t hashes, size_t tokens, size_t hint)
{
	static const char zero[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	auto_buf b = BUF_INIT(4 << 20);
	auto_bundle parsed = { 0 };
	struct err e = ERR_INIT;
	int r;

	buf_puts(&b, "{\"mediaType\":\"" SIGSTORE_BUNDLE_TYPE
		     "\",\"messageSignature\":{\"signature\":\"AA==\"},"
		     "\"verificationMaterial\":{\"publicKey\":{\"hint\":\"");
	for (size_t i = 0; i < hint; i++)
		buf_putc(&b, 'h');
	buf_puts(&b, "\"},\"tlogEntries\":[");
	for (size_t i = 0; i < entries; i++) {
		buf_printf(&b,
			   "%s{\"logIndex\":\"1\",\"logId\":{\"keyId\":\"%s\"},\"kindVersion\":"
			   "{\"kind\":\"k\",\"version\":\"1\"},\"canonicalizedBody\":\"e30=\","
			   "\"inclusionProof\":{\"rootHash\":\"%s\",\"treeSize\":1,"
			   "\"checkpoint\":{\"envelope\":\"x\"},\"hashes\":[",
			   i ? "," : "", zero, zero);
		for (size_t k = 0; k < hashes; k++)
			buf_printf(&b, "%s\"%s\"", k ? "," : "", zero);
		buf_puts(&b, "]}}");
	}
	buf_puts(&b, "],\"timestampVerificationData\":{\"rfc3161Timestamps\":[");
	for (size_t i = 0; i < tokens; i++)
		buf_puts(&b,
			 i ? ",{\"signedTimestamp\":\"AA==\"}" : "{\"signedTimestamp\":\"AA==\"}");
	buf_puts(&b, "]}}}");
	r = bundle_parse((struct str){ b.p, b.n }, &parsed, &e);
	if (r < 0)
		printf("# %s\n", e.msg);
	return r;
}

TEST(limits)
{
	CHECK(with_entries(LIMIT_BUNDLE_ENTRIES, LIMIT_PROOF_HASHES, LIMIT_BUNDLE_TIMESTAMPS,
			   LIMIT_BUNDLE_HINT) == 0);
	CHECK(with_entries(LIMIT_BUNDLE_ENTRIES + 1, 0, 0, 1) == E_FORMAT);
	CHECK(with_entries(1, LIMIT_PROOF_HASHES + 1, 0, 1) == E_FORMAT);
	CHECK(with_entries(0, 0, LIMIT_BUNDLE_TIMESTAMPS + 1, 1) == E_FORMAT);
	CHECK(with_entries(0, 0, 0, LIMIT_BUNDLE_HINT + 1) == E_FORMAT);
}

TAP_MAIN()
