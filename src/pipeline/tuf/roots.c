/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/tuf/roots.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "pipeline/tuf/internal.h"
#include "pipeline/tuf/roots_internal.h"

static struct str bytes_of(const struct buf *b)
{
	return (struct str){ buf_str(b), b->n };
}

int tuf_root_newest(const struct tuf_scope *s, json_t **ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_TUF_ROOT + 1);
	int r = tuf_files_load(s->dir, "root", &text, e);

	return r < 0 ? r : tuf_root_parse(bytes_of(&text), ret, e);
}

int tuf_next_save(const struct tuf_scope *s, const json_t *envelope, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_TUF_ROOT);
	int r = json_canonical(envelope, &text, e);

	return r < 0 ? r : fs_write_file(s->dir, NEXT_ROOT, text.p, text.n, 0644, e);
}

int tuf_next_load(const struct tuf_scope *s, json_t **ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_TUF_ROOT + 1);
	int r = fs_read(s->dir, NEXT_ROOT, LIMIT_TUF_ROOT, &text, e);

	return r < 0 ? r : tuf_root_parse(bytes_of(&text), ret, e);
}

int tuf_pending_of(const struct tuf_scope *s, json_t *envelope, struct tuf_pending *ret,
		   struct err *e)
{
	auto_json *before = NULL;
	const json_t *body = json_object_get(envelope, "signed");
	struct tuf_pending p = { .version = (uint64_t)json_integer_value(
					 json_object_get(body, "version")) };
	int r = fs_exists(s->dir, "root.json") ? tuf_root_newest(s, &before, e) : 0;

	r = r < 0 ? r : tuf_signed_by(body, "root", envelope, &p.own, e);
	if (r == 0 && before)
		r = tuf_signed_by(json_object_get(before, "signed"), "root", envelope, &p.before,
				  e);
	if (r < 0)
		return r;
	p.complete = p.own.have >= p.own.need && p.before.have >= p.before.need;
	*ret = p;
	return 0;
}

int tuf_root_waiting(const struct tuf_scope *s, json_t **ret, struct tuf_pending *ret_pending,
		     struct err *e)
{
	auto_json *envelope = NULL;
	int r;

	if (!fs_exists(s->dir, NEXT_ROOT))
		return 0;
	r = tuf_next_load(s, &envelope, e);
	r = r < 0 ? r : tuf_pending_of(s, envelope, ret_pending, e);
	if (r < 0)
		return WRAP(e, r, "the root that waits for signatures");
	if (ret)
		*ret = TAKE(envelope);
	return 1;
}

int tuf_sign_here(const struct tuf_signer *signer, const struct tuf_scope *s, json_t *envelope,
		  struct tuf_pending *ret, struct err *e)
{
	auto_json *before = NULL;
	const json_t *body = json_object_get(envelope, "signed");
	struct err why = ERR_INIT;
	struct tuf_signed n;
	int r = fs_exists(s->dir, "root.json") ? tuf_root_newest(s, &before, e) : 0;

	if (r == 0 && before)
		r = tuf_sign(signer, json_object_get(before, "signed"), "root", envelope, &n, &why,
			     e);
	r = r < 0 ? r : tuf_sign(signer, body, "root", envelope, &n, &why, e);
	r = r < 0 ? r : tuf_pending_of(s, envelope, ret, e);
	/* A passphrase that does not fit is no key that is elsewhere. */
	if (r == 0 && why.code) {
		if (e)
			*e = why;
		return why.code;
	}
	return r;
}

/* Making the first. */

static int add_new_key(const struct tuf_init_opts *o, const struct state *state, json_t *root,
		       const char *role, struct err *e)
{
	auto_json *key = NULL;
	char keyid[TUF_KEYID_MAX];
	int r = tuf_key_make(state, role, o->kind, o->passphrase, keyid, e);

	r = r < 0 ? r : tuf_key_here(state, keyid, &key, e);
	return r < 0 ? r : tuf_role_add_key(root, role, json_object_get(key, "key"), e);
}

