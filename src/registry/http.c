/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/json.h"

const char *http_method_name(enum http_method m)
{
	static const char *const names[] = { "GET", "HEAD", "PUT", "POST", "PATCH", "DELETE" };

	return names[m];
}

bool http_is_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static int check_header(struct str name, struct str value, struct err *e)
{
	if (name.n == 0 || name.n > LIMIT_HEADER_NAME)
		return FAIL(e, E_FORMAT, "HTTP header: name of %zu bytes, want 1 to %d", name.n,
			    LIMIT_HEADER_NAME);
	if (value.n > LIMIT_HEADER_VALUE)
		return FAIL(e, E_FORMAT, "HTTP header: value of %zu bytes, want at most %d",
			    value.n, LIMIT_HEADER_VALUE);
	for (size_t i = 0; i < name.n; i++)
		if (!http_is_token(name.p[i]))
			return FAIL(e, E_FORMAT, "HTTP header: bad character in name");
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return FAIL(e, E_FORMAT, "HTTP header: control character in value");
	}
	return 0;
}

int http_headers_add(struct http_headers *h, struct str name, struct str value, struct err *e)
{
	int r = check_header(name, value, e);

	if (r < 0)
		return r;
	if (h->n >= LIMIT_HEADERS)
		return FAIL(e, E_FORMAT, "HTTP: more than %d headers", LIMIT_HEADERS);
	if (!h->v) {
		h->v = calloc(LIMIT_HEADERS, sizeof(*h->v));
		if (!h->v)
			return FAIL_NOMEM(e);
	}

	auto_free char *n = str_dup(name);
	auto_free char *v = str_dup(value);

	if (!n || !v)
		return FAIL_NOMEM(e);
	for (char *p = n; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	h->v[h->n++] = (struct http_header){ TAKE(n), TAKE(v) };
	return 0;
}

const char *http_headers_get(const struct http_headers *h, const char *name)
{
	for (size_t i = 0; i < h->n; i++)
		if (strcasecmp(h->v[i].name, name) == 0)
			return h->v[i].value;
	return NULL;
}

void http_headers_free(struct http_headers *h)
{
	for (size_t i = 0; i < h->n; i++) {
		free(h->v[i].name);
		explicit_bzero(h->v[i].value, strlen(h->v[i].value)); /* it may be a password */
		free(h->v[i].value);
	}
	free(h->v);
	*h = (struct http_headers){ 0 };
}

bool http_type_is(const char *content_type, const char *type)
{
	struct str rest = str_of(content_type), essence;

	if (!content_type || !str_cut(&rest, ';', &essence))
		return false;
	essence = str_trim(essence);
	return essence.n == strlen(type) && strncasecmp(essence.p, type, essence.n) == 0;
}

int http_content_range(const char *s, struct http_range *ret, struct err *e)
{
	struct str rest = str_of(s), first, last;
	struct http_range g;

	if (!str_starts(rest, "bytes "))
		return FAIL(e, E_FORMAT, "Content-Range: not in bytes");
	rest.p += 6;
	rest.n -= 6;
	if (!str_cut(&rest, '-', &first) || !str_cut(&rest, '/', &last) ||
	    str_u64(first, UINT64_MAX - 1, &g.first, e) < 0 ||
	    str_u64(last, UINT64_MAX - 1, &g.last, e) < 0 ||
	    str_u64(rest, UINT64_MAX - 1, &g.total, e) < 0)
		return FAIL(e, E_FORMAT, "Content-Range: want \"bytes FIRST-LAST/TOTAL\"");
	if (g.first > g.last || g.last >= g.total)
		return FAIL(e, E_FORMAT, "Content-Range: not within its total");
	*ret = g;
	return 0;
}

int http_upload_range(const char *s, uint64_t *ret_n, struct err *e)
{
	struct str rest = str_of(s), first;
	uint64_t last;

	/* Some write it as in Content-Range. */
	if (str_starts(rest, "bytes=")) {
		rest.p += 6;
		rest.n -= 6;
	}
	/* How some say that there is nothing yet: the last byte is the one before the first. */
	if (str_eqz(rest, "0--1")) {
		*ret_n = 0;
		return 0;
	}
	if (!str_cut(&rest, '-', &first) || first.n != 1 || first.p[0] != '0' ||
	    str_u64(rest, INT64_MAX - 1, &last, NULL) < 0)
		return FAIL(e, E_FORMAT, "Range: want \"0-LAST\"");
	*ret_n = last + 1;
	return 0;
}

static bool is_number(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

unsigned http_retry_after(const char *s, int64_t now, unsigned max, unsigned fallback)
{
	uint64_t n;
	int64_t at;

	if (!s)
		return fallback;
	if (http_date(s, &at, NULL) == 0)
		n = at > now ? (uint64_t)(at - now) : 0;
	else if (!is_number(str_trim(str_of(s))))
		return fallback;
	else if (str_u64(str_trim(str_of(s)), UINT32_MAX, &n, NULL) < 0)
		n = UINT32_MAX;
	return n > max ? max : (unsigned)n;
}

/* One header's parameters: name=token or name="quoted"; ends at a "," outside quotes. */
struct params {
	struct str rest;
	bool bad;
};

static void skip(struct params *p, const char *set)
{
	while (p->rest.n && strchr(set, p->rest.p[0]) && p->rest.p[0]) {
		p->rest.p++;
		p->rest.n--;
	}
}

static struct str take_token(struct params *p)
{
	struct str t = { p->rest.p, 0 };

	while (t.n < p->rest.n && http_is_token(t.p[t.n]))
		t.n++;
	p->rest.p += t.n;
	p->rest.n -= t.n;
	return t;
}

/* A quoted string without its quotes; one with a backslash in it is refused as nobody needs one. */
static struct str take_quoted(struct params *p)
{
	struct str q = { p->rest.p + 1, 0 };

	while (q.n + 1 < p->rest.n && q.p[q.n] != '"' && q.p[q.n] != '\\')
		q.n++;
	if (q.n + 1 >= p->rest.n || q.p[q.n] != '"') {
		p->bad = true;
		return (struct str){ "", 0 };
	}
	p->rest.p += q.n + 2;
	p->rest.n -= q.n + 2;
	return q;
}

static bool next_param(struct params *p, struct str *ret_name, struct str *ret_value)
{
	skip(p, " \t");
	*ret_name = take_token(p);
	if (ret_name->n == 0)
		return false;
	skip(p, " \t");
	*ret_value = (struct str){ "", 0 };
	if (p->rest.n == 0 || p->rest.p[0] != '=')
		return true;
	p->rest.p++;
	p->rest.n--;
	skip(p, " \t");
	*ret_value = p->rest.n && p->rest.p[0] == '"' ? take_quoted(p) : take_token(p);
	return !p->bad;
}

static bool rel_is_next(struct params *p)
{
	struct str name, value;
	bool next = false;

	for (skip(p, " \t"); p->rest.n && p->rest.p[0] == ';'; skip(p, " \t")) {
		p->rest.p++;
		p->rest.n--;
		if (!next_param(p, &name, &value))
			break;
		if (name.n == 3 && strncasecmp(name.p, "rel", 3) == 0)
			next = value.n == 4 && strncasecmp(value.p, "next", 4) == 0;
	}
	return next;
}

int http_link_next(const char *s, struct buf *ret, struct err *e)
{
	struct params p = { .rest = str_of(s) };

	for (skip(&p, " \t,"); p.rest.n; skip(&p, " \t,")) {
		const char *end = memchr(p.rest.p, '>', p.rest.n);

		if (p.rest.p[0] != '<' || !end)
			return FAIL(e, E_FORMAT, "Link header: want \"<URL>; rel=…\"");

		struct str target = { p.rest.p + 1, (size_t)(end - p.rest.p) - 1 };

		p.rest.n -= target.n + 2;
		p.rest.p = end + 1;
		if (rel_is_next(&p)) {
			buf_put(ret, target.p, target.n);
			return buf_check(ret, "Link header", e);
		}
		if (p.bad || (p.rest.n && p.rest.p[0] != ','))
			return FAIL(e, E_FORMAT, "Link header: bad parameter");
	}
	return FAIL(e, E_NOTFOUND, "Link header: no rel=\"next\"");
}

static void copy_text(char *ret, size_t cap, struct str s)
{
	(void)snprintf(ret, cap, "%.*s", (int)(s.n < cap ? s.n : cap - 1), s.p);
	text_sanitize(ret);
}

void http_error_parse(const char *body, size_t n, struct http_error *ret)
{
	auto_json *doc = NULL;
	const json_t *first;
	const char *s;

	*ret = (struct http_error){ 0 };
	if (n > LIMIT_ERROR_BODY || json_parse(body, n, "error", &doc, NULL) < 0)
		return;
	first = json_array_get(json_object_get(doc, "errors"), 0);
	s = json_string_or_null(first, "code");
	copy_text(ret->code, sizeof(ret->code), str_of(s ? s : ""));
	s = json_string_or_null(first, "message");
	copy_text(ret->message, sizeof(ret->message), str_of(s ? s : ""));
}

/* Two or four digits. */
static int digits(const char *s, int n)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		v = v * 10 + (s[i] - '0');
	}
	return v;
}

