/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>

#include "base/encode.h"
#include "sandbox/sandbox.h"
#include "trust/tuf/author_internal.h"

/* Signatures by the keys of this host. */

/* The holder of a key: a child with the key's file and nothing else, which gives back one
 * signature in hexadecimal. */
struct holder {
	int key_fd;
	const char *passphrase;
	struct str message;
};

static int sign_in_child(void *arg, struct buf *emit, struct err *e)
{
	const struct holder *h = arg;
	auto_secret pem = BUF_INIT(LIMIT_KEY_PEM);
	auto_buf sig = BUF_INIT(1024);
	auto_release(key_free) struct key *k = NULL;
	bool ed25519;
	int r;

	crypto_hold_secrets();
	if ((r = secret_read(h->key_fd, "private key", LIMIT_KEY_PEM, &pem, e)) < 0 ||
	    (r = key_from_pem((struct str){ buf_str(&pem), pem.n }, h->passphrase, &k, e)) < 0)
		return r;
	ed25519 = key_kind(k) == KEY_ED25519;
	if (!ed25519 && key_kind(k) != KEY_EC_P256)
		return FAIL(e, E_FORMAT, "neither Ed25519 nor ECDSA P-256");
	r = key_sign_as(k, ed25519 ? KEY_FORM_ED25519 : KEY_FORM_ECDSA, ed25519 ? NULL : "SHA256",
			h->message.p, h->message.n, &sig, e);
	if (r < 0)
		return r;
	hex_put(emit, sig.p, sig.n);
	return buf_check(emit, "signature", e);
}

static int open_key(const struct state *state, const char *keyid, struct err *e)
{
	char path[TUF_KEY_PATH];
	struct stat st;

	tuf_key_path(keyid, ".pem", path);

	auto_close int fd = fs_open_nolink(state->fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, e);

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return FAIL_SYS(e, "open %s", path);
	if (!S_ISREG(st.st_mode))
		return FAIL(e, E_FORMAT, "%s: not a regular file", path);
	if (st.st_mode & 077)
		return err_hint(e,
				FAIL(e, E_USAGE, "others than its owner may use it (mode %03o)",
				     st.st_mode & 0777),
				"chmod 600 <state>/%s", path);
	return TAKE_FD(fd);
}

static int sign_one(const struct tuf_signer *s, const char *keyid, struct str message,
		    struct buf *ret, struct err *e)
{
	auto_close int fd = open_key(s->state, keyid, e);
	struct holder h = { .key_fd = fd, .passphrase = s->passphrase, .message = message };
	const struct sandbox box = {
		.what = "sign",
		.keep = &h.key_fd,
		.keep_n = 1,
		.write_dir = -1,
		.secrets = true,
		.cpu_seconds = 60,
	};
	int r = fd;

	if (r >= 0) {
		crypto_init();
		r = sandbox_run(&box, sign_in_child, &h, ret, e);
		if (r == E_USAGE && !s->passphrase)
			r = err_hint(
				e, r,
				"give --passphrase-file FILE, or set PLIMSOLL_PASSPHRASE_FILE");
	}
	return r < 0 ? WRAP(e, r, "TUF key %.12s", keyid) : 0;
}

static size_t find_signature(const json_t *signatures, const char *keyid)
{
	const json_t *v;
	size_t i;

	json_array_foreach(signatures, i, v)
	{
		const char *id = json_string_or_null(v, "keyid");

		if (id && strcmp(id, keyid) == 0)
			return i;
	}
	return SIZE_MAX;
}

/* In the place of one by the same key: what is there may be another's nonsense. */
static int put_signature(json_t *signatures, const char *keyid, const char *sig, struct err *e)
{
	size_t i = find_signature(signatures, keyid);

	if (i != SIZE_MAX && json_array_remove(signatures, i) < 0)
		return FAIL_NOMEM(e);
	return json_push(signatures, json_pack("{ss ss}", "keyid", keyid, "sig", sig), e);
}

static bool is_here(const struct state *state, const char *keyid)
{
	char path[TUF_KEY_PATH];

	tuf_key_path(keyid, ".json", path);
	return strlen(keyid) < TUF_KEYID_MAX && !strchr(keyid, '/') && fs_exists(state->fd, path);
}

int tuf_keys_of_role(const struct state *state, const json_t *by, const char *role, uint64_t *ret,
		     struct err *e)
{
	const json_t *r = tuf_role_of(by, role), *v;
	size_t i;

	if (!r)
		return FAIL(e, E_NOTFOUND, "there is no role '%.80s'", role);
	*ret = 0;
	json_array_foreach(json_object_get(r, "keyids"), i, v)
	{
		*ret += is_here(state, json_string_value(v));
	}
	return 0;
}

