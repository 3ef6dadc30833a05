/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/proc.h"
#include "registry/fetch/fetch.h"

/* One file on its way to a descriptor. */
struct download {
	const struct build_fetch *f;
	struct sha256 *hash; /* of this try */
	uint64_t size, max;
};

static uint64_t limit_bytes(void)
{
	const char *s = getenv("PLIMSOLL_FETCH_MAX");
	uint64_t n;

	return s && str_u64(str_of(s), LIMIT_FETCH_BYTES, &n, NULL) == 0 ? n : LIMIT_FETCH_BYTES;
}

static int too_large(const struct download *d, struct err *e)
{
	return FAIL(e, E_FORMAT, "more than %llu bytes", (unsigned long long)d->max);
}

static int on_head(void *arg, const struct fetch_head *h, struct err *e)
{
	const struct download *d = arg;

	if (h->status != 200)
		return 0;
	return fetch_announced(h) > d->max ? too_large(d, e) : 1;
}

static int on_data(void *arg, const void *p, size_t n, struct err *e)
{
	struct download *d = arg;

	d->size += n;
	sha256_update(d->hash, p, n);
	progress_advance(d->f->progress, d->size);
	return fs_write_all(d->f->to, p, n, e);
}

/* Only to the origin: the helper drops it at a redirect to another. */
static int put_auth(struct http_headers *h, const char *auth, struct err *e)
{
	auto_buf value = BUF_INIT(LIMIT_HEADER_VALUE);
	int r;

	buf_puts(&value, "Basic ");
	b64_put(&value, B64_STD, auth, strlen(auth));
	r = buf_check(&value, "credentials", e);
	if (r == 0)
		r = http_headers_add(h, STR("authorization"), str_of(buf_str(&value)), e);
	if (value.p)
		explicit_bzero(value.p, value.n);
	return r;
}

static int make_request(const struct download *d, struct fetch_request *q, struct err *e)
{
	const struct build_fetch *f = d->f;
	int r = 0;

	*q = (struct fetch_request){ .method = HTTP_GET,
				     .follow = true,
				     .web = true,
				     .total_seconds = FETCH_SECONDS,
				     .max_body = d->max };
	if (strlen(f->url) > LIMIT_URL)
		return FAIL(e, E_FORMAT, "URL: longer than %d bytes", LIMIT_URL);
	(void)snprintf(q->url, sizeof(q->url), "%s", f->url);
	if (f->etag)
		r = http_headers_add(&q->headers, STR("if-none-match"), str_of(f->etag), e);
	else if (f->last_modified)
		r = http_headers_add(&q->headers, STR("if-modified-since"),
				     str_of(f->last_modified), e);
	return r == 0 && f->auth ? put_auth(&q->headers, f->auth, e) : r;
}

static int outcome(const struct download *d, const struct fetch_response *resp, struct err *e)
{
	switch (resp->end.outcome) {
	case FETCH_OK: break;
	case FETCH_TOO_LARGE: return too_large(d, e);
	case FETCH_FAILED: return FAIL(e, E_SYSTEM, "plimsoll-fetch: %s", resp->end.text);
	case FETCH_TLS: return FAIL(e, E_REMOTE, "TLS: %s", resp->end.text);
	case FETCH_REFUSED:
	case FETCH_UNREACHABLE:
	case FETCH_STALLED:
	case FETCH_BROKEN:
	case FETCH_NONSENSE:
	case FETCH_FORBIDDEN:
	case FETCH_DAMAGED:
	case FETCH_OUTCOMES: return FAIL(e, E_REMOTE, "%s", resp->end.text);
	}
	return FAIL(e, E_REMOTE, "HTTP %u", resp->head.status);
}

static void copy_header(const struct fetch_response *resp, const char *name, char *to, size_t cap)
{
	const char *s = http_headers_get(&resp->head.headers, name);

	/* One that is longer than any server's is as good as none. */
	if (s && strlen(s) < cap)
		(void)snprintf(to, cap, "%s", s);
}

static void keep(struct download *d, const struct fetch_response *resp, struct build_fetched *ret)
{
	unsigned char raw[SHA256_LEN];

	sha256_final(d->hash, raw);
	digest_from_raw(raw, &ret->digest);
	ret->size = d->size;
	copy_header(resp, "etag", ret->etag, sizeof(ret->etag));
	copy_header(resp, "last-modified", ret->last_modified, sizeof(ret->last_modified));
	if (http_date(ret->last_modified, &ret->mtime, NULL) < 0)
		ret->mtime = 0;
}

/* One try: 1 when another may help. */
static int try_once(struct fetch *fetch, struct download *d, const struct fetch_request *q,
		    struct build_fetched *ret, struct err *e)
{
	const struct fetch_sink sink = { .head = on_head, .data = on_data, .arg = d };
	const bool asked = d->f->etag || d->f->last_modified;
	auto_response resp = { 0 };
	unsigned status;
	int r;

	d->size = 0;
	sha256_free(d->hash);
	d->hash = NULL;
	r = sha256_new(&d->hash, e);
	if (r == 0 && (ftruncate(d->f->to, 0) < 0 || lseek(d->f->to, 0, SEEK_SET) < 0))
		r = FAIL_SYS(e, "write what is fetched");
	if (r == 0)
		r = fetch_do(fetch, q, -1, &sink, &resp, e);
	if (r < 0)
		return r;
	status = resp.head.status;
	if (resp.end.outcome == FETCH_OK && status == 200) {
		keep(d, &resp, ret);
		return 0;
	}
	if (resp.end.outcome == FETCH_OK && status == 304 && asked) {
		ret->unchanged = true;
		return 0;
	}
	r = outcome(d, &resp, e);
	if (resp.end.outcome == FETCH_BROKEN ||
	    (resp.end.outcome == FETCH_OK && (status == 429 || status == 502 || status == 503)))
		return 1;
	return r;
}

int fetch_web(void *arg, const struct build_fetch *f, struct build_fetched *ret, struct err *e)
{
	auto_release(fetch_free) struct fetch *fetch = NULL;
	struct download d = { .f = f, .max = limit_bytes() };
	struct fetch_request q = { 0 };
	struct build_fetched got = { 0 };
	int r = fetch_new(&fetch, e);

	(void)arg;
	if (r == 0)
		r = make_request(&d, &q, e);
	for (int n = 1; r == 0; n++) {
		const struct timespec pause = { .tv_nsec = 200 * 1000 * 1000 };

		r = try_once(fetch, &d, &q, &got, e);
		if (r <= 0)
			break;
		if (n == FETCH_TRIES) {
			r = E_REMOTE; /* e has the last try's words */
			break;
		}
		(void)nanosleep(&pause, NULL);
		r = proc_interrupted(e);
	}
	http_headers_free(&q.headers);
	sha256_free(d.hash);
	if (r == 0)
		*ret = got;
	return r;
}
