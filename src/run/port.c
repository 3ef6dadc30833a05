/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "run/network.h"

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

int port_parse(const char *text, struct ports *ret, struct err *e)
{
	struct str s = str_of(text), host;
	struct range from, to;
	struct port p = { 0 };
	const char *colon;
	int r = split_protocol(&s, text, &p.udp, e);

	if (r < 0)
		return r;
	colon = memrchr(s.p, ':', s.n);
	if (!colon)
		return err_hint(e, FAIL(e, E_USAGE, "port '%s': no host port", text),
				"-p HOST:CONTAINER, for example -p 8080:80");
	host = (struct str){ s.p, (size_t)(colon - s.p) };
	if (memchr(host.p, ':', host.n))
		r = parse_address(&host, text, p.ip, e);
	if (r == 0)
		r = parse_range(host, text, &from, e);
	if (r == 0)
		r = parse_range((struct str){ colon + 1, s.n - (size_t)(colon + 1 - s.p) }, text,
				&to, e);
	if (r < 0)
		return r;
	if (from.last - from.first != to.last - to.first)
		return FAIL(e, E_USAGE, "port '%s': the two ranges differ in length", text);
	if (ret->n + (size_t)(from.last - from.first) + 1 > LIMIT_PORTS)
		return FAIL(e, E_USAGE, "more than %d published ports", LIMIT_PORTS);
	for (unsigned i = 0; i <= (unsigned)(from.last - from.first); i++) {
		p.host = (uint16_t)(from.first + i);
		p.container = (uint16_t)(to.first + i);
		ret->p[ret->n++] = p;
	}
	return 0;
}

void port_print(const struct port *p, struct buf *ret)
{
	const bool v6 = strchr(p->ip, ':') != NULL;

	buf_printf(ret, "%s%s%s:%u->%u/%s", v6 ? "[" : "", p->ip[0] ? p->ip : "0.0.0.0",
		   v6 ? "]" : "", p->host, p->container, p->udp ? "udp" : "tcp");
}
