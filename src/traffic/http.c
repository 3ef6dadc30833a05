/* SPDX-License-Identifier: Apache-2.0 */
#include "traffic/http.h"

#include <stdlib.h>
#include <string.h>

enum { LIMIT_CHUNK_LINE = 4096 };

enum state {
	HEAD,
	BODY_LENGTH,
	CHUNK_SIZE, /* the line before a chunk */
	CHUNK_DATA,
	CHUNK_END, /* the empty line behind it */
	TRAILER,   /* the lines behind the last chunk, to an empty one */
	BODY_TO_END,
	OVER,
};

/* One direction. */
struct side {
	enum state state;
	uint64_t left;	 /* of the body or chunk */
	struct buf text; /* the head or line so far */
};

struct pending {
	char method[HTTP_METHOD + 1];
	char *url;
	bool url_cut;
};

struct http {
	http_fn fn;
	void *arg;
	char *fallback;
	struct side client, server;
	struct pending v[LIMIT_HTTP_PENDING]; /* a ring */
	size_t first, n;
	struct sha256 *hash; /* of the body in hand */
	uint64_t size;
	struct http_head response; /* status 0: none in hand; its slices are not used */
	char *tunnel;
};

int http_new(struct http **ret, const char *fallback, http_fn fn, void *arg, struct err *e)
{
	auto_release(http_free) struct http *h = calloc(1, sizeof(*h));

	if (!h)
		return FAIL_NOMEM(e);
	h->fn = fn;
	h->arg = arg;
	h->client.text = h->server.text = BUF_INIT(LIMIT_HTTP_HEAD);
	h->fallback = strdup(fallback);
	if (!h->fallback)
		return FAIL_NOMEM(e);
	*ret = TAKE(h);
	return 0;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < LIMIT_HTTP_PENDING; i++)
		free(h->v[i].url);
	buf_free(&h->client.text);
	buf_free(&h->server.text);
	sha256_free(h->hash);
	free(h->fallback);
	free(h->tunnel);
	free(h);
}

/* The oldest request is answered, as far as it was. */
static int tell(struct http *h, bool whole, struct err *e)
{
	struct pending *p = &h->v[h->first];
	unsigned char raw[SHA256_LEN];
	struct http_seen seen = { .method = p->method,
				  .url = p->url,
				  .url_cut = p->url_cut,
				  .status = h->response.status,
				  .whole = whole,
				  .size = h->size,
				  .encoding = h->response.encoding };
	int r;

	/* A part (206), or no answer with a body at all, is nobody's digest. */
	seen.has_digest = whole && h->hash && seen.status != 206 && seen.status / 100 == 2;
	if (seen.has_digest) {
		sha256_final(h->hash, raw);
		digest_from_raw(raw, &seen.digest);
	}
	r = h->fn(h->arg, &seen, e);
	sha256_free(h->hash);
	h->hash = NULL;
	h->size = 0;
	h->response = (struct http_head){ .status = 0 };
	free(p->url);
	p->url = NULL;
	h->first = (h->first + 1) % LIMIT_HTTP_PENDING;
	h->n--;
	return r;
}

/* Nothing of what follows can be understood. */
static int give_up(struct http *h, struct err *e)
{
	int r = 0;

	h->client.state = h->server.state = OVER;
	while (r == 0 && h->n)
		r = tell(h, false, e);
	return r;
}

static int begin_request(struct http *h, struct err *e)
{
	struct str text = { h->client.text.p, h->client.text.n };
	auto_buf url = BUF_INIT(LIMIT_HTTP_URL);
	struct http_head head;
	struct pending *p;

	if (h->n == LIMIT_HTTP_PENDING || !http_head_request(text, &head))
		return give_up(h, e);
	p = &h->v[(h->first + h->n) % LIMIT_HTTP_PENDING];
	*p = (struct pending){ .url = NULL };
	memcpy(p->method, head.method, sizeof(p->method));
	http_url(&head, h->fallback, &url, &p->url_cut);
	if (buf_check(&url, "URL", NULL) < 0 || !(p->url = strdup(buf_str(&url))))
		return FAIL_NOMEM(e);
	h->n++;
	h->client.left = head.length;
	h->client.state = head.chunked ? CHUNK_SIZE : head.has_length ? BODY_LENGTH : HEAD;
	return 0;
}

static bool has_body(const struct http *h, const struct http_head *head)
{
	return strcmp(h->v[h->first].method, "HEAD") != 0 && head->status != 204 &&
	       head->status != 304;
}

static int begin_response(struct http *h, struct err *e)
{
	struct str text = { h->server.text.p, h->server.text.n };
	const struct pending *p = &h->v[h->first];
	struct http_head head;
	int r;

	if (h->n == 0 || !http_head_response(text, &head) || head.status == 101)
		return give_up(h, e);
	if (head.status < 200)
		return 0;
	h->response = head;
	if (strcmp(p->method, "CONNECT") == 0 && head.status / 100 == 2) {
		h->tunnel = strdup(p->url);
		r = h->tunnel ? tell(h, true, e) : FAIL_NOMEM(e);
		return r < 0 ? r : give_up(h, e);
	}
	if (!has_body(h, &head))
		return tell(h, true, e);
	r = sha256_new(&h->hash, e);
	h->server.left = head.length;
	h->server.state = head.chunked ? CHUNK_SIZE : head.has_length ? BODY_LENGTH : BODY_TO_END;
	return r;
}

/* The message ends here. */
static int end_message(struct http *h, struct side *s, struct err *e)
{
	s->state = HEAD;
	return s == &h->server ? tell(h, true, e) : 0;
}

