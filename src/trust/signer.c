/* SPDX-License-Identifier: Apache-2.0 */
/* A key of this host with its certificates; who holds the private half comes when it is needed. */
#include <string.h>

#include "base/clock.h"
#include "trust/holder.h"
#include "trust/internal.h"

struct trust_signer {
	int dir;
	char *name;
	const char *passphrase; /* borrowed */
	struct chain chain;
	struct key *public_half;
	struct key *key; /* signs by start() */
	struct holder *holder;
};

const struct key *trust_signer_key(const struct trust_signer *s)
{
	return s->key;
}

const struct chain *trust_signer_chain(const struct trust_signer *s)
{
	return &s->chain;
}

void trust_signer_close(struct trust_signer *s)
{
	if (!s)
		return;
	holder_close(s->holder);
	key_free(s->key);
	key_free(s->public_half);
	chain_free(&s->chain);
	close_release(&s->dir);
	free(s->name);
	free(s);
}

static int start(struct trust_signer *s, struct err *e)
{
	auto_release(holder_close) struct holder *h = NULL;
	int r = holder_open(s->dir, s->name, s->passphrase, &h, e);

	if (r < 0)
		return r;
	if (!key_same_public(holder_key(h), s->public_half)) {
		r = FAIL(e, E_FORMAT, "key '%.100s': its certificate is of another key", s->name);
		return err_hint(e, r, "plimsoll trust import-cert, or plimsoll trust init --force");
	}
	s->holder = TAKE(h);
	s->passphrase = NULL;
	return 0;
}

static int sign(void *arg, enum key_form form, const char *hash, const void *msg, size_t n,
		struct buf *ret, struct err *e)
{
	struct trust_signer *s = arg;
	int r = s->holder ? 0 : start(s, e);

	r = r < 0 ? r : holder_sign(s->holder, form, hash, msg, n, ret, e);
	return r < 0 ? WRAP(e, r, "key '%.100s'", s->name) : 0;
}

static int check_usable(const struct trust_signer *s, struct err *e)
{
	auto_withdrawn withdrawn = { 0 };
	const int64_t now = clock_now();
	int r;

	if ((r = chain_valid_at(&s->chain, now, e)) < 0 ||
	    (r = withdrawn_load(s->dir, &withdrawn, e)) < 0)
		return r;
	return withdrawn_check_chain(&withdrawn, &s->chain, now, now, e);
}

/* Somebody was killed while one key took the place of another: its files are of both. */
static int finish_move(int dir, struct err *e)
{
	auto_close int lock = -1;

	if (!trust_keys_unfinished(dir))
		return 0;
	lock = trust_lock_keys(dir, NULL, e);
	return lock < 0 ? lock : 0;
}

static int open_signer(struct trust_signer *s, const struct state *state, const char *name,
		       struct err *e)
{
	const struct key_remote remote = { .sign = sign, .arg = s };
	int r;

	s->dir = trust_dir(state, true, e);
	if (s->dir < 0)
		return s->dir;
	if ((r = finish_move(s->dir, e)) < 0 ||
	    (r = trust_key_name(s->dir, name ? name : TRUST_DEFAULT_NAME, &s->name, e)) < 0 ||
	    (r = trust_key_chain(s->dir, s->name, &s->chain, e)) < 0)
		return r;
	if ((r = check_usable(s, e)) < 0 || (r = cert_key(s->chain.v[0], &s->public_half, e)) < 0)
		return WRAP(e, r, "key '%.100s'", s->name);
	return key_from_remote(s->public_half, &remote, &s->key, e);
}

int trust_signer_open(const struct state *state, const char *name, const char *passphrase,
		      struct trust_signer **ret, struct err *e)
{
	auto_release(trust_signer_close) struct trust_signer *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return FAIL_NOMEM(e);
	s->dir = -1;
	s->passphrase = passphrase;
	r = open_signer(s, state, name, e);
	if (r == 0)
		*ret = TAKE(s);
	return r;
}
