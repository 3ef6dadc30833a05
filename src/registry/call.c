/* SPDX-License-Identifier: Apache-2.0 */
/* One request to a registry: sent, tried again when that may help, and its failure put in words. */
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "base/proc.h"
#include "crypto/key.h"
#include "registry/registry_internal.h"

/* The path, with the repository's name at the place that is spoken to. */
static void put_target(const struct registry *reg, const struct call *c,
		       char ret[static LIMIT_URL + 1])
{
	const char *name = c->name ? registry_name(reg, c->name) : NULL, *path = c->path;

	if (name != c->name && starts_with(path, "/v2/") && starts_with(path + 4, c->name))
		(void)snprintf(ret, LIMIT_URL + 1, "/v2/%s%s", name, path + 4 + strlen(c->name));
	else
		(void)snprintf(ret, LIMIT_URL + 1, "%s", path);
}

static int make_request(const struct registry *reg, const struct call *c,
			const struct buf *authorization, struct fetch_request *q, struct err *e)
{
	auto_buf url = BUF_INIT(LIMIT_URL);
	struct url at = c->url ? *c->url : reg->base;
	int r = 0;

	if (!c->url)
		put_target(reg, c, at.target);
	*q = (struct fetch_request){
		.method = c->method,
		.follow = c->follow,
		.insecure = reg->insecure,
		.decode = c->decode,
		.has_body = c->has_body,
		.total_seconds = c->seconds ? c->seconds : CALL_SECONDS,
		.has_sum = c->has_sum,
		.body_at = c->body_at,
		.body_n = c->body_n,
		.max_body = c->max_body ? c->max_body : LIMIT_ERROR_BODY,
	};
	memcpy(q->sum, c->sum, sizeof(q->sum));
	url_put(&at, &url);
	r = buf_check(&url, "URL", e);
	if (r < 0)
		return r;
	(void)snprintf(q->url, sizeof(q->url), "%s", buf_str(&url));
	if (authorization->n)
		r = http_headers_add(&q->headers, STR("authorization"),
				     (struct str){ buf_str(authorization), authorization->n }, e);
	for (int i = 0; i < LIMIT_CALL_HEADERS && c->headers[i][0] && r == 0; i++)
		r = http_headers_add(&q->headers, str_of(c->headers[i][0]),
				     str_of(c->headers[i][1]), e);
	return r;
}

static const char *call_target(const struct call *c)
{
	return c->url ? c->url->target : c->path;
}

/* The path as messages show it: an upload's query holds only the registry's own state. */
static int wrap(const struct call *c, int r, struct err *e)
{
	const char *target = call_target(c);

	return WRAP(e, r, "%s %.*s", http_method_name(c->method),
		    (int)strcspn(target, c->url ? "?" : ""), target);
}

/* What a token must allow. One for pushing serves all requests of a push. */
static void put_scope(const struct registry *reg, const struct call *c, struct buf *ret)
{
	if (!c->name)
		return;
	buf_printf(ret, "repository:%s:pull%s", registry_name(reg, c->name),
		   reg->deleting  ? ",push,delete"
		   : reg->writing ? ",push"
				  : "");
	if (reg->writing && reg->mount_from && strcmp(reg->mount_from, c->name) != 0)
		buf_printf(ret, " repository:%s:pull", reg->mount_from);
}

/* What is known of credentials and tokens is shared by all who speak to this registry. */
static void auth_enter(const struct registry *reg)
{
	if (reg->auth_lock)
		(void)pthread_mutex_lock(reg->auth_lock);
}

static void auth_leave(const struct registry *reg)
{
	if (reg->auth_lock)
		(void)pthread_mutex_unlock(reg->auth_lock);
}

static int authorize(struct registry *reg, const struct auth_need *need, struct buf *ret,
		     struct err *e)
{
	int r;

	auth_enter(reg);
	r = auth_header(reg->auth, need, ret, e);
	auth_leave(reg);
	return r;
}

static int call_there(struct registry *reg, const struct call *c, const struct auth_need *need,
		      struct fetch_response *ret, struct err *e)
{
	auto_secret authorization = BUF_INIT(LIMIT_HEADER_VALUE);
	struct fetch_request q = { 0 };
	int r = c->no_auth ? 0 : authorize(reg, need, &authorization, e);

	if (r == 0)
		r = make_request(reg, c, &authorization, &q, e);
	if (r == 0)
		r = fetch_do(reg->fetch, &q, c->has_body ? c->body : -1, c->sink, ret, e);
	http_headers_free(&q.headers);
	return r;
}

