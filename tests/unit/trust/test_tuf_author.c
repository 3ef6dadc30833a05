/* SPDX-License-Identifier: Apache-2.0 */
/* The repository's half of TUF: keys, bodies and signatures. */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "tap.h"
#include "temp_state.h"
#include "trust/tuf/author.h"
#include "trust/tuf/internal.h"

/* A root with one key of this host for each role; its keyids in ret. */
static json_t *make_root(struct temp *t, char ret[4][TUF_KEYID_MAX], const char *passphrase)
{
	static const char *const roles[] = { "root", "targets", "snapshot", "timestamp" };
	struct err e = ERR_INIT;
	json_t *root = NULL;

	if (tuf_root_new(&root, &e) < 0)
		abort();
	for (int i = 0; i < 4; i++) {
		auto_json *key = NULL;

		if (tuf_key_make(&t->state, roles[i], i % 2 ? KEY_EC_P256 : KEY_ED25519, passphrase,
				 ret[i], &e) < 0 ||
		    tuf_key_here(&t->state, ret[i], &key, &e) < 0 ||
		    tuf_role_add_key(root, roles[i], json_object_get(key, "key"), &e) < 0)
			abort();
	}
	if (tuf_body_bump(root, clock_now() + 86400, &e) < 0)
		abort();
	return root;
}

static struct str bytes_of(const struct buf *b)
{
	return (struct str){ buf_str(b), b->n };
}

TEST(what_is_signed_is_trusted)
{
	auto_temp t = { 0 };
	char ids[4][TUF_KEYID_MAX];
	auto_json *root = NULL, *targets = NULL, *snapshot = NULL, *timestamp = NULL;
	auto_buf r = BUF_INIT(LIMIT_TUF_ROOT), tg = BUF_INIT(LIMIT_TUF_TARGETS),
		 s = BUF_INIT(LIMIT_TUF_SNAPSHOT), ts = BUF_INIT(LIMIT_TUF_TIMESTAMP);
	auto_release(tuf_set_free) struct tuf_set *set = NULL;
	struct err e = ERR_INIT;
	int64_t later = clock_now() + 3600;

	temp_open(&t);
	root = make_root(&t, ids, NULL);

	const struct tuf_signer signer = { &t.state, NULL };

	CHECK(tuf_sign_file(&signer, root, "root", root, &r, &e) == 0);
	CHECK(tuf_targets_new(&targets, &e) == 0 && tuf_body_bump(targets, later, &e) == 0);
	/* What has to be escaped, in names and values. */
	CHECK(json_put(json_object_get(targets, "targets"), "a\"b\\c/\xc3\xbc",
		       json_pack("{si s{ss}}", "length", 1, "hashes", "sha256", "00"), &e) == 0);
	CHECK(tuf_sign_file(&signer, root, "targets", targets, &tg, &e) == 0);
	CHECK(tuf_metas_new("snapshot", &snapshot, &e) == 0 &&
	      tuf_body_bump(snapshot, later, &e) == 0 &&
	      tuf_body_meta(snapshot, "targets", 1, bytes_of(&tg), &e) == 0);
	CHECK(tuf_sign_file(&signer, root, "snapshot", snapshot, &s, &e) == 0);
	CHECK(tuf_metas_new("timestamp", &timestamp, &e) == 0 &&
	      tuf_body_bump(timestamp, later, &e) == 0 &&
	      tuf_body_meta(timestamp, "snapshot", 1, bytes_of(&s), &e) == 0);
	CHECK(tuf_sign_file(&signer, root, "timestamp", timestamp, &ts, &e) == 0);

	CHECK(tuf_set_new(clock_now(), &set, &e) == 0);
	CHECK(tuf_first_root(set, bytes_of(&r), &e) == 0);
	CHECK(tuf_timestamp(set, bytes_of(&ts), TUF_FETCHED, &e) == 0);
	CHECK(tuf_snapshot(set, bytes_of(&s), TUF_FETCHED, &e) == 0);
	CHECK(tuf_targets(set, "targets", "root", bytes_of(&tg), &e) == 0);
	CHECK_STR(e.msg, "");
	/* Another role's key is not enough. */
	tuf_set_free(set);
	set = NULL;
	buf_reset(&ts);
	CHECK(tuf_sign_file(&signer, root, "snapshot", timestamp, &ts, &e) == 0);
	CHECK(tuf_set_new(clock_now(), &set, &e) == 0);
	CHECK(tuf_first_root(set, bytes_of(&r), &e) == 0);
	CHECK(tuf_timestamp(set, bytes_of(&ts), TUF_FETCHED, &e) == E_VERIFY);
}

