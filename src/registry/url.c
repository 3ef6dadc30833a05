/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/url.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static bool host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int take_host(struct str s, bool v6, struct url *u, struct err *e)
{
	struct in6_addr addr;

	if (s.n == 0 || s.n > LIMIT_HOST)
		return FAIL(e, E_FORMAT, "URL: host of %zu bytes, want 1 to %d", s.n, LIMIT_HOST);
	for (size_t i = 0; i < s.n; i++) {
		char c = lower(s.p[i]);

		if (!(v6 ? c == ':' || c == '.' || host_char(c) : host_char(c)))
			return FAIL(e, E_FORMAT, "URL: bad character in host");
		u->host[i] = c;
	}
	u->host[s.n] = '\0';
	if (v6 && inet_pton(AF_INET6, u->host, &addr) != 1)
		return FAIL(e, E_FORMAT, "URL: '[%s]' is not an IPv6 address", u->host);
	if (u->host[0] == '.' || u->host[0] == '-')
		return FAIL(e, E_FORMAT, "URL: bad host '%s'", u->host);
	return 0;
}

/* "host", "host:port", "[v6]", "[v6]:port". */
static int take_authority(struct str s, struct url *u, struct err *e)
{
	bool v6 = s.n > 0 && s.p[0] == '[';
	const char *end;
	struct str host = s, port = { "", 0 };
	uint64_t n = u->https ? 443 : 80;
	int r;

	if (v6) {
		end = memchr(s.p, ']', s.n);
		if (!end)
			return FAIL(e, E_FORMAT, "URL: '[' without ']'");
		host = (struct str){ s.p + 1, (size_t)(end - s.p) - 1 };
		port = (struct str){ end + 1, s.n - (size_t)(end - s.p) - 1 };
		if (port.n && port.p[0] != ':')
			return FAIL(e, E_FORMAT, "URL: bytes after ']'");
	} else if ((end = memchr(s.p, ':', s.n)) != NULL) {
		host.n = (size_t)(end - s.p);
		port = (struct str){ end, s.n - host.n };
	}
	r = take_host(host, v6, u, e);
	if (r < 0)
		return r;
	if (port.n) {
		r = str_u64((struct str){ port.p + 1, port.n - 1 }, 65535, &n, e);
		if (r < 0 || n == 0)
			return FAIL(e, E_FORMAT, "URL: bad port");
	}
	u->port = (uint16_t)n;
	return 0;
}

static bool is_dots(struct str seg)
{
	return str_eqz(seg, ".") || str_eqz(seg, "..");
}

/* A path with an optional query; "" is "/". Drops a fragment. */
static int take_target(struct str s, struct url *u, struct err *e)
{
	const char *hash = s.n ? memchr(s.p, '#', s.n) : NULL;
	size_t n = 0;

	if (hash)
		s.n = (size_t)(hash - s.p);
	if (s.n + 1 > LIMIT_URL)
		return FAIL(e, E_FORMAT, "URL: longer than %d bytes", LIMIT_URL);
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= 0x20 || s.p[i] >= 0x7f || s.p[i] == '\\')
			return FAIL(e, E_FORMAT, "URL: bad character in path");
	if (s.n == 0 || s.p[0] != '/')
		u->target[n++] = '/';
	if (s.n)
		memcpy(u->target + n, s.p, s.n);
	u->target[n + s.n] = '\0';

	struct str path = { u->target, strcspn(u->target, "?") }, seg;

	while (str_cut(&path, '/', &seg))
		if (is_dots(seg))
			return FAIL(e, E_FORMAT, "URL: '.' or '..' in path");
	return 0;
}

static bool cut_prefix(struct str *s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (s->n < n || strncasecmp(s->p, prefix, n) != 0)
		return false;
	s->p += n;
	s->n -= n;
	return true;
}

/* What follows "scheme://". */
static int take_rest(struct str s, struct url *u, struct err *e)
{
	size_t n = 0;
	int r;

	while (n < s.n && s.p[n] != '/' && s.p[n] != '?' && s.p[n] != '#')
		n++;
	r = take_authority((struct str){ s.p, n }, u, e);
	return r < 0 ? r : take_target((struct str){ s.p + n, s.n - n }, u, e);
}

int url_parse(struct str s, struct url *ret, struct err *e)
{
	struct url u = { .https = true };
	int r;

	if (!cut_prefix(&s, "https://")) {
		if (!cut_prefix(&s, "http://"))
			return FAIL(e, E_FORMAT, "URL: neither https:// nor http://");
		u.https = false;
	}
	r = take_rest(s, &u, e);
	if (r < 0)
		return r;
	*ret = u;
	return 0;
}

/* "name" or "?query": replaces what follows the base path's last "/", or only its query. */
static int resolve_relative(const struct url *base, struct str location, struct url *u,
			    struct err *e)
{
	size_t path = strcspn(base->target, "?"), keep = path;
	auto_buf joined = BUF_INIT(LIMIT_URL);

	if (location.p[0] != '?')
		while (keep > 0 && base->target[keep - 1] != '/')
			keep--;
	buf_put(&joined, base->target, keep);
	buf_put(&joined, location.p, location.n);

	int r = buf_check(&joined, "URL", e);

	return r < 0 ? r : take_target((struct str){ buf_str(&joined), joined.n }, u, e);
}

int url_resolve(const struct url *base, struct str location, struct url *ret, struct err *e)
{
	struct url u = *base;
	const char *colon;
	int r;

	if (location.n == 0)
		return FAIL(e, E_FORMAT, "URL: empty location");
	colon = memchr(location.p, ':', location.n);
	if (cut_prefix(&location, "//")) {
		r = take_rest(location, &u, e);
	} else if (location.p[0] == '/') {
		r = take_target(location, &u, e);
	} else if (colon && !memchr(location.p, '/', (size_t)(colon - location.p)) &&
		   !memchr(location.p, '?', (size_t)(colon - location.p))) {
		return url_parse(location, ret, e);
	} else {
		r = resolve_relative(base, location, &u, e);
	}
	if (r < 0)
		return r;
	*ret = u;
	return 0;
}

void url_put(const struct url *u, struct buf *ret)
{
	bool v6 = strchr(u->host, ':') != NULL;

	buf_printf(ret, "%s://%s%s%s", u->https ? "https" : "http", v6 ? "[" : "", u->host,
		   v6 ? "]" : "");
	if (u->port != (u->https ? 443 : 80))
		buf_printf(ret, ":%u", (unsigned)u->port);
	buf_puts(ret, u->target);
}

void url_put_query(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
		    (*s >= '0' && *s <= '9') || strchr("-._~", *s))
			buf_putc(b, *s);
		else
			buf_printf(b, "%%%02X", (unsigned char)*s);
	}
}

bool url_same_origin(const struct url *a, const struct url *b)
{
	return a->https == b->https && a->port == b->port && strcmp(a->host, b->host) == 0;
}

bool host_is_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (strcasecmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}
