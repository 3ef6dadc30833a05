/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/admit/decide.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "pipeline/tuf/admit.h"
#include "trust/rules_judge.h"

/* One decision while it is made. */
struct deciding {
	const struct road *road;
	const struct ref *ref;
	const struct desc *d;
	const struct decide_opts *o;
	struct trust_signers notary;
	struct sigstore_trust trust;
	struct sigstore_identity *keyless; /* what trust refers to */
	struct sigstore_findings found;
	char repository[TRUST_REPOSITORY_MAX];
	struct decision *ret;
	bool fresh;	  /* TUF lists it now */
	bool offline;	  /* who says what is newest was not reached */
	bool refused;	  /* for more than that a server did not answer */
	struct err first; /* the first refusal */
};

static bool is_refusal(int r)
{
	return r == E_VERIFY || r == E_POLICY;
}

/* A refusal is kept, and the rest is looked at all the same; other errors end it. unasked: it may
 * be one only because a server did not answer. */
static int keep(struct deciding *x, const struct err *why, bool unasked, struct err *e)
{
	if (is_refusal(why->code)) {
		if (!x->first.code)
			x->first = *why;
		x->refused |= !unasked;
		return 0;
	}
	if (e)
		*e = *why;
	return why->code;
}

static int note(const struct deciding *x, const char *check, const char *outcome, const char *text,
		struct err *e)
{
	char told[sizeof(x->first.msg)];

	/* A text that was cut may end within a character, which JSON does not take. */
	(void)snprintf(told, sizeof(told), "%s", text);
	text_sanitize(told);
	return json_push(
		json_object_get(x->ret->doc, "checks"),
		json_pack("{s:s, s:s, s:s}", "check", check, "outcome", outcome, "note", told), e);
}

static int start_doc(const struct deciding *x, struct err *e)
{
	x->ret->doc = json_pack("{s:s, s:s, s:[], s:[], s:[], s:[]}", "repository", x->repository,
				"digest", x->d->digest.s, "checks", "signatures", "attestations",
				"refused");
	return x->ret->doc ? 0 : FAIL_NOMEM(e);
}

static int note_signature(const struct deciding *x, const char *kind, const char *digest,
			  const char *signer, const char *key, const char *repository,
			  struct err *e)
{
	return json_push(json_object_get(x->ret->doc, "signatures"),
			 json_pack("{s:s, s:s, s:s, s:s, s:s*}", "kind", kind, "digest", digest,
				   "signer", signer, "key", key, "repository",
				   *repository ? repository : NULL),
			 e);
}

/* Whether it is the newest, where somebody is trusted to say so. */
static int ask_tuf(struct deciding *x, struct err *e)
{
	struct err why = ERR_INIT;
	json_t *tuf = NULL;
	int r = tuf_admit(x->road, x->ref, x->d, &tuf, &why);

	x->fresh = r == 0 && tuf;
	x->offline = json_is_true(json_object_get(tuf, "offline"));
	if (tuf) {
		int k = json_put(x->ret->doc, "tuf", tuf, e);

		if (k < 0)
			return k;
	}
	if (r == 0)
		return x->fresh ? note(x, "newest", "passed",
				       json_object_get(tuf, "gun")
					       ? "what its Notary server lists now"
					       : "what TUF lists now",
				       e)
				: 0;
	r = keep(x, &why, x->offline, e);
	return r < 0 ? r : note(x, "newest", "failed", why.msg, e);
}

/* trustpolicy.json, as the Notary Project has it. */
static int ask_policy(struct deciding *x, struct err *e)
{
	struct err why = ERR_INIT;
	int r = trust_verify_all(x->road->state, x->road->store, x->ref, x->d, x->o->annotations,
				 &x->notary, &why);

	if (r < 0) {
		r = keep(x, &why, x->notary.unanswered, e);
		return r < 0 ? r : note(x, "trustpolicy.json", "failed", why.msg, e);
	}
	x->ret->trust = x->notary.v[0];
	r = json_put(x->ret->doc, "policy",
		     json_pack("{s:s, s:s}", "statement", x->ret->trust.statement, "level",
			       x->ret->trust.level),
		     e);
	if (x->ret->trust.skipped) {
		x->notary.n = 0;
		if (r == 0 && json_object_size(x->o->annotations)) {
			(void)FAIL(&why, E_VERIFY,
				   "trust policy '%s' skips this repository: no annotation was "
				   "verified",
				   x->ret->trust.statement);
			r = keep(x, &why, false, e);
		}
		return r < 0 ? r
			     : note(x, "trustpolicy.json", "not checked",
				    "it skips this repository", e);
	}
	for (size_t i = 0; r == 0 && i < x->notary.n; i++) {
		const struct trust_result *t = &x->notary.v[i];

		r = note_signature(x, "notary", t->signature.s, t->subject, t->key, t->repository,
				   e);
	}
	return r < 0 ? r : note(x, "trustpolicy.json", "passed", x->ret->trust.subject, e);
}

