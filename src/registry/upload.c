/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of an upload, and a small blob's, which is one of them. */
#include "registry/upload.h"

#include "base/encode.h"

int upload_location(const struct outgoing *out, const struct fetch_response *resp, struct url *ret,
		    struct err *e)
{
	const char *location = http_headers_get(&resp->head.headers, "location");
	struct url from, to;
	int r;

	if (!location)
		return FAIL(e, E_NOTFOUND, "upload: no Location in the answer");
	r = url_parse(str_of(resp->head.url), &from, e);
	if (r == 0)
		r = url_resolve(&from, str_of(location), &to, e);
	if (r < 0)
		return WRAP(e, blame_registry(e), "upload: Location");
	if (!url_same_origin(&to, &out->reg->base))
		return FAIL(e, E_REMOTE, "upload: Location leads away, to %s://%s:%u",
			    to.https ? "https" : "http", to.host, (unsigned)to.port);
	*ret = to;
	return 0;
}

int upload_begin(const struct outgoing *out, struct url *ret, struct fetch_response *resp,
		 struct err *e)
{
	const char *from = out->reg->mount_from;
	char path[LIMIT_PATH];
	const struct call c = { .method = HTTP_POST, .name = out->name, .path = path };
	bool mount = from && strcmp(from, out->name) != 0;
	int r;

	for (;; mount = false) {
		if (mount)
			(void)snprintf(path, sizeof(path), "/v2/%s/blobs/uploads/?mount=%s&from=%s",
				       out->name, out->d->digest.s, from);
		else
			(void)snprintf(path, sizeof(path), "/v2/%s/blobs/uploads/", out->name);
		fetch_response_free(resp);
		r = registry_call(out->reg, &c, resp, e);
		if (r < 0)
			return r;
		/* Some refuse to mount, from a repository that may not be read, say. */
		if (!mount || resp->head.status < 400 || resp->head.status >= 429)
			break;
	}
	if (mount && resp->head.status == 201)
		return 1;
	if (resp->head.status != 202 && resp->head.status != 200)
		return registry_status(out->reg, &c, resp, e);
	r = upload_location(out, resp, ret, e);
	return r == E_NOTFOUND ? blame_registry(e) : r;
}

int upload_closing(const struct outgoing *out, const struct url *at, struct url *ret, struct err *e)
{
	size_t n = strlen(at->target);

	*ret = *at;
	if (n + 96 > sizeof(ret->target))
		return FAIL(e, E_REMOTE, "upload: Location of %zu bytes", n);
	(void)snprintf(ret->target + n, sizeof(ret->target) - n, "%cdigest=%s",
		       strchr(at->target, '?') ? '&' : '?', out->d->digest.s);
	return 0;
}

/* How far a request brings it, for the progress of the whole blob. */
struct sending {
	struct progress *p;
	uint64_t first;
	uint64_t *high; /* or NULL */
};

static void on_sent(void *arg, uint64_t bytes)
{
	const struct sending *s = arg;

	if (s->high && *s->high < s->first + bytes)
		*s->high = s->first + bytes;
	progress_advance(s->p, s->first + bytes);
}

int upload_call(const struct outgoing *out, enum http_method method, const struct url *at,
		uint64_t first, uint64_t *high, struct fetch_response *ret, struct err *e)
{
	struct sending sending = { out->p, first, high };
	const struct fetch_sink sink = { .sent = on_sent, .arg = &sending };
	char range[64];
	struct call c = {
		.method = method,
		.name = out->name,
		.url = at,
		.headers = { { "content-type", "application/octet-stream" } },
		.body = out->fd,
		.has_body = true,
		.body_at = first,
		.body_n = out->d->size - first,
		.seconds = (uint32_t)(600 + out->d->size / SLOWEST_BYTES),
		.sink = &sink,
	};
	int r;

	/* The bytes that follow are hashed while they go out. */
	c.has_sum = c.body_n > 0;
	if (hex_decode(str_of(digest_hex(&out->d->digest)), c.sum, sizeof(c.sum), e) < 0)
		return FAIL(e, E_INTERNAL, "'%s' is no digest", out->d->digest.s);
	if (method == HTTP_PATCH) {
		(void)snprintf(range, sizeof(range), "%llu-%llu", (unsigned long long)first,
			       (unsigned long long)out->d->size - 1);
		c.headers[1][0] = "content-range";
		c.headers[1][1] = range;
	}
	fetch_response_free(ret);
	r = registry_call(out->reg, &c, ret, e);
	return r == E_VERIFY ? WRAP(e, r, "blob %s", out->d->digest.s) : r;
}

int upload_done(const struct outgoing *out, const struct url *at, const struct fetch_response *resp,
		struct err *e)
{
	const struct call c = { .method = HTTP_PUT, .name = out->name, .url = at };
	const char *said = http_headers_get(&resp->head.headers, "docker-content-digest");

	if (resp->head.status != 201 && resp->head.status != 204 && resp->head.status != 200)
		return registry_status(out->reg, &c, resp, e);
	if (said && strcmp(said, out->d->digest.s) != 0 && !starts_with(said, "sha512:"))
		return FAIL(e, E_VERIFY, "the registry says that it has stored %.100s", said);
	return 0;
}

void upload_cancel(const struct outgoing *out, const struct url *at)
{
	const struct call c = { .method = HTTP_DELETE, .name = out->name, .url = at };
	auto_response resp = { 0 };

	(void)registry_call_raw(out->reg, &c, &resp, NULL);
}

/* Once from POST to PUT. 1: mounted. resp is the last answer. */
static int put_once(const struct outgoing *out, struct fetch_response *resp, struct err *e)
{
	struct url at, closing;
	int r = upload_begin(out, &at, resp, e);

	if (r != 0)
		return r;
	r = upload_closing(out, &at, &closing, e);
	if (r < 0)
		return r;
	r = upload_call(out, HTTP_PUT, &closing, 0, NULL, resp, e);
	if (r == E_VERIFY)
		upload_cancel(out, &at);
	return r < 0 ? r : upload_done(out, &closing, resp, e);
}

/* A PUT that failed may have arrived all the same: asked before it is sent again. */
int upload_whole(const struct outgoing *out, const char **ret_note, struct err *e)
{
	for (unsigned n = 1;; n++) {
		auto_response resp = { 0 };
		bool has = false;
		int r = put_once(out, &resp, e), again;

		if (r >= 0) {
			*ret_note = r ? "mounted" : NULL;
			return 0;
		}
		if (r != E_REMOTE || n == UPLOAD_TRIES || !registry_may_pass(&resp) ||
		    (resp.end.outcome == FETCH_STALLED && n == UPLOAD_STALLS))
			return r;
		again = registry_pause(out->reg, n, &resp, e);
		if (again == 0)
			again = upload_has(out, &has, e);
		if (again < 0 || has) {
			*ret_note = NULL;
			return again;
		}
	}
}

int upload_send(const struct outgoing *out, const char **ret_note, struct err *e)
{
	return out->d->size < UPLOAD_SESSION_MIN ? upload_whole(out, ret_note, e)
						 : upload_session(out, ret_note, e);
}
