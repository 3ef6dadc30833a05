/* SPDX-License-Identifier: Apache-2.0 */
/* The two headers of COSE_Sign1 (RFC 9052, section 3) with the labels of signing.md 1.4. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "crypto/cose_internal.h"

enum { TAG_TIME = 1 };

struct label {
	bool is_text;
	int64_t number;
	struct str text;
};

static struct shown show_label(const struct label *l)
{
	struct shown r;

	if (l->is_text)
		return shown_of(l->text);
	(void)snprintf(r.s, sizeof(r.s), "%" PRId64, l->number);
	return r;
}

static bool is_number(const struct label *l, int64_t n)
{
	return !l->is_text && l->number == n;
}

static bool is_text(const struct label *l, const char *s)
{
	return l->is_text && str_eqz(l->text, s);
}

static int read_label_item(struct cbor *c, struct label *ret, struct err *e)
{
	enum cbor_type type;
	int r = cbor_peek(c, &type, e);

	if (r < 0)
		return r;
	ret->is_text = type == CBOR_TEXT;
	return ret->is_text ? cbor_text(c, &ret->text, e) : cbor_int(c, &ret->number, e);
}

/* A label of either header, which must be the first of its kind. Labels have one encoding. */
static int read_label(struct cbor *c, struct cose_headers *h, struct label *ret, struct err *e)
{
	struct str encoded = c->rest;
	int r = read_label_item(c, ret, e);

	if (r < 0)
		return r;
	encoded.n -= c->rest.n;
	for (size_t i = 0; i < h->seen_n; i++)
		if (str_eq(h->seen[i], encoded))
			return FAIL(e, E_FORMAT, "'%s' is there twice", show_label(ret).s);
	if (h->seen_n == LIMIT_ENVELOPE_HEADERS)
		return FAIL(e, E_FORMAT, "more than %d members", LIMIT_ENVELOPE_HEADERS);
	h->seen[h->seen_n++] = encoded;
	return 0;
}

static int read_time(struct cbor *c, bool *has, int64_t *ret, struct err *e)
{
	int r = cbor_tag(c, TAG_TIME, e);

	if (r < 0 || (r = cbor_int(c, ret, e)) < 0)
		return r;
	*has = true;
	return *ret > 0 ? 0 : FAIL(e, E_FORMAT, "not a time of this age");
}

/* Only what is evaluated here may be critical, and each name but once. */
static int read_crit(struct cbor *c, struct cose_headers *h, struct err *e)
{
	struct label l = { 0 };
	uint64_t n;
	int r = cbor_array(c, &n, e);

	if (r < 0)
		return r;
	if (n > LIMIT_CRIT)
		return FAIL(e, E_FORMAT, "more than %d names in 'crit'", LIMIT_CRIT);
	for (; n; n--) {
		bool *flag;

		r = read_label_item(c, &l, e);
		if (r < 0)
			return r;
		if (is_text(&l, H_PLUGIN) || is_text(&l, H_PLUGIN_VERSION))
			return envelope_needs_plugin(e);
		flag = is_text(&l, H_SCHEME)	       ? &h->crit_scheme
		       : is_text(&l, H_EXPIRY)	       ? &h->crit_expiry
		       : is_text(&l, H_AUTHENTIC_TIME) ? &h->crit_authentic
						       : NULL;
		if (!flag)
			return FAIL(e, E_FORMAT, "critical '%s' is not understood",
				    show_label(&l).s);
		if (*flag)
			return FAIL(e, E_FORMAT, "'%s' twice in 'crit'", show_label(&l).s);
		*flag = true;
	}
	h->has_crit = true;
	return 0;
}

static int read_content_type(struct cbor *c, struct cose_headers *h, struct err *e)
{
	struct str s;
	int r = cbor_text(c, &s, e);

	if (r < 0)
		return r;
	if (!str_eqz(s, h->content_type))
		return FAIL(e, E_VERIFY, "content type '%s', want '%s'", shown_of(s).s,
			    h->content_type);
	h->has_content_type = true;
	return 0;
}

static int read_scheme(struct cbor *c, struct cose_headers *h, struct err *e)
{
	struct str s;
	int r = cbor_text(c, &s, e);

	h->has_scheme = true;
	return r < 0 ? r : envelope_read_scheme(s, &h->claims.authority, e);
}

/* Others than these mean nothing here, unless somebody could take them for one of these. */
static int refuse_look_alike(const struct label *l, struct err *e)
{
	static const char *const names[] = { H_SCHEME, H_TIME,	 H_AUTHENTIC_TIME,
					     H_EXPIRY, H_PLUGIN, H_PLUGIN_VERSION };

	for (size_t i = 0; l->is_text && i < sizeof(names) / sizeof(names[0]); i++)
		if (l->text.n == strlen(names[i]) &&
		    strncasecmp(l->text.p, names[i], l->text.n) == 0)
			return FAIL(e, E_FORMAT, "'%s' is '%s' in another case",
				    shown_of(l->text).s, names[i]);
	return 0;
}

static int read_cert(struct cbor *c, struct chain *ret, struct err *e)
{
	struct str der;
	int r = cbor_bytes(c, &der, e);

	return r < 0 ? r : chain_add(ret, der.p, der.n, e);
}

/* One certificate as it is, or an array of them. */
static int read_chain(struct cbor *c, struct chain *ret, struct err *e)
{
	enum cbor_type type;
	uint64_t n = 1;
	int r = cbor_peek(c, &type, e);

	if (r == 0 && type == CBOR_ARRAY)
		r = cbor_array(c, &n, e);
	if (r == 0 && (n < 1 || n > LIMIT_CHAIN))
		r = FAIL(e, E_FORMAT, "must hold 1 to %d certificates", LIMIT_CHAIN);
	for (uint64_t i = 0; r == 0 && i < n; i++)
		r = read_cert(c, ret, e);
	return r;
}

