/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that are revoked or rotated: the list, and that nothing they signed gets past it. */
#include "base/clock.h"
#include "tap.h"
#include "temp_state.h"
#include "trust/sigstore/sigstore.h"

#define K1 "1111111111111111111111111111111111111111111111111111111111111111"
#define K2 "2222222222222222222222222222222222222222222222222222222222222222"
#define LIST(entries) "{\"schema\":\"" WITHDRAWN_SCHEMA "\",\"keys\":[" entries "]}"
#define REVOKED(k)                                                                                 \
	"{\"key\":\"sha256:" k "\",\"state\":\"revoked\",\"since\":\"2026-01-02T03:04:05Z\"}"

static void make_key(const struct temp *t, const char *name, bool force)
{
	const struct trust_init_opts o = { .name = name,
					   .kind = KEY_EC_P256,
					   .subject = "C=US,ST=WA,O=acme,CN=build",
					   .force = force };
	struct err e = ERR_INIT;

	CHECK(trust_init(&t->state, &o, NULL, &e) == 0);
}

static int sign(const struct temp *t, const char *key, struct err *e)
{
	const struct trust_sign_opts o = { .key = key };
	struct desc d;

	return trust_sign(&t->state, t->store, &t->image, &o, &d, NULL, e);
}

static int verify(const struct temp *t, struct err *e)
{
	struct trust_result res;

	return trust_verify(&t->state, t->store, &t->ref, &t->image, &res, e);
}

static int revoke_key(const struct temp *t, const char *name, bool *changed, struct err *e)
{
	const struct trust_revocation o = { .name = name, .reason = "laptop\nstolen" };
	struct withdrawal w;

	return trust_revoke(&t->state, &o, &w, changed, e);
}

TEST(revoked_by_name_at_once)
{
	auto_temp t;
	struct err e = ERR_INIT;
	bool changed = false;

	temp_open(&t);
	make_key(&t, NULL, false);
	CHECK(sign(&t, NULL, &e) == 0 && verify(&t, &e) == 0);
	CHECK(revoke_key(&t, "default", &changed, &e) == 0 && changed);
	CHECK(verify(&t, &e) == E_VERIFY);
	CHECK(strstr(e.msg, "was revoked at") && strstr(e.msg, "laptop stolen"));
	CHECK(sign(&t, NULL, &e) == E_VERIFY && strstr(e.msg, "revoked"));
	CHECK(revoke_key(&t, "default", &changed, &e) == 0 && !changed);
	CHECK(revoke_key(&t, "nobody", &changed, &e) == E_NOTFOUND);
}

/* The thief asks his CA for another certificate, or makes one: the key is the same. */
TEST(another_certificate_of_the_same_key)
{
	auto_temp t;
	struct err e = ERR_INIT;
	auto_buf key = BUF_INIT(LIMIT_KEY_PEM), pem = BUF_INIT(LIMIT_PEM_CERTS);
	auto_release(key_free) struct key *k = NULL;
	auto_release(cert_free) struct cert *c = NULL;
	auto_dn subject = { .n = 0 };
	char first[THUMBPRINT_MAX], second[THUMBPRINT_MAX];
	auto_chain chain = { .n = 0 };
	auto_close int dir = -1;

	temp_open(&t);
	make_key(&t, NULL, false);
	dir = trust_dir(&t.state, false, &e);
	CHECK(trust_key_chain(dir, "default", &chain, &e) == 0);
	cert_thumbprint(chain.v[0], first);
	CHECK(fs_read(dir, "keys/default.pem", LIMIT_KEY_PEM, &key, &e) == 0);
	CHECK(key_from_pem((struct str){ key.p, key.n }, NULL, &k, &e) == 0);
	CHECK(dn_parse(STR("C=US,ST=WA,O=acme,CN=other"), &subject, &e) == 0);
	CHECK(cert_make_self_signed(k, &subject, clock_now(), 10, &c, &e) == 0);
	cert_thumbprint(c, second);
	CHECK(strcmp(first, second) != 0);
	CHECK(cert_to_pem(c, &pem, &e) == 0);
	CHECK(trust_add_cert(&t.state, (struct str){ pem.p, pem.n },
			     &(struct trust_add_opts){ .identity = "*" }, NULL, &e) == 0);
	CHECK(fs_write_file(dir, "keys/default.crt", pem.p, pem.n, 0644, &e) == 0);
	CHECK(sign(&t, NULL, &e) == 0 && verify(&t, &e) == 0);
	/* Revoked by the first certificate; what the second says is refused. */
	CHECK(revoke_key(&t, first, NULL, &e) == 0);
	CHECK(verify(&t, &e) == E_VERIFY && strstr(e.msg, "revoked"));
	CHECK(trust_key_withdrawn(&t.state, k, 0, &e) == E_VERIFY);
}

