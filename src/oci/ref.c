/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/ref.h"

#include <ctype.h>
#include <string.h>

#include "base/encode.h"

static int fail(const char *s, const char *why, struct err *e)
{
	return FAIL(e, E_USAGE, "'%.200s' is not an image reference: %s", s, why);
}

static bool lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Length of the separator at p: ".", "_", "__" or any number of "-"; 0 when there is none. */
static size_t separator(const char *p, size_t n)
{
	size_t len = 0;

	if (p[0] == '.')
		return 1;
	if (p[0] == '_')
		return n > 1 && p[1] == '_' ? 2 : 1;
	while (len < n && p[len] == '-')
		len++;
	return len;
}

/* One component of a name: [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)* (distribution-spec, <name>). */
static bool component(struct str s)
{
	size_t i = 0;

	if (s.n == 0)
		return false;
	while (i < s.n) {
		size_t sep = i ? separator(s.p + i, s.n - i) : 0;

		if (i && sep == 0)
			return false;
		i += sep;
		if (i >= s.n || !lower_alnum(s.p[i]))
			return false;
		while (i < s.n && lower_alnum(s.p[i]))
			i++;
	}
	return true;
}

static bool name_ok(struct str s)
{
	struct str part;

	if (s.n == 0 || s.p[s.n - 1] == '/')
		return false;
	while (str_cut(&s, '/', &part))
		if (!component(part))
			return false;
	return true;
}

static bool tag_ok(struct str s)
{
	if (s.n == 0 || s.n > 128)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && s.p[i] != '_' &&
		    (i == 0 || (s.p[i] != '.' && s.p[i] != '-')))
			return false;
	return true;
}

/* HOST[:PORT] or [IPv6][:PORT]. */
static bool host_ok(struct str s)
{
	const char *colon;
	struct str host = s, port = { 0 };
	uint64_t ignored;

	if (str_starts(s, "[")) {
		const char *end = memchr(s.p, ']', s.n);

		if (!end)
			return false;
		host = (struct str){ s.p + 1, (size_t)(end - s.p - 1) };
		port = (struct str){ end + 1, s.n - host.n - 2 };
		if (host.n == 0 || (port.n && port.p[0] != ':'))
			return false;
		for (size_t i = 0; i < host.n; i++)
			if (!isxdigit((unsigned char)host.p[i]) && host.p[i] != ':' &&
			    host.p[i] != '.')
				return false;
	} else {
		colon = memchr(s.p, ':', s.n);
		if (colon) {
			host.n = (size_t)(colon - s.p);
			port = (struct str){ colon, s.n - host.n };
		}
		/* A dot at the end would be another spelling of the same host. */
		if (host.n == 0 || host.p[0] == '-' || host.p[0] == '.' ||
		    host.p[host.n - 1] == '.')
			return false;
		for (size_t i = 0; i < host.n; i++)
			if (!isalnum((unsigned char)host.p[i]) && host.p[i] != '-' &&
			    host.p[i] != '.')
				return false;
	}
	if (port.n == 0)
		return true;
	port.p++, port.n--;
	return str_u64(port, 65535, &ignored, NULL) == 0 && ignored > 0;
}

/* True when the first component names a registry host, as docker tells them apart. */
static bool is_host(struct str first)
{
	return memchr(first.p, '.', first.n) || memchr(first.p, ':', first.n) ||
	       str_eqz(first, "localhost");
}

static void copy(char *to, struct str s)
{
	memcpy(to, s.p, s.n);
	to[s.n] = '\0';
}

/* One host has one spelling: scopes, blocks and keys are compared byte by byte. */
static void copy_host(char *to, struct str s)
{
	copy(to, s);
	for (char *p = to; *p; p++)
		*p = (char)tolower((unsigned char)*p);
}

/* docker's registry has two names, and leaves out its "library": one image has one name here. */
static int docker_name(struct ref *r)
{
	size_t n = strlen(r->name);

	if (strcmp(r->host, "docker.io") != 0 && strcmp(r->host, "index.docker.io") != 0)
		return 0;
	copy(r->host, STR("docker.io"));
	if (strchr(r->name, '/'))
		return 0;
	if (n + sizeof("library/") > sizeof(r->name))
		return -1;
	memmove(r->name + 8, r->name, n + 1);
	memcpy(r->name, "library/", 8);
	return 0;
}

bool ref_is_hex(const char *s)
{
	uint8_t ignored[32];

	return hex_decode(str_of(s), ignored, sizeof(ignored), NULL) == 0;
}

int ref_parse(const char *s, struct ref *ret, struct err *e)
{
	struct ref r = { 0 };
	struct str rest = str_of(s);
	const char *at, *slash, *colon;

	if (rest.n == 0 || rest.n > LIMIT_REF)
		return fail(s, rest.n ? "too long" : "empty", e);
	if (ref_is_hex(s))
		return fail(s, "64 hex digits are an image's digest, not a name", e);
	at = memchr(rest.p, '@', rest.n);
	if (at) {
		struct str d = { at + 1, rest.n - (size_t)(at + 1 - rest.p) };

		if (digest_parse(d, &r.digest, NULL) < 0)
			return fail(s, "after '@' must come sha256: and 64 lower-case hex digits",
				    e);
		rest.n = (size_t)(at - rest.p);
	}
	slash = memchr(rest.p, '/', rest.n);
	if (slash) {
		struct str first = { rest.p, (size_t)(slash - rest.p) };

		if (is_host(first)) {
			if (first.n >= sizeof(r.host) || !host_ok(first))
				return fail(s, "bad registry host or port", e);
			copy_host(r.host, first);
			rest.p += first.n + 1;
			rest.n -= first.n + 1;
		}
	}
	colon = memchr(rest.p, ':', rest.n);
	if (colon) {
		struct str tag = { colon + 1, rest.n - (size_t)(colon + 1 - rest.p) };

		if (!tag_ok(tag))
			return fail(s, "bad tag (want letters, digits, '_', '.', '-', at most 128)",
				    e);
		copy(r.tag, tag);
		rest.n = (size_t)(colon - rest.p);
	}
	if (rest.n >= sizeof(r.name) || !name_ok(rest))
		return fail(s,
			    "bad name (want lower-case letters and digits, parts joined by '.', "
			    "'_', '-' or '/')",
			    e);
	copy(r.name, rest);
	if (r.host[0] && docker_name(&r) < 0)
		return fail(s, "too long", e);
	if (!r.tag[0] && !r.digest.s[0])
		copy(r.tag, STR("latest"));
	*ret = r;
	return 0;
}

void ref_repository(const struct ref *r, struct buf *ret)
{
	if (r->host[0])
		buf_printf(ret, "%s/", r->host);
	buf_puts(ret, r->name);
}

void ref_tagged(const struct ref *r, struct buf *ret)
{
	ref_repository(r, ret);
	if (r->tag[0])
		buf_printf(ret, ":%s", r->tag);
}

void ref_stored(const struct ref *r, struct buf *ret)
{
	if (r->tag[0])
		ref_tagged(r, ret);
	else
		ref_full(r, ret);
}

void ref_full(const struct ref *r, struct buf *ret)
{
	ref_tagged(r, ret);
	if (r->digest.s[0])
		buf_printf(ret, "@%s", r->digest.s);
}
