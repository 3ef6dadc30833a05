/* SPDX-License-Identifier: Apache-2.0 */
/* Which token servers may be given a registry's credentials. */
#include <arpa/inet.h>
#include <string.h>

#include "registry/auth/auth.h"

static bool is_address(const char *host)
{
	unsigned char room[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, room) == 1 || inet_pton(AF_INET6, host, room) == 1;
}

/* The last n labels of a name; NULL when it has fewer. */
static const char *last_labels(const char *host, int n)
{
	const char *p = host + strlen(host);

	while (p > host)
		if (*--p == '.' && --n == 0)
			return p + 1;
	return n == 1 ? host : NULL;
}

/* What somebody registered: two labels, or three where the country has its own second level
 * ("co.uk", "com.au"). A guess on the careful side: there is no list of all of them here. */
static const char *domain_of(const char *host)
{
	const char *two = last_labels(host, 2), *dot = two ? strchr(two, '.') : NULL;

	if (dot && strlen(dot + 1) == 2 && dot - two <= 3)
		return last_labels(host, 3);
	return two;
}

static bool same_domain(const char *a, const char *b)
{
	const char *x = domain_of(a), *y = domain_of(b);

	return !is_address(a) && !is_address(b) && x && y && strcmp(x, y) == 0;
}

const char *realm_unreachable(const struct url *at, const struct url *realm)
{
	bool here = host_is_loopback(realm->host);

	if (here && !host_is_loopback(at->host))
		return "it is on this machine, and the registry is not";
	return realm->https || here ? NULL : "it speaks plain HTTP";
}

const char *realm_refusal(const struct url *at, const struct url *realm, const char *allowed)
{
	const char *why = realm_unreachable(at, realm);

	if (why || strcmp(at->host, realm->host) == 0 || same_domain(at->host, realm->host) ||
	    (host_is_loopback(at->host) && host_is_loopback(realm->host)) ||
	    (allowed && has_word_any_case(allowed, realm->host)))
		return why;
	return "it is of another domain";
}
