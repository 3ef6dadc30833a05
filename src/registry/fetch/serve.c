/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "registry/fetch/body.h"
#include "registry/fetch/server.h"

DEFINE_RELEASE_VOID(struct curl_slist, curl_slist_free_all)

enum {
	CONNECT_SECONDS = 10,
	STALL_SECONDS = 30,
	LIMIT_HEADER_BYTES = 64 * 1024,
	SENT_EVERY_MS = 100,
	IO_BUFFER = 256 * 1024, /* of curl, in either direction */
};

/* One request on its way. */
struct transfer {
	int sock;
	const struct fetch_request *q;
	struct body body; /* when q has one */
	CURL *curl;
	struct url url;		  /* of this hop */
	bool lax;		  /* of this hop: plain HTTP and any certificate will do */
	bool from_afar;		  /* a redirect brought us from another machine: no loopback now */
	struct fetch_head head;	  /* of this hop */
	size_t header_bytes;	  /* of this hop */
	bool head_sent, redirect; /* of this hop */
	bool told_all;		  /* how much of the body was sent */
	bool cut;		  /* an error's body was longer than anybody reads */
	uint64_t received;
	uint64_t sent_told_ms;
	bool gone;	      /* our peer closed the socket */
	struct fetch_end end; /* outcome set by a callback that aborts, else FETCH_OK */
	char why[CURL_ERROR_SIZE];
};

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

__attribute__((format(printf, 3, 4))) static void
end_with(struct transfer *t, enum fetch_outcome outcome, const char *fmt, ...)
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

static bool send_buf(struct transfer *t, const struct buf *b)
{
	const struct iovec io = { b->p, b->n };

	return send_packet(t, &io, 1);
}

/* How far the body is: read at least as far as anybody can have received it. */
static bool tell_sent(struct transfer *t)
{
	auto_buf b = BUF_INIT(16);

	if (!t->q->has_body || t->told_all)
		return true;
	t->told_all = true;
	fetch_put_sent(&b, t->body.sent);
	return send_buf(t, &b);
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
	if (!tell_sent(t))
		return false;
	url_put(&t->url, &url);
	(void)snprintf(t->head.url, sizeof(t->head.url), "%s", buf_str(&url));
	if (fetch_put_head(&b, &t->head, &e) < 0) {
		end_with(t, FETCH_NONSENSE, "%.400s", e.msg);
		return false;
	}
	return send_buf(t, &b);
}

static size_t on_header(char *p, size_t one, size_t n, void *arg)
{
	struct transfer *t = arg;
	struct str line = str_trim((struct str){ p, one * n }), name;
	struct err e = ERR_INIT;

	t->header_bytes += one * n;
	if (t->header_bytes > LIMIT_HEADER_BYTES) {
		end_with(t, FETCH_NONSENSE, "more than %d bytes of headers", LIMIT_HEADER_BYTES);
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
		end_with(t, FETCH_NONSENSE, "%.400s", e.msg);
		return 0;
	}
	return one * n;
}

static size_t on_body(char *p, size_t one, size_t n, void *arg)
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
		end_with(t, FETCH_TOO_LARGE, "more than %llu bytes of body",
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

static size_t on_read(char *p, size_t one, size_t n, void *arg)
{
	struct transfer *t = arg;
	struct err e = ERR_INIT;
	ssize_t got = body_read(&t->body, p, one * n, &e);

	if (got >= 0)
		return (size_t)got;
	end_with(t, got == E_VERIFY ? FETCH_DAMAGED : FETCH_FAILED, "%.400s", e.msg);
	return CURL_READFUNC_ABORT;
}

/* libcurl would send a body again by itself when a connection it had kept turns out to be dead. How
 * much of it arrived is asked first, by who knows how: only what was not read yet is read again. */
static int on_seek(void *arg, curl_off_t offset, int origin)
{
	const struct transfer *t = arg;

	return origin == SEEK_SET && offset == 0 && t->body.sent == 0 ? CURL_SEEKFUNC_OK
								      : CURL_SEEKFUNC_FAIL;
}

/* Called at least once a second: notices a peer that has gone, tells it how far an upload is. */
static int on_progress(void *arg, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal,
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
		(void)send_buf(t, &b);
	}
	return t->gone;
}

