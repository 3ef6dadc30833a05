/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "trust/internal.h"

static int put_cert(json_t *o, const struct cert *c, struct err *e)
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
	    (r = json_put_string(o, "notBefore", from, e)) < 0)
		return r;
	return json_put_string(o, "notAfter", until, e);
}

static int list_key(int dir, const char *name, json_t *list, struct err *e)
{
	static const char *const kinds[] = { "P-256", "P-384", "P-521", "Ed25519", "RSA" };
	auto_chain c = { .n = 0 };
	auto_release(key_free) struct key *k = NULL;
	json_t *o = json_object();
	int r = json_push(list, o, e);

	if (r < 0 || (r = trust_key_chain(dir, name, &c, e)) < 0 ||
	    (r = cert_key(c.v[0], &k, e)) < 0 || (r = json_put_string(o, "name", name, e)) < 0 ||
	    (r = json_put_string(o, "algorithm", kinds[key_kind(k)], e)) < 0)
		return r;
	return put_cert(o, c.v[0], e);
}

static int list_keys(int dir, json_t *list, struct err *e)
{
	auto_strv names = { 0 };
	int r = trust_names(dir, DIR_KEYS, &names, e);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		if (!ends_with(names.v[i], ".crt"))
			continue;
		names.v[i][strlen(names.v[i]) - 4] = '\0';
		r = list_key(dir, names.v[i], list, e);
	}
	return r;
}

static int list_certs(int dir, json_t *list, struct err *e)
{
	auto_strv stores = { 0 };
	int r = trust_stores(dir, &stores, e);

	for (size_t i = 0; r == 0 && i < stores.n; i++) {
		auto_trusted t = { 0 };

		r = trusted_load(dir, stores.v[i], &t, e);
		for (size_t j = 0; r == 0 && j < t.n; j++) {
			json_t *o = json_object();

			r = json_push(list, o, e);
			if (r == 0)
				r = json_put_string(o, "store", stores.v[i], e);
			if (r == 0)
				r = put_cert(o, t.v[j], e);
		}
	}
	return r;
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

int trust_list(const struct state *state, json_t **ret, struct err *e)
{
	auto_close int dir = trust_dir(state, true, e);
	auto_json *all = json_object();
	json_t *keys = json_array(), *certs = json_array();
	int r = json_put(all, "keys", keys, e);
	int r2 = json_put(all, "certificates", certs, e);

	if (dir < 0)
		return dir;
	if (r < 0 || r2 < 0)
		return FAIL_NOMEM(e);
	if ((r = list_keys(dir, keys, e)) < 0 || (r = list_certs(dir, certs, e)) < 0 ||
	    (r = list_policy(dir, all, e)) < 0)
		return r;
	*ret = TAKE(all);
	return 0;
}

/* Exporting. */

static int export_by_thumbprint(int dir, const char *prefix, struct buf *ret, struct err *e)
{
	auto_strv stores = { 0 };
	int r = strlen(prefix) >= 6 ? trust_stores(dir, &stores, e) : 0;

	for (size_t i = 0; r == 0 && i < stores.n; i++) {
		auto_trusted t = { 0 };

		r = trusted_load(dir, stores.v[i], &t, e);
		for (size_t j = 0; r == 0 && j < t.n; j++) {
			char hex[THUMBPRINT_MAX];

			cert_thumbprint(t.v[j], hex);
			if (starts_with(hex, prefix))
				return cert_to_pem(t.v[j], ret, e);
		}
	}
	return r < 0 ? r : E_NOTFOUND;
}

int trust_export(const struct state *state, const char *name, struct buf *ret, struct err *e)
{
	auto_close int dir = trust_dir(state, true, e);
	auto_chain c = { .n = 0 };
	int r, found;

	if (dir < 0)
		return dir;
	r = trust_key_chain(dir, name ? name : TRUST_DEFAULT_NAME, &c, e);
	if (r == E_NOTFOUND && name) {
		found = export_by_thumbprint(dir, name, ret, NULL);
		return found == E_NOTFOUND ? r : found;
	}
	for (size_t i = 0; r == 0 && i < c.n; i++)
		r = cert_to_pem(c.v[i], ret, e);
	return r;
}
