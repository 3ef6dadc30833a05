/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/tuf/publish.h"

#include <stdio.h>
#include <string.h>

#include "pipeline/tuf/roots.h"

static int note(const struct road *road, const char *scope, int outcome,
		const struct tuf_versions *v, const char *what, struct err *e)
{
	return road_note(road, "tuf-publish", outcome,
			 json_pack("{ss ss* sI sI sI sI}", "scope", scope, "change", what, "root",
				   (json_int_t)v->root, "timestamp", (json_int_t)v->timestamp,
				   "snapshot", (json_int_t)v->snapshot, "targets",
				   (json_int_t)v->targets),
			 e);
}

/* The next root, if enough have signed it. *took also when it is out: whoever published it was
 * killed before it was taken from the waiting. */
static int take_root(struct tuf_edit *x, bool *took, struct err *e)
{
	struct tuf_pending p;
	auto_json *envelope = NULL;
	int r = tuf_root_waiting(&x->scope, &envelope, &p, e);

	if (r <= 0 || !p.complete)
		return r;
	if (json_equal(json_object_get(envelope, "signed"), tuf_signed_of(x->u.set, "root"))) {
		*took = true;
		return 0;
	}
	/* Somebody else's root of that version may have come first. */
	if (p.version != tuf_root_version(x->u.set) + 1) {
		r = FAIL(e, E_USAGE, "the root that waits is version %llu, and version %llu is out",
			 (unsigned long long)p.version,
			 (unsigned long long)tuf_root_version(x->u.set));
		return err_hint(e, r, "plimsoll trust tuf root --discard %s", x->scope.scope);
	}
	x->root_file = TAKE(envelope);
	*took = true;
	return 0;
}

static int change_root(struct tuf_edit *x, void *arg, struct err *e)
{
	return take_root(x, arg, e);
}

/* The scope's own files, when there are none yet. */
static int begin(const struct road *road, const char *scope, const char *passphrase, struct err *e)
{
	const struct tuf_signer signer = { road->state, passphrase };
	auto_scope s = TUF_SCOPE_INIT;
	struct tuf_pending p;
	int r = tuf_scope_open(road->state, scope, &s, e);

	if (r < 0 || fs_exists(s.dir, "root.json"))
		return r;
	r = tuf_root_waiting(&s, NULL, &p, e);
	if (r == 1 && !p.complete) {
		r = FAIL(e, E_USAGE, "the first root of '%.200s' has %llu of %llu signatures",
			 scope, (unsigned long long)p.own.have, (unsigned long long)p.own.need);
		return err_hint(e, r, "plimsoll trust tuf export --next %.200s > root.json", scope);
	}
	return r < 0 ? r : tuf_repo_begin(&signer, &s, e);
}

static int publish(const struct road *road, const struct tuf_edit_opts *o, struct tuf_versions *ret,
		   struct err *e)
{
	bool took = false;
	int r = begin(road, o->scope, o->passphrase, e);

	r = r < 0 ? r : tuf_edit_run(road, o, change_root, &took, ret, e);
	return r < 0 || !took ? r : tuf_root_settle(road->state, o->scope, e);
}

int tuf_publish(const struct road *road, const char *scope, const char *passphrase, bool again,
		struct tuf_versions *ret, struct err *e)
{
	const struct tuf_edit_opts o = { .scope = scope, .passphrase = passphrase, .again = again };
	int r;

	*ret = (struct tuf_versions){ 0 };
	r = publish(road, &o, ret, e);
	return note(road, scope, r, ret, "publish", e);
}

/* Whether enough keys of a role that targets delegates to are here. */
static bool can_sign(const struct state *state, const json_t *by, const char *role)
{
	uint64_t here, need;
	const json_t *o = tuf_role_of(by, role);

	if (!o || tuf_keys_of_role(state, by, role, &here, NULL) < 0)
		return false;
	need = (uint64_t)json_integer_value(json_object_get(o, "threshold"));
	return here >= need;
}

/* Renewing. */

