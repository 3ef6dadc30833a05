/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/fetch/fetch.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/proc.h"
#include "oci/descriptor.h"

struct fetch {
	int sock;  /* -1: not started */
	pid_t pid; /* valid while sock is; a lane has none */
	char *packet;
	pthread_mutex_t lock;	 /* held while sock and pid change, and by lanes that need them */
	struct fetch *of;	 /* what this is a lane of, or NULL */
	const atomic_bool *stop; /* of a lane */
	char *certs, *host;	 /* fetch_certificates(); NULL: of no host */
	char port[8];
};

int fetch_new(struct fetch **ret, struct err *e)
{
	auto_release(fetch_free) struct fetch *f = calloc(1, sizeof(*f));

	if (!f)
		return FAIL_NOMEM(e);
	f->sock = -1;
	f->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	f->packet = malloc(LIMIT_FETCH_PACKET);
	if (!f->packet)
		return FAIL_NOMEM(e);
	*ret = TAKE(f);
	return 0;
}

int fetch_certificates(struct fetch *f, const char *name, const struct url *at, struct err *e)
{
	free(f->certs);
	free(f->host);
	f->certs = strdup(name);
	f->host = strdup(at->host);
	(void)snprintf(f->port, sizeof(f->port), "%u", (unsigned)at->port);
	return f->certs && f->host ? 0 : FAIL_NOMEM(e);
}

/* The helper ends when its socket does: at once when it waits, within a second in a transfer. */
static void stop(struct fetch *f)
{
	int status;

	if (f->sock < 0)
		return;
	(void)pthread_mutex_lock(&f->lock);
	(void)close(f->sock);
	f->sock = -1;
	if (!f->of)
		(void)proc_wait(f->pid, 5000, &status, NULL);
	(void)pthread_mutex_unlock(&f->lock);
}

void fetch_free(struct fetch *f)
{
	if (!f)
		return;
	stop(f);
	(void)pthread_mutex_destroy(&f->lock);
	free(f->packet);
	free(f->certs);
	free(f->host);
	free(f);
}

/* One packet with a descriptor (-1: none) to the helper. False when nobody is there to take it. */
static bool send_packet(int sock, const struct buf *b, int fd)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec io = { b->p, b->n };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1 };
	ssize_t n;

	if (fd >= 0) {
		m.msg_control = control.room;
		m.msg_controllen = sizeof(control.room);

		struct cmsghdr *c = CMSG_FIRSTHDR(&m);

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	do {
		n = sendmsg(sock, &m, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n >= 0;
}

/* Hands one end to the helper that serves the main connection. */
static int start_lane(struct fetch *f, const int pair[2], struct err *e)
{
	auto_buf b = BUF_INIT(8);
	bool sent;

	fetch_put_lane(&b);
	(void)pthread_mutex_lock(&f->of->lock);
	sent = f->of->sock >= 0 && send_packet(f->of->sock, &b, pair[1]);
	(void)pthread_mutex_unlock(&f->of->lock);
	return sent ? 0 : FAIL(e, E_SYSTEM, "plimsoll-fetch ended");
}

static int start_helper(struct fetch *f, const int pair[2], struct err *e)
{
	auto_free char *path = NULL;
	int r = proc_helper_path("plimsoll-fetch", &path, e);

	if (r < 0)
		return r;

	const char *const argv[] = { path, f->certs, f->host, f->port, NULL };
	const struct proc p = {
		.argv = argv,
		.in = pair[1],
		.out = -1,
		.err = PROC_INHERIT,
		.die_with_parent = true,
		.new_group = true,
	};

	return proc_start(&p, &f->pid, e);
}

static int start(struct fetch *f, struct err *e)
{
	const struct timeval tick = { .tv_sec = 1 }; /* signals are looked for between waits */
	int pair[2], r;

	if (f->sock >= 0)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return FAIL_SYS(e, "socketpair");
	(void)setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof(tick));
	(void)pthread_mutex_lock(&f->lock);
	r = f->of ? start_lane(f, pair, e) : start_helper(f, pair, e);
	if (r == 0)
		f->sock = pair[0];
	(void)pthread_mutex_unlock(&f->lock);
	(void)close(pair[1]);
	if (r < 0)
		(void)close(pair[0]);
	return r;
}

int fetch_lane(struct fetch *f, const atomic_bool *stop, struct fetch **ret, struct err *e)
{
	auto_release(fetch_free) struct fetch *lane = NULL;
	int r = fetch_new(&lane, e);

	if (r == 0)
		r = start(f, e);
	if (r < 0)
		return r;
	lane->of = f;
	lane->stop = stop;
	*ret = TAKE(lane);
	return 0;
}

static int gone(struct fetch *f, struct err *e)
{
	int status = 0;

	(void)pthread_mutex_lock(&f->lock);
	(void)close(f->sock);
	f->sock = -1;
	if (!f->of)
		(void)proc_wait(f->pid, 5000, &status, NULL);
	(void)pthread_mutex_unlock(&f->lock);
	if (status == 128 + SIGSYS)
		return FAIL(e, E_REMOTE, "plimsoll-fetch was killed by its seccomp filter");
	return FAIL(e, E_SYSTEM, "plimsoll-fetch ended (status %d)", status);
}

static int send_request(struct fetch *f, const struct fetch_request *q, int body, struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_FETCH_PACKET);
	int r = fetch_put_request(&b, q, e);
	bool sent;

	if (r < 0)
		return r;
	sent = send_packet(f->sock, &b, body);
	if (b.p)
		explicit_bzero(b.p, b.n); /* a header may be a password */
	return sent ? 0 : gone(f, e);
}

