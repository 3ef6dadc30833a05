/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs out of the store: asked for first, mounted where that is known, else sent in one piece. */
#include "registry/registry_internal.h"

enum { UPLOAD_TRIES = 4 };

/* A blob on its way out. */
struct outgoing {
	struct registry *reg;
	const char *name;
	const struct desc *d;
	struct progress *p;
	int fd;
};

static int has_blob(const struct outgoing *out, bool *ret, struct err *e)
{
	char path[LIMIT_PATH];
	const struct call c = {
		.method = HTTP_HEAD, .name = out->name, .path = path, .follow = true
	};
	auto_response resp = { 0 };
	const char *length;
	uint64_t size;
	int r;

	(void)snprintf(path, sizeof(path), "/v2/%s/blobs/%s", out->name, out->d->digest.s);
	r = registry_call_again(out->reg, &c, &resp, e);
	if (r < 0)
		return r;
	if (resp.head.status != 200 && resp.head.status != 404)
		return registry_status(out->reg, &c, &resp, e);
	length = http_headers_get(&resp.head.headers, "content-length");
	if (resp.head.status == 200 && length &&
	    (str_u64(str_of(length), LIMIT_BLOB, &size, NULL) < 0 || size != out->d->size))
		return FAIL(e, E_VERIFY, "HEAD %s: the registry has %.32s bytes of it, want %llu",
			    path, length, (unsigned long long)out->d->size);
	*ret = resp.head.status == 200;
	return 0;
}

/* Where an upload goes on: the Location, which must stay at the registry. Its query is kept. */
static int upload_url(const struct outgoing *out, const struct fetch_response *resp,
		      struct url *ret, struct err *e)
{
	const char *location = http_headers_get(&resp->head.headers, "location");
	struct url from;
	int r;

	if (!location)
		return FAIL(e, E_REMOTE, "upload: no Location in the answer");
	r = url_parse(str_of(resp->head.url), &from, e);
	if (r == 0)
		r = url_resolve(&from, str_of(location), ret, e);
	if (r < 0)
		return WRAP(e, blame_registry(e), "upload: Location");
	if (!url_same_origin(ret, &out->reg->base))
		return FAIL(e, E_REMOTE, "upload: Location leads away, to %s://%s:%u",
			    ret->https ? "https" : "http", ret->host, (unsigned)ret->port);
	return 0;
}

/* POST: an upload begins at *ret, or, 1, the blob was mounted from another repository. */
static int begin_upload(const struct outgoing *out, struct url *ret, bool *ret_may_pass,
			struct err *e)
{
	const char *from = out->reg->mount_from;
	char path[LIMIT_PATH];
	const struct call c = { .method = HTTP_POST, .name = out->name, .path = path };
	auto_response resp = { 0 };
	int r;

	if (from && strcmp(from, out->name) != 0)
		(void)snprintf(path, sizeof(path), "/v2/%s/blobs/uploads/?mount=%s&from=%s",
			       out->name, out->d->digest.s, from);
	else
		(void)snprintf(path, sizeof(path), "/v2/%s/blobs/uploads/", out->name);
	r = registry_call(out->reg, &c, &resp, e);
	*ret_may_pass = registry_may_pass(&resp);
	if (r < 0)
		return r;
	if (resp.head.status == 201)
		return 1;
	if (resp.head.status != 202)
		return registry_status(out->reg, &c, &resp, e);
	return upload_url(out, &resp, ret, e);
}

static void on_sent(void *arg, uint64_t bytes)
{
	progress_advance(arg, bytes);
}

static int send_blob(const struct outgoing *out, struct url *at, bool *ret_may_pass, struct err *e)
{
	const struct fetch_sink sink = { .sent = on_sent, .arg = out->p };
	const struct call c = {
		.method = HTTP_PUT,
		.name = out->name,
		.url = at,
		.headers = { { "content-type", "application/octet-stream" } },
		.body = out->fd,
		.has_body = true,
		.body_n = out->d->size,
		.seconds = (uint32_t)(600 + out->d->size / SLOWEST_BYTES),
		.sink = &sink,
	};
	auto_response resp = { 0 };
	size_t n = strlen(at->target);
	int r;

	if (n + 96 > sizeof(at->target))
		return FAIL(e, E_REMOTE, "upload: Location of %zu bytes", n);
	(void)snprintf(at->target + n, sizeof(at->target) - n, "%cdigest=%s",
		       strchr(at->target, '?') ? '&' : '?', out->d->digest.s);
	r = registry_call(out->reg, &c, &resp, e);
	*ret_may_pass = registry_may_pass(&resp);
	if (r < 0)
		return r;
	return resp.head.status == 201 || resp.head.status == 204
		       ? 0
		       : registry_status(out->reg, &c, &resp, e);
}

/* Once from POST to PUT. 1: mounted. */
static int upload_once(const struct outgoing *out, bool *ret_may_pass, struct err *e)
{
	struct url at;
	int r = begin_upload(out, &at, ret_may_pass, e);

	return r != 0 ? r : send_blob(out, &at, ret_may_pass, e);
}

/* A PUT that failed may have arrived all the same: asked before it is sent again. */
static int upload(const struct outgoing *out, const char **ret_note, struct err *e)
{
	for (unsigned n = 1;; n++) {
		bool has = false, may_pass = false;
		int r = upload_once(out, &may_pass, e), again;

		if (r >= 0) {
			*ret_note = r ? "mounted" : NULL;
			return 0;
		}
		if (r != E_REMOTE || n == UPLOAD_TRIES || !may_pass)
			return r;
		again = registry_wait(n, NULL, e);
		if (again == 0)
			again = has_blob(out, &has, e);
		if (again < 0 || has)
			return again;
	}
}

int registry_put_blob(struct registry *reg, const struct store *s, const char *name,
		      const struct desc *d, struct progress *p, struct err *e)
{
	struct outgoing out = { .reg = reg, .name = name, .d = d, .p = p };
	const char *note = "exists";
	char what[64];
	bool has = false;
	int r;

	(void)snprintf(what, sizeof(what), "push %s", short_digest(&d->digest).s);
	progress_begin(p, what, d->size);
	r = has_blob(&out, &has, e);
	if (r == 0 && !has) {
		auto_close int fd = store_blob_open(s, d, e);

		out.fd = fd;
		r = fd < 0 ? fd : store_blob_verify(s, d, e);
		if (r == 0)
			r = upload(&out, &note, e);
	}
	/* The repository may be new, a session may have expired: still the registry's side. */
	if (r == E_NOTFOUND && store_has(s, &d->digest, d->size))
		r = blame_registry(e);
	progress_end(p, r < 0 ? "failed" : note);
	return r < 0 ? WRAP(e, r, "upload %s", d->digest.s) : 0;
}