/* Those of the rules, by their names. Owned: what trust refers to. */
static int keyless_signers(const struct rules *rules, struct sigstore_trust *trust,
			   struct sigstore_identity **ret, struct err *e)
{
	struct sigstore_identity *v;

	if (!rules || !rules->signers_n)
		return 0;
	*ret = v = calloc(rules->signers_n, sizeof(*v));
	if (!v)
		return FAIL_NOMEM(e);
	trust->identities = v;
	for (size_t i = 0; i < rules->signers_n; i++)
		if (rules->signers[i].identity)
			v[trust->identities_n++] =
				(struct sigstore_identity){ .label = rules->signers[i].name,
							    .name = rules->signers[i].identity,
							    .issuer = rules->signers[i].issuer };
	return 0;
}

/* As the rules name repositories: skopeo signs them with a tag, cosign Docker's by another host. */
static int full_name(struct sigstore_found *f, struct err *e)
{
	auto_buf name = BUF_INIT(sizeof(f->repository) - 1);
	struct ref ref;

	if (!f->repository[0] || ref_parse(f->repository, &ref, NULL) < 0)
		return 0;
	trust_repository(&ref, &name);
	(void)snprintf(f->repository, sizeof(f->repository), "%s", buf_str(&name));
	return buf_check(&name, "repository", e);
}

/* Bundles: signatures and attestations of whom is trusted. */
static int find_bundles(struct deciding *x, struct err *e)
{
	/* What names another repository is told, and the rule does not take it. */
	const struct sigstore_query q = { .ref = x->ref, .any_repository = true };
	json_t *refused = json_object_get(x->ret->doc, "refused");
	int r = sigstore_trust_load(x->road->state, x->ref, &x->trust, e);

	if (r == 0)
		r = keyless_signers(x->road->rules, &x->trust, &x->keyless, e);
	if (r == 0)
		r = sigstore_find(x->road->store, x->d, &x->trust, &q, &x->found, e);
	for (size_t i = 0; r == 0 && i < x->found.n; i++) {
		struct sigstore_found *f = &x->found.v[i];

		r = full_name(f, e);
		if (r < 0)
			break;
		if (sigstore_is_signature(f))
			r = note_signature(x, f->format == SIGSTORE_SIMPLE ? "cosign" : "sigstore",
					   f->carrier.s, f->signer,
					   f->keyless ? f->identity : f->key_id, f->repository, e);
	}
	for (size_t i = 0; r == 0 && i < x->found.refused.n; i++) {
		text_sanitize(x->found.refused.v[i]);
		r = json_push(refused, json_string(x->found.refused.v[i]), e);
	}
	if (r == 0 && x->found.unseen)
		r = json_push(
			refused,
			json_sprintf("%zu more signatures and attestations were not looked at",
				     x->found.unseen),
			e);
	return r;
}

static int judge(struct deciding *x, const struct rule *rule, struct err *e)
{
	const struct evidence ev = { .notary = &x->notary,
				     .found = &x->found,
				     .trust = &x->trust,
				     .repository = x->repository,
				     .fresh = x->fresh,
				     .now = clock_now() };
	struct err why = ERR_INIT;
	int r = rule_judge(rule, &ev, x->ret->doc, &why);

	/* What the rule misses may be what nobody answered about. */
	return r < 0 ? keep(x, &why, x->offline || x->notary.unanswered, e) : 0;
}

/* A rule for what the caller asks for: what that of the repository says of attestations, and of
 * who may make them, holds for those, too. */
static void begin_asked(struct rule *ret, const struct rule *rule)
{
	if (rule)
		*ret = *rule;
	if (!ret->attesters_n) {
		memcpy(ret->attesters, ret->signers, sizeof(ret->attesters));
		ret->attesters_n = ret->signers_n;
	}
	ret->scope = "--require";
	ret->reject = ret->fresh = false;
	ret->types_n = ret->signers_n = ret->threshold = 0;
}

