/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/advisories/get.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/proc.h"

enum { LIMIT_META = 64 * 1024, NAME_ROOM = 300 };

/* One file on its way. */
struct get {
	const struct kept_get *g;
	const char *name;
	json_t *whole; /* NAME.json, or NULL */
	json_t *part;  /* NAME.part.json, or NULL */
	int fd;	       /* NAME.part */
	uint64_t at;   /* how much of it there is */
	bool answered; /* this try brought bytes of the file */
	int failure;   /* of the sink: not the server's */
};

static void get_release(struct get *get)
{
	json_decref(get->whole);
	json_decref(get->part);
	if (get->fd >= 0)
		(void)close(get->fd);
}

static const char *file_name(const char *name, const char *suffix, char ret[static NAME_ROOM])
{
	(void)snprintf(ret, NAME_ROOM, "%.250s%s", name, suffix);
	return ret;
}

/* What a meta file says of this URL; NULL when it is of another, damaged or not there. */
static json_t *load_meta(const struct kept_get *g, const char *name, const char *suffix)
{
	auto_buf text = BUF_INIT(LIMIT_META);
	auto_json *j = NULL;
	char path[NAME_ROOM];
	const char *url;

	if (fs_read(g->dir, file_name(name, suffix, path), LIMIT_META, &text, NULL) < 0 ||
	    json_parse(buf_str(&text), text.n, path, &j, NULL) < 0)
		return NULL;
	url = json_string_or_null(j, "url");
	return url && strcmp(url, g->url) == 0 ? TAKE(j) : NULL;
}

static int save_meta(int dir, const char *name, const char *suffix, const json_t *meta,
		     struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_META);
	char path[NAME_ROOM];
	int r = json_canonical(meta, &text, e);

	r = r < 0 ? r : buf_check(&text, path, e);
	return r < 0 ? r
		     : fs_write_cache(dir, file_name(name, suffix, path), buf_str(&text), text.n,
				      0644, e);
}

static void drop(int dir, const char *name, const char *suffix)
{
	char path[NAME_ROOM];

	(void)unlinkat(dir, file_name(name, suffix, path), 0);
}

/* What may stand in If-Range: a strong ETag, else the date (RFC 9110 13.1.5). */
static const char *strong(const json_t *meta)
{
	const char *etag = json_string_or_null(meta, "etag");

	if (etag && !starts_with(etag, "W/"))
		return etag;
	return etag ? NULL : json_string_or_null(meta, "last_modified");
}

static int open_part(struct get *get, struct err *e)
{
	char path[NAME_ROOM];
	off_t end;

	get->fd = fs_open_nolink(get->g->dir, file_name(get->name, ".part", path), O_RDWR | O_CREAT,
				 0644, e);
	if (get->fd < 0)
		return get->fd;
	end = lseek(get->fd, 0, SEEK_END);
	if (end < 0)
		return FAIL_SYS(e, "%s", path);
	get->at = get->part && strong(get->part) ? (uint64_t)end : 0;
	return 0;
}

static int begin_anew(struct get *get, struct err *e)
{
	get->at = 0;
	if (ftruncate(get->fd, 0) < 0 || lseek(get->fd, 0, SEEK_SET) < 0)
		return FAIL_SYS(e, "write %s", get->name);
	return 0;
}

static int take_meta(struct get *get, const struct fetch_head *h, uint64_t size, struct err *e)
{
	json_decref(get->part);
	get->part = json_pack("{ss ss* ss*}", "url", get->g->url, "etag",
			      http_headers_get(&h->headers, "etag"), "last_modified",
			      http_headers_get(&h->headers, "last-modified"));
	if (!get->part)
		return FAIL(e, E_REMOTE, "its headers are not UTF-8");
	if (size != UINT64_MAX && json_put_u64(get->part, "size", size, e) < 0)
		return E_NOMEM;
	return save_meta(get->g->dir, get->name, ".part.json", get->part, e);
}

/* The rest of what we have a part of: it must begin where that ends, and be of the same whole. */
static int continue_part(struct get *get, const struct fetch_head *h, struct err *e)
{
	const char *text = http_headers_get(&h->headers, "content-range");
	const json_t *size = json_object_get(get->part, "size");
	struct http_range range;
	int r = text ? http_content_range(text, &range, e)
		     : FAIL(e, E_REMOTE, "HTTP 206 without Content-Range");

	if (r < 0)
		return WRAP(e, E_REMOTE, "a part");
	if (range.first != get->at || range.last + 1 != range.total ||
	    (size && (uint64_t)json_integer_value(size) != range.total))
		return FAIL(e, E_REMOTE, "the server sends another part than it was asked for");
	if (range.total > get->g->max)
		return FAIL(e, E_FORMAT, "more than %llu bytes", (unsigned long long)get->g->max);
	return lseek(get->fd, (off_t)get->at, SEEK_SET) < 0 ? FAIL_SYS(e, "write %s", get->name)
							    : 1;
}

