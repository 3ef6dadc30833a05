/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs into the store: hashed as they stream, resumed where a connection broke. */
#include "registry/registry_internal.h"

enum {
	BLOB_TRIES = 6,		       /* in a row, none of which got on */
	BLOB_PROGRESS_MIN = 64 * 1024, /* a try that brought so much does not count */
};

/* A blob on its way in. */
struct incoming {
	struct store *store;
	const struct desc *want;
	struct blob_writer *writer;
	struct progress *p;
	uint64_t have;
	bool whole; /* the server said that nothing follows, by Content-Length or Content-Range */
};

/* The server begins anew although we asked for the rest. */
static int restart(struct incoming *in, struct err *e)
{
	blob_writer_free(in->writer);
	in->writer = NULL;
	in->have = 0;
	return blob_writer_new(&in->writer, in->store, e);
}

static int on_head(void *arg, const struct fetch_head *h, struct err *e)
{
	struct incoming *in = arg;
	const char *range = http_headers_get(&h->headers, "content-range");
	struct http_range g;
	int r;

	in->whole = http_headers_get(&h->headers, "content-length") != NULL;
	if (h->status == 200) {
		r = in->have ? restart(in, e) : 0;
		return r < 0 ? r : 1;
	}
	if (h->status != 206)
		return 0;
	r = http_content_range(range ? range : "", &g, e);
	/* Some give less at once than was asked for. */
	in->whole &= r < 0 || g.last + 1 == g.total;
	if (r == 0 && (g.first != in->have || g.total != in->want->size))
		r = FAIL(e, E_FORMAT, "asked for the bytes from %llu on, got '%.100s'",
			 (unsigned long long)in->have, range);
	return r < 0 ? WRAP(e, blame_registry(e), "resume") : 1;
}

static int on_data(void *arg, const void *p, size_t n, struct err *e)
{
	struct incoming *in = arg;
	int r = blob_writer_write(in->writer, p, n, e);

	if (r < 0)
		return r;
	in->have += n;
	progress_advance(in->p, in->have);
	return 0;
}

/* One GET, from where we are. 0: something came or the end is reached; in->have tells. */
static int get_once(struct registry *reg, struct incoming *in, const char *name, const char *path,
		    struct fetch_response *resp, struct call *c, struct err *e)
{
	const struct fetch_sink sink = { .head = on_head, .data = on_data, .arg = in };
	char range[64];

	*c = (struct call){ .method = HTTP_GET,
			    .name = name,
			    .path = path,
			    .max_body = in->want->size,
			    .seconds = (uint32_t)(600 + in->want->size / SLOWEST_BYTES),
			    .follow = true,
			    .sink = &sink };
	if (in->have) {
		(void)snprintf(range, sizeof(range), "bytes=%llu-", (unsigned long long)in->have);
		c->headers[0][0] = "range";
		c->headers[0][1] = range;
	}

	int r = registry_call_raw(reg, c, resp, e);

	c->sink = NULL;
	c->headers[0][0] = NULL;
	return r;
}

/* What one GET brought: 1 whole, 0 worth another, negative an error. */
static int judge(struct registry *reg, const struct incoming *in, const struct call *c,
		 const struct fetch_response *resp, struct err *e)
{
	unsigned long long have = in->have, size = in->want->size;
	unsigned status = resp->head.status;

	if (resp->end.outcome == FETCH_TOO_LARGE)
		return FAIL(e, E_VERIFY, "blob %s: longer than the %llu bytes of its descriptor",
			    in->want->digest.s, size);
	if (resp->end.outcome == FETCH_OK && status != 200 && status != 206)
		return registry_may_pass(resp) ? 0 : registry_status(reg, c, resp, e);
	if (resp->end.outcome == FETCH_OK && have == size)
		return 1;
	if (resp->end.outcome == FETCH_OK && in->whole)
		return FAIL(e, E_VERIFY, "blob %s: %llu bytes, its descriptor says %llu",
			    in->want->digest.s, have, size);
	if (resp->end.outcome == FETCH_OK || registry_may_pass(resp))
		return 0;
	return registry_outcome(reg, &resp->end, e);
}