/* One delegated role that is near its end, if its keys are here; *arg when there are more. */
static int change_renewed(struct tuf_edit *x, void *arg, struct err *e)
{
	json_t *d = json_object_get(x->targets, "delegations"), *v, *body;
	bool *more = arg;
	size_t i;

	*more = false;
	json_array_foreach(json_object_get(d, "roles"), i, v)
	{
		const char *role = json_string_or_null(v, "name");
		int r;

		/* One that cannot be had is not kept from the others. */
		if (!role || !can_sign(x->road->state, x->targets, role) ||
		    tuf_update_targets(&x->u, role, "targets", NULL) < 0 ||
		    !tuf_edit_near_end(x, tuf_signed_of(x->u.set, role), TUF_TOP_TARGETS))
			continue;
		if (x->role) {
			*more = true;
			break;
		}
		r = tuf_edit_role(x, role, &body, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int tuf_renew(const struct road *road, const char *scope, const char *passphrase,
	      struct tuf_versions *ret, struct err *e)
{
	const struct tuf_edit_opts o = { .scope = scope, .passphrase = passphrase, .renew = true };
	bool more = true;
	int r = 0;

	*ret = (struct tuf_versions){ 0 };
	for (int i = 0; r == 0 && more && i < LIMIT_TUF_VISITS; i++)
		r = tuf_edit_run(road, &o, change_renewed, &more, ret, e);
	return note(road, scope, r, ret, "renew", e);
}

/* Tags. */

struct tag_change {
	const struct tuf_tag *t;
	const char *path;
};

/* A tag is what the first role says that lists it. What is added behind another one would never be
 * seen; what is removed before another one would be what that says, perhaps since long ago. */
static int check_others(struct tuf_edit *x, const struct tag_change *c, const char *role,
			const struct strv *roles, struct err *e)
{
	bool before = strcmp(role, "targets") != 0;

	for (size_t i = 0; i < roles->n; i++) {
		const char *other = roles->v[i];
		struct tuf_target t;
		int r;

		if (strcmp(other, role) == 0) {
			before = false;
			continue;
		}
		if (before != (c->t->d != NULL) ||
		    tuf_update_targets(&x->u, other, "targets", NULL) < 0 ||
		    !tuf_find(x->u.set, other, c->path, &t))
			continue;
		r = before ? FAIL(e, E_USAGE, "role '%.80s' lists '%.200s', and is asked first",
				  other, c->path)
			   : FAIL(e, E_USAGE, "role '%.80s' lists '%.200s', too, and would be next",
				  other, c->path);
		return err_hint(e, r, "plimsoll trust tuf remove --role %s %s", other,
				x->road->name);
	}
	return 0;
}

/* Who lists the path: the role of the option; else targets, if it does already, for it is asked
 * first; else the first delegated one that may and whose keys are here; else targets. */
static int choose_role(struct tuf_edit *x, const struct tag_change *c,
		       char ret[static LIMIT_TUF_NAME + 1], struct err *e)
{
	auto_strv roles = { 0 };
	struct tuf_target t;
	const char *role = "targets", *wanted = c->t->role;
	bool last, shadowed = tuf_find(x->u.set, "targets", c->path, &t);
	int r = tuf_delegates(x->u.set, "targets", c->path, &roles, &last, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < roles.n && !shadowed; i++)
		if (can_sign(x->road->state, x->targets, roles.v[i])) {
			role = roles.v[i];
			break;
		}
	if (wanted && strcmp(wanted, "targets") != 0) {
		if (!strv_has(&roles, wanted))
			return FAIL(e, E_USAGE, "nothing delegates '%.200s' to a role '%.80s'",
				    c->path, wanted);
		if (shadowed && c->t->d)
			return err_hint(e,
					FAIL(e, E_USAGE,
					     "targets lists '%.200s', and is asked first", c->path),
					"plimsoll trust tuf remove --role targets %s",
					x->road->name);
	}
	(void)snprintf(ret, LIMIT_TUF_NAME + 1, "%s", wanted ? wanted : role);
	return shadowed && strcmp(ret, "targets") != 0 ? 0 : check_others(x, c, ret, &roles, e);
}

static int change_tag(struct tuf_edit *x, void *arg, struct err *e)
{
	const struct tag_change *c = arg;
	const struct desc *d = c->t->d;
	char role[LIMIT_TUF_NAME + 1];
	json_t *body = x->targets, *targets;
	int r = choose_role(x, c, role, e);

	if (r < 0)
		return r;
	if (strcmp(role, "targets") == 0)
		x->targets_changed = true;
	else if ((r = tuf_edit_role(x, role, &body, e)) < 0)
		return r;
	targets = json_object_get(body, "targets");
	if (d)
		return json_put(targets, c->path,
				json_pack("{sI s{ss} s{ss}}", "length", (json_int_t)d->size,
					  "hashes", "sha256", digest_hex(&d->digest), "custom",
					  "mediaType", d->media_type),
				e);
	if (json_object_del(targets, c->path) < 0)
		return FAIL(e, E_NOTFOUND, "role '%.80s' does not list '%.200s'", role, c->path);
	return 0;
}

static int publish_tag(const struct road *road, const struct tuf_tag *t, char *ret_scope,
		       struct tuf_versions *ret, struct err *e)
{
	auto_buf repository = BUF_INIT(2 * LIMIT_REF), path = BUF_INIT(LIMIT_REF);
	auto_scope s = TUF_SCOPE_INIT;
	struct tag_change c = { .t = t };
	struct tuf_edit_opts o = { .passphrase = t->passphrase };
	int r;

	ref_repository(t->ref, &repository);
	if (!t->ref->tag[0])
		return FAIL(e, E_USAGE, "'%.200s' has no tag that could be listed", road->name);
	r = tuf_scope_find(road->state, buf_str(&repository), &s, e);
	if (r == 0)
		return err_hint(e,
				FAIL(e, E_NOTFOUND, "there is no TUF repository for '%.200s'",
				     buf_str(&repository)),
				"plimsoll trust tuf init %.200s", buf_str(&repository));
	if (r < 0)
		return r;
	(void)snprintf(ret_scope, LIMIT_REF, "%s", s.scope);
	tuf_path_of(t->ref, &path);
	c.path = buf_str(&path);
	o.scope = s.scope;
	return tuf_edit_run(road, &o, change_tag, &c, ret, e);
}

int tuf_publish_tag(const struct road *road, const struct tuf_tag *t, struct tuf_versions *ret,
		    struct err *e)
{
	char scope[LIMIT_REF] = "";
	struct road own = *road;
	int r;

	*ret = (struct tuf_versions){ 0 };
	if (t->d)
		own.image = *t->d;
	r = publish_tag(road, t, scope, ret, e);
	return note(&own, scope, r, ret, t->d ? "tag" : "remove", e);
}

int tuf_keeps(const struct state *state, const struct tuf_scope *s, bool *ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_TUF_ROOT + 1);
	auto_json *envelope = NULL;
	const json_t *root;
	uint64_t snapshot = 0, timestamp = 0;
	int r;

	*ret = false;
	if (!fs_exists(s->dir, "root.json")) /* one that waits for its first signatures is ours */
		return 0;
	r = tuf_files_load(s->dir, "root", &text, e);
	r = r < 0 ? r : tuf_root_parse((struct str){ buf_str(&text), text.n }, &envelope, e);
	root = json_object_get(envelope, "signed");
	if (r < 0 || (r = tuf_keys_of_role(state, root, "snapshot", &snapshot, e)) < 0 ||
	    (r = tuf_keys_of_role(state, root, "timestamp", &timestamp, e)) < 0)
		return r;
	*ret = snapshot && timestamp;
	return 0;
}

int tuf_publish_pushed(const struct road *road, const struct ref *ref, const char *passphrase,
		       struct err *e)
{
	auto_buf repository = BUF_INIT(2 * LIMIT_REF);
	auto_scope s = TUF_SCOPE_INIT;
	const struct tuf_tag t = { .ref = ref, .d = &road->image, .passphrase = passphrase };
	struct tuf_versions v;
	bool ours = false;
	int r;

	if (!ref->host[0] || !ref->tag[0])
		return 0;
	ref_repository(ref, &repository);
	r = tuf_scope_find(road->state, buf_str(&repository), &s, e);
	r = r <= 0 ? r : tuf_keeps(road->state, &s, &ours, e);
	if (r < 0 || !ours)
		return r;
	progress_begin(road->progress, "tuf", 0);
	r = tuf_publish_tag(road, &t, &v, e);
	progress_end(road->progress, r < 0 ? "failed" : NULL);
	if (r < 0)
		return err_hint(e, WRAP(e, r, "it is pushed, but not listed as what is newest"),
				"plimsoll trust tuf add %.200s", road->name);
	return 0;
}

/* Delegations. */

static int change_delegation(struct tuf_edit *x, void *arg, struct err *e)
{
	const struct tuf_delegation *d = arg;
	json_t *v, *body;
	size_t i;
	int r;

	x->targets_changed = true;
	if (!d->keys)
		return tuf_undelegate(x->targets, d->role, e);
	r = tuf_delegate(x->targets, d->role, d->patterns, d->terminating, e);
	json_array_foreach(d->keys, i, v)
	{
		r = r < 0 ? r : tuf_role_add_key(x->targets, d->role, json_object_get(v, "key"), e);
	}
	r = r < 0 ? r : tuf_role_threshold(x->targets, d->role, d->threshold, e);
	/* A role without a file stops every search that comes by it. */
	if (r == 0 && can_sign(x->road->state, x->targets, d->role))
		r = tuf_edit_role(x, d->role, &body, e);
	return r;
}

int tuf_publish_delegation(const struct road *road, const struct tuf_delegation *d,
			   struct tuf_versions *ret, struct err *e)
{
	const struct tuf_edit_opts o = { .scope = d->scope, .passphrase = d->passphrase };
	int r;

	*ret = (struct tuf_versions){ 0 };
	r = tuf_edit_run(road, &o, change_delegation, (void *)(uintptr_t)d, ret, e);
	return note(road, d->scope, r, ret, d->keys ? "delegate" : "undelegate", e);
}