/* 0.0.0.0 and [::] lead to this machine, too. */
static bool address_is_loopback(const struct curl_sockaddr *a)
{
	const void *addr = &a->addr;
	const struct in6_addr *v6;
	uint32_t net;

	if (a->family == AF_INET) {
		net = ntohl(((const struct sockaddr_in *)addr)->sin_addr.s_addr) >> 24;
		return net == 127 || net == 0;
	}
	if (a->family != AF_INET6)
		return false;
	v6 = &((const struct sockaddr_in6 *)addr)->sin6_addr;
	return IN6_IS_ADDR_LOOPBACK(v6) || IN6_IS_ADDR_UNSPECIFIED(v6) ||
	       (IN6_IS_ADDR_V4MAPPED(v6) && (v6->s6_addr[12] == 127 || v6->s6_addr[12] == 0));
}

static bool uses_proxy(const struct transfer *t)
{
	if ((t->q->web || t->lax) && !t->url.https)
		return getenv("http_proxy") || getenv("all_proxy") || getenv("ALL_PROXY");
	return getenv("https_proxy") || getenv("HTTPS_PROXY") || getenv("all_proxy") ||
	       getenv("ALL_PROXY");
}

/* The last look before a connection is made: at the address itself, not at a name. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct transfer *t = arg;
	bool here = address_is_loopback(a);

	if (purpose != CURLSOCKTYPE_IPCXN)
		return CURL_SOCKET_BAD;
	if (!t->url.https && !here && !t->q->web && !t->lax) {
		end_with(t, FETCH_FORBIDDEN,
			 "plain HTTP is spoken only to this machine, and '%s' is another",
			 t->url.host);
		return CURL_SOCKET_BAD;
	}
	/* With a proxy the address says nothing of the host; turn() has looked at its name. */
	if (t->from_afar && here && !uses_proxy(t)) {
		end_with(t, FETCH_FORBIDDEN, "redirected to '%s' on this machine", t->url.host);
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* Credentials stay with the origin they were meant for. */
static int make_headers(const struct transfer *t, bool origin, struct curl_slist **ret)
{
	auto_release(curl_slist_free_all) struct curl_slist *list = NULL;
	const struct http_headers *h = &t->q->headers;

	/* "Expect:": no waiting for "100 Continue". */
	static const char *const ours[] = { "Expect:", "Accept-Encoding: identity" };
	const size_t ours_n = sizeof(ours) / sizeof(*ours);

	for (size_t i = 0; i < h->n + ours_n; i++) {
		auto_buf line = BUF_INIT(LIMIT_HEADER_NAME + LIMIT_HEADER_VALUE + 8);
		struct curl_slist *more;

		if (i < h->n && !origin && strcasecmp(h->v[i].name, "authorization") == 0)
			continue;
		if (i < h->n)
			buf_printf(&line, "%s: %s", h->v[i].name, h->v[i].value);
		else
			buf_puts(&line, ours[i - h->n]);
		more = curl_slist_append(list, buf_str(&line));
		if (!more || line.failed)
			return -1;
		list = more;
	}
	*ret = TAKE(list);
	return 0;
}

/* PLIMSOLL_STALL_SECONDS, 1 to 600: how long a silent server is waited for. */
static long stall_seconds(void)
{
	const char *s = getenv("PLIMSOLL_STALL_SECONDS");
	uint64_t n;

	return s && str_u64(str_of(s), 600, &n, NULL) == 0 && n > 0 ? (long)n : STALL_SECONDS;
}

static void set_method(CURL *c, const struct fetch_request *q)
{
	if (q->method == HTTP_HEAD)
		(void)curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	else if (q->has_body) {
		(void)curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		(void)curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)q->body_n);
	} else if (q->method != HTTP_GET) {
		(void)curl_easy_setopt(c, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, 0L);
		(void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, "");
	}
	if (q->method != HTTP_HEAD)
		(void)curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, http_method_name(q->method));
}

