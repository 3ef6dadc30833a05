/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A Notary v1 repository whose files are signed here by real keys, for unit tests. */
#include <stdlib.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "crypto/sigstore_key.h"
#include "crypto/x509.h"
#include "trust/tuf/internal.h"

enum { NOW = 1900000000 }; /* 2030-03-17 */
#define LATER "2031-01-01T00:00:00.123456789+02:00"
#define BEFORE "2030-01-01T00:00:00Z"
#define GUN "r.example/team/app"

/* Keys by letter: capitals are certificates (A, B, C of GUN; X of another one). */
enum { KEYS = 128 };
static struct {
	struct key *key;
	json_t *json; /* as in metadata */
	char id[65];
} world[KEYS];

static void must(int r)
{
	if (r < 0)
		abort();
}

static enum key_kind kind_of(char c)
{
	return strchr("ABXst", c) ? KEY_EC_P256 : c == 'C' || c == 'r' ? KEY_RSA : KEY_ED25519;
}

static const char *type_of(char c)
{
	enum key_kind kind = kind_of(c);
	bool cert = c >= 'A' && c <= 'Z';

	return kind == KEY_ED25519   ? "ed25519"
	       : kind == KEY_EC_P256 ? (cert ? "ecdsa-x509" : "ecdsa")
				     : (cert ? "rsa-x509" : "rsa");
}

static void put_certificate(const struct key *k, const char *cn, int64_t from, int days,
			    struct buf *ret)
{
	auto_release(cert_free) struct cert *c = NULL;
	auto_dn dn = { .n = 0 };
	struct err e = ERR_INIT;

	must(dn_add(&dn, "C", STR("NL"), &e));
	must(dn_add(&dn, "ST", STR("x"), &e));
	must(dn_add(&dn, "O", STR("x"), &e));
	must(dn_add(&dn, "CN", str_of(cn), &e));
	must(cert_make_self_signed(k, &dn, from, days, &c, &e));
	must(cert_to_pem(c, ret, &e));
}

/* The key's JSON, and its id. Steals public. */
static void fill_key(char c, const char *type, const struct buf *public)
{
	auto_buf b64 = BUF_INIT(65536), text = BUF_INIT(65536);
	struct digest d;
	struct err e = ERR_INIT;

	b64_put(&b64, B64_STD, public->p, public->n);
	json_decref(world[(int)c].json);
	world[(int)c].json = json_pack("{ss s{sn ss}}", "keytype", type, "keyval", "private",
				       "public", buf_str(&b64));
	must(tuf_canonical(world[(int)c].json, &text, &e));
	digest_of(buf_str(&text), text.n, &d);
	(void)snprintf(world[(int)c].id, sizeof(world[(int)c].id), "%s", digest_hex(&d));
}

static void make_key(char c)
{
	auto_buf public = BUF_INIT(65536);
	enum key_kind kind = kind_of(c);
	unsigned char raw[32];
	struct err e = ERR_INIT;

	if (world[(int)c].key)
		return;
	must(kind == KEY_RSA ? key_generate_rsa(2048, &world[(int)c].key, &e)
			     : key_generate(kind, &world[(int)c].key, &e));
	if (c >= 'A' && c <= 'Z') {
		put_certificate(world[(int)c].key, c == 'X' ? "r.example/team/apple" : GUN,
				NOW - 86400, 3650, &public);
	} else if (kind == KEY_ED25519) {
		must(key_public_raw(world[(int)c].key, raw, &e));
		buf_put(&public, raw, sizeof(raw));
	} else {
		must(key_public_der(world[(int)c].key, &public, &e));
	}
	fill_key(c, type_of(c), &public);
}

static const char *id_of(char c)
{
	make_key(c);
	return world[(int)c].id;
}

static json_t *keyids(const char *letters)
{
	json_t *list = json_array();

	for (; *letters; letters++)
		json_array_append_new(list, json_string(id_of(*letters)));
	return list;
}

static json_t *keys_of(const char *letters)
{
	json_t *keys = json_object();

	for (; *letters; letters++)
		json_object_set(keys, id_of(*letters), world[(int)*letters].json);
	return keys;
}

/* A body signed by the keys named in signers, in the form that is sent. Takes the body. */
static struct buf sign(json_t *body, const char *signers)
{
	struct buf file = BUF_INIT(LIMIT_TUF_TARGETS);
	auto_buf message = BUF_INIT(LIMIT_TUF_TARGETS);
	struct err e = ERR_INIT;

