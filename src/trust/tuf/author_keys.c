/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "trust/internal.h"
#include "trust/tuf/author_internal.h"

/* The keys of a repository that are on this host, and public halves that come from elsewhere. */

int tuf_keyid(json_t *key, char ret[static TUF_KEYID_MAX], struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_TUF_KEY_FILE);
	struct digest d;
	int r = tuf_canonical(key, &text, e);

	if (r < 0)
		return r;
	digest_of(buf_str(&text), text.n, &d);
	(void)snprintf(ret, TUF_KEYID_MAX, "%s", digest_hex(&d));
	return 0;
}

/* {"keyid","name","key"} of a key. */
static int describe(const char *name, json_t *key, json_t **ret, struct err *e)
{
	char keyid[TUF_KEYID_MAX];
	int r = tuf_keyid(key, keyid, e);
	json_t *j =
		r < 0 ? NULL : json_pack("{ss ss sO}", "keyid", keyid, "name", name, "key", key);

	if (r < 0)
		return r;
	if (!j)
		return FAIL_NOMEM(e);
	*ret = j;
	return 0;
}

/* The key object (TUF 4.2) of a key pair. */
static int public_of(const struct key *k, json_t **ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_TUF_KEY_FILE);
	unsigned char raw[32];
	json_t *j;
	int r;

	switch (key_kind(k)) {
	case KEY_ED25519:
		r = key_public_raw(k, raw, e);
		if (r < 0)
			return r;
		hex_put(&text, raw, sizeof(raw));
		j = json_pack("{ss ss s{ss}}", "keytype", "ed25519", "scheme", "ed25519", "keyval",
			      "public", buf_str(&text));
		break;
	case KEY_EC_P256:
		r = key_public_to_pem(k, &text, e);
		if (r < 0)
			return r;
		j = json_pack("{ss ss s{ss}}", "keytype", "ecdsa", "scheme", "ecdsa-sha2-nistp256",
			      "keyval", "public", buf_str(&text));
		break;
	case KEY_EC_P384:
	case KEY_EC_P521:
	case KEY_RSA:
	default: return FAIL(e, E_USAGE, "a key of a TUF repository is Ed25519 or ECDSA P-256");
	}
	if (!j)
		return FAIL_NOMEM(e);
	*ret = j;
	return 0;
}

void tuf_key_path(const char *keyid, const char *suffix, char ret[static TUF_KEY_PATH])
{
	(void)snprintf(ret, TUF_KEY_PATH, DIR_TUF "/keys/%.64s%s", keyid, suffix);
}

/* The public half last: before it is there, the key is nobody's. */
static int write_key(const struct state *state, const struct key *k, const char *passphrase,
		     const json_t *described, struct err *e)
{
	auto_secret pem = BUF_INIT(LIMIT_KEY_PEM);
	auto_buf text = BUF_INIT(LIMIT_TUF_KEY_FILE);
	const char *keyid = json_string_or_null(described, "keyid");
	char path[TUF_KEY_PATH];
	int r;

	tuf_key_path(keyid, ".pem", path);
	if ((r = fs_mkdir_p(state->fd, DIR_TUF "/keys", 0700, e)) < 0 ||
	    (r = key_to_pem(k, passphrase, &pem, e)) < 0 ||
	    (r = json_canonical(described, &text, e)) < 0 ||
	    (r = fs_write_file(state->fd, path, pem.p, pem.n, 0600, e)) < 0)
		return r;
	tuf_key_path(keyid, ".json", path);
	return fs_write_file(state->fd, path, text.p, text.n, 0644, e);
}