int http_date(const char *s, int64_t *ret, struct err *e)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	static const char form[] = "AAA, 00 AAA 0000 00:00:00 GMT";
	struct tm t = { .tm_mon = -1 };
	bool good = strlen(s) == sizeof(form) - 1;

	for (size_t i = 0; good && form[i]; i++)
		if (form[i] != 'A' && form[i] != '0')
			good = s[i] == form[i];
	if (!good)
		return FAIL(e, E_FORMAT, "'%.40s' is no HTTP date", s);
	for (int m = 0; m < 12; m++)
		if (strncmp(s + 8, months + (ptrdiff_t)m * 3, 3) == 0)
			t.tm_mon = m;
	t.tm_mday = digits(s + 5, 2);
	t.tm_year = digits(s + 12, 4) - 1900;
	t.tm_hour = digits(s + 17, 2);
	t.tm_min = digits(s + 20, 2);
	t.tm_sec = digits(s + 23, 2);
	if (t.tm_mon < 0 || t.tm_mday < 1 || t.tm_mday > 31 || t.tm_year < 70 || t.tm_hour < 0 ||
	    t.tm_hour > 23 || t.tm_min < 0 || t.tm_min > 59 || t.tm_sec < 0 || t.tm_sec > 60)
		return FAIL(e, E_FORMAT, "'%.40s' is no HTTP date", s);
	*ret = timegm(&t);
	return 0;
}
