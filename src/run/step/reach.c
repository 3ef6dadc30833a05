/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of a named network: their text, and the addresses of names. */
#include "run/step/reach.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

void reach_free(struct reach *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->v[i].name);
	r->n = 0;
	strv_free(&r->hosts);
}

static bool host_name(struct str s)
{
	if (s.n == 0 || s.n > 253 || s.p[0] == '-' || s.p[0] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && !strchr("-_.", s.p[i]))
			return false;
	/* What ends in a number was meant to be an address. */
	return !isdigit((unsigned char)s.p[s.n - 1]);
}

/* "10.0.0.0/8", "2001:db8::1" */
static bool prefix(struct str s, struct reach_rule *ret)
{
	struct str rest = s, address;
	char text[INET6_ADDRSTRLEN];
	unsigned max;
	uint64_t bits;

	if (!str_cut(&rest, '/', &address) || address.n >= sizeof(text))
		return false;
	memcpy(text, address.p, address.n);
	text[address.n] = '\0';
	ret->v6 = strchr(text, ':') != NULL;
	max = ret->v6 ? 128 : 32;
	if (inet_pton(ret->v6 ? AF_INET6 : AF_INET, text, ret->ip) != 1)
		return false;
	bits = max;
	if (memchr(s.p, '/', s.n) && str_u64(rest, max, &bits, NULL) < 0)
		return false;
	ret->bits = (unsigned)bits;
	for (unsigned i = ret->bits; i < max; i++)
		if (ret->ip[i / 8] & 0x80 >> i % 8)
			return false;
	return true;
}

/* Takes ":PORT" off the end; without one the port is 0. */
static bool take_port(struct str *s, uint16_t *ret)
{
	const char *colon = s->n ? memrchr(s->p, ':', s->n) : NULL;
	const bool bracket = s->n && s->p[0] == '[';
	uint64_t port;

	*ret = 0;
	if (bracket && s->p[s->n - 1] == ']')
		return true;
	/* An address of IPv6 with a port stands in brackets, so one without is no rule. */
	if (!colon)
		return true;
	if (str_u64((struct str){ colon + 1, s->n - (size_t)(colon + 1 - s->p) }, UINT16_MAX, &port,
		    NULL) < 0 ||
	    port == 0)
		return false;
	*ret = (uint16_t)port;
	s->n = (size_t)(colon - s->p);
	return true;
}

static int fail_rule(const char *text, struct err *e)
{
	return FAIL(e, E_USAGE,
		    "'%.100s' is not HOST:PORT, ADDRESS:PORT, ADDRESS/BITS:PORT or "
		    "[IPV6/BITS]:PORT (without a port: every one)",
		    text);
}

int reach_parse(const char *text, struct reach *ret, struct err *e)
{
	struct reach_rule rule = { .name = NULL };
	struct str s = str_of(text);
	bool bracket, ok;

	if (s.n > LIMIT_REACH_TEXT || !take_port(&s, &rule.port))
		return fail_rule(text, e);
	bracket = s.n > 1 && s.p[0] == '[' && s.p[s.n - 1] == ']';
	if (bracket)
		s = (struct str){ s.p + 1, s.n - 2 };
	ok = prefix(s, &rule) && rule.v6 == bracket;
	if (!ok && (bracket || !host_name(s)))
		return fail_rule(text, e);
	if (ret->n == LIMIT_REACH)
		return FAIL(e, E_USAGE, "more than %d rules", LIMIT_REACH);
	if (!ok) {
		rule = (struct reach_rule){ .name = str_dup(s), .port = rule.port };
		if (!rule.name)
			return FAIL_NOMEM(e);
	}
	ret->v[ret->n++] = rule;
	return 0;
}

static int add_address(struct reach *to, const char *name, uint16_t port, const struct addrinfo *a,
		       struct err *e)
{
	struct reach_rule rule = { .v6 = a->ai_family == AF_INET6, .port = port };
	char text[INET6_ADDRSTRLEN];

	if (to->n == LIMIT_REACH)
		return FAIL(e, E_USAGE, "more than %d addresses", LIMIT_REACH);
	if (rule.v6) {
		struct sockaddr_in6 in;

		memcpy(&in, a->ai_addr, sizeof(in));
		memcpy(rule.ip, &in.sin6_addr, 16);
	} else {
		struct sockaddr_in in;

		memcpy(&in, a->ai_addr, sizeof(in));
		memcpy(rule.ip, &in.sin_addr, 4);
	}
	rule.bits = rule.v6 ? 128 : 32;
	to->v[to->n++] = rule;
	if (!inet_ntop(a->ai_family, rule.ip, text, sizeof(text)))
		return FAIL_SYS(e, "address of '%s'", name);
	return strv_addf(&to->hosts, e, rule.v6 ? "%s:[%s]" : "%s:%s", name, text);
}

static int resolve_name(struct reach *to, const char *name, uint16_t port, struct err *e)
{
	const struct addrinfo hint = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	int k = getaddrinfo(name, NULL, &hint, &list), r = 0;

	if (k != 0)
		return FAIL(e, E_REMOTE, "the name '%s' has no address: %s", name, gai_strerror(k));
	for (const struct addrinfo *a = list; r == 0 && a; a = a->ai_next)
		if (a->ai_family == AF_INET || a->ai_family == AF_INET6)
			r = add_address(to, name, port, a, e);
	freeaddrinfo(list);
	return r;
}

int reach_resolve(struct reach *r, struct err *e)
{
	struct reach *to = calloc(1, sizeof(*to));
	int k = to ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; k == 0 && i < r->n; i++) {
		if (r->v[i].name)
			k = resolve_name(to, r->v[i].name, r->v[i].port, e);
		else if (to->n == LIMIT_REACH)
			k = FAIL(e, E_USAGE, "more than %d addresses", LIMIT_REACH);
		else
			to->v[to->n++] = r->v[i];
	}
	if (k == 0) {
		reach_free(r);
		*r = *to;
	} else if (to) {
		reach_free(to);
	}
	free(to);
	return k;
}
