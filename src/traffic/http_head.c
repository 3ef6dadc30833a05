/* SPDX-License-Identifier: Apache-2.0 */
#include "traffic/http_head.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_name(struct str s, const char *name)
{
	return s.n == strlen(name) && strncasecmp(s.p, name, s.n) == 0;
}

/* Copies a token: printable, no spaces. False when it is none or longer than cap. */
static bool token(struct str s, char *ret, size_t cap)
{
	if (s.n == 0 || s.n > cap)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return false;
	memcpy(ret, s.p, s.n);
	ret[s.n] = '\0';
	return true;
}

static bool field(struct http_head *h, struct str name, struct str value)
{
	uint64_t n;

	if (is_name(name, "content-length")) {
		if (str_u64(value, UINT64_MAX / 2, &n, NULL) < 0 ||
		    (h->has_length && h->length != n))
			return false;
		h->has_length = true;
		h->length = n;
	} else if (is_name(name, "transfer-encoding")) {
		/* Others beside it would make the bytes something else than the file. */
		h->chunked = is_name(value, "chunked");
		return h->chunked;
	} else if (is_name(name, "content-encoding")) {
		if (!is_name(value, "identity"))
			return token(value, h->encoding, HTTP_CODING);
	} else if (is_name(name, "host")) {
		h->host = value;
	}
	return true;
}

static bool fields(struct http_head *h, struct str rest)
{
	struct str line, name;

	while (str_line(&rest, &line)) {
		line = str_trim(line);
		if (line.n == 0)
			return true;
		/* A line without a colon continues the one before it, which is never one of ours.
		 */
		if (!memchr(line.p, ':', line.n))
			continue;
		(void)str_cut(&line, ':', &name);
		if (!field(h, name, str_trim(line)))
			return false;
	}
	return true;
}

bool http_head_request(struct str text, struct http_head *ret)
{
	struct http_head h = { .method = "" };
	struct str line, method, target;

	if (!str_line(&text, &line))
		return false;
	line = str_trim(line);
	if (!str_cut(&line, ' ', &method) || !str_cut(&line, ' ', &target) ||
	    !token(method, h.method, HTTP_METHOD) || target.n == 0 || !str_starts(line, "HTTP/1."))
		return false;
	for (const char *p = h.method; *p; p++)
		if (!isupper((unsigned char)*p) && *p != '-')
			return false;
	h.target = target;
	if (!fields(&h, text))
		return false;
	*ret = h;
	return true;
}

bool http_head_response(struct str text, struct http_head *ret)
{
	struct http_head h = { .method = "" };
	struct str line, version, status;
	uint64_t n;

	if (!str_line(&text, &line))
		return false;
	line = str_trim(line);
	if (!str_cut(&line, ' ', &version) || !str_starts(version, "HTTP/1."))
		return false;
	(void)str_cut(&line, ' ', &status);
	if (status.n != 3 || str_u64(status, 999, &n, NULL) < 0 || n < 100 || !fields(&h, text))
		return false;
	h.status = (unsigned)n;
	*ret = h;
	return true;
}

static void put(struct buf *b, struct str s, bool *ret_cut)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool plain = c > ' ' && c <= '~' && !strchr("\"<>\\^`{|}", c);

		if (b->n + 3 > b->cap) {
			*ret_cut = true;
			return;
		}
		if (plain)
			buf_putc(b, (char)c);
		else
			buf_printf(b, "%%%02X", c);
	}
}

/* "user:password@host" without what stands before the host. */
static struct str without_user(struct str authority)
{
	const char *at = authority.n ? memrchr(authority.p, '@', authority.n) : NULL;

	if (!at)
		return authority;
	at++;
	return (struct str){ at, authority.n - (size_t)(at - authority.p) };
}

static struct str upto(struct str s, const char *any)
{
	size_t n = 0;

	while (n < s.n && (!s.p[n] || !strchr(any, s.p[n])))
		n++;
	return (struct str){ s.p, n };
}

void http_url(const struct http_head *h, const char *fallback, struct buf *ret, bool *ret_cut)
{
	struct str target = upto(h->target, "#");
	const char *scheme = target.n ? memmem(target.p, target.n, "://", 3) : NULL;
	struct str host = upto(without_user(h->host), "/?#");

	*ret_cut = false;
	if (host.n == 0)
		host = str_of(fallback);
	if (strcmp(h->method, "CONNECT") == 0) {
		put(ret, without_user(target), ret_cut);
		return;
	}
	if (target.n && target.p[0] != '/' && scheme) {
		struct str authority;
		size_t n = (size_t)(scheme + 3 - target.p);

		put(ret, (struct str){ target.p, n }, ret_cut);
		target = (struct str){ target.p + n, target.n - n };
		authority = upto(target, "/?");
		put(ret, without_user(authority), ret_cut);
		target = (struct str){ target.p + authority.n, target.n - authority.n };
	} else {
		buf_puts(ret, "http://");
		put(ret, host, ret_cut);
	}
	if (!str_eqz(target, "*"))
		put(ret, target, ret_cut);
}
