/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "registry/http.h"
#include "registry/url.h"

/*
 * What plimsoll and its helper plimsoll-fetch say to each other, over a SOCK_SEQPACKET socket: one
 * packet is one message. Integers are little-endian, strings carry their length, a packet must be
 * used up exactly. Both ends check: the helper reads hostile servers, so what it says is not
 * believed either.
 *
 *     plimsoll → REQUEST [+ the body's descriptor by SCM_RIGHTS]
 *     plimsoll → LANE + a socket by SCM_RIGHTS, on which requests are served beside this one's
 *     helper   → SENT*  HEAD DATA*  END        when a server answered
 *     helper   → SENT*  END                    when none did
 */
enum fetch_packet {
	FETCH_REQUEST = 1,
	FETCH_HEAD = 2,
	FETCH_DATA = 3,
	FETCH_SENT = 4,
	FETCH_END = 5,
	FETCH_LANE = 6,
};
enum {
	LIMIT_FETCH_PACKET = 96 * 1024,
	FETCH_CHUNK = 64 * 1024,
	LIMIT_FETCH_TEXT = 512,
	FETCH_SUM = 32,
};

struct fetch_request {
	enum http_method method;
	bool follow;   /* redirects of GET and HEAD, at most LIMIT_REDIRECTS */
	bool web;      /* any server, not a registry: plain HTTP and proxies as curl has
			  them, up to LIMIT_WEB_REDIRECTS */
	bool insecure; /* its own origin may speak plain HTTP, and show any certificate */
	bool decode;   /* gzip of an answer is undone: nobody asks for it, some send it */
	bool has_body; /* body_n bytes at body_at of the descriptor that comes along */
	bool has_sum;  /* the descriptor's first body_at + body_n bytes have this SHA-256;
			  else the last of them are not sent, and it is FETCH_DAMAGED */
	unsigned char sum[FETCH_SUM];
	uint32_t total_seconds; /* the whole exchange; 0: as long as bytes flow */
	uint64_t body_at, body_n;
	uint64_t max_body; /* of the response; one byte more ends the exchange */
	char url[LIMIT_URL + 1];
	struct http_headers headers;
};
enum { LIMIT_REDIRECTS = 5, LIMIT_WEB_REDIRECTS = 10 };

struct fetch_head {
	unsigned status;
	char url[LIMIT_URL + 1]; /* what answered, after redirects */
	struct http_headers headers;
};

enum fetch_outcome {
	FETCH_OK,
	FETCH_REFUSED,	   /* nobody listens there */
	FETCH_UNREACHABLE, /* no such name, no route, no answer in time */
	FETCH_TLS,	   /* certificate or handshake */
	FETCH_STALLED,	   /* connected, then silence or slower than allowed */
	FETCH_BROKEN,	   /* ended before the response was whole */
	FETCH_NONSENSE,	   /* not HTTP, headers over a limit, redirects without end */
	FETCH_TOO_LARGE,   /* body over max_body */
	FETCH_FORBIDDEN,   /* plain HTTP to another machine, https to http */
	FETCH_DAMAGED,	   /* the body is not what its sum says; text is the digest it has */
	FETCH_FAILED,	   /* the helper itself: memory, a body that cannot be read */
	FETCH_OUTCOMES,
};
struct fetch_end {
	enum fetch_outcome outcome;
	char text[LIMIT_FETCH_TEXT]; /* fit for a terminal */
};

int fetch_put_request(struct buf *b, const struct fetch_request *q, struct err *e);
void fetch_put_lane(struct buf *b);
bool fetch_is_lane(struct str packet);
int fetch_put_head(struct buf *b, const struct fetch_head *h, struct err *e);
void fetch_put_sent(struct buf *b, uint64_t bytes);
void fetch_put_end(struct buf *b, const struct fetch_end *end);

/* Of a whole packet, its type byte included. Malformed ones are E_FORMAT. On success headers are
 * owned by ret. */
int fetch_get_request(struct str packet, struct fetch_request *ret, struct err *e);
int fetch_get_head(struct str packet, struct fetch_head *ret, struct err *e);
int fetch_get_sent(struct str packet, uint64_t *ret, struct err *e);
int fetch_get_end(struct str packet, struct fetch_end *ret, struct err *e);