int tuf_key_make(const struct state *state, const char *name, enum key_kind kind,
		 const char *passphrase, char ret_keyid[static TUF_KEYID_MAX], struct err *e)
{
	auto_release(key_free) struct key *k = NULL;
	auto_json *key = NULL, *described = NULL;
	int r;

	if (!trust_name_ok(name) || strlen(name) > LIMIT_TUF_NAME)
		return FAIL(e, E_USAGE,
			    "'%.100s' cannot name a key: letters, digits, '_', '-', '.'", name);
	if ((r = key_generate(kind, &k, e)) < 0 || (r = public_of(k, &key, e)) < 0 ||
	    (r = describe(name, key, &described, e)) < 0 ||
	    (r = write_key(state, k, passphrase, described, e)) < 0)
		return r;
	(void)snprintf(ret_keyid, TUF_KEYID_MAX, "%s", json_string_or_null(described, "keyid"));
	return 0;
}

static int read_key(int dir, const char *path, json_t **ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_TUF_KEY_FILE);
	auto_json *j = NULL;
	const char *name;
	json_t *key;
	int r;

	if ((r = trust_read(dir, path, LIMIT_TUF_KEY_FILE, &text, e)) < 0 ||
	    (r = json_parse(buf_str(&text), text.n, path, &j, e)) < 0 ||
	    (r = json_get_string(j, "name", &name, path, e)) < 0 ||
	    (r = json_get_object(j, "key", &key, path, e)) < 0)
		return r;
	return describe(name, key, ret, e);
}

int tuf_keys_here(const struct state *state, json_t **ret, struct err *e)
{
	auto_close int dir =
		fs_open_nolink(state->fd, DIR_TUF "/keys", O_RDONLY | O_DIRECTORY, 0, NULL);
	auto_json *list = json_array();
	auto_strv names = { 0 };
	int r = 0;

	if (dir < 0 && dir != E_NOTFOUND)
		return FAIL(e, dir, "open " DIR_TUF "/keys");
	r = dir < 0 ? 0 : trust_names(dir, ".", &names, e);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		json_t *k = NULL;

		if (!ends_with(names.v[i], ".json"))
			continue;
		r = read_key(dir, names.v[i], &k, e);
		r = r < 0 ? WRAP(e, r, DIR_TUF "/keys") : json_push(list, k, e);
	}
	if (r == 0)
		*ret = TAKE(list);
	return r;
}

int tuf_key_here(const struct state *state, const char *name, json_t **ret, struct err *e)
{
	auto_json *list = NULL;
	json_t *v, *found = NULL;
	size_t i;
	int r = tuf_keys_here(state, &list, e);

	if (r < 0)
		return r;
	json_array_foreach(list, i, v)
	{
		const char *keyid = json_string_or_null(v, "keyid");
		bool fits = strcmp(json_string_or_null(v, "name"), name) == 0 ||
			    (strlen(name) >= 6 && starts_with(keyid, name));

		if (fits && found)
			return FAIL(e, E_USAGE, "several keys are called '%.80s': say its keyid",
				    name);
		if (fits)
			found = v;
	}
	if (!found)
		return err_hint(e, FAIL(e, E_NOTFOUND, "there is no TUF key '%.80s' here", name),
				"plimsoll trust tuf key %.80s", name);
	*ret = json_incref(found);
	return 0;
}

int tuf_key_parse(struct str file, json_t **ret, struct err *e)
{
	auto_json *j = NULL, *keys = json_object();
	json_t *key;
	int r;

	if (str_starts(file, "-----BEGIN")) {
		auto_release(key_free) struct key *k = NULL;
		auto_json *made = NULL;

		r = key_public_from_pem(file, &k, e);
		r = r < 0 ? r : public_of(k, &made, e);
		return r < 0 ? r : describe("", made, ret, e);
	}
	r = json_parse(file.p, file.n, "key", &j, e);
	if (r < 0)
		return r;
	key = json_object_get(j, "key") ? json_object_get(j, "key") : j;
	/* The form, and that it is a key that signatures can be verified with. */
	if ((r = json_put(keys, "k", json_incref(key), e)) < 0 ||
	    (r = tuf_keys_form(keys, e)) < 0 || (r = tuf_key_check(key, e)) < 0)
		return r;
	return describe("", key, ret, e);
}
