/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates of a key: its own, a CA's, or a request for one. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "trust/holder.h"
#include "trust/internal.h"

static int parse_subject(const char *text, const char *key_name, struct dn *ret, struct err *e)
{
	struct utsname u;
	int r;

	if (text) {
		r = dn_parse(str_of(text), ret, e);
		return r < 0 ? FAIL(e, E_USAGE, "subject '%.200s' is not C=..,ST=..,O=..,CN=..",
				    text)
			     : 0;
	}
	if (uname(&u) < 0)
		return FAIL_SYS(e, "read the host's name");
	/* "ZZ" is ISO 3166's code for a country that is not known. */
	if ((r = dn_add(ret, "C", STR("ZZ"), e)) < 0 ||
	    (r = dn_add(ret, "ST", STR("unknown"), e)) < 0 ||
	    (r = dn_add(ret, "O", str_of(u.nodename), e)) < 0)
		return r;
	return dn_add(ret, "CN", str_of(key_name), e);
}

/* The leaf is of this key, and the chain is one that signatures may have. */
int key_take_chain(struct str file, const struct key *k, struct chain *ret, struct err *e)
{
	auto_release(key_free) struct key *leaf = NULL;
	int r;

	if ((r = chain_from_file(file, ret, e)) < 0 || (r = chain_check(ret, e)) < 0 ||
	    (r = chain_valid_at(ret, clock_now(), e)) < 0 ||
	    (r = cert_key(ret->v[0], &leaf, e)) < 0)
		return r;
	return key_same_public(leaf, k)
		       ? 0
		       : FAIL(e, E_FORMAT, "the first certificate is not of this key");
}

static int self_sign(const struct trust_init_opts *o, const char *name, const struct key *k,
		     struct chain *ret, struct err *e)
{
	auto_dn subject = { .n = 0 };
	int r = parse_subject(o->subject, name, &subject, e);

	r = r < 0 ? r
		  : cert_make_self_signed(k, &subject, clock_now(),
					  o->days ? o->days : TRUST_DEFAULT_DAYS, &ret->v[0], e);
	ret->n = r < 0 ? 0 : 1;
	return r;
}

static int request(const struct trust_init_opts *o, const char *name, const struct key *k,
		   struct err *e)
{
	auto_dn subject = { .n = 0 };
	int r = parse_subject(o->subject, name, &subject, e);

	return r < 0 ? r : cert_request(k, &subject, o->ret_request, e);
}

static int copy_chain(const struct chain *from, struct chain *ret, struct err *e)
{
	int r = chain_check(from, e);

	for (size_t i = 0; r == 0 && i < from->n; i++) {
		struct str der = cert_der(from->v[i]);

		r = chain_add(ret, der.p, der.n, e);
	}
	return r;
}

/* Of one of four origins; none when a certificate was asked for. */
int key_make_chain(const struct trust_init_opts *o, const char *name, const struct holder *h,
		   struct chain *ret, struct err *e)
{
	const struct key *k = holder_key(h);
	int r;

	if (o->cert.n) {
		r = key_take_chain(o->cert, k, ret, e);
		return r < 0 ? WRAP(e, r, "certificate of key '%s'", name) : 0;
	}
	if (o->ret_request)
		return request(o, name, k, e);
	if (holder_chain(h)) {
		r = copy_chain(holder_chain(h), ret, e);
		return r < 0 ? WRAP(e, r, "certificates that the key's program gave") : 0;
	}
	return self_sign(o, name, k, ret, e);
}
