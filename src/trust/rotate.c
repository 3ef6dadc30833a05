/* SPDX-License-Identifier: Apache-2.0 */
/* One key in the place of another. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "trust/holder.h"
#include "trust/internal.h"

/* 9999-12-31T23:59:59Z, the last one that is written as RFC 3339 has it. */
#define LAST_TIME INT64_C(253402300799)

static int refuse_to_make(const char *name, const char *why, struct err *e)
{
	int r = FAIL(e, E_USAGE, "key '%s' %s, so its successor cannot be made here", name, why);

	return err_hint(e, r,
			"plimsoll trust init --name %s-next (--key, --cert or --csr as for this "
			"one), then plimsoll trust rotate %s --to %s-next --until DATE",
			name, name, name);
}

/* The first line tells, and is no secret. */
static bool is_encrypted(int dir, const char *name)
{
	static const char begin[] = "-----BEGIN ENCRYPTED";
	char path[sizeof(DIR_KEYS) + LIMIT_STORE_NAME + 16], head[sizeof(begin)] = "";

	(void)snprintf(path, sizeof(path), DIR_KEYS "/%s.pem", name);

	auto_close int fd = fs_open_nolink(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, NULL);

	return fd >= 0 && read(fd, head, sizeof(head) - 1) > 0 && strcmp(head, begin) == 0;
}

/* A subject is read with its last part first (RFC 4514), and made in the order that is given. */
static int same_order(const struct dn *dn, struct buf *ret, struct err *e)
{
	auto_dn turned = { .n = 0 };
	int r = 0;

	for (size_t i = dn->n; r == 0 && i-- > 0;)
		r = dn_add(&turned, dn->parts[i].type, str_of(dn->parts[i].value), e);
	if (r < 0)
		return r;
	dn_text(&turned, ret);
	return buf_check(ret, "subject", e);
}

/* A successor that somebody made who was killed before it took the place: it goes, and the trust in
 * it, so that what is begun is begun anew. Another key of that name is none of ours. */
static int drop_successor(int dir, const char *next, const struct chain *old, struct err *e)
{
	char path[STORE_PATH_LEN], hex[THUMBPRINT_MAX], file[THUMBPRINT_MAX + 8];
	auto_chain c = { .n = 0 };
	int r;

	if (!trust_key_there(dir, next))
		return 0;
	if (trust_key_chain(dir, next, &c, NULL) < 0 || c.n != 1 ||
	    !dn_subset(cert_subject(c.v[0]), cert_subject(old->v[0])) ||
	    !dn_subset(cert_subject(old->v[0]), cert_subject(c.v[0])))
		return err_hint(e, FAIL(e, E_USAGE, "there is a key '%s' already", next),
				"give the key that takes its place: --to KEY");
	cert_thumbprint(c.v[0], hex);
	(void)snprintf(file, sizeof(file), "%s.pem", hex);
	trust_store_path(path, STORE_CA, TRUST_DEFAULT_NAME, file);
	r = fs_remove_tree(dir, path, e);
	return r < 0 ? r : trust_key_remove(dir, next, e);
}

/* One of the same type and subject. */
static int make_successor(int dir, const struct trust_rotate_opts *o, const char *name,
			  const char *next, const struct chain *old, struct err *e)
{
	auto_buf where = BUF_INIT(LIMIT_KEY_WHERE + 1), subject = BUF_INIT(4 * LIMIT_DN_TEXT);
	auto_release(key_free) struct key *k = NULL;
	struct trust_init_opts io = { .days = o->days, .passphrase = o->passphrase };
	int r;

	if ((r = holder_where(dir, name, &where, e)) < 0)
		return r;
	if (strcmp(buf_str(&where), "file") != 0)
		return refuse_to_make(name, "is not in a file of ours", e);
	if (old->n > 1)
		return refuse_to_make(name, "is certified by a CA", e);
	if (!o->passphrase && is_encrypted(dir, name)) {
		r = FAIL(e, E_USAGE, "the old key is encrypted, the new one would not be");
		return err_hint(e, r, "give --passphrase-file FILE for the new key");
	}
	if ((r = drop_successor(dir, next, old, e)) < 0)
		return r;
	if ((r = same_order(cert_subject(old->v[0]), &subject, e)) < 0)
		return r;
	io.subject = buf_str(&subject);
	if ((r = cert_key(old->v[0], &k, e)) < 0 ||
	    (r = key_type_parse(key_type_name(k), &io.kind, &io.bits, e)) < 0)
		return r;
	return trust_init_locked(dir, &io, next, NULL, e);
}