static int head_of(struct get *get, const struct fetch_head *h, struct err *e)
{
	const char *length = http_headers_get(&h->headers, "content-length");
	uint64_t n = UINT64_MAX;
	int r;

	if (h->status == 206 && get->at)
		return continue_part(get, h, e);
	if (h->status != 200)
		return 0;
	if (length && str_u64(str_of(length), UINT64_MAX - 1, &n, NULL) < 0)
		n = UINT64_MAX;
	if (n != UINT64_MAX && n > get->g->max)
		return FAIL(e, E_FORMAT, "more than %llu bytes", (unsigned long long)get->g->max);
	r = begin_anew(get, e);
	r = r < 0 ? r : take_meta(get, h, n, e);
	return r < 0 ? r : 1;
}

static int on_head(void *arg, const struct fetch_head *h, struct err *e)
{
	struct get *get = arg;

	get->failure = head_of(get, h, e);
	get->answered = get->failure > 0;
	return get->failure;
}

static int on_data(void *arg, const void *p, size_t n, struct err *e)
{
	struct get *get = arg;
	int r = fs_write_all(get->fd, p, n, e);

	get->at += n;
	progress_advance(get->g->progress, get->at);
	if (r == 0 && get->at > get->g->max)
		r = FAIL(e, E_FORMAT, "more than %llu bytes", (unsigned long long)get->g->max);
	return r;
}

static int add_header(struct http_headers *h, struct str name, const char *value, struct err *e)
{
	return value ? http_headers_add(h, name, str_of(value), e) : 0;
}

/* Asks for the rest of a part; else whether what we have is still what there is. */
static int make_request(const struct get *get, struct fetch_request *q, struct err *e)
{
	char range[64];
	int r = 0;

	*q = (struct fetch_request){ .method = HTTP_GET,
				     .follow = true,
				     .web = get->g->insecure,
				     .total_seconds = KEPT_SECONDS,
				     .max_body = get->g->max };
	if (strlen(get->g->url) > LIMIT_URL)
		return FAIL(e, E_FORMAT, "URL: longer than %d bytes", LIMIT_URL);
	(void)snprintf(q->url, sizeof(q->url), "%s", get->g->url);
	if (get->at) {
		(void)snprintf(range, sizeof(range), "bytes=%llu-", (unsigned long long)get->at);
		r = add_header(&q->headers, STR("range"), range, e);
		return r < 0 ? r : add_header(&q->headers, STR("if-range"), strong(get->part), e);
	}
	if (get->whole)
		r = add_header(&q->headers, STR("if-none-match"),
			       json_string_or_null(get->whole, "etag"), e);
	if (r == 0 && get->whole)
		r = add_header(&q->headers, STR("if-modified-since"),
			       json_string_or_null(get->whole, "last_modified"), e);
	return r;
}

/* The part is whole: it gets the name, then its meta data. */
static int keep(struct get *get, struct err *e)
{
	const json_t *size = json_object_get(get->part, "size");
	char from[NAME_ROOM];
	int r;

	if (size && (uint64_t)json_integer_value(size) != get->at)
		return FAIL(e, E_REMOTE, "%llu bytes came of %lld", (unsigned long long)get->at,
			    (long long)json_integer_value(size));
	if (fsync(get->fd) < 0 ||
	    renameat(get->g->dir, file_name(get->name, ".part", from), get->g->dir, get->name) < 0)
		return FAIL_SYS(e, "write %s", get->name);
	r = save_meta(get->g->dir, get->name, ".json", get->part, e);
	drop(get->g->dir, get->name, ".part.json");
	return r;
}

static int fail_of(const struct get *get, const struct fetch_response *resp, struct err *e)
{
	if (resp->end.outcome == FETCH_TOO_LARGE)
		return FAIL(e, E_FORMAT, "more than %llu bytes", (unsigned long long)get->g->max);
	if (resp->end.outcome == FETCH_TLS)
		return FAIL(e, E_REMOTE, "TLS: %s", resp->end.text);
	if (resp->end.outcome != FETCH_OK)
		return FAIL(e, resp->end.outcome == FETCH_FAILED ? E_SYSTEM : E_REMOTE, "%s",
			    resp->end.text);
	if (resp->head.status == 404 || resp->head.status == 410)
		return FAIL(e, E_NOTFOUND, "HTTP %u", resp->head.status);
	return FAIL(e, E_REMOTE, "HTTP %u", resp->head.status);
}

