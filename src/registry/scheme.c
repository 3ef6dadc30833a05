/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a registry speaks TLS. */
#include "registry/registry_internal.h"

/* What a port was found to speak. */
enum speech {
	SPEAKS_NOT, /* what it was asked in */
	NOBODY,	    /* listens at that port */
	SPEAKS_IT,
	SPEAKS_OTHER, /* a TLS server's complaint about plain HTTP */
};

static int probe(struct registry *reg, enum speech *ret, struct err *e)
{
	const struct call c = { .method = HTTP_GET, .path = "/v2/", .no_auth = true };
	auto_response resp = { 0 };
	int r = registry_call_raw(reg, &c, &resp, e);

	*ret = SPEAKS_IT;
	if (r < 0 || resp.end.outcome == FETCH_BROKEN || resp.end.outcome == FETCH_NONSENSE ||
	    strstr(resp.end.text, "wrong version number"))
		*ret = SPEAKS_NOT;
	else if (resp.end.outcome == FETCH_REFUSED || resp.end.outcome == FETCH_UNREACHABLE)
		*ret = NOBODY;
	else if (resp.head.status == 400)
		*ret = SPEAKS_OTHER;
	return r;
}

/* Asks a port in plain HTTP or TLS; reg->base stays so if that, or nothing else, is spoken. */
static int probe_as(struct registry *reg, bool https, uint16_t port, enum speech *ret,
		    struct err *e)
{
	const struct url before = reg->base;
	int r;

	reg->base.https = https;
	reg->base.port = port;
	r = probe(reg, ret, e);
	if (r < 0 || *ret != SPEAKS_IT)
		reg->base = before;
	return r;
}

int registry_find_scheme(struct registry *reg, struct err *e)
{
	bool here = host_is_loopback(reg->base.host);
	bool no_port = !strrchr(reg->host, ':') || ends_with(reg->host, "]");
	const struct url tls = reg->base;
	enum speech first, second;
	int r;

	if (!here && !reg->insecure)
		return 0;
	if (here) {
		reg->base.https = false;
		reg->base.port = no_port ? 80 : tls.port;
	}
	r = probe_as(reg, !here, here ? reg->base.port : tls.port, &first, e);
	/* Without a port in the name, the other way to speak has another port. */
	if (r < 0 || first == SPEAKS_IT || (first == NOBODY && !no_port))
		return r;
	r = probe_as(reg, here, !here && no_port ? 80 : tls.port, &second, e);
	/* One that wants a client's certificate may break off instead of saying so. */
	if (r == 0 && here && first == SPEAKS_OTHER)
		reg->base = tls;
	return r;
}