/* What init, verify and openssl print of a key and of its certificate is not told apart by eye. */
TEST(by_what_other_commands_print)
{
	auto_temp t;
	struct err e = ERR_INIT;
	auto_release(key_free) struct key *k = NULL;
	auto_buf pem = BUF_INIT(LIMIT_KEY_PEM);
	struct withdrawal w = { 0 };
	auto_chain chain = { .n = 0 };
	auto_close int dir = -1;
	char hex[THUMBPRINT_MAX], name[THUMBPRINT_MAX + 16], id[KEY_ID_MAX];
	bool changed = false;

	temp_open(&t);
	make_key(&t, NULL, false);
	make_key(&t, "leaf", false);
	dir = trust_dir(&t.state, false, &e);
	CHECK(trust_key_chain(dir, "default", &chain, &e) == 0);
	CHECK(withdrawal_of(chain.v[0], &w, &e) == 0);
	CHECK(sign(&t, NULL, &e) == 0 && verify(&t, &e) == 0);
	cert_thumbprint(chain.v[0], hex);
	(void)snprintf(name, sizeof(name), "sha256:%s", hex);
	CHECK(revoke_key(&t, name, &changed, &e) == 0 && changed);
	CHECK(verify(&t, &e) == E_VERIFY && strstr(e.msg, "revoked"));
	/* The key's own id is the same key. */
	(void)snprintf(name, sizeof(name), "sha256:%s", w.key);
	CHECK(revoke_key(&t, name, &changed, &e) == 0 && !changed);
	/* A leaf that is in no trust store, and a public key as cosign has it. */
	chain_free(&chain);
	CHECK(trust_key_chain(dir, "leaf", &chain, &e) == 0);
	cert_thumbprint(chain.v[0], hex);
	CHECK(fs_remove_tree(dir, "truststore", &e) == 0);
	CHECK(revoke_key(&t, hex, &changed, &e) == 0 && changed);
	CHECK(key_generate(KEY_EC_P256, &k, &e) == 0 && key_public_to_pem(k, &pem, &e) == 0 &&
	      key_spki_id(k, id, &e) == 0);
	(void)snprintf(name, sizeof(name), "sha256:%s", id);
	CHECK(revoke_key(&t, name, &changed, &e) == E_NOTFOUND && strstr(e.hint, "--cert FILE"));
	CHECK(sigstore_add_key(&t.state, "cosign", (struct str){ pem.p, pem.n }, &e) == 0);
	CHECK(revoke_key(&t, name, &changed, &e) == 0 && changed);
	CHECK(trust_key_withdrawn(&t.state, k, 0, &e) == E_VERIFY);
	/* Of none that is here: only who says that he means a key. */
	CHECK(revoke_key(&t, "sha256:" K1, &changed, &e) == E_NOTFOUND);
	CHECK(revoke_key(&t, "key:sha256:" K1, &changed, &e) == 0 && changed);
	CHECK(revoke_key(&t, "sha256:" K1, &changed, &e) == 0 && !changed);
	CHECK(revoke_key(&t, "key:sha256:1111", &changed, &e) == E_NOTFOUND);
}

/* A policy that only logs cannot be told to admit what a revoked key signed. */
TEST(no_level_makes_an_exception)
{
	static const char audit[] =
		"{\"version\":\"1.0\",\"trustPolicies\":[{\"name\":\"p\",\"registryScopes\":[\"*\"]"
		","
		"\"signatureVerification\":{\"level\":\"audit\"},\"trustStores\":[\"ca:default\"],"
		"\"trustedIdentities\":[\"*\"]}]}";
	auto_temp t;
	struct err e = ERR_INIT;

	temp_open(&t);
	make_key(&t, NULL, false);
	CHECK(fs_write_file(t.state.fd, "trust/trustpolicy.json", audit, strlen(audit), 0600, &e) ==
	      0);
	CHECK(sign(&t, NULL, &e) == 0 && verify(&t, &e) == 0);
	CHECK(revoke_key(&t, "default", NULL, &e) == 0);
	CHECK(verify(&t, &e) == E_VERIFY && strstr(e.msg, "revoked"));
}

TEST(another_signer_still_counts)
{
	auto_temp t;
	struct err e = ERR_INIT;

	temp_open(&t);
	make_key(&t, "a", false);
	make_key(&t, "b", false);
	CHECK(sign(&t, "a", &e) == 0 && sign(&t, "b", &e) == 0);
	CHECK(revoke_key(&t, "a", NULL, &e) == 0);
	CHECK(verify(&t, &e) == 0);
	CHECK(revoke_key(&t, "b", NULL, &e) == 0);
	CHECK(verify(&t, &e) == E_VERIFY);
}

