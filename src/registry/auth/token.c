/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens from the server that a registry names. */
#include "registry/auth/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/encode.h"
#include "base/fs.h"
#include "base/json.h"
#include "crypto/key.h"

enum { TOKEN_CALL_SECONDS = 60, LIMIT_TOKEN_ANSWER = 256 * 1024, LIMIT_TOKEN_LIFE = 86400 };

void token_free(struct token *t)
{
	wipe_string(t->value);
	wipe_string(t->refresh);
	*t = (struct token){ 0 };
}

/* RFC 6750 2.1: b68token, and what is in use beside it; no space, no control character. */
static bool token_is_valid(const char *s)
{
	size_t n = 0;

	while (s[n] > 0x20 && s[n] < 0x7f)
		n++;
	return n > 0 && s[n] == '\0' && n <= LIMIT_TOKEN;
}

int token_parse(const char *p, size_t n, struct token *ret, struct err *e)
{
	auto_token t = { .seconds = TOKEN_SECONDS };
	auto_json *doc = NULL;
	const char *value, *refresh;
	json_t *life;
	int r = json_parse(p, n, "token", &doc, NULL);

	if (r < 0)
		return FAIL(e, E_REMOTE, "the token server's answer is not JSON");
	value = json_string_or_null(doc, "token");
	if (!value || !*value)
		value = json_string_or_null(doc, "access_token");
	refresh = json_string_or_null(doc, "refresh_token");
	if (!value || !token_is_valid(value) || (refresh && *refresh && !token_is_valid(refresh)))
		return FAIL(e, E_REMOTE, "the token server's answer holds no usable token");
	life = json_object_get(doc, "expires_in");
	if (life && !json_is_null(life) && (!json_is_number(life) || json_number_value(life) < 0))
		return FAIL(e, E_REMOTE, "the token server's answer: 'expires_in' is no number");
	if (json_number_value(life) > (double)LIMIT_TOKEN_LIFE)
		t.seconds = LIMIT_TOKEN_LIFE;
	else if (json_number_value(life) >= 1)
		t.seconds = (uint64_t)json_number_value(life);
	t.value = strdup(value);
	t.refresh = refresh && *refresh ? strdup(refresh) : NULL;
	if (!t.value || (refresh && *refresh && !t.refresh))
		return FAIL_NOMEM(e);
	*ret = t;
	t = (struct token){ 0 };
	return 0;
}

int basic_put(const struct credential *c, struct buf *ret, struct err *e)
{
	auto_secret pair = BUF_INIT(2 * LIMIT_SECRET + 2);

	buf_printf(&pair, "%s:%s", c->user, c->secret);
	buf_puts(ret, "Basic ");
	b64_put(ret, B64_STD, buf_str(&pair), pair.n);
	return pair.failed ? FAIL_NOMEM(e) : buf_check(ret, "credentials", e);
}

/* "&name=value", value percent-encoded. */
static void put_param(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, "&%s=", name);
	url_put_query(b, value);
}

/* A form for the refresh token: OAuth2's scope is one parameter (RFC 6749 6). */
static int make_form(const char *service, const char *scope, const struct credential *c,
		     int *ret_fd, uint64_t *ret_n, struct err *e)
{
	auto_secret b = BUF_INIT(4 * LIMIT_SECRET + 4 * LIMIT_SCOPE);
	auto_close int fd = memfd_create("plimsoll-token", MFD_CLOEXEC);
	int r;

	buf_puts(&b, "grant_type=refresh_token&client_id=plimsoll");
	put_param(&b, "service", service);
	if (*scope)
		put_param(&b, "scope", scope);
	put_param(&b, "refresh_token", c->identity);
	r = fd < 0 ? FAIL_SYS(e, "memfd") : buf_check(&b, "form", e);
	if (r == 0)
		r = fs_write_all(fd, buf_str(&b), b.n, e);
	if (r < 0)
		return r;
	*ret_fd = TAKE_FD(fd);
	*ret_n = b.n;
	return 0;
}

