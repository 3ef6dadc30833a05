/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/rules_judge.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One rule being judged: the first thing that does not hold is what is told. */
struct judging {
	const struct rule *rule;
	const struct evidence *ev;
	json_t *checks, *attestations; /* borrowed from the document */
	struct err first;
};

/* A check's outcome. why is what failed, or NULL: it passed, and note tells with what. */
static int note(struct judging *j, const char *check, const struct err *why, const char *text,
		struct err *e)
{
	char told[sizeof(why->msg)];

	if (why && !j->first.code) {
		j->first = *why;
		text_sanitize(j->first.msg);
	}
	/* A text that was cut may end within a character, which JSON does not take. */
	(void)snprintf(told, sizeof(told), "%s", why ? why->msg : text);
	text_sanitize(told);
	return json_push(j->checks,
			 json_pack("{s:s, s:s, s:s}", "check", check, "outcome",
				   why ? "failed" : "passed", "note", told),
			 e);
}

/* A name is worth what vouches for it: where the policy only logs who is not trusted, nobody does.
 */
static bool notary_is(const struct rule_signer *s, const struct trust_result *t)
{
	auto_dn subject = { .n = 0 };

	if (t->checks[TRUST_STORE].outcome == TRUST_LOGGED ||
	    t->checks[TRUST_IDENTITY].outcome == TRUST_LOGGED)
		return false;
	if (s->certificate)
		return strcmp(s->certificate, t->thumbprint) == 0;
	if (s->key_id)
		return strcmp(s->key_id, t->key) == 0;
	return s->has_subject && dn_parse(str_of(t->subject), &subject, NULL) == 0 &&
	       dn_subset(&s->subject, &subject);
}

/* A certificate's owner signs bundles with its key: that is known from his Notary signature. */
static bool bundle_is(const struct evidence *ev, const struct rule_signer *s,
		      const struct sigstore_found *f)
{
	if (s->identity || f->keyless)
		return s->identity && f->keyless && strcmp(s->name, f->signer) == 0;
	if (s->key_id)
		return strcmp(s->key_id, f->key_id) == 0;
	if (s->key)
		return sigstore_trust_is(ev->trust, s->key, f->key_id);
	for (size_t i = 0; i < ev->notary->n; i++)
		if (notary_is(s, &ev->notary->v[i]) && strcmp(ev->notary->v[i].key, f->key_id) == 0)
			return true;
	return false;
}

/* The repository is signed, unless the rule does without. */
static bool named(const struct judging *j, const char *repository)
{
	return *repository ? strcmp(repository, j->ev->repository) == 0 : j->rule->unnamed;
}

/* Who of the rule's signers signed, and by which keys (or keyless identities). */
struct matching {
	size_t signers, keys;
	const char **key; /* borrowed; different ones */
	bool *may;	  /* signers * cap: whether that signer signed with that key */
	size_t cap;
	size_t *owner; /* of each key: the signer that it counts for, or NOBODY */
	bool signed_at_all[LIMIT_RULE_SIGNERS]; /* if only for another repository */
};
#define NOBODY SIZE_MAX

static void add_key(struct matching *m, size_t signer, const char *key)
{
	size_t k = 0;

	while (k < m->keys && strcmp(m->key[k], key) != 0)
		k++;
	if (k == m->keys) {
		m->key[k] = key;
		m->owner[k] = NOBODY;
		m->keys++;
	}
	m->may[signer * m->cap + k] = true;
}

static void add_keys_of(struct matching *m, const struct judging *j, size_t signer)
{
	const struct rule_signer *s = j->rule->signers[signer];
	const struct evidence *ev = j->ev;

	for (size_t i = 0; i < ev->notary->n; i++) {
		const struct trust_result *t = &ev->notary->v[i];

		if (!notary_is(s, t))
			continue;
		m->signed_at_all[signer] = true;
		if (named(j, t->repository))
			add_key(m, signer, t->key);
	}
	for (size_t i = 0; i < ev->found->n; i++) {
		const struct sigstore_found *f = &ev->found->v[i];

		if (!sigstore_is_signature(f) || !bundle_is(ev, s, f))
			continue;
		m->signed_at_all[signer] = true;
		if (named(j, f->repository))
			add_key(m, signer, f->keyless ? f->identity : f->key_id);
	}
}

