/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plimsoll-fetch speaks HTTP for plimsoll: the only program here that links libcurl, confined
 * before it reads its first request (fetch/confine.h). Standard input is the socket it is asked on
 * (fetch/proto.h); it ends when that is closed.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "registry/fetch/confine.h"
#include "registry/fetch/server.h"

DEFINE_RELEASE_VOID(CURL, curl_easy_cleanup)

/* One packet and the descriptor that came with it (-1: none). 0 bytes: the other side is gone. */
static ssize_t receive(int sock, char *buf, size_t cap, int *ret_fd)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec io = { buf, cap };
	struct msghdr m = { .msg_iov = &io,
			    .msg_iovlen = 1,
			    .msg_control = control.room,
			    .msg_controllen = sizeof(control.room) };
	ssize_t n;

	do {
		n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	*ret_fd = -1;
	for (struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL; c; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			memcpy(ret_fd, CMSG_DATA(c), sizeof(*ret_fd));
	return m.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -1 : n;
}

static int serve(CURL *curl, const struct fetch_ca *ca, int sock, struct err *e);

/* Another socket to serve requests on, beside this one. */
struct lane {
	const struct fetch_ca *ca;
	int sock; /* owned */
};

static void *lane_main(void *arg)
{
	auto_free struct lane *lane = arg;
	auto_close int sock = lane->sock;
	auto_release(curl_easy_cleanup) CURL *curl = curl_easy_init();

	/* What goes wrong ends the lane, which its other side sees. */
	if (curl)
		(void)serve(curl, lane->ca, sock, NULL);
	return NULL;
}

/* Takes the socket over. A thread that cannot be made closes it, which its other side sees. */
static int open_lane(const struct fetch_ca *ca, int sock, struct err *e)
{
	auto_free struct lane *lane = malloc(sizeof(*lane));
	pthread_attr_t attr;
	pthread_t thread;

	if (sock < 0)
		return FAIL(e, E_FORMAT, "a lane without its socket");
	if (!lane || pthread_attr_init(&attr) != 0) {
		(void)close(sock);
		return FAIL_NOMEM(e);
	}
	*lane = (struct lane){ ca, sock };
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attr, lane_main, lane) == 0)
		lane = NULL; /* the thread's own */
	else
		(void)close(sock);
	(void)pthread_attr_destroy(&attr);
	return 0;
}

static int serve(CURL *curl, const struct fetch_ca *ca, int sock, struct err *e)
{
	auto_free char *packet = malloc(LIMIT_FETCH_PACKET);

	if (!packet)
		return FAIL_NOMEM(e);
	for (;;) {
		auto_close int body = -1;
		ssize_t n = receive(sock, packet, LIMIT_FETCH_PACKET, &body);

		if (n == 0)
			return 0;
		if (n < 0)
			return FAIL(e, E_FORMAT, "bad packet");

		struct fetch_request q;
		int r;

		if (fetch_is_lane((struct str){ packet, (size_t)n })) {
			r = open_lane(ca, TAKE_FD(body), e);
			if (r < 0)
				return r;
			continue;
		}
		r = fetch_get_request((struct str){ packet, (size_t)n }, &q, e);
		if (r < 0)
			return r;
		r = fetch_serve(curl, ca, sock, &q, body);
		http_headers_free(&q.headers);
		if (r < 0)
			return 0;
	}
}

/* argv: nothing, or what fetch_certificates() was given. */
static int start(int argc, char **argv, struct err *e)
{
	auto_release(curl_easy_cleanup) CURL *curl = NULL;
	struct fetch_ca ca;
	uint64_t port = 0;
	int r;

	if (argc == 4 && str_u64(str_of(argv[3]), UINT16_MAX, &port, e) < 0)
		return E_USAGE;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(curl = curl_easy_init()))
		return FAIL(e, E_SYSTEM, "libcurl does not start");
	r = argc == 4 ? fetch_ca_open(&ca, argv[1], argv[2], (uint16_t)port, e)
		      : fetch_ca_open(&ca, NULL, NULL, 0, e);
	if (r == 0)
		r = fetch_confine(e);
	if (r == 0)
		r = serve(curl, &ca, STDIN_FILENO, e);
	fetch_ca_close(&ca);
	return r;
}

int main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	int type = 0, r;
	socklen_t size = sizeof(type);

	if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &size) < 0 ||
	    type != SOCK_SEQPACKET) {
		(void)fputs("plimsoll-fetch: started by plimsoll, not by hand\n", stderr);
		return err_exit_status(E_USAGE);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	r = start(argc, argv, &e);
	if (r < 0)
		(void)fprintf(stderr, "plimsoll-fetch: %s\n", e.msg);
	(void)fflush(NULL);
	/* Not exit(): a sanitizer's leak check would start a child, which seccomp forbids. */
	_exit(err_exit_status(r));
}
