/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

#include "run/network/network.h"

struct range {
	uint16_t first, last;
};

static int parse_range(struct str s, const char *text, struct range *ret, struct err *e)
{
	struct str rest = s, first = { "", 0 };
	uint64_t a, b;

	(void)str_cut(&rest, '-', &first);
	if (str_u64(first, UINT16_MAX, &a, NULL) < 0 || a == 0)
		return FAIL(e, E_USAGE, "port '%s': '%.*s' is not a port", text, (int)s.n, s.p);
	b = a;
	if (memchr(s.p, '-', s.n) && (str_u64(rest, UINT16_MAX, &b, NULL) < 0 || b < a))
		return FAIL(e, E_USAGE, "port '%s': '%.*s' is not a range of ports", text, (int)s.n,
			    s.p);
	*ret = (struct range){ (uint16_t)a, (uint16_t)b };
	return 0;
}

/* Takes the address, with or without brackets, off the front. */
static int parse_address(struct str *s, const char *text, char ret[46], struct err *e)
{
	const char *colon = memrchr(s->p, ':', s->n);
	struct str ip = { s->p, (size_t)(colon - s->p) };
	unsigned char raw[16];

	if (ip.n > 2 && ip.p[0] == '[' && ip.p[ip.n - 1] == ']')
		ip = (struct str){ ip.p + 1, ip.n - 2 };
	if (ip.n >= 46)
		return FAIL(e, E_USAGE, "port '%s': no such address", text);
	(void)snprintf(ret, 46, "%.*s", (int)ip.n, ip.p);
	if (inet_pton(AF_INET, ret, raw) != 1 && inet_pton(AF_INET6, ret, raw) != 1)
		return FAIL(e, E_USAGE, "port '%s': '%s' is not an address", text, ret);
	*s = (struct str){ colon + 1, s->n - (size_t)(colon + 1 - s->p) };
	return 0;
}

static int split_protocol(struct str *s, const char *text, bool *ret_udp, struct err *e)
{
	const char *slash = memchr(s->p, '/', s->n);
	struct str protocol;

	*ret_udp = false;
	if (!slash)
		return 0;
	protocol = (struct str){ slash + 1, s->n - (size_t)(slash + 1 - s->p) };
	s->n = (size_t)(slash - s->p);
	*ret_udp = str_eqz(protocol, "udp");
	if (!*ret_udp && !str_eqz(protocol, "tcp"))
		return FAIL(e, E_USAGE, "port '%s': want /tcp or /udp", text);
	return 0;
}

/* Both sides of the last colon. "80" and "127.0.0.1::80" leave the host's port to be chosen: 0. */
static int parse_sides(struct str s, const char *text, struct port *p, struct range *from,
		       struct range *to, struct err *e)
{
	const char *colon = memrchr(s.p, ':', s.n);
	struct str host = { s.p, colon ? (size_t)(colon - s.p) : 0 };
	struct str inside = colon ? (struct str){ colon + 1, s.n - host.n - 1 } : s;
	int r = parse_range(inside, text, to, e);

	*from = (struct range){ 0, 0 };
	if (r == 0 && memchr(host.p, ':', host.n))
		r = parse_address(&host, text, p->ip, e);
	if (r < 0 || host.n == 0)
		return r < 0 || p->ip[0] || !colon
			       ? r
			       : FAIL(e, E_USAGE, "port '%s': no host port", text);
	return parse_range(host, text, from, e);
}

int port_parse(const char *text, struct ports *ret, struct err *e)
{
	struct str s = str_of(text);
	struct range from, to;
	struct port p = { 0 };
	int r = split_protocol(&s, text, &p.udp, e);

	if (r == 0)
		r = parse_sides(s, text, &p, &from, &to, e);
	if (r < 0)
		return r;
	if (from.first && from.last - from.first != to.last - to.first)
		return FAIL(e, E_USAGE, "port '%s': the two ranges differ in length", text);
	if (ret->n + (size_t)(to.last - to.first) + 1 > LIMIT_PORTS)
		return FAIL(e, E_USAGE, "more than %d published ports", LIMIT_PORTS);
	for (unsigned i = 0; i <= (unsigned)(to.last - to.first); i++) {
		p.host = from.first ? (uint16_t)(from.first + i) : 0;
		p.container = (uint16_t)(to.first + i);
		ret->p[ret->n++] = p;
	}
	return 0;
}

int ports_expose(const json_t *exec, struct ports *ret, struct err *e)
{
	json_t *exposed = json_object_get(exec, "ExposedPorts"), *unused;
	const char *text;
	int r = 0;

	json_object_foreach(exposed, text, unused)
	{
		(void)unused;
		if (r == 0 && !strchr(text, ':'))
			r = port_parse(text, ret, e);
	}
	return r < 0 ? WRAP(e, E_FORMAT, "image configuration: ExposedPorts") : 0;
}

