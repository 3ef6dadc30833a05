/* SPDX-License-Identifier: Apache-2.0 */
/* The trust folder, signing and verifying on a store. */
#include "tap.h"
#include "temp_state.h"

static int verify(const struct temp *t, struct trust_result *res, struct err *e)
{
	return trust_verify(&t->state, t->store, &t->ref, &t->image, res, e);
}

static void init(const struct temp *t, const char *name)
{
	const struct trust_init_opts o = { .name = name,
					   .kind = KEY_EC_P256,
					   .subject = "C=US,ST=WA,O=acme,CN=build" };
	struct err e = ERR_INIT;

	CHECK(trust_init(&t->state, &o, NULL, &e) == 0);
}

static void sign(const struct temp *t, struct desc *ret)
{
	const struct trust_sign_opts o = { 0 };
	struct err e = ERR_INIT;

	CHECK(trust_sign(&t->state, t->store, &t->image, &o, ret, NULL, &e) == 0);
	if (e.code)
		printf("# %s\n", e.msg);
}

TEST(round_trip)
{
	auto_temp t;
	struct err e = ERR_INIT;
	struct desc sig, again;
	struct trust_result res;
	bool existing = false;
	const struct trust_sign_opts o = { 0 }, expiring = { .expiry = 3600 };

	temp_open(&t);
	init(&t, NULL);
	CHECK(verify(&t, &res, &e) == E_VERIFY && strstr(e.msg, "nobody signed"));
	CHECK_STR(e.hint, "whoever built it signs it and pushes it again: plimsoll sign "
			  "127.0.0.1:5000/web:1, "
			  "plimsoll push");
	sign(&t, &sig);
	CHECK(verify(&t, &res, &e) == 0);
	CHECK_STR(res.subject, "CN=build,O=acme,ST=WA,C=US");
	CHECK_STR(res.statement, "default");
	CHECK_STR(res.level, "strict");
	CHECK(digest_eq(&res.signature, &sig.digest) && !res.skipped);
	/* Again: nothing is added. */
	CHECK(trust_sign(&t.state, t.store, &t.image, &o, &again, &existing, &e) == 0);
	CHECK(existing && digest_eq(&again.digest, &sig.digest));
	/* One that expires is another; and it too is made once. */
	CHECK(trust_sign(&t.state, t.store, &t.image, &expiring, &again, &existing, &e) == 0);
	CHECK(!existing && !digest_eq(&again.digest, &sig.digest));
	CHECK(trust_sign(&t.state, t.store, &t.image, &expiring, &again, &existing, &e) == 0);
	CHECK(existing);
}

TEST(init_refuses_to_overwrite)
{
	auto_temp t;
	struct err e = ERR_INIT;
	struct trust_init_opts o = { .kind = KEY_EC_P384 };
	struct desc sig;
	struct trust_result res;

	temp_open(&t);
	init(&t, NULL);
	sign(&t, &sig);
	CHECK(trust_init(&t.state, &o, NULL, &e) == E_USAGE && strstr(e.msg, "already"));
	o.force = true;
	CHECK(trust_init(&t.state, &o, NULL, &e) == 0);
	CHECK(verify(&t, &res, &e) == 0); /* the old certificate is still trusted */
	o = (struct trust_init_opts){ .name = "../x", .kind = KEY_EC_P256 };
	CHECK(trust_init(&t.state, &o, NULL, &e) == E_USAGE);
	o = (struct trust_init_opts){ .name = "ed", .kind = KEY_ED25519 };
	CHECK(trust_init(&t.state, &o, NULL, &e) == E_USAGE);
}

TEST(passphrase)
{
	auto_temp t;
	struct err e = ERR_INIT;
	const struct trust_init_opts o = { .kind = KEY_EC_P256, .passphrase = "open sesame" };
	struct trust_sign_opts so = { 0 };
	struct desc sig;

	temp_open(&t);
	CHECK(trust_init(&t.state, &o, NULL, &e) == 0);
	CHECK(trust_sign(&t.state, t.store, &t.image, &so, &sig, NULL, &e) == E_USAGE);
	CHECK(strstr(e.hint, "--passphrase-file") != NULL);
	so.passphrase = "wrong";
	CHECK(trust_sign(&t.state, t.store, &t.image, &so, &sig, NULL, &e) == E_USAGE);
	CHECK(strstr(e.msg, "passphrase is wrong") != NULL);
	so.passphrase = "open sesame";
	CHECK(trust_sign(&t.state, t.store, &t.image, &so, &sig, NULL, &e) == 0);
}

