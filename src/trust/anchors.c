/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that become trusted. */
#include <stdio.h>
#include <string.h>

#include "trust/internal.h"

/* A certificate that could end no chain is refused here rather than ignored later. */
static int check_anchor(const struct cert *c, enum store_type type, const char *identity,
			struct err *e)
{
	struct chain alone = { .v = { (struct cert *)(uintptr_t)c }, .n = 1 };
	int r;

	if (type == STORE_TSA)
		return cert_is_ca(c)
			       ? 0
			       : FAIL(e, E_FORMAT,
				      "not a CA: a tsa store holds what certifies authorities");
	if (cert_is_ca(c)) {
		if (identity)
			return 0;
		r = FAIL(e, E_USAGE,
			 "this is a CA: which of its signers are trusted must be said too");
		return err_hint(e, r,
				"plimsoll trust add CERT.pem --identity "
				"'C=..,ST=..,O=..', or --identity '*' for all of them");
	}
	if (!cert_is_self_signed(c))
		return FAIL(e, E_FORMAT, "neither a CA nor self-signed, it can end no chain");
	return chain_check(&alone, e);
}

static int identities_of(const struct chain *c, const char *identity, struct strv *ret,
			 struct err *e)
{
	if (identity)
		return strv_add(ret, identity, e);
	for (size_t i = 0; i < c->n; i++) {
		auto_buf subject = BUF_INIT(4 * LIMIT_DN_TEXT);
		const struct dn *dn = cert_subject(c->v[i]);
		int r;

		if (!dn_get(dn, "C") || !dn_get(dn, "ST") || !dn_get(dn, "O")) {
			r = FAIL(e, E_USAGE,
				 "its subject lacks C, ST or O, so a policy cannot name it");
			return err_hint(e, r, "plimsoll trust add CERT.pem --identity '*'");
		}
		dn_text(dn, &subject);
		r = strv_add(ret, buf_str(&subject), e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* {"type":..,"store":..,"statement":..,"certificates":[{"thumbprint":..,"subject":..}]}, owned. */
static int describe(const struct admission *a, const char *statement, json_t **ret, struct err *e)
{
	auto_json *all = json_object();
	json_t *list = json_array();
	int r = json_put(all, "certificates", list, e);

	if (r < 0 || (r = json_put_string(all, "type", store_type_name(a->type), e)) < 0 ||
	    (r = json_put_string(all, "store", a->store, e)) < 0 ||
	    (r = json_put_string(all, "statement", statement[0] ? statement : NULL, e)) < 0)
		return r;
	for (size_t i = 0; r == 0 && i < a->added->n; i++) {
		char hex[THUMBPRINT_MAX], subject[300];

		cert_thumbprint(a->added->v[i], hex);
		trust_subject(a->added->v[i], subject, sizeof(subject));
		r = json_push(list, json_pack("{s:s, s:s}", "thumbprint", hex, "subject", subject),
			      e);
	}
	if (r == 0)
		*ret = TAKE(all);
	return r;
}

static int check_opts(const struct trust_add_opts *o, enum store_type *ret, struct err *e)
{
	int r = o->type ? store_type_parse(o->type, ret, e) : 0;

	if (r < 0)
		return r;
	if (o->store && !trust_name_ok(o->store))
		return FAIL(e, E_USAGE, "'%.100s' cannot name a trust store", o->store);
	if (*ret == STORE_TSA && (o->identity || (o->scopes && o->scopes->n)))
		return FAIL(e, E_USAGE,
			    "a tsa store takes no identity and no scope: a statement of the trust "
			    "policy that names it asks for timestamps");
	return 0;
}

int trust_add_cert(const struct state *state, struct str file, const struct trust_add_opts *o,
		   json_t **ret, struct err *e)
{
	char statement[LIMIT_STATEMENT_NAME + 1];
	auto_chain c = { .n = 0 };
	auto_strv ids = { 0 };
	struct admission a = { .store = o->store ? o->store : TRUST_DEFAULT_NAME,
			       .identities = &ids,
			       .scopes = o->scopes,
			       .added = &c };
	int r = check_opts(o, &a.type, e);

	r = r < 0 ? r : chain_from_file(file, &c, e);
	for (size_t i = 0; r == 0 && i < c.n; i++) {
		r = check_anchor(c.v[i], a.type, o->identity, e);
		if (r < 0)
			return WRAP(e, r, "certificate %zu", i + 1);
	}
	if (r == 0 && a.type != STORE_TSA)
		r = identities_of(&c, o->identity, &ids, e);
	if (r < 0)
		return r;

	auto_close int dir = trust_dir(state, true, e);
	auto_close int lock = dir < 0 ? dir : trust_lock(dir, e);

	r = lock < 0 ? lock : trust_policy_admit(dir, &a, statement, e);
	return r < 0 || !ret ? r : describe(&a, statement, ret, e);
}
