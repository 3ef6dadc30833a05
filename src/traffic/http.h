/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/cleanup.h"
#include "crypto/digest.h"
#include "traffic/http_head.h"

/*
 * One connection of HTTP/1, both ways: requests, pipelined or not, and the responses to them, which
 * come in the same order (RFC 9112). The bytes of each way are given in order. What is no HTTP ends
 * it: what was asked for and not answered whole until then is told as not whole.
 */
enum { LIMIT_HTTP_PENDING = 64 };

/* A request and what it came to. */
struct http_seen {
	const char *method, *url;
	bool url_cut;
	unsigned status; /* 0: no response */
	bool whole;	 /* the response passed to its end */
	bool has_digest; /* and its body is all of the resource: digest is of it */
	struct digest digest;
	uint64_t size; /* bytes of the body that passed */
	const char *encoding;
};

struct http;
typedef int (*http_fn)(void *arg, const struct http_seen *seen, struct err *e);

/* fallback: the host's name for requests that give none; borrowed until the call returns. */
int http_new(struct http **ret, const char *fallback, http_fn fn, void *arg, struct err *e);
/* What client and server send. Errors are fn's and E_NOMEM. */
int http_client(struct http *h, const unsigned char *p, size_t n, struct err *e);
int http_server(struct http *h, const unsigned char *p, size_t n, struct err *e);
/* Nothing more comes from the server; clean: it said so itself. */
int http_end(struct http *h, bool clean, struct err *e);
/* It is no HTTP (any more): what follows is not looked at. */
bool http_over(const struct http *h);
/* "host:443": since CONNECT was answered, what follows is between the client and that; else NULL.
 * Borrowed. */
const char *http_tunnel(const struct http *h);
void http_free(struct http *h);
DEFINE_RELEASE_VOID(struct http, http_free)

/* What a client sends first may be a request. */
bool http_begins(const unsigned char *p, size_t n);
