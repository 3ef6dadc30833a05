/* SPDX-License-Identifier: Apache-2.0 */
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sandbox/sandbox.h"
#include "trust/sigstore/internal.h"
#include "trust/withdrawn.h"

void sigstore_trust_free(struct sigstore_trust *t)
{
	for (size_t i = 0; i < t->n; i++)
		key_free(t->v[i].key);
	free(t->v);
	free(t->aliases);
	buf_free(&t->root);
	withdrawn_free(&t->withdrawn);
	*t = (struct sigstore_trust){ 0 };
}

static int add_alias(struct sigstore_trust *t, const char *name, const struct sigstore_signer *of,
		     struct err *e)
{
	struct sigstore_alias *v;

	if (strcmp(of->name, name) == 0)
		return 0;
	if (t->aliases_n >= LIMIT_SIGNERS)
		return FAIL(e, E_FORMAT, "more than %d signers", LIMIT_SIGNERS);
	v = reallocarray(t->aliases, t->aliases_n + 1, sizeof(*v));
	if (!v)
		return FAIL_NOMEM(e);
	t->aliases = v;
	v += t->aliases_n++;
	(void)snprintf(v->name, sizeof(v->name), "%s", name);
	memcpy(v->id, of->id, sizeof(v->id));
	return 0;
}

/* Takes key over, also on failure. The first name of a key stays its own. */
static int add(struct sigstore_trust *t, const char *name, bool by_certificate, struct key *key,
	       struct err *e)
{
	auto_release(key_free) struct key *k = key;
	struct sigstore_signer *v;
	int r;

	for (size_t i = 0; i < t->n; i++)
		if (key_same_public(t->v[i].key, k))
			return add_alias(t, name, &t->v[i], e);
	if (t->n >= LIMIT_SIGNERS)
		return FAIL(e, E_FORMAT, "more than %d signers", LIMIT_SIGNERS);
	v = reallocarray(t->v, t->n + 1, sizeof(*v));
	if (!v)
		return FAIL_NOMEM(e);
	t->v = v;
	v += t->n;
	*v = (struct sigstore_signer){ .by_certificate = by_certificate };
	(void)snprintf(v->name, sizeof(v->name), "%s", name);
	if ((r = key_spki_id(k, v->id, e)) < 0)
		return r;
	v->key = TAKE(k);
	t->n++;
	return 0;
}

bool sigstore_trust_is(const struct sigstore_trust *t, const char *name, const char *id)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->v[i].name, name) == 0 && strcmp(t->v[i].id, id) == 0)
			return true;
	for (size_t i = 0; i < t->aliases_n; i++)
		if (strcmp(t->aliases[i].name, name) == 0 && strcmp(t->aliases[i].id, id) == 0)
			return true;
	return false;
}

int sigstore_trust_key(struct sigstore_trust *t, const char *name, struct str pem, struct err *e)
{
	struct key *k;
	int r = key_public_from_pem(pem, &k, e);

	return r < 0 ? r : add(t, name, false, k, e);
}

int sigstore_trust_root(struct sigstore_trust *t, struct str json, struct err *e)
{
	int r = trusted_roots_check(json, e);

	if (r < 0)
		return r;
	buf_free(&t->root);
	t->root = BUF_INIT(LIMIT_TRUSTED_ROOT);
	buf_put(&t->root, json.p, json.n);
	return buf_check(&t->root, "trusted root", e);
}

static int check_pattern(const char *pattern, struct err *e)
{
	regex_t re;
	char why[120];
	int r;

	if (pattern && !*pattern)
		return FAIL(e, E_USAGE, "an empty regular expression is everybody's");
	r = pattern ? regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) : 0;
	if (r != 0) {
		(void)regerror(r, &re, why, sizeof(why));
		return FAIL(e, E_USAGE, "regular expression '%.200s': %s", pattern, why);
	}
	if (pattern)
		regfree(&re);
	return 0;
}

int sigstore_identity_check(const struct sigstore_identity *i, struct err *e)
{
	int r = check_pattern(i->name_pattern, e);

	if (r == 0)
		r = check_pattern(i->issuer_pattern, e);
	if (r < 0)
		return r;
	/* Whoever has an account somewhere may sign something: without both, everybody may. */
	if ((!i->name && !i->name_pattern) || (!i->issuer && !i->issuer_pattern))
		return FAIL(e, E_USAGE, "a keyless signer has an identity and an issuer");
	return 0;
}

/* Keys and root of the trust folder. */

static int load_key(int dir, const char *file, struct sigstore_trust *t, struct err *e)
{
	char path[sizeof(DIR_SIGSTORE_KEYS) + 256 + 2];
	auto_buf pem = BUF_INIT(LIMIT_KEY_PEM);
	auto_free char *name = str_dup((struct str){ file, strlen(file) - strlen(".pub") });
	int r;

	if (!name)
		return FAIL_NOMEM(e);
	(void)snprintf(path, sizeof(path), DIR_SIGSTORE_KEYS "/%.255s", file);
	r = trust_read(dir, path, LIMIT_KEY_PEM, &pem, e);
	if (r == 0)
		r = sigstore_trust_key(t, name, (struct str){ buf_str(&pem), pem.n }, e);
	return r < 0 ? WRAP(e, r, "trusted key '%s'", name) : 0;
}

