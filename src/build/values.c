/* SPDX-License-Identifier: Apache-2.0 */
/* Ports, durations and signals as instructions write them. */
#include <arpa/inet.h>
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "build/scope.h"

static int port_number(struct str s, unsigned *ret, struct err *e)
{
	uint64_t v;
	int r = str_u64(s, 65535, &v, e);

	if (r == 0)
		*ret = (unsigned)v;
	return r;
}

/* "80" or "80-90". */
static int port_range(struct str s, unsigned *ret_first, unsigned *ret_last, struct err *e)
{
	const char *dash = memchr(s.p, '-', s.n);
	size_t n = dash ? (size_t)(dash - s.p) : s.n;
	int r = port_number((struct str){ s.p, n }, ret_first, e);

	*ret_last = *ret_first;
	if (r == 0 && dash)
		r = port_number((struct str){ dash + 1, s.n - n - 1 }, ret_last, e);
	if (r == 0 && *ret_first > *ret_last)
		r = FAIL(e, E_FORMAT, "the range runs backwards");
	return r;
}

static int port_protocol(struct str s, const char **ret, struct err *e)
{
	static const char *const protocols[] = { "tcp", "udp", "sctp" };

	*ret = protocols[0];
	if (s.n == 0)
		return 0;
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (strlen(protocols[i]) == s.n && strncasecmp(s.p, protocols[i], s.n) == 0) {
			*ret = protocols[i];
			return 0;
		}
	}
	return FAIL(e, E_FORMAT, "the protocol is tcp, udp or sctp");
}

static bool is_address(struct str s)
{
	unsigned char addr[16];
	char text[64];

	if (s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s.p++, s.n -= 2;
	(void)snprintf(text, sizeof(text), "%.*s", (int)(s.n < 63 ? s.n : 63), s.p);
	return inet_pton(AF_INET, text, addr) == 1 || inet_pton(AF_INET6, text, addr) == 1;
}

/* "[ADDRESS:][PORT:]" before the container's port: of no meaning to an image, but docker takes it.
 */
static int port_host(struct str s, unsigned first, unsigned last, struct err *e)
{
	const char *colon = s.n ? memrchr(s.p, ':', s.n) : NULL;
	struct str port = colon ? (struct str){ colon + 1, (size_t)(s.p + s.n - colon - 1) } : s;
	unsigned host_first, host_last;
	int r;

	if (colon && colon > s.p && !is_address((struct str){ s.p, (size_t)(colon - s.p) }))
		return FAIL(e, E_FORMAT, "no address stands before the host's port");
	if (port.n == 0)
		return 0;
	r = port_range(port, &host_first, &host_last, e);
	if (r == 0 && last != first && host_last - host_first != last - first)
		r = FAIL(e, E_FORMAT, "the ranges have different lengths");
	return r;
}

int parse_port_range(const char *s, unsigned *ret_first, unsigned *ret_last,
		     const char **ret_protocol, struct err *e)
{
	struct str all = str_of(s);
	const char *colon = strrchr(s, ':'), *port = colon ? colon + 1 : s;
	const char *slash = strchr(port, '/'), *end = slash ? slash : s + all.n;
	int r = port_range((struct str){ port, (size_t)(end - port) }, ret_first, ret_last, e);

	if (r == 0)
		r = port_protocol(slash ? str_of(slash + 1) : (struct str){ "", 0 }, ret_protocol,
				  e);
	if (r == 0 && colon)
		r = port_host((struct str){ s, (size_t)(colon - s) }, *ret_first, *ret_last, e);
	return r < 0 ? WRAP(e, r, "port '%.40s'", s) : 0;
}

static const struct {
	const char *name;
	int64_t ns;
} units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "\xc2\xb5s", 1000 },
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", 60 * INT64_C(1000000000) },
	{ "h", 3600 * INT64_C(1000000000) },
};

/* "12.5s" off the front of *s. */
static int one_duration(const char **s, int64_t *ns)
{
	int64_t whole = 0, fraction = 0, scale = 1, part;
	const char *from = *s;
	size_t n;

	for (; isdigit((unsigned char)**s); ++*s)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, **s - '0', &whole))
			return -1;
	if (**s == '.') {
		for (++*s; isdigit((unsigned char)**s); ++*s) {
			if (scale > 100000000)
				continue; /* finer than a nanosecond of a second */
			fraction = fraction * 10 + (**s - '0');
			scale *= 10;
		}
	}
	if (*s == from || (*s == from + 1 && *from == '.'))
		return -1;
	n = strcspn(*s, ".0123456789");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strlen(units[i].name) != n || strncmp(*s, units[i].name, n) != 0)
			continue;
		*s += n;
		if (__builtin_mul_overflow(whole, units[i].ns, &part) ||
		    __builtin_add_overflow(*ns, part, ns))
			return -1;
		part = (int64_t)((__int128)fraction * units[i].ns / scale);
		return __builtin_add_overflow(*ns, part, ns) ? -1 : 0;
	}
	return -1;
}

int parse_duration(const char *s, int64_t *ret_ns, struct err *e)
{
	const char *p = s;
	int64_t ns = 0;

	if (strcmp(s, "0") == 0) {
		*ret_ns = 0;
		return 0;
	}
	do {
		if (one_duration(&p, &ns) < 0)
			return FAIL(e, E_FORMAT, "'%.40s' is no time such as 30s or 1m30s", s);
	} while (*p);
	if (ns && ns < 1000000)
		return FAIL(e, E_FORMAT, "'%.40s' is less than 1ms", s);
	*ret_ns = ns;
	return 0;
}

int parse_signal(const char *s, struct err *e)
{
	const char *name = strncasecmp(s, "SIG", 3) == 0 ? s + 3 : s;
	uint64_t v;

	if (isdigit((unsigned char)*s)) {
		if (str_u64(str_of(s), 64, &v, NULL) == 0 && v > 0)
			return 0;
		return FAIL(e, E_FORMAT, "'%.40s' is no signal", s);
	}
	for (int i = 1; i < 32; i++) {
		const char *known = sigabbrev_np(i);

		if (known && strcasecmp(known, name) == 0)
			return 0;
	}
	if (strncasecmp(name, "RTMIN", 5) == 0 || strncasecmp(name, "RTMAX", 5) == 0) {
		const char *n = name + 5;
		char sign = strncasecmp(name, "RTMIN", 5) == 0 ? '+' : '-';

		if (*n == '\0' ||
		    (*n == sign && str_u64(str_of(n + 1), 30, &v, NULL) == 0 && v > 0))
			return 0;
	}
	return FAIL(e, E_FORMAT, "'%.40s' is no signal", s);
}