static int first_root(const struct tuf_init_opts *o, const struct state *state,
		      const struct tuf_scope *s, json_t **ret, struct err *e)
{
	auto_json *root = NULL;
	json_t *v;
	size_t i;
	int r = tuf_root_new(&root, e);

	json_array_foreach(o->root_keys, i, v)
	{
		r = r < 0 ? r : tuf_role_add_key(root, "root", json_object_get(v, "key"), e);
	}
	for (uint64_t k = 0; r == 0 && k < o->root_here; k++)
		r = add_new_key(o, state, root, "root", e);
	for (int k = TUF_TOP_TARGETS; r == 0 && k < TUF_TOPS; k++)
		r = add_new_key(o, state, root, tuf_top_names[k], e);
	r = r < 0 ? r : tuf_role_threshold(root, "root", o->threshold, e);
	r = r < 0 ? r
		  : tuf_body_bump(root, clock_now() + (int64_t)s->days[TUF_TOP_ROOT] * 86400, e);
	if (r < 0)
		return r;
	*ret = json_pack("{s[] sO}", "signatures", "signed", root);
	return *ret ? 0 : FAIL_NOMEM(e);
}

int tuf_repo_init(const struct state *state, const struct tuf_init_opts *o, struct tuf_pending *ret,
		  struct err *e)
{
	const struct tuf_signer signer = { state, o->passphrase };
	auto_scope s = TUF_SCOPE_INIT;
	auto_json *envelope = NULL;
	auto_strv all = { 0 };
	auto_close int lock = -1;
	int r;

	if ((r = tuf_scope_parse(o->scope, o->at, &s, e)) < 0 ||
	    (r = tuf_scope_list(state, &all, e)) < 0)
		return r;
	if (strv_has(&all, o->scope))
		return err_hint(
			e, FAIL(e, E_USAGE, "there is a TUF root for '%.200s' already", o->scope),
			"plimsoll trust tuf status %.200s", o->scope);
	for (int i = 0; i < TUF_TOPS; i++)
		if (o->days[i])
			s.days[i] = o->days[i];
	if (o->threshold > o->root_here + json_array_size(o->root_keys))
		return FAIL(e, E_USAGE, "a threshold of %llu needs as many keys of the root role",
			    (unsigned long long)o->threshold);
	/* The folder counts once the file scope is in it; the root is there before. */
	if ((r = first_root(o, state, &s, &envelope, e)) < 0 ||
	    (r = tuf_scope_make(state, &s, e)) < 0)
		return r;
	lock = tuf_files_lock(s.dir, e);
	if (lock < 0)
		return lock;
	if ((r = tuf_sign_here(&signer, &s, envelope, ret, e)) < 0 ||
	    (r = tuf_next_save(&s, envelope, e)) < 0)
		return r;
	return tuf_scope_save(state, &s, e);
}

/* The first files of the other roles; the root last: without it all is made anew. */
int tuf_repo_begin(const struct tuf_signer *signer, const struct tuf_scope *s, struct err *e)
{
	static const enum tuf_top order[] = { TUF_TOP_TARGETS, TUF_TOP_SNAPSHOT,
					      TUF_TOP_TIMESTAMP };
	auto_json *envelope = NULL, *below = NULL;
	auto_buf bytes = BUF_INIT(LIMIT_TUF_TARGETS);
	auto_close int lock = tuf_files_lock(s->dir, e);
	struct tuf_pending p;
	const json_t *root;
	int r = lock;

	if (r < 0 || fs_exists(s->dir, "root.json")) /* somebody else was quicker */
		return r < 0 ? r : 0;
	r = tuf_root_waiting(s, &envelope, &p, e);
	if (r < 0)
		return r;
	if (r == 0 || !p.complete)
		return FAIL(e, E_USAGE, "its first root is not signed yet");
	root = json_object_get(envelope, "signed");
	for (size_t i = 0; i < 3; i++) {
		const char *role = tuf_top_names[order[i]];
		auto_json *body = NULL;

		r = i == 0 ? tuf_targets_new(&body, e) : tuf_metas_new(role, &body, e);
		if (r == 0 && i > 0)
			r = tuf_body_meta(body, tuf_top_names[order[i - 1]], 1, bytes_of(&bytes),
					  e);
		buf_reset(&bytes);
		if (r < 0 ||
		    (r = tuf_body_bump(body, clock_now() + (int64_t)s->days[order[i]] * 86400, e)) <
			    0 ||
		    (r = tuf_sign_file(signer, root, role, body, &bytes, e)) < 0 ||
		    (r = tuf_files_keep(s->dir, role, bytes_of(&bytes), e)) < 0)
			return r;
	}
	buf_reset(&bytes);
	r = json_canonical(envelope, &bytes, e);
	r = r < 0 ? r : tuf_files_keep_root(s->dir, p.version, bytes_of(&bytes), e);
	return r < 0 ? r : fs_remove_tree(s->dir, NEXT_ROOT, e);
}