/* Where an answer sends a request that changes something: at the same registry only, for it takes
 * credentials and a body along. */
static bool is_sent_on(const struct registry *reg, const struct call *c,
		       const struct fetch_response *resp, struct url *ret)
{
	const char *location = http_headers_get(&resp->head.headers, "location");
	struct url from;

	return !c->follow && resp->end.outcome == FETCH_OK &&
	       (resp->head.status == 307 || resp->head.status == 308) && location &&
	       url_parse(str_of(resp->head.url), &from, NULL) == 0 &&
	       url_resolve(&from, str_of(location), ret, NULL) == 0 &&
	       url_same_origin(ret, &reg->base);
}

static int call_once(struct registry *reg, const struct call *c, const struct auth_need *need,
		     struct fetch_response *ret, struct err *e)
{
	struct call at = *c;
	struct url next;
	int r = call_there(reg, c, need, ret, e);

	for (int hop = 0; hop < LIMIT_REDIRECTS && r == 0 && is_sent_on(reg, c, ret, &next);
	     hop++) {
		at.url = &next;
		fetch_response_free(ret);
		r = call_there(reg, &at, need, ret, e);
	}
	return r;
}

/* A 401 of the registry itself: who a redirect leads to has no say in what we are asked for. */
static bool is_challenge(const struct registry *reg, const struct fetch_response *resp)
{
	struct url from;

	return resp->end.outcome == FETCH_OK && resp->head.status == 401 &&
	       url_parse(str_of(resp->head.url), &from, NULL) == 0 &&
	       url_same_origin(&from, &reg->base);
}

/* Messages quote what a registry says, which may be our own credentials. Addresses are used, not
 * only shown, and a challenge was read before. */
static void scrub_answer(struct registry *reg, struct fetch_response *resp, struct err *e)
{
	const struct http_headers *h = &resp->head.headers;

	auth_enter(reg);
	for (size_t i = 0; i < h->n; i++)
		if (!has_word("location link www-authenticate", h->v[i].name))
			auth_scrub(reg->auth, h->v[i].value);
	auth_scrub(reg->auth, resp->end.text);
	if (e)
		auth_scrub(reg->auth, e->msg);
	auth_leave(reg);
}

int registry_call_raw(struct registry *reg, const struct call *c, struct fetch_response *ret,
		      struct err *e)
{
	auto_buf scope = BUF_INIT(LIMIT_SCOPE);
	struct auth_need need = { .name = c->name ? registry_name(reg, c->name) : NULL };
	int r;

	put_scope(reg, c, &scope);
	r = buf_check(&scope, "scope", e);
	need.scope = buf_str(&scope);
	for (unsigned n = 0; r == 0; n++) {
		r = call_once(reg, c, &need, ret, e);
		if (r < 0 || c->no_auth || !is_challenge(reg, ret))
			break;
		auth_enter(reg);
		r = auth_refused(reg->auth, &need, ret, n, e);
		auth_leave(reg);
		if (r == 0)
			break;
		fetch_response_free(ret);
		r = r < 0 ? r : 0;
	}
	scrub_answer(reg, ret, e);
	if (r == 0)
		registry_tell_warnings(reg, ret);
	return r;
}

int registry_outcome(const struct registry *reg, const struct fetch_end *end, struct err *e)
{
	const char *scheme = reg->base.https ? "https" : "http";
	int r = end->outcome == FETCH_FAILED ? E_SYSTEM : E_REMOTE;

	switch (end->outcome) {
	case FETCH_REFUSED: (void)FAIL(e, E_REMOTE, "%s: connection refused", reg->host); break;
	case FETCH_FAILED: (void)FAIL(e, E_SYSTEM, "plimsoll-fetch: %s", end->text); break;
	case FETCH_TLS:
		(void)FAIL(e, E_REMOTE, "%s: TLS: %s", reg->host, end->text);
		if (strstr(end->text, "alert certificate required") ||
		    strstr(end->text, "alert bad certificate"))
			return err_hint(e, r,
					"put a client's certificate into "
					"/etc/docker/certs.d/%s/client.cert, its key beside it "
					"as client.key",
					reg->host);
		if (starts_with(end->text, "certs.d"))
			return r;
		return err_hint(e, r, "put the registry's CA into /etc/docker/certs.d/%s/ca.crt",
				reg->host);
	case FETCH_DAMAGED: return FAIL(e, E_VERIFY, "its bytes hash to %s", end->text);
	case FETCH_OK:
	case FETCH_UNREACHABLE:
	case FETCH_STALLED:
	case FETCH_BROKEN:
	case FETCH_NONSENSE:
	case FETCH_TOO_LARGE:
	case FETCH_FORBIDDEN:
	case FETCH_OUTCOMES: (void)FAIL(e, E_REMOTE, "%s: %s", reg->host, end->text); break;
	}
	if (end->outcome == FETCH_BROKEN && reg->base.https)
		return err_hint(
			e, r,
			"does it ask for a client's certificate?  put it into "
			"/etc/docker/certs.d/%s/client.cert, its key beside it as client.key",
			reg->host);
	if (end->outcome == FETCH_REFUSED || end->outcome == FETCH_UNREACHABLE ||
	    end->outcome == FETCH_STALLED)
		return err_hint(e, r, "is the registry running?  curl -fsS %s://%s/v2/", scheme,
				reg->host);
	return r;
}