TEST(key_for_others_to_read)
{
	auto_temp t;
	struct err e = ERR_INIT;
	const struct trust_sign_opts o = { 0 };
	struct desc sig;

	temp_open(&t);
	init(&t, NULL);
	CHECK(fchmodat(t.state.fd, "trust/keys/default.pem", 0640, 0) == 0);
	CHECK(trust_sign(&t.state, t.store, &t.image, &o, &sig, NULL, &e) == E_USAGE);
	CHECK(strstr(e.msg, "mode 640") != NULL);
}

TEST(fail_closed)
{
	auto_temp t;
	struct err e = ERR_INIT;
	struct trust_result res;
	const struct trust_sign_opts o = { 0 };
	struct desc sig;

	temp_open(&t);
	CHECK(verify(&t, &res, &e) == E_VERIFY && strstr(e.msg, "no trust policy"));
	CHECK(strstr(e.hint, "plimsoll trust init") != NULL);
	CHECK(trust_sign(&t.state, t.store, &t.image, &o, &sig, NULL, &e) == E_NOTFOUND);
	CHECK(strstr(e.hint, "plimsoll trust init") != NULL);
	init(&t, NULL);
	sign(&t, &sig);
	CHECK(fs_write_file(t.state.fd, "trust/trustpolicy.json", "{}", 2, 0600, &e) == 0);
	CHECK(verify(&t, &res, &e) == E_FORMAT);
	CHECK(unlinkat(t.state.fd, "trust/trustpolicy.json", 0) == 0);
	CHECK(verify(&t, &res, &e) == E_VERIFY && strstr(e.msg, "no trust policy"));
	/* A link in its place is not followed. */
	CHECK(symlinkat("/dev/null", t.state.fd, "trust/trustpolicy.json") == 0);
	CHECK(verify(&t, &res, &e) < 0);
}

TEST(scopes)
{
#define SCOPED(scope, verification)                                                                \
	"{\"version\":\"1.0\",\"trustPolicies\":[{\"name\":\"p\",\"registryScopes\":[\"" scope     \
	"\"],\"signatureVerification\":{\"level\":\"" verification "}]}"
	static const char other[] = SCOPED("127.0.0.1:5000/other", "skip\"}");
	static const char skip[] = SCOPED("127.0.0.1:5000/web", "skip\"}");
	auto_temp t;
	struct err e = ERR_INIT;
	struct trust_result res;

	temp_open(&t);
	init(&t, NULL);
	CHECK(fs_write_file(t.state.fd, "trust/trustpolicy.json", other, strlen(other), 0600, &e) ==
	      0);
	CHECK(verify(&t, &res, &e) == E_VERIFY && strstr(e.msg, "no statement for"));
	CHECK(fs_write_file(t.state.fd, "trust/trustpolicy.json", skip, strlen(skip), 0600, &e) ==
	      0);
	CHECK(verify(&t, &res, &e) == 0 && res.skipped);
}

TEST(another_host_trusts_the_certificate)
{
	auto_temp builder, production;
	struct err e = ERR_INIT;
	auto_buf pem = BUF_INIT(LIMIT_PEM_CERTS), envelope = BUF_INIT(LIMIT_ENVELOPE);
	enum envelope_form form;
	auto_chain chain = { .n = 0 };
	struct desc sig, copy;
	struct trust_result res;

	temp_open(&builder);
	temp_open(&production);
	init(&builder, NULL);
	sign(&builder, &sig);
	CHECK(trust_export(&builder.state, NULL, NULL, &pem, &e) == 0);
	/* The image is the same, so its signature may be carried over. */
	CHECK(signature_read(builder.store, &sig, &builder.image, &form, &envelope, &e) == 0);
	CHECK(chain_from_file((struct str){ pem.p, pem.n }, &chain, &e) == 0);
	CHECK(signature_attach(production.store, form, (struct str){ envelope.p, envelope.n },
			       &chain, &production.image, 1795000000, &copy, &e) == 0);
	init(&production, NULL); /* the same subject, another key */
	CHECK(verify(&production, &res, &e) == E_VERIFY && strstr(e.msg, "trust store"));
	CHECK(strstr(e.hint, "plimsoll trust add") != NULL);
	CHECK(trust_add_cert(&production.state, (struct str){ pem.p, pem.n },
			     &(struct trust_add_opts){ .store = NULL }, NULL, &e) == 0);
	CHECK(verify(&production, &res, &e) == 0);
	/* And no longer, once it is removed. */
	CHECK(trust_remove(&production.state, res.thumbprint, NULL, NULL, &e) == 0);
	CHECK(verify(&production, &res, &e) == E_VERIFY);
	CHECK(trust_remove(&production.state, "0000000000", NULL, NULL, &e) == E_NOTFOUND);
}

