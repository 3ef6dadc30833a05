/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "pipeline/notary1/internal.h"

/* What a Notary v1 server lists of a repository, in the words of docker trust inspect. */

static json_t *keys_of(const json_t *keyids)
{
	json_t *list = json_array();
	size_t i;
	json_t *v;

	json_array_foreach(keyids, i, v)
	{
		(void)json_array_append_new(list, json_pack("{sO}", "ID", v));
	}
	return list;
}

static json_t *admin_keys(const struct notary1 *n, const char *name, const char *role)
{
	const json_t *roles = json_object_get(tuf_signed_of(n->u.set, "root"), "roles");

	return json_pack("{ss so}", "Name", name, "Keys",
			 keys_of(json_object_get(json_object_get(roles, role), "keyids")));
}

/* "targets/alice" is the signer alice; releases is everybody's. */
static bool is_signer(const char *role)
{
	return starts_with(role, "targets/") && strcmp(role, "targets/releases") != 0;
}

static const json_t *delegated(const struct notary1 *n)
{
	return json_object_get(json_object_get(tuf_signed_of(n->u.set, "targets"), "delegations"),
			       "roles");
}

/* The roles that list the tag as this target, by the names of who signs. */
static int put_signers(struct notary1 *n, const char *tag, const struct tuf_target *t,
		       json_t *signers, struct err *e)
{
	const char *hex = json_string_or_null(t->hashes, "sha256");
	size_t i;
	const json_t *v;
	int r;

	json_array_foreach(delegated(n), i, v)
	{
		const char *role = json_string_or_null(v, "name");
		struct tuf_target own;

		if (!is_signer(role))
			continue;
		r = notary1_ask(n, role, tag, &own, e);
		if (r == 1 && hex && strcmp(hex, json_string_or_null(own.hashes, "sha256")) == 0)
			r = json_push(signers, json_string(role + strlen("targets/")), e);
		if (r < 0)
			return r;
	}
	return json_array_size(signers) ? 0 : json_push(signers, json_string("Repo Admin"), e);
}

static int put_tags(struct notary1 *n, const char *role, json_t *seen, json_t *tags, struct err *e)
{
	json_t *targets, *v;
	const char *tag;
	int r = notary1_role(n, role, NULL, e);

	if (r <= 0)
		return r;
	targets = json_object_get(tuf_signed_of(n->u.set, role), "targets");
	json_object_foreach(targets, tag, v)
	{
		auto_json *signers = json_array();
		struct tuf_target t;
		const char *by;

		if (json_object_get(seen, tag))
			continue;
		r = notary1_find(n, tag, &t, &by, e);
		if (r <= 0 || (r = put_signers(n, tag, &t, signers, e)) < 0 ||
		    (r = json_put(seen, tag, json_true(), e)) < 0 ||
		    (r = json_push(tags,
				   json_pack("{ss ss ss sO}", "SignedTag", tag, "Digest",
					     json_string_or_null(t.hashes, "sha256"), "Role", by,
					     "Signers", signers),
				   e)) < 0) {
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static json_t *all_signers(const struct notary1 *n)
{
	json_t *list = json_array();
	size_t i;
	const json_t *v;

	json_array_foreach(delegated(n), i, v)
	{
		const char *role = json_string_or_null(v, "name");

		if (is_signer(role))
			(void)json_array_append_new(
				list, json_pack("{ss so}", "Name", role + strlen("targets/"),
						"Keys", keys_of(json_object_get(v, "keyids"))));
	}
	return list;
}

int notary1_inspect(const struct road *road, const struct ref *ref, json_t **ret, struct err *e)
{
	auto_buf gun = BUF_INIT(2 * LIMIT_REF);
	auto_json *seen = json_object(), *tags = json_array(), *j = NULL;
	auto_scope s = TUF_SCOPE_INIT;
	auto_notary1 n = NOTARY1_INIT;
	int r;

	ref_repository(ref, &gun);
	r = tuf_scope_find(road->state, buf_str(&gun), &s, e);
	if (r == 0 || (r == 1 && !s.notary))
		return err_hint(e,
				FAIL(e, E_NOTFOUND, "no Notary server is trusted for '%.200s'",
				     buf_str(&gun)),
				"plimsoll trust notary trust --server https://HOST %.200s",
				buf_str(&gun));
	r = r < 0 ? r : notary1_look(&n, road->state, &s, buf_str(&gun), true, e);
	for (size_t i = 0; r == 0 && i < n.roles.n; i++)
		r = put_tags(&n, n.roles.v[i], seen, tags, e);
	if (r < 0)
		return WRAP(e, r, "Notary root of '%.200s'", buf_str(&gun));
	j = json_pack("{ss sO so s[oo] so}", "Name", buf_str(&gun), "SignedTags", tags, "Signers",
		      all_signers(&n), "AdministrativeKeys", admin_keys(&n, "Root", "root"),
		      admin_keys(&n, "Repository", "targets"), "Metadata",
		      notary1_detail(&n, NULL, NULL));
	if (!j)
		return FAIL_NOMEM(e);
	*ret = TAKE(j);
	return 0;
}