/* Finds the signer a key of his own; another's, when he has one more to go to. */
static bool assign(struct matching *m, size_t signer, bool *seen)
{
	for (size_t k = 0; k < m->keys; k++) {
		if (!m->may[signer * m->cap + k] || seen[k])
			continue;
		seen[k] = true;
		if (m->owner[k] == NOBODY || assign(m, m->owner[k], seen)) {
			m->owner[k] = signer;
			return true;
		}
	}
	return false;
}

/* How many signers have a key each: as many as can be, whatever the order of the signatures. */
static size_t assign_all(struct matching *m, bool *seen)
{
	size_t n = 0;

	for (size_t i = 0; i < m->signers; i++) {
		memset(seen, 0, m->keys * sizeof(*seen));
		n += assign(m, i, seen);
	}
	return n;
}

static const char *why_not(const struct matching *m, size_t signer)
{
	for (size_t k = 0; k < m->keys; k++)
		if (m->may[signer * m->cap + k])
			return " (the same key again)";
	return m->signed_at_all[signer] ? " (not for this repository)" : "";
}

static bool has_key(const struct matching *m, size_t signer)
{
	for (size_t k = 0; k < m->keys; k++)
		if (m->owner[k] == signer)
			return true;
	return false;
}

static int note_signers(struct judging *j, const struct matching *m, size_t n, struct err *e)
{
	auto_buf have = BUF_INIT(8192), lack = BUF_INIT(8192);
	struct err why = ERR_INIT;

	for (size_t i = 0; i < m->signers; i++) {
		const char *name = j->rule->signers[i]->name;

		if (has_key(m, i))
			buf_printf(&have, "%s%s", have.n ? ", " : "", name);
		else
			buf_printf(&lack, "%s%s%s", lack.n ? ", " : "", name, why_not(m, i));
	}
	if (n >= j->rule->threshold)
		return note(j, "signers", NULL, buf_str(&have), e);
	(void)FAIL(&why, E_VERIFY, "%zu of %zu signers: %.300s%snot %.300s", n, j->rule->threshold,
		   buf_str(&have), have.n ? ", " : "", buf_str(&lack));
	return note(j, "signers", &why, NULL, e);
}

/* Different signers with one key are one. */
static int check_signers(struct judging *j, struct err *e)
{
	const size_t cap = j->ev->notary->n + j->ev->found->n + 1;
	struct matching m = { .signers = j->rule->signers_n, .cap = cap };
	auto_free const char **keys = calloc(cap, sizeof(*keys));
	auto_free bool *may = calloc(cap * (m.signers + 1), sizeof(*may));
	auto_free bool *seen = calloc(cap, sizeof(*seen));
	auto_free size_t *owner = calloc(cap, sizeof(*owner));

	if (!m.signers)
		return 0;
	if (!keys || !may || !seen || !owner)
		return FAIL_NOMEM(e);
	m.key = keys;
	m.may = may;
	m.owner = owner;
	for (size_t i = 0; i < m.signers; i++)
		add_keys_of(&m, j, i);
	return note_signers(j, &m, assign_all(&m, seen), e);
}

static bool may_attest(const struct judging *j, const struct sigstore_found *f)
{
	const struct rule *r = j->rule;
	const size_t n = r->attesters_n ? r->attesters_n : r->signers_n;
	const struct rule_signer *const *who = r->attesters_n ? r->attesters : r->signers;

	for (size_t i = 0; i < n; i++)
		if (bundle_is(j->ev, who[i], f))
			return true;
	return n == 0; /* whoever is trusted here */
}