static int check_successor(int dir, const char *next, const struct chain *old,
			   char ret_thumbprint[THUMBPRINT_MAX], struct err *e)
{
	auto_chain c = { .n = 0 };
	auto_release(key_free) struct key *a = NULL;
	auto_release(key_free) struct key *b = NULL;
	auto_withdrawn w = { 0 };
	int r;

	if ((r = trust_key_chain(dir, next, &c, e)) < 0 || (r = withdrawn_load(dir, &w, e)) < 0 ||
	    (r = withdrawn_check_chain(&w, &c, clock_now(), clock_now(), e)) < 0 ||
	    (r = chain_valid_at(&c, clock_now(), e)) < 0 || (r = cert_key(c.v[0], &a, e)) < 0 ||
	    (r = cert_key(old->v[0], &b, e)) < 0)
		return r;
	/* It would withdraw itself. */
	if (key_same_public(a, b))
		return FAIL(e, E_USAGE, "'%s' is the same key", next);
	if (!key_has(dir, next, KEY_FILE_PEM) && !key_has(dir, next, KEY_FILE_WHERE))
		return FAIL(e, E_NOTFOUND, "'%s' has a certificate, and no key", next);
	cert_thumbprint(c.v[0], ret_thumbprint);
	return 0;
}

/*
 * Killed anywhere, it can be done again: the successor is whole and trusted before the old key is
 * withdrawn, and the old key signs nothing more from then on, whichever of them has the name.
 */
static int rotate(int dir, const struct trust_rotate_opts *o, const char *name, const char *next,
		  struct withdrawal *ret_old, char ret_thumbprint[THUMBPRINT_MAX], struct err *e)
{
	auto_chain old = { .n = 0 };
	struct withdrawal w = { .since = clock_now(), .until = o->until };
	int r = trust_key_chain(dir, name, &old, e);

	r = r < 0 ? r : withdrawal_of(old.v[0], &w, e);
	if (r == 0 && !o->to)
		r = make_successor(dir, o, name, next, &old, e);
	if (r < 0 || (r = check_successor(dir, next, &old, ret_thumbprint, e)) < 0 ||
	    (r = withdrawn_add(dir, &w, NULL, e)) < 0 ||
	    (r = trust_key_move(dir, next, name, w.key, e)) < 0)
		return r;
	*ret_old = w;
	return 0;
}

/* The rotation that was asked for is the one that was just finished for somebody who was killed. */
static int report_finished(int dir, const struct key_move *m, struct withdrawal *ret_old,
			   char ret_thumbprint[THUMBPRINT_MAX], struct err *e)
{
	auto_withdrawn w = { 0 };
	auto_chain c = { .n = 0 };
	const struct withdrawal *old;
	int r;

	if ((r = withdrawn_load(dir, &w, e)) < 0 || (r = trust_key_chain(dir, m->to, &c, e)) < 0)
		return r;
	old = withdrawn_find(&w, m->old);
	if (!old)
		return FAIL(e, E_FORMAT,
			    "the old key is not in the list of those that were rotated");
	*ret_old = *old;
	cert_thumbprint(c.v[0], ret_thumbprint);
	return 0;
}

int trust_rotate(const struct state *state, const struct trust_rotate_opts *o,
		 struct withdrawal *ret_old, char ret_thumbprint[THUMBPRINT_MAX], struct err *e)
{
	const char *name = o->name ? o->name : TRUST_DEFAULT_NAME;
	char next[LIMIT_STORE_NAME + 1];
	struct key_move m = { .from = "" };
	int r;

	if (!trust_name_ok(name) || (o->to && !trust_name_ok(o->to)))
		return FAIL(e, E_USAGE, "'%.100s' cannot name a key",
			    holder_shown(trust_name_ok(name) ? o->to : name,
					 (char[HOLDER_SHOWN]){ 0 }));
	if (o->to && strcmp(o->to, name) == 0)
		return FAIL(e, E_USAGE, "a key cannot take its own place");
	if (o->until <= clock_now())
		return FAIL(e, E_USAGE,
			    "the date until which the old key counts is in the past; a key that "
			    "must count no more is revoked");
	if (o->until > LAST_TIME)
		return FAIL(e, E_USAGE, "the date until which the old key counts is past 9999");
	(void)snprintf(next, sizeof(next), "%.*s.next", LIMIT_STORE_NAME - 6, name);

	auto_close int dir = trust_dir(state, true, e);
	auto_close int lock = dir < 0 ? dir : trust_lock_keys(dir, &m, e);

	if (lock < 0)
		return lock;
	if (strcmp(m.from, o->to ? o->to : next) == 0 && strcmp(m.to, name) == 0)
		r = report_finished(dir, &m, ret_old, ret_thumbprint, e);
	else
		r = rotate(dir, o, name, o->to ? o->to : next, ret_old, ret_thumbprint, e);
	return r < 0 ? WRAP(e, r, "rotate key '%s'", name) : 0;
}