static int load_keys(int dir, struct sigstore_trust *t, struct err *e)
{
	auto_strv names = { 0 };
	int r = trust_names(dir, DIR_SIGSTORE_KEYS, &names, e);

	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (ends_with(names.v[i], ".pub"))
			r = load_key(dir, names.v[i], t, e);
	return r;
}

static int load_root(int dir, struct sigstore_trust *t, struct err *e)
{
	auto_buf json = BUF_INIT(LIMIT_TRUSTED_ROOT);
	int r = trust_read(dir, FILE_TRUSTED_ROOT, LIMIT_TRUSTED_ROOT, &json, e);

	if (r == E_NOTFOUND)
		return 0;
	if (r == 0)
		r = sigstore_trust_root(t, (struct str){ buf_str(&json), json.n }, e);
	return r < 0 ? WRAP(e, r, "%s", FILE_TRUSTED_ROOT) : 0;
}

/* Signers of the trust policy. */

/* Signs for itself, now, as one that the statement admits. */
static bool signs(const struct statement *st, const struct cert *c, int64_t now)
{
	return !cert_is_ca(c) && cert_not_before(c) <= now && now <= cert_not_after(c) &&
	       (st->any_identity || policy_identity(st, cert_subject(c)));
}

static int load_statement(int dir, const struct statement *st, struct sigstore_trust *t,
			  struct err *e)
{
	auto_trusted certs = { 0 };
	int64_t now = clock_now();
	int r = 0;

	for (size_t i = 0; r == 0 && i < st->stores_n; i++)
		if (st->stores[i].type == STORE_CA)
			r = trusted_load(dir, st->stores[i].name, &certs, e);
	for (size_t i = 0; r == 0 && i < certs.n; i++) {
		struct key *k;

		if (signs(st, certs.v[i], now) && cert_key(certs.v[i], &k, NULL) == 0)
			r = add(t, certs.where[i], true, k, e);
	}
	return r;
}

static int load_policy(int dir, const struct ref *ref, struct sigstore_trust *t, struct err *e)
{
	auto_policy policy = { 0 };
	const struct statement *st;
	int r = trust_policy_load(dir, &policy, e);

	if (r < 0)
		return r == E_NOTFOUND ? 0 : r;
	st = policy_select(&policy, ref);
	return st && !st->skip ? load_statement(dir, st, t, e) : 0;
}

/* A signature by a key has no time of its own. So those of a key that was rotated count until it is
 * withdrawn, those of a revoked one no more. */
static int drop_withdrawn(int dir, struct sigstore_trust *t, struct err *e)
{
	struct withdrawn list = { 0 };
	int64_t now = clock_now();
	size_t kept = 0;
	int r = withdrawn_load(dir, &list, e);

	if (r < 0)
		return r;
	withdrawn_free(&t->withdrawn);
	t->withdrawn = list;
	for (size_t i = 0; i < t->n; i++) {
		if (withdrawn_check(&list, t->v[i].key, 0, now, NULL) < 0)
			key_free(t->v[i].key);
		else
			t->v[kept++] = t->v[i];
	}
	t->n = kept;
	return 0;
}

int sigstore_trust_load(const struct state *state, const struct ref *ref,
			struct sigstore_trust *ret, struct err *e)
{
	auto_close int dir = trust_dir(state, false, e);
	auto_sigstore_trust t = { 0 };
	int r;

	*ret = (struct sigstore_trust){ 0 };
	if (dir == E_NOTFOUND)
		return 0;
	if (dir < 0)
		return dir;
	if ((r = load_keys(dir, &t, e)) < 0 || (r = load_root(dir, &t, e)) < 0 ||
	    (ref && (r = load_policy(dir, ref, &t, e)) < 0) || (r = drop_withdrawn(dir, &t, e)) < 0)
		return r;
	*ret = t;
	t = (struct sigstore_trust){ 0 };
	return 0;
}

int sigstore_trust_load_root(const struct state *state, struct sigstore_trust *t, struct err *e)
{
	auto_close int dir = trust_dir(state, false, e);

	if (dir < 0)
		return dir == E_NOTFOUND ? 0 : dir;
	return load_root(dir, t, e);
}

int sigstore_trust_drop_withdrawn(const struct state *state, struct sigstore_trust *t,
				  struct err *e)
{
	auto_close int dir = trust_dir(state, false, e);

	if (dir < 0)
		return dir == E_NOTFOUND ? 0 : dir;
	return drop_withdrawn(dir, t, e);
}