static void take_body(struct http *h, const struct side *s, const unsigned char *p, size_t n)
{
	if (s != &h->server)
		return;
	sha256_update(h->hash, p, n);
	h->size += n;
}

/* "1a;name=value" */
static bool chunk_size(struct str line, uint64_t *ret)
{
	size_t i = 0;

	*ret = 0;
	for (; i < line.n; i++) {
		const char *digits = "0123456789abcdef0123456789ABCDEF";
		const char *at = line.p[i] ? strchr(digits, line.p[i]) : NULL;

		if (!at)
			break;
		if (i == 15)
			return false;
		*ret = *ret * 16 + (uint64_t)((at - digits) % 16);
	}
	return i > 0 && (i == line.n || line.p[i] == ';' || line.p[i] == ' ');
}

/* A line of chunked coding is whole. */
static int take_line(struct http *h, struct side *s, struct err *e)
{
	struct str line = str_trim((struct str){ s->text.p, s->text.n });

	switch ((int)s->state) {
	case CHUNK_SIZE:
		if (!chunk_size(line, &s->left))
			return give_up(h, e);
		s->state = s->left ? CHUNK_DATA : TRAILER;
		return 0;
	case CHUNK_END: s->state = CHUNK_SIZE; return line.n ? give_up(h, e) : 0;
	default: return line.n ? 0 : end_message(h, s, e);
	}
}

/* How much of p belongs to the head or line in hand; *ret_whole: it ends there. */
static size_t text_part(const struct side *s, const unsigned char *p, size_t n, bool *ret_whole)
{
	*ret_whole = false;
	for (size_t i = 0; i < n; i++) {
		const char *t = s->text.p;
		size_t have = s->text.n + i;
		/* The two bytes before this one, which may have come earlier. */
		char one = have < 1 ? 0 : i >= 1 ? (char)p[i - 1] : t[have - 1];
		char two = have < 2 ? 0 : i >= 2 ? (char)p[i - 2] : t[have - 2];

		if (p[i] != '\n')
			continue;
		if (s->state == HEAD && one != '\n' && (one != '\r' || two != '\n'))
			continue;
		*ret_whole = true;
		return i + 1;
	}
	return n;
}

/* An empty line before a request line is ignored (RFC 9112 section 2.2). */
static bool only_empty(const struct buf *b)
{
	return b->n == 0 || (b->n == 1 && b->p[0] == '\r');
}

static int take_text(struct http *h, struct side *s, const unsigned char *p, size_t n,
		     size_t *ret_used, struct err *e)
{
	bool whole;
	int r = 0;

	if (s->state == HEAD && only_empty(&s->text) && (p[0] == '\r' || p[0] == '\n')) {
		if (p[0] == '\n')
			buf_reset(&s->text);
		else
			buf_putc(&s->text, '\r');
		*ret_used = 1;
		return 0;
	}
	*ret_used = text_part(s, p, n, &whole);
	if (s->text.n + *ret_used > (s->state == HEAD ? LIMIT_HTTP_HEAD : LIMIT_CHUNK_LINE))
		return give_up(h, e);
	buf_put(&s->text, p, *ret_used);
	if (s->text.failed)
		return buf_check(&s->text, "HTTP head", e);
	if (!whole)
		return 0;
	if (s->state != HEAD)
		r = take_line(h, s, e);
	else
		r = s == &h->client ? begin_request(h, e) : begin_response(h, e);
	buf_reset(&s->text);
	return r;
}

static int take(struct http *h, struct side *s, const unsigned char *p, size_t n, struct err *e)
{
	size_t used;
	int r = 0;

	/* A body of length 0 ends where it begins. */
	while (r == 0 && s->state != OVER && (n || (s->state == BODY_LENGTH && s->left == 0))) {
		switch (s->state) {
		case BODY_LENGTH:
		case CHUNK_DATA:
			used = n < s->left ? n : (size_t)s->left;
			take_body(h, s, p, used);
			s->left -= used;
			if (s->left == 0 && s->state == CHUNK_DATA)
				s->state = CHUNK_END;
			else if (s->left == 0)
				r = end_message(h, s, e);
			break;
		case BODY_TO_END:
			used = n;
			take_body(h, s, p, used);
			break;
		case HEAD:
		case CHUNK_SIZE:
		case CHUNK_END:
		case TRAILER:
		case OVER:
		default: r = take_text(h, s, p, n, &used, e); break;
		}
		p += used;
		n -= used;
	}
	return r;
}

int http_client(struct http *h, const unsigned char *p, size_t n, struct err *e)
{
	return take(h, &h->client, p, n, e);
}

int http_server(struct http *h, const unsigned char *p, size_t n, struct err *e)
{
	return take(h, &h->server, p, n, e);
}

int http_end(struct http *h, bool clean, struct err *e)
{
	int r = 0;

	if (clean && h->server.state == BODY_TO_END && h->n)
		r = tell(h, true, e);
	return r < 0 ? r : give_up(h, e);
}

bool http_over(const struct http *h)
{
	return h->client.state == OVER;
}

const char *http_tunnel(const struct http *h)
{
	return h->tunnel;
}

bool http_begins(const unsigned char *p, size_t n)
{
	static const char *const methods[] = { "GET ",	 "HEAD ",     "POST ",	  "PUT ",
					       "PATCH ", "DELETE ",   "CONNECT ", "OPTIONS ",
					       "TRACE ", "PROPFIND ", "REPORT " };

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		size_t len = strlen(methods[i]);

		if (n && memcmp(p, methods[i], n < len ? n : len) == 0)
			return true;
	}
	return false;
}