int port_expose(const char *text, struct ports *ret, struct err *e)
{
	auto_free struct ports *more = calloc(1, sizeof(*more));
	int r = more ? 0 : FAIL_NOMEM(e);

	if (r == 0)
		r = strchr(text, ':') ? FAIL(e, E_USAGE, "--expose '%.60s': want PORT[/udp]", text)
				      : port_parse(text, more, e);
	for (size_t i = 0; r == 0 && i < more->n; i++) {
		bool there = false;

		for (size_t n = 0; n < ret->n; n++)
			there |= ret->p[n].container == more->p[i].container &&
				 ret->p[n].udp == more->p[i].udp;
		if (!there && ret->n == LIMIT_PORTS)
			return FAIL(e, E_USAGE, "more than %d published ports", LIMIT_PORTS);
		if (!there)
			ret->p[ret->n++] = more->p[i];
	}
	return r;
}

struct end {
	int family;
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} at;
	socklen_t n;
};

/* The port's end of that family on the host; false when its address is of the other. */
static bool end_of(const struct port *p, int family, struct end *ret)
{
	struct end e = { .family = family, .n = sizeof(e.at.four) };
	void *ip = &e.at.four.sin_addr;

	if (family == AF_INET6) {
		e.n = sizeof(e.at.six);
		ip = &e.at.six.sin6_addr;
		e.at.six.sin6_port = htons(p->host);
	} else {
		e.at.four.sin_port = htons(p->host);
	}
	e.at.any.sa_family = (sa_family_t)family;
	if (p->ip[0] && inet_pton(family, p->ip, ip) != 1)
		return false;
	*ret = e;
	return true;
}

/* A port that nobody has at this moment, for both families when no address is given. */
static int choose(const struct port *p, uint16_t *ret, struct err *e)
{
	const bool v6 = !p->ip[0] || strchr(p->ip, ':');
	auto_close int s = socket(v6 ? AF_INET6 : AF_INET,
				  (p->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	struct end end;

	if (!end_of(p, v6 ? AF_INET6 : AF_INET, &end))
		return FAIL(e, E_USAGE, "'%s' is not an address", p->ip);
	if (s < 0 || bind(s, &end.at.any, end.n) < 0 || getsockname(s, &end.at.any, &end.n) < 0)
		return FAIL_SYS(e, "choose a port of the host");
	*ret = ntohs(v6 ? end.at.six.sin6_port : end.at.four.sin_port);
	return 0;
}

/* What else there may be against it is pasta's to say. A stream's connections of before do not
 * count, as for pasta; a datagram socket would be shared with its owner. */
static bool taken(const struct port *p, int family)
{
	const int on = 1;
	struct end end;
	auto_close int s = -1;

	if (!end_of(p, family, &end))
		return false;
	s = socket(family, (p->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	if (s < 0 ||
	    (family == AF_INET6 && setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0))
		return false;
	if (!p->udp && setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return false;
	return bind(s, &end.at.any, end.n) < 0 && errno == EADDRINUSE;
}

int ports_check(const struct ports *p, struct err *e)
{
	for (size_t i = 0; i < p->n; i++)
		if (taken(&p->p[i], AF_INET) || taken(&p->p[i], AF_INET6))
			return err_hint(e,
					FAIL(e, E_SYSTEM, "port %u/%s of the host is taken",
					     p->p[i].host, p->p[i].udp ? "udp" : "tcp"),
					"choose another one: ss -%slnp shows who listens",
					p->p[i].udp ? "u" : "t");
	return 0;
}

int ports_choose(struct ports *p, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n; i++)
		if (p->p[i].host == 0)
			r = choose(&p->p[i], &p->p[i].host, e);
	return r;
}

void port_print(const struct port *p, struct buf *ret)
{
	const bool v6 = strchr(p->ip, ':') != NULL;

	buf_printf(ret, "%s%s%s:%u->%u/%s", v6 ? "[" : "", p->ip[0] ? p->ip : "0.0.0.0",
		   v6 ? "]" : "", p->host, p->container, p->udp ? "udp" : "tcp");
}

static bool follows(const struct port *a, const struct port *b, size_t n)
{
	return strcmp(a->ip, b->ip) == 0 && a->udp == b->udp && b->host == a->host + n &&
	       b->container == a->container + n;
}

void ports_print(const struct ports *p, struct buf *ret)
{
	for (size_t i = 0, n; i < p->n; i += n) {
		const struct port *first = &p->p[i];
		const bool v6 = strchr(first->ip, ':') != NULL;

		n = 1;
		while (i + n < p->n && follows(first, &p->p[i + n], n))
			n++;
		buf_puts(ret, i ? ", " : "");
		if (n == 1)
			port_print(first, ret);
		else
			buf_printf(ret, "%s%s%s:%u-%zu->%u-%zu/%s", v6 ? "[" : "",
				   first->ip[0] ? first->ip : "0.0.0.0", v6 ? "]" : "", first->host,
				   first->host + n - 1, first->container, first->container + n - 1,
				   first->udp ? "udp" : "tcp");
	}
}
