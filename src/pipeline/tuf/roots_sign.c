/* SPDX-License-Identifier: Apache-2.0 */
/* Roots whose keys are on several hosts: out, signed elsewhere, and in again. */
#include "pipeline/tuf/internal.h"
#include "pipeline/tuf/roots.h"
#include "pipeline/tuf/roots_internal.h"

int tuf_root_export(const struct state *state, const char *scope, bool next, struct buf *ret,
		    struct err *e)
{
	auto_scope s = TUF_SCOPE_INIT;
	auto_json *envelope = NULL;
	int r = tuf_scope_open(state, scope, &s, e);

	if (r < 0)
		return r;
	if (next && !fs_exists(s.dir, NEXT_ROOT))
		return FAIL(e, E_NOTFOUND, "no root of '%.200s' waits for signatures", scope);
	if (!next && !fs_exists(s.dir, "root.json"))
		return err_hint(
			e, FAIL(e, E_NOTFOUND, "the first root of '%.200s' is not signed", scope),
			"plimsoll trust tuf export --next %.200s", scope);
	r = next ? tuf_next_load(&s, &envelope, e) : tuf_root_newest(&s, &envelope, e);
	r = r < 0 ? r : json_canonical(envelope, ret, e);
	buf_putc(ret, '\n');
	return r < 0 ? r : buf_check(ret, "root", e);
}

/* One by a key that has signed already takes the place of what is there: not if that is the one
 * that holds. */
static int take_signatures(const struct tuf_scope *s, json_t *envelope, const json_t *from,
			   struct tuf_pending *ret, struct err *e)
{
	struct tuf_pending was;
	int r;

	if ((r = tuf_pending_of(s, envelope, &was, e)) < 0 ||
	    (r = tuf_signatures_take(envelope, from, e)) < 0 ||
	    (r = tuf_pending_of(s, envelope, ret, e)) < 0)
		return r;
	if (ret->own.have < was.own.have || ret->before.have < was.before.have)
		return FAIL(e, E_VERIFY,
			    "a signature in it does not hold, and one by the same key that does is "
			    "here");
	return 0;
}

static int update_waiting(const struct state *state, const char *scope, const char *passphrase,
			  const json_t *from, struct tuf_pending *ret, struct err *e)
{
	const struct tuf_signer signer = { state, passphrase };
	auto_scope s = TUF_SCOPE_INIT;
	auto_json *envelope = NULL;
	auto_close int lock = -1;
	int r = tuf_scope_lock(state, scope, &s, &lock, e);

	if (r < 0)
		return r;
	r = tuf_next_load(&s, &envelope, e);
	if (r == E_NOTFOUND)
		return FAIL(e, E_NOTFOUND, "no root of '%.200s' waits for signatures", scope);
	if (r == 0)
		r = from ? take_signatures(&s, envelope, from, ret, e)
			 : tuf_sign_here(&signer, &s, envelope, ret, e);
	return r < 0 ? r : tuf_next_save(&s, envelope, e);
}

int tuf_root_sign(const struct state *state, const char *scope, const char *passphrase,
		  struct tuf_pending *ret, struct err *e)
{
	return update_waiting(state, scope, passphrase, NULL, ret, e);
}

int tuf_root_import(const struct state *state, const char *scope, struct str file,
		    struct tuf_pending *ret, struct err *e)
{
	auto_json *from = NULL;
	int r = tuf_root_parse(file, &from, e);

	return r < 0 ? r : update_waiting(state, scope, NULL, from, ret, e);
}

int tuf_root_settle(const struct state *state, const char *scope, struct err *e)
{
	auto_scope s = TUF_SCOPE_INIT;
	auto_close int lock = -1;
	int r = tuf_scope_lock(state, scope, &s, &lock, e);

	if (r < 0)
		return r;
	r = tuf_is_waiting(&s, e);
	return r != 0 ? (r < 0 ? r : 0) : fs_remove_tree(s.dir, NEXT_ROOT, e);
}

int tuf_root_discard(const struct state *state, const char *scope, struct err *e)
{
	auto_scope s = TUF_SCOPE_INIT;
	auto_close int lock = -1;
	int r = tuf_scope_lock(state, scope, &s, &lock, e);

	if (r == 0 && !fs_exists(s.dir, "root.json"))
		return FAIL(e, E_USAGE, "the first root of '%.200s' cannot be discarded", scope);
	return r < 0 ? r : fs_remove_tree(s.dir, NEXT_ROOT, e);
}

int tuf_root_sign_file(const struct tuf_signer *s, struct str file, const struct strv *keys,
		       struct buf *ret, uint64_t *ret_n, struct err *e)
{
	auto_json *envelope = NULL;
	const json_t *body;
	struct err why = ERR_INIT;
	struct tuf_signed n;
	uint64_t here;
	int r = tuf_root_parse(file, &envelope, e);

	if (r < 0)
		return r;
	body = json_object_get(envelope, "signed");
	if ((r = tuf_sign(s, body, "root", envelope, &n, &why, e)) < 0 ||
	    (r = tuf_keys_of_role(s->state, body, "root", &here, e)) < 0)
		return r;
	if (why.code) {
		if (e)
			*e = why;
		return why.code;
	}
	for (size_t i = 0; r == 0 && i < keys->n; i++) {
		auto_json *key = NULL;

		r = tuf_key_here(s->state, keys->v[i], &key, e);
		r = r < 0 ? r : tuf_sign_with(s, json_string_or_null(key, "keyid"), envelope, e);
	}
	*ret_n = here + keys->n;
	if (r == 0 && *ret_n == 0)
		return err_hint(e, FAIL(e, E_NOTFOUND, "no key of its root role is on this host"),
				"plimsoll trust tuf sign --key NAME FILE");
	r = r < 0 ? r : json_canonical(envelope, ret, e);
	buf_putc(ret, '\n');
	return r < 0 ? r : buf_check(ret, "root", e);
}