static int ask_caller(struct deciding *x, const struct rule *rule, struct err *e)
{
	auto_free struct rule *asked = calloc(1, sizeof(*asked));
	int r;

	if (!x->o->require || !x->o->require->n)
		return 0;
	if (!asked)
		return FAIL_NOMEM(e);
	if (x->o->require->n > LIMIT_RULE_TYPES)
		return FAIL(e, E_USAGE, "more than %d types are required", LIMIT_RULE_TYPES);
	begin_asked(asked, rule);
	for (size_t i = 0; i < x->o->require->n; i++) {
		if (!rule_type_ok(x->o->require->v[i]))
			return FAIL(e, E_USAGE, "'%.60s' is no type of attestation",
				    x->o->require->v[i]);
		asked->types[asked->types_n++] = x->o->require->v[i];
	}
	r = judge(x, asked, e);
	x->ret->by_rule |= r == 0 && !x->first.code;
	return r;
}

/* A digest alone names no repository, and would slip past the rules that go by one. tuf_admit()
 * looks at the names that it has here, trust_verify_all() at the statements of trustpolicy.json. */
static int ask_name(struct deciding *x, const struct rules *rules, struct err *e)
{
	struct err why = ERR_INIT;
	bool named = false;
	int r;

	if (x->repository[0])
		return 0;
	for (size_t i = 0; rules && i < rules->n; i++)
		named |= strcmp(rules->v[i].scope, "*") != 0;
	if (!named)
		return 0;
	(void)FAIL(&why, E_VERIFY,
		   "it is named by its digest alone, and rules go by repositories: name it NAME@%s",
		   x->d->digest.s);
	r = keep(x, &why, false, e);
	return r < 0 ? r : note(x, "repository", "failed", why.msg, e);
}

static int ask_rule(struct deciding *x, const struct rule *rule, struct err *e)
{
	const bool before = x->first.code != E_OK;
	int r;

	if (!rule)
		return json_put(x->ret->doc, "rule", json_null(), e);
	r = json_put_string(x->ret->doc, "rule", rule->scope, e);
	if (r == 0)
		r = judge(x, rule, e);
	x->ret->by_rule = (rule->signers_n || rule->types_n) && !before && !x->first.code;
	return r;
}

static int ask_all(struct deciding *x, struct err *e)
{
	const struct rules *rules = x->road->rules;
	const struct rule *rule = rules ? rules_select(rules, x->repository) : NULL;
	int r = start_doc(x, e);

	if (r < 0 || (r = ask_name(x, rules, e)) < 0 || (r = ask_tuf(x, e)) < 0 ||
	    (r = ask_policy(x, e)) < 0)
		return r;
	if (rule || (x->o->require && x->o->require->n))
		r = find_bundles(x, e);
	if (r < 0 || (r = ask_rule(x, rule, e)) < 0)
		return r;
	return ask_caller(x, rule, e);
}

int decide(const struct road *road, const struct ref *ref, const struct desc *d,
	   const struct decide_opts *o, struct decision *ret, struct err *e)
{
	auto_buf repository = BUF_INIT(TRUST_REPOSITORY_MAX - 1);
	struct deciding x = {
		.road = road, .ref = ref, .d = d, .o = o, .ret = ret, .first = ERR_INIT
	};
	int r;

	trust_repository(ref, &repository);
	r = buf_check(&repository, "repository", e);
	if (r < 0)
		return r;
	(void)snprintf(x.repository, sizeof(x.repository), "%s", buf_str(&repository));
	r = ask_all(&x, e);
	sigstore_findings_free(&x.found);
	trust_signers_free(&x.notary);
	sigstore_trust_free(&x.trust);
	free(x.keyless);
	if (r == 0 && x.first.code) {
		if (e)
			*e = x.first;
		r = x.first.code;
		ret->unasked = !x.refused;
	}
	return r;
}

int decide_verified(const struct road *road, const struct ref *ref, const struct desc *d,
		    const struct decide_opts *o, struct decision *ret, struct err *e)
{
	int r = decide(road, ref, d, o, ret, e);

	/* A policy may skip a repository for other tools; here it would admit what nobody signed.
	 */
	if (r == 0 && ret->trust.skipped && !ret->by_rule)
		r = FAIL(e, E_VERIFY,
			 "trust policy '%s' skips this repository: nothing was verified",
			 ret->trust.statement);
	return r;
}

json_t *decision_brief(const struct decision *d)
{
	return d->doc ? json_pack("{s:O*, s:O*, s:O*}", "rule", json_object_get(d->doc, "rule"),
				  "tuf", json_object_get(d->doc, "tuf"), "checks",
				  json_object_get(d->doc, "checks"))
		      : NULL;
}

void decision_free(struct decision *d)
{
	json_decref(d->doc);
	*d = (struct decision){ .doc = NULL };
}
