/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "sandbox/sandbox.h"
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

/* The key is made by a child, so that this process never has the private half: that goes to the
 * file, the public one to the caller. */
struct making {
	enum key_kind kind;
	const char *passphrase;
	int out;
};

static int make_in_child(void *arg, struct buf *emit, struct err *e)
{
	const struct making *m = arg;
	auto_secret pem = BUF_INIT(LIMIT_KEY_PEM);
	auto_release(key_free) struct key *k = NULL;
	auto_json *key = NULL;
	int r;

	crypto_hold_secrets();
	if ((r = key_generate(m->kind, &k, e)) < 0 || (r = public_of(k, &key, e)) < 0 ||
	    (r = json_canonical(key, emit, e)) < 0 ||
	    (r = key_to_pem(k, m->passphrase, &pem, e)) < 0)
		return r;
	return fs_write_all(m->out, pem.p, pem.n, e);
}

static int run_making(struct making *m, json_t **ret, struct err *e)
{
	const struct sandbox box = { .what = "make key",
				     .keep = &m->out,
				     .keep_n = 1,
				     .write_dir = -1,
				     .secrets = true,
				     .cpu_seconds = 60 };
	auto_buf text = BUF_INIT(LIMIT_TUF_KEY_FILE);
	int r;

	crypto_init();
	if ((r = sandbox_run(&box, make_in_child, m, &text, e)) < 0)
		return r;
	if (fsync(m->out) < 0)
		return FAIL_SYS(e, "write key");
	return json_parse(buf_str(&text), text.n, "key", ret, e);
}

/* The public half last: before it is there, the key is nobody's. */
static int name_key(const struct state *state, const char *temp, const json_t *described,
		    struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_TUF_KEY_FILE);
	const char *keyid = json_string_or_null(described, "keyid");
	char path[TUF_KEY_PATH];
	int r = json_canonical(described, &text, e);

	if (r < 0)
		return r;
	tuf_key_path(keyid, ".pem", path);
	if (renameat(state->fd, temp, state->fd, path) < 0)
		return FAIL_SYS(e, "write %s", path);
	tuf_key_path(keyid, ".json", path);
	return fs_write_file(state->fd, path, text.p, text.n, 0644, e);
}

int tuf_key_make(const struct state *state, const char *name, enum key_kind kind,
		 const char *passphrase, char ret_keyid[static TUF_KEYID_MAX], struct err *e)
{
	auto_json *key = NULL, *described = NULL;
	auto_close int out = -1;
	char temp[64];
	int r;

	if (!trust_name_ok(name) || strlen(name) > LIMIT_TUF_NAME)
		return FAIL(e, E_USAGE,
			    "'%.100s' cannot name a key: letters, digits, '_', '-', '.'", name);
	if ((r = fs_mkdir_p(state->fd, DIR_TUF "/keys", 0700, e)) < 0 ||
	    (r = fs_temp_name(DIR_TUF "/keys/.tmp-", temp, sizeof(temp), e)) < 0)
		return r;
	out = fs_open(state->fd, temp, O_WRONLY | O_CREAT | O_EXCL, 0600, e);
	if (out < 0)
		return out;

	struct making m = { .kind = kind, .passphrase = passphrase, .out = out };

	r = run_making(&m, &key, e);
	r = r < 0 ? r : describe(name, key, &described, e);
	r = r < 0 ? r : name_key(state, temp, described, e);
	if (r < 0) {
		(void)unlinkat(state->fd, temp, 0);
		return r;
	}
	(void)snprintf(ret_keyid, TUF_KEYID_MAX, "%s", json_string_or_null(described, "keyid"));
	return 0;
}

int tuf_key_is_encrypted(const struct state *state, const char *keyid, bool *ret, struct err *e)
{
	static const char begin[] = "-----BEGIN ENCRYPTED ";
	char path[TUF_KEY_PATH], head[sizeof(begin) - 1]; /* no byte of the key itself */
	ssize_t n;

	tuf_key_path(keyid, ".pem", path);

	auto_close int fd = fs_open_nolink(state->fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, e);

	if (fd < 0)
		return fd;
	n = read(fd, head, sizeof(head));
	if (n < 0)
		return FAIL_SYS(e, "read %s", path);
	*ret = n == (ssize_t)sizeof(head) && memcmp(head, begin, sizeof(head)) == 0;
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
