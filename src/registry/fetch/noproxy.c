/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/fetch/noproxy.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* An address and how many of its bits count. */
struct net {
	int family; /* 0: it is none */
	unsigned char addr[sizeof(struct in6_addr)];
	unsigned bits;
};

static struct net parse_address(struct str s)
{
	struct net n = { 0 };
	char text[INET6_ADDRSTRLEN + 1];

	if (s.n == 0 || s.n >= sizeof(text))
		return n;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (inet_pton(AF_INET, text, n.addr) == 1)
		n = (struct net){ AF_INET, { n.addr[0], n.addr[1], n.addr[2], n.addr[3] }, 32 };
	else if (inet_pton(AF_INET6, text, n.addr) == 1)
		n.family = AF_INET6, n.bits = 128;
	return n;
}

/* ADDRESS or ADDRESS/BITS. */
static struct net parse_net(struct str s)
{
	struct str address = s;
	struct net n;
	uint64_t bits;

	if (!memchr(s.p, '/', s.n))
		return parse_address(s);
	(void)str_cut(&s, '/', &address);
	n = parse_address(address);
	if (str_u64(s, n.bits, &bits, NULL) < 0)
		return (struct net){ 0 };
	n.bits = (unsigned)bits;
	return n;
}

static bool net_has(const struct net *n, const struct net *host)
{
	unsigned whole = n->bits / 8, rest = n->bits % 8;

	if (n->family != host->family || memcmp(n->addr, host->addr, whole) != 0)
		return false;
	return rest == 0 || (n->addr[whole] ^ host->addr[whole]) >> (8 - rest) == 0;
}

/* The port of "HOST:PORT" and "[ADDRESS]:PORT", which is cut off; brackets are, too. False: what
 * stands there is no port. */
static bool cut_port(struct str *s, uint64_t *ret)
{
	const char *end = s->n && s->p[0] == '[' ? memchr(s->p, ']', s->n) : NULL;
	const char *colon = end ? end + 1 : memchr(s->p, ':', s->n), *stop = s->p + s->n;
	struct str port;

	*ret = 0;
	if (end) {
		s->p++;
		s->n = (size_t)(end - s->p);
	} else if (!colon || memchr(colon + 1, ':', (size_t)(stop - colon) - 1)) {
		return true; /* no port, or an address of version 6 */
	}
	if (end && colon == stop)
		return true;
	if (!end)
		s->n = (size_t)(colon - s->p);
	port = (struct str){ colon + 1, (size_t)(stop - colon) - 1 };
	return *colon == ':' && str_u64(port, UINT16_MAX, ret, NULL) == 0 && *ret > 0;
}

/* "example.com", ".example.com" and "*.example.com" are that name and all below it. */
static bool is_below(struct str host, struct str domain)
{
	if (str_starts(domain, "*.")) {
		domain.p++;
		domain.n--;
	}
	if (domain.n && domain.p[0] == '.') {
		domain.p++;
		domain.n--;
	}
	if (domain.n == 0 || host.n < domain.n ||
	    strncasecmp(host.p + host.n - domain.n, domain.p, domain.n) != 0)
		return false;
	return host.n == domain.n || host.p[host.n - domain.n - 1] == '.';
}

static bool matches(struct str entry, const struct url *u)
{
	struct str host = str_of(u->host);
	const struct net address = parse_address(host);
	uint64_t port;
	struct net n;

	if (str_eqz(entry, "*"))
		return true;
	n = parse_net(entry);
	if (n.family)
		return net_has(&n, &address);
	if (!cut_port(&entry, &port) || (port && port != u->port))
		return false;
	n = parse_net(entry);
	if (n.family)
		return net_has(&n, &address);
	return !address.family && is_below(host, entry);
}

bool noproxy_has(const char *list, const struct url *u)
{
	for (const char *p = list; p && *p;) {
		size_t n = strcspn(p, ", \t");

		if (n && matches((struct str){ p, n }, u))
			return true;
		p += n;
		p += strspn(p, ", \t");
	}
	return false;
}
