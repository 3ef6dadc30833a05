/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/proc.h"
#include "trust/internal.h"
#include "trust/revocation.h"

const char *trust_check_name(enum trust_check c)
{
	static const char *const names[TRUST_CHECKS] = {
		[TRUST_INTEGRITY] = "integrity",   [TRUST_CHAIN] = "certificate chain",
		[TRUST_STORE] = "trust store",	   [TRUST_IDENTITY] = "identity",
		[TRUST_TIMESTAMP] = "timestamp",   [TRUST_EXPIRY] = "expiry",
		[TRUST_REVOCATION] = "revocation", [TRUST_NAME] = "repository",
	};

	return names[c];
}

/* What the statement trusts, by type of its stores. */
struct anchors {
	struct trusted of[STORE_TYPES];
};

static void anchors_free(struct anchors *a)
{
	for (int t = 0; t < STORE_TYPES; t++)
		trusted_free(&a->of[t]);
}
#define auto_anchors __attribute__((cleanup(anchors_free))) struct anchors

/* What cannot be looked at has not said no. */
static int asks_for_names(int dir, bool *ret, struct err *e)
{
	auto_close int fd = fs_open_nolink(dir, FILE_NAMED, O_PATH, 0, e);

	*ret = fd >= 0;
	if (fd == E_NOTFOUND && e)
		*e = ERR_INIT;
	return fd < 0 && fd != E_NOTFOUND ? fd : 0;
}

static int load_stores(int dir, const struct statement *s, struct anchors *ret, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->stores_n; i++)
		r = trusted_load_of(dir, s->stores[i].type, s->stores[i].name,
				    &ret->of[s->stores[i].type], e);
	return r;
}

/* One line a signature: why it was not accepted. */
static void add_reason(struct buf *reasons, const struct desc *d, const struct err *why)
{
	if (reasons->n < 800)
		buf_printf(reasons, "%ssignature %.19s: %.300s", reasons->n ? "; " : "",
			   d->digest.s, why->msg);
}

static int none_passed(const struct desc *manifest, const struct ref *ref, size_t tried,
		       size_t there, const struct buf *reasons, struct err *e)
{
	auto_buf name = BUF_INIT(2 * LIMIT_REF);
	int r;

	ref_full(ref, &name);
	if (!ref->name[0])
		buf_reset(&name);
	if (there == 0) {
		bool named = name.n && !ref->digest.s[0];

		/* The host that verifies seldom has a key that its policy trusts. */
		r = FAIL(e, E_VERIFY, "nobody signed %s", manifest->digest.s);
		return err_hint(e, r,
				"whoever built it signs it and pushes it again: plimsoll sign %s, "
				"plimsoll push",
				named ? name.p : "IMAGE");
	}
	r = FAIL(e, E_VERIFY, "no signature of %s is accepted: %s%s", manifest->digest.s,
		 buf_str(reasons), there > tried ? "; more signatures than are tried" : "");
	if (there > tried)
		return err_hint(e, r,
				"whoever may write there deletes what is no signature (plimsoll "
				"inspect lists them): only %d are tried, first those that name a "
				"trusted certificate",
				LIMIT_SIGNATURES);
	if (strstr(buf_str(reasons), SIGNED_FOR))
		return err_hint(e, r,
				"whoever may sign it signs it for this name, and pushes it again: "
				"plimsoll sign %s, plimsoll push",
				name.n ? name.p : "IMAGE");
	return err_hint(e, r,
			"plimsoll trust add CERT.pem, when you trust that signer and have the "
			"certificate from them");
}

/* Whether the manifest of a signature says that a certificate of ours is in its chain. It may lie:
 * then the signature is refused when its turn comes. */
static bool promises(const json_t *referrer, const struct strv *thumbprints)
{
	const char *list = json_string_or_null(json_object_get(referrer, "annotations"),
					       ANNOTATION_THUMBPRINTS);

	for (size_t i = 0; list && i < thumbprints->n; i++)
		if (strcasestr(list, thumbprints->v[i]))
			return true;
	return false;
}

static int add_thumbprints(const struct trusted *t, struct strv *ret, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && t && i < t->n; i++) {
		char hex[THUMBPRINT_MAX];

		cert_thumbprint(t->v[i], hex);
		r = strv_add(ret, hex, e);
	}
	return r;
}

