/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs out of the store: asked for first, mounted where that is known, else sent. */
#include "registry/upload_kept.h"

int upload_has(const struct outgoing *out, bool *ret, struct err *e)
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
	/* Where HEAD is not allowed nobody knows, and it is sent. */
	if (resp.head.status != 200 && resp.head.status != 404 && resp.head.status != 405 &&
	    resp.head.status != 501)
		return registry_status(out->reg, &c, &resp, e);
	length = http_headers_get(&resp.head.headers, "content-length");
	if (resp.head.status == 200 && length &&
	    (str_u64(str_of(length), LIMIT_BLOB, &size, NULL) < 0 || size != out->d->size))
		return FAIL(e, E_VERIFY, "HEAD %s: the registry has %.32s bytes of it, want %llu",
			    path, length, (unsigned long long)out->d->size);
	*ret = resp.head.status == 200;
	return 0;
}

static int put_blob(struct outgoing *out, bool ask, struct err *e)
{
	const char *note = "exists";
	char what[64];
	bool has = false;
	int r;

	(void)snprintf(what, sizeof(what), "push %s", short_digest(&out->d->digest).s);
	progress_begin(out->p, what, out->d->size);
	r = ask ? upload_has(out, &has, e) : 0;
	if (r == 0 && has)
		kept_drop_sent(out);
	if (r == 0 && !has) {
		auto_close int fd = store_blob_open(out->store, out->d, e);

		out->fd = fd;
		r = fd < 0 ? fd : upload_send(out, &note, e);
	}
	/* The repository may be new, a session may have expired: still the registry's side. */
	if (r == E_NOTFOUND && store_has(out->store, &out->d->digest, out->d->size))
		r = blame_registry(e);
	progress_end(out->p, r < 0 ? "failed" : note);
	return r < 0 ? WRAP(e, r, "upload %s", out->d->digest.s) : 0;
}

int registry_put_blob(struct registry *reg, const struct store *s, const char *name,
		      const struct desc *d, struct progress *p, struct err *e)
{
	struct outgoing out = { .reg = reg, .store = s, .name = name, .d = d, .p = p };

	return put_blob(&out, true, e);
}

int registry_send_blob(struct registry *reg, const struct store *s, const char *name,
		       const struct desc *d, struct progress *p, struct err *e)
{
	struct outgoing out = { .reg = reg, .store = s, .name = name, .d = d, .p = p };

	return put_blob(&out, false, e);
}
