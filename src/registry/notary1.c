/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/notary1.h"

#include <stdlib.h>

#include "registry/registry_internal.h"

static int parse_server(const char *text, struct url *ret, struct err *e)
{
	int r = url_parse(str_of(text), ret, e);

	if (r == 0 && strcmp(ret->target, "/") != 0)
		r = FAIL(e, E_FORMAT, "it has a path");
	if (r == 0 && !ret->https && !host_is_loopback(ret->host))
		r = FAIL(e, E_FORMAT, "it is not https");
	if (r == 0)
		return 0;
	r = WRAP(e, E_USAGE, "'%.200s' is no address of a Notary server", text);
	if (e)
		e->code = E_USAGE;
	return err_hint(e, r, "write https://HOST[:PORT]");
}

int notary1_open(const struct notary1_server *n, struct registry **ret, struct err *e)
{
	auto_release(registry_close) struct registry *reg = calloc(1, sizeof(*reg));
	char host[LIMIT_HOST + 16];
	int r;

	if (!reg)
		return FAIL_NOMEM(e);
	if ((r = parse_server(n->url, &reg->base, e)) < 0)
		return r;
	(void)snprintf(host, sizeof(host), "%s:%u", reg->base.host, (unsigned)reg->base.port);
	reg->host = strdup(host);
	if (!reg->host)
		return FAIL_NOMEM(e);
	if ((r = fetch_new(&reg->fetch, e)) < 0 ||
	    (r = fetch_certificates(reg->fetch, n->ca_file ? n->ca_file : host, &reg->base, e)) <
		    0 ||
	    (r = auth_new(&reg->auth, n->host, &reg->base, false, reg->fetch, e)) < 0)
		return WRAP(e, r, "Notary server %s", host);
	*ret = TAKE(reg);
	return 0;
}

int notary1_get(struct registry *reg, const char *gun, const char *file, uint64_t max,
		struct buf *ret, struct err *e)
{
	char path[LIMIT_PATH];
	struct call c = { .method = HTTP_GET, .name = gun, .path = path };
	auto_response resp = { 0 };
	int r, n = snprintf(path, sizeof(path), "/v2/%s/_trust/tuf/%s.json", gun, file);

	if (n < 0 || (size_t)n >= sizeof(path))
		return FAIL(e, E_FORMAT, "'%.80s…': the name is too long", gun);
	/* What tells of a failure may be longer than the file. */
	c.max_body = max > LIMIT_ERROR_BODY ? max : LIMIT_ERROR_BODY;
	r = registry_call_again(reg, &c, &resp, e);
	if (r == 0 && resp.head.status != 200)
		r = registry_status(reg, &c, &resp, e);
	if (r == 0 && resp.body.n > max)
		r = FAIL(e, E_FORMAT, "%.100s.json: more than %llu bytes", file,
			 (unsigned long long)max);
	if (r < 0)
		return WRAP(e, r, "Notary server %s", reg->host);
	buf_reset(ret);
	buf_put(ret, resp.body.p, resp.body.n);
	return buf_check(ret, "metadata", e);
}