static void put_list(const struct temp *t, const char *text)
{
	struct err e = ERR_INIT;

	CHECK(fs_write_file(t->state.fd, "trust/" FILE_WITHDRAWN, text, strlen(text), 0600, &e) ==
	      0);
}

TEST(a_broken_list_refuses_everything)
{
	static const char *const broken[] = {
		"",
		"{}",
		"[]",
		"{\"schema\":\"" WITHDRAWN_SCHEMA "\"}",
		"{\"schema\":\"other/v1\",\"keys\":[]}",
		"{\"schema\":\"" WITHDRAWN_SCHEMA "\",\"keys\":[],\"more\":1}",
		LIST("1"),
		LIST("{}"),
		LIST("{\"key\":\"sha256:12\",\"state\":\"revoked\",\"since\":\"2026-01-02T03:04:"
		     "05Z\"}"),
		LIST("{\"key\":\"sha256:" K1
		     "\",\"state\":\"fine\",\"since\":\"2026-01-02T03:04:05Z\"}"),
		LIST("{\"key\":\"sha256:" K1 "\",\"state\":\"revoked\",\"since\":\"soon\"}"),
		LIST("{\"key\":\"sha256:" K1
		     "\",\"state\":\"rotated\",\"since\":\"2026-01-02T03:04:05Z\"}"),
		LIST("{\"key\":\"sha256:" K1
		     "\",\"state\":\"revoked\",\"since\":\"2026-01-02T03:04:05Z\","
		     "\"except\":\"me\"}"),
		LIST("{\"key\":\"sha256:" K1
		     "\",\"state\":\"revoked\",\"since\":\"2026-01-02T03:04:05Z\","
		     "\"until\":\"2027-01-02T03:04:05Z\"}"),
		LIST(REVOKED(K1) "," REVOKED(K1)),
		LIST(REVOKED(K1)) "x",
	};
	auto_temp t;
	struct err e = ERR_INIT;

	temp_open(&t);
	make_key(&t, NULL, false);
	CHECK(sign(&t, NULL, &e) == 0);
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		put_list(&t, broken[i]);
		CHECK(verify(&t, &e) == E_FORMAT && strstr(e.msg, FILE_WITHDRAWN));
	}
	put_list(&t, LIST(REVOKED(K1) "," REVOKED(K2)));
	CHECK(verify(&t, &e) == 0);
	CHECK(unlinkat(t.state.fd, "trust/" FILE_WITHDRAWN, 0) == 0);
	CHECK(symlinkat("/dev/null", t.state.fd, "trust/" FILE_WITHDRAWN) == 0);
	CHECK(verify(&t, &e) < 0);
}

TEST(limit_of_keys)
{
	auto_buf b = BUF_INIT(LIMIT_WITHDRAWN_FILE);
	struct err e = ERR_INIT;

	for (int more = 0; more < 2; more++) {
		auto_withdrawn w = { 0 };

		buf_reset(&b);
		buf_puts(&b, "{\"schema\":\"" WITHDRAWN_SCHEMA "\",\"keys\":[");
		for (int i = 0; i < LIMIT_WITHDRAWN + more; i++)
			buf_printf(&b,
				   "%s{\"key\":\"sha256:%064x\",\"state\":\"revoked\",\"since\":"
				   "\"2026-01-02T03:04:05Z\"}",
				   i ? "," : "", (unsigned)i);
		buf_puts(&b, "]}");
		CHECK(withdrawn_parse((struct str){ b.p, b.n }, &w, &e) == (more ? E_FORMAT : 0));
	}
}

/* A rotated key: what it signed counts for a while, and what it signs later does not. */
TEST(rotated_by_time)
{
	auto_temp t;
	struct err e = ERR_INIT;
	struct withdrawal w = { .since = 1000, .until = 2000 };
	struct withdrawn list = { .v = &w, .n = 1 };
	auto_release(key_free) struct key *k = NULL;

	temp_open(&t);
	CHECK(key_generate(KEY_EC_P256, &k, &e) == 0 && key_spki_id(k, w.key, &e) == 0);
	CHECK(withdrawn_check(&list, k, 1000, 1999, &e) == 0);
	CHECK(withdrawn_check(&list, k, 1001, 1999, &e) == E_VERIFY &&
	      strstr(e.msg, "before this"));
	CHECK(withdrawn_check(&list, k, 500, 2000, &e) == E_VERIFY && strstr(e.msg, "until"));
	w.until = 0;
	CHECK(withdrawn_check(&list, k, 1, 2, &e) == E_VERIFY);
}