static int add_signatures(const struct tuf_signer *s, const json_t *role, json_t *envelope,
			  struct err *why, struct err *e)
{
	json_t *signatures = json_object_get(envelope, "signatures"), *v;
	auto_buf message = BUF_INIT(2 * LIMIT_TUF_TARGETS);
	size_t i;
	int r = tuf_canonical(json_object_get(envelope, "signed"), &message, e);

	json_array_foreach(json_object_get(role, "keyids"), i, v)
	{
		const char *keyid = json_string_value(v);
		auto_buf sig = BUF_INIT(4096);

		if (r < 0)
			break;
		if (!is_here(s->state, keyid) ||
		    sign_one(s, keyid, (struct str){ buf_str(&message), message.n }, &sig, why) < 0)
			continue;
		r = put_signature(signatures, keyid, buf_str(&sig), e);
	}
	return r;
}

int tuf_sign_with(const struct tuf_signer *s, const char *keyid, json_t *envelope, struct err *e)
{
	auto_buf message = BUF_INIT(2 * LIMIT_TUF_TARGETS), sig = BUF_INIT(4096);
	int r = tuf_canonical(json_object_get(envelope, "signed"), &message, e);

	r = r < 0 ? r : sign_one(s, keyid, (struct str){ buf_str(&message), message.n }, &sig, e);
	return r < 0 ? r
		     : put_signature(json_object_get(envelope, "signatures"), keyid, buf_str(&sig),
				     e);
}

int tuf_signed_by(const json_t *by, const char *role, json_t *envelope, struct tuf_signed *ret,
		  struct err *e)
{
	const json_t *delegations = json_object_get(by, "delegations");
	const json_t *o = tuf_role_of(by, role);
	const struct tuf_doc d = { .dialect = &tuf_1_0,
				   .body = json_object_get(envelope, "signed"),
				   .signatures = json_object_get(envelope, "signatures") };
	const struct tuf_role by_role = {
		.keys = json_object_get(json_object_get(by, "roles") ? by : delegations, "keys"),
		.keyids = json_object_get(o, "keyids"),
		.threshold = (uint64_t)json_integer_value(json_object_get(o, "threshold")),
	};

	ret->need = by_role.threshold;
	return tuf_count(&d, &by_role, &ret->have, NULL, e);
}

int tuf_sign(const struct tuf_signer *s, const json_t *by, const char *role, json_t *envelope,
	     struct tuf_signed *ret, struct err *why, struct err *e)
{
	const json_t *o = tuf_role_of(by, role);
	int r;

	if (!o)
		return FAIL(e, E_NOTFOUND, "there is no role '%.80s'", role);
	r = add_signatures(s, o, envelope, why, e);
	return r < 0 ? r : tuf_signed_by(by, role, envelope, ret, e);
}

int tuf_sign_file(const struct tuf_signer *s, const json_t *by, const char *role, json_t *body,
		  struct buf *ret, struct err *e)
{
	auto_json *envelope = json_pack("{s[] sO}", "signatures", "signed", body);
	struct err why = ERR_INIT;
	struct tuf_signed n;
	int r;

	if (!envelope)
		return FAIL_NOMEM(e);
	r = tuf_sign(s, by, role, envelope, &n, &why, e);
	if (r < 0)
		return r;
	if (n.have >= n.need)
		return json_canonical(envelope, ret, e);
	if (why.code) {
		if (e)
			*e = why;
		return WRAP(e, why.code, "sign role '%.80s'", role);
	}
	return FAIL(e, E_USAGE,
		    "sign role '%.80s': %llu of its keys are on this host, %llu are needed", role,
		    (unsigned long long)n.have, (unsigned long long)n.need);
}

int tuf_root_parse(struct str bytes, json_t **ret, struct err *e)
{
	auto_release(tuf_doc_free) struct tuf_doc *d = NULL;
	int r = tuf_doc_parse(&tuf_1_0, bytes, TUF_ROOT, &d, e);

	if (r == 0)
		*ret = json_incref(d->all);
	return r;
}

int tuf_signatures_take(json_t *envelope, const json_t *from, struct err *e)
{
	json_t *to = json_object_get(envelope, "signatures"), *v;
	size_t i;
	int r = 0;

	if (!json_equal(json_object_get(envelope, "signed"), json_object_get(from, "signed")))
		return FAIL(e, E_USAGE, "it signs something else than what waits here");
	json_array_foreach(json_object_get(from, "signatures"), i, v)
	{
		if (r == 0)
			r = put_signature(to, json_string_or_null(v, "keyid"),
					  json_string_or_null(v, "sig"), e);
	}
	return r;
}