TEST(remove_key_keeps_trust)
{
	auto_temp t;
	struct err e = ERR_INIT;
	struct desc sig;
	struct trust_result res;
	const struct trust_sign_opts o = { 0 };

	temp_open(&t);
	init(&t, NULL);
	sign(&t, &sig);
	CHECK(trust_remove(&t.state, "default", NULL, NULL, &e) == 0);
	CHECK(verify(&t, &res, &e) == 0);
	CHECK(trust_sign(&t.state, t.store, &t.image, &o, &sig, NULL, &e) == E_NOTFOUND);
	CHECK(trust_remove(&t.state, "default", NULL, NULL, &e) == E_NOTFOUND);
}

/* Every byte of the signature's manifest and of its envelope, in the store. */
TEST(flip_every_byte_in_the_store)
{
	auto_temp t;
	struct err e = ERR_INIT;
	struct desc sig;
	struct trust_result res;
	auto_manifest m = { 0 };
	const struct digest *which[2];

	temp_open(&t);
	init(&t, NULL);
	sign(&t, &sig);
	CHECK(store_manifest(t.store, &sig, &m, NULL, &e) == 0);
	which[0] = &sig.digest;
	which[1] = &m.layers[0].digest;
	for (size_t f = 0; f < 2; f++) {
		char path[128], c;
		size_t accepted = 0;
		off_t n;

		(void)snprintf(path, sizeof(path), "blobs/sha256/%s", digest_hex(which[f]));
		CHECK(fchmodat(t.state.fd, path, 0600, 0) == 0);

		auto_close int fd = openat(t.state.fd, path, O_RDWR | O_CLOEXEC);

		n = lseek(fd, 0, SEEK_END);
		CHECK(n > 500);
		for (off_t i = 0; i < n; i++) {
			CHECK(pread(fd, &c, 1, i) == 1);
			c = (char)(c ^ 1);
			CHECK(pwrite(fd, &c, 1, i) == 1);
			accepted += verify(&t, &res, &e) != E_VERIFY;
			c = (char)(c ^ 1);
			CHECK(pwrite(fd, &c, 1, i) == 1);
		}
		CHECK(accepted == 0);
	}
	CHECK(verify(&t, &res, &e) == 0);
}

/* The image's own manifest changed under a good signature. */
TEST(changed_image)
{
	auto_temp t;
	struct err e = ERR_INIT;
	struct desc sig;
	struct trust_result res;
	char path[128];

	temp_open(&t);
	init(&t, NULL);
	sign(&t, &sig);
	(void)snprintf(path, sizeof(path), "blobs/sha256/%s", digest_hex(&t.image.digest));
	CHECK(fchmodat(t.state.fd, path, 0600, 0) == 0);

	auto_close int fd = openat(t.state.fd, path, O_WRONLY | O_CLOEXEC);

	CHECK(pwrite(fd, "[", 1, 0) == 1);
	CHECK(verify(&t, &res, &e) == E_VERIFY);
	CHECK(trust_sign(&t.state, t.store, &t.image, &(struct trust_sign_opts){ 0 }, &sig, NULL,
			 &e) == E_VERIFY);
}

/* A referrer's manifest of any shape. */
static void attach_raw(const struct temp *t, const char *artifact, const struct desc *subject,
		       const char *layers)
{
	struct err e = ERR_INIT;
	struct desc config, d;
	auto_buf m = BUF_INIT(LIMIT_MANIFEST);

	CHECK(store_blob_put(t->store, MT_OCI_EMPTY, "{}", 2, &config, &e) == 0);
	buf_printf(&m,
		   "{\"schemaVersion\":2,\"mediaType\":\"" MT_OCI_MANIFEST "\",%s,\"layers\":[%s],"
		   "\"subject\":{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu}}",
		   artifact, layers, subject->media_type, subject->digest.s,
		   (unsigned long long)subject->size);
	CHECK(store_blob_put(t->store, MT_OCI_MANIFEST, m.p, m.n, &d, &e) == 0);
	CHECK(store_add_referrer(t->store, &d, &subject->digest, &e) == 0);
	if (e.code)
		printf("# %s\n", e.msg);
}

#define EMPTY                                                                                      \
	"\"digest\":\"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\","  \
	"\"size\":2}"
#define NEW_SHAPE                                                                                  \
	"\"artifactType\":\"" NOTARY_ARTIFACT_TYPE "\",\"config\":{\"mediaType\":\"" MT_OCI_EMPTY  \
	"\"," EMPTY
#define OLD_SHAPE "\"config\":{\"mediaType\":\"" NOTARY_ARTIFACT_TYPE "\"," EMPTY