/* Those that promise something first, so that a flood of others does not hide them. */
static int in_order(json_t *list, const struct evaluation *v, json_t **ret, struct err *e)
{
	auto_json *first = json_array();
	auto_json *rest = json_array();
	auto_strv ours = { 0 };
	json_t *o;
	size_t i;
	int r = add_thumbprints(v->trusted, &ours, e);

	if (r < 0 || (r = add_thumbprints(v->authority, &ours, e)) < 0)
		return r;
	json_array_foreach(list, i, o)
	{
		if (json_array_append(promises(o, &ours) ? first : rest, o) < 0)
			return FAIL_NOMEM(e);
	}
	if (!first || !rest || json_array_extend(first, rest) < 0)
		return FAIL_NOMEM(e);
	*ret = TAKE(first);
	return 0;
}

/* Nothing new for a policy: who signed, by which certificate, for which repository. */
static bool known(const struct trust_signers *all, const struct trust_result *t)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->v[i].key, t->key) == 0 &&
		    strcmp(all->v[i].thumbprint, t->thumbprint) == 0 &&
		    strcmp(all->v[i].repository, t->repository) == 0)
			return true;
	return false;
}

static int try_one(const struct store *s, const json_t *referrer, struct evaluation *v,
		   struct answers *answers, struct trust_result *ret, struct desc *ret_desc,
		   struct err *e)
{
	auto_buf envelope = BUF_INIT(LIMIT_ENVELOPE);
	int r = desc_parse(referrer, "referrer", ret_desc, e);

	if (r == 0)
		r = signature_read(s, ret_desc, v->manifest, &v->form, &envelope, e);
	v->envelope = (struct str){ buf_str(&envelope), envelope.n };
	if (r == 0)
		r = evaluate_sandboxed(v, answers, ret, e);
	if (r == 0)
		ret->signature = ret_desc->digest;
	return r;
}

void trust_signers_free(struct trust_signers *all)
{
	free(all->v);
	*all = (struct trust_signers){ .v = NULL };
}

/* A place at the end, which counts once n is moved on. NULL: no memory. */
static struct trust_result *next_place(struct trust_signers *all)
{
	struct trust_result *v = reallocarray(all->v, all->n + 1, sizeof(*v));

	if (!v)
		return NULL;
	all->v = v;
	memset(&v[all->n], 0, sizeof(*v));
	return &v[all->n];
}

/* Until `enough` different ones have passed, or as many were tried as are. */
static int try_all(const struct store *s, const struct ref *ref, struct evaluation *v,
		   struct answers *answers, size_t enough, struct trust_signers *ret, struct err *e)
{
	auto_json *found = NULL;
	auto_json *list = NULL;
	auto_buf reasons = BUF_INIT(2048);
	size_t n, i;
	int r = store_referrers(s, &v->manifest->digest, NOTARY_ARTIFACT_TYPE, &found, e);

	if (r < 0 || (r = in_order(found, v, &list, e)) < 0)
		return r;
	n = json_array_size(list);
	for (i = 0; i < n && i < LIMIT_SIGNATURES && ret->n < enough; i++) {
		struct trust_result *res = next_place(ret);
		struct err why = ERR_INIT;
		struct desc d = { 0 };

		if (!res)
			return FAIL_NOMEM(e);
		r = try_one(s, json_array_get(list, i), v, answers, res, &d, &why);
		if (r == 0 && !known(ret, res))
			ret->n++;
		/* To be ended says nothing of the signature: it is not refused. */
		if (r < 0 && proc_interrupted(e) < 0)
			return E_SIGNAL;
		if (r < 0)
			add_reason(&reasons, &d, &why);
		ret->unanswered |= r == E_REMOTE;
	}
	ret->more = i < n;
	return ret->n ? 0 : none_passed(v->manifest, ref, i, n, &reasons, e);
}

static int no_policy(struct err *e)
{
	int r = FAIL(e, E_VERIFY, "there is no trust policy, so no signature is accepted");

	return err_hint(e, r, "plimsoll trust init, or plimsoll trust add CERT.pem");
}