static int receive(struct fetch *f, struct str *ret, struct err *e)
{
	ssize_t n;
	int r;

	for (;;) {
		r = proc_interrupted(e);
		if (r == 0 && f->stop && *f->stop)
			r = FAIL(e, E_SIGNAL, "stopped");
		if (r < 0)
			return r;
		n = recv(f->sock, f->packet, LIMIT_FETCH_PACKET, MSG_TRUNC);
		if (n > 0 && (size_t)n <= LIMIT_FETCH_PACKET)
			break;
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		return n <= 0 ? gone(f, e) : FAIL(e, E_INTERNAL, "plimsoll-fetch: packet too long");
	}
	*ret = (struct str){ f->packet, (size_t)n };
	return 0;
}

/* How far one exchange is. */
struct exchange {
	const struct fetch_request *q;
	const struct fetch_sink *sink;
	struct fetch_response *ret;
	bool to_sink;
	uint64_t received;
};

static int on_head(struct exchange *x, struct str packet, struct err *e)
{
	int r;

	if (x->ret->head.status)
		return FAIL(e, E_INTERNAL, "plimsoll-fetch: a second HEAD packet");
	r = fetch_get_head(packet, &x->ret->head, e);
	if (r < 0)
		return r;
	if (!x->sink || !x->sink->head)
		return 0;
	r = x->sink->head(x->sink->arg, &x->ret->head, e);
	x->to_sink = r > 0;
	return r < 0 ? r : 0;
}

static int on_data(struct exchange *x, struct str packet, struct err *e)
{
	const char *p = packet.p + 1;
	size_t n = packet.n - 1;

	x->received += n;
	if (!x->ret->head.status ||
	    x->received > (x->ret->head.status < 300 ? x->q->max_body : LIMIT_ERROR_BODY))
		return FAIL(e, E_INTERNAL, "plimsoll-fetch: a DATA packet out of place");
	if (x->to_sink && x->sink->data)
		return x->sink->data(x->sink->arg, p, n, e);
	buf_put(&x->ret->body, p, n);
	return 0;
}

/* 1 at the end of the exchange. */
static int on_packet(struct exchange *x, struct str packet, struct err *e)
{
	uint64_t sent;
	int r;

	switch ((enum fetch_packet)(unsigned char)packet.p[0]) {
	case FETCH_HEAD: return on_head(x, packet, e);
	case FETCH_DATA: return on_data(x, packet, e);
	case FETCH_SENT:
		r = fetch_get_sent(packet, &sent, e);
		if (r == 0 && x->sink && x->sink->sent)
			x->sink->sent(x->sink->arg, sent);
		return r;
	case FETCH_END: r = fetch_get_end(packet, &x->ret->end, e); return r < 0 ? r : 1;
	case FETCH_REQUEST:
	case FETCH_LANE: break;
	}
	return FAIL(e, E_INTERNAL, "plimsoll-fetch: unknown packet");
}

int fetch_do(struct fetch *f, const struct fetch_request *q, int body,
	     const struct fetch_sink *sink, struct fetch_response *ret, struct err *e)
{
	struct exchange x = { .q = q, .sink = sink, .ret = ret };
	int r = start(f, e);

	*ret = (struct fetch_response){ .body = BUF_INIT(LIMIT_MANIFEST) };
	if (r == 0)
		r = send_request(f, q, body, e);
	while (r == 0) {
		struct str packet = { 0 };

		r = receive(f, &packet, e);
		if (r == 0)
			r = on_packet(&x, packet, e);
	}
	if (r > 0)
		r = buf_check(&ret->body, "HTTP response", e);
	if (r < 0) {
		fetch_response_free(ret);
		stop(f); /* what it would still send belongs to nobody */
	}
	return r;
}

uint64_t fetch_announced(const struct fetch_head *h)
{
	const char *s = http_headers_get(&h->headers, "content-length");
	uint64_t n;

	return s && str_u64(str_of(s), UINT64_MAX, &n, NULL) == 0 ? n : 0;
}

void fetch_response_free(struct fetch_response *r)
{
	http_headers_free(&r->head.headers);
	buf_free(&r->body);
	r->head = (struct fetch_head){ 0 };
}