static void layer_text(const struct desc *d, const char *type, uint64_t size, struct buf *ret)
{
	buf_printf(ret, "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu}", type, d->digest.s,
		   (unsigned long long)size);
}

TEST(hostile_referrers)
{
	auto_temp t;
	struct err e = ERR_INIT;
	struct desc sig, wrong;
	struct trust_result res;
	auto_manifest m = { 0 };
	auto_buf one = BUF_INIT(4096), two = BUF_INIT(4096), cose = BUF_INIT(4096),
		 other = BUF_INIT(4096), big = BUF_INIT(4096);
	static const char *const expected[] = { "want one layer", "want a tag",
						"not a signature envelope", "longer than",
						"its subject is not" };

	temp_open(&t);
	init(&t, NULL);
	/* Take a good envelope from elsewhere, so that only the manifest is at fault. */
	sign(&t, &sig);
	CHECK(store_manifest(t.store, &sig, &m, NULL, &e) == 0);
	layer_text(&m.layers[0], JWS_MEDIA_TYPE, m.layers[0].size, &one);
	layer_text(&m.layers[0], "application/cose", m.layers[0].size, &cose);
	layer_text(&m.layers[0], "application/json", m.layers[0].size, &other);
	layer_text(&m.layers[0], JWS_MEDIA_TYPE, LIMIT_ENVELOPE + 1, &big);
	buf_printf(&two, "%s,%s", buf_str(&one), buf_str(&one));

	struct temp fresh;
	auto_buf envelope = BUF_INIT(LIMIT_ENVELOPE);
	enum envelope_form form;
	struct desc ignored;

	CHECK(signature_read(t.store, &sig, &t.image, &form, &envelope, &e) == 0);
	temp_open(&fresh);
	CHECK(store_blob_put(fresh.store, JWS_MEDIA_TYPE, envelope.p, envelope.n, &ignored, &e) ==
	      0);
	init(&fresh, NULL);
	attach_raw(&fresh, NEW_SHAPE, &fresh.image, buf_str(&two));
	attach_raw(&fresh, NEW_SHAPE, &fresh.image, buf_str(&cose));
	attach_raw(&fresh, NEW_SHAPE, &fresh.image, buf_str(&other));
	attach_raw(&fresh, NEW_SHAPE, &fresh.image, buf_str(&big));
	wrong = fresh.image;
	wrong.size++;
	attach_raw(&fresh, NEW_SHAPE, &wrong, buf_str(&one));
	CHECK(verify(&fresh, &res, &e) == E_VERIFY);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		if (!strstr(e.msg, expected[i]))
			printf("# no '%s' in: %s\n", expected[i], e.msg);
		CHECK(strstr(e.msg, expected[i]) != NULL);
	}
	temp_close(&fresh);
}

/* notation 1.3 writes the older shape, without an artifactType. */
TEST(older_manifest_shape)
{
	auto_temp t, fresh;
	struct err e = ERR_INIT;
	struct desc sig, layer;
	struct trust_result res;
	auto_buf envelope = BUF_INIT(LIMIT_ENVELOPE), one = BUF_INIT(4096),
		 pem = BUF_INIT(LIMIT_PEM_CERTS);
	enum envelope_form form;

	temp_open(&t);
	temp_open(&fresh);
	init(&t, NULL);
	sign(&t, &sig);
	CHECK(signature_read(t.store, &sig, &t.image, &form, &envelope, &e) == 0);
	CHECK(store_blob_put(fresh.store, JWS_MEDIA_TYPE, envelope.p, envelope.n, &layer, &e) == 0);
	layer_text(&layer, JWS_MEDIA_TYPE, layer.size, &one);
	attach_raw(&fresh, OLD_SHAPE, &fresh.image, buf_str(&one));
	CHECK(trust_export(&t.state, NULL, NULL, &pem, &e) == 0);
	CHECK(trust_add_cert(&fresh.state, (struct str){ pem.p, pem.n },
			     &(struct trust_add_opts){ .store = "partner" }, NULL, &e) == 0);
	CHECK(verify(&fresh, &res, &e) == 0);
	if (e.code)
		printf("# %s\n", e.msg);
}

/* A flood of signatures that are none: a hundred are tried, then it ends. */
TEST(flood)
{
	auto_temp t;
	struct err e = ERR_INIT;
	struct trust_result res;
	struct desc junk;
	auto_buf layer = BUF_INIT(4096);

	temp_open(&t);
	init(&t, NULL);
	for (int i = 0; i <= LIMIT_SIGNATURES; i++) {
		char text[32];

		(void)snprintf(text, sizeof(text), "junk %d", i);
		CHECK(store_blob_put(t.store, JWS_MEDIA_TYPE, text, strlen(text), &junk, &e) == 0);
		buf_reset(&layer);
		layer_text(&junk, "application/json", junk.size, &layer);
		attach_raw(&t, NEW_SHAPE, &t.image, buf_str(&layer));
	}
	CHECK(verify(&t, &res, &e) == E_VERIFY && strstr(e.msg, "more signatures than are tried"));
	CHECK(strstr(e.hint, "deletes what is no signature"));
}