static int gave_up(struct registry *reg, const struct incoming *in, const struct call *c,
		   const struct fetch_response *resp, struct err *e)
{
	if (resp->end.outcome != FETCH_OK)
		return registry_outcome(reg, &resp->end, e);
	if (resp->head.status != 200 && resp->head.status != 206)
		return registry_status(reg, c, resp, e);
	return FAIL(e, E_REMOTE, "GET %s: ended after %llu of %llu bytes, %d times", c->path,
		    (unsigned long long)in->have, (unsigned long long)in->want->size, BLOB_TRIES);
}

static int stream(struct registry *reg, struct incoming *in, const char *name, struct err *e)
{
	char path[LIMIT_PATH];
	uint64_t best = in->have;
	int r = 0;

	(void)snprintf(path, sizeof(path), "/v2/%s/blobs/%s", name, in->want->digest.s);
	for (unsigned n = 1;; n++) {
		auto_response resp = { 0 };
		struct call c;

		r = get_once(reg, in, name, path, &resp, &c, e);
		/* A server may not know the range, or the blob be shorter than we were told. */
		if (r == 0 && resp.end.outcome == FETCH_OK && resp.head.status == 416 && in->have &&
		    n < BLOB_TRIES) {
			r = restart(in, e);
			if (r < 0)
				return r;
			continue;
		}
		if (r == 0)
			r = judge(reg, in, &c, &resp, e);
		if (r != 0)
			return r < 0 ? r : 0;
		if (in->have >= best + BLOB_PROGRESS_MIN) {
			best = in->have;
			n = 1;
		}
		if (n == BLOB_TRIES || (resp.end.outcome == FETCH_STALLED && n > 1))
			return gave_up(reg, in, &c, &resp, e);
		r = registry_pause(reg, n, &resp, e);
		if (r < 0)
			return r;
	}
}

/* Once, from what an earlier try left. *ret_resumed: there was something. */
static int fetch_once(struct registry *reg, struct incoming *in, const char *name,
		      bool *ret_resumed, struct err *e)
{
	int r = blob_writer_resume(&in->writer, in->store, in->want, &in->have, e);

	*ret_resumed = r == 0 && in->have > 0;
	if (r == 0 && in->have < in->want->size)
		r = stream(reg, in, name, e);
	if (r == 0)
		r = blob_writer_commit(in->writer, in->want->media_type, in->want, NULL, e);
	/* A connection that broke and a user who interrupts leave good bytes; all else may not. */
	if ((r == E_REMOTE || r == E_SIGNAL) && in->writer)
		blob_writer_keep(in->writer);
	blob_writer_free(in->writer);
	in->writer = NULL;
	return r;
}

static int fetch_blob(struct registry *reg, struct incoming *in, const char *name, struct err *e)
{
	bool resumed;
	int r = fetch_once(reg, in, name, &resumed, e);

	/* What was left here may be what is wrong, after a power cut say: all of it anew. */
	if (r == E_VERIFY && resumed)
		r = fetch_once(reg, in, name, &resumed, e);
	if (r == E_VERIFY)
		(void)err_hint(
			e, r,
			"the registry's copy is damaged or was changed: push the image again "
			"from where it was built");
	return r;
}

int registry_get_blob(struct registry *reg, struct store *s, const char *name, const struct desc *d,
		      uint64_t max, struct progress *p, struct err *e)
{
	struct incoming in = { .store = s, .want = d, .p = p };
	char what[64];
	int r;

	if (d->size > max)
		return FAIL(e, E_FORMAT, "blob %s: %llu bytes, the limit is %llu", d->digest.s,
			    (unsigned long long)d->size, (unsigned long long)max);
	(void)snprintf(what, sizeof(what), "pull %s", short_digest(&d->digest).s);
	progress_begin(p, what, d->size);
	if (store_has(s, &d->digest, d->size) && store_blob_verify(s, d, NULL) == 0) {
		progress_end(p, "exists");
		return 0;
	}
	r = fetch_blob(reg, &in, name, e);
	progress_end(p, r < 0 ? "failed" : NULL);
	return r;
}

int registry_keep(struct store *s, const struct desc *d, const struct buf *bytes, struct err *e)
{
	auto_release(blob_writer_free) struct blob_writer *w = NULL;
	int r;

	if (store_has(s, &d->digest, d->size) && store_blob_verify(s, d, NULL) == 0)
		return 0;
	r = blob_writer_new(&w, s, e);
	if (r == 0)
		r = blob_writer_write(w, buf_str(bytes), bytes->n, e);
	return r < 0 ? r : blob_writer_commit(w, d->media_type, d, NULL, e);
}
