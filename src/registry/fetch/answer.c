/* SPDX-License-Identifier: Apache-2.0 */
/* What comes of a transfer and what goes, by libcurl's callbacks. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "registry/fetch/transfer.h"

enum { LIMIT_HEADER_BYTES = 64 * 1024, SENT_EVERY_MS = 100 };

/* The response headers that a registry client reads; the others stay here. */
static bool is_wanted(struct str name)
{
	static const char *const wanted[] = {
		"content-type",
		"content-length",
		"content-range",
		"location",
		"range",
		"docker-content-digest",
		"oci-subject",
		"etag",
		"oci-filters-applied",
		"last-modified",
		"link",
		"retry-after",
		"www-authenticate",
		"oci-chunk-min-length",
		"warning",
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		if (name.n == strlen(wanted[i]) && strncasecmp(name.p, wanted[i], name.n) == 0)
			return true;
	return false;
}

void transfer_end(struct transfer *t, enum fetch_outcome outcome, const char *fmt, ...)
{
	va_list ap;

	t->end.outcome = outcome;
	va_start(ap, fmt);
	(void)vsnprintf(t->end.text, sizeof(t->end.text), fmt, ap);
	va_end(ap);
}

static bool send_packet(struct transfer *t, const struct iovec *io, size_t n)
{
	const union {
		const struct iovec *in;
		struct iovec *out;
	} v = { .in = io };
	const struct msghdr m = { .msg_iov = v.out, .msg_iovlen = n };
	ssize_t sent;

	do {
		sent = sendmsg(t->sock, &m, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	t->gone |= sent < 0;
	return sent >= 0;
}

bool transfer_send(struct transfer *t, const struct buf *b)
{
	const struct iovec io = { b->p, b->n };

	return send_packet(t, &io, 1);
}

bool transfer_tell_sent(struct transfer *t)
{
	auto_buf b = BUF_INIT(16);

	if (!t->q->has_body || t->told_all)
		return true;
	t->told_all = true;
	fetch_put_sent(&b, t->body.sent);
	return transfer_send(t, &b);
}

/* The headers of a hop are whole: a redirect is remembered, anything else is handed on. */
static bool on_head(struct transfer *t)
{
	auto_buf b = BUF_INIT(LIMIT_FETCH_PACKET);
	auto_buf url = BUF_INIT(LIMIT_URL);
	struct err e = ERR_INIT;
	long status = 0;

	(void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200)
		return true; /* 1xx: the real one follows */
	t->head.status = (unsigned)status;
	t->redirect =
		t->q->follow && http_headers_get(&t->head.headers, "location") &&
		(status == 301 || status == 302 || status == 303 || status == 307 || status == 308);
	t->head_sent = true;
	if (t->redirect)
		return true;
	if (!transfer_tell_sent(t))
		return false;
	url_put(&t->url, &url);
	(void)snprintf(t->head.url, sizeof(t->head.url), "%s", buf_str(&url));
	if (fetch_put_head(&b, &t->head, &e) < 0) {
		transfer_end(t, FETCH_NONSENSE, "%.400s", e.msg);
		return false;
	}
	return transfer_send(t, &b);
}

size_t transfer_on_header(char *p, size_t one, size_t n, void *arg)
{
	struct transfer *t = arg;
	struct str line = str_trim((struct str){ p, one * n }), name;
	struct err e = ERR_INIT;

	t->header_bytes += one * n;
	if (t->header_bytes > LIMIT_HEADER_BYTES) {
		transfer_end(t, FETCH_NONSENSE, "more than %d bytes of headers",
			     LIMIT_HEADER_BYTES);
		return 0;
	}
	if (t->head_sent)
		return one * n; /* trailers */
	if (line.n == 0)
		return on_head(t) ? one * n : 0;
	if (str_starts(line, "HTTP/")) {
		http_headers_free(&t->head.headers);
		return one * n;
	}
	if (!memchr(line.p, ':', line.n) || !str_cut(&line, ':', &name) || !is_wanted(name))
		return one * n;
	if (http_headers_add(&t->head.headers, name, str_trim(line), &e) < 0) {
		transfer_end(t, FETCH_NONSENSE, "%.400s", e.msg);
		return 0;
	}
	return one * n;
}

size_t transfer_on_body(char *p, size_t one, size_t n, void *arg)
{
	struct transfer *t = arg;
	char type = FETCH_DATA;

	n *= one;
	t->received += n;
	if (t->head.status >= 300 && t->received > LIMIT_ERROR_BODY) {
		t->cut = true;
		return 0;
	}
	if (t->head.status < 300 && t->received > t->q->max_body) {
		transfer_end(t, FETCH_TOO_LARGE, "more than %llu bytes of body",
			     (unsigned long long)t->q->max_body);
		return 0;
	}
	for (size_t done = 0; done < n && !t->redirect;) {
		size_t step = n - done < FETCH_CHUNK ? n - done : FETCH_CHUNK;
		const struct iovec io[2] = { { &type, 1 }, { p + done, step } };

		if (!send_packet(t, io, 2))
			return 0;
		done += step;
	}
	return n;
}

size_t transfer_on_read(char *p, size_t one, size_t n, void *arg)
{
	struct transfer *t = arg;
	struct err e = ERR_INIT;
	ssize_t got = body_read(&t->body, p, one * n, &e);

	if (got >= 0)
		return (size_t)got;
	transfer_end(t, got == E_VERIFY ? FETCH_DAMAGED : FETCH_FAILED, "%.400s", e.msg);
	return CURL_READFUNC_ABORT;
}

/* libcurl would send a body again by itself when a connection it had kept turns out to be dead. How
 * much of it arrived is asked first, by who knows how: only what was not read yet is read again. */
int transfer_on_seek(void *arg, curl_off_t offset, int origin)
{
	const struct transfer *t = arg;

	return origin == SEEK_SET && offset == 0 && t->body.sent == 0 ? CURL_SEEKFUNC_OK
								      : CURL_SEEKFUNC_FAIL;
}

/* Called at least once a second: notices a peer that has gone, tells it how far an upload is. */
int transfer_on_progress(void *arg, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal,
			 curl_off_t ulnow)
{
	struct transfer *t = arg;
	struct pollfd p = { .fd = t->sock, .events = POLLRDHUP };
	uint64_t now = clock_mono_ms();

	(void)dltotal, (void)dlnow, (void)ultotal;
	if (poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLRDHUP | POLLERR)))
		t->gone = true;
	if (t->q->has_body && ulnow > 0 && !t->head_sent &&
	    now - t->sent_told_ms >= SENT_EVERY_MS) {
		auto_buf b = BUF_INIT(16);

		t->sent_told_ms = now;
		fetch_put_sent(&b, (uint64_t)ulnow);
		(void)transfer_send(t, &b);
	}
	return t->gone;
}
