/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "trust/holder.h"
#include "trust/internal.h"

/* A third of its life before it ends, and at most 30 days: time to carry the next one around. */
static int64_t rotate_by(const struct cert *c)
{
	const int64_t month = 30 * 86400, ends = cert_not_after(c),
		      third = (ends - cert_not_before(c)) / 3;

	return ends - (third < month ? third : month);
}

/* "ok", "revoked", "rotated", "expired" or "not yet valid", and what goes with it. */
static int put_state(json_t *o, const struct cert *c, const struct withdrawn *w, struct err *e)
{
	const int64_t now = clock_now();
	const struct withdrawal *found;
	struct withdrawal id = { 0 };
	char at[RFC3339_MAX];
	const char *state = cert_not_after(c) < now    ? "expired"
			    : cert_not_before(c) > now ? "not yet valid"
						       : "ok";
	int r = withdrawal_of(c, &id, e);

	if (r < 0 || (r = json_put_string(o, "key", id.key, e)) < 0)
		return r;
	found = withdrawn_find(w, id.key);
	if (!found) {
		clock_rfc3339(rotate_by(c), at);
		r = json_put_string(o, "state", state, e);
		return r < 0 ? r : json_put_string(o, "rotateBy", at, e);
	}
	clock_rfc3339(found->since, at);
	if ((r = json_put_string(o, "state", found->until ? "rotated" : "revoked", e)) < 0 ||
	    (r = json_put_string(o, "since", at, e)) < 0)
		return r;
	clock_rfc3339(found->until, at);
	r = json_put_string(o, "until", found->until ? at : NULL, e);
	return r < 0 ? r : json_put_string(o, "reason", found->reason[0] ? found->reason : NULL, e);
}

static int put_cert(json_t *o, const struct cert *c, const struct withdrawn *w, struct err *e)
{
	auto_buf subject = BUF_INIT(4 * LIMIT_DN_TEXT);
	char hex[THUMBPRINT_MAX], from[RFC3339_MAX], until[RFC3339_MAX];
	int r;

	dn_text(cert_subject(c), &subject);
	cert_thumbprint(c, hex);
	clock_rfc3339(cert_not_before(c), from);
	clock_rfc3339(cert_not_after(c), until);
	if ((r = json_put_string(o, "subject", buf_str(&subject), e)) < 0 ||
	    (r = json_put_string(o, "thumbprint", hex, e)) < 0 ||
	    (r = json_put_string(o, "notBefore", from, e)) < 0 ||
	    (r = json_put_string(o, "notAfter", until, e)) < 0)
		return r;
	return put_state(o, c, w, e);
}

/* Where the private half is; of a token's name nothing that could hold a PIN. */
static int put_where(int dir, const char *name, json_t *o, struct err *e)
{
	auto_buf where = BUF_INIT(LIMIT_KEY_WHERE + 1);
	int r = holder_where(dir, name, &where, e);

	return r < 0 ? r
		     : json_put_string(o, "where",
				       holder_shown(buf_str(&where), (char[HOLDER_SHOWN]){ 0 }), e);
}

static int list_key(int dir, const char *name, const struct withdrawn *w, json_t *list,
		    struct err *e)
{
	auto_chain c = { .n = 0 };
	auto_release(key_free) struct key *k = NULL;
	json_t *o = json_object();
	int r = json_push(list, o, e);

	if (r < 0 || (r = json_put_string(o, "name", name, e)) < 0 ||
	    (r = trust_key_public(dir, name, &k, e)) < 0 ||
	    (r = json_put_string(o, "algorithm", key_type_name(k), e)) < 0 ||
	    (r = put_where(dir, name, o, e)) < 0)
		return r;
	r = trust_key_chain(dir, name, &c, NULL);
	if (r == E_NOTFOUND)
		return json_put_string(o, "state", "no certificate yet", e);
	if (r < 0)
		return trust_key_chain(dir, name, &c, e); /* for the error */
	return put_cert(o, c.v[0], w, e);
}

/* The name of a key by one of its files, and only by the first of them; false for others. */
static bool cut_name(int dir, char *file)
{
	static const char *const suffixes[] = { ".pem", ".where", ".crt", ".pub" };
	char first[LIMIT_STORE_NAME + sizeof(DIR_KEYS) + 16];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t n = strlen(file), cut = strlen(suffixes[i]);

		if (!ends_with(file, suffixes[i]) || n <= cut)
			continue;
		file[n - cut] = '\0';
		for (size_t j = 0; j < i; j++) {
			(void)snprintf(first, sizeof(first), DIR_KEYS "/%s%s", file, suffixes[j]);
			if (fs_exists(dir, first))
				return false;
		}
		return trust_name_ok(file);
	}
	return false;
}

static int list_keys(int dir, const struct withdrawn *w, json_t *list, struct err *e)
{
	auto_strv names = { 0 };
	int r = trust_names(dir, DIR_KEYS, &names, e);

	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (cut_name(dir, names.v[i]))
			r = list_key(dir, names.v[i], w, list, e);
	return r;
}

struct listing {
	const struct withdrawn *w;
	json_t *list;
};

static int list_cert(const struct stored *one, void *arg, struct err *e)
{
	const struct listing *l = arg;
	json_t *o = json_object();
	int r = json_push(l->list, o, e);

	if (r < 0 || (r = json_put_string(o, "type", store_type_name(one->type), e)) < 0 ||
	    (r = json_put_string(o, "store", one->store, e)) < 0 ||
	    (r = json_put_string(o, "file", one->file, e)) < 0)
		return r;
	return put_cert(o, one->cert, l->w, e);
}

static int list_policy(int dir, json_t *all, struct err *e)
{
	auto_policy p = { 0 };
	int r = trust_policy_load(dir, &p, e);

	if (r == E_NOTFOUND)
		return json_put(all, "policy", json_array(), e);
	return r < 0 ? r
		     : json_put(all, "policy",
				json_incref(json_object_get(p.json, "trustPolicies")), e);
}

int trust_list(const struct state *state, const struct trust_where *where, json_t **ret,
	       struct err *e)
{
	auto_close int dir = trust_dir(state, true, e);
	auto_json *all = json_object();
	auto_withdrawn w = { 0 };
	const bool certificates = where && (where->type || where->store);
	json_t *keys = json_array(), *certs = json_array();
	struct listing l = { &w, certs };
	int r = json_put(all, "keys", keys, e);
	int r2 = json_put(all, "certificates", certs, e);

	if (dir < 0)
		return dir;
	if (r < 0 || r2 < 0)
		return FAIL_NOMEM(e);
	if ((r = withdrawn_load(dir, &w, e)) < 0 ||
	    (r = certificates ? 0 : list_keys(dir, &w, keys, e)) < 0 ||
	    (r = trust_each_cert(dir, where, list_cert, &l, e)) < 0 ||
	    (r = certificates ? 0 : list_policy(dir, all, e)) < 0)
		return r;
	*ret = TAKE(all);
	return 0;
}