/* A flood of signatures hides none whose manifest names a certificate that is trusted. */
TEST(flood_of_others)
{
	auto_temp t;
	struct err e = ERR_INIT;
	struct trust_result res;
	auto_trust_signers all = { .v = NULL };
	struct desc junk, good, again;
	bool existing = false;
	auto_buf layer = BUF_INIT(4096);

	temp_open(&t);
	init(&t, NULL);
	for (int i = 0; i <= LIMIT_SIGNATURES; i++) {
		char text[32];

		(void)snprintf(text, sizeof(text), "junk %d", i);
		CHECK(store_blob_put(t.store, JWS_MEDIA_TYPE, text, strlen(text), &junk, &e) == 0);
		buf_reset(&layer);
		layer_text(&junk, JWS_MEDIA_TYPE, junk.size, &layer);
		attach_raw(&t, NEW_SHAPE, &t.image, buf_str(&layer));
	}
	sign(&t, &good);
	CHECK(verify(&t, &res, &e) == 0 && digest_eq(&res.signature, &good.digest));
	CHECK(trust_verify_all(&t.state, t.store, &t.ref, &t.image, NULL, &all, &e) == 0 &&
	      all.n == 1 && all.more);
	/* Nor does it make the same signature twice. */
	CHECK(trust_sign(&t.state, t.store, &t.image, &(struct trust_sign_opts){ 0 }, &again,
			 &existing, &e) == 0);
	CHECK(existing && digest_eq(&again.digest, &good.digest));
}

/* Signers are counted by key: neither a second signature nor a second certificate is a second
 * signer. */
TEST(signers_are_counted)
{
	auto_temp t;
	struct err e = ERR_INIT;
	const struct trust_sign_opts two = { .key = "two" }, cose = { .form = ENVELOPE_COSE };
	auto_trust_signers all = { .v = NULL };
	struct desc sig;

	temp_open(&t);
	init(&t, NULL);
	init(&t, "two");
	CHECK(trust_verify_all(&t.state, t.store, &t.ref, &t.image, NULL, &all, &e) == E_VERIFY);
	sign(&t, &sig);
	CHECK(trust_sign(&t.state, t.store, &t.image, &cose, &sig, NULL, &e) == 0);
	CHECK(trust_verify_all(&t.state, t.store, &t.ref, &t.image, NULL, &all, &e) == 0 &&
	      all.n == 1);
	trust_signers_free(&all);
	CHECK(trust_sign(&t.state, t.store, &t.image, &two, &sig, NULL, &e) == 0);
	CHECK(trust_verify_all(&t.state, t.store, &t.ref, &t.image, NULL, &all, &e) == 0 &&
	      all.n == 2);
	CHECK(strlen(all.v[0].key) == 64 && strcmp(all.v[0].key, all.v[1].key) != 0);
	CHECK_STR(all.v[1].level, "strict");
}

/* A signature is for one repository: carried to another it does not hold, and the message says what
 * to do. */