static int read_member(struct cbor *c, const struct label *l, struct cose_headers *h, struct err *e)
{
	int r;

	if (is_number(l, COSE_ALG)) {
		h->has_alg = true;
		return cbor_int(c, &h->alg, e);
	}
	if (is_number(l, COSE_CRIT))
		return read_crit(c, h, e);
	if (is_number(l, COSE_CONTENT_TYPE))
		return read_content_type(c, h, e);
	if (is_number(l, COSE_X5CHAIN) && h->chain)
		return read_chain(c, h->chain, e);
	if (is_text(l, H_SCHEME))
		return read_scheme(c, h, e);
	if (is_text(l, H_TIME))
		return read_time(c, &h->has_time, &h->claims.signing_time, e);
	if (is_text(l, H_EXPIRY))
		return read_time(c, &h->has_expiry, &h->claims.expiry, e);
	if (is_text(l, H_AUTHENTIC_TIME))
		return read_time(c, &h->has_authentic, &h->authentic_time, e);
	if (is_text(l, H_PLUGIN) || is_text(l, H_PLUGIN_VERSION))
		return envelope_needs_plugin(e);
	r = refuse_look_alike(l, e);
	return r < 0 ? r : cbor_skip(c, e);
}

/* What must be there, and what must be critical. */
static int check_protected(const struct cose_headers *h, struct err *e)
{
	const struct {
		bool has;
		const char *name;
	} wanted[] = {
		{ h->has_alg, "alg" },
		{ h->has_crit, "crit" },
		{ h->has_scheme, H_SCHEME },
		{ h->has_content_type, "content type" },
		{ h->claims.authority ? h->has_authentic : h->has_time,
		  envelope_time_name(h->claims.authority) },
	};

	const struct {
		bool has, crit;
		const char *name;
	} marked[] = {
		{ h->has_expiry, h->crit_expiry, H_EXPIRY },
		{ h->has_authentic, h->crit_authentic, H_AUTHENTIC_TIME },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!wanted[i].has)
			return FAIL(e, E_FORMAT, "'%s' is missing", wanted[i].name);
	if (!h->crit_scheme)
		return FAIL(e, E_FORMAT, "'" H_SCHEME "' must be critical");
	if (h->claims.authority ? h->has_time : h->has_authentic)
		return FAIL(e, E_FORMAT, "'%s' with scheme '%s'",
			    envelope_time_name(!h->claims.authority),
			    h->claims.authority ? SCHEME_AUTHORITY : SCHEME_X509);
	for (size_t i = 0; i < sizeof(marked) / sizeof(marked[0]); i++)
		if (marked[i].has != marked[i].crit)
			return FAIL(e, E_FORMAT,
				    marked[i].has ? "'%s' must be critical"
						  : "critical '%s' is not in the header",
				    marked[i].name);
	return 0;
}

static int read_protected(struct cbor *c, struct cose_headers *h, struct err *e)
{
	uint64_t n;
	int r = cbor_map(c, &n, e);

	for (; r == 0 && n; n--) {
		struct label l = { 0 };

		r = read_label(c, h, &l, e);
		if (r == 0 && (r = read_member(c, &l, h, e)) < 0)
			return WRAP(e, r, "'%s'", show_label(&l).s);
	}
	if (r < 0)
		return r;
	if (c->rest.n)
		return FAIL(e, E_FORMAT, "%zu bytes behind its end", c->rest.n);
	return check_protected(h, e);
}

int cose_read_protected(struct str head, struct cose_headers *h, struct err *e)
{
	struct cbor c = { head };
	int r = read_protected(&c, h, e);

	if (r < 0)
		return WRAP(e, r, "protected header");
	if (h->claims.authority)
		h->claims.signing_time = h->authentic_time;
	return envelope_check_claims(&h->claims, e);
}

static int read_timestamp(struct cbor *c, struct buf *ret, struct err *e)
{
	struct str s;
	int r = cbor_bytes(c, &s, e);

	if (r == 0 && s.n == 0)
		return FAIL(e, E_FORMAT, "it is empty");
	if (r == 0)
		buf_put(ret, s.p, s.n);
	return r < 0 ? r : buf_check(ret, "timestamp", e);
}

static int read_unprotected_member(struct cbor *c, const struct label *l, struct envelope *ret,
				   struct err *e)
{
	struct str s;

	if (is_number(l, COSE_X5CHAIN))
		return read_chain(c, &ret->chain, e);
	if (is_text(l, H_AGENT) || is_text(l, H_AGENT_OLD))
		return cbor_text(c, &s, e);
	if (is_text(l, H_TIMESTAMP))
		return read_timestamp(c, &ret->timestamp, e);
	return FAIL(e, E_FORMAT, "is not known");
}

int cose_read_unprotected(struct cbor *c, struct cose_headers *h, struct envelope *ret,
			  struct err *e)
{
	uint64_t n;
	int r = cbor_map(c, &n, e);

	for (; r == 0 && n; n--) {
		struct label l = { 0 };

		r = read_label(c, h, &l, e);
		if (r == 0 && (r = read_unprotected_member(c, &l, ret, e)) < 0)
			return WRAP(e, r, "header: '%s'", show_label(&l).s);
	}
	if (r < 0)
		return WRAP(e, r, "header");
	return ret->chain.n ? 0 : FAIL(e, E_FORMAT, "header: 'x5chain' (33) is missing");
}