int registry_call(struct registry *reg, const struct call *c, struct fetch_response *ret,
		  struct err *e)
{
	int r = registry_call_raw(reg, c, ret, e);

	if (r == 0 && ret->end.outcome != FETCH_OK) {
		r = registry_outcome(reg, &ret->end, e);
		fetch_response_free(ret);
	}
	return r < 0 ? wrap(c, r, e) : 0;
}

bool registry_may_pass(const struct fetch_response *resp)
{
	unsigned s = resp->head.status;

	if (resp->end.outcome != FETCH_OK)
		return resp->end.outcome == FETCH_BROKEN || resp->end.outcome == FETCH_STALLED;
	return s == 408 || s == 429 || (s >= 500 && s != 501 && s != 505);
}

int registry_pause(const struct registry *reg, unsigned n, const struct fetch_response *resp,
		   struct err *e)
{
	const char *after = resp ? http_headers_get(&resp->head.headers, "retry-after") : NULL;
	unsigned ms = (unsigned)RETRY_FIRST_MS << (n > 6 ? 6 : n - 1), jitter = 0;

	(void)!getrandom(&jitter, sizeof(jitter), 0);
	ms += jitter % (ms / 2 + 1);
	ms += 1000 * http_retry_after(after, (int64_t)time(NULL), LIMIT_RETRY_AFTER, 0);
	for (unsigned done = 0; done < ms; done += 50) {
		const struct timespec step = { .tv_nsec = 50 * 1000 * 1000 };
		int r = proc_interrupted(e);

		if (r == 0 && reg && reg->stop && *reg->stop)
			r = FAIL(e, E_SIGNAL, "stopped");
		if (r < 0)
			return r;
		(void)nanosleep(&step, NULL);
	}
	return proc_interrupted(e);
}

int registry_wait(unsigned n, const struct fetch_response *resp, struct err *e)
{
	return registry_pause(NULL, n, resp, e);
}

int registry_call_again(struct registry *reg, const struct call *c, struct fetch_response *ret,
			struct err *e)
{
	int r = 0;

	for (unsigned n = 1; r == 0; n++) {
		/* A server that hangs is waited for twice, not four times. */
		unsigned tries = CALL_TRIES;

		r = registry_call_raw(reg, c, ret, e);
		if (r < 0)
			break;
		if (ret->end.outcome == FETCH_STALLED)
			tries = 2;
		if (n >= tries || !registry_may_pass(ret))
			break;
		r = registry_pause(reg, n, ret, e);
		fetch_response_free(ret);
	}
	if (r == 0 && ret->end.outcome != FETCH_OK) {
		r = registry_outcome(reg, &ret->end, e);
		fetch_response_free(ret);
	}
	return r < 0 ? wrap(c, r, e) : 0;
}

int registry_status(const struct registry *reg, const struct call *c,
		    const struct fetch_response *resp, struct err *e)
{
	unsigned status = resp->head.status;
	struct http_error x;
	int r;

	http_error_parse(buf_str(&resp->body), resp->body.n, &x);
	auth_enter(reg);
	auth_scrub(reg->auth, x.message);
	auth_scrub(reg->auth, x.code);
	auth_leave(reg);
	r = FAIL(e, status == 404 ? E_NOTFOUND : E_REMOTE, "HTTP %u%s%s%s%s", status,
		 x.code[0] ? " " : "", x.code, x.message[0] ? ": " : "", x.message);
	r = wrap(c, r, e);
	if (status == 401 || status == 403) {
		auth_enter(reg);
		r = auth_hint(reg->auth, r, e);
		auth_leave(reg);
	}
	return r;
}