TEST(keys)
{
	auto_temp t = { 0 };
	auto_json *key = NULL, *parsed = NULL, *pem = NULL, *list = NULL;
	auto_buf text = BUF_INIT(LIMIT_TUF_KEY_FILE);
	char a[TUF_KEYID_MAX], b[TUF_KEYID_MAX], keyid[TUF_KEYID_MAX];
	struct err e = ERR_INIT;
	struct stat st;

	temp_open(&t);
	CHECK(tuf_key_make(&t.state, "../x", KEY_ED25519, NULL, a, &e) == E_USAGE);
	CHECK(tuf_key_make(&t.state, "x", KEY_EC_P384, NULL, a, &e) == E_USAGE);
	CHECK(tuf_key_make(&t.state, "same", KEY_EC_P256, NULL, a, &e) == 0);
	CHECK(tuf_key_make(&t.state, "same", KEY_ED25519, "secret", b, &e) == 0);
	CHECK(strcmp(a, b) != 0 && strlen(a) == 64);
	CHECK(tuf_keys_here(&t.state, &list, &e) == 0 && json_array_size(list) == 2);
	CHECK(tuf_key_here(&t.state, "same", &key, &e) == E_USAGE); /* which of them? */
	CHECK(tuf_key_here(&t.state, "other", &key, &e) == E_NOTFOUND);
	a[6] = '\0';
	CHECK(tuf_key_here(&t.state, a, &key, &e) == 0);
	CHECK(starts_with(json_string_or_null(key, "keyid"), a));
	/* The same key by JSON, and by PEM, has the same keyid. */
	CHECK(json_canonical(json_object_get(key, "key"), &text, &e) == 0);
	CHECK(tuf_key_parse(bytes_of(&text), &parsed, &e) == 0);
	CHECK_STR(json_string_or_null(parsed, "keyid"), json_string_or_null(key, "keyid"));
	CHECK(tuf_key_parse(
		      str_of(json_string_or_null(
			      json_object_get(json_object_get(key, "key"), "keyval"), "public")),
		      &pem, &e) == 0);
	CHECK_STR(json_string_or_null(pem, "keyid"), json_string_or_null(key, "keyid"));
	CHECK(tuf_keyid(json_object_get(key, "key"), keyid, &e) == 0);
	CHECK_STR(keyid, json_string_or_null(key, "keyid"));
	/* Private keys are for their owner. */
	(void)snprintf(text.p, text.alloc, DIR_TUF "/keys/%s.pem", b);
	CHECK(fstatat(t.state.fd, text.p, &st, 0) == 0 && (st.st_mode & 0777) == 0600);
}

TEST(keys_that_are_none)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[]",
		"{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{}}",
		"{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"00\"}}",
		"{\"keytype\":\"rsa\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"00\"}}",
		"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
		"-----BEGIN NOTHING-----",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_t *key = NULL;
		struct err e = ERR_INIT;

		CHECK(tuf_key_parse(str_of(bad[i]), &key, &e) == E_FORMAT);
		CHECK(key == NULL);
	}
}

TEST(signatures_need_the_keys)
{
	auto_temp t = { 0 };
	char ids[4][TUF_KEYID_MAX], path[sizeof(DIR_TUF) + 100];
	auto_json *root = NULL;
	auto_buf file = BUF_INIT(LIMIT_TUF_ROOT);
	struct err e = ERR_INIT;
	struct tuf_signer signer = { .passphrase = "wrong" };

	temp_open(&t);
	signer.state = &t.state;
	root = make_root(&t, ids, "right");
	CHECK(tuf_sign_file(&signer, root, "root", root, &file, &e) == E_USAGE);
	signer.passphrase = NULL;
	e = ERR_INIT;
	CHECK(tuf_sign_file(&signer, root, "root", root, &file, &e) == E_USAGE);
	CHECK(strstr(e.hint, "--passphrase-file"));
	signer.passphrase = "right";
	CHECK(tuf_sign_file(&signer, root, "root", root, &file, &e) == 0);
	CHECK(tuf_sign_file(&signer, root, "nobody", root, &file, &e) == E_NOTFOUND);
	(void)snprintf(path, sizeof(path), DIR_TUF "/keys/%s.pem", ids[1]);
	CHECK(fchmodat(t.state.fd, path, 0644, 0) == 0);
	CHECK(tuf_sign_file(&signer, root, "targets", root, &file, &e) == E_USAGE);
	CHECK(strstr(e.msg, "others than its owner"));
	/* Signed by one key of two. */
	CHECK(tuf_role_threshold(root, "root", 2, &e) == E_USAGE);
	CHECK(json_put_u64(tuf_role_of(root, "root"), "threshold", 2, &e) == 0);
	CHECK(tuf_sign_file(&signer, root, "root", root, &file, &e) == E_USAGE);
	CHECK(strstr(e.msg, "1 of its keys are on this host, 2 are needed"));
}

