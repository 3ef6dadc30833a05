/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Between the files that serve a request; nobody else includes this. */
#include "registry/fetch/body.h"
#include "registry/fetch/server.h"

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

/* How it ends, once; callbacks that say so abort the transfer. */
__attribute__((format(printf, 3, 4))) void
transfer_end(struct transfer *t, enum fetch_outcome outcome, const char *fmt, ...);
bool transfer_send(struct transfer *t, const struct buf *b);
/* How far the body is: read at least as far as anybody can have received it. */
bool transfer_tell_sent(struct transfer *t);

/* answer.c: libcurl's callbacks for what comes and goes. */
size_t transfer_on_header(char *p, size_t one, size_t n, void *arg);
size_t transfer_on_body(char *p, size_t one, size_t n, void *arg);
size_t transfer_on_read(char *p, size_t one, size_t n, void *arg);
int transfer_on_seek(void *arg, curl_off_t offset, int origin);
int transfer_on_progress(void *arg, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal,
			 curl_off_t ulnow);

/* hop.c: one exchange, at t->url. origin: that is where the request was meant for. */
void transfer_hop(struct transfer *t, const struct fetch_ca *ca, bool origin);
