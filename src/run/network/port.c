/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <stdio.h>
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

/* A port that nobody has at this moment, for both families when no address is given. */
static int choose(const struct port *p, uint16_t *ret, struct err *e)
{
	const bool v6 = !p->ip[0] || strchr(p->ip, ':');
	auto_close int s = socket(v6 ? AF_INET6 : AF_INET,
				  (p->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr *address = v6 ? (struct sockaddr *)&six : (struct sockaddr *)&four;
	socklen_t n = v6 ? sizeof(six) : sizeof(four);

	if (p->ip[0] && inet_pton(v6 ? AF_INET6 : AF_INET, p->ip,
				  v6 ? (void *)&six.sin6_addr : (void *)&four.sin_addr) != 1)
		return FAIL(e, E_USAGE, "'%s' is not an address", p->ip);
	if (s < 0 || bind(s, address, n) < 0 || getsockname(s, address, &n) < 0)
		return FAIL_SYS(e, "choose a port of the host");
	*ret = ntohs(v6 ? six.sin6_port : four.sin_port);
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
