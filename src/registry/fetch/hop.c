/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange with one server: what libcurl is told, and how it went. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "registry/fetch/noproxy.h"
#include "registry/fetch/transfer.h"

DEFINE_RELEASE_VOID(struct curl_slist, curl_slist_free_all)

enum {
	CONNECT_SECONDS = 10,
	STALL_SECONDS = 30,
	IO_BUFFER = 256 * 1024, /* of curl, in either direction */
};

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

/* No registry but this machine's may be spoken to in the clear, so no proxy either. */
static bool is_direct(const struct transfer *t)
{
	const char *list = getenv("no_proxy");

	return (!t->url.https && !t->q->web && !t->lax) || host_is_loopback(t->url.host) ||
	       noproxy_has(list ? list : getenv("NO_PROXY"), &t->url);
}

static bool uses_proxy(const struct transfer *t)
{
	if (is_direct(t))
		return false;
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
		transfer_end(t, FETCH_FORBIDDEN,
			     "plain HTTP is spoken only to this machine, and '%s' is another",
			     t->url.host);
		return CURL_SOCKET_BAD;
	}
	/* With a proxy the address says nothing of the host; turn() has looked at its name. */
	if (t->from_afar && here && !uses_proxy(t)) {
		transfer_end(t, FETCH_FORBIDDEN, "redirected to '%s' on this machine", t->url.host);
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
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, t->url.https ? "https" : "http");
	/* "": the list of the environment was looked at here. */
	(void)curl_easy_setopt(c, CURLOPT_NOPROXY, is_direct(t) ? "*" : "");
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
	(void)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, transfer_on_header);
	(void)curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, transfer_on_body);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	(void)curl_easy_setopt(c, CURLOPT_READFUNCTION, transfer_on_read);
	(void)curl_easy_setopt(c, CURLOPT_READDATA, t);
	(void)curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, transfer_on_seek);
	(void)curl_easy_setopt(c, CURLOPT_SEEKDATA, t);
	(void)curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, transfer_on_progress);
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

void transfer_hop(struct transfer *t, const struct fetch_ca *ca, bool origin)
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
		return transfer_end(t, FETCH_FAILED, "out of memory");
	if (t->url.https && fetch_ca_for(ca, &t->url, &certs, &e) < 0)
		return transfer_end(t, FETCH_TLS, "%.400s", e.msg);
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
	transfer_end(t, outcome_of(code, t), "%.400s",
		     t->why[0] ? t->why : curl_easy_strerror(code));
}