	must(tuf_canonical(body, &message, &e));
	buf_printf(&file, "{\"signed\":%s,\"signatures\":[", buf_str(&message));
	for (const char *s = signers; *s; s++) {
		auto_buf sig = BUF_INIT(1024);
		enum key_kind kind = kind_of(*s);

		make_key(*s);
		must(key_sign(world[(int)*s].key, buf_str(&message), message.n, &sig, &e));
		buf_printf(&file, "%s{\"keyid\":\"%s\",\"method\":\"%s\",\"sig\":\"",
			   s == signers ? "" : ",", id_of(*s),
			   kind == KEY_ED25519	 ? "eddsa"
			   : kind == KEY_EC_P256 ? "ecdsa"
						 : "rsapss");
		b64_put(&file, B64_STD, sig.p, sig.n);
		buf_puts(&file, "\"}");
	}
	buf_puts(&file, "]}");
	json_decref(body);
	return file;
}

static json_t *top_role(const char *letters, int threshold)
{
	return json_pack("{so si}", "keyids", keyids(letters), "threshold", threshold);
}

/* Roles: root by `root` of threshold n; timestamp by r, snapshot by s, targets by t. */
static json_t *root_body(int version, const char *root, int threshold, const char *expires)
{
	char letters[32];

	(void)snprintf(letters, sizeof(letters), "%srst", root);
	return json_pack("{ss sb ss so s{so so so so} si}", "_type", "Root", "consistent_snapshot",
			 0, "expires", expires, "keys", keys_of(letters), "roles", "root",
			 top_role(root, threshold), "targets", top_role("t", 1), "snapshot",
			 top_role("s", 1), "timestamp", top_role("r", 1), "version", version);
}

static struct buf make_root(int version, const char *root, int threshold, const char *signers)
{
	return sign(root_body(version, root, threshold, LATER), signers);
}

static void put_hash(json_t *hashes, const char *name, const struct buf *file)
{
	auto_release(hash_free) struct hash *h = NULL;
	auto_buf b64 = BUF_INIT(256);
	unsigned char raw[HASH_MAX];
	struct err e = ERR_INIT;

	must(hash_new(name, &h, &e));
	hash_update(h, file->p, file->n);
	b64_put(&b64, B64_STD, raw, hash_final(h, raw));
	json_object_set_new(hashes, name, json_string(buf_str(&b64)));
}

/* How a file is listed. */
static json_t *listed(const struct buf *file)
{
	json_t *hashes = json_object();

	put_hash(hashes, "sha256", file);
	put_hash(hashes, "sha512", file);
	return json_pack("{so sI}", "hashes", hashes, "length", (json_int_t)file->n);
}

/* Takes meta. */
static struct buf make_meta(const char *type, int version, const char *expires, json_t *meta,
			    const char *signers)
{
	return sign(json_pack("{ss ss so si}", "_type", type, "expires", expires, "meta", meta,
			      "version", version),
		    signers);
}

static struct buf make_timestamp(int version, const struct buf *snapshot, const char *expires)
{
	return make_meta("Timestamp", version, expires,
			 json_pack("{so}", "snapshot", listed(snapshot)), "r");
}

static struct buf make_snapshot(int version, const struct buf *root, const struct buf *targets,
				const struct buf *releases, const char *expires)
{
	json_t *meta = json_pack("{so so}", "root", listed(root), "targets", listed(targets));

	if (releases)
		json_object_set_new(meta, "targets/releases", listed(releases));
	return make_meta("Snapshot", version, expires, meta, "s");
}

/* One target; delegation to targets/releases, whose key is d, of paths that begin so (NULL: no
 * delegation). */
static json_t *targets_body(int version, const char *name, const char *text, const char *paths)
{
	const struct buf content = { .p = (char *)(uintptr_t)text, .n = strlen(text) };
	json_t *roles = json_array();

	if (paths)
		json_array_append_new(roles, json_pack("{so ss s[s] si}", "keyids", keyids("d"),
						       "name", "targets/releases", "paths", paths,
						       "threshold", 1));
	return json_pack("{ss s{so so} ss s{so} si}", "_type", "Targets", "delegations", "keys",
			 keys_of(paths ? "d" : ""), "roles", roles, "expires", LATER, "targets",
			 name, listed(&content), "version", version);
}
