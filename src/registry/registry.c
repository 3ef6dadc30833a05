/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/registry.h"

#include <stdlib.h>

#include "registry/registry_internal.h"

struct short_digest short_digest(const struct digest *d)
{
	struct short_digest s;

	(void)snprintf(s.s, sizeof(s.s), "%.19s", d->s);
	return s;
}

static bool is_page(const struct fetch_response *resp)
{
	return http_type_is(http_headers_get(&resp->head.headers, "content-type"), "text/html");
}

/* GET /v2/ (distribution-spec, "Determining Support"). 401 is a registry too. */
static int ping(struct registry *reg, struct err *e)
{
	const struct call c = { .method = HTTP_GET, .path = "/v2/", .no_auth = true };
	auto_response resp = { 0 };
	int r = registry_call_again(reg, &c, &resp, e);

	if (r < 0)
		return r;
	if (resp.head.status == 401)
		auth_learn(reg->auth, &resp);
	if ((resp.head.status == 200 && !is_page(&resp)) || resp.head.status == 401)
		return 0;
	if (resp.head.status == 200)
		r = FAIL(e, E_REMOTE, "GET /v2/: answered with a web page");
	else
		r = registry_status(reg, &c, &resp, e);
	return err_hint(e, blame_registry(e), "is '%s' a registry?  curl -i %s://%s/v2/", reg->host,
			reg->base.https ? "https" : "http", reg->host);
}

/* Whether anything answers /v2/ that is not the complaint of a TLS server about plain HTTP. */
static int probe(struct registry *reg, bool *ret, struct err *e)
{
	const struct call c = { .method = HTTP_GET, .path = "/v2/", .no_auth = true };
	auto_response resp = { 0 };
	int r = registry_call_raw(reg, &c, &resp, e);

	*ret = r == 0 && resp.end.outcome != FETCH_BROKEN && resp.end.outcome != FETCH_NONSENSE &&
	       resp.head.status != 400;
	return r;
}

/* On this machine a registry may speak either: what does not speak HTTP may speak TLS. */
static int find_scheme(struct registry *reg, struct err *e)
{
	uint16_t port = reg->base.port;
	bool speaks;
	int r;

	reg->base.https = !host_is_loopback(reg->base.host);
	if (reg->base.https)
		return 0;
	if (!strrchr(reg->host, ':') || ends_with(reg->host, "]"))
		reg->base.port = 80; /* no port was given */
	r = probe(reg, &speaks, e);
	if (r < 0 || speaks)
		return r;

	const struct url plain = reg->base;

	reg->base.https = true;
	reg->base.port = port;
	r = probe(reg, &speaks, e);
	if (r == 0 && !speaks)
		reg->base = plain;
	return r;
}

/* Where a registry is spoken to: docker's is not where its name says. */
static const char *speaks_at(const char *host)
{
	return strcmp(host, "docker.io") == 0 || strcmp(host, "index.docker.io") == 0
		       ? "registry-1.docker.io"
		       : host;
}

/* All but the question whether anybody is there. */
static int prepare(const char *host, struct registry **ret, struct err *e)
{
	auto_release(registry_close) struct registry *reg = calloc(1, sizeof(*reg));
	auto_buf url = BUF_INIT(LIMIT_URL);
	int r;

	if (!reg)
		return FAIL_NOMEM(e);
	if (!host[0])
		return err_hint(e, FAIL(e, E_USAGE, "the reference names no registry"),
				"write HOST[:PORT]/NAME:TAG, for example 127.0.0.1:5000/web:1");
	reg->host = strdup(host);
	if (!reg->host)
		return FAIL_NOMEM(e);
	buf_printf(&url, "https://%s/", speaks_at(host));
	r = url_parse((struct str){ buf_str(&url), url.n }, &reg->base, e);
	if (r == 0)
		r = fetch_new(&reg->fetch, e);
	if (r == 0)
		r = auth_new(&reg->auth, host, &reg->base, reg->fetch, e);
	if (r == 0)
		r = find_scheme(reg, e);
	if (r < 0)
		return WRAP(e, r, "registry %s", host);
	auth_move(reg->auth, &reg->base);
	*ret = TAKE(reg);
	return 0;
}

int registry_open(const char *host, struct registry **ret, struct err *e)
{
	auto_release(registry_close) struct registry *reg = NULL;
	int r = prepare(host, &reg, e);

	if (r < 0)
		return r;
	r = ping(reg, e);
	if (r < 0)
		return WRAP(e, r, "registry %s", host);
	*ret = TAKE(reg);
	return 0;
}

int registry_try_login(const char *host, const struct credential *c, struct err *e)
{
	const struct call call = { .method = HTTP_GET, .path = "/v2/" };
	auto_release(registry_close) struct registry *reg = NULL;
	auto_credential copy = { 0 };
	auto_response resp = { 0 };
	int r = credential_copy(c, &copy, e);

	if (r == 0)
		r = prepare(host, &reg, e);
	if (r < 0)
		return r;
	auth_use(reg->auth, &copy);
	r = registry_call_again(reg, &call, &resp, e);
	if (r == 0 && resp.head.status != 200)
		r = registry_status(reg, &call, &resp, e);
	else if (r == 0 && (is_page(&resp) || auth_scheme(reg->auth) == AUTH_NONE))
		r = FAIL(e, E_REMOTE, "it asks for no credentials, so none could be tried");
	return r < 0 ? WRAP(e, r, "registry %s", host) : 0;
}

void registry_close(struct registry *reg)
{
	if (!reg)
		return;
	auth_free(reg->auth);
	fetch_free(reg->fetch);
	free(reg->mount_from);
	free(reg->host);
	free(reg);
}

int registry_mount_from(struct registry *reg, const char *name, struct err *e)
{
	char *copy = name ? strdup(name) : NULL;

	if (name && !copy)
		return FAIL_NOMEM(e);
	free(reg->mount_from);
	reg->mount_from = copy;
	return 0;
}
