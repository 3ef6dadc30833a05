/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/rules_export.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trust/sigstore/internal.h"

enum { LIMIT_EXPORT = 4 * 1024 * 1024 };

/* One export. */
struct exporting {
	const struct rules *rules;
	const struct policy *policy;
	const struct sigstore_trust *keys; /* of trust/sigstore/keys */
	const char *dir;		   /* absolute */
	int fd;
	const struct strv *tuf; /* scopes of TUF roots */
	const struct withdrawn *gone;
	struct strv *notes;
	json_t *docker, *attachments; /* borrowed: scopes of the two files */
};

/* Why a scope is rejected: a line to the user. ret is what it is there. */
static int reject(const struct exporting *x, const char *scope, const char *why, json_t **ret,
		  struct err *e)
{
	*ret = json_pack("[{s:s}]", "type", "reject");
	return *ret ? strv_addf(x->notes, e, "%.200s is rejected there: %s", scope, why)
		    : FAIL_NOMEM(e);
}

static const struct statement *statement_of(const struct policy *p, const char *scope)
{
	const struct statement *any = NULL;

	for (size_t i = 0; i < p->n; i++)
		for (size_t k = 0; k < json_array_size(p->v[i].scopes); k++) {
			const char *s = json_string_value(json_array_get(p->v[i].scopes, k));

			if (strcmp(s, scope) == 0)
				return &p->v[i];
			if (strcmp(s, "*") == 0)
				any = &p->v[i];
		}
	return any;
}

static const struct sigstore_signer *key_of(const struct exporting *x, const struct rule_signer *s)
{
	for (size_t i = 0; i < x->keys->n; i++) {
		const struct sigstore_signer *k = &x->keys->v[i];

		if (!k->by_certificate && ((s->key && strcmp(s->key, k->name) == 0) ||
					   (s->key_id && strcmp(s->key_id, k->id) == 0)))
			return k;
	}
	return NULL;
}

/* TUF speaks for the scope, or for all that is below it: there, a scope is both. */
static bool asks_tuf(const struct exporting *x, const char *scope)
{
	const size_t n = strlen(scope);

	for (size_t i = 0; i < x->tuf->n; i++) {
		const char *t = x->tuf->v[i];

		if (strcmp(t, scope) == 0 || (ends_with(t, "/") && starts_with(scope, t)) ||
		    (strncmp(t, scope, n) == 0 && strcmp(t + n, "/") == 0))
			return true;
	}
	return false;
}

/* What of the rule's signers has no words there; NULL: nothing. */
static const char *unsayable_signers(const struct exporting *x, const struct rule *r)
{
	size_t different = 0;

	for (size_t i = 0; i < r->signers_n; i++) {
		const struct sigstore_signer *k = key_of(x, r->signers[i]);
		bool again = false;

		if (!k)
			return "a signer of its rule is no key of trust/sigstore/keys";
		if (withdrawn_find(x->gone, k->id))
			return "a key of its rule is rotated, and they know no dates";
		for (size_t j = 0; j < i; j++)
			again |= strcmp(key_of(x, r->signers[j])->id, k->id) == 0;
		different += !again;
	}
	return different < r->threshold ? "its rule asks for more signers than it has keys" : NULL;
}

/* What of the rule has no words there; NULL: nothing. */
static const char *unsayable(const struct exporting *x, const char *scope,
			     const struct statement *st, const struct rule *r)
{
	if (asks_tuf(x, scope))
		return "TUF says what is the newest there, whom they do not ask";
	if (!st)
		return "trustpolicy.json has no statement for it";
	if (!st->skip)
		return "trustpolicy.json asks for Notary signatures, which they do not know";
	if (!r)
		return "no rule of plimsoll.yaml is for it";
	if (r->types_n)
		return "its rule asks for attestations, which they do not look at";
	if (r->fresh)
		return "its rule asks TUF what is the newest";
	if (!r->signers_n)
		return "its rule names no signer";
	return unsayable_signers(x, r);
}

/*
 * A scope of ours is one repository, a scope there is all below it, too. So each key has to have
 * signed for the name that is pulled and for the scope's: what was signed for a repository below,
 * or carried to it, is not enough.
 */
static int push_key(json_t *list, const char *path, const char *scope, struct err *e)
{
	int r = json_push(list,
			  json_pack("{s:s, s:s, s:{s:s}}", "type", "sigstoreSigned", "keyPath",
				    path, "signedIdentity", "type", "matchRepository"),
			  e);

	return r < 0 ? r
		     : json_push(list,
				 json_pack("{s:s, s:s, s:{s:s, s:s}}", "type", "sigstoreSigned",
					   "keyPath", path, "signedIdentity", "type",
					   "exactRepository", "dockerRepository", scope),
				 e);
}

static int write_key(const struct exporting *x, const struct sigstore_signer *k, const char *scope,
		     json_t *list, struct err *e)
{
	auto_buf pem = BUF_INIT(LIMIT_KEY_PEM), path = BUF_INIT(PATH_MAX);
	char name[sizeof(k->name) + 16];
	int r = key_public_to_pem(k->key, &pem, e);

	(void)snprintf(name, sizeof(name), "keys/%s.pub", k->name);
	buf_printf(&path, "%s/%s", x->dir, name);
	if (r == 0)
		r = buf_check(&path, "path of a key", e);
	if (r == 0)
		r = fs_write_file(x->fd, name, pem.p, pem.n, 0644, e);
	return r < 0 ? r : push_key(list, buf_str(&path), scope, e);
}