TEST(roles_and_thresholds)
{
	auto_temp t = { 0 };
	char ids[4][TUF_KEYID_MAX];
	auto_json *root = NULL, *key = NULL;
	json_t *keys;
	uint64_t here;
	struct err e = ERR_INIT;

	temp_open(&t);
	root = make_root(&t, ids, NULL);
	keys = json_object_get(root, "keys");
	CHECK(tuf_key_here(&t.state, ids[0], &key, &e) == 0);
	CHECK(tuf_role_add_key(root, "root", json_object_get(key, "key"), &e) == E_USAGE);
	CHECK(tuf_role_add_key(root, "none", json_object_get(key, "key"), &e) == E_NOTFOUND);
	CHECK(tuf_role_threshold(root, "root", 0, &e) == E_USAGE);
	CHECK(tuf_role_threshold(root, "root", 1, &e) == 0);
	/* A key that another role has stays. */
	CHECK(tuf_role_add_key(root, "targets", json_object_get(key, "key"), &e) == 0);
	CHECK(tuf_role_threshold(root, "targets", 2, &e) == 0);
	CHECK(tuf_role_remove_key(root, "targets", ids[0], &e) == 0);
	CHECK(json_object_size(keys) == 4);
	CHECK(tuf_role_remove_key(root, "targets", ids[0], &e) == E_NOTFOUND);
	CHECK(tuf_role_remove_key(root, "targets", ids[1], &e) == 0);
	CHECK(json_object_size(keys) == 3);
	CHECK(tuf_keys_of_role(&t.state, root, "targets", &here, &e) == 0 && here == 0);
	CHECK(tuf_keys_of_role(&t.state, root, "root", &here, &e) == 0 && here == 1);
}

TEST(delegations)
{
	auto_json *targets = NULL;
	auto_strv patterns = { 0 };
	struct err e = ERR_INIT;

	CHECK(tuf_targets_new(&targets, &e) == 0 && strv_add(&patterns, "team/*", &e) == 0);
	CHECK(tuf_delegate(targets, "snapshot", &patterns, false, &e) == E_USAGE);
	CHECK(tuf_delegate(targets, "", &patterns, false, &e) == E_USAGE);
	CHECK(tuf_delegate(targets, "team", &patterns, false, &e) == 0);
	CHECK(tuf_delegate(targets, "team", &patterns, false, &e) == E_USAGE);
	CHECK(tuf_undelegate(targets, "others", &e) == E_NOTFOUND);
	CHECK(tuf_undelegate(targets, "team", &e) == 0);
	CHECK(tuf_role_of(targets, "team") == NULL);
}

TEST(versions_end)
{
	auto_json *body = NULL;
	struct err e = ERR_INIT;

	CHECK(tuf_metas_new("timestamp", &body, &e) == 0);
	CHECK(json_put_u64(body, "version", INT64_MAX - 1, &e) == 0);
	CHECK(tuf_body_bump(body, 0, &e) == 0);
	CHECK(tuf_body_bump(body, 0, &e) == E_VERIFY);
}

TEST(signatures_from_elsewhere)
{
	auto_temp t = { 0 };
	char ids[4][TUF_KEYID_MAX];
	auto_json *root = NULL, *mine = NULL, *theirs = NULL;
	auto_buf file = BUF_INIT(LIMIT_TUF_ROOT);
	struct err e = ERR_INIT;
	struct tuf_signed n;

	temp_open(&t);
	root = make_root(&t, ids, NULL);
	CHECK(tuf_sign_file(&(struct tuf_signer){ &t.state, NULL }, root, "root", root, &file,
			    &e) == 0);
	CHECK(tuf_root_parse(bytes_of(&file), &theirs, &e) == 0);
	mine = json_pack("{s[{ss ss}] sO}", "signatures", "keyid", ids[0], "sig", "00", "signed",
			 root);
	CHECK(tuf_signed_by(root, "root", mine, &n, &e) == 0 && n.have == 0 && n.need == 1);
	/* In the place of nonsense under the same keyid. */
	CHECK(tuf_signatures_take(mine, theirs, &e) == 0);
	CHECK(tuf_signed_by(root, "root", mine, &n, &e) == 0 && n.have == 1);
	CHECK(json_put_u64(json_object_get(theirs, "signed"), "version", 9, &e) == 0);
	CHECK(tuf_signatures_take(mine, theirs, &e) == E_USAGE);
}

TAP_MAIN()