static int judge_one(const struct judging *j, const struct sigstore_found *f, struct err *e)
{
	auto_json *statement = NULL;
	int r;

	if (!may_attest(j, f))
		return FAIL(e, E_VERIFY, "signed by '%.200s', who may not attest it", f->signer);
	if (!named(j, f->repository))
		return FAIL(e, E_VERIFY, "it is for %s%.200s, not for %.200s",
			    *f->repository ? "repository " : "no named repository", f->repository,
			    j->ev->repository);
	r = json_parse(buf_str(&f->statement), f->statement.n, "statement", &statement, e);
	return r < 0 ? r : rule_predicate(j->rule, f->predicate_type, statement, j->ev->now, e);
}

/* Every attestation of the type; one that is good is enough. */
static int check_type(struct judging *j, const char *type, struct err *e)
{
	char check[LIMIT_RULE_TEXT + 16];
	struct err last = ERR_INIT;
	const struct sigstore_found *good = NULL;
	int r = 0;

	(void)snprintf(check, sizeof(check), "attestation %.*s", LIMIT_RULE_TEXT, type);
	for (size_t i = 0; r == 0 && i < j->ev->found->n; i++) {
		const struct sigstore_found *f = &j->ev->found->v[i];
		struct err why = ERR_INIT;

		if (sigstore_is_signature(f) || !rule_type_covers(type, f->predicate_type))
			continue;
		if (judge_one(j, f, &why) == 0)
			good = good ? good : f;
		else if (!last.code || why.code == E_POLICY)
			last = why;
		text_sanitize(why.msg);
		r = json_push(j->attestations,
			      json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", f->predicate_type,
					"digest", f->carrier.s, "signer", f->signer, "outcome",
					why.code ? "refused" : "accepted", "note", why.msg),
			      e);
	}
	if (r < 0)
		return r;
	if (good)
		return note(j, check, NULL, good->carrier.s, e);
	if (!last.code)
		(void)FAIL(&last, E_VERIFY, "no accepted attestation of type %.200s", type);
	else
		(void)WRAP(&last, last.code, "attestation %.200s", type);
	return note(j, check, &last, NULL, e);
}

static int check_fresh(struct judging *j, struct err *e)
{
	struct err why = ERR_INIT;

	if (!j->rule->fresh)
		return 0;
	if (j->ev->fresh)
		return note(j, "fresh", NULL, "what TUF lists now", e);
	(void)FAIL(&why, E_VERIFY,
		   "no TUF root is trusted for %.200s, so nobody says that this is "
		   "the newest",
		   j->ev->repository);
	return note(j, "fresh", &why, NULL, e);
}

static int check_all(struct judging *j, struct err *e)
{
	struct err why = ERR_INIT;
	int r;

	if (j->rule->reject) {
		(void)FAIL(&why, E_POLICY, "the rule rejects all of %.200s", j->rule->scope);
		return note(j, "reject", &why, NULL, e);
	}
	r = check_signers(j, e);
	for (size_t i = 0; r == 0 && i < j->rule->types_n; i++)
		r = check_type(j, j->rule->types[i], e);
	return r < 0 ? r : check_fresh(j, e);
}

int rule_judge(const struct rule *rule, const struct evidence *ev, json_t *doc, struct err *e)
{
	struct judging j = { .rule = rule, .ev = ev, .first = ERR_INIT };
	int r;

	if ((r = json_get_array(doc, "checks", &j.checks, "decision", e)) < 0 ||
	    (r = json_get_array(doc, "attestations", &j.attestations, "decision", e)) < 0 ||
	    (r = check_all(&j, e)) < 0)
		return r;
	if (!j.first.code)
		return 0;
	if (e)
		*e = j.first;
	return WRAP(e, j.first.code, "rule '%.100s'", rule->scope);
}