static bool worth_another(const struct fetch_response *resp)
{
	switch (resp->end.outcome) {
	case FETCH_BROKEN:
	case FETCH_STALLED: return true;
	case FETCH_OK:
		return resp->head.status == 408 || resp->head.status == 416 ||
		       resp->head.status == 429 || resp->head.status >= 500;
	case FETCH_REFUSED:
	case FETCH_UNREACHABLE:
	case FETCH_TLS:
	case FETCH_NONSENSE:
	case FETCH_TOO_LARGE:
	case FETCH_FORBIDDEN:
	case FETCH_DAMAGED:
	case FETCH_FAILED:
	case FETCH_OUTCOMES: break;
	}
	return false;
}

/* 0 when the file is whole (or as it was), 1 when another try may help: then e says why. */
static int try_once(struct get *get, struct err *e)
{
	const struct fetch_sink sink = { .head = on_head, .data = on_data, .arg = get };
	struct fetch_request q;
	auto_response resp = { 0 };
	uint64_t had = get->at;
	unsigned status;
	int r = make_request(get, &q, e);

	get->answered = false;
	get->failure = 0;
	r = r < 0 ? r : fetch_do(get->g->fetch, &q, -1, &sink, &resp, e);
	http_headers_free(&q.headers);
	if (r < 0) {
		/* A part that the server does not go on with as it should is no part. */
		if (r == E_REMOTE && had && get->failure == r)
			return begin_anew(get, e) < 0 ? r : 1;
		return r;
	}
	status = resp.head.status;
	if (resp.end.outcome == FETCH_OK && get->answered)
		return keep(get, e);
	if (resp.end.outcome == FETCH_OK && status == 304 && get->whole && !had)
		return 0;
	r = fail_of(get, &resp, e);
	if (resp.end.outcome == FETCH_OK && status == 416 && begin_anew(get, e) < 0)
		return E_SYSTEM;
	if (!get->part || !strong(get->part))
		get->at = 0; /* cannot be gone on with */
	return worth_another(&resp) ? 1 : r;
}

static int try_often(struct get *get, struct err *e)
{
	int r;

	for (int n = 1;; n++) {
		const struct timespec pause = { .tv_nsec = 250 * 1000 * 1000 };

		r = try_once(get, e);
		if (r <= 0)
			return r;
		if (n == KEPT_TRIES)
			return e && e->code < 0 ? (int)e->code : E_REMOTE;
		(void)nanosleep(&pause, NULL);
		r = proc_interrupted(e);
		if (r < 0)
			return r;
	}
}

/* A part that is whole: a process ended before it gave it the name. */
static int finish_part(struct get *get, struct err *e)
{
	const json_t *size = json_object_get(get->part, "size");
	int r;

	if (!get->at || !size || (uint64_t)json_integer_value(size) != get->at)
		return 0;
	r = keep(get, e);
	if (r < 0)
		return r;
	json_decref(get->whole);
	json_decref(get->part);
	get->part = NULL;
	get->whole = load_meta(get->g, get->name, ".json");
	(void)close(get->fd);
	return open_part(get, e);
}

int kept_get(const struct kept_get *g, const char *name, bool *ret_news, struct err *e)
{
	__attribute__((cleanup(get_release))) struct get get = { .g = g, .name = name, .fd = -1 };
	auto_json *now = NULL;
	struct err own = ERR_INIT;
	int r;

	if (fs_exists(g->dir, name))
		get.whole = load_meta(g, name, ".json");
	get.part = load_meta(g, name, ".part.json");
	r = open_part(&get, &own);
	r = r < 0 ? r : finish_part(&get, &own);
	r = r < 0 ? r : try_often(&get, &own);
	if (r < 0) {
		if (e)
			*e = own;
		return WRAP(e, r, "%.300s", g->url);
	}
	if (!get.at)
		drop(g->dir, name, ".part");
	now = load_meta(g, name, ".json");
	*ret_news = !json_is_true(json_object_get(now, "used"));
	return 0;
}

int kept_used(int dir, const char *name, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_META);
	auto_json *j = NULL;
	char path[NAME_ROOM];
	int r = fs_read(dir, file_name(name, ".json", path), LIMIT_META, &text, e);

	r = r < 0 ? r : json_parse(buf_str(&text), text.n, path, &j, e);
	r = r < 0 ? r : json_put(j, "used", json_true(), e);
	return r < 0 ? r : save_meta(dir, name, ".json", j, e);
}

void kept_forget(int dir, const char *name)
{
	drop(dir, name, ".json");
	drop(dir, name, "");
	drop(dir, name, ".part.json");
	drop(dir, name, ".part");
}