/* Changing it. */

int tuf_is_waiting(const struct tuf_scope *s, struct err *e)
{
	auto_json *waits = NULL, *out = NULL;
	int r;

	if (!fs_exists(s->dir, NEXT_ROOT))
		return 0;
	if (!fs_exists(s->dir, "root.json"))
		return 1;
	if ((r = tuf_next_load(s, &waits, e)) < 0 || (r = tuf_root_newest(s, &out, e)) < 0)
		return r;
	return !json_equal(json_object_get(waits, "signed"), json_object_get(out, "signed"));
}

/* The root that waits, else the next one of the newest: its signatures do not count any more. */
static int next_body(const struct tuf_scope *s, json_t **ret, struct err *e)
{
	auto_json *from = NULL;
	json_t *body;
	int64_t expires = clock_now() + (int64_t)s->days[TUF_TOP_ROOT] * 86400;
	int r, waits = tuf_is_waiting(s, e);

	r = waits < 0 ? waits : waits ? tuf_next_load(s, &from, e) : tuf_root_newest(s, &from, e);
	if (r < 0)
		return r;
	body = json_deep_copy(json_object_get(from, "signed"));
	if (!body)
		return FAIL_NOMEM(e);
	r = waits ? 0 : tuf_body_bump(body, expires, e);
	if (r < 0) {
		json_decref(body);
		return r;
	}
	*ret = body;
	return 0;
}

int tuf_root_change(const struct state *state, const char *scope, const char *passphrase,
		    int (*change)(json_t *root, void *arg, struct err *e), void *arg,
		    struct tuf_pending *ret, struct err *e)
{
	const struct tuf_signer signer = { state, passphrase };
	auto_scope s = TUF_SCOPE_INIT;
	auto_json *body = NULL, *envelope = NULL;
	auto_close int lock = -1;
	int r = tuf_scope_lock(state, scope, &s, &lock, e);

	if (r < 0)
		return r;
	if ((r = next_body(&s, &body, e)) < 0 || (r = change(body, arg, e)) < 0)
		return r;
	envelope = json_pack("{s[] sO}", "signatures", "signed", body);
	r = envelope ? tuf_sign_here(&signer, &s, envelope, ret, e) : FAIL_NOMEM(e);
	return r < 0 ? r : tuf_next_save(&s, envelope, e);
}

/* What follows a key with a passphrase has one, too: where the root is signed elsewhere, nothing
 * else would ask for it. */
static int check_passphrase(const struct tuf_rotation *t, const char *keyid, struct err *e)
{
	bool encrypted = false;
	int r = t->passphrase ? 0 : tuf_key_is_encrypted(t->state, keyid, &encrypted, e);

	if (r < 0 || !encrypted)
		return r;
	return err_hint(
		e, FAIL(e, E_USAGE, "key %.12s has a passphrase, and the new one needs one", keyid),
		"give --passphrase-file FILE, or set PLIMSOLL_PASSPHRASE_FILE");
}

int tuf_root_rotate(json_t *root, void *arg, struct err *e)
{
	const struct tuf_rotation *t = arg;
	auto_json *here = NULL, *made = NULL;
	char keyid[TUF_KEYID_MAX];
	json_t *v, *role = tuf_role_of(root, t->role);
	size_t i, removed = 0;
	int r;

	if (!role)
		return FAIL(e, E_NOTFOUND, "there is no role '%.80s'", t->role);
	if ((r = tuf_keys_here(t->state, &here, e)) < 0)
		return r;
	json_array_foreach(here, i, v)
	{
		const char *old = json_string_or_null(v, "keyid");

		if (tuf_role_remove_key(root, t->role, old, NULL) < 0)
			continue;
		if ((r = check_passphrase(t, old, e)) < 0)
			return r;
		removed++;
	}
	if (removed == 0)
		return FAIL(e, E_NOTFOUND, "no key of role '%.80s' is on this host", t->role);
	/* As many as went, so that the threshold can still be met. */
	for (i = 0; r == 0 && i < removed; i++) {
		json_decref(made);
		made = NULL;
		r = tuf_key_make(t->state, t->role, t->kind, t->passphrase, keyid, e);
		r = r < 0 ? r : tuf_key_here(t->state, keyid, &made, e);
		r = r < 0 ? r : tuf_role_add_key(root, t->role, json_object_get(made, "key"), e);
	}
	return r;
}