TEST(carried_to_another_repository)
{
	auto_temp t;
	struct err e = ERR_INIT;
	struct trust_result res;
	struct ref other, local;
	struct desc sig;
	struct trust_sign_opts o = { .ref = &t.ref };

	temp_open(&t);
	init(&t, NULL);
	CHECK(ref_parse("127.0.0.1:5000/other:1", &other, &e) == 0);
	CHECK(ref_parse("web:1", &local, &e) == 0);
	CHECK(trust_sign(&t.state, t.store, &t.image, &o, &sig, NULL, &e) == 0);
	CHECK(verify(&t, &res, &e) == 0);
	CHECK_STR(res.repository, "127.0.0.1:5000/web");
	CHECK(res.checks[TRUST_NAME].outcome == TRUST_PASSED);
	CHECK(trust_verify(&t.state, t.store, &other, &t.image, &res, &e) == E_VERIFY &&
	      strstr(e.msg, "it is signed for 127.0.0.1:5000/web, not for 127.0.0.1:5000/other"));
	CHECK(strstr(e.hint, "plimsoll sign 127.0.0.1:5000/other:1, plimsoll push"));
	CHECK(trust_verify(&t.state, t.store, &local, &t.image, &res, &e) == E_VERIFY &&
	      strstr(e.msg, "not for local/web"));
	/* Where it is asked for, a name must be there. */
	CHECK(fs_write_file(t.state.fd, "trust/require-repository", "", 0, 0600, &e) == 0);
	CHECK(verify(&t, &res, &e) == 0);
	o.ref = NULL;
	CHECK(trust_verify(&t.state, t.store, &other, &t.image, &res, &e) == E_VERIFY);
	CHECK(trust_sign(&t.state, t.store, &t.image, &o, &sig, NULL, &e) == 0);
	CHECK(trust_verify(&t.state, t.store, &other, &t.image, &res, &e) == E_VERIFY &&
	      strstr(e.msg, "it names no repository"));
	CHECK(unlinkat(t.state.fd, "trust/require-repository", 0) == 0);
	CHECK(trust_verify(&t.state, t.store, &other, &t.image, &res, &e) == 0);
	/* Signed for both it holds in both. */
	o.ref = &other;
	CHECK(trust_sign(&t.state, t.store, &t.image, &o, &sig, NULL, &e) == 0);
	CHECK(trust_verify(&t.state, t.store, &other, &t.image, &res, &e) == 0);
	CHECK(verify(&t, &res, &e) == 0);
}

static void put_file(const struct temp *t, const char *path, const char *text, size_t n)
{
	struct err e = ERR_INIT;
	auto_free char *dir = strdup(path);

	*strrchr(dir, '/') = '\0';
	CHECK(fs_mkdir_p(t->state.fd, dir, 0700, &e) == 0);
	CHECK(fs_write_file(t->state.fd, path, text, n, 0600, &e) == 0);
}

#define NOTATION "notation/"
#define NOTATION_CERT NOTATION "truststore/x509/ca/acme/"

/* A folder of notation's, taken over whole or not at all. */
TEST(notation_folders)
{
	static const char policy[] =
		"{\"version\":\"1.0\",\"trustPolicies\":[{\"name\":\"wabbit\",\"registryScopes\":["
		"\"*\"],"
		"\"signatureVerification\":{\"level\":\"strict\"},\"trustStores\":[\"ca:acme\"],"
		"\"trustedIdentities\":[\"*\"]}]}";
	auto_temp builder, t;
	auto_buf pem = BUF_INIT(LIMIT_PEM_CERTS), many = BUF_INIT(LIMIT_PEM_CERTS),
		 folder = BUF_INIT(4096), other = BUF_INIT(LIMIT_PEM_CERTS);
	struct trust_imported got = { 0 };
	struct trust_result res;
	struct err e = ERR_INIT;
	struct desc sig;

	temp_open(&builder);
	temp_open(&t);
	init(&builder, NULL);
	sign(&builder, &sig);
	CHECK(trust_export(&builder.state, NULL, NULL, &pem, &e) == 0);
	init(&t, NULL);
	CHECK(trust_export(&t.state, NULL, NULL, &other, &e) == 0 &&
	      fs_remove_tree(t.state.fd, "trust", &e) == 0);
	buf_printf(&folder, "%s/" NOTATION, builder.path);
	CHECK(trust_import_notation(&builder.state, buf_str(&folder), &got, &e) == E_NOTFOUND);
	/* More certificates in a file than a chain may have. */
	for (int i = 0; i < 2 * LIMIT_CHAIN + 1; i++)
		buf_put(&many, pem.p, pem.n);
	put_file(&builder, NOTATION_CERT "root.crt", many.p, many.n);
	put_file(&builder, NOTATION_CERT "folder.pem/x", "x", 1);
	put_file(&builder, NOTATION_CERT "README", "x", 1);
	put_file(&builder, NOTATION "trustpolicy.oci.json", policy, strlen(policy));
	CHECK(trust_import_notation(&builder.state, buf_str(&folder), &got, &e) == E_USAGE &&
	      strstr(e.msg, "already"));
	CHECK(unlinkat(builder.state.fd, "trust/trustpolicy.json", 0) == 0);
	/* Nobody joins a store of that policy who was here before. */
	put_file(&builder, "trust/truststore/x509/ca/acme/other.pem", other.p, other.n);
	CHECK(trust_import_notation(&builder.state, buf_str(&folder), &got, &e) == E_USAGE &&
	      strstr(e.msg, "ca:acme has other certificates"));
	put_file(&builder, "trust/truststore/x509/ca/acme/other.pem", pem.p, pem.n);
	CHECK(trust_import_notation(&builder.state, buf_str(&folder), &got, &e) == 0);
	CHECK(got.statements == 1 && got.certificates == 2 * LIMIT_CHAIN + 1);
	CHECK(verify(&builder, &res, &e) == 0);
	CHECK_STR(res.statement, "wabbit");
	/* A link, another policy beside it, a broken certificate: nothing is taken. */
	buf_reset(&folder);
	buf_printf(&folder, "%s/" NOTATION, builder.path);
	CHECK(symlinkat("root.crt", builder.state.fd, NOTATION_CERT "link.pem") == 0);
	CHECK(trust_import_notation(&t.state, buf_str(&folder), &got, &e) < 0);
	CHECK(unlinkat(builder.state.fd, NOTATION_CERT "link.pem", 0) == 0);
	put_file(&builder, NOTATION "trustpolicy.json", policy, strlen(policy));
	CHECK(trust_import_notation(&t.state, buf_str(&folder), &got, &e) == E_FORMAT &&
	      strstr(e.msg, "both"));
	CHECK(unlinkat(builder.state.fd, NOTATION "trustpolicy.json", 0) == 0);
	put_file(&builder, NOTATION_CERT "bad.cer", "0\x03xyz", 5);
	CHECK(trust_import_notation(&t.state, buf_str(&folder), &got, &e) == E_FORMAT);
	CHECK(!fs_exists(t.state.fd, "trust"));
}

