/* SPDX-License-Identifier: Apache-2.0 */
/* That nobody may sign more by a changed trust policy than was asked for. */
#include <stdio.h>
#include <string.h>

#include "trust/internal.h"

static const struct statement *by_name(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->v[i].name, name) == 0)
			return &p->v[i];
	return NULL;
}

static bool names(const struct statement *s, const struct named_store *store)
{
	for (size_t i = 0; s && i < s->stores_n; i++)
		if (s->stores[i].type == store->type && strcmp(s->stores[i].name, store->name) == 0)
			return true;
	return false;
}

/* Every subject that is one of s is one of was. */
static bool covers(const struct statement *was, const struct statement *s)
{
	if (was->any_identity)
		return true;
	for (size_t i = 0; i < s->identities_n; i++)
		if (!policy_identity(was, &s->identities[i]))
			return false;
	return !s->any_identity;
}

/* A CA certifies whomever it likes, so it gains by each name; who signs himself, by his own. */
static bool gains(const struct cert *c, const struct statement *was, bool was_named,
		  const struct statement *is)
{
	if (cert_is_ca(c))
		return !was_named || !covers(was, is);
	return policy_identity(is, cert_subject(c)) &&
	       !(was_named && policy_identity(was, cert_subject(c)));
}

static bool is_added(const struct admission *a, const struct cert *c)
{
	for (size_t i = 0; i < a->added->n; i++)
		if (cert_equal(a->added->v[i], c))
			return true;
	return false;
}

/* where: what it would get. */
static int refuse_gain(const struct cert *c, const struct admission *a, const char *where,
		       struct err *e)
{
	char subject[300];
	int r;

	trust_subject(c, subject, sizeof(subject));
	r = FAIL(e, E_USAGE, "by that, '%s' %s", subject, where);
	return err_hint(e, r, "%s",
			a->own ? "give the new key a subject that the policy names (--subject), or "
				 "have it certified: plimsoll trust init --csr"
			       : "give the certificate a store and a statement of its own: "
				 "plimsoll trust add --store NAME --scope HOST/REPOSITORY ...");
}

/* In one statement each of the stores goes with each of the names. */
static int nobody_gains(int dir, const struct admission *a, const struct statement *was,
			const struct statement *is, struct err *e)
{
	for (size_t i = 0; i < is->stores_n; i++) {
		const struct named_store *store = &is->stores[i];
		char where[LIMIT_STORE_NAME + 80];
		auto_trusted certs = { 0 };
		int r = store->type == STORE_TSA
				? 0
				: trusted_load_of(dir, store->type, store->name, &certs, e);

		if (r < 0)
			return r;
		(void)snprintf(where, sizeof(where),
			       "of the trust store %s:%s could sign as others than before",
			       store_type_name(store->type), store->name);
		for (size_t k = 0; k < certs.n; k++)
			if (!is_added(a, certs.v[k]) &&
			    gains(certs.v[k], was, names(was, store), is))
				return refuse_gain(certs.v[k], a, where, e);
	}
	return 0;
}

static bool given_one(const struct admission *a, const struct dn *identity)
{
	for (size_t i = 0; i < a->identities->n; i++) {
		auto_dn dn = { .n = 0 };

		if (dn_parse(str_of(a->identities->v[i]), &dn, NULL) == 0 &&
		    dn_subset(&dn, identity))
			return true;
	}
	return false;
}

/* Every name of the statement is one that was given for those who are added. */
static bool given(const struct admission *a, const struct statement *is)
{
	for (size_t i = 0; i < a->identities->n; i++)
		if (strcmp(a->identities->v[i], "*") == 0)
			return true;
	for (size_t i = 0; i < is->identities_n; i++)
		if (!given_one(a, &is->identities[i]))
			return false;
	return !is->any_identity;
}

static bool holds(const struct trusted *t, const struct cert *c)
{
	for (size_t i = 0; i < t->n; i++)
		if (cert_equal(t->v[i], c))
			return true;
	return false;
}

/* The next certificate of one who signs himself, for all repositories: no new signer. */
static bool renews(const struct admission *a, const struct trusted *t, const struct cert *c)
{
	const struct dn *dn = cert_subject(c);

	for (size_t i = 0; (!a->scopes || !a->scopes->n) && i < t->n; i++)
		if (dn_subset(dn, cert_subject(t->v[i])) && dn_subset(cert_subject(t->v[i]), dn))
			return true;
	return false;
}

/*
 * What who is added could sign beyond what was asked for: in the chosen statement, by its other
 * names, which a CA may certify, whoever was there first; in every other that names the store. A
 * key that is made here may have what the store has.
 */
static int added_gain(int dir, const struct admission *a, const struct policy *was,
		      const struct policy *is, const char *chosen, struct err *e)
{
	const struct named_store store = { .type = a->type, .name = a->store };
	const bool named = names(by_name(was, chosen), &store);
	auto_trusted there = { 0 };
	char where[2 * LIMIT_STATEMENT_NAME + 64];
	int r = trusted_load_of(dir, a->type, a->store, &there, e);

	for (size_t i = 0; r == 0 && i < is->n * a->added->n; i++) {
		const struct statement *s = &is->v[i / a->added->n];
		const struct cert *c = a->added->v[i % a->added->n];
		const bool known = holds(&there, c), ca = cert_is_ca(c);

		if (!names(s, &store))
			continue;
		if (strcmp(s->name, chosen) == 0) {
			(void)snprintf(where, sizeof(where),
				       "could sign as others of statement '%s', too", s->name);
			if (ca && !(known && named) && !given(a, s))
				return refuse_gain(c, a, where, e);
		} else if (!known && !a->own) {
			(void)snprintf(where, sizeof(where), "would count for statement '%s', too",
				       s->name);
			if (ca || (policy_identity(s, cert_subject(c)) && !renews(a, &there, c)))
				return refuse_gain(c, a, where, e);
		}
	}
	return r;
}

int policy_gain_check(int dir, const struct admission *a, const struct policy *was,
		      const struct policy *is, const char *statement, struct err *e)
{
	int r = nobody_gains(dir, a, by_name(was, statement), by_name(is, statement), e);

	return r < 0 ? r : added_gain(dir, a, was, is, statement, e);
}