/* realm?service=…&scope=…, a scope parameter for each. */
static int make_url(const struct url *realm, const char *service, const char *scope,
		    const struct credential *c, struct fetch_request *q, struct err *e)
{
	auto_buf query = BUF_INIT(LIMIT_URL), full = BUF_INIT(LIMIT_URL);
	struct str rest = str_of(scope), one;
	bool has_query = strchr(realm->target, '?');

	if (*service)
		put_param(&query, "service", service);
	while (str_cut(&rest, ' ', &one)) {
		char part[LIMIT_SCOPE + 1];

		(void)snprintf(part, sizeof(part), "%.*s", (int)one.n, one.p);
		put_param(&query, "scope", part);
	}
	if (c)
		put_param(&query, "account", c->user);
	put_param(&query, "client_id", "plimsoll");
	url_put(realm, &full);
	buf_printf(&full, "%s%s", has_query ? "&" : "?", buf_str(&query) + 1);
	if (query.failed || buf_check(&full, "URL", NULL) < 0)
		return FAIL(e, E_REMOTE, "the token server's URL is too long");
	(void)snprintf(q->url, sizeof(q->url), "%s", buf_str(&full));
	return 0;
}

static int make_request(const struct url *realm, const char *service, const char *scope,
			const struct credential *c, struct fetch_request *q, int *ret_fd,
			struct err *e)
{
	auto_secret basic = BUF_INIT(LIMIT_HEADER_VALUE);
	auto_buf url = BUF_INIT(LIMIT_URL);
	int r;

	*q = (struct fetch_request){ .method = HTTP_GET,
				     .total_seconds = TOKEN_CALL_SECONDS,
				     .max_body = LIMIT_TOKEN_ANSWER };
	if (c && c->identity) {
		q->method = HTTP_POST;
		q->has_body = true;
		url_put(realm, &url);
		(void)snprintf(q->url, sizeof(q->url), "%s", buf_str(&url));
		r = make_form(service, scope, c, ret_fd, &q->body_n, e);
		return r < 0 ? r
			     : http_headers_add(&q->headers, STR("content-type"),
						STR("application/x-www-form-urlencoded"), e);
	}
	r = make_url(realm, service, scope, c, q, e);
	if (r < 0 || !c)
		return r;
	r = basic_put(c, &basic, e);
	return r < 0 ? r
		     : http_headers_add(&q->headers, STR("authorization"),
					(struct str){ buf_str(&basic), basic.n }, e);
}

/* No redirect is followed: a token server that moved is another token server. */
static int get_once(struct fetch *f, const struct url *realm, bool lax, const char *service,
		    const char *scope, const struct credential *c, struct token *ret,
		    struct fetch_response *resp, struct err *e)
{
	struct fetch_request q = { 0 };
	auto_close int body = -1;
	int r = make_request(realm, service, scope, c, &q, &body, e);

	fetch_response_free(resp);
	q.insecure = lax;
	if (r == 0)
		r = fetch_do(f, &q, body, NULL, resp, e);
	http_headers_free(&q.headers);
	if (r < 0)
		return WRAP(e, r, "token server %s", realm->host);
	if (resp->end.outcome != FETCH_OK)
		r = FAIL(e, resp->end.outcome == FETCH_FAILED ? E_SYSTEM : E_REMOTE, "%s",
			 resp->end.text);
	else if (resp->head.status != 200)
		r = FAIL(e, E_REMOTE, "HTTP %u", resp->head.status);
	else
		r = token_parse(buf_str(&resp->body), resp->body.n, ret, e);
	if (resp->body.p)
		explicit_bzero(resp->body.p, resp->body.n);
	return r < 0 ? WRAP(e, r, "token server %s", realm->host) : 0;
}

int token_get(struct fetch *f, const struct url *realm, bool lax, const char *service,
	      const char *scope, const struct credential *c, struct token *ret,
	      struct fetch_response *resp, struct err *e)
{
	struct err own = ERR_INIT;
	int r = get_once(f, realm, lax, service, scope, c, ret, resp, &own);

	/* A server that has no POST may know the refresh token as a password. */
	if (r < 0 && c && c->identity && (resp->head.status == 404 || resp->head.status == 405)) {
		char user[] = "<token>";
		const struct credential basic = { .user = c->user ? c->user : user,
						  .secret = c->identity };

		return get_once(f, realm, lax, service, scope, &basic, ret, resp, e);
	}
	if (r < 0 && e)
		*e = own;
	return r;
}