static void set_limits(CURL *c, const struct transfer *t)
{
	/* No registry but this machine's may be spoken to in the clear, so no proxy either. */
	bool direct = (!t->url.https && !t->q->web && !t->lax) || host_is_loopback(t->url.host);

	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, t->url.https ? "https" : "http");
	if (direct)
		(void)curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
	(void)curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
	(void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, stall_seconds());
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)t->q->total_seconds);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_BUFFERSIZE, (long)IO_BUFFER);
	(void)curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, (long)IO_BUFFER);
	(void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, t->lax ? 0L : 1L);
	(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, t->lax ? 0L : 2L);
	(void)curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (t->q->decode)
		(void)curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "gzip");
	(void)curl_easy_setopt(c, CURLOPT_USERAGENT, "plimsoll/" PLIMSOLL_VERSION);
}

/* A client's certificate, shown to its own registry only. */
static void set_client(CURL *c, const struct fetch_ca *ca, const struct transfer *t)
{
	struct curl_blob cert = { ca->cert.p, ca->cert.n, CURL_BLOB_NOCOPY };
	struct curl_blob key = { ca->key.p, ca->key.n, CURL_BLOB_NOCOPY };

	if (!t->url.https || !ca->cert.n || !fetch_ca_is_own(ca, &t->url))
		return;
	(void)curl_easy_setopt(c, CURLOPT_SSLCERT_BLOB, &cert);
	(void)curl_easy_setopt(c, CURLOPT_SSLKEY_BLOB, &key);
	(void)curl_easy_setopt(c, CURLOPT_KEYPASSWD, ""); /* nobody is asked for one */
}

static void set_callbacks(CURL *c, struct transfer *t)
{
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->why);
	(void)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	(void)curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
	(void)curl_easy_setopt(c, CURLOPT_READDATA, t);
	(void)curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_seek);
	(void)curl_easy_setopt(c, CURLOPT_SEEKDATA, t);
	(void)curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	(void)curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
	(void)curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	(void)curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t);
}

static enum fetch_outcome outcome_of(CURLcode code, const struct transfer *t)
{
	long sys = 0, fresh = 0;
	curl_off_t connected = 0;

	(void)curl_easy_getinfo(t->curl, CURLINFO_OS_ERRNO, &sys);
	(void)curl_easy_getinfo(t->curl, CURLINFO_CONNECT_TIME_T, &connected);
	(void)curl_easy_getinfo(t->curl, CURLINFO_NUM_CONNECTS, &fresh);
	if (code == CURLE_RECV_ERROR && strstr(t->why, " alert "))
		return FETCH_TLS;
	/* NOLINTNEXTLINE: the other 90 codes are of protocols that are not spoken here */
	switch ((int)code) {
	case CURLE_OK: return FETCH_OK;
	case CURLE_COULDNT_CONNECT: return sys == ECONNREFUSED ? FETCH_REFUSED : FETCH_UNREACHABLE;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY: return FETCH_UNREACHABLE;
	case CURLE_OPERATION_TIMEDOUT:
		return connected || !fresh ? FETCH_STALLED : FETCH_UNREACHABLE;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER: return FETCH_TLS;
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_SEND_FAIL_REWIND:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM: return FETCH_BROKEN;
	case CURLE_OUT_OF_MEMORY:
	case CURLE_FAILED_INIT: return FETCH_FAILED;
	default: return FETCH_NONSENSE;
	}
}