static int verify_by(const struct state *state, int dir, const struct statement *st,
		     const struct store *s, const struct ref *ref, const struct desc *manifest,
		     const json_t *annotations, size_t enough, struct trust_signers *ret,
		     struct err *e)
{
	auto_anchors anchors = { 0 };
	auto_answers answers = { .state = state };
	auto_withdrawn withdrawn = { 0 };
	auto_buf repository = BUF_INIT(TRUST_REPOSITORY_MAX);
	struct evaluation v = { .manifest = manifest,
				.annotations = annotations,
				.statement = st,
				.trusted = &anchors.of[STORE_CA],
				.authority = &anchors.of[STORE_AUTHORITY],
				.tsa = &anchors.of[STORE_TSA],
				.now = clock_now() };
	int r;

	trust_repository(ref, &repository);
	/* The bytes that are signed are those that we hold. */
	if ((r = buf_check(&repository, "repository", e)) < 0 ||
	    (r = store_blob_verify(s, manifest, e)) < 0 ||
	    (r = load_stores(dir, st, &anchors, e)) < 0 ||
	    (r = withdrawn_load(dir, &withdrawn, e)) < 0)
		return r;
	v.repository = buf_str(&repository);
	v.withdrawn = withdrawn;
	r = asks_for_names(dir, &v.named, e);
	return r < 0 ? r : try_all(s, ref, &v, &answers, enough, ret, e);
}

static void name_statement(const struct statement *st, struct trust_result *res)
{
	res->skipped = st->skip;
	(void)snprintf(res->statement, sizeof(res->statement), "%s", st->name);
	text_sanitize(res->statement);
	(void)snprintf(res->level, sizeof(res->level), "%s", st->level);
}

static int no_statement(const struct state *state, const struct ref *ref,
			const struct desc *manifest, struct err *e)
{
	auto_buf repository = BUF_INIT(2 * LIMIT_REF);
	int r;

	ref_repository(ref, &repository);
	r = FAIL(e, E_VERIFY, "the trust policy has no statement for %s and none for '*'",
		 repository.n ? repository.p : manifest->digest.s);
	return err_hint(e, r, "add one to %s/" DIR_TRUST "/" FILE_POLICY, state->path);
}

static int verify(const struct state *state, const struct store *s, const struct ref *ref,
		  const struct desc *manifest, const json_t *annotations, size_t enough,
		  struct trust_signers *ret, struct err *e)
{
	auto_close int dir = trust_dir(state, false, e);
	auto_policy policy = { 0 };
	const struct statement *st;
	int r;

	if (dir < 0)
		return dir == E_NOTFOUND ? no_policy(e) : dir;
	r = trust_policy_load(dir, &policy, e);
	if (r < 0)
		return r == E_NOTFOUND ? no_policy(e) : r;
	if (!ref->name[0] && policy_names_repositories(&policy))
		return FAIL(e, E_VERIFY,
			    "it is named by its digest alone, and the trust policy goes by "
			    "repositories: name it NAME@%s",
			    manifest->digest.s);
	st = policy_select(&policy, ref);
	if (!st)
		return no_statement(state, ref, manifest, e);
	if (st->skip && !next_place(ret))
		return FAIL_NOMEM(e);
	if (st->skip)
		ret->n = 1;
	else if ((r = verify_by(state, dir, st, s, ref, manifest, annotations, enough, ret, e)) < 0)
		return r;
	for (size_t i = 0; i < ret->n; i++)
		name_statement(st, &ret->v[i]);
	return 0;
}

int trust_verify_all(const struct state *state, const struct store *s, const struct ref *ref,
		     const struct desc *manifest, const json_t *annotations,
		     struct trust_signers *ret, struct err *e)
{
	auto_trust_signers all = { .v = NULL };
	int r = verify(state, s, ref, manifest, annotations, LIMIT_SIGNERS_TOLD, &all, e);

	ret->unanswered = all.unanswered;
	if (r < 0)
		return r;
	*ret = all;
	all.v = NULL; /* now the caller's */
	return 0;
}

int trust_verify(const struct state *state, const struct store *s, const struct ref *ref,
		 const struct desc *manifest, struct trust_result *ret, struct err *e)
{
	auto_trust_signers one = { .v = NULL };
	int r = verify(state, s, ref, manifest, NULL, 1, &one, e);

	if (r == 0)
		*ret = one.v[0];
	return r;
}

void trust_repository(const struct ref *ref, struct buf *ret)
{
	if (!ref->host[0] && ref->name[0])
		buf_puts(ret, "local/");
	ref_repository(ref, ret);
}
