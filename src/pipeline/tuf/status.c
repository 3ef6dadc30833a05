/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/tuf/status.h"

#include <string.h>

#include "base/clock.h"
#include "pipeline/tuf/publish.h"
#include "pipeline/tuf/roots.h"

/* What is kept of a scope, as it was verified last. */

static int body_of(const struct tuf_scope *s, const char *role, json_t **ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_TUF_TARGETS + 1);
	auto_json *all = NULL;
	int r = tuf_files_load(s->dir, role, &text, e);

	r = r < 0 ? r : json_parse(buf_str(&text), text.n, role, &all, e);
	if (r == 0)
		*ret = json_incref(json_object_get(all, "signed"));
	return r;
}

static int put_role(const struct state *state, const struct tuf_scope *s, const char *role,
		    const json_t *by, json_t *list, struct err *e)
{
	auto_json *body = NULL;
	const json_t *o = tuf_role_of(by, role);
	uint64_t here = 0;
	int r = tuf_keys_of_role(state, by, role, &here, e);

	if (r < 0)
		return r;
	(void)body_of(s, role, &body, NULL); /* a delegated one may never have been asked */
	return json_push(list,
			 json_pack("{ss sO* sO* sO* sI sI}", "name", role, "version",
				   json_object_get(body, "version"), "expires",
				   json_object_get(body, "expires"), "threshold",
				   json_object_get(o, "threshold"), "keys",
				   (json_int_t)json_array_size(json_object_get(o, "keyids")),
				   "here", (json_int_t)here),
			 e);
}

static int put_roles(const struct state *state, const struct tuf_scope *s, json_t *list,
		     struct err *e)
{
	auto_json *root = NULL, *targets = NULL;
	json_t *v;
	size_t i;
	int r = body_of(s, "root", &root, e);

	for (int k = 0; r == 0 && k < TUF_TOPS; k++)
		r = put_role(state, s, tuf_top_names[k], root, list, e);
	if (r < 0 || body_of(s, "targets", &targets, NULL) < 0)
		return r;
	json_array_foreach(json_object_get(json_object_get(targets, "delegations"), "roles"), i, v)
	{
		r = r < 0 ? r
			  : put_role(state, s, json_string_or_null(v, "name"), targets, list, e);
	}
	return r;
}

static int put_waiting(const struct tuf_scope *s, json_t *j, struct err *e)
{
	struct tuf_pending p;
	int r = tuf_root_waiting(s, NULL, &p, e);

	if (r <= 0)
		return r;
	return json_put(j, "waiting",
			json_pack("{sI sb sI sI sI sI}", "version", (json_int_t)p.version,
				  "complete", p.complete, "before", (json_int_t)p.before.have,
				  "beforeNeeded", (json_int_t)p.before.need, "own",
				  (json_int_t)p.own.have, "ownNeeded", (json_int_t)p.own.need),
			e);
}

static int put_targets(const struct tuf_scope *s, const json_t *roles, json_t *j, struct err *e)
{
	auto_json *list = json_object();
	size_t i;
	json_t *v;

	json_array_foreach(roles, i, v)
	{
		auto_json *body = NULL;
		json_t *targets, *t;
		const char *path, *role = json_string_or_null(v, "name");

		if (has_word("root snapshot timestamp", role) || body_of(s, role, &body, NULL) < 0)
			continue;
		targets = json_object_get(body, "targets");
		json_object_foreach(targets, path, t)
		{
			const char *hex =
				json_string_or_null(json_object_get(t, "hashes"), "sha256");
			int r;

			if (json_object_get(list, path) || !hex)
				continue;
			r = json_put(list, path, json_pack("{ss ss}", "role", role, "sha256", hex),
				     e);
			if (r < 0)
				return r;
		}
	}
	return json_put(j, "targets", TAKE(list), e);
}

int tuf_status(const struct state *state, const char *scope, json_t **ret, struct err *e)
{
	auto_scope s = TUF_SCOPE_INIT;
	auto_buf at = BUF_INIT(LIMIT_REF + 128);
	auto_json *j = NULL, *roles = json_array();
	struct tuf_seen seen;
	char text[RFC3339_MAX];
	const char *server; /* of a Notary v1 scope */
	bool keeps;
	int r;

	if ((r = tuf_scope_open_any(state, scope, &s, e)) < 0 ||
	    (r = tuf_keeps(state, &s, &keeps, e)) < 0 || (r = tuf_seen_load(&s, &seen, e)) < 0)
		return r;
	ref_full(&s.at, &at);
	server = json_string_or_null(s.notary, "server");
	clock_rfc3339(seen.at, text);
	j = json_pack("{ss ss sb sb ss*}", "scope", s.scope, "at", server ? server : buf_str(&at),
		      "keeper", keeps, "anyDigest", s.any_digest, "seen", seen.at ? text : NULL);
	if (!j)
		return FAIL_NOMEM(e);
	if (fs_exists(s.dir, "root.json"))
		r = put_roles(state, &s, roles, e);
	r = r < 0 ? r : json_put(j, "roles", json_incref(roles), e);
	r = r < 0 ? r : put_targets(&s, roles, j, e);
	r = r < 0 ? r : put_waiting(&s, j, e);
	if (r == 0)
		*ret = TAKE(j);
	return r;
}

/* Where the metadata lies now; what was seen of it still counts. */
static int move_scope(struct tuf_scope *s, const char *at, struct err *e)
{
	auto_scope there = TUF_SCOPE_INIT;
	int r = tuf_scope_parse(s->scope, at, &there, e);

	if (r == 0)
		s->at = there.at;
	return r;
}

int tuf_trust_root(const struct state *state, const struct tuf_trust_opts *o, struct str root,
		   struct err *e)
{
	auto_scope s = TUF_SCOPE_INIT;
	auto_strv all = { 0 };
	uint64_t version;
	int r;

	if ((r = tuf_scope_list(state, &all, e)) < 0)
		return r;
	r = strv_has(&all, o->scope) ? tuf_scope_open(state, o->scope, &s, e)
				     : tuf_scope_parse(o->scope, o->at, &s, e);
	if (r < 0 || (r = tuf_root_check(root, &version, e)) < 0)
		return r;
	if (s.dir >= 0 && o->at && (r = move_scope(&s, o->at, e)) < 0)
		return r;
	s.any_digest = o->any_digest;
	if (s.dir < 0)
		r = tuf_scope_make(state, &s, e);
	r = r < 0 ? r : tuf_files_begin(s.dir, version, root, NULL, e);
	if (r == E_USAGE)
		return err_hint(e, r, "plimsoll trust tuf forget %.200s", o->scope);
	return r < 0 ? r : tuf_scope_save(state, &s, e);
}