/* One hop. */
static void perform(struct transfer *t, const struct fetch_ca *ca, bool origin)
{
	auto_release(curl_slist_free_all) struct curl_slist *headers = NULL;
	auto_buf certs = BUF_INIT(32 * 1024 * 1024);
	auto_buf url = BUF_INIT(LIMIT_URL + LIMIT_HOST + 32);
	struct err e = ERR_INIT;
	CURL *c = t->curl;
	CURLcode code;

	t->lax = t->q->insecure && origin;
	curl_easy_reset(c);
	url_put(&t->url, &url);
	if (url.failed || make_headers(t, origin, &headers) < 0)
		return end_with(t, FETCH_FAILED, "out of memory");
	if (t->url.https && fetch_ca_for(ca, &t->url, &certs, &e) < 0)
		return end_with(t, FETCH_TLS, "%.400s", e.msg);
	(void)curl_easy_setopt(c, CURLOPT_URL, buf_str(&url));
	(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	if (certs.n) {
		struct curl_blob blob = { certs.p, certs.n, CURL_BLOB_NOCOPY };

		(void)curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &blob);
		(void)curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	}
	set_client(c, ca, t);
	set_limits(c, t);
	set_method(c, t->q);
	set_callbacks(c, t);
	code = curl_easy_perform(c);
	if (code == CURLE_OK || t->end.outcome != FETCH_OK || (t->cut && code == CURLE_WRITE_ERROR))
		return;
	end_with(t, outcome_of(code, t), "%.400s", t->why[0] ? t->why : curl_easy_strerror(code));
}

/* Turns to where a redirect points, or ends the exchange. */
static void turn(struct transfer *t, const struct url *first)
{
	const char *location = http_headers_get(&t->head.headers, "location");
	struct err e = ERR_INIT;
	struct url next;

	if (url_resolve(&t->url, str_of(location), &next, &e) < 0)
		return end_with(t, FETCH_NONSENSE, "redirect: %.400s", e.msg);
	if (t->url.https && !next.https)
		return end_with(t, FETCH_FORBIDDEN, "redirected from https to plain http at '%s'",
				next.host);
	t->from_afar |= !host_is_loopback(first->host) && !url_same_origin(first, &next);
	if (t->from_afar && host_is_loopback(next.host))
		return end_with(t, FETCH_FORBIDDEN, "redirected to '%s' on this machine",
				next.host);
	t->url = next;
	http_headers_free(&t->head.headers);
	t->head = (struct fetch_head){ 0 };
	t->header_bytes = 0;
	t->received = 0;
	t->head_sent = t->redirect = t->cut = false;
}

static void run(struct transfer *t, const struct fetch_ca *ca, int body)
{
	struct err e = ERR_INIT;
	struct url first;

	if (url_parse(str_of(t->q->url), &first, &e) < 0)
		return end_with(t, FETCH_FAILED, "%.400s", e.msg);
	if (t->q->has_body != (body >= 0))
		return end_with(t, FETCH_FAILED, "a body and its descriptor come together");
	if (t->q->has_body && body_open(&t->body, body, t->q, &e) < 0)
		return end_with(t, FETCH_FAILED, "%.400s", e.msg);
	t->url = first;
	for (int hop = 0, most = t->q->web ? LIMIT_WEB_REDIRECTS : LIMIT_REDIRECTS;; hop++) {
		perform(t, ca, url_same_origin(&first, &t->url));
		if (t->gone || t->end.outcome != FETCH_OK || !t->redirect)
			return;
		if (hop == most)
			return end_with(t, FETCH_NONSENSE, "more than %d redirects", most);
		turn(t, &first);
		if (t->end.outcome != FETCH_OK)
			return;
	}
}

int fetch_serve(CURL *curl, const struct fetch_ca *ca, int sock, const struct fetch_request *q,
		int body)
{
	auto_free struct transfer *t = calloc(1, sizeof(*t));
	auto_buf b = BUF_INIT(LIMIT_FETCH_TEXT + 16);

	if (!t)
		return E_NOMEM;
	*t = (struct transfer){ .sock = sock, .q = q, .curl = curl };
	run(t, ca, body);
	body_close(&t->body);
	http_headers_free(&t->head.headers);
	curl_easy_reset(curl); /* nothing points at t any more; connections stay */
	(void)tell_sent(t);
	fetch_put_end(&b, &t->end);
	return t->gone || !send_buf(t, &b) ? E_SYSTEM : 0;
}