static int requirements(const struct exporting *x, const char *scope, json_t **ret, struct err *e)
{
	const struct rule *rule = x->rules ? rules_select(x->rules, scope) : NULL;
	const char *why = unsayable(x, scope, statement_of(x->policy, scope), rule);
	auto_json *list = json_array();
	int r = list ? 0 : FAIL_NOMEM(e);

	if (rule && rule->reject)
		why = "its rule says so";
	if (why)
		return reject(x, scope, why, ret, e);
	for (size_t i = 0; r == 0 && i < rule->signers_n; i++)
		r = write_key(x, key_of(x, rule->signers[i]), scope, list, e);
	if (r == 0 && rule->threshold < rule->signers_n)
		r = strv_addf(x->notes, e,
			      "%.200s needs all %zu signers there, not %zu of them: they cannot "
			      "count",
			      scope, rule->signers_n, rule->threshold);
	if (r == 0)
		*ret = TAKE(list);
	return r;
}

static int add_scope(const struct exporting *x, const char *scope, struct err *e)
{
	json_t *list = NULL;
	const char *type;
	int r;

	/* Names without a registry are plimsoll's own. */
	if (strcmp(scope, "*") == 0 || starts_with(scope, "local/") ||
	    strcmp(scope, "local") == 0 || json_object_get(x->docker, scope))
		return 0;
	r = requirements(x, scope, &list, e);
	if (r < 0)
		return r;
	type = json_string_value(json_object_get(json_array_get(list, 0), "type"));
	if (strcmp(type, "sigstoreSigned") == 0)
		r = json_put(x->attachments, scope,
			     json_pack("{s:b}", "use-sigstore-attachments", 1), e);
	if (r == 0)
		return json_put(x->docker, scope, list, e);
	json_decref(list);
	return r;
}

static int add_scopes(const struct exporting *x, struct err *e)
{
	int r = 0;

	for (size_t i = 0; x->rules && r == 0 && i < x->rules->n; i++)
		r = add_scope(x, x->rules->v[i].scope, e);
	for (size_t i = 0; r == 0 && i < x->policy->n; i++)
		for (size_t k = 0; r == 0 && k < json_array_size(x->policy->v[i].scopes); k++)
			r = add_scope(
				x, json_string_value(json_array_get(x->policy->v[i].scopes, k)), e);
	/* What TUF speaks for is a scope of its own, below one that is let pass, too. */
	for (size_t i = 0; r == 0 && i < x->tuf->n; i++) {
		const size_t n = strlen(x->tuf->v[i]);
		auto_free char *scope =
			str_dup((struct str){ x->tuf->v[i], n - ends_with(x->tuf->v[i], "/") });

		r = scope ? add_scope(x, scope, e) : FAIL_NOMEM(e);
	}
	return r;
}

static int write_json(const struct exporting *x, const char *name, const json_t *j, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_EXPORT);
	int r = json_pretty(j, &text, e);

	return r < 0 ? r : fs_write_file(x->fd, name, text.p, text.n, 0644, e);
}

static int write_files(struct exporting *x, struct err *e)
{
	auto_json *docker = json_object(), *attachments = json_object();
	auto_json *policy = NULL, *registries = NULL;
	json_t *any = NULL;
	int r = docker && attachments ? 0 : FAIL_NOMEM(e);

	x->docker = docker;
	x->attachments = attachments;
	/* No trust policy skips everything, so there is nothing else to say of what has no scope.
	 */
	if (r < 0 || (r = add_scopes(x, e)) < 0 ||
	    (r = reject(x, "all else", "no statement of trustpolicy.json may skip it", &any, e)) <
		    0)
		return r;
	policy = json_pack("{s:o, s:{s:O}}", "default", any, "transports", "docker", docker);
	registries = json_pack("{s:O}", "docker", attachments); /* YAML reads JSON */
	if (!policy || !registries)
		return FAIL_NOMEM(e);
	/* What is asked for is there before who asks for it. */
	if (r == 0)
		r = write_json(x, "registries.d/plimsoll.yaml", registries, e);
	return r < 0 ? r : write_json(x, "policy.json", policy, e);
}

static int open_target(struct exporting *x, const char *dir, char path[static PATH_MAX],
		       struct err *e)
{
	int r = fs_mkdir_p_user(dir, 0755, e);

	if (r < 0)
		return r;
	x->fd = fs_open_user(dir, O_RDONLY | O_DIRECTORY, 0, e);
	if (x->fd < 0)
		return x->fd;
	if (!realpath(dir, path))
		return FAIL_SYS(e, "%s", dir);
	x->dir = path;
	r = fs_mkdir_p(x->fd, "keys", 0755, e);
	return r < 0 ? r : fs_mkdir_p(x->fd, "registries.d", 0755, e);
}

int rules_export_containers(const struct state *state, const struct rules *rules,
			    const struct strv *tuf, const char *dir, struct strv *notes,
			    struct err *e)
{
	auto_close int from = trust_dir(state, false, e);
	auto_policy policy = { 0 };
	auto_sigstore_trust keys = { 0 };
	auto_withdrawn gone = { 0 };
	const struct ref none = { .name = "" };
	struct exporting x = { .rules = rules,
			       .policy = &policy,
			       .keys = &keys,
			       .tuf = tuf,
			       .gone = &gone,
			       .fd = -1,
			       .notes = notes };
	char path[PATH_MAX];
	int r;

	if (from < 0)
		return from;
	if ((r = trust_policy_load(from, &policy, e)) < 0 ||
	    (r = withdrawn_load(from, &gone, e)) < 0 ||
	    (r = sigstore_trust_load(state, &none, &keys, e)) < 0)
		return r;
	r = open_target(&x, dir, path, e);
	if (r == 0)
		r = write_files(&x, e);
	if (x.fd >= 0)
		(void)close(x.fd);
	return r < 0 ? WRAP(e, r, "export the policy to %s", dir) : 0;
}