/* Of the bytes that the store keeps of a signature, none can be another: manifest and envelope. */
TEST(every_stored_byte_flipped)
{
	auto_temp t;
	struct trust_result res;
	struct err e = ERR_INIT;
	struct desc sig, parts[2];
	auto_manifest m = { 0 };

	temp_open(&t);
	init(&t, NULL);
	sign(&t, &sig);
	CHECK(store_manifest(t.store, &sig, &m, NULL, &e) == 0 && m.layers_n == 1);
	parts[0] = sig;
	parts[1] = m.layers[0];
	for (size_t k = 0; k < 2; k++) {
		auto_buf b = BUF_INIT(LIMIT_ENVELOPE), path = BUF_INIT(200);
		size_t accepted = 0;

		buf_printf(&path, "blobs/sha256/%s", digest_hex(&parts[k].digest));
		CHECK(store_blob_read(t.store, &parts[k], LIMIT_ENVELOPE, &b, &e) == 0);
		for (size_t i = 0; i < b.n; i++) {
			b.p[i] = (char)(b.p[i] ^ (1 << i % 8));
			(void)fs_write_cache(t.state.fd, buf_str(&path), b.p, b.n, 0600, NULL);
			accepted += verify(&t, &res, &e) == 0;
			b.p[i] = (char)(b.p[i] ^ (1 << i % 8));
		}
		CHECK(accepted == 0 && b.n > 100);
		(void)fs_write_cache(t.state.fd, buf_str(&path), b.p, b.n, 0600, NULL);
	}
	CHECK(verify(&t, &res, &e) == 0);
}

TEST(add_refusals)
{
	auto_temp t;
	struct err e = ERR_INIT;

	temp_open(&t);
	CHECK(trust_add_cert(&t.state, STR("hello"), &(struct trust_add_opts){ .store = NULL },
			     NULL, &e) == E_FORMAT);
	CHECK(trust_add_cert(&t.state, STR("hello"), &(struct trust_add_opts){ .store = ".." },
			     NULL, &e) == E_USAGE);
	CHECK(!fs_exists(t.state.fd, "trust/trustpolicy.json"));
}

TEST(annotations_are_signed)
{
	auto_temp t;
	struct err e = ERR_INIT;
	struct desc plain, with;
	auto_json *notes = json_pack("{s:s}", "build", "42");
	auto_json *reserved = json_pack("{s:s}", "io.cncf.notary.x", "42");
	struct trust_sign_opts o = { .annotations = notes };
	bool existing = true;
	struct trust_result res;

	temp_open(&t);
	init(&t, NULL);
	sign(&t, &plain);
	CHECK(trust_sign(&t.state, t.store, &t.image, &o, &with, &existing, &e) == 0);
	CHECK(!existing && !digest_eq(&plain.digest, &with.digest));
	CHECK(verify(&t, &res, &e) == 0);
	o.annotations = reserved;
	CHECK(trust_sign(&t.state, t.store, &t.image, &o, &with, &existing, &e) == E_USAGE);
}