/* Of two entries for one key the stricter holds, in whatever order they come. */
TEST(merging_never_loosens)
{
	auto_temp t;
	struct err e = ERR_INIT;
	const struct withdrawal rotated = { .key = K1, .since = 1000, .until = 5000 },
				sooner = { .key = K1, .since = 900, .until = 4000 },
				later = { .key = K1, .since = 2000, .until = 9000 },
				revoked = { .key = K1, .since = 3000 };
	bool changed = false;
	auto_withdrawn w = { 0 };
	auto_close int dir = -1;

	temp_open(&t);
	dir = trust_dir(&t.state, true, &e);
	CHECK(withdrawn_add(dir, &rotated, &changed, &e) == 0 && changed);
	CHECK(withdrawn_add(dir, &later, &changed, &e) == 0 && !changed);
	CHECK(withdrawn_add(dir, &sooner, &changed, &e) == 0 && changed);
	CHECK(withdrawn_add(dir, &revoked, &changed, &e) == 0 && changed);
	CHECK(withdrawn_add(dir, &rotated, &changed, &e) == 0 && !changed);
	CHECK(withdrawn_load(dir, &w, &e) == 0 && w.n == 1 && w.v[0].until == 0);
}

/* A key that counts no more takes no place, and no date makes the list unreadable. */
TEST(rotations_that_are_refused)
{
	auto_temp t;
	struct err e = ERR_INIT;
	struct trust_rotate_opts o = { .to = "old", .until = clock_now() + 86400 };
	const struct withdrawal late = { .key = K1, .since = 1000, .until = 253402300800 };
	char thumbprint[THUMBPRINT_MAX];
	struct withdrawal w = { 0 };
	auto_withdrawn list = { 0 };
	auto_close int dir = -1;

	temp_open(&t);
	make_key(&t, NULL, false);
	make_key(&t, "old", false);
	CHECK(revoke_key(&t, "old", NULL, &e) == 0);
	CHECK(trust_rotate(&t.state, &o, &w, thumbprint, &e) == E_VERIFY);
	CHECK(strstr(e.msg, "revoked") && fs_exists(t.state.fd, "trust/keys/old.pem"));
	make_key(&t, "certificate", false);
	CHECK(unlinkat(t.state.fd, "trust/keys/certificate.pem", 0) == 0);
	o.to = "certificate";
	CHECK(trust_rotate(&t.state, &o, &w, thumbprint, &e) == E_NOTFOUND);
	o = (struct trust_rotate_opts){ .until = 253402300800 };
	CHECK(trust_rotate(&t.state, &o, &w, thumbprint, &e) == E_USAGE && strstr(e.msg, "9999"));
	dir = trust_dir(&t.state, false, &e);
	CHECK(withdrawn_add(dir, &late, NULL, &e) == E_FORMAT);
	CHECK(withdrawn_load(dir, &list, &e) == 0 && list.n == 1);
	CHECK(sign(&t, NULL, &e) == 0 && verify(&t, &e) == 0);
	o.until = 253402300799;
	CHECK(trust_rotate(&t.state, &o, &w, thumbprint, &e) == 0 && verify(&t, &e) == 0);
}

TEST(export_and_import)
{
	auto_temp a, b;
	struct err e = ERR_INIT;
	auto_json *list = NULL;
	auto_buf text = BUF_INIT(LIMIT_WITHDRAWN_FILE);
	auto_withdrawn w = { 0 };
	size_t n = 0;
	auto_close int dir = -1;

	temp_open(&a);
	temp_open(&b);
	make_key(&a, NULL, false);
	CHECK(revoke_key(&a, "default", NULL, &e) == 0);
	CHECK(trust_revocations_export(&a.state, &list, &e) == 0);
	CHECK(json_canonical(list, &text, &e) == 0);
	CHECK(trust_revocations_import(&b.state, (struct str){ text.p, text.n }, &n, &e) == 0);
	CHECK(n == 1);
	CHECK(trust_revocations_import(&b.state, (struct str){ text.p, text.n }, &n, &e) == 0);
	CHECK(n == 0);
	dir = trust_dir(&b.state, false, &e);
	CHECK(withdrawn_load(dir, &w, &e) == 0 && w.n == 1);
	CHECK_STR(w.v[0].reason, "laptop stolen");
	CHECK(trust_revocations_import(&b.state, STR("{}"), &n, &e) == E_FORMAT);
}

TAP_MAIN()