TEST(list_and_export)
{
	auto_temp t;
	struct err e = ERR_INIT;
	auto_json *all = NULL;
	auto_buf a = BUF_INIT(LIMIT_PEM_CERTS), b = BUF_INIT(LIMIT_PEM_CERTS);
	const char *thumbprint;

	temp_open(&t);
	init(&t, "ci");
	CHECK(trust_list(&t.state, NULL, &all, &e) == 0);
	CHECK(json_array_size(json_object_get(all, "keys")) == 1);
	CHECK(json_array_size(json_object_get(all, "certificates")) == 1);
	CHECK(json_array_size(json_object_get(all, "policy")) == 1);
	thumbprint =
		json_string_or_null(json_array_get(json_object_get(all, "keys"), 0), "thumbprint");
	CHECK(trust_export(&t.state, NULL, NULL, &a, &e) == E_NOTFOUND);
	CHECK(trust_export(&t.state, "ci", NULL, &a, &e) == 0);
	CHECK(trust_export(&t.state, thumbprint, NULL, &b, &e) == 0);
	CHECK_STR(buf_str(&a), buf_str(&b));
	CHECK(trust_export(&t.state, "nobody", NULL, &a, &e) == E_NOTFOUND);
}

/* What identities there are after each addition: none that overlaps another. */
TEST(identities_in_the_policy)
{
	static const char *const add[] = { "C=US,ST=WA,O=acme,CN=a", "C=US,ST=WA,O=acme,CN=b",
					   "C=US,ST=WA,O=acme,CN=a", "C=US,ST=WA,O=acme",
					   "C=US,ST=WA,O=acme,CN=c", "*",
					   "C=US,ST=WA,O=other" };
	static const size_t count[] = { 1, 2, 2, 1, 1, 1, 1 };
	auto_temp t;

	temp_open(&t);

	auto_close int dir = trust_dir(&t.state, true, NULL);

	for (size_t i = 0; i < sizeof(add) / sizeof(add[0]); i++) {
		struct err e = ERR_INIT;
		auto_policy p = { 0 };
		auto_strv ids = { 0 };
		auto_chain none = { .n = 0 };
		char statement[LIMIT_STATEMENT_NAME + 1];
		const struct admission a = { .store = "default",
					     .identities = &ids,
					     .added = &none };

		CHECK(strv_add(&ids, add[i], &e) == 0);
		CHECK(trust_policy_admit(dir, &a, statement, &e) == 0);
		CHECK(trust_policy_load(dir, &p, &e) == 0);
		CHECK(p.v[0].any_identity ? count[i] == 1 : p.v[0].identities_n == count[i]);
	}
}

TEST(passphrase_sources)
{
	auto_temp t;
	char path[128], from[32];
	static const struct {
		const char *content;
		const char *want;
	} cases[] = { { "secret\n", "secret" },
		      { "secret", "secret" },
		      { "a b\n\n", "a b\n" },
		      { "\n", NULL },
		      { "", NULL } };

	temp_open(&t);
	(void)snprintf(path, sizeof(path), "%s/pass", t.path);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err e = ERR_INIT;
		auto_secret s = BUF_INIT(LIMIT_PASSPHRASE + 2), s2 = BUF_INIT(LIMIT_PASSPHRASE + 2);

		CHECK(fs_write_file(t.state.fd, "pass", cases[i].content, strlen(cases[i].content),
				    0600, &e) == 0);

		auto_close int fd = openat(t.state.fd, "pass", O_RDONLY | O_CLOEXEC);

		(void)snprintf(from, sizeof(from), "fd:%d", fd);
		CHECK(trust_passphrase(path, &s, &e) == (cases[i].want ? 0 : E_USAGE));
		CHECK(trust_passphrase(from, &s2, &e) == (cases[i].want ? 0 : E_USAGE));
		CHECK_STR(buf_str(&s), cases[i].want ? cases[i].want : "");
		CHECK_STR(buf_str(&s2), cases[i].want ? cases[i].want : "");
	}

	struct err e = ERR_INIT;
	auto_secret s = BUF_INIT(LIMIT_PASSPHRASE + 2);
	char longest[LIMIT_PASSPHRASE + 2];

	CHECK(trust_passphrase("fd:x", &s, &e) == E_USAGE);
	CHECK(trust_passphrase("/nowhere/at/all", &s, &e) == E_NOTFOUND);
	memset(longest, 'x', sizeof(longest));
	longest[LIMIT_PASSPHRASE] = '\n';
	CHECK(fs_write_file(t.state.fd, "pass", longest, LIMIT_PASSPHRASE + 1, 0600, &e) == 0);
	CHECK(trust_passphrase(path, &s, &e) == 0 && s.n == LIMIT_PASSPHRASE);
	secret_free(&s);
	longest[LIMIT_PASSPHRASE] = 'x';
	CHECK(fs_write_file(t.state.fd, "pass", longest, LIMIT_PASSPHRASE + 1, 0600, &e) == 0);
	CHECK(trust_passphrase(path, &s, &e) == E_USAGE);
}

TAP_MAIN()
